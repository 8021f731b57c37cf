"""A phase diagram read off trained models: what becomes of the last feature at each density and relative importance."""

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float

from superposition.exact.functions import log
from superposition.exact.sums import mean, total
from superposition.measures.thresholds import REPRESENTED_NORM
from superposition.readings.kinds import has_one_width, is_plain
from superposition.readings.results import NotInThisRun, Tables

SAME = 1.15  # ratio of densities, and of importances, up to which one stands for another
SHARED_SUPERPOSITION = 0.5  # of a feature that shares its direction; a dedicated one has 0, an antipodal one 1


def runs(tables: Tables) -> pd.DataFrame:
    """One row per instance: density, importance, norm and superposition of its last feature, loss, seed, rank, best."""
    last = tables.features[tables.features["feature"] == tables.n_features - 1]
    columns = ["instance", "density", "importance", "norm", "superposition", "seed", "best"]
    return last[columns].merge(tables.instances[["instance", "loss", "rank"]], on="instance")


def cells(tables: Tables) -> pd.DataFrame:
    """One row per density and importance, of the last feature.

    `norm` and `superposition` are those of the model with the lowest loss, `mean_norm` and `mean_superposition` means
    over all but the one with the highest loss (the paper's rule), `models` how many there are and `superposed` how many
    of them have it in superposition.
    """
    every = runs(tables).sort_values(["density", "importance", "rank"], ignore_index=True)
    every["superposed"] = phase_of(every["norm"], every["superposition"]) == "in superposition"
    grouped = every.groupby(["density", "importance"], sort=True)
    table = grouped[["norm", "superposition"]].first()
    kept = every[(grouped.cumcount(ascending=False) > 0) | (grouped["seed"].transform("size") == 1)]
    columns = kept.groupby(["density", "importance"], sort=True)[["norm", "superposition"]]
    means = columns.agg(_mean).add_prefix("mean_")
    counts = grouped.agg(models=("seed", "size"), superposed=("superposed", np.count_nonzero))
    return pd.concat([table, means, counts], axis=1).reset_index()


def is_diagram(tables: Tables) -> bool:
    """Whether models differ in the density of all features and the importance of the last one alone."""
    own = tables.instances
    others = tables.features[tables.features["feature"] < tables.n_features - 1]
    return (
        is_plain(tables)
        and has_one_width(tables)
        and set(own["model"]) == {"relu_output"}
        and bool(own["density"].notna().all())
        and bool((others["importance"] == 1).all())
    )


def nearest(values: pd.Series, wanted: float, what: str) -> float:
    """The value that is nearest to one that a claim is about, in ratio; raises NotInThisRun if that is not near."""
    found = float(values.iloc[int(np.abs(log(values / wanted)).argmin())])
    if not 1 / SAME <= found / wanted <= SAME:
        raise NotInThisRun(f"no {what} near {wanted:g} in this run; the nearest is {found:g}")
    return found


def last_shared(densities: Float[np.ndarray, " density"], shared: Bool[np.ndarray, " density"]) -> int:
    """How many of rising densities count as in superposition, from the sparse end on.

    So that the least of the range of log density is on the wrong side; each density stands for what is nearest to it.
    """
    middles = log(densities)
    edges = np.concatenate([middles[:1], (middles[1:] + middles[:-1]) / 2, middles[-1:]])
    range_of = np.diff(edges)
    wrong = [
        float(total(range_of[:count][~shared[:count]]) + total(range_of[count:][shared[count:]]))
        for count in range(len(shared) + 1)
    ]
    return min(range(len(wrong)), key=lambda count: (round(wrong[count], 9), count))


def phase_of(norm: pd.Series, superposition: pd.Series) -> np.ndarray:
    """What becomes of a feature: the names of `theory.phases`."""
    shared = np.where(superposition > SHARED_SUPERPOSITION, "in superposition", "dedicated")
    return np.where(norm > REPRESENTED_NORM, shared, "ignored")


def _mean(values: pd.Series) -> float:
    return float(mean(values))
