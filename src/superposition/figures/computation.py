"""Neurons as stacks of their input weights, from dense to sparse: which ones are polysemantic, and how far.

And what mixed ones are about: their largest feature at high activations, others at low ones.
"""

from math import ceil

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from superposition.figures import panels
from superposition.figures.grids import Canvas
from superposition.figures.overview import selected
from superposition.figures.points import density_name
from superposition.figures.style import FAINT, INK, MUTED, NEURONS, NOTE, SUPERPOSITION, TITLE, theme
from superposition.measures.computation import canonical, kinds, primary_features, stack_heights
from superposition.measures.thresholds import MONOSEMANTIC_HEIGHT, POLYSEMANTIC_HEIGHT
from superposition.readings.kinds import has_one_width, is_plain
from superposition.readings.results import Tables
from superposition.theory.activations import activation_chances

MAX_NEURONS = 80  # of a panel; more would be too thin
COLUMNS = 2
MIXED = 5  # neurons of a panel of curves, at least
MAX_PANELS = 5
LEVEL_EDGES = np.linspace(0.05, 1.25, 25)  # of activations; below, they are mostly noise of many tiny weights
LEVELS = (LEVEL_EDGES[1:] + LEVEL_EDGES[:-1]) / 2


def fits(tables: Tables) -> bool:
    best = tables.best
    one_importance = len(best["importance_curve"].unique()) == 1
    plain = is_plain(tables, "signed") and has_one_width(tables)
    return one_importance and plain and tables.n_hidden <= MAX_NEURONS and set(best["model"]) == {"absolute_value"}


def figures(tables: Tables) -> dict[str, Figure]:
    return {"neurons": neurons(tables)} | primary_feature_figures(tables)


def neurons(tables: Tables) -> Figure:
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
            canvas.text(left, top - 0.06, density_name(point.density), va="bottom", fontsize=TITLE)
            said = f"{kind.count('mono')} mono, {kind.count('slightly')} slightly, {kind.count('poly')} polysemantic"
            canvas.text(left + width, top - 0.06, said, va="bottom", ha="right", fontsize=NOTE, color=MUTED)
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
            canvas.text(margin + 2.3, top + 0.18 + 0.16 * number, note, fontsize=NOTE, color=MUTED)
        return canvas.figure


def primary_feature_figures(tables: Tables) -> dict[str, Figure]:
    """One panel for each density at which neurons are mixed: a curve for each such neuron; none, no figure."""
    shown, _ = selected(tables, tables.best.sort_values("sparsity", kind="stable"), limit=8, agreement=False)
    mixed = {}
    for point in shown:
        W = tables.weights_of(point.instance)
        if not np.isnan(point.density):
            kind = kinds(stack_heights(W))
            mixed[point.instance] = [W[neuron] for neuron in range(len(W)) if kind[neuron] != "mono"]
    drawn = [point for point in shown if len(mixed.get(point.instance, [])) >= MIXED][:MAX_PANELS]
    if not drawn:
        return {}
    side, height, gap, left, top = 1.75, 1.75, 0.25, 0.62, 0.42
    with theme():
        canvas = Canvas(max(left + len(drawn) * (side + gap), 6.6), top + height + 1.3)
        for number, point in enumerate(drawn):
            axes = canvas.axes(left + number * (side + gap), top, side, height)
            rows = mixed[point.instance]
            canvas.text(left + number * (side + gap), top - 0.06, density_name(point.density), va="bottom")
            said = f"{len(rows)} neurons"
            canvas.text(
                left + number * (side + gap) + side,
                top - 0.06,
                said,
                va="bottom",
                ha="right",
                fontsize=NOTE,
                color=MUTED,
            )
            _primary_curves(axes, rows, point.density, point.superposition)
            axes.tick_params(labelleft=number == 0)
            if number == 0:
                axes.set_ylabel("% with the largest feature active")
            axes.set_xlabel("activation")
        low = top + height + 0.62
        shared = canvas.axes(left, low, 1.5, 0.11)
        panels.colour_bar(shared, SUPERPOSITION, [(0.0, "0"), (1.0, "≥ 1")], "superposition of its largest feature")
        canvas.text(
            left + 2.4, low - 0.17, "Activation: in units of what the largest weight alone can reach.", fontsize=NOTE
        )
        notes = [
            f"Neurons with a stack higher than {MONOSEMANTIC_HEIGHT:g}; black: their median.",
            "By theory, from the weights: features active independently.",
        ]
        for line, note in enumerate(notes):
            canvas.text(left + 2.4, low + 0.17 * line, note, fontsize=NOTE, color=MUTED)
        return {"primary_features": canvas.figure}


def _primary_curves(axes: Axes, rows: list[np.ndarray], density: float, superposition: np.ndarray) -> None:
    """Of each neuron's activations at a level, the share that has its largest feature active."""
    curves = []
    for weights in rows:
        primary = int(np.abs(weights).argmax())
        levels, chance, with_primary = activation_chances(weights, density, primary)
        levels = levels / np.abs(weights[primary])
        place = np.digitize(levels, LEVEL_EDGES) - 1
        inside = (place >= 0) & (place < len(LEVEL_EDGES) - 1)
        all_, own = (np.bincount(place[inside], chances[inside], len(LEVELS)) for chances in (chance, with_primary))
        # A level that is reached in less than one sample of ten million is not drawn.
        curves.append(np.round(np.where(all_ > 1e-7, 100 * own / np.maximum(all_, 1e-7), np.nan), 1))
        shade = SUPERPOSITION(panels.SUPERPOSITION_RANGE(min(1.0, float(superposition[primary]))))
        axes.plot(LEVELS, curves[-1], color=shade, linewidth=0.7, alpha=0.7)
    reached = ~np.isnan(curves).all(axis=0)
    axes.plot(LEVELS[reached], np.nanmedian(np.array(curves)[:, reached], axis=0), color=INK, linewidth=1.8)
    axes.set(xlim=(0, LEVEL_EDGES[-1]), ylim=(0, 103), xticks=[0, 0.5, 1], yticks=[0, 50, 100])
    axes.grid(axis="y", color=FAINT)
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(length=2.5, pad=2)
