"""The toy models of the paper: features go through fewer (or other) hidden dimensions and are to be recovered.

    h = f(W x + c),   y = g(W_out h + b)

An ensemble of independent models is one module: every parameter has an instance axis in front. W has one row per
hidden dimension and one column W_i per feature, as in the paper; samples come last.
"""

from dataclasses import dataclass
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor, nn

from superposition.exact.grids import HIDDEN
from superposition.exact.ops import on_grid, product, weights

Activation = Literal["linear", "relu"]
ACTIVATIONS = {"linear": lambda x: x, "relu": torch.relu}
TARGETS = {"identity": lambda x: x, "absolute": torch.abs}


@dataclass(frozen=True)
class Architecture:
    """What distinguishes one toy model from another.

    `tied`: W_out is the transpose of W. `hidden`, `output`: the activations f and g. `hidden_bias`, `output_bias`:
    whether c and b exist. `target`: what y is compared with, x itself or |x|. `hidden_l1`: what training adds to a
    sample's summed squared error for each unit of |h|. `training_attack`: how far training perturbs its samples,
    relative to their mean norm (training/attack.py).
    """

    name: str
    tied: bool
    hidden: Activation
    output: Activation
    hidden_bias: bool
    output_bias: bool
    target: Literal["identity", "absolute"]
    hidden_l1: float
    training_attack: float = 0.0


class ToyModel(nn.Module):
    """An ensemble of `instances` toy models of one architecture and shape; parameters start at zero."""

    def __init__(
        self, architecture: Architecture, instances: int, n_features: int, n_hidden: int, dtype: torch.dtype
    ) -> None:
        super().__init__()
        self.architecture = architecture

        def zeros(*shape: int) -> nn.Parameter:
            return nn.Parameter(torch.zeros(instances, *shape, dtype=dtype))

        self.W = zeros(n_hidden, n_features)
        self.W_out = None if architecture.tied else zeros(n_features, n_hidden)
        self.b = zeros(n_features) if architecture.output_bias else None
        self.b_hidden = zeros(n_hidden) if architecture.hidden_bias else None

    def forward(self, x: Float[Tensor, "instance feature sample"]) -> Float[Tensor, "instance feature sample"]:
        return self.decode(self.encode(x))

    def encode(self, x: Float[Tensor, "instance feature sample"]) -> Float[Tensor, "instance hidden sample"]:
        """The hidden activations h."""
        h = product(weights(self.W), x)
        if self.b_hidden is not None:
            h = h + weights(self.b_hidden).unsqueeze(-1)
        return ACTIVATIONS[self.architecture.hidden](on_grid(h, HIDDEN))

    def decode(self, h: Float[Tensor, "instance hidden sample"]) -> Float[Tensor, "instance feature sample"]:
        """The outputs y, from hidden activations on their grid."""
        return self.activated(self.output_sums(h))

    def output_sums(self, h: Float[Tensor, "instance hidden sample"]) -> Float[Tensor, "instance feature sample"]:
        """W_out h + b: what g makes outputs of."""
        y = product(weights(self.W).mT if self.W_out is None else weights(self.W_out), h)
        if self.b is not None:
            y = y + weights(self.b).unsqueeze(-1)
        return y

    def activated(self, sums: Float[Tensor, "instance feature sample"]) -> Float[Tensor, "instance feature sample"]:
        """g of W_out h + b."""
        return ACTIVATIONS[self.architecture.output](sums)

    def target(self, x: Float[Tensor, "instance feature sample"]) -> Float[Tensor, "instance feature sample"]:
        """What the outputs are compared with."""
        return TARGETS[self.architecture.target](x)
