"""The generalised Thomson problem (Elhage et al. 2022, "Mathematical Understanding").

With equal importance, one active feature, no bias and unit directions, the loss that features do to each other is the
energy Sum_{i != j} ReLU(W_i . W_j)^2: points on a sphere that repel each other up to a right angle. `W` is [hidden,
point], unit vectors as columns.
"""

import numpy as np
from jaxtyping import Float


def energy(W: Float[np.ndarray, "... hidden point"]) -> Float[np.ndarray, "..."]:
    """Sum over ordered pairs of different points."""
    gram = np.swapaxes(W, -1, -2) @ W
    repelled = np.maximum(gram * (1 - np.eye(W.shape[-1])), 0)
    return np.asarray((repelled**2).sum(axis=(-1, -2)))


def signed_basis(n_points: int, n_hidden: int) -> Float[np.ndarray, "hidden point"]:
    """The first of e_1, -e_1, e_2, -e_2, ...: no two at less than a right angle, and there are 2 n_hidden of them."""
    if n_points > 2 * n_hidden:
        raise ValueError(f"{n_points} points in {n_hidden} dimensions: there are only {2 * n_hidden}")
    axis, sign = np.divmod(np.arange(n_points), 2)
    W = np.zeros((n_hidden, n_points))
    W[axis, np.arange(n_points)] = 1.0 - 2 * sign
    return W


def relax(n_points: int, n_hidden: int, starts: int = 10, steps: int = 500) -> Float[np.ndarray, "hidden point"]:
    """The points of least energy that gradient descent finds, projected onto the sphere, from random starts.

    The starts are the same each time. They are drawn uniformly from a cube, which needs no function whose last bit
    differs between machines.
    """
    draw = np.random.default_rng(0).random((starts, n_hidden, n_points))
    W = _on_sphere(2 * draw - 1)
    others = 1 - np.eye(n_points)
    rate = 0.2  # a quarter of the gradient, 4 W ReLU(gram)
    for _ in range(steps):
        W = _on_sphere(W - rate * W @ np.maximum((np.swapaxes(W, 1, 2) @ W) * others, 0))
    return W[int(np.argmin(np.round(energy(W), 9)))]  # rounded, so that equal ones are told apart by their number


def _on_sphere(W: Float[np.ndarray, "... hidden point"]) -> Float[np.ndarray, "... hidden point"]:
    return W / np.sqrt((W**2).sum(axis=-2, keepdims=True))
