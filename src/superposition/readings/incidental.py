"""Neurons that several features end on by chance (claims and figures of `incidental_polysemanticity`).

Lecomte et al. 2023, "What Causes Polysemanticity?", have tied models with at least as many neurons as features, and a
penalty on |h| that makes weights sparse. A feature is on a neuron if its weight there is larger than 1/2 in size: it
starts with many small weights, and ends with one of 1. Needs numpy and pandas, not torch.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

from superposition.readings.results import NotInThisRun, Tables

ON = 0.5  # weight of a feature on a neuron


@dataclass(frozen=True)
class Run:
    """One model: its weights at the end and before the first step, [hidden, feature]."""

    W: Float[np.ndarray, "hidden feature"]
    first: Float[np.ndarray, "hidden feature"]

    @property
    def on(self) -> Bool[np.ndarray, "hidden feature"]:
        return np.asarray(np.abs(self.W) > ON)

    @property
    def shared(self) -> Int[np.ndarray, " shared"]:
        """Neurons with more than one feature."""
        return np.flatnonzero(np.count_nonzero(self.on, axis=1) > 1)

    @property
    def opposite(self) -> int:
        """How many shared neurons have two features, one with a positive and one with a negative weight."""
        positive, negative = (np.count_nonzero(sign * self.W > ON, axis=1) for sign in (1, -1))
        return int(np.count_nonzero((positive == 1) & (negative == 1)))

    @property
    def settled(self) -> Bool[np.ndarray, " feature"]:
        """Features on just one neuron."""
        return np.asarray(np.count_nonzero(self.on, axis=0) == 1)

    @property
    def as_at_first(self) -> Bool[np.ndarray, " feature"]:
        """Features that are on just one neuron, the one that they had the largest weight on before training."""
        return self.settled & (np.abs(self.W).argmax(axis=0) == np.abs(self.first).argmax(axis=0))


def has_runs(tables: Tables) -> bool:
    """One penalised model, one feature of value 1 active at a time, no fewer neurons than features, first weights."""
    own, n = tables.instances, tables.n_features
    return (
        own["model"].nunique() == 1
        and bool((own["hidden_l1"] > 0).all())
        and set(own["values"]) == {"constant"}
        and (set(own["sets"]), set(own["set_size"]), set(own["sparsity"])) == ({"anticorrelated"}, {n}, {0.0})
        and bool((own["n_hidden"] >= n).all())
        and not tables.trajectories.empty
    )


def runs(tables: Tables) -> dict[int, list[Run]]:
    """Of each number of neurons, ascending, all models; raises NotInThisRun."""
    if not has_runs(tables):
        raise NotInThisRun(
            "the claim is about a penalised model of no fewer neurons than features, of which one is active at a time "
            "with a value of 1, and about weights before the first step, which are kept of small experiments only"
        )
    rows = tables.instances.sort_values(["n_hidden", "seed"])
    return {
        m: [_run(tables, instance) for instance in rows[rows["n_hidden"] == m]["instance"].tolist()]
        for m in sorted(rows["n_hidden"].unique().tolist())
    }


def by_chance(n_features: int, n_hidden: int) -> float:
    """Neurons that two features end on if each takes one at random: n^2/4m (Lecomte et al. 2023).

    Of n (n - 1) / 2 pairs one in m is on the same neuron, and half of those have opposite signs and can stay; the
    other half drive each other away.
    """
    return n_features * (n_features - 1) / (4 * n_hidden)


def _run(tables: Tables, instance: int) -> Run:
    steps, path = tables.trajectory_of(instance)
    return Run(tables.weights_of(instance), path[int(np.argmin(steps))])


def with_room(tables: Tables, n_features: int, ratio: int) -> dict[int, list[Run]]:
    """Those of so many features, by how many neurons they have: at least `ratio` for each feature."""
    if tables.n_features != n_features:
        raise NotInThisRun(f"the claim is about {n_features} features; this run has {tables.n_features}")
    found = {m: own for m, own in runs(tables).items() if m >= ratio * n_features}
    if not found:
        raise NotInThisRun(f"the claim is about at least {ratio * n_features} neurons")
    return found
