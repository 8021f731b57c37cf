"""What the neurons of a trained model compute (Elhage et al. 2022, "Computation in Superposition").

The model is h = ReLU(W x), y = ReLU(W_out h + b). All functions are of one instance: `W` is [hidden, feature], `W_out`
[feature, hidden], `b` [feature]. Needs numpy only, since claims and figures call it on stored tables.
"""

from collections.abc import Sequence
from typing import Literal

import numpy as np
from jaxtyping import Float, Int

from superposition.exact.sums import running_total, total
from superposition.measures.thresholds import MONOSEMANTIC_HEIGHT, POLYSEMANTIC_HEIGHT
from superposition.theory.activations import activation_chances

# Activations below a tenth of what a neuron's largest weight alone can reach are mostly noise of many tiny weights.
SEEN = 0.1
TOP = 0.01  # of the activations that are seen: the highest ones

Kind = Literal["mono", "slightly", "poly"]


def canonical(
    W: Float[np.ndarray, "hidden feature"], W_out: Float[np.ndarray, "feature hidden"]
) -> tuple[Float[np.ndarray, "hidden feature"], Float[np.ndarray, "feature hidden"]]:
    """The same model with the largest |W| of each neuron 1, and its output weights scaled the other way.

    ReLU(a W x) / a = ReLU(W x) for all a > 0, so that only products of input and output weights mean anything. A neuron
    without input weights stays as it is.
    """
    largest = np.abs(W).max(axis=1)
    scale = np.where(largest > 0, largest, 1.0)
    return W / scale[:, None], W_out * scale


def primary_features(W: Float[np.ndarray, "hidden feature"]) -> Int[np.ndarray, " hidden"]:
    """The feature with the largest |W| of each neuron, the first of equals."""
    return np.abs(W).argmax(axis=1)


def stack_heights(W: Float[np.ndarray, "hidden feature"]) -> Float[np.ndarray, " hidden"]:
    """H_k = sum_i |W_ki| / max_i |W_ki|, how many features' worth of input a neuron has: the height of its bar.

    1 for a neuron with one feature, n_features if all weigh alike; 0 for a neuron without input weights.
    """
    size = np.abs(W)
    largest = size.max(axis=1)
    return total(size, axis=1) / np.where(largest > 0, largest, 1.0)


def kinds(heights: Float[np.ndarray, " hidden"]) -> list[Kind]:
    """Whether a neuron of this height is monosemantic, slightly polysemantic or polysemantic."""
    return [
        "mono" if height < MONOSEMANTIC_HEIGHT else "slightly" if height <= POLYSEMANTIC_HEIGHT else "poly"
        for height in heights.tolist()
    ]


def responses(
    W: Float[np.ndarray, "hidden feature"],
    W_out: Float[np.ndarray, "feature hidden"],
    b: Float[np.ndarray, " feature"],
    value: float,
) -> Float[np.ndarray, " feature"]:
    """The output y_i of each feature i when it alone is active, x_i = `value`."""
    hidden = np.maximum(W * value, 0.0)  # column i: what the neurons say to feature i alone
    return np.maximum(total(W_out * hidden.T, axis=1) + b, 0.0)


def primary_shares(
    W: Float[np.ndarray, "hidden feature"], density: float, neurons: Sequence[int]
) -> list[tuple[float, float]]:
    """Of each neuron, how often it is active with its largest feature active: at its highest activations, and at all.

    Activations are those above `SEEN` of what the largest weight alone can reach, the highest ones the top `TOP` of
    them. By theory, from the weights: features are active independently, with chance `density`, and uniform on [-1, 1]
    then.
    """
    shares = []
    for neuron in neurons:
        primary = int(primary_features(W)[neuron])
        levels, chance, with_primary = activation_chances(W[neuron], density, primary)
        seen = levels > SEEN * abs(W[neuron, primary])
        tail = running_total(chance[seen][::-1])[::-1]  # of a level and all above it
        top = tail <= TOP * tail[0]
        both = with_primary[seen]
        shares.append((float(total(both[top]) / total(chance[seen][top])), float(total(both) / tail[0])))
    return shares
