"""The bound of compressed sensing beside models: how many features they recover, and with which constant.

Where the constant is taken from, claims and figures say alike. Needs numpy, not torch.
"""

from collections.abc import Iterable

import numpy as np

from superposition.readings.results import NotInThisRun, Tables
from superposition.readings.solutions import Setting, Solution, by_density, densities
from superposition.theory.compressed_sensing import modulation, recovered

Range = tuple[float, float]  # of density, above and up to

CONSTANT_FROM: Range = (0.25, 0.5)  # where features are less sparse


def sweeps(tables: Tables, setting: Setting, ranges: Iterable[Range], at_least: int) -> list[dict[float, Solution]]:
    """The models by density, those with the lowest loss at each in any of the ranges, those with the next one, ...

    Raises NotInThisRun where a range has too few densities.
    """
    within = {(low, high): [s for s in densities(tables, setting) if low < s <= high] for low, high in ranges}
    for (low, high), present in within.items():
        if len(present) < at_least:
            raise NotInThisRun(f"the claim needs {at_least} densities from {low:g} to {high:g}")
    every = sorted({s for present in within.values() for s in present}, reverse=True)
    return by_density(tables, setting, every)


def features_recovered(model: Solution, density: float) -> float:
    """How many features' worth of squared error a model saves, where all are equally important."""
    return float(recovered(np.array([model.loss]), np.array([density]), len(model.norms))[0])


def constant(features: float, n_hidden: int, density: float) -> float:
    """What the bound's constant would have to be at least, for so many features."""
    return features / n_hidden / float(modulation(np.array([density]))[0])
