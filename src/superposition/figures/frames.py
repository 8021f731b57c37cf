"""How much of their capacity models use, and whether features lie in one eigenspace each, over 1 / (1 - S)."""

import numpy as np
from matplotlib.figure import Figure

from superposition.exact.sums import mean, total
from superposition.figures.densities import sparsity_axis
from superposition.figures.grids import Canvas, wrapped
from superposition.figures.style import CAPACITY, LOCALISED, MUTED, NOTE, theme
from superposition.measures.thresholds import REPRESENTED_NORM
from superposition.readings.frames import eigenvalues_of_features, localisation
from superposition.readings.polytopes import dimensionalities
from superposition.readings.results import Tables

ABSENT_NORM = 0.1  # shorter features are left out, as of dimensionalities


def figures(tables: Tables) -> dict[str, Figure]:
    return {"frames": _frames(tables)}


def _frames(tables: Tables) -> Figure:
    best = tables.best.sort_values("density", ascending=False, kind="stable")
    x = 1 / best["density"].to_numpy()
    used, shares, points = [], [], []
    for place, instance in zip(x, best["instance"], strict=True):
        W = tables.weights_of(int(instance))
        norms = np.sqrt(total(W * W, axis=0))
        used.append(float(total(dimensionalities(W))) / len(W))
        own = localisation(W)[norms > REPRESENTED_NORM]
        shares.append(float(mean(own)) if len(own) else np.nan)
        # Of many features with the same one, a dot is all that is seen, and hundreds would make a large file.
        values = np.unique(np.round(eigenvalues_of_features(W)[norms > ABSENT_NORM], 2))
        points.append((np.full(len(values), place), values))
    with theme():
        width = 9.6
        notes = wrapped(
            [
                "Left: the sum of all $D_i$ over $m$, and the mean of $D_i$ over its leverage, which is 1 for a "
                f"feature in one eigenspace of $WW^T$, of features longer than {REPRESENTED_NORM:g}. Right: the "
                f"eigenvalue that each feature longer than {ABSENT_NORM:g} belongs to. The seed with the lowest loss "
                "at each density.",
            ],
            width - 1.1,
        )
        canvas = Canvas(width, 3.6 + 0.16 * len(notes))
        capacity, eigenvalues = canvas.axes(0.65, 0.35, 3.8, 2.5), canvas.axes(5.4, 0.35, 3.8, 2.5)
        capacity.plot(x, used, "o-", color=CAPACITY, markersize=4, linewidth=1.4, label="capacity used")
        capacity.plot(x, shares, ".--", color=LOCALISED, markersize=4, linewidth=1.1, label="$D_i$ over leverage")
        capacity.set(ylim=(0, 1.08))
        capacity.set_title("capacity, and how localised features are", loc="left")
        capacity.legend(loc="lower right")
        for places, values in points:
            eigenvalues.plot(places, values, ".", color=CAPACITY, markersize=3, markeredgewidth=0)
        eigenvalues.set_title("eigenvalues of features", loc="left")
        eigenvalues.set_ylim(0, None)
        for axes in (capacity, eigenvalues):
            sparsity_axis(axes, x)
        for line, note in enumerate(notes):
            canvas.text(0.6, 3.42 + 0.16 * line, note, fontsize=NOTE, color=MUTED)
        return canvas.figure
