"""The phase diagram of two features, and the losses between which it is decided."""

from matplotlib.figure import Figure

from superposition.figures import loss_surfaces, phase_diagram
from superposition.figures.phase_diagram import fits
from superposition.readings.results import Tables

__all__ = ["figures", "fits"]


def figures(tables: Tables) -> dict[str, Figure]:
    return phase_diagram.figures(tables) | loss_surfaces.figures(tables)
