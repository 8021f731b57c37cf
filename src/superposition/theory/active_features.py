"""The loss of the ReLU-output model, by the number of features that are active (Elhage et al. 2022, "Mathematical
Understanding").

L = (1-S)^n L_n + ... + (1-S) S^(n-1) L_1 + S^n L_0, where L_k sums, over all sets of k features, the mean loss when
just these are active, uniform on [0, 1]. The loss is the sum over features of I_j (x_j - ReLU(W_j . W x + b_j))^2;
tables have its mean over features. `W` is [hidden, feature], one direction per column.
"""

import itertools
from math import sqrt

import numpy as np
from jaxtyping import Float

from superposition.exact.functions import power
from superposition.exact.sums import dot, matmul, total
from superposition.theory.quadrature import cube_rule

NODES = 6  # of a Gauss-Legendre rule in each direction but one; on five features in two dimensions off by 0.0005


def losses_by_active(
    W: Float[np.ndarray, "hidden feature"],
    b: Float[np.ndarray, " feature"],
    importance: Float[np.ndarray, " feature"],
    nodes: int = NODES,
) -> Float[np.ndarray, " active"]:
    """L_0 ... L_n. In one direction the integral is exact, in the others it is a Gauss-Legendre rule."""
    n = W.shape[1]
    gram = matmul(W.T, W)
    L = np.zeros(n + 1)
    L[0] = dot(importance, np.square(np.maximum(b, 0)))
    for k in range(1, n + 1):
        others, chance = cube_rule(k - 1, nodes)  # [point, k - 1]
        for active in itertools.combinations(range(n), k):
            x = np.zeros((len(others), n))
            x[:, active[1:]] = others
            L[k] += total(chance[:, None] * _along(active[0], x, gram, b) * importance)
    return L


def weights_of_active(n_features: int, density: float) -> Float[np.ndarray, " active"]:
    """(1-S)^k S^(n-k) for k = 0 ... n: how often just one given set of k features is active."""
    k = np.arange(n_features + 1)
    return power(density, k) * power(1 - density, n_features - k)


def interference_of_one(
    W: Float[np.ndarray, "hidden feature"], b: Float[np.ndarray, " feature"], importance: Float[np.ndarray, " feature"]
) -> float:
    """The second sum of L_1, Sum_{i != j} Int_0^1 I_j ReLU(W_j . W_i x + b_j)^2 dx: what one feature does to others."""
    gram = matmul(W.T, W)
    paid = 0.0
    for i in range(W.shape[1]):
        errors = _along(i, np.zeros((1, W.shape[1])), gram, b)[0]
        paid += float(total(np.delete(importance * errors, i)))
    return paid


def _along(
    i: int, x: Float[np.ndarray, "sample feature"], gram: Float[np.ndarray, "feature feature"], b: np.ndarray
) -> Float[np.ndarray, "sample feature"]:
    """Int_0^1 (x_j - ReLU(W_j . W x + b_j))^2 dx_i for each j, the other features as in `x`, where x_i = 0.

    Where the ReLU is open, on an interval, the integrand is quadratic in x_i, as it is where it is shut; two
    Gauss-Legendre nodes integrate such functions exactly.
    """
    slope = gram[i]
    start = matmul(x, gram) + b
    with np.errstate(divide="ignore", invalid="ignore"):
        kink = np.clip(np.where(slope != 0, -start / slope, 0.0), 0, 1)
    # Open on [kink, 1] if the slope is positive, on [0, kink] if it is negative, and everywhere or nowhere if it is 0.
    low = np.where(slope > 0, kink, 0.0)
    high = np.where(slope > 0, 1.0, np.where(slope < 0, kink, (start > 0).astype(float)))
    own = np.arange(x.shape[1]) == i
    found = np.where(own, 1 / 3, x * x)  # Int (x_j)^2 dx_i, where it is shut
    for sign in (-1, 1):
        t = (low + high) / 2 + sign * (high - low) / 2 / sqrt(3)
        target = np.where(own, t, x)
        found = found + (high - low) / 2 * (np.square(target - start - slope * t) - target * target)
    return found
