"""Rows and columns of panels, placed in inches: every panel has the same size in every figure.

Nothing here asks a layout engine for room: those solve for positions in floating point, and figures are compared by
their bytes.
"""

from collections.abc import Sequence
from math import ceil
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import text_to_path

from superposition.figures import panels
from superposition.figures.points import Point
from superposition.figures.style import FONT, IMPORTANCE, MUTED, NOTE, SIGNED, SUPERPOSITION, TEXT, TITLE, theme
from superposition.readings.results import Tables
from superposition.verdicts import numbered

MAX_FEATURES = 60  # rows of a heat map; more could not be told apart, and would make a file of many megabytes


class Canvas:
    """A figure on which axes are placed in inches from the top left corner."""

    def __init__(self, width: float, height: float) -> None:
        self.width, self.height = width, height
        self.figure = Figure(figsize=(width, height))

    def axes(self, left: float, top: float, width: float, height: float) -> Axes:
        box = (left / self.width, 1 - (top + height) / self.height, width / self.width, height / self.height)
        return self.figure.add_axes(box)

    def text(self, left: float, top: float, text: str, **style: Any) -> None:
        options: dict[str, Any] = {"ha": "left", "va": "top", "fontsize": TEXT} | style
        self.figure.text(left / self.width, 1 - top / self.height, text, **options)

    def key(self, left: float, top: float, entries: Sequence[tuple[Any, str]]) -> None:
        """A row of coloured squares with what they stand for."""
        for colour, label in entries:
            square = self.axes(left, top, 0.13, 0.13)
            square.set(facecolor=colour, xticks=[], yticks=[])
            square.spines[:].set(visible=True, color=MUTED, linewidth=0.6)
            self.text(left + 0.2, top + 0.065, label, va="center", fontsize=NOTE)
            left += 0.42 + 0.064 * len(label)


def text_width(text: str, size: int | float) -> float:
    """Inches that the longest line of a text needs, in letters of `size` points, rounded up to a twentieth: room is
    left by it, and a rounding of its own must not decide where something lies. In `theme()`, as all that is drawn.
    """
    font = FontProperties(family=FONT, size=size)
    widths = [
        text_to_path.get_text_width_height_descent(line, font, ismath=line.count("$") > 1)[0]
        for line in text.split("\n")
    ]
    return ceil(20 * max(widths) / 72) / 20


def wrapped(notes: Sequence[str], width: int | float, size: int | float = NOTE) -> list[str]:
    """Notes as lines of at most `width` inches, broken at spaces; each begins a line."""
    lines: list[str] = []
    for note in notes:
        first, *words = note.split(" ")
        lines.append(first)
        for word in words:
            if text_width(f"{lines[-1]} {word}", size) <= width:
                lines[-1] += f" {word}"
            else:
                lines.append(word)
    return lines


