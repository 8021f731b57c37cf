"""From random words to feature values: x_i is 0 with probability S_i (the sparsity), else of the law of values.

A feature's own word is enough for both where features are independent. It is active where the word is below density *
2^32, and given that, the word is uniform below that threshold, so its quotient by the threshold is the number u in
[0, 1) that the value is a function of (features/values.py). This halves the random numbers to be made. With densities
of at least 1e-4 that number has more than 4e5 equally likely levels. Where features come in sets or are rarer, another
word decides, and the own word over 2^32 is u.

Samples of unit length are divided by the root of their sum of squares, and rounded to the input grid once more.
"""

from collections.abc import Sequence

import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn

from superposition.exact.grids import INPUT
from superposition.exact.ops import snap, square_root
from superposition.exact.philox import WORD
from superposition.features.sets import gates
from superposition.features.values import LEVELS, LINES, UNIT_LENGTH, Line, table


class Distribution(nn.Module):
    """Values of features, given random words.

    `density` is the probability 1 - S that a feature, or the set that it is in, is active; `kinds` and `sizes` say what
    sets each instance has (features/sets.py), `values` is the law of active features (features/values.py). Values have
    `dtype`; they are the same in either, since the input grid's 16 bits fit into both.
    """

    own: Tensor
    scale: Tensor
    table: Tensor | None

    def __init__(
        self,
        density: Float[Tensor, "instance feature"],
        values: str,
        dtype: torch.dtype,
        kinds: Sequence[str],
        sizes: Sequence[int],
    ) -> None:
        super().__init__()
        self.gates = gates(density, kinds, sizes)
        self.dtype, self.features, self.draws = dtype, density.shape[1], self.gates.draws
        own = self.gates.gate == torch.arange(self.features)  # whether the own word decides too
        law = values.removesuffix(UNIT_LENGTH)
        self.unit_length = law != values
        tabulated = table(law)
        # What a word is multiplied with: the grid steps of a line from its start on, or the levels of a table.
        line = LINES.get(law, Line(0.0, 0.0))
        levels = LEVELS if tabulated is not None else line.slope * 2.0**INPUT.fraction_bits
        self.offset = line.start
        scale = levels / torch.where(own, self.gates.number, WORD).double()
        self.register_buffer("own", own.unsqueeze(-1), persistent=False)
        self.register_buffer("scale", scale.unsqueeze(-1), persistent=False)
        kept = None if tabulated is None else torch.tensor(tabulated, dtype=dtype)
        self.register_buffer("table", kept, persistent=False)

    def forward(self, words: Int64[Tensor, "instance draw sample"]) -> Float[Tensor, "instance feature sample"]:
        active, decides = self.gates(words)
        own = words[:, : self.features]
        if self.gates.never_empty:  # which moves words
            own = torch.where(self.own, decides, own)
        x = torch.where(active, self._values(own.double() * self.scale), 0.0)
        return (of_unit_length(x.double()) if self.unit_length else x).to(self.dtype)

    def _values(self, scaled: Float[Tensor, "instance feature sample"]) -> Float[Tensor, "instance feature sample"]:
        if self.table is None:
            return torch.round(scaled) * 2.0**-INPUT.fraction_bits + self.offset
        # The word of a feature that is not active may lie beyond the table.
        return self.table[scaled.long().clamp(max=LEVELS - 1)]


def of_unit_length(x: Float[Tensor, "instance feature sample"]) -> Float[Tensor, "instance feature sample"]:
    """Each sample over its length, on the input grid; one of zeros as it is. Sums of squares are exact."""
    length = square_root(x.square().sum(1, keepdim=True))
    return snap(x / torch.where(length > 0, length, 1.0), INPUT.fraction_bits)
