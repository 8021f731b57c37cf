"""How a neuron's activations come about, in the model where each feature is 0 or uniform on [-1, 1], independently.

A neuron's input h = sum_i w_i x_i is a sum of independent terms, so that its distribution is the convolution of theirs.
It is formed on a grid of levels, by fast Fourier transform: what stands here is accurate to a grid step, and its last
bits differ between machines.
"""

import numpy as np
from jaxtyping import Float

LEVELS = 1024  # on each side of 0; a step is 0.1% of the largest h that can be


def activation_chances(
    weights: Float[np.ndarray, " feature"], density: float, primary: int
) -> tuple[Float[np.ndarray, " level"], Float[np.ndarray, " level"], Float[np.ndarray, " level"]]:
    """Levels of h above 0, in rising order; the chance of each; and that of each with feature `primary` active.

    `weights` are the neuron's input weights, in any unit, which is that of the levels; one at least is not 0.
    `density` is the chance that a feature is active.
    """
    size = np.abs(weights)
    step = size.sum() / (LEVELS - 1)  # so that nothing wraps around
    places = np.arange(-LEVELS, LEVELS)
    # Of an active feature, the mass of its uniform term in each cell of the grid.
    edges = (np.arange(-LEVELS, LEVELS + 1) - 0.5) * step
    width = np.maximum(size, 1e-9 * step)[:, None]  # a weight of 0 is a mass at 0
    cells = np.diff(np.clip(edges / width, -1, 1)) / 2
    active = density * np.fft.rfft(np.fft.ifftshift(cells, axes=1))
    either = active + (1 - density)
    others = np.delete(either, primary, axis=0).prod(axis=0)
    chance, with_primary = (
        np.maximum(np.fft.fftshift(np.fft.irfft(others * own, n=2 * LEVELS)), 0)
        for own in (either[primary], active[primary])
    )
    above = places > 0
    return places[above] * step, chance[above], with_primary[above]
