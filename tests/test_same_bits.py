"""What decides a result is computed by functions that are the same on every machine: no library call slips in.

Which calls are unsafe is said in superposition/exact/functions.py and sums.py. Names are looked for in the syntax tree,
without types: a method is known by its name alone.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest


def names(text: str) -> set[str]:
    return set(text.split())


ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "superposition"

ELEMENTWISE = names(
    "exp expm1 exp2 log log1p log2 log10 logaddexp sin cos tan arcsin arccos arctan arctan2 sinh cosh tanh arcsinh "
    "arccosh arctanh power float_power pow cbrt hypot deg2rad rad2deg degrees radians angle sinc i0"
)
SUMS = names(
    "sum nansum mean nanmean average std nanstd var nanvar prod nanprod cumsum cumprod dot vdot inner matmul tensordot "
    "einsum trapezoid convolve correlate corrcoef cov interp polyfit polyval percentile nanpercentile quantile "
    "nanquantile geomspace logspace gradient trace vander linalg fft"
)
TORCH = (ELEMENTWISE | SUMS) | names(
    "sqrt rsqrt sigmoid softmax log_softmax logsumexp erf erfinv bmm mm mv baddbmm addmm norm cdist normal randn rand "
    "acos asin atan atan2 softplus silu gelu special"
)
METHODS = (SUMS - names("linalg fft gradient interp")) | names(
    "norm corr corrwith sqrt exp log sem skew kurt ewm rolling bmm mm addmm baddbmm matmul"
)
MATH = names(
    "exp expm1 exp2 log log1p log2 log10 pow sin cos tan asin acos atan atan2 sinh cosh tanh hypot dist erf erfc gamma "
    "lgamma cbrt sumprod"
)
NAMED = {"mean", "sum", "std", "var", "prod", "sem"}  # as pandas' agg and others take them
OWN = ("functions", "sums", "linear")  # modules of superposition.exact
PACKAGES = {"scipy", "sklearn", "statistics", "cmath", "random"}
# Graphs and assignments: decisions by comparisons, additions and subtractions of what is deterministic.
HARMLESS = {("scipy.sparse.csgraph", "connected_components"), ("scipy.optimize", "linear_sum_assignment")}

# Modules that may call what they guard: what, and why their bits are the same all the same.
GUARDED = {
    "exact/ops.py": ({"torch.bmm", ".sum", "torch.sqrt"}, "sums on grids, within the budget; a root that is corrected"),
    "exact/sums.py": ({"@"}, "products of parts that are short enough to be exact"),
    "claims/chance.py": ({"sum", "**"}, "whole numbers of any size"),
    "measures/attacks.py": (
        {"@", ".sum"},
        "weights, inputs and hidden values on their grids; losses whole, below 2^53",
    ),
    "measures/directions.py": ({"@"}, "preselects in float32, with room for its error; whole numbers decide"),
    "measures/spherical_codes.py": ({"@", ".sum"}, "directions and forces on grids of so few bits that sums are exact"),
    "measures/rotations.py": ({"@"}, "rows of length 1 and 20 bits, times weights: 47 bits for 4096 hidden dimensions"),
    "measures/trained.py": ({"@"}, "weights, inputs and hidden values on their grids, as in training"),
    "models/attacks.py": ({"torch.bmm", ".sum"}, "sums on the grids ATTACKED and DIRECTION, within the budget"),
    "params/sizes.py": ({"sum"}, "whole numbers"),
    "selfcheck/training.py": ({".sum"}, "losses of instances, of which no gradient depends on another"),
    "theory/compressed_sensing.py": ({"sum"}, "whole numbers"),
    "theory/explanations.py": ({"sum"}, "fractions"),
    "training/steps.py": ({".sum"}, "hidden values on their grid; losses of instances, as above"),
}


def unsafe(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Line and name of each unsafe call, operator and import."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            yield from _attribute(node)
        elif isinstance(node, ast.Call):
            yield from _call(node)
        elif isinstance(node, ast.BinOp | ast.AugAssign):
            if isinstance(node.op, ast.MatMult):
                yield node.lineno, "@"
            elif isinstance(node.op, ast.Pow) and not _plain_power(node):
                yield node.lineno, "**"
        elif isinstance(node, ast.Constant) and isinstance(node.value, complex):
            yield node.lineno, "complex"
        elif isinstance(node, ast.ImportFrom):
            module = node.module or ""
            for name in node.names:
                if module.split(".")[0] in PACKAGES and (module, name.name) not in HARMLESS:
                    yield node.lineno, f"{module}.{name.name}"
                if module == "math" and name.name in MATH:
                    yield node.lineno, f"math.{name.name}"
        elif isinstance(node, ast.Import):
            for name in node.names:
                if name.name.split(".")[0] in PACKAGES:
                    yield node.lineno, name.name


def _attribute(node: ast.Attribute) -> Iterator[tuple[int, str]]:
    owner = node.value.id if isinstance(node.value, ast.Name) else None
    if owner in ("np", "numpy") and node.attr in ELEMENTWISE | SUMS:
        yield node.lineno, f"np.{node.attr}"
    if owner == "torch" and node.attr in TORCH:
        yield node.lineno, f"torch.{node.attr}"
    if owner == "math" and node.attr in MATH:
        yield node.lineno, f"math.{node.attr}"


def _call(node: ast.Call) -> Iterator[tuple[int, str]]:
    called = node.func
    if isinstance(called, ast.Attribute):
        owner = called.value.id if isinstance(called.value, ast.Name) else None
        if called.attr in METHODS and owner not in ("np", "numpy", "torch", "math", *OWN):
            yield node.lineno, f".{called.attr}"
        if called.attr in ("agg", "aggregate", "transform", "apply", "pivot_table", "rank"):
            named = [
                one.value for one in ast.walk(node) if isinstance(one, ast.Constant) and isinstance(one.value, str)
            ]
            if NAMED & set(named):
                yield node.lineno, f".{called.attr}"
        if called.attr == "pivot_table" and not any(keyword.arg == "aggfunc" for keyword in node.keywords):
            yield node.lineno, ".pivot_table"
    elif isinstance(called, ast.Name) and called.id == "sum" and not _whole(node.args[0] if node.args else None):
        yield node.lineno, "sum"


def _plain_power(node: ast.BinOp | ast.AugAssign) -> bool:
    """Powers of 2, which are exact. Even x**2 is a product for arrays only, and the C library's pow for numbers."""
    if isinstance(node, ast.AugAssign):
        return False
    exponent, base = node.right, node.left
    if all(isinstance(part, ast.Constant) and isinstance(part.value, int) for part in (base, exponent)):
        return True
    base = base.operand if isinstance(base, ast.UnaryOp) else base
    return isinstance(base, ast.Constant) and base.value in (1, 2)  # signs, and powers of two


