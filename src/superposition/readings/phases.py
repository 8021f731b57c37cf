"""A phase diagram read off trained models: what becomes of the last feature at each density and relative importance."""

import numpy as np
import pandas as pd

from superposition.exact.sums import mean
from superposition.measures.thresholds import REPRESENTED_NORM
from superposition.readings.results import Tables

SHARED_SUPERPOSITION = 0.5  # of a feature that shares its direction; a dedicated one has 0, an antipodal one 1


def runs(tables: Tables) -> pd.DataFrame:
    """One row per instance: density, importance, norm and superposition of its last feature, loss, seed, best."""
    last = tables.features[tables.features["feature"] == tables.n_features - 1]
    columns = ["instance", "density", "importance", "norm", "superposition", "seed", "best"]
    return last[columns].merge(tables.instances[["instance", "loss"]], on="instance")


def cells(tables: Tables) -> pd.DataFrame:
    """One row per density and importance, of the last feature.

    `norm` and `superposition` are those of the model with the lowest loss, `mean_norm` and `mean_superposition` means
    over all but the one with the highest loss (the paper's rule), `models` how many there are and `superposed` how many
    of them have it in superposition.
    """
    every = runs(tables).sort_values(["density", "importance", "loss", "seed"], ignore_index=True)
    every["superposed"] = phase_of(every["norm"], every["superposition"]) == "in superposition"
    grouped = every.groupby(["density", "importance"], sort=True)
    table = grouped[["norm", "superposition"]].first()
    kept = every[(grouped.cumcount(ascending=False) > 0) | (grouped["seed"].transform("size") == 1)]
    columns = kept.groupby(["density", "importance"], sort=True)[["norm", "superposition"]]
    means = columns.agg(_mean).add_prefix("mean_")
    counts = grouped.agg(models=("seed", "size"), superposed=("superposed", np.count_nonzero))
    return pd.concat([table, means, counts], axis=1).reset_index()


def phase_of(norm: pd.Series, superposition: pd.Series) -> np.ndarray:
    """What becomes of a feature: the names of `theory.phases`."""
    shared = np.where(superposition > SHARED_SUPERPOSITION, "in superposition", "dedicated")
    return np.where(norm > REPRESENTED_NORM, shared, "ignored")


def _mean(values: pd.Series) -> float:
    return float(mean(values))
