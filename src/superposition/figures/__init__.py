"""Figures, functions from tables to a matplotlib Figure.

`panels` draws single axes and `grids` lays them out. `overview` serves every experiment that has no figures of its own,
and `learning_curves` all of them; the other modules are the paper's figures. `style` holds colours, fonts and how a
figure is saved. Another experiment of the paper gets a module here and a line in PAPER.
"""

from collections.abc import Callable

from matplotlib.figure import Figure

from superposition.figures import (
    absolute_value,
    basic_results,
    computation,
    geometry,
    intro,
    learning_curves,
    overview,
    phase_change,
    privileged_basis,
)
from superposition.measures.results import Tables

# By experiment: whether its tables still have the shape that the paper's figures need, and those figures.
PAPER: dict[str, tuple[Callable[[Tables], bool], Callable[[Tables], dict[str, Figure]]]] = {
    "intro": (intro.fits, intro.figures),
    "basic_results": (basic_results.fits, basic_results.figures),
    "basic_results_large": (basic_results.fits_without_linear, basic_results.figures),
    "notebook": (basic_results.fits_without_linear, basic_results.figures),
    "phase_change": (phase_change.fits, phase_change.figures),
    "phase_change_of_three": (phase_change.fits, phase_change.figures),
    "geometry": (geometry.fits, geometry.figures),
    "privileged_basis": (privileged_basis.fits, privileged_basis.figures),
    "absolute_value": (absolute_value.fits, absolute_value.figures),
    "computation": (computation.fits, computation.figures),
}


def figures_of(experiment: str, tables: Tables) -> dict[str, Figure]:
    """The figures of an experiment by name: the paper's own, or an overview, and the learning curves."""
    fits, paper = PAPER.get(experiment, (lambda _: False, overview.figures))
    figures = paper(tables) if fits(tables) else overview.figures(tables)
    return figures | learning_curves.figures(tables)
