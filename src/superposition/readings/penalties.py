"""Models that were trained with an L1 penalty on hidden values, by the size of it. Needs pandas, not torch.

Training minimises the loss and the penalty together, so that the models that count are those with the lowest sum of
both.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from jaxtyping import Float

from superposition.measures.thresholds import REPRESENTED_NORM
from superposition.readings.ranking import by_loss, ranked
from superposition.readings.results import NotInThisRun, Tables
from superposition.readings.shared import in_superposition
from superposition.readings.solutions import differing_in

PENALTIES = 3  # sizes, at least


@dataclass(frozen=True)
class Penalised:
    """One model."""

    loss: float  # without the penalty
    norms: Float[np.ndarray, " feature"]
    importance: Float[np.ndarray, " feature"]
    superposed: int  # features

    @property
    def represented(self) -> int:
        return int(np.count_nonzero(self.norms > REPRESENTED_NORM))


Sweep = dict[float, Penalised]  # by penalty, ascending


def with_objective(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows of the table of instances with `objective`, what training minimises: loss and penalty together."""
    return rows.assign(objective=rows["loss"] + rows["penalty"])


def sweeps(tables: Tables, shape: tuple[int, int], density: float, ratio: float) -> list[Sweep]:
    """The models with the lowest objective at each penalty, those with the next one, ...

    `shape` is n_features and n_hidden, importance `ratio`^i; raises NotInThisRun where models differ in anything but
    the penalty, or too few sizes of it were trained.
    """
    rows = with_objective(differing_in(tables, "hidden_l1", shape, density, ratio))
    if rows["hidden_l1"].nunique() < PENALTIES or rows["hidden_l1"].min() > 0:
        raise NotInThisRun("the claim needs models without the penalty, and with several sizes of it")
    found = ranked(by_loss(rows, "hidden_l1", loss="objective"))
    return [{penalty: _penalised(tables, row) for penalty, row in sweep.items()} for sweep in found]


def _penalised(tables: Tables, row: pd.Series) -> Penalised:
    features = tables.features_of(int(row["instance"]))
    return Penalised(
        loss=float(row["loss"]),
        norms=features["norm"].to_numpy(),
        importance=features["importance"].to_numpy(),
        superposed=int(in_superposition(tables, np.array([row["instance"]]))[0]),
    )
