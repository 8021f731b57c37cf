"""Where the best models represent features, none of them in superposition. Needs numpy and pandas, not torch."""

import numpy as np
import pandas as pd

from superposition.measures.thresholds import REPRESENTED_NORM
from superposition.readings.penalties import with_objective
from superposition.readings.results import NotInThisRun, Tables
from superposition.readings.shared import in_superposition

Places = tuple[list[float], int]  # where it is so, and how many places there are


def by_penalty(tables: Tables) -> Places:
    """Of the models with the lowest sum of loss and penalty on |h|, for each weight of the penalty."""
    return _without(with_objective(tables.instances), tables, "hidden_l1", "objective")


def by_density(tables: Tables, experiment: str, model: str) -> Places:
    """Of the models of one kind with the lowest loss at each density."""
    own = tables.instances[tables.instances["model"] == model]
    if own.empty or own["density"].isna().any():
        raise NotInThisRun(f"the claim needs {model} models of {experiment}, all of whose features have one density")
    return _without(own, tables, "density", "loss")


def _without(rows: pd.DataFrame, tables: Tables, along: str, by: str) -> Places:
    best = rows.sort_values([by, "seed"]).drop_duplicates(along)
    instances = best["instance"].to_numpy()
    shared = in_superposition(tables, instances)
    represented = np.count_nonzero(tables.per_feature("norm", instances) > REPRESENTED_NORM, axis=1)
    return best[along].to_numpy()[(represented > 0) & (shared == 0)].tolist(), len(best)
