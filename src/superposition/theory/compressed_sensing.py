"""How many sparse features fit into m dimensions (Elhage et al. 2022, appendix "Connection between compressed sensing
lower bounds and the toy model").

If all inputs with k of n features active are recovered, m is at least of the order of k log(n / k) (Do Ba et al. 2010,
"Lower Bounds for Sparse Recovery"). With k = s n, s the density, n / m is at most c / (s log(1 / s)): linear in m, and
modulated by sparsity. The constant c is not known.
"""

import numpy as np
from jaxtyping import Float

from superposition.theory.losses import ignored


def modulation(density: Float[np.ndarray, "*point"]) -> Float[np.ndarray, "*point"]:
    """1 / (s log(1 / s)), what features per dimension are bounded by up to a constant; s < 1."""
    return 1 / (density * np.log(1 / density))


def recovered(
    loss: Float[np.ndarray, "*point"], density: Float[np.ndarray, "*point"], n_features: int
) -> Float[np.ndarray, "*point"]:
    """How many features' worth of squared error a model saves, of n with importance 1.

    `loss` is the mean over features. A feature that comes out exactly counts as 1, one that is ignored as 0.
    """
    return n_features * (1 - loss / ignored(density, np.ones_like(density)))
