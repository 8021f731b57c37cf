"""What one active feature does to the others: read-outs of models with a ReLU on the output, from weights and biases.

Feature i alone, at strength x, gives the hidden vector x W_i; a linear read-out of feature j is then x W_j . W_i. `W`
is [hidden, feature]. Needs numpy, not torch.
"""

import math
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float

from superposition.exact.sums import matmul, total

STAGES = ("linear", "bias", "relu", "both")
LEAST = 1e-9  # squared interference below it is none
COSINE, COSINES = (math.sqrt(5) - 1) / 4, 0.03  # of 72 degrees, and room for how regular a pentagon is


class Filtered(NamedTuple):
    """Shares of squared interference that each takes away, at most 1; negative where it adds."""

    bias: float
    relu: float
    both: float


def read_outs(
    W: Float[np.ndarray, "hidden feature"], b: Float[np.ndarray, " feature"], strength: float = 1.0
) -> dict[str, Float[np.ndarray, "read active"]]:
    """What is read of each feature (row) while another one (column) is active: by dot products alone, with the bias
    alone, the ReLU alone, and with both, as the model has it.
    """
    linear = strength * matmul(W.T, W)
    shifted = linear + b[:, None]
    return dict(zip(STAGES, (linear, shifted, np.maximum(linear, 0), np.maximum(shifted, 0)), strict=True))


def relative(
    W: Float[np.ndarray, "hidden feature"], b: Float[np.ndarray, " feature"], stage: str, strength: float = 1.0
) -> Float[np.ndarray, "other active"]:
    """Read-outs of the other features over ||W_i||^2 of the active one, from large to small; NaN where that is 0."""
    read, squared = read_outs(W, b, strength)[stage], total(W * W, axis=0)
    shares = np.divide(read, squared, out=np.full_like(read, np.nan), where=squared > 0)
    others = ~np.eye(len(b), dtype=bool)
    return -np.sort(-shares.T[others].reshape(len(b), -1), axis=1, kind="stable").T


def is_pentagon(W: Float[np.ndarray, "hidden feature"], represented: int) -> bool:
    """Five represented features, to each of which two are neighbours at 72 degrees and two point away."""
    if represented != 5 or W.shape[1] != 5:
        return False
    products = relative(W, np.zeros(5), "linear")
    return bool((np.abs(products[:2] - COSINE) < COSINES).all()) and bool((products[2:] < 0).all())


def filtered(
    W: Float[np.ndarray, "hidden feature"], b: Float[np.ndarray, " feature"], represented: Bool[np.ndarray, " feature"]
) -> Filtered:
    """At full strength, over all pairs of different features that are represented; NaN without interference.

    A feature that is not represented shows a constant, its mean, which no other feature causes.
    """
    pairs = np.outer(represented, represented) & ~np.eye(len(b), dtype=bool)
    squares = {stage: float(total(np.square(read[pairs]))) for stage, read in read_outs(W, b).items()}
    if squares["linear"] < LEAST:
        return Filtered(*[float("nan")] * 3)
    return Filtered(*(1 - squares[stage] / squares["linear"] for stage in ("bias", "relu", "both")))


def silent_below(W: Float[np.ndarray, "hidden feature"], b: Float[np.ndarray, " feature"]) -> np.ndarray:
    """The strength up to which the ReLU keeps an active feature from its own output, -b / ||W||^2, [feature].

    NaN for features without a direction; 0 for those whose bias is not negative.
    """
    squared = total(W * W, axis=0)
    return np.divide(np.maximum(-b, 0), squared, out=np.full_like(squared, np.nan), where=squared > 0)
