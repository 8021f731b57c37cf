"""Networks without superposition that compute absolute values, and how wide one must be for a given loss.

Each neuron computes one half of one feature: ReLU(x) or ReLU(-x), of a feature that is 0 with probability 1 - s and
else uniform on [-1, 1]. Of a feature with both halves the loss is 0. All formulas are our arithmetic. The idea that
sparse networks are simulated by narrower ones: Elhage et al. 2022, "Definitions and Motivation".
"""

import numpy as np
from jaxtyping import Float

from superposition.exact.sums import interpolate, running_total
from superposition.theory.losses import ignored


def one_half(density: float) -> float:
    """Least E(|x| - ReLU(a ReLU(x) + b))^2 of a feature with one of two neurons: s/6 - s^2 / (16 - 6 s).

    Where x > 0 the target is u, uniform on [0, 1], and the output a u + b, where x < 0 it is u and the output b, and
    where x = 0 it is 0 and the output b. Over a, E(a u + b - u)^2 is least at a = 1 - 3 b/2, where it is b^2/4. With
    E(u - b)^2 = 1/3 - b + b^2 the loss is s/6 - s b/2 + (1 - 3 s/8) b^2, least at b = 2 s / (8 - 3 s).
    """
    return density / 6 - density * density / (16 - 6 * density)


def monosemantic_losses(density: float, importance: Float[np.ndarray, " feature"]) -> Float[np.ndarray, " width"]:
    """Least loss with 0, 1, ..., 2 n neurons of one half each, mean over features; `importance` falls with [feature].

    The second half of a feature takes away more than the first, so that neurons come in pairs, those of the most
    important features first, and an odd one is the next feature's. What has no neuron is its mean.
    """
    if bool((np.diff(importance) > 0).any()):
        raise ValueError("features must come in the order of their importance")
    none = ignored(np.full(len(importance), density), importance)
    one = importance * one_half(density)
    left = np.append(running_total(none[::-1])[::-1], 0.0)  # of the features from i on
    losses = np.empty(2 * len(importance) + 1)
    losses[::2] = left
    losses[1::2] = left[1:] + one
    return losses / len(importance)


def equivalent_width(loss: float, density: float, importance: Float[np.ndarray, " feature"]) -> float:
    """How many neurons of one half each are as good, between whole numbers by linear interpolation.

    0 where constants are as good; all 2 n only where there is no loss at all.
    """
    losses = monosemantic_losses(density, importance)
    return float(interpolate(-loss, -losses, np.arange(len(losses))))
