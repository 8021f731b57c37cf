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

from math import comb

import numpy as np
from jaxtyping import Float

from superposition.exact.functions import log, normal_density, normal_tail
from superposition.theory.losses import ignored


def modulation(density: Float[np.ndarray, "*point"]) -> Float[np.ndarray, "*point"]:
    """1 / (s log(1 / s)), what features per dimension are bounded by up to a constant; s < 1."""
    return 1 / (density * log(1 / density))


def recovered(
    loss: Float[np.ndarray, "*point"], density: Float[np.ndarray, "*point"], n_features: int
) -> Float[np.ndarray, "*point"]:
    """How many features' worth of squared error a model saves, of n with importance 1.

    `loss` is the mean over features. A feature that comes out exactly counts as 1, one that is ignored as 0.
    """
    return n_features * (1 - loss / ignored(density, np.ones_like(density)))


def order(active: Float[np.ndarray, "*point"], n_features: int) -> Float[np.ndarray, "*point"]:
    """k log(n / k), which the dimensions that recovery takes are proportional to; 0 < k < n."""
    return active * log(n_features / active)


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
    # Half the derivative, k t - (n - k) E max(g - t, 0), rises ever more slowly, so that Newton's steps from 0 never go
    # beyond its zero.
    last, t = -1.0, 0.0
    while t > last:
        tail, density = float(normal_tail(t)), float(normal_density(t))
        mean = density - t * tail  # E max(g - t, 0)
        squared = (1 + t * t) * tail - t * density  # E max(g - t, 0)^2
        last, t = t, t + ((n_features - active) * mean - active * t) / (active + (n_features - active) * tail)
    return active * (1 + last * last) + (n_features - active) * squared


def no_pair_active(active: int, pairs: int, n_features: int) -> float:
    """Share of samples with k random active features in which no antipodal pair has both of its own active.

    Of such a pair only the difference can be known, so that no decoder recovers more; the other features are dedicated.
    """
    ways = sum(comb(pairs, j) * 2**j * comb(n_features - 2 * pairs, active - j) for j in range(active + 1))
    return ways / comb(n_features, active)
