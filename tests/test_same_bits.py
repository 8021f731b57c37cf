"""What decides a result is computed by functions that are the same on every machine: no library call slips in.

superposition/exact/functions.py and sums.py say why calls are unsafe. The syntax tree is searched, without types:

- Of numpy, torch, math, pandas and seaborn only what FUNCTIONS lists may be named, and their modules only as np, torch,
  nn, math, pd and sns. Other packages are not imported but those of KNOWN, which do not compute, nor those modules of
  Python's own that do (COMPUTING), beyond what IMPORTS lists.
- A method or property that tensors, arrays, frames or random generators have is refused by its name alone, whoever the
  owner is, unless METHODS lists it. New ones of new releases are refused too.
- Operators and builtins: no @, no complex numbers, no long doubles (80 bits here, 128 there), no `sum` but of whole
  numbers, and powers only of 1, 2 and whole numbers, with exponents that are seen to be whole.
- No class is derived from an array, a tensor or a frame, whose methods would be our own by name, and no
  name of a module is given to something else.
- What is sorted with possible ties is sorted with kind="stable", or stable=True.
- Functions that pandas is to apply are our own, or named as one of PICKED.

What else a module needs stands in GUARDED, with how often, and why it is safe there. A call may be made safe by its
arguments in ways that cannot be seen here; then it belongs there too.

Not seen: what matplotlib, scipy and our own kernel in C++ compute; exponents of 2 that are called bits, i, j or k and
are no whole numbers; methods that are handed on, not called, where OURS has their name; columns of UNIQUE that have
ties all the same; modules that are imported by a name put together at run time; what a library does with texts that
name a function, but for those that pandas applies.
"""

import ast
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from pandas.api.typing import DataFrameGroupBy, SeriesGroupBy


def names(text: str) -> set[str]:
    return set(text.split())


ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "superposition"

MODULES = {"numpy": "np", "torch": "torch", "torch.nn": "nn", "math": "math", "pandas": "pd", "seaborn": "sns"}
# What IEEE 754 fixes, or what is no arithmetic. A median is a mean of two at most; bincount adds in the array's order.
FUNCTIONS = {
    "np": names(
        # elementwise
        "abs ceil clip copysign divide divmod fabs floor frexp isclose isfinite isinf isnan ldexp "
        "logical_and logical_not logical_or maximum minimum nan_to_num nextafter rint round sign signbit sqrt "
        "square trunc "
        # over an axis, in order or whatever the order is
        "all allclose any argmax argmin array_equal bincount count_nonzero cross diff digitize flatnonzero lexsort "
        "logical_or.reduce max maximum.accumulate median min minimum.accumulate multiply.outer nanmax nanmedian nanmin "
        "nonzero outer ptp searchsorted argsort sort "
        # places and shapes
        "append arange array asarray broadcast_arrays broadcast_shapes broadcast_to concatenate delete diag diagonal "
        "empty expand_dims eye fill_diagonal full full_like hstack indices isin ix_ "
        "lib.stride_tricks.sliding_window_view linspace meshgrid moveaxis ones ones_like pad put_along_axis repeat "
        "reshape roll split stack swapaxes take_along_axis tile tril triu triu_indices unravel_index vstack where "
        "zeros zeros_like "
        # types, constants and the rest
        "bool bool_ errstate float32 float64 inf int16 int32 int64 load nan ndarray number pi save strings.encode "
        "uint8 uint32 uint64 random.Philox"
    ),
    "torch": names(
        "Tensor abs add arange autograd.Function backends.cpu.get_cpu_capability bfloat16 contiguous_format "
        "cuda.get_device_name cuda.is_available device dtype empty empty_like enable_grad float16 float32 float64 "
        "frexp from_numpy full func.functional_call get_num_threads int64 nan no_grad ones ones_like optim.Optimizer "
        "relu round set_flush_denormal set_num_threads stack tensor uint32 where zeros zeros_like"
    ),
    "nn": names("Module Parameter"),
    "math": names("ceil comb copysign factorial floor frexp fsum gcd inf isfinite isinf isnan ldexp nan prod sqrt"),
    "pd": names("DataFrame Series concat read_parquet"),
    "sns": names("color_palette set_theme"),
}
# Assignments and graphs: decisions by comparisons, additions and subtractions of what is deterministic.
IMPORTS = {
    "numpy": names("float64 ndarray"),
    "math": FUNCTIONS["math"],
    "torch": names("Tensor nn"),
    "torch._higher_order_ops.while_loop": names("while_loop_op"),
    "torch.autograd.function": names("once_differentiable"),
    "torch.fx.experimental.proxy_tensor": names("make_fx"),
    "torch.utils._python_dispatch": names("TorchDispatchMode"),
    "scipy.optimize": names("linear_sum_assignment"),
    "scipy.sparse.csgraph": names("connected_components"),
}
COMPUTING = names("builtins cmath math operator random statistics")  # of Python's own
PACKAGES = {module.partition(".")[0] for module in (*MODULES, *IMPORTS)} | COMPUTING
KNOWN = names(
    "superposition annotated_types jaxtyping jinja2 matplotlib pydantic pydantic_core pytorch_lightning ruamel "
    "threadpoolctl tqdm"
)
ARRAYS = names("Tensor Parameter ndarray DataFrame Series Index")  # of which no class is derived

