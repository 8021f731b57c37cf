"""The superposition hypothesis ("Definitions and Motivation"): linear and ReLU models over sparsity and importance.

Twenty features, five hidden dimensions, importance 0.9^i, 0.75^i and 0.6^i. The paper states the idea there and has no
figure of it. That linear models represent as many as they have dimensions is claimed with the first results
(claims/basic_results.py). Errors of single features are from the table `ablations`.
"""

import math
from itertools import pairwise

import pandas as pd

from superposition.claims.claim import Claim, Finding, claims_of
from superposition.claims.judging import Judged, over_ranks
from superposition.claims.words import listed
from superposition.measures.thresholds import REPRESENTED_NORM
from superposition.readings.ranking import by_rank, ranked
from superposition.readings.results import NotInThisRun, Tables
from superposition.readings.solutions import Setting, Solution, densities, extra, solutions
from superposition.readings.split_losses import split_losses
from superposition.theory.tipping import tipping_density, tipping_density_of_minima

SECTION = "Definitions and Motivation"
RATIOS = (0.9, 0.75, 0.6)  # of importance, from one feature to the next
N, M = 20, 5  # features, hidden dimensions
MANY = 2 * M  # features, when sparsest: as many as fit into antipodal pairs
TIPS_OFF = 1.05  # ratio of densities: importance curves tip a tenth apart, so that it tells them from each other
DEAR, CHEAP = 0.5, 0.25  # of what superposition gains: in theory 1 where it tips, and the less the sparser

Sweep = dict[float, dict[float, Solution]]  # by ratio and density, from dense to sparse


def more_features_with_sparsity(tables: Tables) -> Finding:
    def judge(sweep: Sweep) -> Judged:
        counts = {ratio: [one.represented for one in own.values()] for ratio, own in sweep.items()}
        grow = all(a <= b for own in counts.values() for a, b in pairwise(own))
        ends = all(own[0] == M and own[-1] >= MANY for own in counts.values())
        text = "; ".join(f"{ratio:g}^i: {', '.join(map(str, own))}" for ratio, own in counts.items())
        least = min(own[-1] for own in counts.values())
        return Judged(grow and ends, least, f"{text} at {listed(next(iter(sweep.values())))}")

    return over_ranks(from_dense_to_sparse(tables), judge, "features at least when sparsest")


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

    return over_ranks(from_dense_to_sparse(tables), judge, "importance curves")


def importance_delays(tables: Tables) -> Finding:
    def judge(sweep: Sweep) -> Judged:
        begin = [first_superposed(own)[1] for own in sweep.values()]
        holds = all(a > b for a, b in pairwise(begin)) and begin[-1] > 0
        text = ", ".join(f"{ratio:g}^i: {s:g}" for ratio, s in zip(sweep, begin, strict=True))
        return Judged(holds, begin[0] - begin[-1], text)

    return over_ranks(from_dense_to_sparse(tables), judge, "of density from the first to the last")


def cheap_when_sparse(tables: Tables) -> Finding:
    """Interference over what is gained, where models superpose: of the models of lowest loss, of the next ones, ..."""
    rows = balance(tables)

    def judge(ranked: pd.DataFrame) -> Judged:
        right, said, last = [], [], 0.0
        for ratio in RATIOS:
            own = ranked[(ranked["ratio"] == ratio) & (ranked["n_represented"] > M)]
            shares = (own["interference"] / own["gained"]).tolist()
            right.append(
                len(shares) > 1 and shares[0] > DEAR and shares[-1] < CHEAP and max(shares) < 1
                and all(a > b for a, b in pairwise(shares))
            )  # fmt: skip
            said.append(f"{ratio:g}^i: {', '.join(f'{share:.2f}' for share in shares)}")
            last = max([last, *shares[-1:]])
        return Judged(all(right), round(last, 3), "; ".join(said))

    return over_ranks(by_rank(rows), judge, "of what is gained when sparsest")


def balance(tables: Tables) -> pd.DataFrame:
    """ReLU models from dense to sparse: `ratio` of importance, `rank` by loss, and what superposition gains and costs.

    `gained` is the loss of the best linear model on the same data less `missing`, what features cost that are not
    represented; `interference` what those cost that are.
    """
    extra(tables, "ablations")
    rows = split_losses(tables)
    rows = rows[rows["own"] & (rows["without"] == "nothing")].sort_values(["data_density", "rank"])
    where = ["ratio", "data_density"]
    linear = rows[rows["model"] == "linear"].drop_duplicates(where).set_index(where)["total"]
    rows = rows[rows["model"] == "relu_output"].join(linear.rename("linear"), on=where)
    if rows.empty or rows["linear"].isna().any() or rows["ratio"].isna().any():
        raise NotInThisRun("the claim needs linear and relu_output models at the same densities and importances")
    rows = rows.assign(gained=rows["linear"] - rows["missing"])
    return rows.sort_values(["ratio", "data_density"], ascending=False, kind="stable")


def from_dense_to_sparse(tables: Tables) -> list[Sweep]:
    """`sweeps` that begin where theory has no superposition yet, and go on beyond where it begins."""
    begin = [tipping_density_of_minima(ratio) for ratio in RATIOS]
    for ratio in RATIOS:
        present = densities(tables, _setting("relu_output", ratio))
        if not present[-1] < min(begin) or not present[0] > max(begin):
            raise NotInThisRun(f"the claim needs densities from above {max(begin):.2f} to below {min(begin):.2f}")
    return sweeps(tables)


def sweeps(tables: Tables) -> list[Sweep]:
    """The models with the lowest loss at each density and importance, those with the next one, ..."""
    found = {}
    for ratio in RATIOS:
        setting = _setting("relu_output", ratio)
        found[ratio] = ranked({s: solutions(tables, setting, s) for s in densities(tables, setting)})
    return ranked(found)


def first_superposed(sweep: dict[float, Solution]) -> tuple[float, float]:
    """The sparsest density above which no model has more features than dimensions, and the next one, which has.

    (0, 0) if there is none; 1 is the first where already the densest has.
    """
    before = 1.0
    for s, one in sweep.items():
        if one.represented > M:
            return before, s
        before = s
    return 0.0, 0.0


def _setting(model: str, ratio: float) -> Setting:
    return Setting(model, N, M, ratio)


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
        f"never fewer than before, {MANY} or more at last",
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
        f"falling density where there are more than {M}: falls at each step, from above {DEAR:g} (theory: 1 where it "
        f"tips) to below {CHEAP:g}, below 1 throughout",
        limit="ours",
        fixed="after",
        remark="At the lowest density the cost is a small part of the gain in all ranks. But most do not fall at "
        "each step, or begin above 1: models that stopped in local minima, of which some lose more by "
        "superposition than they gain, where it has just begun.",
    ),
)
