"""Plateaus of a loss while a model is trained, and the levels of polygons at which it ends (Chen et al. 2023).

A plateau is a long time, on the logarithmic axis of steps, in which the loss hardly moves: the opposite of a jump. All
steps judge the same held-out samples, so that what moves is the model.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from superposition.measures.thresholds import REPRESENTED_NORM
from superposition.readings.jumps import WINDOW
from superposition.readings.results import Tables
from superposition.readings.solutions import Setting, Solution, instances_at
from superposition.theory.angles import angular_gaps
from superposition.theory.polygon_levels import Level

LONGER = WINDOW  # last step over first, at least: what moves in less is a jump
FLAT = 0.03  # largest loss over smallest, less 1, at most: as much as a plateau may be off its level
OFF = 0.03  # of a level, at most; levels of four, five and six corners are 28 % apart or more
RADIUS_OFF, BIAS_OFF, GAP_OFF = 0.05, 0.05, 5  # of a polygon: relative, as it is, degrees
IGNORED = 0.1  # norm of features that are no corners


@dataclass(frozen=True)
class Plateau:
    first: int  # step
    middle: int  # step of the snapshot that has as many of its snapshots before it as after
    last: int
    loss: float  # median


# Plateaus of one seed after its start, each with the level it is at.
Way = list[tuple[Plateau, Level | None]]


def ways(tables: Tables, setting: Setting, density: float, levels: Sequence[Level], below: float) -> list[Way]:
    """Of each seed, lowest loss first; at a level are plateaus with as many features as it has corners.

    Those whose loss is not below that without weights, `below`, are left out.
    """
    instances = instances_at(tables, setting, density)["instance"].tolist()
    return [
        [
            (plateau, _level_of(tables, instance, plateau, levels))
            for plateau in plateaus(*losses_of(tables, instance))
            if plateau.loss < (1 - OFF) * below
        ]
        for instance in instances
    ]


def _level_of(tables: Tables, instance: int, plateau: Plateau, levels: Sequence[Level]) -> Level | None:
    at = at_level(plateau.loss, levels)
    return at if at and represented_at(tables, instance, plateau.middle) == at.corners else None


def passed(way: Way) -> list[int]:
    """Corners of the polygons that a seed has plateaus at, in order, each stay once."""
    corners = [at.corners for _, at in way if at]
    return [k for place, k in enumerate(corners) if place == 0 or corners[place - 1] != k]


def last_step(tables: Tables) -> int:
    return int(tables.history["step"].max())


def typical(models: Sequence[Solution]) -> tuple[float, float]:
    """Medians of the norms and the biases of the represented features of several models."""
    corners = [model.norms > REPRESENTED_NORM for model in models]
    norms = np.concatenate([model.norms[own] for model, own in zip(models, corners, strict=True)])
    biases = np.concatenate([model.b[own] for model, own in zip(models, corners, strict=True)])
    return float(np.median(norms)), float(np.median(biases))


def plateaus(steps: Int[np.ndarray, " snapshot"], loss: Float[np.ndarray, " snapshot"]) -> list[Plateau]:
    """In order of steps, which are at least 1: the longest one, then those before and after it, and so on."""
    longest, found = LONGER, None
    for start in range(len(steps)):
        seen = loss[start:]
        moved = np.maximum.accumulate(seen) > (1 + FLAT) * np.minimum.accumulate(seen)
        end = start + (int(moved.argmax()) if moved.any() else len(seen)) - 1
        if (length := steps[end] / steps[start]) >= longest and (found is None or length > longest):
            longest, found = length, (start, end)
    if found is None:
        return []
    start, end = found
    first, middle, last = (int(steps[place]) for place in (start, (start + end) // 2, end))
    here = Plateau(first, middle, last, float(np.median(loss[start : end + 1])))
    return [*plateaus(steps[:start], loss[:start]), here, *plateaus(steps[end + 1 :], loss[end + 1 :])]


def at_level(loss: float, levels: Sequence[Level]) -> Level | None:
    """The level that a loss is at, or None if it is at none."""
    nearest = min(levels, key=lambda one: abs(one.loss - loss))
    return nearest if abs(loss / nearest.loss - 1) <= OFF else None


def polygon_of(model: Solution, levels: Sequence[Level]) -> Level | None:
    """The level whose regular polygon a model is, by its loss and by its shape; None if it is none of them."""
    at = at_level(model.loss, levels)
    if at is None or at.corners != model.represented:
        return None
    corners = model.norms > REPRESENTED_NORM
    regular = (
        (np.abs(model.norms[corners] / at.radius - 1) < RADIUS_OFF).all()
        and (np.abs(model.b[corners] - at.bias) < BIAS_OFF).all()
        and (np.abs(angular_gaps(model.W[:, corners]) - 360 / at.corners) < GAP_OFF).all()
        and (model.norms[~corners] < IGNORED).all()
    )
    return at if regular else None


def losses_of(tables: Tables, instance: int) -> tuple[np.ndarray, np.ndarray]:
    """Steps from 1 on, and the held-out loss at each of them."""
    own = tables.history[(tables.history["instance"] == instance) & (tables.history["step"] > 0)].sort_values(
        "step", kind="stable"
    )
    return own["step"].to_numpy(), own["loss"].to_numpy()


def represented_at(tables: Tables, instance: int, step: int) -> int:
    """How many features were represented at a step of which weights were kept."""
    now = tables.learning[(tables.learning["instance"] == instance) & (tables.learning["step"] == step)]
    return int(np.count_nonzero(now["norm"] > REPRESENTED_NORM))
