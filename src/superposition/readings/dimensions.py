"""Models over x = 1 / (1 - S), the paper's axis: dimensions per feature, and the polytopes that features form there.

A share of features is of those of all densities of a range together, so that it does not depend on how many were
trained. `readings.polytopes` has what is said of one model.
"""

from collections.abc import Iterable, Sequence
from fractions import Fraction

import numpy as np
from jaxtyping import Float

from superposition.exact.functions import log
from superposition.exact.sums import mean, total
from superposition.measures.thresholds import REPRESENTED_NORM
from superposition.readings.polytopes import Component, components, dimensionalities
from superposition.readings.results import NotInThisRun, Tables
from superposition.readings.solutions import Setting, Solution, by_density, densities
from superposition.theory.angles import cosines
from superposition.theory.polytopes import Polytope

EDGE = 1e-6  # 1 / (1 - 0.9) is not 10 to the last bit

Range = tuple[float, float]  # of x, both ends included
Sweep = dict[float, Solution]  # one model at each of several x, by x


def sweeps(tables: Tables, setting: Setting, x_range: Range, at_least: int = 1) -> list[Sweep]:
    """The models in a range of x: those with the lowest loss at each x, those with the next one, ..."""
    found = by_density(tables, setting, within(tables, setting, x_range, at_least))
    return [{1 / s: model for s, model in models.items()} for models in found]


def within(tables: Tables, setting: Setting, x_range: Range, at_least: int = 1) -> list[float]:
    """The densities that were trained in a range of x; raises NotInThisRun where they are too few."""
    low, high = x_range
    present = [s for s in densities(tables, setting) if low - EDGE <= 1 / s <= high + EDGE]
    if len(present) < at_least:
        wanted = f"{at_least} densities" if at_least > 1 else "a density"
        raise NotInThisRun(f"the claim needs {wanted} with {between(x_range)}, found {len(present)}")
    return present


def between(x_range: Range) -> str:
    """A range of x in words."""
    low, high = x_range
    return f"1 / (1 - S) from {low:g} to {high:g}"


def per_feature(model: Solution) -> float:
    """Dimensions per feature, D* = m / ||W||_F^2; infinite for a model that represents nothing."""
    squared = float(total(np.square(model.norms)))
    return len(model.W) / squared if squared else float("inf")


def slope(sweep: Sweep) -> float:
    """dD* / dlog x between the ends."""
    low, high = min(sweep), max(sweep)
    return (per_feature(sweep[high]) - per_feature(sweep[low])) / float(log(high / low))


def listed(sweep: Sweep) -> str:
    """D* by x, as 1.00: 0.993, 1.08: 0.994."""
    return ", ".join(f"{x:.2f}: {per_feature(model):.3f}" for x, model in sweep.items())


def of_represented(model: Solution) -> Float[np.ndarray, " represented"]:
    """Dimensionalities of the represented features."""
    return dimensionalities(model.W)[model.norms > REPRESENTED_NORM]


def fraction(polytope: Polytope) -> str:
    """The dimensionality of a polytope's features, as the paper has it: 3/4 of a tetrahedron's."""
    return str(Fraction(polytope.dimensionality).limit_denominator(10))


def share_near(models: Iterable[Solution], dimensionality: float, off: float) -> float:
    """Share of the represented features of all models with a dimensionality off this one by less than `off`."""
    D = np.concatenate([of_represented(model) for model in models])
    return float(mean(np.abs(D - dimensionality) < off)) if len(D) else 0.0


def at_their_lines(model: Solution, kinds: Sequence[Polytope], off: float) -> list[int]:
    """Of each kind, how many components are this polytope, with each feature's dimensionality off its line by less."""
    D, found = dimensionalities(model.W), components(model.W)

    def is_one(component: Component, named: Polytope) -> bool:
        own = D[list(component.features)]
        return component.polytope == named.name and bool((np.abs(own - named.dimensionality) < off).all())

    return [sum(is_one(component, named) for component in found) for named in kinds]


def share_in_pairs(model: Solution, opposite: float, orthogonal: float) -> float:
    """Share of the represented features that have one partner, at a cosine below `opposite`, and are at right angles
    to all others, up to a |cosine| of `orthogonal`.
    """
    represented = model.norms > REPRESENTED_NORM
    if not represented.any():
        return 0.0
    cosine = cosines(model.W[:, represented])
    partners = np.count_nonzero(cosine < opposite, axis=1) == 1
    near = np.count_nonzero(np.abs(cosine) > orthogonal, axis=1) == 2  # itself and the partner
    return float(mean(partners & near))
