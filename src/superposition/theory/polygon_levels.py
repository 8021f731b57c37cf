"""Levels of the loss at regular polygons, where exactly one of c features is active (Chen et al. 2023, "Dynamical
versus Bayesian Phase Transitions in a Toy Model of Superposition").

Each feature is the active one as often, uniform on [0, 1]: what is left of sparse data as S -> 1. In a k-gon, k
features have one radius r and one bias b, at equal angles in the plane. The others have no weights, and their mean
1 / (2c) for a bias, which leaves their variance. They get no gradient from corners whose directions sum to 0, as those
of two or more do; so k-gons are critical points in all weights and biases where they are in r and b.

Losses are means over samples and features, as in tables; the paper's are sums over features.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
from jaxtyping import Float

from superposition.exact.functions import PI, cos
from superposition.exact.linear import minimise
from superposition.exact.sums import total
from superposition.theory.expected_loss import Minimum, anticorrelated, expected_loss, loss_and_gradients
from superposition.theory.losses import ignored
from superposition.theory.polytopes import polygon

NUDGE = 1e-6  # of a weight or bias: the loss has kinks in its second derivative, which leave slopes of this size


@dataclass(frozen=True)
class Level:
    """The loss of a regular polygon with its best radius and bias. Without corners there are no weights at all."""

    corners: int
    radius: float
    bias: float  # of the corners
    loss: float


def level(corners: int, n_features: int) -> Level:
    """L(k, c) for k corners among c features."""
    if not 0 <= corners <= n_features:
        raise ValueError(f"{corners} corners of {n_features} features")
    radius, bias = best_corners(corners)
    variance = float(ignored(np.array([1 / n_features]), np.ones(1))[0])
    loss = corners / n_features * corner_loss(radius * radius, bias, corners) + (n_features - corners) * variance
    return Level(corners, radius, bias, loss / n_features)


def weights(at: Level, n_features: int) -> tuple[Float[np.ndarray, "2 feature"], Float[np.ndarray, " feature"]]:
    """W and b there, the corners first."""
    W, b = np.zeros((2, n_features)), np.full(n_features, 0.5 / n_features)
    W[:, : at.corners], b[: at.corners] = at.radius * polygon(at.corners), at.bias
    return W, b


def steepest(at: Level, n_features: int) -> float:
    """Largest slope of the exact loss there, by any weight or bias; 0 up to about `NUDGE` at a critical point."""
    W, b = weights(at, n_features)
    parameters = np.concatenate([W.ravel(), b])
    nudged = parameters + NUDGE * np.stack([np.eye(len(parameters)), -np.eye(len(parameters))])  # [sign, which, value]
    up, down = _losses(nudged[..., : W.size].reshape(2, -1, *W.shape), nudged[..., W.size :])
    return float(np.abs(up - down).max() / (2 * NUDGE))


@cache
def best_corners(k: int) -> tuple[float, float]:
    """Radius and bias of k corners at which they have the least loss; neither depends on how many features there are.

    No two of up to four corners are less than 90 degrees apart, so that radius 1 without a bias has no loss at all.
    """
    if k <= 4:
        return 1.0, 0.0
    shape = polygon(k)

    def loss(at: np.ndarray) -> tuple[float, np.ndarray]:
        value, of_W, of_b = _loss_and_gradients(at[0] * shape, np.full(k, at[1]))
        return value, np.array([total(shape * of_W), total(of_b)])

    (radius, bias), _ = minimise(loss, np.array([1.2, -0.5]))
    return float(radius), float(bias)


def corner_loss(squared: float, bias: float, k: int) -> float:
    """Sum of squared errors at all k corners while one of them is active, mean over its value x; r^2 >= 1, b <= 0.

    That corner's own output is ReLU(r^2 x + b), open from x = -b / r^2 on. At a corner that is turned by t it is
    ReLU(r^2 cos(t) x + b), whose square has the mean (a + b)^3 / (3 a), a = r^2 cos(t), if a + b > 0, and else 0.
    """
    opens = min(1.0, -bias / squared)
    cubed = opens * opens * opens
    slope = 1 - squared  # of the error, slope x - b, where the output is open
    own = cubed / 3 + slope * slope * (1 - cubed) / 3 - slope * bias * (1 - opens * opens) + bias * bias * (1 - opens)
    along = squared * cos(2 * PI * np.arange(1, k) / k)
    heard = along[along + bias > 1e-9]  # cos(90 degrees) is 6e-17 in floating point
    over = heard + bias
    return float(own + total(over * over * over / (3 * heard)))


@cache
def shared_corner(n_features: int) -> Minimum:
    """The polygon of c - 1 corners, nearly regular, at one of which there are two features, the first and the last one.

    It is a saddle: nothing parts two features that are the same, but once one is longer, it takes the corner over. The
    loss is least in all weights and biases but the last feature's, which are the first one's.
    """
    own = n_features - 1
    W, b = weights(level(own, own), own)

    def loss(at: np.ndarray) -> tuple[float, np.ndarray]:
        value, of_W, of_b = _loss_and_gradients(*_doubled(at, own))
        of_W[:, 0] += of_W[:, -1]
        of_b[0] += of_b[-1]
        return value, np.concatenate([of_W[:, :-1].ravel(), of_b[:-1]])

    found, least = minimise(loss, np.concatenate([W.ravel(), b]))
    return Minimum(*_doubled(found, own), least)


def _doubled(parameters: np.ndarray, own: int) -> tuple[np.ndarray, np.ndarray]:
    """W and b with the first feature once more at the end."""
    W, b = parameters[: 2 * own].reshape(2, own), parameters[2 * own :]
    return np.hstack([W, W[:, :1]]), np.append(b, b[0])


def _losses(
    W: Float[np.ndarray, "*model 2 feature"], b: Float[np.ndarray, "*model feature"]
) -> Float[np.ndarray, "*model"]:
    """Exact, of one model or of several."""
    n_features = b.shape[-1]
    sums = expected_loss(W, b, np.ones(n_features), anticorrelated(n_features, n_features, 1.0))
    return np.asarray(sums / n_features)


def _loss_and_gradients(
    W: Float[np.ndarray, "2 feature"], b: Float[np.ndarray, " feature"]
) -> tuple[float, Float[np.ndarray, "2 feature"], Float[np.ndarray, " feature"]]:
    n_features = len(b)
    loss, of_W, of_b = loss_and_gradients(W, b, np.ones(n_features), anticorrelated(n_features, n_features, 1.0))
    return loss / n_features, of_W / n_features, of_b / n_features
