"""The expected loss of ReLU-output models with few features, and its minima ("The Geometry of Superposition").

The loss is E Sum_j I_j (x_j - ReLU(W_j . W x + b_j))^2, the sum over features; tables have its mean over features. It
is a sum over the groups of features that are active together, each as often as `groups` says, of means over their
values, uniform on [0, 1]. In one direction the integral is exact, in the others it is a Gauss-Legendre rule. Its
gradient is exact for that rule, so that a minimiser comes to rest. `W` is [hidden, feature], one direction per column.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from jaxtyping import Float
from scipy.optimize import minimize

# Of the rule in each direction but one, by the number of active features, at most six: larger groups are rarer.
NODES = {1: 1, 2: 24, 3: 10, 4: 6, 5: 4, 6: 4}


@dataclass(frozen=True)
class Group:
    """Features that are active together while all others are zero, and how often just they are."""

    features: tuple[int, ...]
    probability: float


@dataclass(frozen=True)
class Minimum:
    """A model in which the expected loss cannot be lowered by small changes."""

    W: Float[np.ndarray, "hidden feature"]
    b: Float[np.ndarray, " feature"]
    loss: float


def independent(density: Sequence[float]) -> list[Group]:
    """All groups of features that are active independently of each other; `density` has one number for each."""
    return _combined([[((), 1 - s), ((feature,), s)] for feature, s in enumerate(density)])


def correlated(n_features: int, size: int, density: float) -> list[Group]:
    """All groups of sets of `size` neighbours, of which all are active or none."""
    sets = [tuple(range(start, start + size)) for start in range(0, n_features, size)]
    return _combined([[((), 1 - density), (members, density)] for members in sets])


def anticorrelated(n_features: int, size: int, density: float) -> list[Group]:
    """All groups of sets of `size` neighbours, of which one is active, each as often, or none."""
    sets = [range(start, start + size) for start in range(0, n_features, size)]
    return _combined([[((), 1 - density), *[((member,), density / size) for member in members]] for members in sets])


def expected_loss(
    W: Float[np.ndarray, "*model hidden feature"],
    b: Float[np.ndarray, "*model feature"],
    importance: Float[np.ndarray, " feature"],
    groups: Sequence[Group],
) -> Float[np.ndarray, "*model"]:
    """Sum over features, of one model or of several."""
    return _loss_and_gradients(np.swapaxes(W, -1, -2) @ W, b, importance, groups)[0]


def minimum(
    W: Float[np.ndarray, "hidden feature"],
    b: Float[np.ndarray, " feature"],
    importance: Float[np.ndarray, " feature"],
    groups: Sequence[Group],
) -> Minimum:
    """Where L-BFGS gets to from a model.

    A feature without weights gets none: by symmetry it has no gradient. So a model that drops it is found by leaving it
    out, whether or not another one would be better.
    """
    shape, W_size = W.shape, W.size

    def loss(parameters: np.ndarray) -> tuple[float, np.ndarray]:
        W = parameters[:W_size].reshape(shape)
        total, of_gram, of_b = _loss_and_gradients(W.T @ W, parameters[W_size:], importance, groups)
        return float(total), np.concatenate([(W @ (of_gram + of_gram.T)).ravel(), of_b])

    start = np.concatenate([W.ravel(), b])
    found = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": 500, "ftol": 1e-12, "gtol": 1e-8})
    return Minimum(found.x[:W_size].reshape(shape), found.x[W_size:], float(found.fun))


def _combined(choices: Sequence[Sequence[tuple[tuple[int, ...], float]]]) -> list[Group]:
    """Of each set one choice, a tuple of active features with its probability, independently of the other sets."""
    groups = []
    for chosen in itertools.product(*choices):
        features = tuple(feature for members, _ in chosen for feature in members)
        groups.append(Group(features, float(np.prod([chance for _, chance in chosen]))))
    return [group for group in groups if group.probability > 0]


@cache
def _rule(directions: int, nodes: int) -> tuple[np.ndarray, np.ndarray]:
    """Points [point, direction] of the unit cube and their weights [point]."""
    points, weights = np.polynomial.legendre.leggauss(nodes)
    points, weights = (points + 1) / 2, weights / 2  # from [-1, 1] to [0, 1]
    grid = np.array(list(itertools.product(points, repeat=directions)))
    return grid, np.array(list(itertools.product(weights, repeat=directions))).prod(axis=1)


def _loss_and_gradients(
    gram: Float[np.ndarray, "*model feature feature"],
    b: Float[np.ndarray, "*model feature"],
    importance: Float[np.ndarray, " feature"],
    groups: Sequence[Group],
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The loss [*model], and its derivatives by gram[..., i, j], what feature i does to output j, and by b[..., j]."""
    total, of_gram, of_b = np.zeros(b.shape[:-1]), np.zeros_like(gram), np.zeros_like(b)
    for group in groups:
        if not group.features:
            excess = np.maximum(b, 0)
            total += group.probability * (excess**2 @ importance)
            of_b += group.probability * 2 * importance * excess
            continue
        first, *others = group.features
        grid, chance = _rule(len(others), NODES[len(group.features)])
        # Along the first feature's value t, outputs [*model, point, feature] are start + slope t, or 0 if negative, and
        # should be target + rate t.
        start = grid @ gram[..., others, :] + b[..., None, :]
        slope = gram[..., [first], :]
        target = np.zeros((len(grid), b.shape[-1]))
        target[:, others] = grid
        rate = np.zeros(b.shape[-1])
        rate[first] = 1.0
        with np.errstate(divide="ignore", invalid="ignore"):
            kink = np.clip(np.where(slope != 0, -start / slope, 0.0), 0, 1)
        low = np.where(slope > 0, kink, 0.0)
        high = np.where(slope > 0, 1.0, np.where(slope < 0, kink, (start > 0).astype(float)))
        weight = group.probability * chance[:, None] * importance
        total += (weight * (target**2 + target * rate + rate / 3)).sum()  # of outputs that are 0 for all t
        # Where the output is open the integrand is quadratic, its derivative cubic: two Gauss-Legendre nodes are exact.
        # The ends of that interval move as well, but there the integrand is 0.
        share = weight * (high - low) / 2
        for sign in (-1, 1):
            t = (low + high) / 2 + sign * (high - low) / 2 / 3**0.5
            wanted, output = target + rate * t, start + slope * t
            total += (share * output * (output - 2 * wanted)).sum(axis=(-1, -2))
            pull = 2 * share * (output - wanted)
            of_gram[..., others, :] += grid.T @ pull
            of_gram[..., first, :] += (pull * t).sum(axis=-2)
            of_b += pull.sum(axis=-2)
    return total, of_gram, of_b
