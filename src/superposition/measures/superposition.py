"""How strongly features are represented, and how far they share directions (Elhage et al. 2022, "Basic Results").

`W` is [instance, hidden, feature]: the direction of feature i is the column `W[:, :, i]`.
"""

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from superposition.measures.sums import order_free_sum
from superposition.measures.thresholds import DEDICATED_SUPERPOSITION, REPRESENTED_NORM


def gram(W: Float[Tensor, "instance hidden feature"]) -> Float[Tensor, "instance feature feature"]:
    """W^T W, the dot products of all pairs of feature directions."""
    return torch.bmm(W.transpose(1, 2), W)


def squared_norms(W: Float[Tensor, "instance hidden feature"]) -> Float[Tensor, "instance feature"]:
    """||W_i||^2, the diagonal of W^T W."""
    return gram(W).diagonal(dim1=1, dim2=2)


def norms(W: Float[Tensor, "instance hidden feature"]) -> Float[Tensor, "instance feature"]:
    """||W_i||, how far feature i is represented: about 1 if it is, about 0 if not."""
    return torch.sqrt(squared_norms(W))


def superposition(W: Float[Tensor, "instance hidden feature"]) -> Float[Tensor, "instance feature"]:
    """Sum_{j != i} (W_i_hat . W_j)^2: what the other features can project onto the direction of feature i.

    0 when all others are orthogonal to it; 1 or more when they can excite it as much as it can itself. 0 for a feature
    without a direction, W_i = 0. The colour of the bars in "Basic Results", unclipped.
    """
    products = gram(W)
    squared = products.diagonal(dim1=1, dim2=2)
    itself = torch.eye(W.shape[2], dtype=torch.bool, device=W.device)
    interference = order_free_sum(torch.where(itself, 0.0, products * products))
    return torch.where(squared > 0, interference / torch.where(squared > 0, squared, 1.0), 0.0)


def represented(W: Float[Tensor, "instance hidden feature"]) -> Bool[Tensor, "instance feature"]:
    """Which features have a direction to speak of, ||W_i|| > 0.5."""
    return norms(W) > REPRESENTED_NORM


def dedicated(W: Float[Tensor, "instance hidden feature"]) -> Bool[Tensor, "instance feature"]:
    """Which features are represented in a direction that they share with no other (superposition below 0.1)."""
    return represented(W) & (superposition(W) < DEDICATED_SUPERPOSITION)


def count(features: Bool[Tensor, "instance feature"]) -> Int[Tensor, " instance"]:
    """Number of features of each instance for which something is true."""
    return features.sum(dim=1)
