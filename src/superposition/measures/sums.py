"""Sums whose bits do not depend on the order of their terms.

What is measured is stored in files that are compared by hash, so it must come out the same on every processor. Weights
lie on the grid 2^-18 within +-8, so their products are multiples of 2^-36 of at most 42 bits, and W^T W is exact for up
to 2048 hidden dimensions, whatever BLAS makes of it. Squares of its entries have too many bits for that. They are
rounded here to a coarser grid before they are added, after which the sum is exact again. All else that is done with
them (a product, a quotient, a square root) is one correctly rounded operation, and no product feeds a sum before it has
been rounded, so that fusing the two could not change anything either.
"""

import torch
from jaxtyping import Float
from torch import Tensor

from superposition.exact.grids import SIGNIFICAND_BITS


def order_free_sum(terms: Float[Tensor, "... term"]) -> Float[Tensor, "..."]:
    """Sum over the last axis, the same bits in any order of the terms.

    Each row gets its own grid: terms of at most 2^e are rounded to multiples of 2^(e - 53) times the number of terms
    (up to a power of two), the finest grid on which no partial sum can need more than 53 bits. A row of n terms is off
    by at most n * n * 2^-53 of its largest term: 1e-15 for 3 terms, 2e-11 for 400. This is the pre-rounding of Demmel &
    Nguyen (2013, "Fast Reproducible Floating-Point Summation") with a single bin.

    >>> order_free_sum(torch.tensor([1.0, 2.0**-60, -1.0], dtype=torch.float64)).item()
    0.0
    """
    largest = terms.abs().amax(dim=-1, keepdim=True)
    fraction, _ = torch.frexp(largest)  # largest = fraction * 2^e with 0.5 <= fraction < 1
    ceiling = torch.where(largest > 0, largest / fraction, 1.0)  # 2^e, exactly
    bits = SIGNIFICAND_BITS - (terms.shape[-1] - 1).bit_length()
    step = ceiling * 2.0**-bits
    return (torch.round(terms / step) * step).sum(dim=-1)
