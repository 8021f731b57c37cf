"""Rotations of the hidden space: what they do to trained models with and without a ReLU on it.

Colours tell the two kinds of model apart, grey is what random rotations make of the same weights.
"""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from superposition.exact.sums import quantile
from superposition.figures import panels
from superposition.figures.densities import LABEL, density_places
from superposition.figures.grids import Canvas
from superposition.figures.style import (
    CHANCE,
    FAINT,
    INK,
    LINEAR_LAYER,
    MUTED,
    NOTE,
    PAPER,
    RELU_LAYER,
    REMARK,
    SIGNED,
    SUBTITLE,
    theme,
)
from superposition.measures.neurons import in_reading_order
from superposition.readings.basis import alignments
from superposition.readings.results import Tables
from superposition.verdicts import numbered

NAMES = {"relu_output": "linear hidden layer", "relu_hidden": "ReLU on the hidden layer"}
COLOURS = {"relu_output": LINEAR_LAYER, "relu_hidden": RELU_LAYER}
MAX_DENSITIES, MAX_NEURONS, MAX_FEATURES = 6, 12, 30
CELL = 0.125  # inches, of a heat map's squares
APART = 0.36  # of the densities' distance, between models
BINS = 10  # of the shares from 0 to 1


def fits(tables: Tables) -> bool:
    """Both models at the same few sparsities, with rotations."""
    return _has_shape(tables) and set(NAMES) == set(tables.best["model"])


def fits_without_relu(tables: Tables) -> bool:
    """Models that are linear on h at a few sparsities, with rotations."""
    return _has_shape(tables) and set(tables.best["model"]) == {"relu_output"}


def _has_shape(tables: Tables) -> bool:
    best = tables.best
    return (
        "rotations" in tables.extra
        and bool(best["sparsity"].notna().all())
        and len(best) == best["model"].nunique() * best["sparsity"].nunique()
        and 2 <= best["sparsity"].nunique() <= MAX_DENSITIES
        and tables.n_hidden <= MAX_NEURONS
        and tables.n_features <= MAX_FEATURES
    )


def figures(tables: Tables) -> dict[str, Figure]:
    """Weights of the best models at the first and last density, losses and alignment at all of them, and shares."""
    rows = alignments(tables)
    densities = sorted(rows["density"].unique().tolist(), reverse=True)
    width, height = CELL * tables.n_hidden, CELL * tables.n_features
    with theme():
        canvas = Canvas(11.9, 4.75)
        top, tall = 0.62, 2.95
        for column, model in enumerate(NAMES):
            left = 0.45 + column * (width + 0.3)
            canvas.text(left + width / 2, 0.44, NAMES[model].split()[0], ha="center", va="bottom", color=COLOURS[model])
            for row, density in enumerate((densities[0], densities[-1])):
                axes = canvas.axes(left, top + row * (height + 0.45), width, height)
                _weights(axes, tables, model, density)
                if column == 0:
                    panels.feature_ticks(axes, range(tables.n_features))
                    axes.set_ylabel("feature", labelpad=1)
                    axes.set_title(f"density {density:.3g}", fontsize=NOTE, color=MUTED, loc="left", pad=3)
                if row == 1:
                    axes.set_xlabel("hidden" if model == "relu_output" else "neuron", fontsize=NOTE, labelpad=2)
        canvas.text(0.45, 0.1, "trained weights $W$", fontsize=SUBTITLE)
        first = 0.45 + 2 * width + 0.3 + 0.75
        places = [(first + k * 3.2, 0.45, 2.5, tall + 0.17) for k in range(3)]
        losses, aligned, shares = (canvas.axes(*place) for place in places)
        _losses(losses, rows, densities)
        _alignment(aligned, tables, rows, densities)
        _shares(shares, rows)
        for axes in (losses, aligned):
            density_places(axes, densities)
            axes.set(xlabel=LABEL, xlim=(-0.55, len(densities) - 0.45))
        titles = ("loss after rotation, over that before (median)", "share of a feature on its strongest neuron",
                  "rotations that align at least as well")  # fmt: skip
        for (left, *_), title in zip(places, titles, strict=True):
            canvas.text(left - 0.3, 0.1, title, fontsize=SUBTITLE)
        bar = canvas.axes(0.45, 4.22, 1.2, 0.11)
        panels.colour_bar(bar, SIGNED, [(0.0, "≤ −1"), (0.5, "0"), (1.0, "≥ 1")], "")
        entries = [(COLOURS[model], name) for model, name in NAMES.items()] + [(CHANCE, "after random rotations")]
        canvas.key(first - 0.3, 4.16, entries)
        canvas.text(first - 0.3, 4.4, _note(tables, rows), fontsize=NOTE, color=MUTED)
        return {"rotations": canvas.figure}


def trace(tables: Tables) -> dict[str, Figure]:
    """How often a rotation aligns features as well as training did, and the alignment at each density."""
    rows = alignments(tables)
    densities = sorted(rows["density"].unique().tolist(), reverse=True)
    with theme():
        canvas = Canvas(7.2, 4.25)
        shares, aligned = canvas.axes(0.65, 0.42, 2.7, 2.5), canvas.axes(4.2, 0.42, 2.7, 2.5)
        _shares(shares, rows)
        _alignment(aligned, tables, rows, densities)
        density_places(aligned, densities)
        aligned.set(xlabel=LABEL, xlim=(-0.55, len(densities) - 0.45))
        canvas.text(0.35, 0.1, "rotations that align at least as well", fontsize=SUBTITLE)
        canvas.text(3.9, 0.1, "share of a feature on its strongest neuron", fontsize=SUBTITLE)
        canvas.key(0.35, 3.6, [(COLOURS["relu_output"], NAMES["relu_output"]), (CHANCE, "after random rotations")])
        canvas.text(0.35, 3.86, _note(tables, rows), fontsize=NOTE, color=MUTED)
        return {"trace": canvas.figure}


