"""How much of the hidden space each feature gets (Elhage et al. 2022, "The Geometry of Superposition").

`W` is [instance, hidden, feature]: the direction of feature i is the column `W[:, :, i]`.
"""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from superposition.measures.sums import order_free_sum
from superposition.measures.superposition import gram, squared_norms


def feature_dimensionality(W: Float[Tensor, "instance hidden feature"]) -> Float[Tensor, "instance feature"]:
    """D_i = ||W_i||^2 / Sum_j (W_i_hat . W_j)^2, the sum with j = i: the fraction of a dimension that feature i gets.

    1 for a feature of its own, 1/2 in an antipodal pair, 2/5 in a pentagon; 0 without a direction, W_i = 0.
    Sum_i D_i <= rank(W) <= n_hidden always, since D_i is at most the leverage score of column i.
    """
    products = gram(W)
    squares = products * products
    total = order_free_sum(squares)  # ||W_i||^2 times the sum above
    own = squares.diagonal(dim1=1, dim2=2)
    return torch.where(total > 0, own / torch.where(total > 0, total, 1.0), 0.0)


def frobenius_squared(W: Float[Tensor, "instance hidden feature"]) -> Float[Tensor, " instance"]:
    """||W||_F^2, about the number of features that are represented."""
    return order_free_sum(squared_norms(W))


def dimensions_per_feature(
    W: Float[Tensor, "instance hidden feature"], n_hidden: Sequence[int] | None = None
) -> Float[Tensor, " instance"]:
    """D* = n_hidden / ||W||_F^2; infinite for a model that represents nothing.

    `n_hidden` is [instance], where some have fewer dimensions than W has rows; their other rows are 0.
    """
    widths = torch.as_tensor([W.shape[1]] if n_hidden is None else n_hidden, dtype=torch.float64)
    return widths / frobenius_squared(W)
