"""From random words to feature values: x_i is 0 with probability S_i (the sparsity), else uniform.

One word decides both. A feature is active where its word is below density * 2^32, and given that, the word is uniform
below that threshold, so its quotient by the threshold is the value. This halves the random numbers to be made. With
densities of at least 1e-4 a value has more than 4e5 equally likely levels before it is rounded to the input grid.
"""

from typing import Literal

import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn

from superposition.exact.grids import INPUT
from superposition.exact.philox import WORD

Values = Literal["unit", "signed"]


class Distribution(nn.Module):
    """Values of independent features, given random words.

    `density` is the probability 1 - S that a feature is active; `values` says whether active ones are U[0, 1] ("unit")
    or U[-1, 1] ("signed", for the absolute-value task). Values have `dtype`; they are the same in either, since the
    input grid's 16 bits fit into both.
    """

    threshold: Tensor
    scale: Tensor

    def __init__(self, density: Float[Tensor, "instance feature"], values: Values, dtype: torch.dtype) -> None:
        super().__init__()
        threshold = torch.round(density.double() * WORD).unsqueeze(-1)
        self.dtype = dtype
        self.offset = -1.0 if values == "signed" else 0.0  # signed values are twice as far apart, from -1 on
        self.register_buffer("threshold", threshold.to(torch.int64), persistent=False)
        levels = 2.0 ** (INPUT.fraction_bits + (values == "signed"))
        self.register_buffer("scale", levels / threshold, persistent=False)

    def forward(self, words: Int64[Tensor, "instance feature sample"]) -> Float[Tensor, "instance feature sample"]:
        value = torch.round(words.double() * self.scale) * 2.0**-INPUT.fraction_bits + self.offset
        return torch.where(words < self.threshold, value, 0.0).to(self.dtype)
