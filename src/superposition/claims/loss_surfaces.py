"""Superposition as a phase change of the loss: branches that cross, and the exact surface without biases.

Branches: expected losses of trained models beside those of the simple solutions. With free weights and biases a model
does up to a tenth better than a simple solution where two of them are nearly as good; the tolerances leave room for it.
Slopes are taken over ranges of density, not over so many cells, which would be the closer to the boundary, where models
are in between, the finer the grid is.

Surfaces: what is said of them is about formulas alone. Tom McGrath's comment in the paper shows three, at (S, I_2) =
(0.1, 0.1), (0.7, 0.2) and (0.1, 0.8). He finds the way from the first to the second continuous, which it cannot be: one
side of the kink at W_1 W_2 = 0 always falls off, so that no minimum passes from weights of the same sign to opposite
ones. From the first to the third it is continuous.
"""

import math
from collections.abc import Sequence

import numpy as np

from superposition.claims.claim import FORMULA, Claim, Finding, Share, claims_of, how_far, plain
from superposition.claims.judging import Judged, over_ranks
from superposition.claims.phase_change import SECTION
from superposition.exact.sums import mean
from superposition.readings.expected_losses import (
    Models,
    boundary,
    column,
    column_by_rank,
    excess_of,
    excess_of_best,
    slope,
)
from superposition.readings.phases import last_shared, phase_diagram
from superposition.readings.results import Tables
from superposition.readings.surfaces import JUMP, SMOOTH, STRETCH, WAY, largest_move
from superposition.theory.loss_surfaces import (
    ANTIPODAL,
    CONFUSED,
    DROPPED,
    REPRESENTED,
    Minimum,
    Surface,
    best_on_the_way,
    minima,
)
from superposition.theory.phases import DEDICATED, IGNORED, SUPERPOSED
from superposition.verdicts import Verdict

COMMENT = "Comments & Replications"

CROSSED = {0.2: IGNORED, 5.0: DEDICATED}  # relative importance: what is on the dense side
RANGE = 2.0  # ratio of densities on either side of a boundary, between which slopes are taken
SLOPE_OFF, SLOPES_APART = 0.25, 2.0  # relative to theory's; ratio of the slopes below and above
BOUNDARY_OFF = 1.25  # ratio of densities
ABOVE, ALMOST_ALL = 0.02, 0.99  # relative, of a loss that counts as on the lowest branch; of cells
SINGLE = (0.2, 1.0, 5.0)  # relative importance at which all models are looked at

SHOWN: dict[str, Surface] = {DROPPED: (0.1, 0.1), ANTIPODAL: (0.7, 0.2), CONFUSED: (0.1, 0.8)}  # S and I_2
ALIKE, ALIKE_OFF = math.sqrt(0.5), 0.05  # what the paper says of both weights of confused features, and room
S_APART = (SHOWN[ANTIPODAL][0] - SHOWN[CONFUSED][0]) / STRETCH


def branches_cross(tables: Tables) -> Finding:
    phase_diagram(tables, 2)
    columns = [column_by_rank(tables, r) for r in CROSSED]

    def judge(models: Sequence[Models]) -> Judged:
        found = [_crosses(r, own.reset_index(drop=True)) for r, own in zip(CROSSED, models, strict=True)]
        number = [holds for holds, _ in found].count(True)
        return Judged(number == len(found), number, "; ".join(text for _, text in found))

    return over_ranks(list(zip(*columns, strict=False)), judge, f"of the {len(CROSSED)} boundaries")


