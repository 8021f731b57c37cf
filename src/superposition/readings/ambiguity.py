"""From counts of explanations to what is said of them: how often there are rivals, and what goes with them.

Of vectors with at most as many active features as dimensions. If more are active, their directions are dependent, and
some of them can always be done without.

Needs numpy, not torch.
"""

import pandas as pd

from superposition.exact.sums import mean, total
from superposition.readings.results import Tables

LEAST_VECTORS = 20  # of a kind, of which an error is said: fewer give it to 10% at best
RIVALS = {False: "unique", True: "rivals"}  # whether a vector has other explanations than the true one


def by_active(tables: Tables) -> pd.DataFrame:
    """One row per instance and number of active features: `rivals`, the share of vectors that have any,
    `explanations`, their mean number, and n_hidden, seed, best and loss of the instance.
    """
    own = _within_dimensions(tables)
    grouped = own.assign(rivals=own["rivals"] > 0).groupby(["instance", "active"])[["rivals", "explanations"]]
    return grouped.agg(_mean).reset_index().merge(_instances(tables), on="instance")


def lost(tables: Tables) -> pd.DataFrame:
    """One row per instance, number of active features and kind of vector, `unique` or `rivals`: `lost`, the squared
    error of its vectors over the sum of their squared features, and `vectors`, how many those are.
    """
    own = _within_dimensions(tables)
    kind = (own["rivals"] > 0).map(RIVALS).rename("kind")
    grouped = own.groupby(["instance", "active", kind])
    sums = grouped[["error", "power"]].agg(_total).assign(vectors=grouped.size())
    sums["lost"] = sums["error"] / sums["power"]
    return sums.reset_index()[["instance", "active", "kind", "lost", "vectors"]].merge(
        _instances(tables), on="instance"
    )


def _within_dimensions(tables: Tables) -> pd.DataFrame:
    own = tables.extra["explanations"]
    return own[own["active"] <= own["instance"].map(tables.instances.set_index("instance")["n_hidden"])]


def _instances(tables: Tables) -> pd.DataFrame:
    return tables.instances[["instance", "n_hidden", "seed", "best", "loss"]]


def _mean(values: pd.Series) -> float:
    return float(mean(values))


def _total(values: pd.Series) -> float:
    return float(total(values))
