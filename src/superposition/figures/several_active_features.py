"""Several active features: a vector with all its explanations, how many there are, and what goes with them."""

from itertools import permutations
from typing import NamedTuple

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle, Polygon
from matplotlib.ticker import PercentFormatter

from superposition.exact.functions import PI, arctan2, cos, sin
from superposition.exact.sums import matmul, total
from superposition.figures.grids import Canvas
from superposition.figures.style import FAINT, HIDDEN_WIDTHS, INK, MUTED, NOTE, PAPER, RIVAL, SUBTITLE, TRUE, theme
from superposition.measures.thresholds import REPRESENTED_NORM
from superposition.readings.ambiguity import LEAST_VECTORS, by_active, lost
from superposition.readings.results import Tables
from superposition.theory.explanations import exact_fit, explanations
from superposition.verdicts import numbered

MAX_WIDTHS = len(HIDDEN_WIDTHS)
STRENGTHS = (0.7, 0.5)  # of the two active features of the vector that is drawn
TOLERANCE = 0.05  # of its explanations
MOST = 3  # explanations that are drawn


class Shown(NamedTuple):
    """A model in the plane, turned so that the vector points up; features are those it represents, by angle."""

    W: np.ndarray  # [2, feature]
    x: np.ndarray
    output: np.ndarray
    h: np.ndarray  # [2]
    sets: list[tuple[int, ...]]  # the true one first


def fits(tables: Tables) -> bool:
    """Explanations of models that differ in their width alone, some of them in the plane."""
    best = tables.best
    if "explanations" not in tables.extra or set(best["model"]) != {"relu_output"}:
        return False
    in_the_plane = best[best["n_hidden"] == 2]
    return (
        len(in_the_plane) == 1
        and len(best) == best["n_hidden"].nunique() <= MAX_WIDTHS
        and 3 <= int(in_the_plane["n_represented"].iloc[0]) <= 8
    )


def figures(tables: Tables) -> dict[str, Figure]:
    return {"explanations": _explanations(tables)}


def _explanations(tables: Tables) -> Figure:
    best = tables.best
    shown = _most_ambiguous(tables, int(best[best["n_hidden"] == 2]["instance"].iloc[0]))
    counts, errors = by_active(tables), lost(tables)
    widths = sorted(counts["n_hidden"].unique().tolist())
    colours = dict(zip(widths, HIDDEN_WIDTHS, strict=False))
    with theme():
        canvas = Canvas(10.6, 6.2)
        reach = 1.08 * max(1.0, float(np.abs(shown.W).max()), float(np.abs(shown.h).max()))
        for place, features in enumerate(shown.sets[:MOST]):
            left = 0.25 + 2.5 * place
            canvas.text(left, 0.1, _said(shown, features, place), fontsize=SUBTITLE)
            _path(canvas.axes(left, 0.5, 2.3, 2.2), shown, features, reach)
        _reconstruction(canvas.axes(8.3, 0.72, 2.1, 1.72), shown)
        canvas.text(8.0, 0.1, "what the model makes of it,\nand what was active", fontsize=SUBTITLE)
        share, number, error = (
            canvas.axes(0.7, 3.5, 2.45, 1.75), canvas.axes(4.0, 3.5, 2.2, 1.75), canvas.axes(7.1, 3.5, 3.3, 1.75)
        )  # fmt: skip
        _curves(share, counts, "rivals", colours)
        share.set(ylim=(-0.04, 1.06), yticks=[0, 0.5, 1])
        share.yaxis.set_major_formatter(PercentFormatter(1, symbol=" %"))
        canvas.text(0.3, 3.15, "vectors with rival explanations", fontsize=SUBTITLE)
        _curves(number, counts, "explanations", colours)
        number.set(ylim=(0, None))
        canvas.text(3.75, 3.15, "explanations of a vector, mean", fontsize=SUBTITLE)
        _errors(error, errors, colours)
        canvas.text(6.65, 3.15, "squared error over squared features", fontsize=SUBTITLE)
        canvas.text(0.25, 5.8, _note(tables, shown), fontsize=NOTE, color=MUTED, linespacing=1.35)
        return canvas.figure


