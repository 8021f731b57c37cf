"""How much of the hidden space each feature gets (Elhage et al. 2022, "The Geometry of Superposition").

`W` is [instance, hidden, feature]: the direction of feature i is the column `W[:, :, i]`.
"""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float
from numpy import ndarray

from superposition.exact.sums import total
from superposition.measures.superposition import gram, squared_norms


def feature_dimensionality(W: Float[ndarray, "instance hidden feature"]) -> Float[ndarray, "instance feature"]:
    """D_i = ||W_i||^2 / Sum_j (W_i_hat . W_j)^2, the sum with j = i: the fraction of a dimension that feature i gets.

    1 for a feature of its own, 1/2 in an antipodal pair, 2/5 in a pentagon; 0 without a direction, W_i = 0.
    Sum_i D_i <= rank(W) <= n_hidden always, since D_i is at most the leverage score of column i.
    """
    products = gram(W)
    squares = products * products
    shared = total(squares, axis=2)  # ||W_i||^2 times the sum above
    own = np.diagonal(squares, axis1=1, axis2=2)
    return np.where(shared > 0, own / np.where(shared > 0, shared, 1.0), 0.0)


def frobenius_squared(W: Float[ndarray, "instance hidden feature"]) -> Float[ndarray, " instance"]:
    """||W||_F^2, about the number of features that are represented."""
    return total(squared_norms(W), axis=1)


def dimensions_per_feature(
    W: Float[ndarray, "instance hidden feature"], n_hidden: Sequence[int] | None = None
) -> Float[ndarray, " instance"]:
    """D* = n_hidden / ||W||_F^2; infinite for a model that represents nothing.

    `n_hidden` is [instance], where some have fewer dimensions than W has rows; their other rows are 0.
    """
    widths = np.asarray([W.shape[1]] if n_hidden is None else n_hidden, dtype=np.float64)
    with np.errstate(divide="ignore"):
        return np.asarray(widths / frobenius_squared(W))
