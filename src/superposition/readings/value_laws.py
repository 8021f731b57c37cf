"""Five features in one and in two dimensions, whatever the law of their values (claims and figures of `values_unit` and
of its neighbours).

The paper's footnote 8 says that uniform values are arbitrary, and that exponential or power-law ones are as natural.
Three numbers of a law decide when two features that are important alike begin to share a dimension: its mean, its mean
square, and the mean square of the smaller one of two values. Needs numpy and pandas, not torch.
"""

from dataclasses import dataclass
from math import fsum

import numpy as np
from jaxtyping import Float

from superposition.features.values import LEVELS, LINES, UNIT_LENGTH, moments, table
from superposition.measures.thresholds import REPRESENTED_NORM
from superposition.readings.ranking import by_loss, ranked
from superposition.readings.results import NotInThisRun, Tables
from superposition.readings.solutions import Solution, importance_ratios, of_shape, solution
from superposition.theory.angles import angular_gaps, antipodal_pairing, cosines

MODEL, N_FEATURES = "relu_output", 5
SAME_RATIO = 1e-3
OPPOSITE, ORTHOGONAL = -0.95, 0.1  # cosines: within 18 degrees of 180, within 6 of a right angle
GAP, GAPS = 360 / 5, 8.0  # degrees between neighbours of a pentagon, and room for how regular one is

Sweep = dict[float, Solution]  # by density, from dense to sparse


@dataclass(frozen=True)
class Law:
    """Of the values of active features: E[x], E[x^2] and E[min(x, y)^2] of two of them."""

    average: float
    square: float
    both: float


def law_of(values: str) -> Law:
    """`values` are words and numbers as in features/values.py."""
    if values.endswith(UNIT_LENGTH):
        raise ValueError(f"{values}: a value depends on those beside it")
    average, square = moments(values)
    found = table(values)
    if found is None:
        start, slope = LINES[values]
        if start < 0:
            raise ValueError(f"{values} values are of both signs")
        # The smaller one of two uniform numbers has mean 1/3 and mean square 1/6.
        both = start * start + 2 * start * slope / 3 + slope * slope / 6
    else:
        u = (np.arange(LEVELS) + 0.5) / LEVELS
        both = fsum(np.square(found) * 2 * (1 - u)) / LEVELS  # by the density 2 (1 - u) of the smaller u
    return Law(average, square, both)


def digons_begin(law: Law, second: float) -> float:
    """The density below which a feature of importance 1 and one of importance `second` <= 1 share a dimension.

    Ignored, the second one costs its variance, I (s E[x^2] - s^2 E[x]^2); sharing, without biases, both are off by the
    smaller value where both are active, (1 + I) s^2 E[min^2]. Above 1 they share it at any density.
    """
    return second * law.square / ((1 + second) * law.both + second * law.average * law.average)


def sweeps(tables: Tables, values: str, n_hidden: int, ratio: float) -> list[Sweep]:
    """The models of the lowest loss at each density, those of the next one, ...; raises NotInThisRun."""
    own = of_shape(tables, N_FEATURES, n_hidden)
    if set(own["values"]) != {values} or set(own["model"]) != {MODEL} or set(own["sets"]) != {"independent"}:
        raise NotInThisRun(f"the claim is about {MODEL} models of independent features with values {values}")
    ratios = importance_ratios(tables, own["instance"].to_numpy())
    if own["density"].isna().any() or not np.isclose(ratios, ratio, rtol=SAME_RATIO).all():
        raise NotInThisRun(f"the claim is about features of one density, with importance {ratio:g}^i")
    groups = by_loss(own, "density", sorted(own["density"].unique().tolist(), reverse=True))
    return ranked({density: [solution(tables, row) for row in rows] for density, rows in groups.items()})


def is_digon(model: Solution) -> bool:
    """Whether just two features are represented, in opposite directions."""
    found = model.norms > REPRESENTED_NORM
    return int(np.count_nonzero(found)) == 2 and bool(cosines(model.W[:, found])[0, 1] < OPPOSITE)


def are_digons(model: Solution) -> bool:
    """Whether four features form two pairs of opposite directions, at right angles to each other."""
    found = model.norms > REPRESENTED_NORM
    return int(np.count_nonzero(found)) == 4 and antipodal_pairing(cosines(model.W[:, found]), OPPOSITE, ORTHOGONAL)


def is_pentagon(model: Solution) -> bool:
    """Whether all five features are represented, with equal gaps between them in the plane."""
    if model.represented != N_FEATURES:
        return False
    gaps: Float[np.ndarray, " feature"] = angular_gaps(model.W)
    return bool((np.abs(gaps - GAP) <= GAPS).all())
