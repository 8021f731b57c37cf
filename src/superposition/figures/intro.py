"""The figure at the head of the paper: feature vectors in the plane, at growing sparsity; and what their loss is of."""

from matplotlib.figure import Figure

from superposition.figures import mathematics
from superposition.figures.grids import vector_grid
from superposition.figures.overview import selected
from superposition.readings.results import Tables


def fits(tables: Tables) -> bool:
    """Vectors can be drawn where models have two hidden dimensions."""
    return set(tables.best["n_hidden"]) == {2}


def figures(tables: Tables) -> dict[str, Figure]:
    shown, notes = selected(tables, tables.best.sort_values(["model", "sparsity"], kind="stable"), limit=10)
    drawn = {"feature_vectors": vector_grid(tables, shown, notes)}
    if mathematics.can_be_split(tables, shown):
        drawn["mathematics"] = mathematics.figure(tables, shown)
    return drawn
