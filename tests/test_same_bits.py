"""What decides a result is computed by functions that are the same on every machine: no library call slips in.

superposition/exact/functions.py and sums.py say why calls are unsafe. unsafe_calls.py finds them.

What else a module needs stands in GUARDED, with how often, and why it is safe there. A call may be made safe by its
arguments in ways that cannot be seen here; then it belongs there too.
"""

import ast
from collections import Counter
from pathlib import Path

import pytest

from tests.unsafe_calls import unsafe

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "superposition"

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
