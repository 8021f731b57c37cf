"""Noise and dropout on hidden values, in training only: what outputs are made of is not h but factor (h + noise).

Noise is uniform on [-a, a], on the grid of hidden values; all of its 2 a 2^16 + 1 levels are as likely, to 2^-13 of it
where a is 4. Dropout sets each hidden value to 0 with probability p, and multiplies the others by 1 / (1 - p), so that
the mean stays and nothing has to be scaled afterwards (Srivastava et al. 2014 scale when they test). Each has a stream
of its own, with a word for each hidden dimension, sample and step.
"""

import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn

from superposition.exact.grids import HIDDEN
from superposition.exact.ops import back_on, on_grid
from superposition.exact.philox import WORD, words


class Disturbance(nn.Module):
    """Of an ensemble's hidden values; `keys` are those of the noise's and of the dropout's streams."""

    noise_keys: Tensor
    dropout_keys: Tensor

    def __init__(
        self,
        noise: float,
        dropout: float,
        noise_keys: Int64[Tensor, "instance 2"],
        dropout_keys: Int64[Tensor, "instance 2"],
    ) -> None:
        super().__init__()
        self.register_buffer("noise_keys", noise_keys, persistent=False)
        self.register_buffer("dropout_keys", dropout_keys, persistent=False)
        self.noise_steps = round(noise * 2**HIDDEN.fraction_bits)  # of the grid, at most
        self.dropped = round(dropout * WORD)  # a word below this drops its value
        # On the grid as well, so that a product with a hidden value is exact.
        self.factor = round(2**HIDDEN.fraction_bits / (1 - dropout)) / 2**HIDDEN.fraction_bits

    def forward(
        self, h: Float[Tensor, "instance hidden sample"], samples: Int64[Tensor, " sample"], step: Int64[Tensor, ""]
    ) -> Float[Tensor, "instance hidden sample"]:
        """What outputs are made of in place of h; the gradient goes back the same way."""
        m = h.shape[1]
        if self.noise_steps:
            levels = words(self.noise_keys, m, samples, step) * (2 * self.noise_steps + 1) >> 32
            noise = (levels - self.noise_steps).to(h.dtype) * 2.0**-HIDDEN.fraction_bits
            h = back_on(h + noise, HIDDEN)
        if self.dropped:
            dropped = words(self.dropout_keys, m, samples, step) < self.dropped
            h = back_on(on_grid(h, HIDDEN) * torch.where(dropped, 0.0, self.factor).to(h.dtype), HIDDEN)
        return h
