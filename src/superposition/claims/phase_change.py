"""Superposition as a phase change: which solution wins at each density and relative importance of the last feature.

Cells are classified by the last feature's norm and superposition against 1/2. The paper trains ten models for each,
leaves out the one of the highest loss and takes the mean of the others: that is its rule, by which it is judged first.
Many models stop in local minima, so that a mean is between phases where most models agree on none; each claim is
judged by the best model of each cell, too, which is what theory speaks of. The exact optimum agrees with the theory of
a few solutions on 97 % of such cells, since near the boundaries the best weights and biases are in between; the
tolerances leave room for that.
"""

import math
from collections.abc import Callable, Sequence

import numpy as np

from superposition.claims.claim import Claim, Finding, Fixed, Limit, Share, claims_of, how_far, plain
from superposition.claims.judging import Judged, over_ranks
from superposition.claims.words import in_turn
from superposition.exact.functions import log10
from superposition.exact.sums import mean
from superposition.readings.expected_losses import boundary
from superposition.readings.phases import (
    BEST,
    MEAN,
    Column,
    agreeing,
    cells_at,
    column_of,
    columns_by_rank,
    nearest,
    phase_diagram,
    phases_of_models,
)
from superposition.readings.results import NotInThisRun, Tables
from superposition.theory.phases import DEDICATED

SECTION = "Superposition as a Phase Change"
AGREEING = 0.93  # of all cells
AGREEING_CLEARLY = 0.97  # of those where the second best solution is worse by
CLEAR = 0.1
TIED = 0.06  # |log10 r| up to which two solutions of three features tie
REACH = {1.0: (0.65, 0.06), 0.1: (0.18, 0.02)}  # relative importance: the boundary's density, as read off, and room
STEEP = 0.2  # relative importance at which the jump is looked at
# Its norm up to, and from, so many times the density of theory's boundary; and how far to either side that is asked.
# The exact optimum at r = 0.2, where that density is 0.267, has a norm of 0.72 at 0.29 and of 0 at 0.30.
STILL, STILL_AT, GONE, GONE_AT, AROUND = 0.65, 1.05, 0.05, 1.16, 2.0
LIKELY = (0.1, 1.0)  # density and relative importance at which single models are looked at
# Of three features, density up to which the last one is in superposition in the figure, by relative importance, and how
# far off that may be: a cell of the default grid is 17% high.
LEFT, LEFT_OFF = {0.11: 0.196, 0.16: 0.256, 0.25: 0.342, 0.4: 0.434, 0.63: 0.551}, 0.15
MORE_IMPORTANT, ALMOST_ALL = 1.3, 0.98  # r from where the last of three is dedicated, and of how many cells

WAYS = {BEST: "best of each cell", MEAN: "mean of each cell without its worst"}


def agreement(n_features: int, way: tuple[str, str]) -> Callable[[Tables], Finding]:
    """Share of cells that agree with theory; of three features without those near r = 1."""

    def check(tables: Tables) -> Finding:
        table = phase_diagram(tables, n_features)
        if n_features > 2:
            table = table[np.abs(log10(table["importance"])) >= TIED]
        clear = table[table["margin"] > CLEAR]
        whole, clearly = (float(mean(t[way[1]] == t["theory"])) for t in (table, clear))
        holds = whole >= AGREEING and clearly >= AGREEING_CLEARLY
        text = f"{whole:.1%} of {len(table)} cells, {clearly:.1%} of those with a margin"
        models = Share(*agreeing(tables, table), "models")
        return _found(way, holds, text, models)

    return check


def _found(way: tuple[str, str], holds: bool, text: str, models: Share) -> Finding:
    """By the paper's rule nothing but its means decides; how single models are is said beside."""
    if way == MEAN:
        return Finding(plain(holds), text, f"single models: {models}")
    return Finding(how_far(holds, models), text, str(models), models)


def _over_columns(
    tables: Tables,
    way: tuple[str, str],
    wanted: Sequence[float],
    judge: Callable[[Sequence[Column]], Judged],
    unit: str,
    n_features: int = 2,
) -> Finding:
    """Columns at some relative importances, of the models of each rank; or, by the paper's rule, of means of cells."""
    table = phase_diagram(tables, n_features)
    columns = [cells_at(table, r) for r in wanted]
    ranks = list(zip(*(columns_by_rank(tables, column) for column in columns), strict=True))
    single = over_ranks(ranks, judge, unit)
    if way == BEST:
        return single
    judged = judge([column_of(column, *MEAN) for column in columns])
    return Finding(plain(judged.holds), judged.text, f"single models: {single.spread}")


