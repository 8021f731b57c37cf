"""Losses in closed form, for features that are 0 with probability 1 - s and else uniform on [0, 1] (s: density).

All are means over features of I_i (x_i - x'_i)^2. Elhage et al. 2022, "Superposition as a Phase Change", gives those of
single features; E[x] = s/2 and Var(x) = s/3 - s^2/4.
"""

import numpy as np
from jaxtyping import Float

from superposition.exact.sums import total


def ignored(
    density: Float[np.ndarray, "*feature"], importance: Float[np.ndarray, "*feature"]
) -> Float[np.ndarray, "*feature"]:
    """Weighted squared error of a feature that is not represented, and whose bias gives its mean: I (s/3 - s^2/4)."""
    return importance * (density / 3 - density * density / 4)


def antipodal(
    density: Float[np.ndarray, "*feature"], importance: Float[np.ndarray, "*feature"]
) -> Float[np.ndarray, "*feature"]:
    """Of one of two features that share a dimension in opposite directions, both of this density: I s^2/6.

    Without a bias both come out right unless both are active; then each is off by the smaller of the two.
    """
    return importance * density * density / 6


def without_superposition(
    density: Float[np.ndarray, " feature"], importance: Float[np.ndarray, " feature"], n_hidden: int
) -> float:
    """Least loss of a model that gives each dimension to one feature and ignores the others, mean over features.

    `density` and `importance` are [feature]. Where inputs are independent it is the linear model's optimum.
    """
    errors = np.sort(ignored(density, importance), kind="stable")
    return float(total(errors[: max(0, len(errors) - n_hidden)]) / len(errors))


def digon_for_one(density: float, n_features: int) -> float:
    """How much the mean over features falls when a dimension that was worth one feature turns into a digon: a "jump".

    Before, one feature has no loss and another s/3 - s^2/4; after, each has s^2/6. That is (s/3 - 7 s^2/12) / n. A
    dimension that holds a little of each of many features was worth one as well: it takes as much variance away.
    """
    s, one = np.array([density]), np.ones(1)
    return float((ignored(s, one) - 2 * antipodal(s, one))[0]) / n_features


def one_direction_for_a_set(size: int) -> float:
    """Least loss of a set of features that are active together and share one direction, over that without weights.

    Their sum x_1 + ... + x_k is all that is left. Given it, each is its mean up to a variance of (1 - 1/k) / 12;
    without weights each has E[x^2] = 1/3. That is (k - 1) / (4 k), or 1/6 for three (our arithmetic).
    """
    return (size - 1) / (4 * size)
