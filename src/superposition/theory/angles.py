"""Angles between feature directions. `W` is [hidden, feature], one direction per column."""

import numpy as np

from superposition.exact.functions import arctan2, degrees
from superposition.exact.sums import matmul


def cosines(W: np.ndarray) -> np.ndarray:
    """Cosine of the angle between each two features, [feature, feature]; 0 for features without a direction."""
    products = matmul(W.T, W)
    squared = np.diagonal(products)
    lengths = np.sqrt(np.outer(squared, squared))
    return np.divide(products, lengths, out=np.zeros_like(products), where=lengths > 0)


def angular_gaps(W: np.ndarray) -> np.ndarray:
    """Degrees from each feature in the plane to the next one counter-clockwise, [feature]; their sum is 360."""
    if W.shape[0] != 2:
        raise ValueError(f"features in {W.shape[0]} dimensions have no order around a circle")
    angles = np.sort(degrees(arctan2(W[1], W[0])), kind="stable")
    return np.diff(angles, append=angles[0] + 360.0)


def antipodal_pairing(cosine: np.ndarray, opposite: float, orthogonal: float) -> bool:
    """Whether each feature has exactly one partner at cos < `opposite` and is at |cos| < `orthogonal` to all others.

    False without features: there are no pairs then.
    """
    others = ~np.eye(len(cosine), dtype=bool)
    partners = (cosine < opposite) & others
    apart = np.abs(cosine) < orthogonal
    return len(cosine) > 0 and bool(
        (np.count_nonzero(partners, axis=1) == 1).all() and (partners | apart | ~others).all()
    )
