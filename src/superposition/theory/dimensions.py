"""Dimensions per feature over sparsity, as the paper's figure has them ("The Geometry of Superposition")."""

import numpy as np
from jaxtyping import Float

from superposition.exact.sums import interpolate

# 1 / (1 - S): m / ||W||_F^2, read off the figure's line (n = 400, m = 30), to about 0.02. There is no formula.
READ_OFF = {
    1.0: 1.00, 1.1: 1.00, 1.2: 0.98, 1.33: 0.93, 1.5: 0.87, 1.6: 0.81, 1.7: 0.71, 1.8: 0.61, 2.0: 0.54, 2.25: 0.52,
    2.5: 0.50, 2.75: 0.49, 3.0: 0.49, 3.25: 0.49, 3.5: 0.49, 3.75: 0.48, 4.0: 0.44, 4.5: 0.39, 5.0: 0.37, 6.0: 0.32,
    7.0: 0.28, 8.0: 0.26, 9.0: 0.24, 10.0: 0.22,
}  # fmt: skip


def read_off(x: Float[np.ndarray, " point"]) -> Float[np.ndarray, " point"]:
    """The figure's D* at x = 1 / (1 - S) from 1 to 10, linear between the points read, constant beyond."""
    return interpolate(x, list(READ_OFF), list(READ_OFF.values()))
