"""The points of an experiment's axes in words and numbers: the rows of the page and of the metrics."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from superposition.params.sets import Sets
from superposition.readings.results import Tables


@dataclass(frozen=True)
class Condition:
    """One point, judged by its best model; `dimensions_per_feature` is infinite if that represents nothing."""

    name: str
    loss: float  # held-out, lowest among the seeds
    n_represented: int
    n_dedicated: int
    dimensions_per_feature: float
    seeds: int
    seeds_agreeing: int  # that represent as many features as the best one does


def conditions(tables: Tables) -> list[Condition]:
    """All points, in the order of the experiment's axes."""
    names = _names(tables.best)
    found = []
    for name, (_, row) in zip(names, tables.best.iterrows(), strict=True):
        seeds = tables.at(int(row["point"]))
        found.append(
            Condition(
                name=name,
                loss=float(row["loss"]),
                n_represented=int(row["n_represented"]),
                n_dedicated=int(row["n_dedicated"]),
                dimensions_per_feature=float(row["dimensions_per_feature"]),
                seeds=len(seeds),
                seeds_agreeing=int(np.count_nonzero(seeds["n_represented"] == row["n_represented"])),
            )
        )
    return found


def _names(best: pd.DataFrame) -> list[str]:
    """Model and sparsity, and the hidden dimensions, importance and sets if they vary."""
    # Six digits of a sparsity above 0.9999 would not tell it from 1.
    sparsity = (
        best["sparsity"]
        .map(lambda S: f"{S:.6g}" if S <= 0.9999 else f"{S:.10g}")
        .where(best["sparsity"].notna(), best["sparsity_label"])
    )
    parts = [best["model"].astype(str), "S=" + sparsity.astype(str)]
    if len(best["n_hidden"].unique()) > 1:
        parts.append("m=" + best["n_hidden"].astype(str))
    if len(best["importance_curve"].unique()) > 1:
        parts.append("I=" + best["importance_curve"].astype(str))
    if len(best[["sets", "set_size"]].drop_duplicates()) > 1:
        kinds = zip(best["sets"], best["set_size"], strict=True)
        parts.append(pd.Series([Sets(kind, int(size)).briefly for kind, size in kinds], index=best.index))
    return [" ".join(row) for row in zip(*parts, strict=True)]
