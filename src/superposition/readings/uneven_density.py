"""Five features in the plane, the last of which is denser or sparser than the others ("Non-Uniform Superposition").

Models are sorted by the relative density, that of the last feature over that of the others, and there by their expected
loss. Claims and figures read them alike; `readings.planar` has what is said of one model.
"""

from itertools import pairwise

import numpy as np

from superposition.exact.functions import exp, log
from superposition.exact.sums import interpolate, mean
from superposition.readings.kinds import is_plain
from superposition.readings.planar import (
    PENTAGON,
    WITHOUT_ANOTHER,
    WITHOUT_LAST,
    Planar,
    angles_to_last,
    models,
    shape,
)
from superposition.readings.results import NotInThisRun, Tables
from superposition.readings.solutions import SAME_DENSITY, of_shape

DIGITS = 6  # of a relative density: 0.05 over 0.05 is 1

Sweep = dict[float, list[Planar]]  # models, lowest loss first, by relative density, from sparse to dense


def by_relative_density(tables: Tables) -> Sweep:
    """All models, each density over that of the first feature."""
    density = tables.per_feature("density", tables.instances["instance"].to_numpy())
    relative = np.round(density[:, -1] / density[:, 0], DIGITS)
    return {one: models(tables, tables.instances[relative == one]) for one in sorted(set(relative.tolist()))}


def sweep_at(tables: Tables, others: float) -> Sweep:
    """As `by_relative_density`, of equally important features whose others have this density; raises NotInThisRun."""
    instances = of_shape(tables, n_features=5, n_hidden=2)
    if set(instances["model"]) != {"relu_output"} or not is_plain(tables):
        raise NotInThisRun("the claim is about relu_output models of independent features")
    number = instances["instance"].to_numpy()
    density, importance = (tables.per_feature(column, number) for column in ("density", "importance"))
    if not np.allclose(density[:, :-1], others) or not np.allclose(importance, 1):
        raise NotInThisRun(f"the claim is about a density of {others:g} of the other features, and equal importance")
    return by_relative_density(tables)


def needs_both_sides(found: Sweep) -> None:
    """Of equal densities, where the pentagon is; raises NotInThisRun."""
    if not min(found) < 1 - SAME_DENSITY < max(found):
        raise NotInThisRun("the claim needs densities below that of the others, and up to it")


def at(found: Sweep, relative: float) -> list[Planar]:
    """The models at a relative density; raises NotInThisRun."""
    for one, here in found.items():
        if abs(one / relative - 1) < SAME_DENSITY:
            return here
    raise NotInThisRun(f"no models at {relative:g} times the density of the others")


def of_shape_at(found: Sweep, relative: float, name: str) -> list[Planar]:
    """Those of a shape, a name of `readings.planar`."""
    return [model for model in at(found, relative) if shape(model.norms) == name]


def best_of_shape(found: Sweep, relative: float, name: str) -> Planar | None:
    """That of the lowest loss; None where no model has the shape."""
    return next(iter(of_shape_at(found, relative, name)), None)


def number_of(found: Sweep, name: str) -> int:
    """How many models have a shape, at all densities."""
    return sum(shape(model.norms) == name for here in found.values() for model in here)


def shapes_in_words(found: Sweep) -> str:
    """As "50 x pentagon, 20 x square without the varied feature, ... of 80 models"."""
    counts = [f"{number_of(found, name)} x {name}" for name in (PENTAGON, WITHOUT_LAST, WITHOUT_ANOTHER)]
    return f"{', '.join(counts)} of {sum(map(len, found.values()))} models"


def squares_and_pentagons(found: Sweep, rank: int) -> list[tuple[float, Planar, Planar]]:
    """Relative density, square and pentagon, of a rank among their like, at each density that has both."""
    pairs = [(one, of_shape_at(found, one, WITHOUT_LAST), of_shape_at(found, one, PENTAGON)) for one in found]
    return [
        (one, squares[rank], others[rank]) for one, squares, others in pairs if rank < min(len(squares), len(others))
    ]


def ranks_of_both(found: Sweep) -> int:
    """How many ranks have a square and a pentagon at two densities at least."""
    most = max(len(here) for here in found.values())
    return next(rank for rank in range(most + 1) if len(squares_and_pentagons(found, rank)) < 2)


def crossing(found: Sweep, rank: int = 0) -> float | None:
    """Relative density at which the losses of the pentagons and of the squares without the varied feature cross,
    log-linear between the densities that were trained.
    """
    ratios = [
        (float(log(one)), float(log(square.loss / other.loss)))
        for one, square, other in squares_and_pentagons(found, rank)
    ]
    for (x, low), (after, high) in pairwise(ratios):
        if low < 0 <= high:
            return float(exp(x - low * (after - x) / (high - low)))
    return None


def loss_between(found: Sweep, name: str, relative: float) -> float:
    """Least expected loss of a shape at any relative density, log-linear between those at which a model has it."""
    branch = [(one, model.loss) for one in found if (model := best_of_shape(found, one, name))]
    return float(exp(interpolate(log(relative), *log(branch).T)))


def length_and_angle(model: Planar) -> tuple[float, float]:
    """Of the varied vector, and in degrees between it and its two neighbours, their mean."""
    return float(model.norms[-1]), float(mean(angles_to_last(model.W)[:2]))
