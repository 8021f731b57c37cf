"""The generalised Thomson problem (Elhage et al. 2022, "Mathematical Understanding").

With equal importance, one active feature, no bias and unit directions, the loss that features do to each other is the
energy Sum_{i != j} ReLU(W_i . W_j)^2: points on a sphere that repel each other up to a right angle. `W` is [hidden,
point], unit vectors as columns.
"""

import numpy as np
from jaxtyping import Float

from superposition.exact.sums import dot, total
from superposition.theory.starts import starts as points


def energy(W: Float[np.ndarray, "... hidden point"]) -> Float[np.ndarray, "..."]:
    """Sum over ordered pairs of different points."""
    return total(np.square(_repelled(W)), axis=(-1, -2))


def relax(n_points: int, n_hidden: int, starts: int = 10, steps: int = 500) -> Float[np.ndarray, "hidden point"]:
    """The points of least energy that gradient descent finds, projected onto the sphere, from random starts.

    The starts are the same each time, drawn uniformly from a cube.
    """
    W = _on_sphere(points(starts, n_hidden, n_points))
    rate = 0.2  # a quarter of the gradient, 4 W ReLU(gram)
    for _ in range(steps):
        W = _on_sphere(W - rate * dot(W[..., :, None, :], _repelled(W)[..., None, :, :]))
    return W[int(energy(W).argmin())]


def _repelled(W: Float[np.ndarray, "... hidden point"]) -> Float[np.ndarray, "... point point"]:
    """ReLU(W_i . W_j) of each two different points."""
    gram = total(W[..., :, None] * W[..., None, :], axis=-3)
    return np.maximum(gram * (1 - np.eye(W.shape[-1])), 0)


def _on_sphere(W: Float[np.ndarray, "... hidden point"]) -> Float[np.ndarray, "... hidden point"]:
    return W / np.sqrt(total(W * W, axis=-2))[..., None, :]