def _weights(axes: Axes, tables: Tables, model: str, density: float) -> None:
    """Of the best model: a row for each feature, a column for each hidden dimension."""
    best = tables.best
    chosen = best[(best["model"] == model) & (best["density"] == density)]["instance"].item()
    W = tables.weights_of(int(chosen))
    panels.matrix(axes, (W[in_reading_order(W)] if model == "relu_hidden" else W).T)


def _losses(axes: Axes, rows: pd.DataFrame, densities: list[float]) -> None:
    """A dot for the median rotation of each model, and a line from the least of the best model's to its median."""
    axes.axhline(1, color=MUTED, linewidth=0.7, linestyle=(0, (1, 2)), zorder=0)
    for model, own in rows.groupby("model"):
        place = own["density"].map(densities.index).to_numpy() + _aside(len(own), 0.24)
        _dots(axes, place, own, "median", COLOURS[str(model)])
    axes.set(yscale="log")
    reach = [tick for tick in (1, 1.5, 2, 3, 5, 7, 10, 20, 50, 100) if tick <= 1.1 * rows["median"].max()]
    axes.set_yticks(reach, [f"{tick:g}" for tick in reach])
    axes.minorticks_off()
    axes.spines[["top", "right"]].set_visible(False)


def _alignment(axes: Axes, tables: Tables, rows: pd.DataFrame, densities: list[float]) -> None:
    """A dot for each model beside what rotations make of it: a grey band from their 2.5th to 97.5th percentile."""
    turned = tables.extra["rotations"]
    turned = turned[turned["rotation"] > 0].merge(rows[["instance", "model", "density"]], on="instance")
    models = [model for model in NAMES if model in set(rows["model"])]
    for number, model in enumerate(models):
        for at, density in enumerate(densities):
            middle = at + APART * (number - (len(models) - 1) / 2)
            null = turned[(turned["model"] == model) & (turned["density"] == density)]["alignment"]
            low, centre, high = quantile(null, [0.025, 0.5, 0.975])
            axes.fill_between([middle - 0.16, middle + 0.16], low, high, color=CHANCE, alpha=0.75, linewidth=0)
            axes.plot([middle - 0.16, middle + 0.16], [centre, centre], color=PAPER, linewidth=1.2)
            own = rows[(rows["model"] == model) & (rows["density"] == density)]
            _dots(axes, middle + _aside(len(own), 0.2), own, "alignment", COLOURS[model])
    m = tables.n_hidden
    axes.axhline(1 / m, color=MUTED, linewidth=0.7, linestyle=(0, (1, 2)), zorder=0)
    axes.annotate("on all alike", (0.01, 1 / m), xycoords=("axes fraction", "data"), xytext=(0, 2),
                  textcoords="offset points", fontsize=REMARK, color=MUTED)  # fmt: skip
    axes.set(ylim=(0, 1.03))
    axes.spines[["top", "right"]].set_visible(False)


def _shares(axes: Axes, rows: pd.DataFrame) -> None:
    """How models spread over shares of rotations: evenly where training knows no axes."""
    models = [model for model in NAMES if model in set(rows["model"])]
    edges = np.linspace(0, 1, BINS + 1)
    wide = 0.9 / BINS / len(models)
    for number, model in enumerate(models):
        own = rows[rows["model"] == model]["share_above"].to_numpy()
        # A share of exactly an edge, as 0.1, belongs to the bin below it, since the least is above 0.
        counts = np.bincount(np.clip(np.ceil(own * BINS - 1e-9).astype(int) - 1, 0, BINS - 1), minlength=BINS)
        left = edges[:-1] + 0.05 / BINS + number * wide
        axes.bar(left, 100 * counts / len(own), width=wide, align="edge", color=COLOURS[model], linewidth=0)
    axes.axhline(100 / BINS, color=INK, linewidth=1, linestyle=(0, (4, 2)))
    axes.set(xlim=(0, 1), ylabel="models (%)", xlabel="share of rotations\n0: along the axes, 1: away from them")
    axes.yaxis.label.set_color(MUTED)
    axes.grid(axis="y", color=FAINT)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)


def _dots(axes: Axes, place: np.ndarray, rows: pd.DataFrame, column: str, colour: str) -> None:
    """Large ones of the best seeds, small ones of the others."""
    chosen = rows["best"].to_numpy()
    axes.plot(place[~chosen], rows[column][~chosen], ".", markersize=3.5, alpha=0.5, color=colour, markeredgewidth=0)
    axes.plot(place[chosen], rows[column][chosen], "o", markersize=5, color=colour, zorder=3, markeredgecolor=PAPER,
              markeredgewidth=0.6)  # fmt: skip


def _aside(count: int, width: float) -> np.ndarray:
    """Places beside each other, in no order that means anything (multiples of the golden ratio)."""
    spread: np.ndarray = (np.arange(count) * 0.618034 % 1 - 0.5) * width
    return spread


def _note(tables: Tables, rows: pd.DataFrame) -> str:
    seeds = int(rows.groupby(["model", "density"]).size().min())
    count = int(tables.extra["rotations"]["rotation"].max())
    return (
        f"{numbered(seeds, 'seeds')} at each density, {count} rotations of each model: large dots are seeds "
        "with the lowest loss. "
        "Grey: 95% of the rotated\nmodels. Dashes: a model that is blind to the axes has every share equally often."
    )
