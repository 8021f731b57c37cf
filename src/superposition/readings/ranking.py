"""Models of several points taken together: those of the lowest loss at each, those of the next one, and so on.

What is a rank here is not a seed: a rank may have another seed at each point.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar

import pandas as pd

Key = TypeVar("Key")
Model = TypeVar("Model")


def ranked(groups: Mapping[Key, Sequence[Model]]) -> list[dict[Key, Model]]:
    """The first of each group, the second of each, ..., as long as every group has one; groups come by loss."""
    return [dict(zip(groups, models, strict=True)) for models in zip(*groups.values(), strict=False)]


def by_loss(
    rows: pd.DataFrame, column: str, values: Iterable[Any] | None = None, loss: str = "loss"
) -> dict[Any, list[pd.Series]]:
    """Rows of each value of a column, the lowest loss first; of these values, or of all, ascending."""
    ordered = rows.sort_values([loss, "seed"])
    wanted = sorted(rows[column].unique().tolist()) if values is None else values
    return {value: [row for _, row in ordered[ordered[column] == value].iterrows()] for value in wanted}


def by_rank(rows: pd.DataFrame) -> list[pd.DataFrame]:
    """Tables of the rows of each rank, as long as every point has one; `rank` and `point` are as in `instances`.

    Ranks count anew where a table has not all instances of a point.
    """
    if rows.empty:
        return []
    points = rows.groupby("point")["rank"]
    place = points.rank(method="dense") - 1
    return [rows[place == k] for k in range(int(points.nunique().min()))]
