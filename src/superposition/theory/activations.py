"""How a neuron's activations come about, in the model where each feature is 0 or uniform on [-1, 1], independently.

A neuron's input h = sum_i w_i x_i is a sum of independent terms, so that its distribution is the convolution of theirs.
It is formed on a grid of levels, and accurate to a grid step.
"""

from math import floor

import numpy as np
from jaxtyping import Float

from superposition.exact.sums import running_total, total

LEVELS = 1024  # on each side of 0; a step is 0.1% of the largest h that can be


def activation_chances(
    weights: Float[np.ndarray, " feature"], density: float, primary: int
) -> tuple[Float[np.ndarray, " level"], Float[np.ndarray, " level"], Float[np.ndarray, " level"]]:
    """Levels of h above 0, in rising order; the chance of each; and that of each with feature `primary` active.

    `weights` are the neuron's input weights, in any unit, which is that of the levels; one at least is not 0.
    `density` is the chance that a feature is active.
    """
    size = np.abs(weights)
    step = float(total(size)) / (LEVELS - 1)  # so that nothing is beyond the last level
    places = np.arange(-LEVELS, LEVELS)
    others = (places == 0).astype(float)
    for reach in np.delete(size / step, primary).tolist():
        others = (1 - density) * others + density * _spread(others, reach)
    with_primary = density * _spread(others, float(size[primary] / step))
    chance = (1 - density) * others + with_primary
    above = places > 0
    return places[above] * step, chance[above], with_primary[above]


def _spread(mass: Float[np.ndarray, " level"], reach: float) -> Float[np.ndarray, " level"]:
    """With a term added that is uniform on [-reach, reach], in grid steps: a moving mean.

    Of that term each cell of the grid within reach has 1 / (2 reach), the two on its ends what is left for them.
    """
    if reach <= 0.5:
        return mass  # all in the cell at 0
    whole = floor(reach - 0.5)  # cells on each side
    so_far = np.concatenate([np.zeros(1), running_total(mass)])
    place = np.arange(len(mass))
    inner = so_far[np.minimum(place + whole + 1, len(mass))] - so_far[np.maximum(place - whole, 0)]
    padded = np.pad(mass, whole + 1)
    ends = padded[: len(mass)] + padded[2 * (whole + 1) :]
    return (inner + (reach - 0.5 - whole) * ends) / (2 * reach)
