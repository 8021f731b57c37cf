"""The superposition hypothesis ("Definitions and Motivation"): linear and ReLU models over sparsity and importance.

Twenty features, five hidden dimensions, importance 0.9^i, 0.75^i and 0.6^i. The paper states the idea there and has no
figure of it. That linear models represent as many as they have dimensions is claimed with the first results
(claims/basic_results.py). Errors of single features are from the table `ablations`.

What grows or falls with sparsity is compared by ranges of half a decade (readings/trends.py), since the densities here
are a tenth apart where superposition begins. From density to density costs fell in 2 of 6 ranks, which ended in local
minima that differ more than neighbouring densities do; from range to range they do in 3.
"""

import math
from collections.abc import Mapping
from itertools import pairwise

from superposition.claims.claim import Claim, Finding, claims_of
from superposition.claims.judging import Judged, over_ranks
from superposition.claims.words import listed
from superposition.measures.thresholds import REPRESENTED_NORM
from superposition.readings.onset import Sweep, costs_over_gains, first_superposed, from_dense_to_sparse
from superposition.readings.results import Tables
from superposition.readings.solutions import Setting
from superposition.readings.trends import WORDS, falls, never_falls
from superposition.theory.tipping import tipping_density, tipping_density_of_minima

SECTION = "Definitions and Motivation"
RATIOS = (0.9, 0.75, 0.6)  # of importance, from one feature to the next
N, M = 20, 5  # features, hidden dimensions
SETTINGS = [Setting("relu_output", N, M, ratio) for ratio in RATIOS]
MANY = 2 * M  # features, when sparsest: as many as fit into antipodal pairs
TIPS_OFF = 1.05  # ratio of densities: importance curves tip a tenth apart, so that it tells them from each other
DEAR, CHEAP = 0.5, 0.25  # of what superposition gains: in theory 1 where it tips, and the less the sparser


def more_features_with_sparsity(tables: Tables) -> Finding:
    def judge(sweep: Sweep) -> Judged:
        by_density = {ratio: {s: one.represented for s, one in own.items()} for ratio, own in sweep.items()}
        grow = all(never_falls(own) for own in by_density.values())
        counts = {ratio: list(own.values()) for ratio, own in by_density.items()}
        ends = all(own[0] == M and own[-1] >= MANY for own in counts.values())
        text = "; ".join(f"{ratio:g}^i: {', '.join(map(str, own))}" for ratio, own in counts.items())
        least = min(own[-1] for own in counts.values())
        return Judged(grow and ends, least, f"{text} at {listed(next(iter(sweep.values())))}")

    return over_ranks(from_dense_to_sparse(tables, SETTINGS), judge, "features at least when sparsest")


def tipping_point(tables: Tables) -> Finding:
    """Between which densities superposition begins, and where theory has it begin.

    With weights 1, -1 and no bias, as the paper has it in "Superposition as a Phase Change", a pair tips at a lower
    density, below all that is found here: shorter vectors and positive biases lower its cost. Both are printed.
    """

    def judge(sweep: Sweep) -> Judged:
        right, said = [], []
        for ratio, own in sweep.items():
            above, below = first_superposed(own)
            expected = tipping_density_of_minima(ratio)
            found = math.sqrt(below * above)
            right.append(expected / TIPS_OFF <= found <= expected * TIPS_OFF)
            theory = f"theory {expected:.2f} ({tipping_density(ratio):.2f})"
            said.append(f"{ratio:g}^i: {found:.2f} ({below:g} to {above:g}), {theory}")
        return Judged(all(right), right.count(True), "; ".join(said))

    return over_ranks(from_dense_to_sparse(tables, SETTINGS), judge, "importance curves")


def importance_delays(tables: Tables) -> Finding:
    def judge(sweep: Sweep) -> Judged:
        begin = [first_superposed(own)[1] for own in sweep.values()]
        holds = all(a > b for a, b in pairwise(begin)) and begin[-1] > 0
        text = ", ".join(f"{ratio:g}^i: {s:g}" for ratio, s in zip(sweep, begin, strict=True))
        return Judged(holds, begin[0] - begin[-1], text)

    return over_ranks(from_dense_to_sparse(tables, SETTINGS), judge, "of density from the first to the last")


def cheap_when_sparse(tables: Tables) -> Finding:
    """Interference over what is gained, where models superpose: of the models of lowest loss, of the next ones, ..."""

    def judge(costs: Mapping[float, Mapping[float, float]]) -> Judged:
        every = {ratio: list(own.values()) for ratio, own in costs.items()}
        right = [
            len(shares) > 1 and shares[0] > DEAR and shares[-1] < CHEAP and max(shares) < 1 and falls(costs[ratio])
            for ratio, shares in every.items()
        ]
        last = max([0.0, *(shares[-1] for shares in every.values() if shares)])
        said = [f"{ratio:g}^i: {', '.join(f'{share:.2f}' for share in shares)}" for ratio, shares in every.items()]
        return Judged(all(right), round(last, 3), "; ".join(said))

    return over_ranks(costs_over_gains(tables, RATIOS), judge, "of what is gained when sparsest")


CLAIMS = claims_of(
    "superposition_hypothesis",
    SECTION,
    "balance",
    Claim(
        more_features_with_sparsity,
        statement=f"With a ReLU, networks of {M} dimensions represent more than {M} of {N} features, the more the "
        "sparser.",
        paper="more features than dimensions",
        tolerance=f"norm > {REPRESENTED_NORM:g}, for each importance, over falling density: {M} features at first, "
        f"{MANY} or more at last, and from one {WORDS} to the next never fewer in the median",
        limit="ours",
        fixed="after",
    ),
    Claim(
        tipping_point,
        statement="Superposition begins where representing a feature gains as much as its interference costs.",
        paper="gain against interference",
        tolerance=f"for each importance, geometric mean of the last density with {M} features and the next one: within "
        f"a factor {TIPS_OFF:g} of the density at which two features in one dimension tip, with the best weights and "
        "biases (in brackets: with weights 1, -1 and no bias)",
        limit="theory",
        fixed="after",
    ),
    Claim(
        importance_delays,
        statement="Less important features are worth less interference: steeper curves delay superposition.",
        paper="depends on importance",
        tolerance=f"first density with more than {M} features: lower for each steeper importance curve",
        limit="ours",
        fixed="after",
    ),
    Claim(
        cheap_when_sparse,
        statement="Sparser features interfere more rarely, so that the cost of superposition falls below its gain.",
        paper="cost outweighed when sparse",
        tolerance="loss on represented features, over what is gained by representing more than linear models do, over "
        f"falling density where there are more than {M}: from above {DEAR:g} (theory: 1 where it tips) to below "
        f"{CHEAP:g}, below 1 throughout, and lower at each {WORDS} in the median",
        limit="ours",
        fixed="after",
    ),
)
