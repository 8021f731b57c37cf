"""Calls that other machines may compute otherwise, as they stand in code.

The syntax tree is searched, without types:

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

Not seen: what matplotlib, scipy and our own kernel in C++ compute; exponents of 2 that are called bits, i, j or k and
are no whole numbers; methods that are handed on, not called, where OURS has their name; columns of UNIQUE that have
ties all the same; modules that are imported by a name put together at run time; what a library does with texts that
name a function, but for those that pandas applies.
"""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from pandas.api.typing import DataFrameGroupBy, SeriesGroupBy


def names(text: str) -> set[str]:
    return set(text.split())


ROOT = Path(__file__).parents[1]

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
