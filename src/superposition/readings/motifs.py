"""Circuits of a few neurons, found by their weights (Elhage et al. 2022, "The Asymmetric Superposition Motif").

The model is h = ReLU(W x), y = ReLU(W_out h + b). All functions are of one instance: `W` is [hidden, feature], `W_out`
[feature, hidden]. Numpy only, since claims and figures call it on stored tables; weights are compared, never summed.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from superposition.measures.computation import canonical, primary_features

# Where the lines are drawn. In the paper's example a neuron has input weights 2 and -1/2 and output weights 1/2 and 2:
# products of 1 along each feature's own path, and of 4 and 1/4 across. It draws no lines itself.
OWN_PATH = (0.7, 1.3)  # |input weight| x output weight of a feature that the neuron computes
INPUT_RATIO = 2.0  # of the two input weights, at least
STRONG_CROSSING, WEAK_CROSSING = 1.5, 0.5  # input weight of the one x output weight of the other: above, below
INHIBITING_INPUT = 0.01  # of a neuron's largest: what the inhibiting one must hear of the interfering feature
INHIBITING_OUTPUT = -2.0  # its output to the victim, in units of that to its own feature: below


@dataclass(frozen=True)
class AsymmetricSuperposition:
    """A neuron that two features share, and the one that makes up for it; neurons and features are counted from 0.

    `interfering` has the larger input weight and the smaller output weight on `neuron`, `victim` the reverse: the first
    excites the second's output, hardly the other way. `inhibitor` hears the first as well, and pushes the victim's
    output below 0, where the ReLU hides it.
    """

    neuron: int
    interfering: int
    victim: int
    inhibitor: int


def asymmetric_superposition(
    W: Float[np.ndarray, "hidden feature"], W_out: Float[np.ndarray, "feature hidden"]
) -> list[AsymmetricSuperposition]:
    """Every place of the motif, by neuron; of several neurons that inhibit, the one that does so most.

    Does not depend on how the weights of a neuron are scaled.
    """
    W, W_out = canonical(W, W_out)
    found = []
    for neuron, (inputs, outputs) in enumerate(zip(np.abs(W), W_out.T, strict=True)):
        own = inputs * outputs
        computed = np.flatnonzero((own >= OWN_PATH[0]) & (own <= OWN_PATH[1])).tolist()
        for interfering in computed:
            for victim in computed:
                if not (
                    inputs[interfering] > INPUT_RATIO * inputs[victim]
                    and inputs[interfering] * outputs[victim] > STRONG_CROSSING
                    and inputs[victim] * outputs[interfering] < WEAK_CROSSING
                ):
                    continue
                inhibitor = _inhibitor(W, W_out, neuron, interfering, victim)
                if inhibitor is not None:
                    found.append(AsymmetricSuperposition(neuron, interfering, victim, inhibitor))
    return found


def _inhibitor(
    W: Float[np.ndarray, "hidden feature"],
    W_out: Float[np.ndarray, "feature hidden"],
    neuron: int,
    interfering: int,
    victim: int,
) -> int | None:
    """The neuron that most inhibits the victim when the interfering feature has the sign that excites `neuron`."""
    neurons = np.arange(len(W))
    heard = W[:, interfering] * np.sign(W[neuron, interfering])
    own_output = W_out[primary_features(W), neurons]
    inhibits = (heard > INHIBITING_INPUT) & (own_output > 0) & (W_out[victim] < INHIBITING_OUTPUT * own_output)
    inhibits[neuron] = False
    if not inhibits.any():
        return None
    return int(np.where(inhibits, heard * W_out[victim], np.inf).argmin())