LIBRARY = {
    name
    for owner in (
        *(torch.Tensor, np.ndarray, np.ufunc, np.random.Generator),
        *(pd.DataFrame, pd.Series, pd.Index, DataFrameGroupBy, SeriesGroupBy),
    )
    for name in dir(owner)
    if not name.startswith("_")
} | names(
    "acorr angle_spectrum cohere csd ecdf hexbin hist2d magnitude_spectrum phase_spectrum psd specgram violinplot "
    "xcorr kde"
)  # of matplotlib, and of pandas' plots
METHODS = names(
    # elementwise, exact or rounded once
    "abs add astype between clip copy_ double fillna float isfinite isin isna map mul_ notna relu_ replace round "
    "round_ square square_ sub sub_ where "
    # choices and counts
    "all amax any argmax argmin argsort count cumcount drop_duplicates dropna filter first groupby last max median "
    "min nonzero nunique rank sort_index sort_values tail unique "
    # functions that are looked at
    "agg aggregate apply transform pivot_table "
    # places, shapes and names
    "T add_prefix append assign at axes clone columns contiguous copy cpu data_ptr detach device dim drop dtype "
    "element_size empty expand expand_as flat flatten gather get grad iloc index index_select indices item items "
    "iterrows itertuples join keys loc mT merge name names ndim numel numpy plot pop ravel reindex rename "
    "requires_grad_ reset_index reshape roll scatter set_index shape size split str to to_dict to_numpy to_parquet "
    "tobytes tolist transpose type unbind unsqueeze update values view "
    # of texts only
    "partition"
)
OURS = names("floor geometric identity norm power relu sample uniform")  # properties of our own, which are not called
PICKED = names("first last min max median size count nunique any all")  # what pandas may be told to apply by name
BUILTINS = names("sum pow complex eval exec globals vars __import__ __builtins__")
FOLLOWED = names("sum getattr")  # builtins that may be called, and not handed on
DUNDER = names("__name__ __init__")
UNIQUE = names("instance point rank feature step rotation")  # columns that have no ties where they alone sort
COMPLEX = names("complex complex64 complex128 complex256 csingle cdouble c8 c16 <c8 <c16")
LONG = names("longdouble longfloat clongdouble float128 f16 <f16")

