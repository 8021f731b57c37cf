"""Neurons of one feature and of several, in models of several widths and densities. Needs pandas, not torch.

A neuron's response to a feature alone, x_i = 1, is relu(W_ji); `measures.neurons` has the lines between the kinds.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float, Int

from superposition.exact.functions import power
from superposition.measures.neurons import monosemantic, polysemantic, responses
from superposition.measures.thresholds import NEURON_USED, REPRESENTED_NORM
from superposition.readings.kinds import is_plain
from superposition.readings.ranking import by_loss, ranked
from superposition.readings.results import NotInThisRun, Tables
from superposition.readings.solutions import SAME_DENSITY, SAME_IMPORTANCE


@dataclass(frozen=True)
class Neurons:
    """Of one model; see `measures.neurons`."""

    responses: Float[np.ndarray, "neuron feature"]
    mono: Bool[np.ndarray, " neuron"]
    poly: Bool[np.ndarray, " neuron"]
    represented: int  # features
    on: Float[np.ndarray, " neuron"]  # share of the data on which each is on

    @property
    def share(self) -> float:
        """Of polysemantic neurons among those that respond to anything."""
        return polysemantic_share(self.responses)

    @property
    def alone(self) -> np.ndarray:
        """Features that have a neuron of their own, once for each, by number from 1, the most important one."""
        return self.responses[self.mono].argmax(axis=1) + 1

    @property
    def shared(self) -> np.ndarray:
        """Features to which some polysemantic neuron responds, by number from 1."""
        return np.flatnonzero((self.responses[self.poly] > NEURON_USED).any(axis=0)) + 1


class Asked(NamedTuple):
    """Which models a claim is about: of independent features with importance `ratio`^i."""

    model: str
    n_features: int
    ratio: float
    densities: tuple[float, ...]  # that it needs


class Sufficient(NamedTuple):
    """Of models with a neuron for each feature, at one density."""

    loss: Float[np.ndarray, " model"]  # held-out
    mono: Int[np.ndarray, " model"]  # monosemantic neurons


Grid = dict[int, dict[float, Neurons]]  # by number of neurons, and by density from dense to sparse


def polysemantic_share(found: Float[np.ndarray, "neuron feature"]) -> float:
    """Of polysemantic neurons among those that respond to anything; 0 if none does. `found` are responses."""
    alone, shared = (int(np.count_nonzero(kind(found))) for kind in (monosemantic, polysemantic))
    return shared / (alone + shared) if alone + shared else 0.0


def grids(tables: Tables, asked: Asked) -> list[Grid]:
    """The models with the lowest loss at each width and density, those with the next one, ...

    Raises NotInThisRun unless several widths, one of them with a neuron for each feature, have such models at the same
    densities, those of `asked` among them.
    """
    n_features = asked.n_features
    rows = _matching(tables, asked)
    widths: list[int] = sorted(rows["n_hidden"].unique().tolist())
    densities: list[float] = sorted(rows["density"].unique().tolist(), reverse=True)
    groups = {m: by_loss(rows[rows["n_hidden"] == m], "density", densities) for m in widths}
    everywhere = all(own for group in groups.values() for own in group.values())
    if not everywhere or n_features not in widths or len(widths) < 2:
        raise NotInThisRun(f"the claim needs models with fewer neurons, and with {n_features}, at the same densities")
    if not all(any(np.isclose(s, wanted, rtol=SAME_DENSITY) for s in densities) for wanted in asked.densities):
        *others, last = (f"{s:g}" for s in asked.densities)
        raise NotInThisRun(f"the claim needs densities {', '.join(others)} and {last}")
    on = tables.hidden.sort_values(["instance", "hidden"]).groupby("instance")["active"].apply(np.array)
    models = {
        m: [{s: _neurons(tables, row, on) for s, row in sweep.items()} for sweep in ranked(group)]
        for m, group in groups.items()
    }
    return ranked(models)


def with_a_neuron_for_each(tables: Tables, asked: Asked) -> dict[float, Sufficient]:
    """All models with as many neurons as features, by density from dense to sparse; NotInThisRun if there are none."""
    rows = _matching(tables, asked)
    rows = rows[rows["n_hidden"] == asked.n_features].sort_values(["density", "instance"], ascending=[False, True])
    if rows.empty:
        raise NotInThisRun(f"the claim needs models with {asked.n_features} neurons")
    found = {}
    densities: list[float] = rows["density"].unique().tolist()
    for s in densities:
        models = rows[rows["density"] == s]
        kinds = [monosemantic(responses(tables.weights_of(int(number)))) for number in models["instance"]]
        mono = np.array([np.count_nonzero(kind) for kind in kinds])
        found[s] = Sufficient(models["loss"].to_numpy(), mono)
    return found


def _matching(tables: Tables, asked: Asked) -> pd.DataFrame:
    model, n_features, ratio, _ = asked
    if tables.n_features != n_features:
        raise NotInThisRun(f"the claim is about n = {n_features}; this run has n = {tables.n_features}")
    if not is_plain(tables):
        raise NotInThisRun("the claim is about independent features, with values of one sign")
    rows = tables.instances[(tables.instances["model"] == model) & tables.instances["density"].notna()]
    importance = tables.per_feature("importance", rows["instance"].to_numpy())
    curve = power(ratio, np.arange(n_features))
    rows = rows[np.isclose(importance / importance[:, :1], curve, rtol=SAME_IMPORTANCE, atol=0).all(axis=1)]
    if rows.empty:
        raise NotInThisRun(f"no {model} model with importance {ratio:g}^i in this run")
    return rows


def _neurons(tables: Tables, row: pd.Series, on: pd.Series) -> Neurons:
    instance = int(row["instance"])
    found = responses(tables.weights_of(instance))
    norms = tables.features_of(instance)["norm"].to_numpy()
    return Neurons(
        responses=found,
        mono=monosemantic(found),
        poly=polysemantic(found),
        represented=int(np.count_nonzero(norms > REPRESENTED_NORM)),
        on=np.asarray(on[instance])[: len(found)],
    )
