"""Input and output weights of the neurons that compute a few absolute values, after the paper's rescaling."""

from itertools import pairwise

import numpy as np
from matplotlib.figure import Figure

from superposition.exact.sums import total
from superposition.figures import panels
from superposition.figures.grids import Canvas
from superposition.figures.overview import selected
from superposition.figures.points import density_name
from superposition.figures.style import IMPORTANCE, MUTED, NOTE, TITLE, theme
from superposition.measures.computation import canonical, primary_features
from superposition.readings.results import Tables

MAX_NEURONS = 24  # more would need wider panels
MAX_FEATURES = 6  # more shades could not be told apart


def fits(tables: Tables) -> bool:
    """Small models whose output weights are their own."""
    small = tables.n_hidden <= MAX_NEURONS and tables.n_features <= MAX_FEATURES
    return small and set(tables.best["model"]) == {"absolute_value"}


def figures(tables: Tables) -> dict[str, Figure]:
    """One column per point: a bar for each neuron, up and down from 0, its weights stacked and coloured by feature."""
    shown, notes = selected(tables, tables.best.sort_values("sparsity", kind="stable"), limit=4, agreement=False)
    width, height, gap, margin, heading, foot = 2.4, 1.35, 0.35, 0.6, 0.35, 0.9
    shades = [IMPORTANCE(place) for place in np.linspace(0, 0.9, tables.n_features)]
    weights = [canonical(tables.weights_of(point.instance), tables.weights_out_of(point.instance)) for point in shown]
    extent = 1.15 * max(total(np.abs(stack), axis=0).max() for W, W_out in weights for stack in (W.T, W_out))
    with theme():
        canvas = Canvas(margin + len(shown) * (width + gap), heading + 2 * (height + 0.2) + foot)
        for number, (point, (W, W_out)) in enumerate(zip(shown, weights, strict=True)):
            left = margin + number * (width + gap)
            canvas.text(left, heading - 0.08, density_name(point.density), va="bottom", fontsize=TITLE)
            primary = primary_features(W)
            # Neurons of a feature side by side, the one of its positive values first.
            order = np.lexsort((-W[np.arange(len(W)), primary], primary))
            ends = [place + 1.0 for place, (one, next_) in enumerate(pairwise(primary[order])) if one != next_]
            for row, (name, stacks) in enumerate((("$W_1$", W.T), ("$W_2$", W_out))):
                axes = canvas.axes(left, heading + row * (height + 0.2), width, height)
                panels.signed_stacks(axes, stacks[:, order], shades, extent)
                panels.separators(axes, ends)
                if number == 0:
                    axes.set_ylabel(name, rotation=0, ha="right", va="center")
                if row == 1:
                    axes.set_xlabel("neuron")
        top = canvas.height - foot + 0.42
        canvas.key(margin, top, [(shade, f"feature {i + 1}") for i, shade in enumerate(shades)])
        for number, note in enumerate(["Largest input weight of each neuron scaled to 1.", *notes]):
            canvas.text(margin, top + 0.2 + 0.16 * number, note, fontsize=NOTE, color=MUTED)
        return {"weights": canvas.figure}
