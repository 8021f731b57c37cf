"""A few features in the plane: models by their exact loss, and what tells their shapes apart.

Numpy, since claims and figures read them off tables, and nothing of it is stored. `W` is [2, feature].
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from jaxtyping import Float

from superposition.exact.functions import arccos, arctan2, degrees
from superposition.exact.sums import total
from superposition.measures.thresholds import REPRESENTED_NORM
from superposition.readings.results import Tables
from superposition.theory.angles import cosines
from superposition.theory.expected_loss import Group, anticorrelated, correlated, expected_loss, independent

PENTAGON, TRIANGLE = "pentagon", "triangle"
WITHOUT_LAST, WITHOUT_ANOTHER = "square without the varied feature", "square without another feature"
COLLAPSED_COSINE = 0.98  # of two features that share one direction: within 11 degrees
LOSS_DIGITS = 6  # significant; models that differ in later ones are alike, and in the order of their seeds


@dataclass(frozen=True)
class Planar:
    """A trained model. `W` is [2, feature], `b` [feature]."""

    instance: int
    seed: int
    W: np.ndarray
    b: np.ndarray
    loss: float  # expected, mean over features

    @property
    def norms(self) -> Float[np.ndarray, " feature"]:
        return np.asarray(np.sqrt(total(np.square(self.W), axis=0)))


def models(tables: Tables, rows: pd.DataFrame) -> list[Planar]:
    """The models of these rows of `tables.instances`, the lowest expected loss first.

    Held-out samples of sparse features are too few to tell apart models that differ by a percent; the expectation does.
    """
    found = []
    for _, alike in rows.groupby("point"):
        first = alike.iloc[0]
        number = alike["instance"].to_numpy()
        W, b = np.stack([tables.weights_of(one) for one in number.tolist()]), tables.per_feature("bias", number)
        density, importance = (tables.per_feature(column, number)[0] for column in ("density", "importance"))
        groups = _groups(str(first["sets"]), int(first["set_size"]), density)
        losses = expected_loss(W, b, importance, groups) / len(density)
        read = zip(number.tolist(), alike["seed"].tolist(), W, b, losses.tolist(), strict=True)
        found += [Planar(one, seed, of, at, float(f"{loss:.{LOSS_DIGITS}g}")) for one, seed, of, at, loss in read]
    return sorted(found, key=lambda model: (model.loss, model.seed))


def shape(norms: Float[np.ndarray, " feature"]) -> str:
    """Of five features in the plane: a name by how many are represented, and whether the last one is."""
    kept = norms > REPRESENTED_NORM
    if np.count_nonzero(kept) == 5:
        return PENTAGON
    if np.count_nonzero(kept) == 4:
        return WITHOUT_ANOTHER if kept[-1] else WITHOUT_LAST
    return TRIANGLE


def angles_to_last(W: Float[np.ndarray, "2 feature"]) -> Float[np.ndarray, " other"]:
    """Degrees between each other feature and the last one, 0 to 180, smallest first."""
    return np.sort(degrees(arccos(np.clip(cosines(W)[-1, :-1], -1, 1))), kind="stable")


def upright(W: Float[np.ndarray, "2 feature"], top: Float[np.ndarray, " 2"]) -> Float[np.ndarray, "2 feature"]:
    """The plane turned so that the direction `top` points up; as it is if that is 0."""
    length = np.sqrt(np.square(top[0]) + np.square(top[1]))
    if length == 0:
        return W
    x, y = top / length
    return np.stack([y * W[0] - x * W[1], x * W[0] + y * W[1]])


def pair_cosines(W: Float[np.ndarray, "2 feature"]) -> Float[np.ndarray, " pair"]:
    """Of each two neighbours: features 1 and 2, 3 and 4, ..."""
    return np.diagonal(cosines(W), offset=1)[::2]


def collapsed(W: Float[np.ndarray, "2 feature"]) -> np.ndarray:
    """Which pairs of neighbours share one direction, as that of their principal component, [pair]."""
    return pair_cosines(W) > COLLAPSED_COSINE


def gaps_between_pairs(W: Float[np.ndarray, "2 feature"]) -> Float[np.ndarray, " pair"]:
    """Degrees from the mean direction of each pair of neighbours to the next one around the circle; they sum to 360."""
    middle = W[:, 0::2] + W[:, 1::2]
    angles = np.sort(degrees(arctan2(middle[1], middle[0])), kind="stable")
    return np.diff(angles, append=angles[0] + 360.0)


def pairs_are_adjacent(W: Float[np.ndarray, "2 feature"]) -> bool:
    """Whether both features of each pair are next to each other around the circle."""
    order = np.argsort(arctan2(W[1], W[0]), kind="stable") // 2
    return bool(((order == np.roll(order, 1)) | (order == np.roll(order, -1))).all())


def _groups(sets: str, size: int, density: Float[np.ndarray, " feature"]) -> list[Group]:
    """Which features are active together, and how often, as an experiment's world has it."""
    if sets == "independent":
        return independent(density.tolist())
    kinds = {"correlated": correlated, "anticorrelated": anticorrelated}
    return kinds[sets](len(density), size, float(density[0]))
