"""How strongly features are represented, and how far they share directions (Elhage et al. 2022, "Basic Results").

`W` is [instance, hidden, feature]: the direction of feature i is the column `W[:, :, i]`. On the grid of weights, 2^-18
within +-8, products have at most 42 bits, and W^T W and squared norms are exact for up to 2048 hidden dimensions. All
that follows is rounded in a fixed order (exact/sums.py), or once.
"""

import numpy as np
from jaxtyping import Bool, Float, Int
from numpy import ndarray

from superposition.exact.sums import matmul, total
from superposition.measures.thresholds import DEDICATED_SUPERPOSITION, REPRESENTED_NORM


def gram(W: Float[ndarray, "instance hidden feature"]) -> Float[ndarray, "instance feature feature"]:
    """W^T W, the dot products of all pairs of feature directions."""
    return matmul(W.mT, W)


def squared_norms(W: Float[ndarray, "instance hidden feature"]) -> Float[ndarray, "instance feature"]:
    """||W_i||^2, the diagonal of W^T W."""
    return total(W * W, axis=1)


def norms(W: Float[ndarray, "instance hidden feature"]) -> Float[ndarray, "instance feature"]:
    """||W_i||, how far feature i is represented: about 1 if it is, about 0 if not."""
    return np.asarray(np.sqrt(squared_norms(W)))


def superposition(W: Float[ndarray, "instance hidden feature"]) -> Float[ndarray, "instance feature"]:
    """Sum_{j != i} (W_i_hat . W_j)^2: what the other features can project onto the direction of feature i.

    0 when all others are orthogonal to it; 1 or more when they can excite it as much as it can itself. 0 for a feature
    without a direction, W_i = 0. The colour of the bars in "Basic Results", unclipped.
    """
    products = gram(W)
    squared = np.diagonal(products, axis1=1, axis2=2)
    itself = np.eye(W.shape[2], dtype=bool)
    interference = total(np.where(itself, 0.0, products * products), axis=2)
    return np.where(squared > 0, interference / np.where(squared > 0, squared, 1.0), 0.0)


def represented(W: Float[ndarray, "instance hidden feature"]) -> Bool[ndarray, "instance feature"]:
    """Which features have a direction to speak of, ||W_i|| > 0.5."""
    return np.asarray(norms(W) > REPRESENTED_NORM)


def dedicated(W: Float[ndarray, "instance hidden feature"]) -> Bool[ndarray, "instance feature"]:
    """Which features are represented in a direction that they share with no other (superposition below 0.1)."""
    return represented(W) & (superposition(W) < DEDICATED_SUPERPOSITION)


def count(features: Bool[ndarray, "instance feature"]) -> Int[ndarray, " instance"]:
    """Number of features of each instance for which something is true."""
    return np.count_nonzero(features, axis=1)