def _most_ambiguous(tables: Tables, instance: int) -> Shown:
    """Of all pairs of features at the two strengths: one with the most explanations, of those the longest vector."""
    own = tables.features_of(instance)
    kept = np.flatnonzero(own["norm"] > REPRESENTED_NORM)
    W, b = tables.weights_of(instance)[:, kept], own["bias"].to_numpy()[kept]
    pairs = list(permutations(range(len(kept)), 2))
    x = np.zeros((len(kept), len(pairs)))
    for column, pair in enumerate(pairs):
        x[list(pair), column] = STRENGTHS
    vectors = matmul(W, x)
    output = np.maximum(matmul(W.T, vectors) + b[:, None], 0)
    sets, found = explanations(W, vectors, TOLERANCE)
    lengths = np.sqrt(total(vectors * vectors, axis=0))
    # Lengths to three digits, so that rounding does not decide among pairs that are alike.
    chosen = max(
        range(len(pairs)), key=lambda column: (np.count_nonzero(found[:, column]), round(float(lengths[column]), 3))
    )
    h = vectors[:, chosen]
    order = np.argsort((arctan2(W[1], W[0]) - arctan2(h[1], h[0])) % (2 * PI), kind="stable")
    turn = PI / 2 - arctan2(h[1], h[0])
    rotation = np.array([[cos(turn), -sin(turn)], [sin(turn), cos(turn)]])
    renamed = {old: new for new, old in enumerate(order.tolist())}
    active = tuple(sorted(renamed[feature] for feature in pairs[chosen]))
    rows = [tuple(sorted(renamed[f] for f in sets[row])) for row in np.flatnonzero(found[:, chosen])]
    rivals = sorted(features for features in rows if features != active)
    turned = matmul(rotation, W[:, order]), matmul(rotation, h)
    return Shown(turned[0], x[order, chosen], output[order, chosen], turned[1], [active, *rivals])


def _strengths(shown: Shown, features: tuple[int, ...]) -> list[float]:
    return [float(strength) for strength in exact_fit(shown.W[:, features], shown.h).strengths]


def _said(shown: Shown, features: tuple[int, ...], place: int) -> str:
    parts = [
        f"{strength:.2f} of {feature + 1}"
        for feature, strength in zip(features, _strengths(shown, features), strict=True)
    ]
    return f"{'what was active' if place == 0 else 'a rival, the same vector'}\n{' and '.join(parts)}"


def _path(axes: Axes, shown: Shown, features: tuple[int, ...], reach: float) -> None:
    """The strengths of an explanation as arrows from the origin to the vector, and the parallelogram that they span."""
    colour = TRUE if features == shown.sets[0] else RIVAL
    axes.add_patch(Circle((0, 0), 1, facecolor="none", edgecolor=FAINT, linewidth=1, zorder=0))
    for number, (x, y) in enumerate(shown.W.T, start=1):
        used = number - 1 in features
        axes.plot([0, x], [0, y], color=FAINT, linewidth=1.6, solid_capstyle="round", zorder=1)
        axes.plot(x, y, "o", markersize=5.5, color=MUTED, markeredgecolor=PAPER, zorder=2)
        axes.annotate(
            f"{number}", (1.17 * x, 1.17 * y), ha="center", va="center", fontsize=NOTE, color=colour if used else MUTED,
            fontweight="bold" if used else "normal", annotation_clip=False,
        )  # fmt: skip
    steps = [
        strength * shown.W[:, feature] for feature, strength in zip(features, _strengths(shown, features), strict=True)
    ]
    if len(steps) == 2:
        corners = np.stack([0 * shown.h, steps[0], steps[0] + steps[1], steps[1]])
        axes.add_patch(Polygon(corners, closed=True, facecolor=colour, edgecolor="none", alpha=0.1, zorder=1))
        axes.plot(*zip(steps[1], steps[0] + steps[1], strict=True), color=colour, linewidth=0.8, alpha=0.6, zorder=2)
        axes.plot(*zip(steps[0], steps[0] + steps[1], strict=True), color=colour, linewidth=0.8, alpha=0.6, zorder=2)
    for step in steps:
        _arrow(axes, step, colour, 2.2)
    _arrow(axes, shown.h, INK, 2.2)
    axes.set(xlim=(-1.22 * reach, 1.22 * reach), ylim=(-1.2 * reach, 1.2 * reach), aspect="equal", xticks=[], yticks=[])
    axes.spines[:].set_visible(False)


def _arrow(axes: Axes, end: np.ndarray, colour: str, width: float) -> None:
    axes.annotate(
        "", (float(end[0]), float(end[1])), xytext=(0, 0), zorder=4,
        arrowprops={"arrowstyle": "-|>", "color": colour, "linewidth": width, "shrinkA": 0, "shrinkB": 0,
                    "mutation_scale": 9},
    )  # fmt: skip


