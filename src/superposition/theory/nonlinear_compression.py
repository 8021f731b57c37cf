"""Two dense features in one number without superposition: t = (floor(Z x) + y) / Z (Elhage et al. 2022, appendix
"Nonlinear Compression").

x and y are uniform on [0, 1). Of t, x' = floor(Z t) / Z and y' = Z t - floor(Z t) are read off. A model of continuous
functions has no floor: where it jumps, here is a linear ramp, epsilon of a step wide, that begins at the jump, in
writing as in reading. The paper says how wide ramps are and not where. Losses are means over both features.

That x' is the lower end of a step, not its middle, is how the paper's figure has it: its loss at Z = 1 is 0.16.
"""

import numpy as np
from jaxtyping import Float

from superposition.exact.sums import dot, total
from superposition.theory.quadrature import legendre_rule

# What picking one feature leaves, the other at its mean: (0 + 1/12) / 2. Reading off both from their mean is as good.
LINEAR = 1 / 24

# (Z, epsilon): loss, read off the figure, to about 3%.
READ_OFF = {
    (1, 0.1): 0.16, (2, 0.1): 0.058, (3, 0.1): 0.039, (9, 0.1): 0.025, (9, 0.01): 0.0046,
    (1, 1e-5): 0.16, (2, 1e-5): 0.042, (3, 1e-5): 0.019, (9, 1e-5): 0.0021,
}  # fmt: skip
NODES = 4  # of Gauss-Legendre rules: polynomials of degree 7 in either direction, where there are 3 and 4


def staircase(z: Float[np.ndarray, "*point"], steps: int, epsilon: float) -> Float[np.ndarray, "*point"]:
    """floor(z) on [0, steps), with a ramp of width epsilon from each jump on."""
    below = np.clip(np.floor(z), 0, steps - 1)
    return np.where(below > 0, below - 1 + np.minimum((z - below) / epsilon, 1), 0.0)


def write(
    x: Float[np.ndarray, "*point"], y: Float[np.ndarray, "*point"], steps: int, epsilon: float
) -> Float[np.ndarray, "*point"]:
    """t of both features; Z is `steps`."""
    return (staircase(steps * x, steps, epsilon) + y) / steps


def read(
    t: Float[np.ndarray, "*point"], steps: int, epsilon: float
) -> tuple[Float[np.ndarray, "*point"], Float[np.ndarray, "*point"]]:
    """x' and y' of t."""
    step = staircase(steps * t, steps, epsilon)
    return step / steps, steps * t - step


def loss(steps: int, epsilon: float) -> float:
    """Mean squared error of both features, exactly: the integrand is a polynomial between kinks.

    For one x they are where staircase(Z x) + y reaches the next whole number, or a ramp's end, and move with x where x
    is on a ramp; there the one at epsilon leaves [0, 1] as x passes epsilon^2 of a step.
    """
    points, weights = legendre_rule(NODES)
    ends = np.array([0.0, epsilon * epsilon, epsilon, 1.0])
    low, width = ends[:-1], np.diff(ends)
    x = (np.arange(steps)[:, None, None] + low[:, None] + width[:, None] * points)[..., None, None] / steps
    own = staircase(steps * x, steps, epsilon)  # [step, part, x, 1, 1]
    beyond = own - np.floor(own)  # how far up a ramp
    at = [0 * beyond, epsilon - beyond, 1 - beyond, 1 + epsilon - beyond, 0 * beyond + 1]
    kinks = np.clip(np.concatenate(at, axis=-2), 0, 1)
    y = kinks[..., :-1, :] + np.diff(kinks, axis=-2) * points  # [step, part, x, piece, y]
    x = np.broadcast_to(x, y.shape)
    x_read, y_read = read(write(x, y, steps, epsilon), steps, epsilon)
    errors = (np.square(x - x_read) + np.square(y - y_read)) / 2
    over_y = total(dot(errors, weights) * np.diff(kinks, axis=-2)[..., 0], axis=-1)
    return float(total(dot(over_y, weights) * width) / steps)


def limit(steps: int) -> float:
    """The loss as epsilon goes to 0: y comes out right, and x is off by a uniform number up to 1/Z. 1 / (6 Z^2)."""
    return 1 / (6 * steps * steps)


def widest_ramps(steps: int) -> float:
    """The largest epsilon with which the loss is below the linear one; 0 if there is none."""
    low, high = 0.0, 1.0
    if limit(steps) >= LINEAR:
        return 0.0
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (middle, high) if loss(steps, middle) < LINEAR else (low, middle)
    return low
