"""Losses in closed form, for features that are 0 with probability 1 - s and else uniform on [0, 1] (s: density).

All are means over features of I_i (x_i - x'_i)^2. Elhage et al. 2022, "Superposition as a Phase Change", gives those of
single features; E[x] = s/2 and Var(x) = s/3 - s^2/4.
"""

import numpy as np
from jaxtyping import Float


def ignored(
    density: Float[np.ndarray, "*feature"], importance: Float[np.ndarray, "*feature"]
) -> Float[np.ndarray, "*feature"]:
    """Weighted squared error of a feature that is not represented, and whose bias gives its mean: I (s/3 - s^2/4)."""
    return importance * (density / 3 - density**2 / 4)


def antipodal(
    density: Float[np.ndarray, "*feature"], importance: Float[np.ndarray, "*feature"]
) -> Float[np.ndarray, "*feature"]:
    """Of one of two features that share a dimension in opposite directions, both of this density: I s^2/6.

    Without a bias both come out right unless both are active; then each is off by the smaller of the two.
    """
    return importance * density**2 / 6


def without_superposition(
    density: Float[np.ndarray, " feature"], importance: Float[np.ndarray, " feature"], n_hidden: int
) -> float:
    """Least loss of a model that gives each dimension to one feature and ignores the others, mean over features.

    `density` and `importance` are [feature]. Where inputs are independent it is the linear model's optimum.
    """
    errors = np.sort(ignored(density, importance))
    return float(errors[: max(0, len(errors) - n_hidden)].sum() / len(errors))
