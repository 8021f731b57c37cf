"""How many neurons end with two features by chance, over the number of neurons, and the weights of one model."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullFormatter, NullLocator

from superposition.exact.sums import mean
from superposition.figures import panels
from superposition.figures.grids import Canvas, wrapped
from superposition.figures.style import AS_AT_FIRST, INK, MUTED, NOTE, ON_ONE_NEURON, SIGNED, THEORY, theme
from superposition.readings.incidental import Run, by_chance, has_runs, runs
from superposition.readings.results import Tables
from superposition.verdicts import numbered

MAX_FEATURES = 60
LEAST = 0.1  # a mean number of neurons: none has a place, at the lower edge


def fits(tables: Tables) -> bool:
    return has_runs(tables) and tables.n_features <= MAX_FEATURES


def figures(tables: Tables) -> dict[str, Figure]:
    return {"neurons": _neurons(tables)}


def _neurons(tables: Tables) -> Figure:
    found, n = runs(tables), tables.n_features
    widths = list(found)
    shown = next((m for m in widths if m > n), widths[0])
    model = found[shown][0]
    with theme():
        width = 11.0
        notes = wrapped(
            [
                f"Left: means of {numbered(min(map(len, found.values())), 'seeds')} with their standard errors; "
                f"line: $n(n-1)/4m$, "
                f"each of {n} features on a neuron at random. Middle: features on just one neuron, and those on the "
                f"neuron that had their largest weight before training. Right: $W$ of one model with {shown} neurons, "
                f"{len(model.shared)} of which have two features; neurons are rows, and those without a feature are "
                "left out.",
            ],
            width - 1.0,
        )
        canvas = Canvas(width, 4.05 + 0.16 * len(notes))
        counts, shares = canvas.axes(0.75, 0.4, 2.6, 2.6), canvas.axes(4.3, 0.4, 2.6, 2.6)
        heat = canvas.axes(7.75, 0.4, 2.6, 2.6)
        _counts(counts, found, n)
        for colour, name, column in (
            (ON_ONE_NEURON, "on one neuron", [float(mean([run.settled for run in own])) for own in found.values()]),
            (AS_AT_FIRST, "the first one", [float(mean([run.as_at_first for run in own])) for own in found.values()]),
        ):
            shares.plot(widths, column, "o-", color=colour, markersize=4.5, linewidth=1.5, label=name)
        shares.set_ylim(0, 1.04)
        shares.set_title("share of features", loc="left")
        shares.legend(loc="center right")
        for axes in (counts, shares):
            axes.set(xscale="log", xlabel="neurons $m$", xlim=(widths[0] / 1.2, widths[-1] * 1.2))
            axes.set_xticks(widths, [str(m) for m in widths])
            axes.xaxis.set_minor_locator(NullLocator())
            axes.spines[["top", "right"]].set_visible(False)
        _weights(heat, model)
        bar = canvas.axes(8.3, 3.52, 1.5, 0.11)
        panels.colour_bar(bar, SIGNED, [(0.0, "−1"), (0.5, "0"), (1.0, "1")], "weight")
        for line, note in enumerate(notes):
            canvas.text(0.6, 4.0 + 0.16 * line, note, fontsize=NOTE, color=MUTED)
        return canvas.figure


def _counts(axes: Axes, found: dict[int, list[Run]], n: int) -> None:
    """Means with standard errors; a mean of 0 is at the lower edge."""
    widths = np.array(list(found), dtype=float)
    numbers = [np.array([len(run.shared) for run in own], dtype=float) for own in found.values()]
    means = np.array([float(mean(own)) for own in numbers])
    off = [float(mean(np.square(own - mean(own)))) / max(1, len(own) - 1) for own in numbers]
    errors = np.sqrt(np.array(off))
    expected = np.array([by_chance(n, int(m)) for m in widths])
    axes.plot(widths, expected, color=THEORY, linewidth=1.2, label="by chance")
    axes.errorbar(
        widths, np.maximum(means, LEAST), yerr=[np.minimum(errors, 0.9 * np.maximum(means, LEAST)), errors], fmt="o",
        color=INK, markersize=4.5, linewidth=1, label="trained",
    )  # fmt: skip
    high = max(float(means.max()), float(expected.max()), 2 * LEAST)
    axes.set_yscale("log")
    axes.set_ylim(min(LEAST, float(expected.min())) / 1.2, 1.6 * high)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.yaxis.set_minor_formatter(NullFormatter())
    axes.set_title("neurons with several features", loc="left")
    axes.legend(loc="lower left")


def _weights(axes: Axes, model: Run) -> None:
    """Neurons with a feature as rows, by their first one."""
    used = np.flatnonzero(model.on.any(axis=1))
    order = used[np.argsort(model.on[used].argmax(axis=1), kind="stable")] if len(used) else np.arange(1)
    panels.matrix(axes, model.W[order])
    axes.set_title("$W$, neurons with features", loc="left")
    axes.set(xlabel="features", ylabel="neurons", aspect="auto")
