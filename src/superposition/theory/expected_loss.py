"""The expected loss of ReLU-output models with few features, and its minima ("The Geometry of Superposition").

The loss is E Sum_j I_j (x_j - ReLU(W_j . W x + b_j))^2, the sum over features; tables have its mean over features. It
is a sum over the groups of features that are active together, each as often as `groups` says, of means over their
values, uniform on [0, 1]. In one direction the integral is exact, in the others it is a Gauss-Legendre rule. Its
gradient is exact for that rule, so that a minimiser comes to rest. `W` is [hidden, feature], one direction per column.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np
from jaxtyping import Float

from superposition.exact.linear import minimise
from superposition.exact.sums import dot, matmul, product, total
from superposition.theory.quadrature import cube_rule

# Of the rule in each direction but one, by the number of active features, at most six: larger groups are rarer.
NODES = {1: 1, 2: 24, 3: 10, 4: 6, 5: 4, 6: 4}

SLOPE = 1e-8  # largest one by any weight or bias at a minimum


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
    return _loss_and_gradients(matmul(np.swapaxes(W, -1, -2), W), b, importance, groups)[0]


def loss_and_gradients(
    W: Float[np.ndarray, "hidden feature"],
    b: Float[np.ndarray, " feature"],
    importance: Float[np.ndarray, " feature"],
    groups: Sequence[Group],
) -> tuple[float, Float[np.ndarray, "hidden feature"], Float[np.ndarray, " feature"]]:
    """Of one model, by its weights and by its biases."""
    loss, of_gram, of_b = _loss_and_gradients(matmul(W.T, W), b, importance, groups)
    return float(loss), matmul(W, of_gram + of_gram.T), of_b


def minimum(
    W: Float[np.ndarray, "hidden feature"],
    b: Float[np.ndarray, " feature"],
    importance: Float[np.ndarray, " feature"],
    groups: Sequence[Group],
) -> Minimum:
    """Where descent gets to from a model.

    A feature without weights gets none: by symmetry it has no gradient. So a model that drops it is found by leaving it
    out, whether or not another one would be better.
    """
    shape, W_size = W.shape, W.size

    def loss(parameters: np.ndarray) -> tuple[float, np.ndarray]:
        W, b = parameters[:W_size].reshape(shape), parameters[W_size:]
        value, of_W, of_b = loss_and_gradients(W, b, importance, groups)
        return value, np.concatenate([of_W.ravel(), of_b])

    found, least = minimise(loss, np.concatenate([W.ravel(), b]), gradient_below=SLOPE)
    return Minimum(found[:W_size].reshape(shape), found[W_size:], least)


def _combined(choices: Sequence[Sequence[tuple[tuple[int, ...], float]]]) -> list[Group]:
    """Of each set one choice, a tuple of active features with its probability, independently of the other sets."""
    groups = []
    for chosen in itertools.product(*choices):
        features = tuple(feature for members, _ in chosen for feature in members)
        groups.append(Group(features, float(product([chance for _, chance in chosen]))))
    return [group for group in groups if group.probability > 0]


def _loss_and_gradients(
    gram: Float[np.ndarray, "*model feature feature"],
    b: Float[np.ndarray, "*model feature"],
    importance: Float[np.ndarray, " feature"],
    groups: Sequence[Group],
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The loss [*model], and its derivatives by gram[..., i, j], what feature i does to output j, and by b[..., j]."""
    loss, of_gram, of_b = np.zeros(b.shape[:-1]), np.zeros_like(gram), np.zeros_like(b)
    for size in sorted({len(group.features) for group in groups}):  # groups of one size together: [group]
        alike = [group for group in groups if len(group.features) == size]
        probability = np.array([group.probability for group in alike])[:, None, None]
        if not size:
            excess, often = np.maximum(b, 0), float(total(probability))
            loss = loss + often * dot(excess * excess, importance)
            of_b = of_b + often * 2 * importance * excess
            continue
        members = np.array([group.features for group in alike]).T
        active = np.eye(b.shape[-1])[members]  # [member, group, feature]
        grid, chance = cube_rule(size - 1, NODES[size])
        # Along the first feature's value t, outputs [*model, group, point, feature] are start + slope t, or 0 if
        # negative, and should be target + rate t.
        start, target = b[..., None, None, :], np.zeros((len(alike), len(grid), b.shape[-1]))
        for member, along in enumerate(grid.T[:, :, None], start=1):
            start = start + along * gram[..., members[member], None, :]
            target = target + along * active[member, :, None]
        slope, rate = gram[..., members[0], None, :], active[0, :, None]
        with np.errstate(divide="ignore", invalid="ignore"):
            kink = np.clip(np.where(slope != 0, -start / slope, 0.0), 0, 1)
        low = np.where(slope > 0, kink, 0.0)
        high = np.where(slope > 0, 1.0, np.where(slope < 0, kink, (start > 0).astype(float)))
        weight = probability * chance[:, None] * importance
        # Of outputs that are 0 for all t; and where the output is open. There the integrand is quadratic, its
        # derivative cubic: two Gauss-Legendre nodes are exact. The ends of that interval move as well, but there the
        # integrand is 0.
        shut = weight * (target * target + target * rate + rate / 3)
        share = weight * (high - low) / 2
        opened, pull, pull_first = np.zeros(()), np.zeros(()), np.zeros(())
        for sign in (-1, 1):
            t = (low + high) / 2 + sign * (high - low) / 2 / sqrt(3)
            wanted, output = target + rate * t, start + slope * t
            off = share * (output - wanted)
            opened = opened + (off - share * wanted) * output
            pull, pull_first = pull + 2 * off, pull_first + 2 * off * t
        loss = loss + total(shut + opened, axis=(-3, -2, -1))
        of_b = of_b + total(pull, axis=(-3, -2))
        pulls = [total(pull_first, axis=-2), *(total(along * pull, axis=-2) for along in grid.T[:, :, None])]
        by_member = np.stack(pulls, axis=-3)[..., None, :]  # [*model, member, group, 1, feature]
        of_gram = of_gram + total(active[..., None] * by_member, axis=(-4, -3))
    return np.asarray(loss), of_gram, of_b
