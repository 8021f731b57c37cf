"""The loss of the linear model without a bias, x' = W^T W x (Elhage et al. 2022, "Mathematical Understanding").

`W` is [hidden, feature], one direction per column; the loss is the sum over features of I_j (x_j - x'_j)^2.
"""

import numpy as np
from jaxtyping import Float

from superposition.exact.sums import dot, matmul, total


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