def reach(way: tuple[str, str]) -> Callable[[Tables], Finding]:
    """Up to which density the last of two features is in superposition, at equal and at a tenth of the importance."""

    def judge(columns: Sequence[Column]) -> Judged:
        right, said, ends = [], [], []
        for (r, (printed, room)), column in zip(REACH.items(), columns, strict=True):
            edge, beyond = column.end_of_superposition
            ends.append(math.sqrt(edge * beyond))
            right.append(abs(ends[-1] - printed) <= room)
            said.append(f"r = {r:g}: {ends[-1]:.3g}, between {edge:.3g} and {beyond:.3g}")
        return Judged(all(right), round(ends[0], 3), "; ".join(said))

    return lambda tables: _over_columns(tables, way, list(REACH), judge, f"at r = {next(iter(REACH)):g}")


def first_order(way: tuple[str, str]) -> Callable[[Tables], Finding]:
    """What the last feature's norm is on either side of the density at which theory has superposition end."""

    def judge(columns: Sequence[Column]) -> Judged:
        (column,) = columns
        s = column.density / boundary(column.importance)
        below, above = (s >= 1 / AROUND) & (s <= STILL_AT), (s >= GONE_AT) & (s <= AROUND)
        if not below.any() or not above.any():
            raise NotInThisRun(f"the claim needs densities within a factor {AROUND:g} on either side of the boundary")
        least, most = float(column.norm[below].min()), float(column.norm[above].max())
        ends = column.density[below].max(), column.density[above].min()
        text = f"norm at least {least:.2f} up to density {ends[0]:.3g}, at most {most:.2f} from {ends[1]:.3g} on "
        text += f"(r = {column.importance:.3g}, boundary {boundary(column.importance):.3g})"
        return Judged(least >= STILL and most < GONE, round(least - most, 2), text)

    return lambda tables: _over_columns(tables, way, (STEEP,), judge, "as the jump")


def left_boundary(way: tuple[str, str]) -> Callable[[Tables], Finding]:
    """Up to which density the last of three features is in superposition, where it is the least important one.

    Boundaries are compared as multiples of theory's, since the diagram's importances are not just those read off.
    """

    def judge(columns: Sequence[Column]) -> Judged:
        ratios, said = [], []
        for (r, printed), column in zip(LEFT.items(), columns, strict=True):
            end = math.sqrt(math.prod(column.end_of_superposition))
            theory = boundary(column.importance)
            ratios.append(end / theory / (printed / boundary(r)))
            said.append(f"r = {column.importance:.2g}: {end:.3g}, theory {theory:.3g}")
        off = max(abs(ratio - 1) for ratio in ratios)
        return Judged(off <= LEFT_OFF, round(off, 2), "; ".join(said))

    return lambda tables: _over_columns(tables, way, list(LEFT), judge, "off at most", n_features=3)


def local_minima(tables: Tables) -> Finding:
    """How many single models at density 0.1 and equal importance find superposition."""
    table = phase_diagram(tables, 2)
    table = table[table["density"] == nearest(table["density"], LIKELY[0], "density")]
    cell = table[table["importance"] == nearest(table["importance"], LIKELY[1], "relative importance")].iloc[0]
    return Finding(
        plain(bool(0 < cell["superposed"] < cell["models"])),
        f"{int(cell['superposed'])} of {int(cell['models'])} models in superposition",
        f"density {cell['density']:.3g}, relative importance {cell['importance']:.3g}",
    )


def dedicated(way: tuple[str, str]) -> Callable[[Tables], Finding]:
    """Where the last of three features is clearly the most important one, it has a dimension of its own."""

    def check(tables: Tables) -> Finding:
        table = phase_diagram(tables, 3)
        right = table[table["importance"] > MORE_IMPORTANT]
        share = float(mean(right[way[1]] == DEDICATED))
        single = phases_of_models(tables, right) == DEDICATED
        models = Share(int(np.count_nonzero(single)), len(single), "models")
        holds = share >= ALMOST_ALL
        return _found(way, holds, f"{share:.1%} of {len(right)} cells", models)

    return check


HALF_STOP = "Many single models stop in a local minimum, so that a mean that leaves out one of ten is between phases."


