"""Trained models of one setting, picked out of an experiment's tables: for claims and figures."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from superposition.exact.functions import power
from superposition.exact.sums import matmul
from superposition.measures.thresholds import REPRESENTED_NORM
from superposition.readings.kinds import OF_MODEL, is_plain
from superposition.readings.ranking import ranked
from superposition.readings.results import NotInThisRun, Tables

# The paper labels its panels with rounded densities, and 1 - 0.997 is not 0.003 to the last bit.
SAME_DENSITY = 1e-3
SAME_IMPORTANCE = 1e-3  # relative


@dataclass(frozen=True)
class Setting:
    """What a claim says about its experiment besides the density. Importance is `ratio`^i, up to a common factor."""

    model: str
    n_features: int
    n_hidden: int
    importance_ratio: float
    sets: str = "independent"
    set_size: int = 1

    @property
    def kind_of_values(self) -> str:
        """Of features that are not 0."""
        return OF_MODEL.get(self.model, "unit")


@dataclass(frozen=True)
class Solution:
    """One trained model. `W` is [hidden, feature], `W_out` [feature, hidden]; all other arrays are [feature]."""

    W: np.ndarray
    W_out: np.ndarray  # W^T in tied models
    norms: np.ndarray
    superposition: np.ndarray
    b: np.ndarray
    represented: int
    dedicated: int
    loss: float  # held-out

    @property
    def gram(self) -> np.ndarray:
        return matmul(self.W.T, self.W)


def densities(tables: Tables, setting: Setting) -> list[float]:
    """The densities at which an experiment trained such models, from dense to sparse."""
    return sorted(matching(tables, setting)["density"].unique().tolist(), reverse=True)


def solutions(tables: Tables, setting: Setting, density: float) -> list[Solution]:
    """The models at one density, lowest loss first."""
    return [solution(tables, row) for _, row in instances_at(tables, setting, density).iterrows()]


def by_density(tables: Tables, setting: Setting, wanted: Iterable[float] | None = None) -> list[dict[float, Solution]]:
    """The models with the lowest loss at each density, those with the next one, ...; at all densities, from dense to
    sparse, or at those that are wanted.
    """
    present = densities(tables, setting) if wanted is None else wanted
    return ranked({s: solutions(tables, setting, s) for s in present})


def instances_at(tables: Tables, setting: Setting, density: float) -> pd.DataFrame:
    """Their rows in the table of instances."""
    own = matching(tables, setting)
    here = own[np.isclose(own["density"], density, rtol=SAME_DENSITY)]
    if here.empty:
        present = ", ".join(f"{present:g}" for present in sorted(own["density"].unique(), reverse=True))
        raise NotInThisRun(f"no {setting.model} model at density {density:g} in this run, only at {present}")
    return here.sort_values(["loss", "seed"])


def represented_on_the_way(tables: Tables, setting: Setting, density: float) -> pd.DataFrame:
    """How many features models at one density represent [step of a snapshot, instance], by their norms."""
    own = tables.learning[tables.learning["instance"].isin(instances_at(tables, setting, density)["instance"])]
    represented = own.assign(represented=own["norm"] > REPRESENTED_NORM)
    return represented.pivot_table(index="step", columns="instance", values="represented", aggfunc="sum")


def measured_at(tables: Tables, setting: Setting, density: float, measure: str) -> pd.DataFrame:
    """`instances_at` with the columns of a table that a measure made, which has a row per instance."""
    return instances_at(tables, setting, density).merge(extra(tables, measure), on="instance", how="left")


def extra(tables: Tables, name: str) -> pd.DataFrame:
    """A table that an experiment has only if its `measures` ask for it."""
    if name not in tables.extra:
        raise NotInThisRun(f"this run did not measure {name}: its measures.{name} is null")
    return tables.extra[name]


def matching(tables: Tables, setting: Setting) -> pd.DataFrame:
    """Those instances of a setting whose features all have the same density."""
    of_width = of_shape(tables, setting.n_features, setting.n_hidden)
    of_model = of_width[of_width["model"] == setting.model]
    if of_model.empty:
        raise NotInThisRun(f"no {setting.model} model in this run")
    if set(of_model["values"]) != {setting.kind_of_values}:
        raise NotInThisRun(f"the claim is about {setting.kind_of_values} values of features")
    own = of_model[(of_model["sets"] == setting.sets) & (of_model["set_size"] == setting.set_size)]
    importance, density = (
        tables.per_feature(column, own["instance"].to_numpy()) for column in ("importance", "density")
    )
    curve = power(setting.importance_ratio, np.arange(setting.n_features))
    curves = np.isclose(importance / importance[:, :1], curve, rtol=SAME_IMPORTANCE, atol=0).all(axis=1)
    rows = own.assign(density=density[:, 0])[curves & (density == density[:, :1]).all(axis=1)]
    if rows.empty:
        sets = "" if setting.sets == "independent" else f" of {setting.sets} sets of {setting.set_size}"
        raise NotInThisRun(f"no {setting.model} model{sets} with importance {setting.importance_ratio:g}^i in this run")
    return rows


def importance_ratios(tables: Tables, instances: np.ndarray) -> np.ndarray:
    """Importance of each instance's features from one to the next, [instance]; NaN where it is not a power of one."""
    importance = tables.per_feature("importance", instances)
    ratios = importance[:, 1] / importance[:, 0] if importance.shape[1] > 1 else np.ones(len(importance))
    curves = power(ratios[:, None], np.arange(importance.shape[1]))
    geometric = np.isclose(importance / importance[:, :1], curves, rtol=SAME_IMPORTANCE, atol=0).all(axis=1)
    return np.where(geometric, ratios, np.nan)


