"""Two correlated sets of three features in three dimensions, which learn by simple geometric transformations
("Superposition and Learning Dynamics").

The paper shows one model, says that others take other ways, and prints neither sparsity nor learning rate. So verdicts
are on shares of all seeds, at the lowest density trained. What each stage is, is said in readings/transformations.py.
"""

from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from superposition.claims.claim import Claim, Finding, Share, claims_of, plain
from superposition.readings.results import Tables
from superposition.readings.solutions import Setting
from superposition.readings.transformations import (
    ANTIPODAL,
    ANTIPRISM,
    DONE,
    LEARNED_NORM,
    NOT_YET,
    OFF_RIGHT,
    OPPOSITE,
    ORTHOGONAL,
    TOGETHER,
    collapsed,
    in_order,
    octahedron,
    sparsest_paths,
    stages,
)
from superposition.theory.losses import one_direction_for_a_set
from superposition.verdicts import Verdict

SECTION = "Superposition and Learning Dynamics"
SET_SIZE = 3
SETTING = Setting("relu_output", n_features=6, n_hidden=3, importance_ratio=1.0, sets="correlated", set_size=SET_SIZE)
RARE = 0.01  # the highest density; where sets are active more often, they do not part along one axis
WHERE = f"at a density of {RARE:g} or less"
PLATEAU = Fraction(one_direction_for_a_set(SET_SIZE)).limit_denominator(100)  # of the first loss
NEAR = 0.03  # of that
HALF, MOST, SOME = 0.5, 0.8, 0.3  # of seeds


def plateau(tables: Tables) -> Finding:
    """Whether the sets are opposite then is a matter of the stages' order."""
    formula = one_direction_for_a_set(SET_SIZE)
    ratios = []
    for W, loss in sparsest_paths(tables, SETTING, RARE):
        at = collapsed(W, loss)
        ratios.append(float(np.median(loss[at]) / loss[0]) if at.any() else float("nan"))
    known = [ratio for ratio in ratios if np.isfinite(ratio)]
    text = f"median {np.median(known):.3f}, formula {formula:.3f}" if known else "no plateau"
    share = _share([abs(ratio - formula) <= NEAR for ratio in ratios])
    return Finding(_at_least(HALF, share), text, str(share), share)


def triangles_turn(tables: Tables) -> Finding:
    at = [stages(*path) for path in sparsest_paths(tables, SETTING, RARE)]
    seen, ends = _share([one["C"].any() for one in at]), _share([one["D"][-1] for one in at])
    turned = _share([one["C"].any() and one["D"][-1] for one in at])
    text = f"{seen.met} have triangles that are not turned yet, {ends.met} end as antiprisms"
    return Finding(_at_least(HALF, turned), str(turned), text, turned)


def octahedron_in_the_end(tables: Tables) -> Finding:
    found = [octahedron(W[-1]) for W, _ in sparsest_paths(tables, SETTING, RARE)]
    share = _share(found)
    return Finding(_at_least(MOST, share), str(share), _lowest(found[0]), share)


def order_of_stages(tables: Tables) -> Finding:
    at = [stages(*path) for path in sparsest_paths(tables, SETTING, RARE)]
    ordered = [in_order(one) for one in at]
    share = _share(ordered)
    each = ", ".join(f"{_share([one[stage].any() for one in at]).met} {stage}" for stage in at[0])
    return Finding(_at_least(SOME, share), str(share), f"{each}; {_lowest(ordered[0])}", share)


def _share(found: Sequence[bool | np.bool]) -> Share:
    return Share(sum(bool(one) for one in found), len(found))


def _at_least(least: float, share: Share) -> Verdict:
    return plain(share.reaches(least))


def _lowest(holds: bool) -> str:
    return f"the seed with the lowest loss {'does' if holds else 'does not'}"


CLAIMS = claims_of(
    "geometric_transformations",
    SECTION,
    "stages",
    Claim(
        plateau,
        statement=f"At first all features of a set share one direction, at a plateau of the loss ({WHERE}).",
        paper="0.175, from about 0.85 to 1 at the start",
        tolerance=f"median loss while set-mates have cos > {TOGETHER:g}, over the first loss: {PLATEAU} +- {NEAR:g} "
        f"in >= {HALF:.0%} of seeds",
        limit="theory",
        fixed="after",
    ),
    Claim(
        triangles_turn,
        statement=f"Each set expands into a triangle, and the triangles turn into an antiprism ({WHERE}).",
        paper="triangles at step 4000, an antiprism at 60000",
        tolerance=f"set-mates at 90 +- {OFF_RIGHT:g} degrees and norms > {LEARNED_NORM:g} with a turn of < "
        f"{ANTIPRISM - NOT_YET:g} degrees, in the end {ANTIPRISM:g} +- {DONE:g}: >= {HALF:.0%} of seeds",
        limit="ours",
        fixed="after",
    ),
    Claim(
        octahedron_in_the_end,
        statement=f"In the end features of different sets are antipodal, at right angles to all others ({WHERE}).",
        paper="a triangular antiprism, an octahedron",
        tolerance=f"three pairs with cos < {ANTIPODAL:g}, one of each set, all other |cos| < {ORTHOGONAL:g}: >= "
        f"{MOST:.0%} of seeds",
        limit="ours",
        fixed="after",
        name="octahedron",
    ),
    Claim(
        order_of_stages,
        statement=f"Learning goes through simple transformations, {WHERE}: the sets part along one axis (B), expand "
        "into triangles (C), which turn into an antiprism (D).",
        paper="one of several ways",
        tolerance=f"A, B (cos of set-mates > {TOGETHER:g}, of the sets' means < {OPPOSITE:g}), C, D in this order: >= "
        f"{SOME:.0%} of seeds",
        limit="ours",
        fixed="before",
        name="order",
        remark="The paper calls it one of several ways to learn; the share that is asked for is this project's.",
        known="With other sparsities, rates, batches and initial weights it was 15% to 34% of 100 seeds.",
    ),
)
