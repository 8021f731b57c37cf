"""The exact loss of two features in one dimension without biases, over both weights: its minima and how they move.

x' = ReLU(W^T W x), features are 0 with probability S = 1 - s and else uniform on [0, 1]; the first has importance 1,
the second r. Losses are sums over both features of I_i (x_i - x'_i)^2 (Elhage et al. 2022, Tom McGrath's comment, which
says that this can be integrated and shows surfaces; the formula is worked out here). (W_1, W_2) and (-W_1, -W_2) are
the same model, so that minima are given once, with W_1 >= 0.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from jaxtyping import Float

from superposition.exact.functions import hypot

ANTIPODAL, CONFUSED, DROPPED = "antipodal", "confused", "one dropped"
REPRESENTED = 0.5  # size of a weight, as in the phase diagrams
LARGEST, STEP = 1.5, 0.05  # sizes of weights from which minima are looked for; those found are below 1.3
FINEST = 2e-7  # step at which a descent ends
ON_KINK = 1e-3  # weights smaller than this are on the kink at W_1 W_2 = 0
SAME = 1e-2  # minima closer than this are one

Surface = tuple[float, float]  # S and r


@dataclass(frozen=True)
class Minimum:
    """A local minimum, W_1 >= 0."""

    weights: tuple[float, float]
    loss: float

    @property
    def name(self) -> str:
        """Both features on opposite sides of the dimension, both on the same side, or one of them (nearly) left out."""
        first, second = self.weights
        if min(abs(first), abs(second)) < REPRESENTED:
            return DROPPED
        return CONFUSED if first * second > 0 else ANTIPODAL


def expected_loss(
    W_1: Float[np.ndarray, "*point"], W_2: Float[np.ndarray, "*point"], sparsity: float, importance: float
) -> Float[np.ndarray, "*point"]:
    """The loss at each of some pairs of weights, exactly, by which features are active."""
    s = 1 - sparsity
    a, b = np.abs(W_1), np.abs(W_2)
    alike = W_1 * W_2 >= 0
    # One feature active: x' = W_i^2 x, and the other output is ReLU(W_1 W_2 x); Int x^2 dx = 1/3.
    leak = np.where(alike, np.square(a * b), 0.0)
    one = (np.square(1 - a * a) + importance * leak + importance * np.square(1 - b * b) + leak) / 3
    both = np.where(
        alike,
        _same_side(a, b) + importance * _same_side(b, a),
        _opposite_side(a, b) + importance * _opposite_side(b, a),
    )
    return s * (1 - s) * one + s * s * both


def minima(sparsity: float, importance: float) -> list[Minimum]:
    """All local minima, lowest first, to 1e-6.

    The loss is smooth but for a kink where W_1 W_2 changes its sign, so either side of it is searched by itself. A
    minimum of the side of opposite signs that lies on the kink is none: giving the missing weight the other's sign
    lowers the loss, since both features together then come out less wrong.
    """
    found: list[Minimum] = []
    for sign in (1.0, -1.0):

        def loss(a: np.ndarray, b: np.ndarray, sign: float = sign) -> np.ndarray:
            return np.asarray(expected_loss(a, sign * b, sparsity, importance))

        sizes = STEP * np.arange(round(LARGEST / STEP) + 1)
        on_grid = np.pad(loss(*np.meshgrid(sizes, sizes, indexing="ij")), 1, constant_values=np.inf)
        around = np.lib.stride_tricks.sliding_window_view(on_grid, (3, 3)).min(axis=(2, 3))
        for i, j in zip(*np.nonzero(on_grid[1:-1, 1:-1] == around), strict=True):
            a, b = _descend(loss, sizes[i], sizes[j])
            known = any(hypot(a - one.weights[0], sign * b - one.weights[1]) < SAME for one in found)
            if not known and (sign > 0 or min(a, b) > ON_KINK):
                found.append(Minimum((a, sign * b), float(loss(np.array([a]), np.array([b]))[0])))
    return sorted(found, key=lambda one: one.loss)


@lru_cache(maxsize=16)
def best_on_the_way(start: Surface, end: Surface, points: int) -> tuple[Minimum, ...]:
    """The lowest minimum at evenly spaced points between two surfaces, both included."""
    steps = np.linspace(0, 1, points)
    ways = [[(1 - t) * one + t * other for one, other in zip(start, end, strict=True)] for t in steps]
    return tuple(minima(sparsity, importance)[0] for sparsity, importance in ways)


def largest_step(way: Sequence[Minimum]) -> tuple[float, int]:
    """The farthest that the lowest minimum moves between neighbouring points, and the number of the first of them."""
    weights = np.array([one.weights for one in way])
    steps = np.minimum(
        hypot(*(weights[1:] - weights[:-1]).T),
        hypot(*(weights[1:] + weights[:-1]).T),  # the same model
    )
    return float(steps.max()), int(steps.argmax())


def _descend(loss: Callable[[np.ndarray, np.ndarray], np.ndarray], a: float, b: float) -> tuple[float, float]:
    """To the best of a square of points around the last one, which shrinks when that is inside; a, b >= 0."""
    offsets = np.linspace(-1, 1, 9)
    step = STEP
    while step > FINEST:
        square = np.meshgrid(np.maximum(a + step * offsets, 0), np.maximum(b + step * offsets, 0), indexing="ij")
        i, j = np.unravel_index(int(loss(*square).argmin()), square[0].shape)
        last, (a, b) = (a, b), (float(square[0][i, j]), float(square[1][i, j]))
        inside = 0 < i < len(offsets) - 1 and 0 < j < len(offsets) - 1
        if inside or (a, b) == last:  # the latter where a weight is 0 and stays so
            step /= 3
    return a, b


def _same_side(a: Float[np.ndarray, "*point"], b: Float[np.ndarray, "*point"]) -> Float[np.ndarray, "*point"]:
    """E[(x - a (a x + b y))^2] for a, b >= 0: E[x^2] = 1/3, E[x y] = 1/4."""
    own, other = 1 - a * a, a * b
    return (own * own + other * other) / 3 - own * other / 2


def _opposite_side(a: Float[np.ndarray, "*point"], b: Float[np.ndarray, "*point"]) -> Float[np.ndarray, "*point"]:
    """E[(x - a ReLU(h))^2] for h = a x - b y; a, b >= 0.

    h > 0 where y < a x / b. Q = min(1, b / a) and Y = min(1, a / b) are where that line leaves the unit square, at
    (Q, 1) or (1, Y).
    """
    larger = np.maximum(np.maximum(a, b), 1e-300)  # not 0, at the origin
    Q, Y = np.where(b < a, b / larger, 1.0), np.where(a < b, a / larger, 1.0)
    squared = a * a * Y * (4 - 6 * Q + 4 * Q * Q - Q * Q * Q) / 12  # E[ReLU(h)^2]
    product = a * Y * (8 - 6 * Q + Q * Q * Q) / 24  # E[x ReLU(h)]
    return 1 / 3 - 2 * a * product + a * a * squared
