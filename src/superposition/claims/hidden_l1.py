"""A penalty on hidden values ("The Strategic Picture of Superposition"): 20 features, 5 dimensions, density 0.1.

The paper has no figure of it. Training minimises the loss and the penalty together, so that the models that count are
those with the lowest sum of both; "task loss" is the loss without the penalty. A feature is in superposition if it is
represented and its superposition is above 0.3. Importance is 0.7^i.

Counts over the penalty are compared by ranges of half a decade (readings/trends.py). That more penalties were trained
than the claim is about is no reason to ask for more: in local minima single models have one or two features more than
at a penalty a little lower. From penalty to penalty 1 of 8 ranks never had more, from range to range 7 do.
"""

import numpy as np

from superposition.claims.claim import Claim, Finding, claims_of
from superposition.claims.judging import Judged, over_ranks
from superposition.claims.words import listed
from superposition.measures.thresholds import IN_SUPERPOSITION, REPRESENTED_NORM
from superposition.readings.penalties import Sweep, sweeps
from superposition.readings.results import NotInThisRun, Tables
from superposition.readings.trends import WORDS, never_rises
from superposition.theory.hidden_l1 import kept_above

SECTION = "The Strategic Picture of Superposition"
SHAPE, DENSITY, RATIO = (20, 5), 0.1, 0.7  # features, hidden dimensions; density; importance from one to the next
SETTING = f"{SHAPE[0]} features, {SHAPE[1]} dimensions, density {DENSITY:g}"
LITTLE = 0.01  # the largest penalty that counts as small
REMOVING = (0.1, 0.2)  # penalties between which the last superposition goes
FLATTER = 3  # times than between those


def removed(tables: Tables) -> Finding:
    """Without superposition some features are to be left, at the smallest penalty: larger ones may leave none."""

    def judge(sweep: Sweep) -> Judged:
        by_penalty = {penalty: model.superposed for penalty, model in sweep.items()}
        counts, losses = list(by_penalty.values()), [model.loss for model in sweep.values()]
        left = next((model.represented for model in sweep.values() if not model.superposed), 0)
        text = f"{', '.join(map(str, counts))} features at {listed(sweep)}; {left} are left without superposition; "
        text += f"task loss {losses[-1] / losses[0]:.1f} times"
        holds = counts[0] > 0 and counts[-1] == 0 and never_rises(by_penalty) and left > 0 and losses[-1] > losses[0]
        return Judged(holds, counts[-1], text)

    return over_ranks(sweeps(tables, SHAPE, DENSITY, RATIO), judge, "features in superposition at the largest penalty")


def little_at_first(tables: Tables) -> Finding:
    def judge(sweep: Sweep) -> Judged:
        if not {0.0, LITTLE, *REMOVING} <= sweep.keys():
            raise NotInThisRun(f"the claim needs penalties of 0, {LITTLE:g}, {REMOVING[0]:g} and {REMOVING[1]:g}")
        loss = {penalty: model.loss for penalty, model in sweep.items()}
        first = (loss[LITTLE] - loss[0.0]) / LITTLE
        later = (loss[REMOVING[1]] - loss[REMOVING[0]]) / (REMOVING[1] - REMOVING[0])
        ratio = first / later if later > 0 else float("inf")
        text = f"{ratio:.2f} (task loss at {LITTLE:g} {loss[LITTLE] / loss[0.0] - 1:+.1%})"
        return Judged(FLATTER * ratio < 1, round(ratio, 2), text)

    return over_ranks(sweeps(tables, SHAPE, DENSITY, RATIO), judge, "of the slope")


def importance_threshold(tables: Tables) -> Finding:
    """Where the theory of single features leaves at most as many of them as there are dimensions."""

    def judge(sweep: Sweep) -> Judged:
        right, said = [], []
        for penalty, model in sweep.items():
            expected = model.importance > kept_above(penalty, DENSITY)
            if penalty and np.count_nonzero(expected) <= SHAPE[1]:
                found = model.norms > REPRESENTED_NORM
                right.append(bool((found == expected).all()))
                said.append(f"{penalty:g}: {np.count_nonzero(found)} of {np.count_nonzero(expected)}")
        if not right:
            raise NotInThisRun("no penalty is large enough to leave one feature to a dimension")
        return Judged(all(right), right.count(True), "; ".join(said))

    return over_ranks(sweeps(tables, SHAPE, DENSITY, RATIO), judge, "penalties")


CLAIMS = claims_of(
    "hidden_l1",
    SECTION,
    "penalty",
    Claim(
        removed,
        statement="An L1 penalty on hidden activations gives models without superposition, at a higher loss "
        f"({SETTING}).",
        paper="superposition removed, higher loss",
        tolerance=f"features with norm > {REPRESENTED_NORM:g} and superposition > {IN_SUPERPOSITION:g}, over growing "
        f"penalty: some at first, 0 at last, and from one {WORDS} to the next never more in the median; at the "
        "smallest penalty with none of them, features with that norm are left; task loss higher than without penalty",
        limit="text",
        fixed="after",
    ),
    Claim(
        little_at_first,
        statement=f"A small penalty costs nothing to first order: the loss is at its minimum without one ({SETTING}).",
        paper="slope 0",
        tolerance=f"slope of the task loss over the penalty from 0 to {LITTLE:g} more than {FLATTER} times smaller "
        f"than from {REMOVING[0]:g} to {REMOVING[1]:g}, where superposition goes",
        limit="ours",
        fixed="after",
        remark="Single models cannot show it: without penalty their task losses differ, by the local minimum that "
        "each is in, by more than so small a penalty adds.",
    ),
    Claim(
        importance_threshold,
        statement=f"The penalty acts as a threshold: features below some importance are not represented ({SETTING}).",
        paper="a threshold of importance",
        tolerance=f"where theory (a dimension for each feature) leaves at most {SHAPE[1]}: those represented, norm > "
        f"{REPRESENTED_NORM:g}, are just those of importance above its threshold, {kept_above(1.0, DENSITY):.3g} times "
        "the penalty",
        limit="theory",
        fixed="after",
        remark="In most ranks a model stops in a local minimum with other features than theory leaves; in the "
        "first it is the one at 0.15.",
        known="Without the least important of the five that theory leaves there, its penalised loss is lower by "
        "0.2%, which is less than penalties are known to.",
    ),
)
