"""Figures of any experiment: W^T W, biases and norms at each point of its axes, and vectors if they lie in a plane."""

import pandas as pd
from matplotlib.figure import Figure

from superposition.figures.grids import gram_and_norm_grid, vector_grid
from superposition.figures.points import Named, Point, points, spread_out
from superposition.readings.results import Tables


def selected(
    tables: Tables,
    rows: pd.DataFrame,
    limit: int,
    named: Named = "sparsity",
    agreement: bool = True,
) -> tuple[list[Point], list[str]]:
    """At most `limit` of these best instances, evenly spaced, and what the reader should know of the choice.

    `agreement`: whether the figure says how many seeds represent as many features.
    """
    kept = rows.iloc[spread_out(len(rows), limit)]
    notes = [] if len(kept) == len(rows) else [f"{len(kept)} of {len(rows)} points, evenly spaced."]
    if len(tables.instances) > len(tables.best):
        shown = "Of the seeds at each point, the one with the lowest held-out loss is shown"
        notes.append(shown + ("; in brackets, how many represent as many features." if agreement else "."))
    return points(tables, kept, named), [" ".join(notes)] if notes else []


def figures(tables: Tables) -> dict[str, Figure]:
    shown, notes = selected(tables, tables.best, limit=16 if tables.n_features <= 30 else 8)
    drawn = {"weights_and_norms": gram_and_norm_grid(tables, shown, notes)}
    in_the_plane = tables.best[tables.best["n_hidden"] == 2]
    if not in_the_plane.empty:
        shown, notes = selected(tables, in_the_plane, limit=10)
        drawn["feature_vectors"] = vector_grid(tables, shown, notes)
    return drawn