def _crosses(r: float, models: Models) -> tuple[bool, str]:
    """Whether the losses of one model at each density, from sparse to dense, are those of two solutions that cross."""
    s = models["density"].to_numpy()
    last = last_shared(s, (models["phase"] == SUPERPOSED).to_numpy())
    edge = math.sqrt(s[last - 1] * s[last]) if 0 < last < len(models) else math.nan
    below, above = (models[(s > edge / RANGE) & (s < edge)], models[(s > edge) & (s < edge * RANGE)])
    if min(len(below), len(above)) < 2:
        return False, f"r = {r:g}: no boundary"
    low, high = slope(below), slope(above)
    expected = slope(below, SUPERPOSED), slope(above, CROSSED[r])
    theory = boundary(float(models["importance"].iloc[0]))
    near = max(edge / theory, theory / edge) <= BOUNDARY_OFF
    as_expected = all(abs(one / other - 1) <= SLOPE_OFF for one, other in zip((low, high), expected, strict=True))
    text = f"r = {r:g}: dL/ds {low:.3f} below and {high:.3f} above density {edge:.2f} "
    text += f"(solutions: {expected[0]:.3f} and {expected[1]:.3f}, {theory:.2f})"
    return near and as_expected and low >= SLOPES_APART * high, text


def follows_the_lowest_branch(tables: Tables) -> Finding:
    phase_diagram(tables, 2)
    excess = excess_of_best(tables)
    single = np.concatenate([excess_of(column(tables, r)) for r in SINGLE]) <= ABOVE
    share = Share(int(np.count_nonzero(single)), len(single), "models")
    there = float(mean(excess <= ABOVE))
    return Finding(
        how_far(there >= ALMOST_ALL, share),
        f"{there:.1%} of {len(excess)} cells; from {excess.min():+.1%} to {excess.max():+.1%}",
        f"{share} at r = {', '.join(f'{r:g}' for r in SINGLE)}",
        share,
    )


def three_surfaces(_: Tables) -> Finding:
    lowest = {name: minima(*surface)[0] for name, surface in SHOWN.items()}
    off = max(abs(weight - ALIKE) for weight in lowest[CONFUSED].weights)
    holds = all(found.name == name for name, found in lowest.items()) and off <= ALIKE_OFF
    texts = [f"{_at(name)}: {_said(lowest[name])}" for name in SHOWN]
    return Finding(plain(holds), "; ".join(texts), FORMULA)


def two_minima(_: Tables) -> Finding:
    found = {name: minima(*surface) for name, surface in SHOWN.items()}
    third = found[CONFUSED]
    texts = "; ".join(f"{_said(one)} with loss {one.loss:.3f}" for one in third)
    counts = ", ".join(str(len(ones)) for ones in found.values())
    kinds = {one.name for one in third}
    return Finding(plain(len(kinds) == len(third) == 2), texts, f"{FORMULA}; {counts} on the three surfaces")


def antipodal_to_confused(_: Tables) -> Finding:
    """At the importance of the third surface, up to the sparsity of the second."""
    start = SHOWN[CONFUSED]
    end = (SHOWN[ANTIPODAL][0], start[1])
    way = best_on_the_way(start, end, WAY)
    move, first, last = largest_move(way)
    S = start[0] + (end[0] - start[0]) * (first + last) / 2 / (WAY - 1)
    named = (way[0].name, way[-1].name) == (CONFUSED, ANTIPODAL)
    text = f"by {move:.2f}, {_said(way[first])} to {_said(way[last])} at S = {S:.2f}, I_2 = {start[1]:g}"
    return Finding(plain(named and move >= JUMP), text, FORMULA)


def dropped_to_antipodal(_: Tables) -> Finding:
    way = best_on_the_way(SHOWN[DROPPED], SHOWN[ANTIPODAL], WAY)
    move, first, last = largest_move(way)
    other = largest_move(best_on_the_way(SHOWN[DROPPED], SHOWN[CONFUSED], WAY))[0]
    text = (
        f"by {move:.2f}, {_said(way[first])} to {_said(way[last])}; from the first to the third surface by {other:.2f}"
    )
    verdict: Verdict = "differs_from_print" if other <= SMOOTH else "fails"
    return Finding("holds" if move <= SMOOTH else verdict, text, FORMULA)


def _at(name: str) -> str:
    S, r = SHOWN[name]
    return f"S = {S:g}, I_2 = {r:g}"


