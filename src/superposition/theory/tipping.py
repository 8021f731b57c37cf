"""Where superposition begins to pay: what it gains and what it costs, over density (Elhage et al. 2022).

One dimension, two features: the first of importance 1, the second of importance r, both of density s. Either the first
has the dimension and the second is ignored, or they share it in opposite directions. "Superposition as a Phase Change"
gives these solutions; `losses` has their errors. Losses here are sums over features.
"""

from functools import cache

import numpy as np
from jaxtyping import Float

from superposition.exact.sums import total
from superposition.theory.expected_loss import independent, minimum
from superposition.theory.losses import antipodal, ignored

REPRESENTED = 0.5  # norm above which a feature counts as represented, as in the measures
ACCURACY = 0.002  # of the density at which minima tip
STARTS = ((1.0, -0.9, 0.1), (1.0, -0.4, 0.05))  # weights and bias: a pair of equals, and one that is just beginning


def gained(s: Float[np.ndarray, " point"], r: float) -> Float[np.ndarray, " point"]:
    """What the second feature costs as long as it is ignored: r (s/3 - s^2/4)."""
    return ignored(s, np.full_like(s, r))


def paid(s: Float[np.ndarray, " point"], r: float) -> Float[np.ndarray, " point"]:
    """Interference of the two, each off by the smaller value if both are active: (1 + r) s^2/6."""
    return antipodal(s, np.ones_like(s)) + antipodal(s, np.full_like(s, r))


def tipping_density(r: float) -> float:
    """Where the two are equal: r (1/3 - s/4) = (1 + r) s/6, at s = 4r / (2 + 5r). Below it superposition pays."""
    return 4 * r / (2 + 5 * r)


@cache
def tipping_density_of_minima(r: float) -> float:
    """The same where weights and biases may be any, by bisection: below it the best model represents both features.

    Shorter vectors and positive biases lower the cost of a dense pair, so that it is somewhat above `tipping_density`.
    """
    low, high = 0.0, 1.0
    while high - low > ACCURACY:
        middle = (low + high) / 2
        low, high = (middle, high) if _represents_both(middle, r) else (low, middle)
    return (low + high) / 2


def _represents_both(s: float, r: float) -> bool:
    importance, groups = np.array([1.0, r]), independent([s, s])
    found = [minimum(np.array([[first, second]]), np.full(2, b), importance, groups) for first, second, b in STARTS]
    best = min(found, key=lambda one: one.loss)
    return bool(best.loss < gained(np.array([s]), r)[0] and np.abs(best.W).min() > REPRESENTED)


def pairs_that_pay(importance: Float[np.ndarray, " feature"], density: float, n_hidden: int) -> int:
    """How many of the dimensions are best shared by two features; `importance` is descending.

    The least important feature that has a dimension shares it with the most important one that has none, and so on.
    """
    kept, added = importance[:n_hidden][::-1], importance[n_hidden : 2 * n_hidden]
    pays = [density < tipping_density(float(new / old)) for old, new in zip(kept, added, strict=False)]
    return (*pays, False).index(False)  # those before the first that does not pay


def loss_with_pairs(importance: Float[np.ndarray, " feature"], density: float, n_hidden: int) -> float:
    """Least loss of models in which a dimension holds one feature or an antipodal pair, mean over features."""
    pairs = pairs_that_pay(importance, density, n_hidden)
    s = np.full_like(importance, density)
    in_pairs = total(antipodal(s, importance)[n_hidden - pairs : n_hidden + pairs])
    return float((in_pairs + total(ignored(s, importance)[n_hidden + pairs :])) / len(importance))
