"""The figures of "Superposition in a Privileged Basis": weights of neurons, and what each neuron stacks up.

Heat maps have a row per feature and a column per neuron, so that a neuron's stack stands below its weights.
"""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from superposition.exact.sums import total
from superposition.figures import panels
from superposition.figures.densities import LABEL, density_places
from superposition.figures.grids import Canvas, agreement, wrapped
from superposition.figures.overview import selected
from superposition.figures.points import Point, density_name, spread_out
from superposition.figures.style import (
    BEHIND_MONOSEMANTIC,
    BEHIND_OTHERS,
    COUNTED_MONOSEMANTIC,
    COUNTED_POLYSEMANTIC,
    FAINT,
    MUTED,
    NOTE,
    SIGNED,
    SUBTITLE,
    SUPERPOSITION,
    TEXT,
    theme,
)
from superposition.measures.neurons import in_reading_order, monosemantic, polysemantic
from superposition.readings.kinds import has_one_width
from superposition.readings.results import Tables

CELL = 0.17  # inches, of a heat map's squares
MAX_NEURONS, MAX_FEATURES = 12, 30  # more could not be told apart
SHOWN = (5, 6, 8)  # represented features of the models that are drawn beside linear ones
COUNTED = {"monosemantic": COUNTED_MONOSEMANTIC, "polysemantic": COUNTED_POLYSEMANTIC}
MAX_POINTS = 20
MAX_STACKS = 10


def fits(tables: Tables) -> bool:
    """The figures have one row of sparsities for each of two models, and neurons that can be told apart."""
    best = tables.best
    return (
        {"relu_output", "relu_hidden"} <= set(best["model"])
        and len(best["importance_curve"].unique()) == 1
        and bool(best["sparsity"].notna().all())
        and has_one_width(tables)
        and tables.instances[["sets", "set_size"]].drop_duplicates().shape[0] == 1
        and tables.n_hidden <= MAX_NEURONS
        and tables.n_features <= MAX_FEATURES
    )


def figures(tables: Tables) -> dict[str, Figure]:
    best = tables.best.sort_values("sparsity", kind="stable")
    with_relu, notes = selected(tables, best[best["model"] == "relu_hidden"], limit=MAX_POINTS, named="density")
    linear, _ = selected(tables, best[best["model"] == "relu_output"], limit=MAX_POINTS, named="density")
    return {
        "linear_and_relu": linear_and_relu(tables, linear, with_relu),
        "neuron_stacks": neuron_stacks(tables, with_relu, notes),
    }


