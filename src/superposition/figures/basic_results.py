"""The figure of "Basic Results" at each size: the linear model if there is one, the ReLU model from dense to sparse."""

import pandas as pd
from matplotlib.figure import Figure

from superposition.figures.grids import gram_and_norm_grid
from superposition.figures.overview import selected
from superposition.readings.results import Tables


def fits(tables: Tables) -> bool:
    """The figure has one row of models and sparsities."""
    return "linear" in set(tables.best["model"]) and fits_without_linear(tables)


def fits_without_linear(tables: Tables) -> bool:
    """Likewise, where the linear model is not trained again: at the larger sizes."""
    best = tables.best
    return (
        "relu_output" in set(best["model"])
        and len(best["importance_curve"].unique()) == 1
        and bool(best["sparsity"].notna().all())
    )


def figures(tables: Tables) -> dict[str, Figure]:
    """The linear model is shown once, at the highest sparsity, as in the paper: it is the same at all of them."""
    best = tables.best
    linear = best[best["model"] == "linear"].sort_values("sparsity", kind="stable").tail(1)
    others = best[best["model"] != "linear"].sort_values(["model", "sparsity"], kind="stable")
    shown, notes = selected(tables, pd.concat([linear, others]), limit=16, named="density")
    return {"weights_and_norms": gram_and_norm_grid(tables, shown, notes)}