def _said(minimum: Minimum) -> str:
    first, second = minimum.weights
    return f"{minimum.name} ({first:.2f}, {second:.2f})"


CLAIMS = claims_of(
    "phase_change",
    SECTION,
    "loss_branches",
    Claim(
        branches_cross,
        statement="The change is of first order: the losses of two solutions cross, so that the derivative of the "
        f"optimal loss is discontinuous, at r = {' and '.join(f'{r:g}' for r in CROSSED)}.",
        paper="a crossover between two different functions",
        tolerance=f"best models: density of the change within a factor {BOUNDARY_OFF:g} of the solutions'; slopes up "
        f"to a factor {RANGE:g} of density on either side within {SLOPE_OFF:.0%} of the lower solution's, the one "
        f"below at least {SLOPES_APART:g} times the one above",
        limit="theory",
        fixed="after",
        remark="Below each boundary most single models stop on the higher branch, in a local minimum.",
    ),
    Claim(
        follows_the_lowest_branch,
        statement="Of a few simple solutions the one with the lowest loss says what trained models do.",
        paper="the same regions",
        tolerance=f"expected loss of the best model at most {ABOVE:.0%} above the lowest solution's in >= "
        f"{ALMOST_ALL:.0%} of cells (not in each: the finer a grid, the more of them can fail)",
        limit="ours",
        fixed="after",
    ),
)
CLAIMS += claims_of(
    "phase_change",
    COMMENT,
    "loss_surfaces",
    Claim(
        three_surfaces,
        statement="Without biases the loss can be integrated; its minima are one dropped feature, an antipodal pair, "
        "and, where features are dense and both important, a new phase of confused features with like weights.",
        paper=f"one dropped, antipodal, confused at (S, I_2) = {', '.join(map(str, SHOWN.values()))}; the last with "
        f"W_1 and W_2 about {ALIKE:.3f}",
        tolerance=f"the lowest minimum: weights > {REPRESENTED:g} in size and of opposite or of the same sign, else "
        f"one dropped; those of the last within {ALIKE_OFF:g} of {ALIKE:.3f}",
        limit="ours",
        fixed="before",
        name="three_phases",
    ),
    Claim(
        two_minima,
        statement="Some surfaces have two minima, besides the symmetry of (W_1, W_2) and (-W_1, -W_2).",
        paper="two on the third surface",
        tolerance=f"{_at(CONFUSED)}: two, of different kinds",
        limit="text",
        fixed="before",
    ),
    Claim(
        antipodal_to_confused,
        statement="The transition between antipodal and confused features is discontinuous.",
        paper="discontinuous",
        tolerance=f"I_2 = {SHOWN[CONFUSED][1]:g}, S from {SHOWN[CONFUSED][0]:g} to {SHOWN[ANTIPODAL][0]:g}: "
        f"from confused to antipodal, and the lowest minimum moves by at least {JUMP:g} while S changes by {S_APART:g}",
        limit="ours",
        fixed="after",
    ),
    Claim(
        dropped_to_antipodal,
        statement="The transition from the first to the second surface, one dropped feature and an antipodal pair, is "
        "continuous.",
        paper="the minimum moves smoothly",
        tolerance=f"(S, I_2) from {SHOWN[DROPPED]} to {SHOWN[ANTIPODAL]}: the lowest minimum moves by at most "
        f"{SMOOTH:g} in any 1/{STRETCH} of the way; differs from print if that is so on the way to "
        f"{SHOWN[CONFUSED]} only",
        limit="ours",
        fixed="after",
        remark="The paper prints that the minimum moves smoothly from the first to the second surface, the antipodal "
        "pair. Computed from its formula, it jumps by 0.81 there, and by at most 0.04 on the way to the third, the "
        "confused features.",
        known="It must jump: at W = (1, 0) the loss always falls towards W_2 > 0, so that no minimum passes "
        "W_1 W_2 = 0.",
    ),
    topic="loss_surfaces",
)