def of_shape(tables: Tables, n_features: int, n_hidden: int) -> pd.DataFrame:
    """The instances of so many features in so many hidden dimensions; others may have been trained beside them."""
    own = tables.instances[tables.instances["n_hidden"] == n_hidden]
    if tables.n_features != n_features or own.empty:
        widths = ", ".join(map(str, sorted(tables.instances["n_hidden"].unique().tolist())))
        raise NotInThisRun(
            f"the claim is about n = {n_features}, m = {n_hidden}; this run has n = {tables.n_features}, m = {widths}"
        )
    return own


def differing_in(tables: Tables, axis: str, shape: tuple[int, int], density: float, ratio: float) -> pd.DataFrame:
    """All instances of a run whose models differ in one number of theirs alone, of plain features; else NotInThisRun.

    `shape` is n_features and n_hidden, all features have one density, and importance is `ratio`^i.
    """
    own = of_shape(tables, *shape)
    curve = power(ratio, np.arange(shape[0]))
    importance = tables.per_feature("importance", tables.instances["instance"].to_numpy())
    if len(own) < len(tables.instances) or own["point"].nunique() != own[axis].nunique():
        raise NotInThisRun(f"the claim is about models that differ in nothing but their {axis}")
    if not is_plain(tables) or not np.isclose(tables.features["density"], density, rtol=SAME_DENSITY).all():
        raise NotInThisRun(f"the claim is about independent features of density {density:g}")
    if not np.isclose(importance / importance[:, :1], curve, rtol=SAME_IMPORTANCE, atol=0).all():
        raise NotInThisRun(f"the claim is about importance {ratio:g}^i")
    return own


def solution(tables: Tables, row: pd.Series) -> Solution:
    """The model of one row of the table of instances."""
    instance = int(row["instance"])
    features = tables.features_of(instance)
    return Solution(
        W=tables.weights_of(instance),
        W_out=tables.weights_out_of(instance),
        norms=features["norm"].to_numpy(),
        superposition=features["superposition"].to_numpy(),
        b=features["bias"].to_numpy(),
        represented=int(row["n_represented"]),
        dedicated=int(row["n_dedicated"]),
        loss=float(row["loss"]),
    )
