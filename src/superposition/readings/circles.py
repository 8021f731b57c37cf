"""Features on a ring, of which neighbours are active together: their directions, and what these have of the data.

For claims and figures of `circles` and `circles_weak`.

Prieto et al. 2026, "From Data Statistics to Feature Geometry", have such data, and independent features of the same
density beside them. All values are 1. Needs numpy and pandas, not torch.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float

from superposition.exact.functions import arctan2
from superposition.exact.sums import matmul, mean, total
from superposition.readings.kinds import is_important_alike
from superposition.readings.ranking import ranked
from superposition.readings.results import NotInThisRun, Tables
from superposition.theory.angles import cosines

RING, INDEPENDENT = "ring of width ", "independent"  # kinds of sets in the table of instances
SHORT = 1e-3  # a length that is none


@dataclass(frozen=True)
class Model:
    """One model. `W` is [hidden, feature]; `width` is the ring's, 0 of independent features."""

    W: Float[np.ndarray, "hidden feature"]
    density: float
    width: float

    @property
    def is_in_order(self) -> bool:
        """Whether in the plane each feature is next to its neighbours on the ring, in either sense.

        Features of one direction, or of none, are in no order.
        """
        angles = arctan2(self.W[1], self.W[0])
        order = np.argsort(angles, kind="stable")
        apart = bool((np.diff(angles[order]) > 0).all())
        lengths = total(np.square(self.W), axis=0)
        steps = set((np.diff(order, append=order[:1]) % len(order)).tolist())
        return apart and bool((lengths > SHORT * SHORT).all()) and steps in ({1}, {len(order) - 1})

    @property
    def neighbours(self) -> float:
        """Mean cosine of neighbours on the ring, the last of which is next to the first."""
        return float(mean(np.diagonal(np.roll(cosines(self.W), -1, axis=1))))

    @property
    def together(self) -> Float[np.ndarray, "feature feature"]:
        """How often two different features are active in one sample.

        On a ring both are near to the hidden point in as much of it as their arcs, of twice the width, have in common.
        """
        n = self.W.shape[1]
        if not self.width:
            return np.full((n, n), self.density * self.density)
        apart = np.abs(np.arange(n)[:, None] - np.arange(n))
        apart = np.minimum(apart, n - apart)
        arc = 2 * self.width
        common = np.maximum(arc - apart, 0.0) + np.maximum(arc - (n - apart), 0.0)
        near = self.density * n / arc
        return np.asarray(near * near * common / n)

    @property
    def interference(self) -> float:
        """What other active features add to an output while its own is active: mean of sum_j != i (W_i . W_j) x_j."""
        others = ~np.eye(self.W.shape[1], dtype=bool)
        added = matmul(self.W.T, self.W) * self.together * others / self.density
        return float(mean(total(added, axis=1)))

    @property
    def agreement(self) -> float:
        """Correlation over pairs of W_i . W_j with the covariance of the two features; 0 where either is constant."""
        pairs = ~np.eye(self.W.shape[1], dtype=bool)
        products, covariance = matmul(self.W.T, self.W)[pairs], self.together[pairs] - self.density * self.density
        a, b = products - mean(products), covariance - mean(covariance)
        lengths = float(np.sqrt(total(a * a) * total(b * b)))
        return float(total(a * b)) / lengths if lengths else 0.0


def has_circles(tables: Tables) -> bool:
    """One model, of features of value 1, density and importance alike, on one ring or independent."""
    own = tables.instances
    kinds = set(own["sets"])
    rings = own[own["sets"] != INDEPENDENT]
    return (
        own["model"].nunique() == 1
        and set(own["values"]) == {"constant"}
        and own["density"].nunique() == 1
        and bool(own["density"].notna().all())
        and is_important_alike(tables)
        and len(kinds) == 2
        and all(kind == INDEPENDENT or kind.startswith(RING) for kind in kinds)
        and set(rings["set_size"]) == {tables.n_features}
    )


def models(tables: Tables) -> dict[int, dict[bool, list[Model]]]:
    """By number of hidden dimensions, ascending: models of ring data (True) and of independent features (False), the
    lowest loss first; raises NotInThisRun.
    """
    if not has_circles(tables):
        raise NotInThisRun("the claim is about features of value 1 on one ring, beside independent ones")
    own = tables.instances.sort_values(["loss", "seed"])
    found: dict[int, dict[bool, list[Model]]] = {}
    for m in sorted(own["n_hidden"].unique().tolist()):
        rows = own[own["n_hidden"] == m]
        found[m] = {
            on_ring: [_model(tables, row) for row in rows.to_dict("records") if (row["sets"] != INDEPENDENT) == on_ring]
            for on_ring in (True, False)
        }
    return found


def _model(tables: Tables, row: dict[Any, Any]) -> Model:
    kind = row["sets"]
    width = float(kind.removeprefix(RING)) if kind.startswith(RING) else 0.0
    return Model(tables.weights_of(row["instance"]), row["density"], width)


def in_dimensions(tables: Tables, n_features: int, m: int) -> dict[bool, list[Model]]:
    """Those of this many features and hidden dimensions, whether on a ring or not."""
    if tables.n_features != n_features:
        raise NotInThisRun(f"the claim is about {n_features} features; this run has {tables.n_features}")
    found = models(tables)
    if m not in found or not all(found[m].values()):
        raise NotInThisRun(f"no models with {m} hidden dimensions in this run")
    return found[m]


def beside_independent(tables: Tables, n_features: int, m: int) -> list[dict[bool, Model]]:
    """The models of each rank, on a ring and not."""
    return ranked(in_dimensions(tables, n_features, m))


def at_widths(tables: Tables, n_features: int, widths: Sequence[int]) -> list[dict[int, Model]]:
    """The models of each rank on a ring, by hidden dimensions."""
    return ranked({m: in_dimensions(tables, n_features, m)[True] for m in widths})


def agreements(tables: Tables, n_features: int, widths: Sequence[int]) -> dict[int, float]:
    """How much of the data models of each width have, mean of those on a ring."""
    return {m: float(mean([one.agreement for one in in_dimensions(tables, n_features, m)[True]])) for m in widths}
