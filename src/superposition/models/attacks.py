"""Adversarial attacks on tied models (Elhage et al. 2022, "Superposition and Adversarial Robustness").

Gradients mislead where a ReLU is mostly off. So attacks are analytic: a step along column i of W^T W moves output i
most. They go through the same exact sums as inputs do: a step is rounded to the input grid, and what it makes of a
sample may be larger than 1, up to the limit of ATTACKED.
"""

import torch
from jaxtyping import Float
from torch import Tensor

from superposition.exact.grids import ATTACKED, DIRECTION, INPUT
from superposition.exact.ops import round_to, snap, square_root


def attack_norm(x: Float[Tensor, "instance feature sample"], relative: float) -> Float[Tensor, " instance"]:
    """`relative` times the mean L2 norm of the samples, on the input grid."""
    norms = snap(square_root(x.square().sum(1)), INPUT.fraction_bits)
    return snap(relative * (norms.sum(1) / x.shape[2]), INPUT.fraction_bits)


def attacks(
    W: Float[Tensor, "instance hidden feature"], norm: Float[Tensor, " instance"]
) -> Float[Tensor, "instance feature attack"]:
    """Attack i is norm (W^T W)_i / |(W^T W)_i|, or 0 for a feature without a direction, W_i = 0.

    `W` is on the weight grid. W^T W is symmetric, so that it makes no difference which of its axes is called columns.
    """
    products = round_to(torch.bmm(W.mT, W), DIRECTION)
    lengths = square_root(products.square().sum(1, keepdim=True))
    steps = norm.view(-1, 1, 1) * products / torch.where(lengths > 0, lengths, 1.0)
    return snap(steps, INPUT.fraction_bits)


def attacked(
    x: Float[Tensor, "instance feature sample"], step: Float[Tensor, "instance feature sample"]
) -> Float[Tensor, "instance feature sample"]:
    """The samples after these steps; NaN where sums over them could round."""
    return round_to(x + step, ATTACKED)
