"""Superposition as a phase change: which solution wins at each density and relative importance of the last feature.

Cells are classified by the last feature of the best model: its norm and superposition against 1/2. The exact optimum
agrees with the theory of a few solutions on 97 % of such cells, since near the boundaries the best weights and biases
are in between; the tolerances leave room for that and for local minima.
"""

from collections.abc import Callable

import numpy as np
import pandas as pd

from superposition.claims.claim import Claim, Finding
from superposition.exact.functions import log, log10
from superposition.exact.sums import mean
from superposition.readings.phases import cells, phase_of, runs
from superposition.readings.results import NotInThisRun, Tables
from superposition.theory.phases import DEDICATED, SUPERPOSED, margin, phase

SECTION = "Superposition as a Phase Change"
AGREEING = 0.93  # of all cells
AGREEING_CLEARLY = 0.97  # of those where the second best solution is worse by
CLEAR = 0.1
JUMP = 0.5  # of the norm, between neighbouring densities
CELLS = 20  # along either axis, at least, for a share of cells to mean something
MODELS = 5  # at least, for the best of them to mean something


def diagram(tables: Tables, n_features: int) -> pd.DataFrame:
    """`cells` and what theory says of them."""
    if (tables.n_features, tables.n_hidden) != (n_features, n_features - 1):
        raise NotInThisRun(f"the claim is about n = {n_features}, m = {n_features - 1}")
    others = tables.features[tables.features["feature"] < n_features - 1]
    if set(tables.instances["model"]) != {"relu_output"} or not np.allclose(others["importance"], 1):
        raise NotInThisRun("the claim is about relu_output models whose other features have importance 1")
    table = cells(tables)
    counts = [table[axis].nunique() for axis in ("density", "importance")]
    if min(counts) < CELLS or table["models"].min() < MODELS:
        raise NotInThisRun(f"the claim needs {CELLS} x {CELLS} cells of {MODELS} models; this run has {counts}")
    s, r = table["density"].to_numpy(), table["importance"].to_numpy()
    return table.assign(
        found=phase_of(table["norm"], table["superposition"]),
        mean_found=phase_of(table["mean_norm"], table["mean_superposition"]),
        theory=phase(n_features, s, r),
        margin=margin(n_features, s, r),
    )


def agreement(n_features: int, apart_from: float) -> Callable[[Tables], Finding]:
    """Share of cells that agree with theory, without those of |log10 r| below `apart_from`, where two solutions tie."""

    def check(tables: Tables) -> Finding:
        table = diagram(tables, n_features)
        table = table[np.abs(log10(table["importance"])) >= apart_from]
        clear = table[table["margin"] > CLEAR]
        whole, clearly = (float(mean(t["found"] == t["theory"])) for t in (table, clear))
        by_mean = float(mean(table["mean_found"] == table["theory"]))
        single = runs(tables).merge(table[["density", "importance", "theory"]], on=["density", "importance"])
        singly = float(mean(phase_of(single["norm"], single["superposition"]) == single["theory"]))
        return Finding(
            "holds" if whole >= AGREEING and clearly >= AGREEING_CLEARLY else "fails",
            f"{whole:.1%} of {len(table)} cells, {clearly:.1%} of those with a margin",
            f"{by_mean:.1%} by the paper's mean, {singly:.1%} of single models",
        )

    return check


def reach(tables: Tables) -> Finding:
    """Up to which density the last of two features is in superposition, at equal and at a tenth of the importance."""
    table = diagram(tables, 2)
    found, single = [], []
    for r, low, high in ((1.0, 0.59, 0.71), (0.1, 0.15, 0.21)):
        nearest = _nearest(table, r)
        if abs(float(log10(nearest / r))) > 0.04:
            raise NotInThisRun(f"no cells at relative importance {r:g}")
        column = table[table["importance"] == nearest]
        edge, beyond = _edge(column["density"].to_numpy(), (column["found"] == SUPERPOSED).to_numpy())
        found.append((r, edge, beyond, edge <= high and beyond >= low))
        by_mean, _ = _edge(column["density"].to_numpy(), (column["mean_found"] == SUPERPOSED).to_numpy())
        single.append(f"{by_mean:.3g}")
    return Finding(
        "holds" if all(one[-1] for one in found) else "fails",
        "; ".join(f"r = {r:g}: between {edge:.3g} and {beyond:.3g}" for r, edge, beyond, _ in found),
        f"by the paper's mean up to {' and '.join(single)}",
    )


def _nearest(table: pd.DataFrame, r: float) -> float:
    """The relative importance of the cells nearest to r."""
    return float(table["importance"].iloc[int(np.argmin(np.abs(log(table["importance"] / r))))])