def vector_grid(tables: Tables, shown: Sequence[Point], notes: Sequence[str], per_row: int = 5) -> Figure:
    """One panel of feature vectors per point, for models with two hidden dimensions."""
    side, gap, margin, heading, caption = 2.1, 0.25, 0.3, 0.3, 0.45
    lines = max(point.title.count("\n") for point in shown)
    heading += 0.16 * lines
    columns = min(per_row, len(shown))
    rows = ceil(len(shown) / columns)
    vectors = [tables.weights_of(point.instance) for point in shown]
    # A vector of 1.1 still fits; one much longer shrinks all panels alike, so that they stay comparable.
    extent = max(1.22, *(1.1 * float(np.abs(W).max()) for W in vectors))
    importance = np.concatenate([point.importance for point in shown])
    lowest, highest = float(importance.min()), float(importance.max())
    foot = 0.8 if highest > lowest else 0.25
    width = max(2 * margin + columns * side + (columns - 1) * gap, 4.6)
    inset = (width - columns * side - (columns - 1) * gap) / 2
    notes = wrapped(["The circle has radius 1.", *notes], width - 2 * inset)
    with theme():
        canvas = Canvas(width, 0.1 + rows * (heading + side + caption) + foot + 0.16 * len(notes))
        for number, (point, W) in enumerate(zip(shown, vectors, strict=True)):
            left = inset + (number % columns) * (side + gap)
            top = 0.1 + (number // columns) * (heading + side + caption)
            middle = left + side / 2
            canvas.text(middle, top + heading - 0.08, point.title, ha="center", va="bottom", fontsize=TITLE)
            axes = canvas.axes(left, top + heading, side, side)
            panels.feature_vectors(axes, W, panels.importance_colours(point.importance, lowest, highest), extent)
            said = f"{point.represented} represented\n{agreement(point)}"
            canvas.text(middle, top + heading + side + 0.04, said, ha="center", fontsize=NOTE, color=MUTED)
        top = canvas.height - foot - 0.16 * len(notes)
        if highest > lowest:
            bar = canvas.axes(inset, top + 0.3, 1.7, 0.11)
            ends = [(0.0, f"{highest:.3g}"), (1.0, f"{lowest:.3g}")]
            panels.colour_bar(bar, IMPORTANCE, ends, "feature importance")
        _notes(canvas, inset, top + foot - 0.1, notes)
        return canvas.figure


def gram_and_norm_grid(tables: Tables, shown: Sequence[Point], notes: Sequence[str], per_row: int = 8) -> Figure:
    """One column per point: W^T W with b beside it, and below the norms of the features coloured by superposition."""
    side, strip, gap, margin, heading, between, bars, foot = 1.32, 0.085, 0.2, 0.48, 0.32, 0.12, 1.32, 0.72
    features, left_out = _features_shown(shown, tables.n_features)
    heading += 0.15 * max(point.title.count("\n") for point in shown)
    columns = min(per_row, len(shown))
    rows = ceil(len(shown) / columns)
    pitch = side + 0.05 + strip + gap
    block = heading + side + between + bars + 0.56
    extent = max(1.35, *(1.05 * float(point.norms.max()) for point in shown))
    width = max(margin + columns * pitch, 5.2)
    notes = wrapped([*notes, *left_out], width - margin - gap)
    with theme():
        canvas = Canvas(width, 0.05 + rows * block + foot + 0.16 * len(notes) + 0.1 * bool(notes))
        for number, point in enumerate(shown):
            left = margin + (number % columns) * pitch
            top = 0.05 + (number // columns) * block
            first = number % columns == 0
            canvas.text(left, top + heading - 0.07, point.title, va="bottom", fontsize=TEXT, linespacing=1.15)
            heat = canvas.axes(left, top + heading, side, side)
            panels.matrix(heat, tables.gram_of(point.instance)[np.ix_(features, features)])
            bias = canvas.axes(left + side + 0.05, top + heading, strip, side)
            panels.matrix(bias, point.b[features][:, None])
            bias.set_aspect("auto")
            below = top + heading + side + between
            norms = canvas.axes(left, below, side + 0.05 + strip, bars)
            panels.norm_bars(norms, point.norms[features], point.superposition[features], extent)
            said = f"{point.represented} represented\n{agreement(point)}"
            canvas.text(left, below + bars + 0.23, said, fontsize=NOTE, color=MUTED)
            if first:
                panels.feature_ticks(heat, features)
                panels.feature_ticks(norms, features)
                for axes, label in ((heat, r"$W^T W$  and  $b$"), (norms, r"$\|W_i\|$")):
                    axes.set_ylabel(label, labelpad=2)
        top = canvas.height - foot - 0.16 * len(notes) - 0.1 * bool(notes) + 0.33
        signed = canvas.axes(margin, top, 1.5, 0.11)
        panels.colour_bar(signed, SIGNED, [(0.0, "−1"), (0.5, "0"), (1.0, "1")], r"$W^T W$, $b$")
        shared = canvas.axes(margin + 1.9, top, 1.5, 0.11)
        panels.colour_bar(shared, SUPERPOSITION, [(0.0, "0"), (1.0, "≥ 1")], "superposition of the feature")
        _notes(canvas, margin, top + 0.42, notes)
        return canvas.figure


def agreement(point: Point) -> str:
    """How many seeds represent as many features as the one that is drawn, which has the lowest loss."""
    if point.seeds == 1:
        return "(one seed)"
    return f"({point.agreeing} of {numbered(point.seeds, 'seeds')})"


def _features_shown(shown: Sequence[Point], n_features: int) -> tuple[list[int], list[str]]:
    """The most important features, if there are too many, and a note that says so."""
    if n_features <= MAX_FEATURES:
        return list(range(n_features)), []
    norms = np.max([point.norms for point in shown], axis=0)
    importance = np.max([point.importance for point in shown], axis=0)
    # By importance, and among equally important ones by norm: a uniform curve would show arbitrary features.
    kept = np.lexsort((-norms, -importance))[:MAX_FEATURES]
    note = f"The {MAX_FEATURES} most important of {n_features} features, of equals the longest."
    return sorted(kept.tolist()), [note]


def _notes(canvas: Canvas, left: float, top: float, notes: Sequence[str]) -> None:
    for number, note in enumerate(notes):
        canvas.text(left, top + 0.16 * number, note, fontsize=NOTE, color=MUTED)
