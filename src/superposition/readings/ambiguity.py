"""From counts of explanations to what is said of them: how often there are rivals, and what goes with them.

Of vectors with at most as many active features as dimensions. If more are active, their directions are dependent, and
some of them can always be done without.

Needs numpy, not torch.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from superposition.exact.sums import mean, total
from superposition.readings.kinds import is_important_alike, is_plain
from superposition.readings.ranking import by_loss, ranked
from superposition.readings.results import NotInThisRun, Tables
from superposition.readings.solutions import SAME_DENSITY, extra

LEAST_VECTORS = 20  # of a kind, of which an error is said: fewer give it to 10% at best
RIVALS = {False: "unique", True: "rivals"}  # whether a vector has other explanations than the true one


class Asked(NamedTuple):
    """Which models a claim is about: relu_output, of equally important features of one density, at several widths."""

    n_features: int
    widths: Sequence[int]  # numbers of hidden dimensions
    density: float


class Ambiguity(NamedTuple):
    """Of vectors with so many active features: the share that has rivals, and the mean number of explanations."""

    rivals: float
    explanations: float


def ambiguities(tables: Tables, asked: Asked, active: Sequence[int]) -> list[dict[int, dict[int, Ambiguity]]]:
    """By width and number of active features, of the models with the lowest loss at each width, the next ones, ...

    Raises NotInThisRun where these models, or vectors with these numbers of active features, are not there.
    """
    extra(tables, "explanations")
    rows = by_active(tables)
    return [{m: _ambiguity(own) for m, own in sweep.items()} for sweep in _sweeps(tables, rows, asked, active)]


def _ambiguity(rows: pd.DataFrame) -> dict[int, Ambiguity]:
    known = zip(rows["active"], rows["rivals"], rows["explanations"], strict=True)
    return {int(k): Ambiguity(float(rivals), float(explanations)) for k, rivals, explanations in known}


def times_lost(tables: Tables, asked: Asked, active: Sequence[int]) -> list[dict[int, dict[int, float]]]:
    """As `ambiguities`, by number of active features from 2 on: the error of vectors with rivals over that of those
    without, where both are known of enough vectors.
    """
    extra(tables, "explanations")
    rows = lost(tables)
    return [{m: _times_lost(own) for m, own in sweep.items()} for sweep in _sweeps(tables, rows, asked, active)]


def _times_lost(rows: pd.DataFrame) -> dict[int, float]:
    known = rows[(rows["vectors"] >= LEAST_VECTORS) & (rows["active"] > 1) & (rows["lost"] > 0)]
    errors = {
        kind: {int(k): float(e) for k, e in zip(own["active"], own["lost"], strict=True)}
        for kind, own in known.groupby("kind")
    }
    with_rivals, unique = (errors.get(kind, {}) for kind in ("rivals", "unique"))
    return {k: with_rivals[k] / unique[k] for k in sorted(with_rivals.keys() & unique.keys())}


def _sweeps(tables: Tables, rows: pd.DataFrame, asked: Asked, active: Sequence[int]) -> list[dict[int, pd.DataFrame]]:
    if set(tables.instances["model"]) != {"relu_output"} or not is_plain(tables) or not is_important_alike(tables):
        raise NotInThisRun("the claim is about relu_output models of independent, equally important features")
    if tables.n_features != asked.n_features or not set(asked.widths) <= set(rows["n_hidden"]):
        widths = ", ".join(map(str, asked.widths))
        raise NotInThisRun(f"the claim is about {asked.n_features} features in {widths} dimensions")
    if not set(active) <= set(rows["active"]):
        raise NotInThisRun(f"the claim needs samples of {', '.join(map(str, active))} active features")
    if tables.instances["point"].nunique() != tables.instances["n_hidden"].nunique():
        raise NotInThisRun("the claim is about models that differ in nothing but their width")
    if not np.allclose(tables.features["density"], asked.density, rtol=SAME_DENSITY):
        raise NotInThisRun(f"the claim is about models of features with density {asked.density:g}")
    models = ranked(by_loss(tables.instances, "n_hidden", asked.widths))
    return [{int(m): rows[rows["instance"] == one["instance"]] for m, one in sweep.items()} for sweep in models]


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
