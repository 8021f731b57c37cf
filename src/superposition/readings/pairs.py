"""What sets of correlated and anti-correlated features look like, as claims and figures judge it alike.

`W` is [hidden, feature], set-mates are neighbours. Needs numpy, not torch.
"""

import numpy as np
from jaxtyping import Float

from superposition.exact.functions import arccos, degrees
from superposition.readings.planar import Planar, collapsed, gaps_between_pairs, pair_cosines, pairs_are_adjacent
from superposition.theory.angles import cosines

# Of two pairs: |cos| of correlated set-mates, cos of a feature and its partner of the other set; cos of anti-correlated
# set-mates, |cos| of features from different sets.
RIGHT_ANGLE, ACROSS_PAIRS = 0.1, -0.95
OPPOSITE, APART_FROM_OTHERS = -0.98, 0.05
# Of three: norms, degrees between set-mates and between sets.
NORMS, MATES, APART, APART_OFF = (0.9, 1.05), (60.0, 70.0), 120.0, 5.0
T, Y = "three, T", "three, Y"
STATES = ("none", "one", "two", T, Y)  # collapsed pairs, from sparse to dense
COLLAPSED, LEARNED = 3, 0.3  # pairs in a T or Y; norm of a feature below which a state has no name
T_GAPS, GAP_OFF = (90.0, 90.0, 180.0), 10.0  # degrees between pairs
PARTNER = -0.7  # dot product of a feature and its partner of another, larger set


def mates_and_partner(W: Float[np.ndarray, "2 4"]) -> tuple[float, float]:
    """Of two correlated pairs: the largest |cos| of set-mates, and the largest cos of a feature with its partner."""
    cosine = cosines(W)
    mates = max(abs(float(cosine[0, 1])), abs(float(cosine[2, 3])))
    return mates, float(max(cosine[:2, 2:].min(axis=1).max(), cosine[:2, 2:].min(axis=0).max()))


def are_at_right_angles(W: Float[np.ndarray, "2 4"]) -> bool:
    """Set-mates are, and each feature has a partner of the other set."""
    mates, partner = mates_and_partner(W)
    return mates < RIGHT_ANGLE and partner < ACROSS_PAIRS


def mates_and_others(W: Float[np.ndarray, "2 feature"]) -> tuple[float, float]:
    """Of anti-correlated pairs: the largest cos of set-mates, and the largest |cos| of features of different sets."""
    cosine = cosines(W)
    pair = np.arange(W.shape[1]) // 2
    return float(pair_cosines(W).max()), float(np.abs(cosine[pair[:, None] != pair]).max(initial=0.0))


def are_opposite(W: Float[np.ndarray, "2 feature"]) -> bool:
    """Set-mates are, at right angles to the others."""
    mates, others = mates_and_others(W)
    return mates < OPPOSITE and others < APART_FROM_OTHERS


def is_hexagon_of_pairs(model: Planar) -> bool:
    """Six vectors of about length 1, set-mates next to each other, and the three pairs evenly around the circle."""
    angles = degrees(arccos(np.clip(pair_cosines(model.W), -1, 1)))
    return (
        bool(model.norms.min() > NORMS[0] and model.norms.max() < NORMS[1])
        and pairs_are_adjacent(model.W)
        and bool((angles > MATES[0]).all() and (angles < MATES[1]).all())
        and bool((np.abs(gaps_between_pairs(model.W) - APART) < APART_OFF).all())
    )


def state_of_pairs(model: Planar) -> str:
    """How many of at most three pairs are collapsed; of three, whether two are opposite, or all 120 degrees apart."""
    count = int(np.count_nonzero(collapsed(model.W)))
    if not bool((model.norms > LEARNED).all()):
        return "not all represented"
    if count < COLLAPSED:
        return STATES[count]
    gaps = np.sort(gaps_between_pairs(model.W), kind="stable")
    if bool((np.abs(gaps - APART) < GAP_OFF).all()):
        return Y
    return T if bool((np.abs(gaps - T_GAPS) < GAP_OFF).all()) else "three, other angles"
