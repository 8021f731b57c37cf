"""How many sparse features fit into m dimensions (Elhage et al. 2022, appendix "Connection between compressed sensing
lower bounds and the toy model").

If all inputs with k of n features active are recovered, m is at least of the order of k log(n / k) (Do Ba et al. 2010,
"Lower Bounds for Sparse Recovery"). With k = s n, s the density, n / m is at most c / (s log(1 / s)): linear in m, and
modulated by sparsity. The constant c is not known.

How many dimensions of random projections are enough, of k non-negative features out of n, is known in the limit of many
features: so many that half of all samples are recovered. There the cone of changes that a decoder would not notice has
a statistical dimension of m (Amelunxen, Lotz, McCoy & Tropp 2014, "Living on the edge: phase transitions in convex
programs with random data").
"""

import numpy as np
from jaxtyping import Float
from scipy.optimize import minimize_scalar
from scipy.special import comb
from scipy.stats import norm

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


def order(active: Float[np.ndarray, "*point"], n_features: int) -> Float[np.ndarray, "*point"]:
    """k log(n / k), which the dimensions that recovery takes are proportional to; 0 < k < n."""
    return active * np.log(n_features / active)


def only_non_negative(active: Float[np.ndarray, "*point"], n_features: int) -> Float[np.ndarray, "*point"]:
    """Dimensions from which on x is the only x >= 0 with its h: (n + k) / 2.

    Donoho & Tanner 2010, "Counting the faces of randomly-projected hypercubes and orthants, with applications".
    """
    return (n_features + active) / 2


def smallest_sum(active: float | int, n_features: int) -> float:
    """Dimensions from which on x has the smallest sum of all x >= 0 with its h.

    The weak threshold of Donoho & Tanner 2005, "Neighborliness of randomly projected simplices in high dimensions", as
    the least over t >= 0 of k (1 + t^2) + (n - k) E max(g - t, 0)^2 for a normal g (Amelunxen et al. 2014, section 4.5,
    for norms without the sign). At t = 0 this is `only_non_negative`.
    """
    if active >= n_features:
        return float(n_features)

    def dimension(t: float) -> float:
        beyond = (1 + t * t) * norm.sf(t) - t * norm.pdf(t)
        return active * (1 + t * t) + (n_features - active) * beyond

    return float(minimize_scalar(dimension, bounds=(0, 10), method="bounded", options={"xatol": 1e-9}).fun)


def no_pair_active(active: int, pairs: int, n_features: int) -> float:
    """Share of samples with k random active features in which no antipodal pair has both of its own active.

    Of such a pair only the difference can be known, so that no decoder recovers more; the other features are dedicated.
    """
    ways = sum(
        comb(pairs, j, exact=True) * 2**j * comb(n_features - 2 * pairs, active - j, exact=True)
        for j in range(active + 1)
    )
    return float(ways / comb(n_features, active, exact=True))
