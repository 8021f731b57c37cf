"""How features share the eigenspaces of W W^T: frames (Ivanov et al. 2026, "Spectral Superposition").

A feature's dimensionality D_i is at most its leverage W_i . (W W^T)^-1 W_i, and the leverages of all features add up to
the rank of W. Write shares s_k of the squared length of W_i for what of it lies in the eigenspace of eigenvalue l_k:
then D_i = |W_i|^2 / sum_k s_k l_k, the leverage is |W_i|^2 sum_k s_k / l_k, and their ratio is 1 just where all of a
feature is in one eigenspace. So capacity that is used up, sum_i D_i = m, says that every feature is. No eigenvector is
needed for any of this, which a computer could not tell apart where eigenvalues are alike. `W` is [hidden, feature].
"""

import numpy as np
from jaxtyping import Float

from superposition.exact.linear import solve
from superposition.exact.sums import matmul, total
from superposition.readings.polytopes import components, dimensionalities, rank


def leverages(W: Float[np.ndarray, "hidden feature"]) -> Float[np.ndarray, " feature"]:
    """W_i . (W W^T)^-1 W_i; 0 of all where W has less than full rank."""
    try:
        return total(W * solve(matmul(W, W.T), W), axis=0)
    except ArithmeticError:
        return np.zeros(W.shape[1])


def localisation(W: Float[np.ndarray, "hidden feature"]) -> Float[np.ndarray, " feature"]:
    """D_i over its leverage: 1 for a feature in one eigenspace of W W^T, less for one in several; 0 where W_i = 0."""
    leverage = leverages(W)
    return np.divide(dimensionalities(W), leverage, out=np.zeros_like(leverage), where=leverage > 0)


def eigenvalues_of_features(W: Float[np.ndarray, "hidden feature"]) -> Float[np.ndarray, " feature"]:
    """|W^T W_i|^2 / |W_i|^2: the eigenvalue of W W^T of a feature in one eigenspace, else a mean; 0 where W_i = 0."""
    squared = total(W * W, axis=0)
    return np.divide(total(np.square(matmul(W.T, W)), axis=1), squared, out=np.zeros_like(squared), where=squared > 0)


def off_tight(W: Float[np.ndarray, "hidden feature"]) -> list[float]:
    """Of each component of represented features that interfere, how far it is from a tight frame of what it spans.

    There all eigenvalues are the sum of squared lengths over the number of dimensions; how far the features' are off
    that at most, relative to it.
    """
    found = []
    own = eigenvalues_of_features(W)
    for component in components(W):
        members = list(component.features)
        tight = float(total(np.square(W[:, members]))) / rank(W[:, members])
        found.append(float(np.abs(own[members] / tight - 1).max()))
    return found
