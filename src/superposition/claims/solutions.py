"""The trained models that a claim is about: picked out of an experiment's tables, and judged one by one."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import pandas as pd

from superposition.claims.claim import Finding, NotTested
from superposition.exact.functions import power
from superposition.exact.sums import matmul
from superposition.measures.results import Tables

Model = TypeVar("Model")  # whatever a claim judges as one: a solution, or all those of one seed

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


@dataclass(frozen=True)
class Judged:
    """Whether one model shows what is claimed, the number to tell models apart by, and what to say of it."""

    holds: bool
    number: int | float
    text: str


def densities(tables: Tables, setting: Setting) -> list[float]:
    """The densities at which an experiment trained such models, from dense to sparse."""
    return sorted(_matching(tables, setting)["density"].unique().tolist(), reverse=True)


def solutions(tables: Tables, setting: Setting, density: float) -> list[Solution]:
    """The models at one density, lowest loss first."""
    matching = _matching(tables, setting)
    here = matching[np.isclose(matching["density"], density, rtol=SAME_DENSITY)]
    if here.empty:
        present = ", ".join(f"{present:g}" for present in sorted(matching["density"].unique(), reverse=True))
        raise NotTested(f"no {setting.model} model at density {density:g} in this run, only at {present}")
    ordered = tables.instances.merge(here, on="instance").sort_values(["loss", "seed"])
    return [_solution(tables, row) for _, row in ordered.iterrows()]


def over_seeds(found: Sequence[Model], judge: Callable[[Model], Judged], unit: str) -> Finding:
    """The verdict on the first, which has the lowest loss, and how many of all do like it."""
    judged = [judge(solution) for solution in found]
    return Finding("holds" if judged[0].holds else "fails", judged[0].text, f"{_agreeing(judged)} {unit}")


def over_densities(
    tables: Tables, setting: Setting, wanted: Sequence[float], judge: Callable[[float, Solution], Judged], unit: str
) -> Finding:
    """As `over_seeds`, at each of several densities: it holds if it holds at all of them."""
    judged = {s: [judge(s, solution) for solution in solutions(tables, setting, s)] for s in wanted}
    return Finding(
        verdict="holds" if all(seeds[0].holds for seeds in judged.values()) else "fails",
        measured="; ".join(f"{s:g}: {seeds[0].text}" for s, seeds in judged.items()),
        spread="; ".join(f"{s:g}: {_agreeing(seeds)}" for s, seeds in judged.items()) + f" {unit}",
    )


def extra(tables: Tables, name: str) -> pd.DataFrame:
    """A table that an experiment has only if its `measures` ask for it."""
    if name not in tables.extra:
        raise NotTested(f"this run did not measure {name}: its measures.{name} is null")
    return tables.extra[name]


def _agreeing(judged: Sequence[Judged]) -> str:
    numbers = [one.number for one in judged]
    lowest, highest = f"{min(numbers):.3g}", f"{max(numbers):.3g}"
    span = lowest if lowest == highest else f"{lowest} to {highest}"
    return f"{sum(bool(one.holds) for one in judged)} of {len(judged)} seeds, {span}"


def _matching(tables: Tables, setting: Setting) -> pd.DataFrame:
    """Instance and density of those instances of the claim's setting whose features all have the same density."""
    shape = (tables.n_features, tables.n_hidden)
    if shape != (setting.n_features, setting.n_hidden):
        raise NotTested(
            f"the claim is about n = {setting.n_features}, m = {setting.n_hidden}; "
            f"this run has n = {shape[0]}, m = {shape[1]}"
        )
    of_model = tables.instances["model"] == setting.model
    if not of_model.any():
        raise NotTested(f"no {setting.model} model in this run")
    own = tables.instances[of_model & (tables.instances["sets"] == setting.sets)]["instance"].to_numpy()
    importance, density = (tables.per_feature(column, own) for column in ("importance", "density"))
    curve = power(setting.importance_ratio, np.arange(setting.n_features))
    curves = np.isclose(importance / importance[:, :1], curve, rtol=1e-3, atol=0).all(axis=1)
    rows = pd.DataFrame({"instance": own, "density": density[:, 0]})[curves & (density == density[:, :1]).all(axis=1)]
    if rows.empty:
        raise NotTested(f"no {setting.model} model with importance {setting.importance_ratio:g}^i in this run")
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