def _reconstruction(axes: Axes, shown: Shown) -> None:
    place = np.arange(1, len(shown.x) + 1)
    axes.bar(place - 0.19, shown.x, width=0.36, color=TRUE, linewidth=0, label="active")
    axes.bar(place + 0.19, shown.output, width=0.36, color=INK, linewidth=0, label="the model's output")
    axes.set(xticks=place, xlabel="feature", yticks=[0, 0.5, 1], ylim=(0, max(1.05, 1.05 * float(shown.output.max()))))
    axes.legend(loc="upper right", handlelength=0.9, borderaxespad=0)
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(axis="x", length=0)


def _curves(axes: Axes, rows: pd.DataFrame, column: str, colours: dict[int, str]) -> None:
    """A line through the best model of each width, and a dot for each of the others."""
    counts = sorted(rows["active"].unique().tolist())
    for m, colour in colours.items():
        own = rows[rows["n_hidden"] == m]
        best = own[own["best"]].sort_values("active", kind="stable")
        aside = (own["seed"].to_numpy() * 0.618034 % 1 - 0.5) * 0.2
        axes.plot(own["active"] + aside, own[column], ".", markersize=3.5, alpha=0.4, color=colour, markeredgewidth=0)
        axes.plot(best["active"], best[column], "o-", markersize=4.5, linewidth=1.6, color=colour, label=f"$m$ = {m}",
                  markeredgecolor=PAPER, markeredgewidth=0.6)  # fmt: skip
    axes.set(xlabel="active features", xticks=counts, xlim=(counts[0] - 0.3, counts[-1] + 0.3))
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(loc="upper left", borderaxespad=0.1, labelspacing=0.25)


def _errors(axes: Axes, rows: pd.DataFrame, colours: dict[int, str]) -> None:
    """Of each width, over the number of active features: a line for vectors with rivals, dashes for those without."""
    ticks: list[float] = []
    labels: list[str] = []
    start = 0.0
    for m, colour in colours.items():
        own = rows[rows["n_hidden"] == m]
        counts = sorted(own["active"].unique().tolist())
        if not counts:
            continue
        shift = start - counts[0]
        for kind, style, face in (("unique", (0, (2, 1.5)), PAPER), ("rivals", "-", colour)):
            known = own[(own["kind"] == kind) & (own["vectors"] >= LEAST_VECTORS)]
            best = known[known["best"]].sort_values("active", kind="stable")
            axes.plot(known["active"] + shift, known["lost"], ".", markersize=3.5, alpha=0.35, color=colour,
                      markeredgewidth=0)  # fmt: skip
            axes.plot(best["active"] + shift, best["lost"], linestyle=style, linewidth=1.4, color=colour, marker="o",
                      markersize=4.5, markerfacecolor=face, markeredgewidth=1)  # fmt: skip
            if not ticks and not best.empty:
                axes.annotate(
                    kind, (float(best["active"].iloc[-1]) + shift, float(best["lost"].iloc[-1])), xytext=(6, 0),
                    textcoords="offset points", fontsize=NOTE, color=colour, va="center",
                )  # fmt: skip
        ticks += [count + shift for count in counts]
        labels += [str(count) for count in counts]
        axes.annotate(
            f"$m$ = {m}", ((start + ticks[-1]) / 2, 1.0), xycoords=("data", "axes fraction"), ha="center", va="top",
            fontsize=NOTE, color=colour,
        )  # fmt: skip
        start = ticks[-1] + 1.9
    axes.set_xticks(ticks, labels)
    axes.set(xlabel="active features", ylim=(0, 1.05), xlim=(-0.6, ticks[-1] + 0.6), yticks=[0, 0.5, 1])
    axes.yaxis.set_major_formatter(PercentFormatter(1, symbol=" %"))
    axes.spines[["top", "right"]].set_visible(False)


def _note(tables: Tables, shown: Shown) -> str:
    seeds = int(tables.instances.groupby("point").size().min())
    vectors = int(tables.extra["explanations"].groupby(["instance", "active"]).size().min())
    more = f", {len(shown.sets) - MOST} of them not drawn" if len(shown.sets) > MOST else ""
    return (
        f"Above: of pairs of features at {STRENGTHS[0]:g} and {STRENGTHS[1]:g} in the best model of two dimensions, "
        f"one with the most explanations{more}, turned; black: the hidden vector, grey: directions.\n"
        "Below: explanations with at most as many features as are active, up to as many as dimensions. Lines are the "
        f"best of {numbered(seeds, 'seeds')}, dots the others; {vectors} vectors each."
    )