def _both(
    name: str,
    check: Callable[[tuple[str, str]], Callable[[Tables], Finding]],
    statement: str,
    paper: str,
    tolerance: str,
    limit: Limit = "ours",
    *,
    fixed: Fixed,
    remark: str = HALF_STOP,
    remark_at_best: str = "",
    known_at_best: str = "",
) -> tuple[Claim, ...]:
    """A claim by the paper's rule, and by the best model of each cell."""
    paper_rule = "mean of each cell's models without the worst (the paper's rule)"
    return (
        Claim(
            check(MEAN),
            statement=statement,
            paper=paper,
            tolerance=f"{paper_rule}: {tolerance}",
            limit=limit,
            fixed=fixed,
            name=name,
            remark=remark,
        ),
        Claim(
            check(BEST),
            statement=f"{statement} So says the best model of each cell.",
            paper=paper,
            tolerance=f"best of each cell's models: {tolerance}",
            limit=limit,
            fixed="after",
            name=f"{name}_at_best",
            remark=remark_at_best,
            known=known_at_best,
        ),
    )


def _agreement(n_features: int) -> tuple[Claim, ...]:
    sides = "" if n_features == 2 else f", cells with |log10 r| < {TIED:g} aside"
    return _both(
        "agreement",
        lambda way: agreement(n_features, way),
        statement="Features are not learned, learned with a dimension of their own or in superposition, as the best of "
        "a few simple solutions says.",
        paper="the same regions",
        tolerance=f">= {AGREEING:.0%} of cells as in theory, >= {AGREEING_CLEARLY:.0%} of those where the runner-up is "
        f"{CLEAR:.0%} worse{sides}",
        fixed="before",
    )


CLAIMS = claims_of(
    "phase_change",
    SECTION,
    "phase_diagram",
    *_agreement(2),
    *_both(
        "reach",
        reach,
        statement="The extra feature is in superposition up to a density that is the lower, the less important it is: "
        + ", ".join(f"{printed:g} at r = {r:g}" for r, (printed, _) in REACH.items())
        + ".",
        paper="0.65 at r = 1, 0.16 to 0.2 at r = 0.1",
        tolerance="geometric mean of the densities on both sides of the boundary: "
        + " and ".join(f"{printed:g} +- {room:g} at r = {r:g}" for r, (printed, room) in REACH.items()),
        limit="figure",
        fixed="after",
        remark="At r = 0.1 many models stop in a local minimum without superposition; at r = 1, beyond the boundary, "
        "some have both features on one side of the dimension, which counts as in superposition.",
        remark_at_best="At r = 1 superposition ends a little before the density that is read off the figure, which "
        "shows means; single models end far from it.",
        known_at_best="Theory has it end there too, at 4/7.",
    ),
    *_both(
        "first_order",
        first_order,
        statement=f"The transition is of first order: at r = {STEEP:g} the extra feature's norm jumps where theory has "
        "superposition end.",
        paper="a discontinuous change",
        tolerance=f"over the density of that boundary: norm >= {STILL:g} from 1/{AROUND:g} to {STILL_AT:g} of it, < "
        f"{GONE:g} from {GONE_AT:g} to {AROUND:g}",
        fixed="after",
        remark_at_best="Most single models stop in a local minimum below the boundary.",
    ),
    Claim(
        local_minima,
        statement="Some models stop in a local minimum, so that several are trained for each cell "
        f"(at density {LIKELY[0]:g} and r = {LIKELY[1]:g}).",
        paper="10 models a cell, the worst left out",
        tolerance=f"at density {LIKELY[0]:g} and r = {LIKELY[1]:g} some, but not all, models find superposition",
        limit="ours",
        fixed="after",
    ),
) + claims_of(
    "phase_change_of_three",
    SECTION,
    "phase_diagram",
    *_agreement(3),
    *_both(
        "dedicated",
        dedicated,
        statement="A feature more important than the others gets a dimension of its own at any density.",
        paper="dedicated for r > 1",
        tolerance=f">= {ALMOST_ALL:.0%} of cells with r > {MORE_IMPORTANT:g}",
        fixed="before",
    ),
    *_both(
        "left_boundary",
        left_boundary,
        statement="Of three features, the least important one is in superposition up to a density that grows with its "
        "importance, a little higher than theory has it.",
        paper=f"density {in_turn(LEFT)}",
        tolerance="geometric mean of the densities on both sides of the boundary, over theory's 4 r / (2 + 5 r): "
        f"within {LEFT_OFF:.0%} of what that is in the figure, at each of these r",
        limit="figure",
        fixed="after",
        remark=f"{HALF_STOP} The least important feature has to be found, so that superposition ends early there.",
        remark_at_best="Most single models stop in a local minimum without superposition of the last feature.",
    ),
)