def _whole(argument: ast.AST | None) -> bool:
    """Whether a sum's terms are whole numbers or truths, as far as can be seen."""
    if isinstance(argument, ast.GeneratorExp | ast.ListComp):
        term = argument.elt
        if isinstance(term, ast.Compare | ast.BoolOp) or (
            isinstance(term, ast.UnaryOp) and isinstance(term.op, ast.Not)
        ):
            return True
        if isinstance(term, ast.Constant) and isinstance(term.value, int):
            return True
        return (
            isinstance(term, ast.Call)
            and isinstance(term.func, ast.Name)
            and term.func.id in ("len", "int", "bool", "comb")
        )
    return False


def deciding() -> list[Path]:
    """All modules that a stage runs."""
    return sorted([*SOURCE.rglob("*.py"), *(ROOT / "stages").glob("*.py")])


def test_unsafe_calls_appear_only_where_they_are_guarded():
    wrong = []
    for file in deciding():
        name = str(file.relative_to(SOURCE if file.is_relative_to(SOURCE) else ROOT))
        allowed, _ = GUARDED.get(name, (set(), ""))
        calls = list(unsafe(ast.parse(file.read_text(encoding="utf-8"))))
        wrong += [f"{file.relative_to(ROOT)}:{line}: {call}" for line, call in calls if call not in allowed]
        wrong += [f"{name} does not call {call} any more" for call in allowed - {call for _, call in calls}]
    assert not wrong, "not the same on every machine:\n" + "\n".join(wrong)


def test_guarded_modules_exist():
    assert set(GUARDED) <= {str(file.relative_to(SOURCE)) for file in SOURCE.rglob("*.py")}


@pytest.mark.parametrize(
    ("planted", "name"),
    [
        ("torch.sqrt(x)", "torch.sqrt"),
        ("np.exp(x)", "np.exp"),
        ("np.linalg.svd(W)", "np.linalg"),
        ("f(np.log)", "np.log"),
        ("x.mean()", ".mean"),
        ("frame['loss'].std()", ".std"),
        ("frame.groupby('m')['x'].agg('mean')", ".agg"),
        ("frame.groupby('m').agg(loss=('loss', 'sum'))", ".agg"),
        ("frame.pivot_table(index='m', values='x')", ".pivot_table"),
        ("W @ x", "@"),
        ("x**2", "**"),
        ("x**3", "**"),
        ("x**0.5", "**"),
        ("x **= 2.5", "**"),
        ("1j * x", "complex"),
        ("sum(x * y for x, y in pairs)", "sum"),
        ("sum(values)", "sum"),
        ("math.exp(x)", "math.exp"),
        ("from math import log", "math.log"),
        ("from scipy.optimize import minimize", "scipy.optimize.minimize"),
        ("import scipy.linalg", "scipy.linalg"),
        ("from sklearn.linear_model import Lasso", "sklearn.linear_model.Lasso"),
    ],
)
def test_a_planted_call_is_found(planted, name):
    assert name in {call for _, call in unsafe(ast.parse(planted))}


@pytest.mark.parametrize(
    "harmless",
    [
        "np.sqrt(x) + math.sqrt(2) * np.square(x)",
        "2.0**-18 * x + (-1) ** k + 10**9",
        "sum(a > b for a, b in pairs) + sum(1 for _ in x) + sum(len(x) for x in y)",
        "np.count_nonzero(x > 0, axis=1)",
        "total(x, axis=1) / mean(y) + matmul(W.T, W)",
        "from scipy.optimize import linear_sum_assignment",
        "frame.groupby('m')['x'].agg('first')",
        "frame.sort_values('loss', kind='stable')",
    ],
)
def test_what_is_safe_is_let_through(harmless):
    assert not list(unsafe(ast.parse(harmless)))
