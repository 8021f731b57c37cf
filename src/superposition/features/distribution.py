"""From random words to feature values: x_i is 0 with probability S_i (the sparsity), else uniform.

A feature's own word is enough for both where features are independent. It is active where the word is below density *
2^32, and given that, the word is uniform below that threshold, so its quotient by the threshold is the value. This
halves the random numbers to be made. With densities of at least 1e-4 a value has more than 4e5 equally likely levels
before it is rounded to the input grid. Where features come in sets, a word of the set decides, and the own word over
2^32 is the value.
"""

from collections.abc import Sequence
from typing import Literal

import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn

from superposition.exact.grids import INPUT
from superposition.exact.philox import WORD
from superposition.features.sets import INDEPENDENT, gates

Values = Literal["unit", "signed"]


class Distribution(nn.Module):
    """Values of features, given random words.

    `density` is the probability 1 - S that a feature, or the set that it is in, is active; `kinds` and `sizes` say what
    sets each instance has (features/sets.py). `values` says whether active features are U[0, 1] ("unit") or U[-1, 1]
    ("signed", for the absolute-value task). Values have `dtype`; they are the same in either, since the input grid's 16
    bits fit into both.
    """

    gate: Tensor
    first: Tensor
    count: Tensor
    scale: Tensor

    def __init__(
        self,
        density: Float[Tensor, "instance feature"],
        values: Values,
        dtype: torch.dtype,
        kinds: Sequence[str],
        sizes: Sequence[int],
    ) -> None:
        super().__init__()
        found = gates(density, kinds, sizes)
        own = torch.tensor([kind == INDEPENDENT for kind in kinds]).view(-1, 1, 1)
        self.dtype, self.features, self.draws = dtype, density.shape[1], found.draws
        self.offset = -1.0 if values == "signed" else 0.0  # signed values are twice as far apart, from -1 on
        self.register_buffer("gate", found.gate, persistent=False)
        self.register_buffer("first", found.first.unsqueeze(-1), persistent=False)
        self.register_buffer("count", found.number.unsqueeze(-1), persistent=False)
        levels = 2.0 ** (INPUT.fraction_bits + (values == "signed"))
        self.register_buffer("scale", levels / torch.where(own, self.count, WORD).double(), persistent=False)

    def forward(self, words: Int64[Tensor, "instance draw sample"]) -> Float[Tensor, "instance feature sample"]:
        own = words[:, : self.features]
        decides = own
        if self.draws > self.features:
            decides = words.gather(1, self.gate.unsqueeze(-1).expand(-1, -1, words.shape[-1]))
        value = torch.round(own.double() * self.scale) * 2.0**-INPUT.fraction_bits + self.offset
        since = decides - self.first
        return torch.where((since >= 0) & (since < self.count), value, 0.0).to(self.dtype)