def configurations(tables: Tables, points: list[Point]) -> list[Point]:
    """One of each run of points at which as many features share the neurons in as many ways: its middle one."""
    runs: list[list[Point]] = []
    for point in points:
        if runs and _configuration(tables, runs[-1][-1]) == _configuration(tables, point):
            runs[-1].append(point)
        else:
            runs.append([point])
    return [run[len(run) // 2] for run in runs]


def _configuration(tables: Tables, point: Point) -> tuple[int, int]:
    return int(np.count_nonzero(monosemantic(tables.weights_of(point.instance)))), point.represented


def linear_and_relu(tables: Tables, linear: list[Point], with_relu: list[Point]) -> Figure:
    """W without and with a ReLU on the hidden layer, side by side, where that one has 5, 6 and 8 features."""
    chosen = [next((point for point in with_relu if point.represented == count), None) for count in SHOWN]
    pairs = [(other, point) for point in chosen if point for other in linear if other.density == point.density] or list(
        zip(linear, with_relu, strict=False)
    )
    width, height = CELL * tables.n_hidden, CELL * tables.n_features
    left, top, gap, apart = 0.5, 0.66, 0.25, 0.6
    pitch = 2 * width + gap + apart
    with theme():
        canvas = Canvas(max(left + len(pairs) * pitch, 4.8), top + height + 0.95)
        for number, (other, point) in enumerate(pairs):
            start = left + number * pitch
            canvas.text(start + width + gap / 2, 0.08, density_name(point.density), ha="center", fontsize=SUBTITLE)
            for place, (one, name) in enumerate(((other, "linear"), (point, "ReLU"))):
                W = tables.weights_of(one.instance)
                axes = canvas.axes(start + place * (width + gap), top, width, height)
                panels.matrix(axes, (W[in_reading_order(W)] if name == "ReLU" else W).T)
                axes.set_title(f"{name}\n{one.represented} features", fontsize=TEXT, color=MUTED, pad=4)
                if number == place == 0:
                    panels.feature_ticks(axes, range(tables.n_features))
                    axes.set_ylabel("feature", labelpad=2)
                axes.set_xlabel("hidden" if name == "linear" else "neuron", fontsize=NOTE, labelpad=3)
        _signed_bar(canvas, left, canvas.height - 0.38)
        return canvas.figure


def neuron_stacks(tables: Tables, every: list[Point], notes: list[str]) -> Figure:
    """W of each configuration, a stacked bar for each neuron, and how many are mono- and polysemantic over density."""
    found = configurations(tables, every)
    shown = [found[place] for place in spread_out(len(found), MAX_STACKS)]
    width, height, stack = 1.35 * CELL * tables.n_hidden, CELL * tables.n_features, 1.5
    left, top, gap, between, chart = 0.55, 0.34, 0.28, 0.12, 1.1
    weights = [_ordered(tables, point) for point in shown]
    reach = 1.06 * max(float(total(np.abs(np.where(s * W > 0, W, 0)), axis=1).max()) for W in weights for s in (1, -1))
    counts_at = top + height + between + stack + 0.76
    drawn = (
        f"Of densities that follow each other and share a configuration, one is drawn: {len(shown)} of {len(every)}."
    )
    first = "Neurons can be exchanged: those with one feature stand first."
    across = max(left + len(shown) * (width + gap), 6.4)
    notes = wrapped([f"{first} {drawn}" if len(shown) < len(every) else first, *notes], across - left - gap)
    with theme():
        canvas = Canvas(across, counts_at + chart + 1.25 + 0.16 * len(notes))
        for number, (point, W) in enumerate(zip(shown, weights, strict=True)):
            start = left + number * (width + gap)
            canvas.text(start + width / 2, top - 0.07, point.title.split("\n")[-1], ha="center", va="bottom")
            heat = canvas.axes(start, top, width, height)
            panels.matrix(heat, W.T)
            heat.set_aspect("auto")
            below = canvas.axes(start, top + height + between, width, stack)
            panels.bands(below, [BEHIND_MONOSEMANTIC if alone else BEHIND_OTHERS for alone in monosemantic(W)])
            shades = SUPERPOSITION(panels.SUPERPOSITION_RANGE(np.clip(point.superposition, 0, 1)))
            panels.signed_stacks(below, W.T, list(shades), reach, outline=0.4)
            below.tick_params(labelleft=number == 0)
            mono, poly = np.count_nonzero(monosemantic(W)), np.count_nonzero(polysemantic(W))
            said = f"{mono} mono, {poly} poly\n{point.represented} features\n{agreement(point)}"
            canvas.text(start + width / 2, top + height + between + stack + 0.06, said, ha="center", fontsize=NOTE)
            if number == 0:
                panels.feature_ticks(heat, range(tables.n_features))
                heat.set_ylabel("feature", labelpad=2)
                below.set_ylabel("weights", labelpad=2)
        axes = canvas.axes(left, counts_at, len(shown) * (width + gap) - gap, chart)
        _counts(axes, [tables.weights_of(point.instance) for point in every])
        density_places(axes, [point.density for point in every])
        axes.set_xlabel(LABEL)
        foot = counts_at + chart + 0.72
        _signed_bar(canvas, left, foot)
        shared = canvas.axes(left + 1.9, foot, 1.5, 0.11)
        panels.colour_bar(shared, SUPERPOSITION, [(0.0, "0"), (1.0, "≥ 1")], "superposition of the feature")
        canvas.key(left + 3.85, foot - 0.01, [(BEHIND_MONOSEMANTIC, "monosemantic neuron"), (BEHIND_OTHERS, "other")])
        for line, note in enumerate(notes):
            canvas.text(left, foot + 0.38 + 0.16 * line, note, fontsize=NOTE, color=MUTED)
        return canvas.figure


def _ordered(tables: Tables, point: Point) -> np.ndarray:
    W = tables.weights_of(point.instance)
    return W[in_reading_order(W)]


def _counts(axes: Axes, weights: list[np.ndarray]) -> None:
    """In the order of density, evenly spaced."""
    places = range(len(weights))
    for name, count in (("monosemantic", monosemantic), ("polysemantic", polysemantic)):
        numbers = [np.count_nonzero(count(W)) for W in weights]
        axes.plot(places, numbers, "o-", color=COUNTED[name], markersize=5, linewidth=1.6, label=name, clip_on=False)
    axes.set(
        xlim=(-0.5, len(weights) - 0.5), ylim=(0, len(weights[0])), yticks=range(len(weights[0]) + 1), ylabel="neurons"
    )
    axes.grid(axis="y", color=FAINT)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(loc="center left", bbox_to_anchor=(0.02, 0.5))


def _signed_bar(canvas: Canvas, left: float, top: float) -> None:
    axes = canvas.axes(left, top, 1.5, 0.11)
    panels.colour_bar(axes, SIGNED, [(0.0, "≤ −1"), (0.5, "0"), (1.0, "≥ 1")], r"$W$")
