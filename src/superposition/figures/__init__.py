"""Figures, functions from tables to a matplotlib Figure, or to an Animation where something moves.

An experiment's own figures are those of the module here that has its name: `fits` says whether its tables still have
the shape that they need, `figures` draws them. `overview` serves all others, and `learning_curves` every experiment.
`panels` draws single axes and `grids` lays them out; `style` holds colours and fonts, `svg` says how to save a figure.
"""

import os
from collections.abc import Mapping
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType

# Before matplotlib looks for it: Jupyter names its own, which an environment without Jupyter does not have.
os.environ["MPLBACKEND"] = "svg"

from matplotlib.figure import Figure

from superposition.figures import learning_curves, overview
from superposition.figures.animation import Animation
from superposition.figures.style import theme
from superposition.readings.results import Tables

Drawn = Figure | Animation


def figures_of(experiment: str, tables: Tables) -> dict[str, Drawn]:
    """The figures of an experiment by name: its own, or an overview, and the learning curves."""
    own = module_of(experiment)
    with theme():  # where texts are measured, too
        shown: Mapping[str, Drawn] = own.figures(tables) if own and own.fits(tables) else overview.figures(tables)
        return {**shown, **learning_curves.figures(tables)}


def module_of(experiment: str) -> ModuleType | None:
    """The module that has its figures; other modules here have no `fits`."""
    name = f"{__name__}.{experiment}"
    module = import_module(name) if find_spec(name) else None
    return module if hasattr(module, "fits") else None