def _edge(densities: np.ndarray, shared: np.ndarray) -> tuple[float, float]:
    """The densest cell of those that are in superposition from the sparse end on, and the next denser one.

    Beyond the boundary single cells near r = 1 have both features on one side of the dimension, the "confused" phase.
    """
    count = len(shared) if shared.all() else int(np.argmin(shared))
    return float(densities[count - 1]) if count else 0.0, float(densities[count]) if count < len(shared) else 1.0


def jump(tables: Tables) -> Finding:
    """The largest change of the last feature's norm between neighbouring densities, at a fifth of the importance."""
    table = diagram(tables, 2)
    nearest = _nearest(table, 0.2)
    column = table[table["importance"] == nearest].sort_values("density", kind="stable", ignore_index=True)
    drops = -np.diff(column["norm"])
    place = int(np.argmax(drops))
    before, after = column["norm"][place], column["norm"][place + 1]
    between = f"density {column['density'][place]:.3g} and {column['density'][place + 1]:.3g}"
    return Finding(
        "holds" if drops[place] >= JUMP else "fails",
        f"norm {before:.2f} to {after:.2f} between {between} (r = {nearest:.3g})",
        f"{int(column['superposed'][place])} of {int(column['models'][place])} models before it in superposition",
    )


def local_minima(tables: Tables) -> Finding:
    """How many single models at density 0.1 and equal importance find superposition."""
    table = diagram(tables, 2)
    cell = table.iloc[int(np.argmin(np.square(log(table["importance"])) + np.square(log(table["density"] / 0.1))))]
    return Finding(
        "holds" if 0 < cell["superposed"] < cell["models"] else "fails",
        f"{int(cell['superposed'])} of {int(cell['models'])} models in superposition",
        f"density {cell['density']:.3g}, relative importance {cell['importance']:.3g}",
    )


def dedicated_beyond(tables: Tables) -> Finding:
    """Where the last of three features is clearly the most important one, it has a dimension of its own."""
    table = diagram(tables, 3)
    right = table[table["importance"] > 1.3]
    share = float(mean(right["found"] == DEDICATED))
    by_mean = float(mean(right["mean_found"] == DEDICATED))
    return Finding(
        "holds" if share >= 0.98 else "fails",
        f"{share:.1%} of {len(right)} cells",
        f"{by_mean:.1%} by the paper's mean",
    )


def claims(experiment: str, n_features: int) -> tuple[Claim, ...]:
    """Those that both diagrams share."""
    sides = "" if n_features == 2 else ", cells near r = 1 aside"
    return (
        Claim(
            id=f"{experiment}.agreement",
            section=SECTION,
            statement="Features are not learned, learned with a dimension of their own or in superposition, as the "
            "best of a few simple solutions says, with sharp transitions.",
            paper="the same regions",
            tolerance=f">= 93 % of cells, >= 97 % of those where the runner-up is 10 % worse{sides}",
            figure=f"figures/{experiment}/phase_diagram.svg",
            experiment=experiment,
            check=agreement(n_features, 0.0 if n_features == 2 else 0.06),
        ),
    )


CLAIMS = (
    *claims("phase_change", 2),
    Claim(
        id="phase_change.reach",
        section=SECTION,
        statement="Superposition begins at lower densities the less important the extra feature is.",
        paper="0.65 at r = 1, 0.16 to 0.2 at r = 0.1",
        tolerance="the boundary's cells reach into 0.65 +- 0.06 and 0.18 +- 0.03",
        figure="figures/phase_change/phase_diagram.svg",
        experiment="phase_change",
        check=reach,
    ),
    Claim(
        id="phase_change.first_order",
        section=SECTION,
        statement="The transition is of first order: the extra feature's norm jumps.",
        paper="a discontinuous change",
        tolerance="at r = 0.2 the norm falls by >= 0.5 between neighbouring densities",
        figure="figures/phase_change/phase_diagram.svg",
        experiment="phase_change",
        check=jump,
    ),
    Claim(
        id="phase_change.local_minima",
        section=SECTION,
        statement="Some models stop in a local minimum, so that several are trained for each cell.",
        paper="10 models a cell, the worst left out",
        tolerance="at density 0.1 and r = 1 some, but not all, models find superposition",
        figure="figures/phase_change/phase_diagram.svg",
        experiment="phase_change",
        check=local_minima,
    ),
)

CLAIMS_OF_THREE = (
    *claims("phase_change_of_three", 3),
    Claim(
        id="phase_change_of_three.dedicated",
        section=SECTION,
        statement="A feature more important than the others gets a dimension of its own at any density.",
        paper="dedicated for r > 1",
        tolerance=">= 98 % of cells with r > 1.3",
        figure="figures/phase_change_of_three/phase_diagram.svg",
        experiment="phase_change_of_three",
        check=dedicated_beyond,
    ),
)
