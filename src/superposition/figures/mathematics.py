"""The figure of "Mathematical Understanding": which inputs make up the loss, and the generalised Thomson problem."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from superposition.exact.functions import geometric_space, log10
from superposition.exact.sums import running_total
from superposition.figures.densities import LABEL
from superposition.figures.grids import Canvas
from superposition.figures.points import Point
from superposition.figures.style import DENSITY, FAINT, INK, MUTED, NOTE, PAPER, SUPERPOSITION, TEXT, TITLE, theme
from superposition.readings.results import Tables
from superposition.theory.active_features import losses_by_active, weights_of_active
from superposition.theory.polytopes import polygon
from superposition.theory.thomson import energy, relax

MAX_FEATURES = 6  # there are 2^n sets of active features
MAX_PANELS = 3
POINTS = range(2, 9)  # of the Thomson problem in the plane
DENSITIES = geometric_space(1.0, 1e-3, 61)  # densities


def can_be_split(tables: Tables, shown: Sequence[Point]) -> bool:
    """Sets of active features can be gone through, and some losses are those of the ReLU-output model."""
    return tables.n_features <= MAX_FEATURES and bool(_rows(tables) & {point.instance for point in shown})


def figure(tables: Tables, shown: Sequence[Point]) -> Figure:
    """`shown` are the points of a figure of the experiment; the first that the formulas are about are drawn."""
    kept = [point for point in shown if point.instance in _rows(tables)][:MAX_PANELS]
    side, height, gap, left, top = 1.7, 1.9, 0.42, 0.62, 0.62
    last = left + len(kept) * (side + gap) + 1.5
    with theme():
        canvas = Canvas(last + 2.6 + 0.2, top + height + 0.95)
        for number, point in enumerate(kept):
            axes = canvas.axes(left + number * (side + gap), top, side, height)
            _shares(axes, tables.weights_of(point.instance), point)
            axes.set_title(point.title.splitlines()[-1] + " in training", fontsize=TEXT, pad=5)
            if number:
                axes.set_yticklabels([])
            else:
                axes.set_ylabel("share of the loss")
        canvas.text(left, 0.08, "Loss by number of active features", fontsize=TITLE)
        middle = left + (len(kept) * (side + gap) - gap) / 2
        canvas.text(middle, top + height + 0.28, f"{LABEL} of the inputs", ha="center")
        _legend(canvas, left + len(kept) * (side + gap) - gap + 0.12, top, tables.n_features)
        canvas.text(last, 0.08, r"Thomson problem in two dimensions", fontsize=TITLE)
        _energies(canvas.axes(last, top, 2.6, height))
        note = "Trained weights held fixed, inputs made sparser. Dots: the density that they were trained at."
        canvas.text(left, canvas.height - 0.28, note, fontsize=NOTE, color=MUTED)
        return canvas.figure


def _rows(tables: Tables) -> set[int]:
    """Numbers of the best instances that the formulas are about."""
    best = tables.best
    about = (best["model"] == "relu_output") & (best["values"] == "unit") & (best["sets"] == "independent")
    about &= best["density"].notna()
    return set(best.loc[about, "instance"].tolist())


def _shares(axes: Axes, W: np.ndarray, point: Point) -> None:
    """Stacked, inputs of no active feature at the bottom."""
    losses = losses_by_active(W, point.b, point.importance)
    terms = np.array([losses * weights_of_active(W.shape[1], density) for density in DENSITIES])
    so_far = np.array([running_total(row) for row in terms])
    shares = so_far / so_far[:, -1:]
    x = log10(DENSITIES)
    below = np.zeros(len(DENSITIES))
    for k, shade in enumerate(_shades(W.shape[1])):
        axes.fill_between(x, below, shares[:, k], color=shade, linewidth=0, zorder=1)
        below = shares[:, k]
    axes.plot(x, shares[:, 1], color=PAPER, linewidth=1.6, zorder=2)
    own = float(log10(point.density))
    if own >= x[-1]:
        axes.plot(own, 0, "o", color=INK, markersize=5, clip_on=False, zorder=4)
    axes.set(xlim=(0, x[-1]), ylim=(0, 1), yticks=[0, 0.5, 1])
    axes.set_xticks([0, -1, -2, -3], ["1", "0.1", "0.01", "0.001"])
    axes.tick_params(length=2.5, pad=3)


def _legend(canvas: Canvas, left: float, top: float, n_features: int) -> None:
    """One row for each number of active features, in the order of the areas."""
    for k, shade in enumerate(_shades(n_features)):
        row = top + 0.2 * (n_features - k)
        patch = canvas.axes(left, row + 0.02, 0.13, 0.13)
        patch.set(facecolor=shade, xticks=[], yticks=[])
        patch.spines[:].set_visible(False)
        canvas.text(left + 0.2, row, f"{k} active", fontsize=NOTE)
    row = top + 0.2 * (n_features + 1) + 0.12
    canvas.text(left, row, "white line:\nno and one\nactive feature", fontsize=NOTE, color=MUTED, linespacing=1.3)


def _energies(axes: Axes) -> None:
    numbers = list(POINTS)
    polygons = [float(energy(polygon(n))) for n in numbers]
    least = [float(energy(relax(n, 2))) for n in numbers]
    axes.axvspan(numbers[0] - 0.5, 4, color=FAINT, alpha=0.45, linewidth=0, zorder=0)
    axes.text(numbers[0] - 0.4, 8.3, r"$N \leq 2m$: none", fontsize=NOTE, color=MUTED, va="top")
    axes.plot(numbers, polygons, "-", color=SUPERPOSITION(0.65), linewidth=1.2, zorder=2)
    axes.plot(numbers, polygons, "o", color=SUPERPOSITION(0.65), markersize=6.5, zorder=3, label="regular polygon")
    axes.plot(numbers, least, "o", color=SUPERPOSITION(0.0), markersize=3.5, zorder=4, label="least found")
    axes.set(xlim=(numbers[0] - 0.5, numbers[-1] + 0.5), ylim=(-0.4, 8.6), xticks=numbers, yticks=[0, 2, 4, 6, 8])
    axes.set(xlabel="points $N$", ylabel=r"energy $\sum_{i \neq j} \mathrm{ReLU}(W_i \cdot W_j)^2$")
    axes.grid(axis="y")
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(length=2.5, pad=3)
    axes.legend(loc="upper left", bbox_to_anchor=(0.35, 1.02), handletextpad=0.3)


def _shades(n_features: int) -> np.ndarray:
    """Dark for few active features."""
    return DENSITY(np.linspace(0, 1, n_features + 1))
