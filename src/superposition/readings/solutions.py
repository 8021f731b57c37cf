"""Trained models of one setting, picked out of an experiment's tables: for claims and figures."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from superposition.exact.functions import power
from superposition.exact.sums import matmul
from superposition.readings.results import NotInThisRun, Tables

# The paper labels its panels with rounded densities, and 1 - 0.997 is not 0.003 to the last bit.
SAME_DENSITY = 1e-3


@dataclass(frozen=True)
class Setting:
    """What a claim says about its experiment besides the density. Importance is `ratio`^i, up to a common factor."""

    model: str
    n_features: int
    n_hidden: int
    importance_ratio: float
    sets: str = "independent"


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
    return [_solution(tables, row) for _, row in instances_at(tables, setting, density).iterrows()]


def instances_at(tables: Tables, setting: Setting, density: float) -> pd.DataFrame:
    """Their rows in the table of instances."""
    own = matching(tables, setting)
    here = own[np.isclose(own["density"], density, rtol=SAME_DENSITY)]
    if here.empty:
        present = ", ".join(f"{present:g}" for present in sorted(own["density"].unique(), reverse=True))
        raise NotInThisRun(f"no {setting.model} model at density {density:g} in this run, only at {present}")
    return here.sort_values(["loss", "seed"])


def extra(tables: Tables, name: str) -> pd.DataFrame:
    """A table that an experiment has only if its `measures` ask for it."""
    if name not in tables.extra:
        raise NotInThisRun(f"this run did not measure {name}: its measures.{name} is null")
    return tables.extra[name]


def matching(tables: Tables, setting: Setting) -> pd.DataFrame:
    """Those instances of a setting whose features all have the same density."""
    shape = (tables.n_features, tables.n_hidden)
    if shape != (setting.n_features, setting.n_hidden):
        raise NotInThisRun(
            f"the claim is about n = {setting.n_features}, m = {setting.n_hidden}; "
            f"this run has n = {shape[0]}, m = {shape[1]}"
        )
    of_model = tables.instances["model"] == setting.model
    if not of_model.any():
        raise NotInThisRun(f"no {setting.model} model in this run")
    own = tables.instances[of_model & (tables.instances["sets"] == setting.sets)]
    importance, density = (
        tables.per_feature(column, own["instance"].to_numpy()) for column in ("importance", "density")
    )
    curve = power(setting.importance_ratio, np.arange(setting.n_features))
    curves = np.isclose(importance / importance[:, :1], curve, rtol=1e-3, atol=0).all(axis=1)
    rows = own.assign(density=density[:, 0])[curves & (density == density[:, :1]).all(axis=1)]
    if rows.empty:
        sets = "" if setting.sets == "independent" else f" of {setting.sets} sets"
        raise NotInThisRun(f"no {setting.model} model{sets} with importance {setting.importance_ratio:g}^i in this run")
    return rows


def _solution(tables: Tables, row: pd.Series) -> Solution:
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
