"""Single axes: what one trained model looks like. Features are counted from 1, as in the paper's text."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.colors import Colormap, Normalize, to_rgba
from matplotlib.patches import Circle, PathPatch
from matplotlib.path import Path
from matplotlib.ticker import MaxNLocator

from superposition.exact.functions import log
from superposition.exact.sums import running_total, total
from superposition.figures.style import FAINT, IMPORTANCE, INK, MUTED, NAME, PAPER, SIGNED, SUPERPOSITION

SIGNED_RANGE = Normalize(-1, 1)
SUPERPOSITION_RANGE = Normalize(0, 1)
NO_COLOUR = 0.004  # 1 / 255: entries below it would be drawn white
SHADES = 63  # of each of red, green and blue: more than can be told apart
SEAM = 0.5  # points, of a line in a shape's own colour: without, white would show between neighbours on a screen
SMALL_WEIGHT = 0.1  # of the largest: pieces of a stack below it would be thinner than their outline


def feature_vectors(axes: Axes, W: np.ndarray, colours: Sequence[object], extent: float) -> None:
    """The columns of `W` [2, feature] as vectors in the plane, over the unit circle."""
    axes.add_patch(Circle((0, 0), 1, facecolor="none", edgecolor=FAINT, linewidth=1, zorder=0))
    axes.axhline(0, color=FAINT, linewidth=0.6, zorder=0)
    axes.axvline(0, color=FAINT, linewidth=0.6, zorder=0)
    # The most important ones come last, on top.
    for (x, y), colour in list(zip(W.T, colours, strict=True))[::-1]:
        axes.plot([0, x], [0, y], color=colour, linewidth=2.2, solid_capstyle="round", zorder=2)
        axes.plot(x, y, "o", markersize=7.5, color=colour, markeredgecolor=PAPER, markeredgewidth=1, zorder=3)
    axes.set(xlim=(-extent, extent), ylim=(-extent, extent), aspect="equal", xticks=[], yticks=[])
    axes.spines[:].set_visible(False)


def matrix(axes: Axes, values: np.ndarray) -> None:
    """A heat map from -1 to 1 of `values` [row, column], row 1 on top."""
    rows, columns = (np.arange(size + 1) for size in values.shape)
    mosaic(axes, columns, rows, SIGNED(SIGNED_RANGE(values)), np.abs(values) > NO_COLOUR)
    axes.set(xlim=(0, values.shape[1]), ylim=(values.shape[0], 0), aspect="equal", xticks=[], yticks=[])
    for spine in axes.spines.values():
        spine.set(visible=True, color=MUTED, linewidth=0.6)


def mosaic(axes: Axes, across: np.ndarray, down: np.ndarray, shades: np.ndarray, shown: np.ndarray) -> None:
    """Rectangles between the edges `across` and `down`, of colours `shades` [row, column, RGB], where `shown`.

    Images inside an SVG are compressed, and compressors differ between machines. So these are shapes: one for each
    colour, and neighbours in a row as one rectangle, which takes a fraction of the space of a shape for each cell.
    """
    levels = np.round(shades[..., :3] * SHADES).astype(int)
    for level in np.unique(levels[shown], axis=0):
        alike = np.pad(shown & (levels == level).all(axis=-1), ((0, 0), (1, 1)))
        rows, first = np.nonzero(alike[:, 1:] & ~alike[:, :-1])
        last = np.nonzero(alike[:, :-1] & ~alike[:, 1:])[1]
        left, right, top, bottom = across[first], across[last], down[rows], down[rows + 1]
        corners = np.stack([(left, top), (right, top), (right, bottom), (left, bottom)]).transpose(2, 0, 1)
        path = Path.make_compound_path_from_polys(corners)
        axes.add_patch(PathPatch(path, color=level / SHADES, linewidth=SEAM))


def norm_bars(axes: Axes, norms: np.ndarray, superposition: np.ndarray, extent: float) -> None:
    """||W_i|| as horizontal bars, feature 1 on top, coloured by superposition."""
    shades = SUPERPOSITION(SUPERPOSITION_RANGE(np.clip(superposition, 0, 1)))
    axes.barh(np.arange(len(norms)) + 0.5, norms, height=0.8, color=shades, linewidth=0, zorder=2)
    axes.axvline(1, color=FAINT, linewidth=0.8, zorder=0)
    axes.set(xlim=(0, extent), ylim=(len(norms), 0), yticks=[], xticks=[0, 1], xticklabels=["0", "1"])
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(length=2.5, pad=2)


def signed_stacks(
    axes: Axes, weights: np.ndarray, shades: Sequence[object], extent: float, outline: float = 0.0
) -> None:
    """`weights` [feature, hidden] as a bar for each neuron: positive ones stacked up from 0, negative ones down.

    `outline` is the width of a white line around each weight, where features do not differ by their shades.
    """
    neurons = np.arange(weights.shape[1]) + 0.5
    for sign in (1, -1):
        heights = np.maximum(sign * weights, 0)
        starts = np.stack([running_total(column) for column in heights.T], axis=1) - heights
        for height, start, shade in zip(heights, starts, shades, strict=True):
            seen = height > NO_COLOUR
            drawn = {"color": shade, "edgecolor": PAPER, "linewidth": outline, "zorder": 2}
            for bar in axes.bar(neurons[seen], sign * height[seen], bottom=sign * start[seen], width=0.7):
                bar.set(**drawn)
    axes.axhline(0, color=MUTED, linewidth=0.7, zorder=3)
    axes.set(xlim=(0, weights.shape[1]), ylim=(-extent, extent), xticks=[])
    axes.yaxis.set_major_locator(MaxNLocator(4, integer=True, steps=[1, 2, 5, 10]))
    axes.spines[["top", "right", "bottom"]].set_visible(False)
    axes.tick_params(length=2.5, pad=2)


def separators(axes: Axes, places: Sequence[float]) -> None:
    for place in places:
        axes.axvline(place, color=FAINT, linewidth=0.7, zorder=0)


def stacks(axes: Axes, W: np.ndarray, superposition: np.ndarray, extent: float) -> None:
    """|W| [hidden, feature] as a bar for each neuron: the largest weight below, features coloured by superposition.

    Weights too small to be seen are one grey piece on top, so that bars have their full height.
    """
    shades = SUPERPOSITION(SUPERPOSITION_RANGE(np.clip(superposition, 0, 1)))
    pieces, colours = [], []
    for neuron, size in enumerate(np.abs(W)):
        order = np.argsort(-size, kind="stable")
        seen = order[size[order] > SMALL_WEIGHT]
        heights = [*size[seen], float(total(size) - total(size[seen]))]
        tops = running_total(heights)
        for height, top in zip(heights, tops, strict=True):
            pieces.append(
                [(neuron + x, y) for x, y in ((0.1, top - height), (0.9, top - height), (0.9, top), (0.1, top))]
            )
        colours += [*shades[seen], to_rgba(MUTED)]
    axes.add_collection(PolyCollection(pieces, facecolors=colours, edgecolors=PAPER, linewidths=0.2))
    axes.set(xlim=(0, len(W)), ylim=(0, extent), xticks=[])
    axes.yaxis.set_major_locator(MaxNLocator(4, integer=True))
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(length=2.5, pad=2)


def bands(axes: Axes, shades: Sequence[str]) -> None:
    """A background for each of the bars of `stacks`."""
    for place, shade in enumerate(shades):
        axes.axvspan(place, place + 1, facecolor=shade, linewidth=0, antialiased=False, zorder=0)


def feature_ticks(axes: Axes, shown: Sequence[int]) -> None:
    """Numbers of some rows at the left: the first, the last and round ones; `shown` are the features, from 0."""
    last = len(shown) - 1
    step = next(step for step in (1, 5, 10, 20, 50, 100, 10**9) if len(shown) / step <= 6)
    rows = [row for row in range(last + 1) if row in (0, last) or (shown[row] + 1) % step == 0]
    rows = [row for row in rows if row in (0, last) or min(row, last - row) >= 0.6 * min(step, last)]
    axes.set_yticks([row + 0.5 for row in rows], [str(shown[row] + 1) for row in rows])
    axes.tick_params(axis="y", length=0, pad=3)


def colour_bar(axes: Axes, colours: Colormap, ticks: Sequence[tuple[float, str]], label: str) -> None:
    """A horizontal colour bar of bands, so that it needs no raster image; `ticks` are places from 0 to 1 and labels."""
    bands = 64
    middles = (np.arange(bands) + 0.5) / bands
    axes.bar(middles, 1, width=1 / bands, color=colours(middles), edgecolor=colours(middles), linewidth=SEAM)
    axes.set(xlim=(0, 1), ylim=(0, 1), yticks=[])
    axes.set_xticks([place for place, _ in ticks], [text for _, text in ticks])
    axes.tick_params(length=2.5, pad=2)
    axes.spines[:].set(visible=True, color=MUTED, linewidth=0.6)
    axes.set_title(label, fontsize=NAME, color=INK, loc="left", pad=4)


def importance_colours(importance: np.ndarray, lowest: float, highest: float) -> list[object]:
    """Darker is more important, on a logarithmic scale between the least and the most important feature drawn."""
    if highest <= lowest:
        return [IMPORTANCE(0.0)] * len(importance)
    return list(IMPORTANCE(1 - log(importance / lowest) / log(highest / lowest)))
