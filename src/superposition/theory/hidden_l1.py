"""What a penalty on |h| does to a feature with a dimension of its own ("The Strategic Picture of Superposition").

Such a feature has y = relu(w^2 x + b) and |h| = w x, and is 0 with probability 1 - s, else uniform on [0, 1]. With the
best b, its objective is I v (1 - w^2)^2 + l w s / 2, where v = s/3 - s^2/4 is its variance and l the penalty. All
losses are of one feature.
"""

from math import sqrt

import numpy as np
from jaxtyping import Float

from superposition.exact.functions import arccos, cos


def kept_above(penalty: float, density: float) -> float:
    """The importance above which it pays to represent the feature.

    There l = (2 I v / s) max(2w - w^3), and the maximum is sqrt(32/27), at w^2 = 2/3.
    """
    return penalty * density / (2 * _variance(density) * sqrt(32 / 27))


def norms(importance: Float[np.ndarray, " feature"], penalty: float, density: float) -> Float[np.ndarray, " feature"]:
    """The best w: the larger root of w - w^3 = l s / (8 I v), or 0 where the feature does not pay."""
    size = penalty * density / (8 * importance * _variance(density))
    root = 2 / sqrt(3) * cos(arccos(-np.clip(size * sqrt(27) / 2, 0, 1)) / 3)
    return np.where(importance > kept_above(penalty, density), root, 0.0)


def losses(importance: Float[np.ndarray, " feature"], penalty: float, density: float) -> Float[np.ndarray, " feature"]:
    """I v (1 - w^2)^2, the weighted squared error without the penalty."""
    return importance * _variance(density) * np.square(1 - np.square(norms(importance, penalty, density)))


def _variance(density: float) -> float:
    return density / 3 - density * density / 4
