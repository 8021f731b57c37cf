"""The toy models of the paper: features go through fewer (or other) hidden dimensions and are to be recovered.

    h = f(W x + c),   y = g(W_out h + b)

An ensemble of independent models is one module: every parameter has an instance axis in front. W has one row per
hidden dimension and one column W_i per feature, as in the paper; samples come last.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import torch
from jaxtyping import Float
from numpy import ndarray
from torch import Tensor, nn

from superposition.exact.grids import HIDDEN
from superposition.exact.ops import OFF_GRID, SQUARED, Activation, activated, back_on, on_grid, product, weights

Target = Literal["identity", "absolute", "relu", "products"]
TARGETS: dict[str, Callable[[Tensor], Tensor]] = {
    "identity": lambda x: x,
    "absolute": torch.abs,
    "relu": torch.relu,
    "products": lambda x: x * x.roll(-1, 1),  # exact: of two numbers of 16 fraction bits
}


@dataclass(frozen=True)
class Architecture:
    """What distinguishes one toy model from another.

    `tied`: W_out is the transpose of W. `hidden`, `output`: the activations f and g. `hidden_bias`, `output_bias`:
    whether c and b exist. `target`: what y is compared with, x itself, |x|, ReLU(x) or x_i x_(i+1), of the last feature
    with the first. `hidden_l1`: what training adds to a sample's summed error for each unit of |h|. `training_attack`:
    how far training perturbs its samples, relative to their mean norm (training/attack.py). `loss_power`: the power of
    the error that training minimises, one of ops.POWERS. `negative_slope`: that of a leaky ReLU below 0, a power of
    two. `mixing`: what is added to the target, in the words of params.yaml (models/mixing.py). `hidden_noise`,
    `dropout`: what training does to h (training/disturbance.py), the bound of the noise and the probability of dropping
    a value. `module`: the file and class of a model of one's own (models/own.py), of which nothing else is said but
    target and power.
    """

    name: str
    tied: bool
    hidden: Activation
    output: Activation
    hidden_bias: bool
    output_bias: bool
    target: Target
    hidden_l1: float
    training_attack: float = 0.0
    loss_power: float = SQUARED
    negative_slope: float = 2**-7
    mixing: Mapping[str, Any] | None = None
    module: str | None = None
    hidden_noise: float = 0.0
    dropout: float = 0.0


class ToyModel(nn.Module):
    """An ensemble of `instances` toy models of one architecture and shape; parameters start at zero.

    `mixing` is the matrix that is mixed into the targets, if the architecture has one.
    """

    mixing: Tensor | None

    def __init__(
        self,
        architecture: Architecture,
        instances: int,
        n_features: int,
        n_hidden: int,
        dtype: torch.dtype,
        mixing: Float[ndarray, "feature feature"] | None = None,
    ) -> None:
        super().__init__()
        if (mixing is None) != (architecture.mixing is None):
            raise ValueError(f"model {architecture.name} is to have the matrix that its mixing says, and no other")
        self.architecture = architecture
        self.register_buffer("mixing", None if mixing is None else torch.tensor(mixing, dtype=dtype), persistent=False)

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
        form = self.architecture
        h = activated(on_grid(h, HIDDEN), form.hidden, form.negative_slope)
        return back_on(h, HIDDEN) if form.hidden in OFF_GRID else h

    def decode(self, h: Float[Tensor, "instance hidden sample"]) -> Float[Tensor, "instance feature sample"]:
        """The outputs y, from hidden activations on their grid."""
        return activated(self.sums(h), self.architecture.output, self.architecture.negative_slope)

    def sums(self, h: Float[Tensor, "instance hidden sample"]) -> Float[Tensor, "instance feature sample"]:
        """W_out h + b, of which outputs are made."""
        sums = product(weights(self.W).mT if self.W_out is None else weights(self.W_out), h)
        return sums if self.b is None else sums + weights(self.b).unsqueeze(-1)

    def target(self, x: Float[Tensor, "instance feature sample"]) -> Float[Tensor, "instance feature sample"]:
        """What the outputs are compared with."""
        target = TARGETS[self.architecture.target](x)
        if self.mixing is None:
            return target
        return target + product(self.mixing.expand(len(x), -1, -1), x)
