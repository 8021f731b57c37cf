"""What a layer of ReLU neurons without biases makes of one active feature (claims and figures of `error_power`,
`error_power_small` and `mixed_labels`).

Of y = W_out ReLU(W x), feature j alone at x > 0 gives x R_j, where R = W_out ReLU(W): the response is as large as x is.
Needs numpy and pandas, not torch.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from superposition.exact.linear import solve
from superposition.exact.sums import deviation, matmul, mean, total
from superposition.readings.kinds import is_important_alike, is_plain
from superposition.readings.ranking import by_loss, ranked
from superposition.readings.results import NotInThisRun, Tables
from superposition.readings.solutions import SAME_DENSITY

# Models by the power of the error that they are trained on.
MODELS = {"power_2": 2.0, "power_2_5": 2.5, "power_3": 3.0, "power_4": 4.0, "power_6": 6.0, "power_8": 8.0}
# Models by how much of the mixing matrix is in their labels.
MIXED = {"mixed_0": 0.0, "mixed_0_25": 0.25, "mixed_0_5": 0.5, "mixed_1": 1.0, "mixed_2": 2.0}
PART = 0.1  # of the largest contribution to a feature's own output, from which on a neuron is one of its codeword
SERVED = 1 / 6  # an error below half of doing nothing, 1/3


@dataclass(frozen=True)
class Layer:
    """One model. `W` is [hidden, feature], `W_out` [feature, hidden]; `loss` is its held-out squared error."""

    W: Float[np.ndarray, "hidden feature"]
    W_out: Float[np.ndarray, "feature hidden"]
    loss: float

    @property
    def responses(self) -> Float[np.ndarray, "output feature"]:
        """R: the outputs to each feature alone at 1, a column for each."""
        return matmul(self.W_out, np.maximum(self.W, 0.0))

    @property
    def errors(self) -> Float[np.ndarray, " feature"]:
        """Squared error of the own output of each feature alone, mean over x from 0 to 1: (1 - R_ii)^2 / 3."""
        return np.asarray(np.square(1 - np.diagonal(self.responses)) / 3)

    @property
    def codewords(self) -> Bool[np.ndarray, "feature hidden"]:
        """Which neurons make a feature's own output when it is active: from a tenth of the largest contribution on."""
        contributions = self.W_out * np.maximum(self.W, 0.0).T
        largest = contributions.max(axis=1, keepdims=True)
        return np.asarray((contributions >= PART * largest) & (largest > 0))


def layers(
    tables: Tables, n_features: int, n_hidden: int, named: Mapping[str, float] = MODELS
) -> dict[float, list[Layer]]:
    """The models of each power, or of what else names stand for, ascending, the lowest squared error first; raises
    NotInThisRun.
    """
    own = tables.instances
    if (tables.n_features, set(own["n_hidden"])) != (n_features, {n_hidden}):
        raise NotInThisRun(f"the claim is about n = {n_features}, m = {n_hidden}")
    if not has_layers(tables, named):
        models = ", ".join(named)
        raise NotInThisRun(f"the claim is about untied models named {models}, of signed features of one density")
    return {
        named[name]: [
            Layer(tables.weights_of(int(row["instance"])), tables.weights_out_of(int(row["instance"])), row["loss"])
            for row in by_loss(own, "model", [name])[name]
        ]
        for name in named
        if name in set(own["model"])
    }


def has_layers(tables: Tables, named: Mapping[str, float] = MODELS) -> bool:
    """Untied models, of these names, of independent signed features of one density that matter alike."""
    own = tables.instances
    return (
        set(own["model"]) <= named.keys()
        and is_plain(tables, "signed")
        and is_important_alike(tables)
        and own["density"].nunique() == 1
        and own["n_hidden"].nunique() == 1
        and bool(tables.weights["value_out"].notna().all())
    )


def variation(x: Float[np.ndarray, " feature"]) -> float:
    """Standard deviation over the mean; infinite if that is 0."""
    middle = float(mean(x))
    return float(deviation(x)) / abs(middle) if middle else np.inf


def from_projection(R: Float[np.ndarray, "feature feature"]) -> float:
    """min_s |s R - 1|^2 = n - (tr R)^2 / |R|^2: n - m of any multiple of a projection of rank m; n if R is 0."""
    squared, trace = float(total(np.square(R))), float(total(np.diagonal(R)))
    return len(R) - (trace * trace / squared if squared else 0.0)


def cosine_with_inverse(layer: Layer) -> float:
    """Of W_out and the pseudo-inverse of W, both as vectors; 0 where W has less than full rank."""
    try:
        inverse = solve(matmul(layer.W, layer.W.T), layer.W).T  # (W W^T)^-1 W, transposed
    except ArithmeticError:
        return 0.0
    lengths = float(np.sqrt(total(np.square(inverse)) * total(np.square(layer.W_out))))
    return float(total(inverse * layer.W_out)) / lengths if lengths else 0.0


def with_power(tables: Tables, power: float, shape: tuple[int, int], density: float | None = None) -> list[Layer]:
    """Those of one shape, features and neurons, and one power of the error, lowest loss first; of this density, if it
    matters.
    """
    found = layers(tables, *shape)
    _at(tables, density)
    if power not in found:
        raise NotInThisRun(f"no models of the power {power:g} in this run")
    return found[power]


def with_mixing(
    tables: Tables, shape: tuple[int, int], scales: Sequence[float], density: float
) -> list[dict[float, Layer]]:
    """Those of each rank, by how much of the mixing matrix is in their labels; of this density."""
    found = layers(tables, *shape, MIXED)
    _at(tables, density)
    if missing := [f"{scale:g}" for scale in scales if scale not in found]:
        raise NotInThisRun(f"no models with {', '.join(missing)} times the mixing matrix in this run")
    return ranked({scale: found[scale] for scale in scales})


def _at(tables: Tables, density: float | None) -> None:
    if density is not None and not np.isclose(density_of(tables), density, rtol=SAME_DENSITY):
        raise NotInThisRun(f"the claim is about features of density {density:g}")


def density_of(tables: Tables) -> float:
    """The first one, of experiments that have one."""
    return float(tables.instances["density"].iloc[0])


def loss_of_half(tables: Tables, share: float) -> float:
    """Squared error of this share of features, mean over all: of values from -1 to 1, ReLU(x)^2 has a mean of 1/6."""
    return density_of(tables) / 6 * share
