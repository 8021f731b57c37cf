"""Neurons as stacks of their input weights, from dense to sparse: which ones are polysemantic, and how far."""

from math import ceil

import numpy as np
from matplotlib.figure import Figure

from superposition.figures import panels
from superposition.figures.grids import Canvas
from superposition.figures.overview import selected
from superposition.figures.points import density_name
from superposition.figures.style import MUTED, NEURONS, SUPERPOSITION, theme
from superposition.measures.computation import canonical, kinds, primary_features, stack_heights
from superposition.measures.results import Tables
from superposition.measures.thresholds import MONOSEMANTIC_HEIGHT, POLYSEMANTIC_HEIGHT

MAX_NEURONS = 80  # of a panel; more would be too thin
COLUMNS = 2


def fits(tables: Tables) -> bool:
    best = tables.best
    one_importance = len(best["importance"].unique()) == 1
    return one_importance and tables.n_hidden <= MAX_NEURONS and set(best["model"]) == {"absolute_value"}


def figures(tables: Tables) -> dict[str, Figure]:
    """One panel per density: neurons sorted by the importance of their largest feature, the most important first."""
    shown, notes = selected(tables, tables.best.sort_values("sparsity", kind="stable"), limit=8, agreement=False)
    width, height, gap, margin, heading, foot = 4.5, 1.15, 0.55, 0.5, 0.38, 1.3
    weights = [canonical(tables.weights_of(p.instance), tables.weights_out_of(p.instance))[0] for p in shown]
    rows = ceil(len(shown) / COLUMNS)
    with theme():
        canvas = Canvas(margin + COLUMNS * (width + gap) - gap + 0.15, rows * (heading + height) + foot)
        for number, (point, W) in enumerate(zip(shown, weights, strict=True)):
            left = margin + (number // rows) * (width + gap)
            top = (number % rows) * (heading + height) + heading
            order = np.lexsort((np.arange(len(W)), -point.importance[primary_features(W)]))
            kind = kinds(stack_heights(W[order]))
            axes = canvas.axes(left, top, width, height)
            panels.bands(axes, [NEURONS[one] for one in kind])
            extent = 1.08 * max(2.0, float(stack_heights(W).max()))
            panels.stacks(axes, W[order], point.superposition, extent)
            canvas.text(left, top - 0.06, density_name(point.sparsity), va="bottom", fontsize=10)
            said = f"{kind.count('mono')} mono, {kind.count('slightly')} slightly, {kind.count('poly')} polysemantic"
            canvas.text(left + width, top - 0.06, said, va="bottom", ha="right", fontsize=8, color=MUTED)
            if number % rows == rows - 1 or number == len(shown) - 1:
                axes.set_xlabel("neuron, by importance of its largest feature", labelpad=4)
            if number < rows:
                axes.set_ylabel(r"stacked $|W_1|$")
        top = canvas.height - foot + 0.55
        panels.colour_bar(
            canvas.axes(margin, top, 1.7, 0.11),
            SUPERPOSITION,
            [(0.0, "0"), (1.0, "≥ 1")],
            "superposition of the feature",
        )
        names = {
            "mono": f"monosemantic, stack < {MONOSEMANTIC_HEIGHT:g}",
            "slightly": f"slightly polysemantic, to {POLYSEMANTIC_HEIGHT:g}",
            "poly": f"polysemantic, > {POLYSEMANTIC_HEIGHT:g}",
        }
        canvas.key(margin + 2.3, top - 0.02, [(NEURONS[kind], name) for kind, name in names.items()])
        scale = "Largest input weight of each neuron scaled to 1; each density has its own axis."
        small = f"Grey: all weights below {panels.SMALL_WEIGHT:g} together."
        for number, note in enumerate([scale, small, *notes]):
            canvas.text(margin + 2.3, top + 0.18 + 0.16 * number, note, fontsize=8, color=MUTED)
        return {"neurons": canvas.figure}
