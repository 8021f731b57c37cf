"""How features lie on neurons (Elhage et al. 2022, "Superposition in a Privileged Basis").

`W` is [hidden, feature]: the direction of feature i is the column `W[:, i]`, the weights of neuron k the row `W[k]`.
Numpy, since claims and figures read them off tables, and nothing of it is stored.
"""

import numpy as np
from jaxtyping import Bool, Float, Int

from superposition.exact.sums import total
from superposition.measures.thresholds import NEURON_UNUSED, NEURON_USED


def alignment(W: Float[np.ndarray, "hidden feature"]) -> Float[np.ndarray, " feature"]:
    """max_k W_ki^2 / sum_k W_ki^2: 1 for a feature on one neuron, 1/m if all m share it alike, 0 if W_i = 0."""
    squares = W * W
    of_all = total(squares, axis=0)
    return np.divide(squares.max(axis=0), of_all, out=np.zeros_like(of_all), where=of_all > 0)


def monosemantic(W: Float[np.ndarray, "hidden feature"]) -> Bool[np.ndarray, " hidden"]:
    """Which neurons are used by one feature, |W| > 0.3, and by no other, |W| < 0.15."""
    weights = np.abs(W)
    used, heard = (np.count_nonzero(above, axis=1) for above in (weights > NEURON_USED, weights >= NEURON_UNUSED))
    return (used == 1) & (heard == 1)


def polysemantic(W: Float[np.ndarray, "hidden feature"]) -> Bool[np.ndarray, " hidden"]:
    """Which neurons are used, and not by one feature alone."""
    return (np.abs(W) > NEURON_USED).any(axis=1) & ~monosemantic(W)


def responses(W: Float[np.ndarray, "hidden feature"]) -> Float[np.ndarray, "hidden feature"]:
    """What each neuron, a ReLU without a bias, answers to each feature alone at its largest, x_i = 1: relu(W_ki).

    Neurons are told apart by these in Jermyn, Schiefer & Hubinger (2022, "Engineering Monosemanticity in Toy Models").
    A negative weight is no response: it holds the neuron off when other features excite it.
    """
    positive: np.ndarray = np.maximum(W, 0.0)
    return positive


def in_reading_order(W: Float[np.ndarray, "hidden feature"]) -> Int[np.ndarray, " hidden"]:
    """Neurons in the order in which they are drawn: monosemantic ones first, each kind by its strongest feature.

    Neurons can be exchanged without changing the model; on which of them a feature ends is up to the seed.
    """
    return np.lexsort((np.abs(W).argmax(axis=1), ~monosemantic(W)))