# Modules that may call what they guard: what, how often, and why their bits are the same all the same.
GUARDED = {
    "claims/chance.py": ({"sum": 6, "**": 5}, "whole numbers of any size"),
    "claims/geometry.py": ({"sum": 3}, "numbers of features"),
    "exact/adamw.py": ({".sum": 1}, "squares of weights on their grid, within the budget"),
    "exact/ops.py": (
        {"torch.bmm": 4, ".sum": 2, "torch.sqrt": 1, ".long": 1},
        "sums on grids, within the budget; a root that is corrected; places in a table",
    ),
    "exact/sums.py": ({"@": 2}, "products of parts that are short enough to be exact"),
    "features/distribution.py": (
        {".clamp": 1, ".long": 1, ".sum": 1},
        "places in a table; squares of values on their grid, at most 4096 of them",
    ),
    "features/sets.py": ({".clamp": 2, ".cumsum": 1}, "whole numbers"),
    "figures/almost_orthogonal_directions.py": ({"np.unique": 2}, "numbers above 0, sorted already"),
    "figures/correlated_sets.py": ({"sum": 3}, "numbers of models"),
    "figures/frames.py": ({"np.unique": 1}, "numbers above 0, of two digits"),
    "figures/hidden_bias.py": ({"sum": 2}, "numbers of ranks"),
    "figures/panels.py": ({"np.unique": 1}, "whole numbers"),
    "figures/varied_feature_density.py": ({"np.unique": 1}, "how many there are, of numbers above 0"),
    "frames.py": ({"pd.set_option": 1}, "the type of texts in files"),
    "measures/attacks.py": (
        {"@": 4, ".sum": 1},
        "weights, inputs and hidden values on their grids; losses whole, below 2^53",
    ),
    "measures/directions.py": ({"@": 1}, "preselects in float32, with room for its error; whole numbers decide"),
    "measures/held_out.py": ({".sum": 3, "sum": 2}, "numbers of samples"),
    "measures/rotations.py": (
        {"@": 3},
        "rows of length 1 and 20 bits, times weights: 47 bits for 4096 hidden dimensions",
    ),
    "measures/spherical_codes.py": (
        {"@": 4, ".sum": 3},
        "directions and forces on grids of so few bits that sums are exact",
    ),
    "measures/strata.py": (
        {"np.maximum.at": 2, "np.minimum.at": 1, "np.unique": 1},
        "the largest, the least: whole numbers",
    ),
    "models/attacks.py": ({"torch.bmm": 1, ".sum": 3}, "sums on the grids ATTACKED and DIRECTION, within the budget"),
    "models/own.py": (
        {"getattr": 1, ".requires_grad": 1, "torch.autograd.grad": 1},
        "a class by its name; gradients of operations that are watched",
    ),
    "params/axes.py": (
        {".multiply": 1, ".power": 2, "math.isqrt": 1},
        "of decimal numbers, which Python computes in whole ones, and of whole ones",
    ),
    "params/faults.py": ({".__get_pydantic_core_schema__": 1}, "how pydantic builds its checks"),
    "params/measures.py": ({"getattr": 1}, "fields of the schema"),
    "params/modules.py": ({"getattr": 1, ".level": 1}, "fields of the schema; how far up an import looks"),
    "params/rules.py": ({"getattr": 1}, "fields of the schema"),
    "params/sets.py": ({".groups": 2, "getattr": 1, "sum": 1}, "fields of the schema; numbers of features"),
    "params/sizes.py": ({"sum": 7}, "whole numbers"),
    "readings/dimensions.py": ({"sum": 1}, "numbers of components"),
    "readings/solutions.py": ({".pivot_table": 1}, "counts"),
    "readings/results.py": ({"getattr": 1}, "tables by their name"),
    "readings/transitions.py": ({"np.setdiff1d": 1}, "whole numbers"),
    "readings/uneven_density.py": ({"sum": 1}, "numbers of models"),
    "report/page.py": ({".__module__": 1}, "where a function is"),
    "report/metrics.py": ({"getattr": 2, "sum": 1}, "fields of the schema; numbers of claims"),
    "report/partial.py": ({"sum": 1}, "numbers of claims"),
    "report/templates.py": ({"markupsafe.Markup": 1, "markupsafe.escape": 1}, "texts"),
    "selfcheck/training.py": (
        {".sum": 1, ".backward": 1},
        "losses of instances, of which no gradient depends on another; gradients of exact/ops.py",
    ),
    "stages/plot.py": ({".to_csv": 1}, "whole numbers, and texts, which are rounded by Python"),
    "theory/compressed_sensing.py": ({"sum": 1}, "whole numbers"),
    "theory/explanations.py": ({"sum": 1}, "fractions"),
    "training/checkpoints.py": ({".partition": 1, "np.savez": 1}, "bytes of what is kept, which is no output"),
    "training/control.py": ({"torch.bmm": 7}, "sums on their grids, within the budget"),
    "training/kernel.py": ({"getattr": 1}, "functions of our own kernel, for either precision"),
    "training/steps.py": (
        {".sum": 3, "torch.autograd.grad": 2, "torch.compile": 1},
        "hidden values on their grid; losses and gradients as in selfcheck; compiled, the same exact operations",
    ),
}


