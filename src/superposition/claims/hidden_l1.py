"""A penalty on hidden values ("The Strategic Picture of Superposition"): 20 features, 5 dimensions, density 0.1.

The paper has no figure of it. Training minimises the loss and the penalty together, so that the models that count are
those with the lowest sum of both; "task loss" is the loss without the penalty. A feature is in superposition if it is
represented and its superposition is above 0.3.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd

from superposition.claims.claim import Claim, Finding, claims_of
from superposition.claims.judging import Judged, over_seeds
from superposition.measures.thresholds import REPRESENTED_NORM
from superposition.readings.results import NotInThisRun, Tables
from superposition.readings.shared import in_superposition
from superposition.theory.hidden_l1 import kept_above

SECTION = "The Strategic Picture of Superposition"
SHAPE = (20, 5)  # features, hidden dimensions
LITTLE = 0.01  # the largest penalty that counts as small
REMOVING = (0.1, 0.2)  # penalties between which the last superposition goes


@dataclass(frozen=True)
class Trained:
    """One model; `norms` and `importance` are [feature]."""

    loss: float
    norms: np.ndarray
    importance: np.ndarray
    superposed: int


Sweep = dict[float, Trained]  # by penalty, ascending


def removed(tables: Tables) -> Finding:
    def judge(sweep: Sweep) -> Judged:
        counts, losses = [model.superposed for model in sweep.values()], [model.loss for model in sweep.values()]
        fall = all(b <= a for a, b in pairwise(counts))
        text = (
            f"{', '.join(map(str, counts))} features at {_listed(sweep)}; task loss {losses[-1] / losses[0]:.1f} times"
        )
        holds = counts[0] > SHAPE[1] and counts[-1] == 0 and fall and losses[-1] > 2 * losses[0]
        return Judged(holds, counts[-1], text)

    return over_seeds(sweeps(tables), judge, "features in superposition at the largest penalty")


def little_at_first(tables: Tables) -> Finding:
    def judge(sweep: Sweep) -> Judged:
        if not {0.0, LITTLE, *REMOVING} <= sweep.keys():
            raise NotInThisRun(f"the claim needs penalties of 0, {LITTLE:g}, {REMOVING[0]:g} and {REMOVING[1]:g}")
        loss = {penalty: model.loss for penalty, model in sweep.items()}
        first = (loss[LITTLE] - loss[0.0]) / LITTLE
        later = (loss[REMOVING[1]] - loss[REMOVING[0]]) / (REMOVING[1] - REMOVING[0])
        ratio = first / later if later > 0 else float("inf")
        return Judged(
            ratio < 1 / 3, round(ratio, 2), f"{ratio:.2f} (task loss at {LITTLE:g} {loss[LITTLE] / loss[0.0] - 1:+.1%})"
        )

    return over_seeds(sweeps(tables), judge, "of the slope")


def importance_threshold(tables: Tables) -> Finding:
    """Where the theory of single features leaves at most as many of them as there are dimensions."""
    density = _density(tables)

    def judge(sweep: Sweep) -> Judged:
        right, said = [], []
        for penalty, model in sweep.items():
            expected = model.importance > kept_above(penalty, density)
            if penalty and np.count_nonzero(expected) <= SHAPE[1]:
                found = model.norms > REPRESENTED_NORM
                right.append(bool((found == expected).all()))
                said.append(f"{penalty:g}: {np.count_nonzero(found)} of {np.count_nonzero(expected)}")
        if not right:
            raise NotInThisRun("no penalty is large enough to leave one feature to a dimension")
        return Judged(all(right), right.count(True), "; ".join(said))

    return over_seeds(sweeps(tables), judge, "penalties")


def sweeps(tables: Tables) -> list[Sweep]:
    """The models with the lowest objective at each penalty, those with the next one, ..."""
    if (tables.n_features, tables.n_hidden) != SHAPE:
        raise NotInThisRun(f"the claim is about n = {SHAPE[0]}, m = {SHAPE[1]}; this run has others")
    _density(tables)
    rows = tables.instances.assign(objective=tables.instances["loss"] + tables.instances["penalty"])
    if rows["hidden_l1"].nunique() < 3 or rows["hidden_l1"].min() > 0:
        raise NotInThisRun("the claim needs models without the penalty, and with several sizes of it")
    groups = {
        penalty: rows[rows["hidden_l1"] == penalty].sort_values(["objective", "seed"])
        for penalty in sorted(rows["hidden_l1"].unique().tolist())
    }
    count = min(len(own) for own in groups.values())
    return [{penalty: _trained(tables, own.iloc[k]) for penalty, own in groups.items()} for k in range(count)]


def _trained(tables: Tables, row: pd.Series) -> Trained:
    features = tables.features_of(int(row["instance"]))
    return Trained(
        loss=float(row["loss"]),
        norms=features["norm"].to_numpy(),
        importance=features["importance"].to_numpy(),
        superposed=int(in_superposition(tables, np.array([row["instance"]]))[0]),
    )


def _density(tables: Tables) -> float:
    """Of all features of all instances."""
    densities = np.unique(tables.features["density"])
    if len(densities) != 1:
        raise NotInThisRun("the claim is about features of one density")
    return float(densities[0])


def _listed(sweep: Sweep) -> str:
    return ", ".join(f"{penalty:g}" for penalty in sweep)


CLAIMS = claims_of(
    "hidden_l1",
    SECTION,
    "penalty",
    Claim(
        removed,
        statement="An L1 penalty on hidden activations gives models without superposition, at a higher loss.",
        paper="superposition removed, higher loss",
        tolerance="features with norm > 0.5 and superposition > 0.3, over growing penalty: more than 5 at first, never "
        "more than before, 0 at last; task loss at least doubled",
        limit="text",
        fixed="after",
    ),
    Claim(
        little_at_first,
        statement="A small penalty costs nothing to first order: the loss is at its minimum without one.",
        paper="slope 0",
        tolerance="slope of the task loss over the penalty from 0 to 0.01 below a third of that from 0.1 to 0.2, where "
        "superposition goes",
        limit="ours",
        fixed="after",
    ),
    Claim(
        importance_threshold,
        statement="The penalty acts as a threshold: features below some importance are not represented.",
        paper="a threshold of importance",
        tolerance="where theory (a dimension for each feature) leaves at most 5: those represented, norm > 0.5, are "
        "just those of importance above its threshold, 1.49 times the penalty",
        limit="theory",
        fixed="after",
    ),
)
