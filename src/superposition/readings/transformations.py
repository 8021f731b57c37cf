"""Learning as simple transformations: six features of two correlated sets, in three dimensions (Elhage et al. 2022,
"Superposition and Learning Dynamics").

The paper shows four stages: A, all weights near zero; B, the two sets apart along one axis, each as good as one vector;
C, each set a triangle of three orthogonal features; D, the triangles turned against each other, into an octahedron
whose antipodal pairs join the sets. `W` is [..., hidden, feature], the first half of the features being the first set.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

from superposition.exact.functions import arctan2, degrees, radians, sin
from superposition.exact.sums import mean, total
from superposition.readings.results import NotInThisRun, Tables
from superposition.readings.solutions import SAME_DENSITY, Setting, densities, instances_at

STAGES = ("A", "B", "C", "D")
TOGETHER, OPPOSITE = 0.9, -0.9  # cosines of set-mates, and of the sets' means, between which a stage is B
OFF_RIGHT = 10.0  # degrees that set-mates may be off a right angle
RIGHT_ANGLE = float(sin(radians(OFF_RIGHT)))  # their |cos| then
LEARNED_NORM = 0.9
ANTIPRISM = 60.0  # degrees that the triangles are turned against each other; 0 where they face each other, a prism
NOT_YET, DONE = 10.0, 5.0  # degrees from that
NEAR_ZERO, HALFWAY = 0.9, 0.5  # of the first loss: nothing is learned above, more is learned than not below
ANTIPODAL, ORTHOGONAL = -0.9, 0.2  # cosines of features that are partners, and of those that are not

Path = tuple[np.ndarray, np.ndarray]  # W [step, hidden, feature] and the held-out loss [step]


@dataclass(frozen=True)
class Shape:
    """What six vectors look like at each of several steps, [...]."""

    norm: Float[np.ndarray, "*step"]  # of the shortest
    mates_least: Float[np.ndarray, "*step"]  # least cosine of set-mates
    mates_off_right: Float[np.ndarray, "*step"]  # largest |cos| of set-mates
    means: Float[np.ndarray, "*step"]  # cosine of the two sets' means
    turned: Float[np.ndarray, "*step"]  # degrees


def path_of(
    tables: Tables, instance: int
) -> tuple[Int[np.ndarray, " step"], Float[np.ndarray, "step hidden feature"], Float[np.ndarray, " step"]]:
    """Steps of which weights were kept, and W and the held-out loss then."""
    steps, W = tables.trajectory_of(instance)
    history = tables.history[tables.history["instance"] == instance].set_index("step")
    return steps, W, history["loss"].loc[steps].to_numpy()


def sparsest_paths(tables: Tables, setting: Setting, at_most: float) -> list[Path]:
    """Of all seeds at the lowest density that was trained, up to one, lowest loss first; or NotInThisRun."""
    density = densities(tables, setting)[-1]
    if density > (1 + SAME_DENSITY) * at_most:
        raise NotInThisRun(f"the claim is about densities of {at_most:g} or less")
    if tables.trajectories.empty:
        raise NotInThisRun("this run has more snapshots than trajectories are kept of")
    return [path_of(tables, int(one))[1:] for one in instances_at(tables, setting, density)["instance"]]


def shape(W: Float[np.ndarray, "*step hidden feature"]) -> Shape:
    half = W.shape[-1] // 2
    sets = W[..., :half], W[..., half:]
    above = np.triu_indices(half, 1)
    mates = np.concatenate([_cosines(own, own)[..., above[0], above[1]] for own in sets], axis=-1)
    first, second = (mean(own, axis=-1)[..., None] for own in sets)
    return Shape(
        norm=np.asarray(np.sqrt(total(W * W, axis=-2)).min(axis=-1)),
        mates_least=np.asarray(mates.min(axis=-1)),
        mates_off_right=np.asarray(np.abs(mates).max(axis=-1)),
        means=np.asarray(_cosines(first, second)[..., 0, 0]),
        turned=turn(W),
    )


def turn(W: Float[np.ndarray, "*step 3 6"]) -> Float[np.ndarray, "*step"]:
    """Degrees from 0 (prism) to 60 (antiprism) by which two triangles are turned against each other.

    Seen along the axis that joins their means; three corners that are 120 degrees apart have equal third powers, as
    complex numbers x + i y of length 1, so that the angle between those powers is three times the turn.
    """
    axis = _unit(mean(W[..., :3], axis=-1) - mean(W[..., 3:], axis=-1))
    aside = np.eye(3)[np.abs(axis).argmin(axis=-1)]
    right = _unit(np.cross(axis, aside))
    up = np.cross(axis, right)
    corners = _unit(np.stack([total(along[..., None] * W, axis=-2) for along in (right, up)], axis=-1))
    x, y = corners[..., 0], corners[..., 1]
    third = np.stack([x * (x * x - 3 * y * y), y * (3 * x * x - y * y)])  # real and imaginary part of (x + i y)^3
    (a, b), (c, d) = total(third[..., :3], axis=-1), total(third[..., 3:], axis=-1)
    between = arctan2(b * c - a * d, a * c + b * d)  # angle of (a + i b) over (c + i d)
    return np.asarray(np.abs(degrees(between)) / 3)


def stages(W: Float[np.ndarray, "step 3 6"], loss: Float[np.ndarray, " step"]) -> dict[str, Bool[np.ndarray, " step"]]:
    """At which steps the model is at each stage; at many it is at none, on its way. `loss` may have any unit."""
    now = shape(W)
    learned = (now.norm > LEARNED_NORM) & (now.mates_off_right < RIGHT_ANGLE) & (now.means < OPPOSITE)
    return {
        "A": loss > NEAR_ZERO * loss[0],
        "B": collapsed(W, loss) & (now.means < OPPOSITE),
        "C": learned & (now.turned < ANTIPRISM - NOT_YET),
        "D": learned & (now.turned > ANTIPRISM - DONE),
    }


def collapsed(W: Float[np.ndarray, "step 3 6"], loss: Float[np.ndarray, " step"]) -> Bool[np.ndarray, " step"]:
    """Each set is about one direction, and the better part is learned: the time of the first plateau of the loss."""
    return (shape(W).mates_least > TOGETHER) & (loss < HALFWAY * loss[0])


def in_order(at: dict[str, Bool[np.ndarray, " step"]]) -> bool:
    """Whether A, B, C and D come one after the other, and D is where it ends."""
    firsts = [int(at[stage].argmax()) if at[stage].any() else None for stage in STAGES]
    known = [first for first in firsts if first is not None]
    return len(known) == len(STAGES) and known == sorted(set(known)) and bool(at["D"][-1])


def octahedron(W: Float[np.ndarray, "3 6"]) -> bool:
    """Whether the features are three orthogonal antipodal pairs, each of two features of different sets."""
    across = _cosines(W[:, :3], W[:, 3:])
    partners = across < ANTIPODAL
    within = np.concatenate([_cosines(own, own)[np.triu_indices(3, 1)] for own in (W[:, :3], W[:, 3:])])
    one_each = all(bool((np.count_nonzero(partners, axis=axis) == 1).all()) for axis in (0, 1))
    return one_each and bool((np.abs(across[~partners]) < ORTHOGONAL).all() and (np.abs(within) < ORTHOGONAL).all())


def _unit(x: Float[np.ndarray, "*step hidden"]) -> Float[np.ndarray, "*step hidden"]:
    size = np.sqrt(total(x * x, axis=-1))[..., None]
    return np.divide(x, size, out=np.zeros_like(x), where=size > 0)


def _cosines(
    V: Float[np.ndarray, "*step hidden first"], W: Float[np.ndarray, "*step hidden second"]
) -> Float[np.ndarray, "*step first second"]:
    """Of each column of one with each of the other; 0 for columns without a direction."""
    first, second = (_unit(np.swapaxes(own, -1, -2)) for own in (V, W))
    return total(first[..., :, None, :] * second[..., None, :, :], axis=-1)