def unsafe(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Line and name of each unsafe call, operator and import."""
    nodes = list(ast.walk(tree))
    called = {id(node.func) for node in nodes if isinstance(node, ast.Call)}
    owners = {id(node.value) for node in nodes if isinstance(node, ast.Attribute)}
    ours = {name for node in nodes if isinstance(node, ast.Import | ast.ImportFrom) for name in _modules(node)}
    defined = {node.name for node in nodes if isinstance(node, ast.FunctionDef)} | {
        name.asname or name.name
        for node in nodes
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("superposition.")
        for name in node.names
    }
    given = {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)} | {
        node.arg for node in nodes if isinstance(node, ast.arg)
    }
    defined -= given
    for node in nodes:
        found: Iterator[str] = iter(())
        if isinstance(node, ast.Attribute):
            found = _attribute(node, ours | {"self", "cls"}, id(node) in called, id(node) in owners)
        elif isinstance(node, ast.Name) and id(node) not in owners:
            found = _name(node, id(node) in called)
        elif isinstance(node, ast.Call):
            found = _call(node, defined)
        elif isinstance(node, ast.BinOp | ast.AugAssign):
            found = _operator(node)
        elif isinstance(node, ast.Constant):
            found = _constant(node)
        elif isinstance(node, ast.ClassDef):
            found = (f"class({base})" for base in map(ast.unparse, node.bases) if base.rpartition(".")[2] in ARRAYS)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            found = iter([*_import(node), *(f"{name} twice" for name in sorted(given & {*_modules(node)}))])
        for name in found:
            yield node.lineno, name


def _constant(node: ast.Constant) -> Iterator[str]:
    if isinstance(node.value, complex) or node.value in COMPLEX:
        yield "complex"
    elif node.value in LONG:
        yield "longdouble"


def _modules(node: ast.Import | ast.ImportFrom) -> Iterator[str]:
    """The names that it gives to modules of our own, and to those of packages that do not compute."""
    for name in node.names:
        if isinstance(node, ast.Import):
            given = name.asname or name.name
            if name.name.split(".")[0] not in PACKAGES:
                yield given
        elif (ROOT / "src" / (node.module or "").replace(".", "/") / f"{name.name}.py").is_file():
            yield name.asname or name.name


def _attribute(node: ast.Attribute, ours: set[str], called: bool, inner: bool) -> Iterator[str]:
    path = ast.unparse(node)
    module, _, rest = path.partition(".")
    if node.attr.startswith("__") and node.attr not in DUNDER:
        yield f".{node.attr}"
    elif all(part.isidentifier() for part in path.split(".")) and module in FUNCTIONS:
        if not inner and rest not in FUNCTIONS[module]:
            yield path
    elif path == "functools.reduce" or (node.attr in FUNCTIONS and node.attr != "math"):
        yield path  # the latter is a module that another one has imported
    elif isinstance(node.value, ast.Name) and node.value.id in ours:
        pass
    elif isinstance(node.ctx, ast.Load) and node.attr in LIBRARY - METHODS and (called or node.attr not in OURS):
        yield f".{node.attr}"


def _name(node: ast.Name, called: bool) -> Iterator[str]:
    """Modules and unsafe builtins that are handed on, in which they could not be followed."""
    handed_on = node.id not in FOLLOWED or not called
    if isinstance(node.ctx, ast.Load) and node.id in FUNCTIONS.keys() | BUILTINS | FOLLOWED and handed_on:
        yield node.id


def _call(node: ast.Call, defined: set[str]) -> Iterator[str]:
    first = node.args[0] if node.args else None
    keywords = {keyword.arg: keyword.value for keyword in node.keywords}
    if isinstance(node.func, ast.Name):
        if node.func.id == "sum" and not _whole_terms(first):
            yield "sum"
        if node.func.id == "getattr":
            text = node.args[1].value if isinstance(node.args[1], ast.Constant) else None
            if not isinstance(text, str) or text in LIBRARY - METHODS or text in set().union(*FUNCTIONS.values()):
                yield "getattr" if text is None else f".{text}"
    if not isinstance(node.func, ast.Attribute):
        return
    name = node.func.attr
    types = [keywords.get("dtype"), first if name in ("astype", "view", "dtype") else None]
    if any(isinstance(each, ast.Constant) and each.value in ("g", "G") for each in types):
        yield "longdouble"
    if name in ("sort", "argsort", "sort_values", "sort_index") and not _in_one_order(name, first, keywords):
        yield f"np.{name}" if ast.unparse(node.func) == f"np.{name}" else f".{name}"
    elif name.rstrip("_") in ("add", "sub") and "alpha" in keywords:
        yield f".{name}(alpha)"  # a product and a sum, which may be fused
    elif ast.unparse(node.func) == "torch.arange" and not _counts(node, keywords):
        yield "torch.arange"
    elif name == "pad" and not _is_one_of(keywords.get("mode"), None, "constant", "edge"):
        yield "np.pad(mode)"
    elif name == "scatter" and "reduce" in keywords:
        yield ".scatter(reduce)"  # adds in any order
    elif name == "plot" and "kind" in keywords:
        yield ".plot(kind)"  # of pandas, which can estimate densities
    elif name in ("max", "min") and "dim" in keywords:
        yield f".{name}(dim)"  # gives indices too, any one of those of equal values; amax and amin do not
    elif name == "partition" and not (isinstance(first, ast.Constant) and isinstance(first.value, str)):
        yield ".partition"
    elif name == "pivot_table" and not _applied(keywords.get("aggfunc"), defined):
        yield ".pivot_table"
    elif name in ("agg", "aggregate", "transform") or (name == "apply" and not _is_autograd(node, first)):
        functions = [*node.args[:1], *(value for key, value in keywords.items() if key != "axis")]
        if not functions or not all(_applied(each, defined) for each in functions):
            yield f".{name}"


def _is_autograd(node: ast.Call, first: ast.expr | None) -> bool:
    """Whether `apply` is that of a class, which is told no function by its name."""
    owner = node.func.value if isinstance(node.func, ast.Attribute) else node.func
    named = isinstance(first, ast.Constant) and isinstance(first.value, str)
    return isinstance(owner, ast.Name) and owner.id.lstrip("_")[:1].isupper() and not named


def _counts(node: ast.Call, keywords: dict[str | None, ast.expr]) -> bool:
    """Whether an arange is of whole numbers: a vector unit or a thread begins with a product of its own."""
    if len(node.args) > 2 or {"step", "dtype"} & keywords.keys():
        return False
    return not any(isinstance(part, ast.Constant) and isinstance(part.value, float) for part in ast.walk(node))


def _is_one_of(node: ast.expr | None, *allowed: str | None) -> bool:
    return (node is None and None in allowed) or (isinstance(node, ast.Constant) and node.value in allowed)


def _applied(node: ast.AST | None, defined: set[str]) -> bool:
    """Whether pandas is told to apply a function of our own, or one that only picks."""
    if isinstance(node, ast.Constant):
        return node.value in PICKED
    if isinstance(node, ast.Tuple):  # of a column and its function
        return _applied(node.elts[-1], defined)
    if isinstance(node, ast.List):
        return all(_applied(each, defined) for each in node.elts)
    if isinstance(node, ast.Dict):
        return all(_applied(each, defined) for each in node.values)  # noqa: PD011 (no frame)
    if isinstance(node, ast.Name):
        return node.id in defined
    # The last two are looked at anyway.
    return isinstance(node, ast.Lambda) or (isinstance(node, ast.Attribute) and ast.unparse(node).startswith("np."))


def _in_one_order(name: str, first: ast.AST | None, keywords: dict[str | None, ast.expr]) -> bool:
    """Sorted in a stable way, which pandas does with several columns anyway, or by what has no ties."""
    kind, by = keywords.get("kind"), keywords.get("by", first)
    if isinstance(kind, ast.Constant) and kind.value in ("stable", "mergesort"):
        return True
    if isinstance(stable := keywords.get("stable"), ast.Constant) and stable.value is True:
        return True
    if name != "sort_values":
        return False
    columns = by.elts if isinstance(by, ast.List | ast.Tuple) else [by]
    return len(columns) > 1 or (isinstance(columns[0], ast.Constant) and columns[0].value in UNIQUE)


def _operator(node: ast.BinOp | ast.AugAssign) -> Iterator[str]:
    if isinstance(node.op, ast.MatMult):
        yield "@"
    elif isinstance(node.op, ast.Pow) and (isinstance(node, ast.AugAssign) or not _plain_power(node)):
        yield "**"


def _plain_power(node: ast.BinOp) -> bool:
    """Signs, powers of 2 and of whole numbers. Even x**2 is a product for arrays only, and libm's pow for numbers."""
    base = node.left.operand if isinstance(node.left, ast.UnaryOp) else node.left
    if not isinstance(base, ast.Constant) or not _whole_number(node.right):
        return False
    return base.value in (1, 2) or (isinstance(base.value, int) and isinstance(node.right, ast.Constant))


def _whole_number(node: ast.AST) -> bool:
    """Whether it is seen to be one: whole literals, i, j and k, what is named ..._bits, and their sums and products."""
    if isinstance(node, ast.Constant):
        return isinstance(node.value, int)
    if isinstance(node, ast.UnaryOp):
        return _whole_number(node.operand)
    if isinstance(node, ast.BinOp):
        whole = isinstance(node.op, ast.Add | ast.Sub | ast.Mult | ast.FloorDiv)
        return whole and _whole_number(node.left) and _whole_number(node.right)
    if isinstance(node, ast.Name):
        return node.id in ("i", "j", "k") or node.id.lower().endswith("bits")
    return isinstance(node, ast.Compare) or (isinstance(node, ast.Attribute) and node.attr.lower().endswith("bits"))


def _whole_terms(argument: ast.AST | None) -> bool:
    """Whether a sum's terms are whole numbers or truths, as far as can be seen."""
    if not isinstance(argument, ast.GeneratorExp | ast.ListComp):
        return False
    term = argument.elt
    if isinstance(term, ast.Call):
        return isinstance(term.func, ast.Name) and term.func.id in ("len", "int", "bool", "comb")
    return _truth(term) or (isinstance(term, ast.Constant) and isinstance(term.value, int))


def _truth(term: ast.AST) -> bool:
    """`a or b` is one only if a and b are."""
    if isinstance(term, ast.BoolOp):
        return all(map(_truth, term.values))
    return isinstance(term, ast.Compare) or (isinstance(term, ast.UnaryOp) and isinstance(term.op, ast.Not))


def _import(node: ast.Import | ast.ImportFrom) -> Iterator[str]:
    for name in node.names:
        if isinstance(node, ast.Import):
            given = name.asname or name.name
            if (_computes(name.name) and given != MODULES.get(name.name)) or (given != name.name == "functools"):
                yield name.name
            continue
        module = node.module or ""
        full, listed = f"{module}.{name.name}", IMPORTS.get(module, set())
        computes = _computes(module) or _computes(full) or full == "functools.reduce" or name.name in FUNCTIONS
        if computes and (name.name not in listed or name.asname in FUNCTIONS):
            yield full


def _computes(module: str) -> bool:
    """Whether a module may compute numbers: all may that are not known."""
    top = module.partition(".")[0]
    known = top in KNOWN or (top in sys.stdlib_module_names and top not in COMPUTING)
    return not known or module in ("matplotlib.mlab", "matplotlib.cbook")


def deciding() -> list[Path]:
    """All modules but those that no stage runs."""
    others = [*(SOURCE / "results").glob("*.py"), SOURCE / "dictionary.py"]
    others += {*(SOURCE / "dictionaries").glob("*.py")} - {SOURCE / "dictionaries/scores.py"}
    return sorted([*({*SOURCE.rglob("*.py")} - {*others}), *(ROOT / "stages").glob("*.py")])


def test_unsafe_calls_appear_only_where_they_are_guarded():
    wrong = []
    for file in deciding():
        name = str(file.relative_to(SOURCE if file.is_relative_to(SOURCE) else ROOT))
        guarded, _ = GUARDED.get(name, ({}, ""))
        calls = list(unsafe(ast.parse(file.read_text(encoding="utf-8"))))
        count = Counter(call for _, call in calls)
        for call in sorted(count.keys() | guarded.keys()):
            if count[call] != guarded.get(call, 0):
                lines = ", ".join(str(line) for line, other in calls if other == call)
                wrong.append(f"{name}: {call} {count[call]} times, not {guarded.get(call, 0)} (lines {lines})")
    assert not wrong, "not the same on every machine:\n" + "\n".join(wrong)


def test_guarded_modules_exist():
    stages = {f"stages/{file.name}" for file in (ROOT / "stages").glob("*.py")}
    assert set(GUARDED) <= stages | {str(file.relative_to(SOURCE)) for file in SOURCE.rglob("*.py")}


@pytest.mark.parametrize(
    ("planted", "name"),
    [
        # functions of libraries
        ("np.exp(x)", "np.exp"),
        ("np.linalg.svd(W)", "np.linalg.svd"),
        ("f(np.log)", "np.log"),
        ("np.add.reduce(x)", "np.add.reduce"),
        ("np.add.reduceat(x, at)", "np.add.reduceat"),
        ("np.multiply.accumulate(x)", "np.multiply.accumulate"),
        ("add = np.add", "np.add"),
        ("np.geomspace(1, 2, 3)", "np.geomspace"),
        ("np.random.default_rng(0)", "np.random.default_rng"),
        ("torch.sqrt(x)", "torch.sqrt"),
        ("torch.addcmul(x, y, z)", "torch.addcmul"),
        ("torch.lerp(x, y, 0.3)", "torch.lerp"),
        ("torch.var_mean(x)", "torch.var_mean"),
        ("torch.nn.functional.softmax(x)", "torch.nn.functional.softmax"),
        ("torch.Tensor.exp(x)", "torch.Tensor.exp"),
        ("torch.add(x, y, alpha=0.3)", ".add(alpha)"),
        ("nn.functional.gelu(x)", "nn.functional.gelu"),
        ("nn.Linear(2, 3)", "nn.Linear"),
        ("math.exp(x)", "math.exp"),
        ("pd.eval('x * y + z')", "pd.eval"),
        ("sns.lineplot(frame)", "sns.lineplot"),
        ("sns.barplot(frame)", "sns.barplot"),
        ("sns.kdeplot(frame)", "sns.kdeplot"),
        ("sns.regplot(frame)", "sns.regplot"),
        # methods
        ("x.mean()", ".mean"),
        ("(x - y).pow(2)", ".pow"),
        ("x.cos()", ".cos"),
        ("x.tanh()", ".tanh"),
        ("x.sigmoid()", ".sigmoid"),
        ("x.softmax(0)", ".softmax"),
        ("x.rsqrt()", ".rsqrt"),
        ("x.sqrt_()", ".sqrt_"),
        ("x.exp_()", ".exp_"),
        ("x.addcmul_(y, z)", ".addcmul_"),
        ("x.sub_(y, alpha=0.3)", ".sub_(alpha)"),
        ("x.norm()", ".norm"),
        ("f(x.mean)", ".mean"),
        ("np.zeros(3).dot(x)", ".dot"),
        ("ufunc.reduce(x)", ".reduce"),
        ("x.__matmul__(y)", ".__matmul__"),
        ("generator.standard_normal(3)", ".standard_normal"),
        ("axes.violinplot(x)", ".violinplot"),
        ("frame['loss'].std()", ".std"),
        ("frame.describe()", ".describe"),
        ("frame.eval('a = b * c + d')", ".eval"),
        ("frame.expanding()", ".expanding"),
        ("frame.interpolate()", ".interpolate"),
        ("frame['m'].value_counts(normalize=True)", ".value_counts"),
        ("getattr(x, 'mean')()", ".mean"),
        ("getattr(x, name)()", "getattr"),
        # functions that pandas applies
        ("frame.groupby('m')['x'].agg('mean')", ".agg"),
        ("frame.groupby('m').agg(loss=('loss', 'sum'))", ".agg"),
        ("frame.groupby('m').agg({'loss': ['min', 'sum']})", ".agg"),
        ("frame.groupby('m').agg(how)", ".agg"),
        ("frame.groupby('m').agg(**how)", ".agg"),
        ("def how(x): return 1\nhow = 'mean'\nframe.groupby('m').agg(how)", ".agg"),
        ("frame.groupby('m').agg(setting.how)", ".agg"),
        ("frame.groupby('m').agg(lambda x: x.mean())", ".mean"),
        ("frame.groupby('m')['x'].transform('mean')", ".transform"),
        ("frame.apply('mean')", ".apply"),
        ("W.apply('mean')", ".apply"),
        ("np.fmax(a, 0.0)", "np.fmax"),
        ("torch.arange(0.0, 5.0)", "torch.arange"),
        ("torch.arange(0, n, step)", "torch.arange"),
        ("torch.arange(n, dtype=torch.float64)", "torch.arange"),
        ("np.pad(x, 1, mode='mean')", "np.pad(mode)"),
        ("np.pad(x, 1, mode=chosen)", "np.pad(mode)"),
        ("x.scatter(0, i, y, reduce='add')", ".scatter(reduce)"),
        ("frame.plot(kind='kde')", ".plot(kind)"),
        ("frame['x'].plot.kde()", ".kde"),
        ("x.max(dim=0).indices", ".max(dim)"),
        ("frame.pivot_table(index='m', values='x')", ".pivot_table"),
        ("frame.pivot_table(index='m', values='x', aggfunc='mean')", ".pivot_table"),
        # orders
        ("np.argsort(x)", "np.argsort"),
        ("np.sort(x)", "np.sort"),
        ("x.argsort()", ".argsort"),
        ("x.sort()", ".sort"),
        ("np.argpartition(x, 3)", "np.argpartition"),
        ("x.partition(3)", ".partition"),
        ("frame.sort_values('loss')", ".sort_values"),
        ("frame.sort_values(by=['loss'])", ".sort_values"),
        ("frame.sort_values(by)", ".sort_values"),
        ("series.sort_values()", ".sort_values"),
        ("frame.sort_index()", ".sort_index"),
        # operators and builtins
        ("W @ x", "@"),
        ("x @= W", "@"),
        ("x**2", "**"),
        ("x**3", "**"),
        ("x**0.5", "**"),
        ("x **= 2.5", "**"),
        ("2**x", "**"),
        ("2.0**x", "**"),
        ("2.0**0.5", "**"),
        ("2.0 ** (bits / 2)", "**"),
        ("10.0**3", "**"),
        ("10**k", "**"),
        ("pow(x, 0.5)", "pow"),
        ("sum(x * y for x, y in pairs)", "sum"),
        ("sum(values)", "sum"),
        ("map(sum, rows)", "sum"),
        ("sum(a or 0.1 for a in x)", "sum"),
        ("sum(w and v for w, v in pairs)", "sum"),
        ("map(getattr, x, how)", "getattr"),
        ("x.astype('longdouble')", "longdouble"),
        ("np.asarray(x, dtype='f16')", "longdouble"),
        ("np.asarray(x, dtype='g')", "longdouble"),
        ("eval('x')", "eval"),
        ("1j * x", "complex"),
        ("complex(x, y)", "complex"),
        ("x.astype(complex)", "complex"),
        ("x.view('c16')", "complex"),
        ("x.view(np.complex128)", "np.complex128"),
        # imports
        ("from numpy import log", "numpy.log"),
        ("from numpy import *", "numpy.*"),
        ("from numpy.linalg import norm", "numpy.linalg.norm"),
        ("import numpy.linalg as la", "numpy.linalg"),
        ("import numpy.linalg", "numpy.linalg"),
        ("import numpy as xp", "numpy"),
        ("xp = np", "np"),
        ("from torch import sqrt", "torch.sqrt"),
        ("from torch.nn import functional", "torch.nn.functional"),
        ("import torch.nn.functional as F", "torch.nn.functional"),
        ("from math import *", "math.*"),
        ("from math import log", "math.log"),
        ("from functools import reduce", "functools.reduce"),
        ("functools.reduce(f, x)", "functools.reduce"),
        ("import functools as ft\nft.reduce(f, x)", "functools"),
        ("import operator", "operator"),
        ("import builtins", "builtins"),
        ("__builtins__['sum'](x)", "__builtins__"),
        ("import pyarrow.compute as pc", "pyarrow.compute"),
        ("import jax.numpy as jnp", "jax.numpy"),
        ("from torchmetrics import R2Score", "torchmetrics.R2Score"),
        ("from matplotlib import mlab", "matplotlib.mlab"),
        ("from matplotlib.cbook import boxplot_stats", "matplotlib.cbook.boxplot_stats"),
        ("class Mine(torch.Tensor): pass", "class(torch.Tensor)"),
        ("class Mine(pd.DataFrame): pass", "class(pd.DataFrame)"),
        ("from superposition.exact import sums\nsums = x\nsums.mean()", "sums twice"),
        ("import superposition.exact.sums as x\ndef f(x): return x.mean()", "x twice"),
        ("from operator import pow", "operator.pow"),
        ("from pandas import qcut", "pandas.qcut"),
        ("pd.qcut(x, 4)", "pd.qcut"),
        ("from scipy.optimize import minimize", "scipy.optimize.minimize"),
        ("import scipy.linalg", "scipy.linalg"),
        ("from sklearn.linear_model import Lasso", "sklearn.linear_model.Lasso"),
        ("from superposition.exact.sums import np", "superposition.exact.sums.np"),
        ("sums.np.exp(x)", "sums.np"),
    ],
)
def test_a_planted_call_is_found(planted, name):
    assert name in {call for _, call in unsafe(ast.parse(planted))}


@pytest.mark.parametrize(
    "harmless",
    [
        "np.sqrt(x) + math.sqrt(2) * np.square(x)",
        "2.0**-18 * x + (-1) ** k + 10**9 + 2 ** (52 - total.left.bits) + 2.0**-INPUT.fraction_bits",
        "sum(a > b for a, b in pairs) + sum(1 for _ in x) + sum(len(x) for x in y)",
        "sum(a > b or not c for a, b, c in x)",
        "f'{x:g}'",
        "from matplotlib.figure import Figure\nfrom scipy.sparse.csgraph import connected_components",
        "np.count_nonzero(x > 0, axis=1)",
        "total(x, axis=1) / mean(y) + matmul(W.T, W)",
        "from superposition.exact import sums\nsums.mean(x)",
        "import itertools, json\njson.dumps(list(itertools.product(x, y)))",
        "f(row.norm)",
        "'a:b'.partition(':')",
        "import numpy as np\nimport torch\nfrom numpy import float64, ndarray\nfrom torch import Tensor, nn",
        "from scipy.optimize import linear_sum_assignment",
        "axes.plot(x, y, alpha=0.3)",
        "torch.arange(first, last, device=x.device)",
        "np.pad(x, 1)",
        "np.pad(x, 1, mode='edge')",
        "_OnGrid.apply(x, grid)",
        "frame.groupby('m')['x'].agg('first')",
        "frame.groupby('m').agg(models=('seed', 'size'), most=('x', np.max))",
        "from superposition.exact.sums import mean\nframe.groupby('m').agg(mean)",
        "frame.groupby('m')['x'].apply(lambda x: float(mean(x)))",
        "frame.sort_values('loss', kind='stable')",
        "frame.sort_values(['loss', 'seed']).sort_values('instance')",
        "np.argsort(x, kind='stable')",
    ],
)
def test_what_is_safe_is_let_through(harmless):
    assert not list(unsafe(ast.parse(harmless)))
