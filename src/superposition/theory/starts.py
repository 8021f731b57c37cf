"""Points from which minima are looked for: as good as random, and the same everywhere and with every release."""

from math import prod

import numpy as np
from jaxtyping import Float


def starts(*shape: int) -> Float[np.ndarray, "..."]:
    """Numbers in [-1, 1) of 53 bits, from Philox with the key 0 (numpy keeps what its bit generators give)."""
    drawn = np.random.Philox(key=0).random_raw(prod(shape)) >> np.uint64(11)
    return np.asarray(drawn.astype(np.float64) * 2.0**-52 - 1).reshape(shape)
