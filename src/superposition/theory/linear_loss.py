"""The loss of the linear model without a bias, x' = W^T W x (Elhage et al. 2022, "Mathematical Understanding").

`W` is [hidden, feature], one direction per column; the loss is the sum over features of I_j (x_j - x'_j)^2.
"""

import itertools
from math import sqrt

import numpy as np
from jaxtyping import Float

from superposition.exact.sums import dot, matmul, product, total

# Values and probabilities of distributions with mean 0 and variance 1. The mean of what is quadratic in x depends on
# nothing else, so that it comes out exactly from few values.
GAUSSIAN = ((-sqrt(3), 0.0, sqrt(3)), (1 / 6, 2 / 3, 1 / 6))  # Gauss-Hermite quadrature, exact up to x^5
SKEWED = ((-0.5, 2.0), (0.8, 0.2))  # rarely on, as sparse features are; 0.8 / 4 + 0.2 * 4 = 1


def benefit_and_interference(
    W: Float[np.ndarray, "hidden feature"], importance: Float[np.ndarray, " feature"]
) -> tuple[float, float]:
    """Sum_i I_i (1 - ||W_i||^2)^2 and Sum_{i != j} I_j (W_j . W_i)^2; for unit-covariance x of mean 0 they add up to
    the loss.
    """
    gram = matmul(W.T, W)
    own = np.diagonal(gram)
    weighted = importance[:, None] * np.square(gram - np.diag(own))
    return float(dot(importance, np.square(1 - own))), float(total(weighted))


def expected_loss(
    W: Float[np.ndarray, "hidden feature"],
    importance: Float[np.ndarray, " feature"],
    values: tuple[float, ...],
    probabilities: tuple[float, ...],
) -> float:
    """E Sum_j I_j (x_j - x'_j)^2 over independent features that take these values, as a sum over all combinations."""
    n = W.shape[1]
    x = np.array(list(itertools.product(values, repeat=n)))  # [combination, feature]
    chance = product(np.array(list(itertools.product(probabilities, repeat=n))), axis=1)
    errors = x - matmul(matmul(x, W.T), W)
    return float(dot(chance, dot(errors * errors, importance)))


def descend(
    W: Float[np.ndarray, "start hidden feature"], importance: Float[np.ndarray, " feature"], steps: int, rate: float
) -> Float[np.ndarray, "start hidden feature"]:
    """Gradient descent on the loss from each start.

    With E = I - W^T W the loss is Sum_ij I_j E_ij^2, and its gradient -2 W (E diag(I) + diag(I) E).
    """
    identity = np.eye(W.shape[2])
    for _ in range(steps):
        error = identity - total(W[:, :, :, None] * W[:, :, None, :], axis=1)
        weighted = error * importance + importance[:, None] * error
        W = W + 2 * rate * dot(W[:, :, None, :], weighted[:, None])  # which is symmetric
    return W
