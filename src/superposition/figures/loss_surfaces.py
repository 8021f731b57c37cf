"""Why the phase change is one of first order: losses of solutions that cross, and the loss over both weights."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from superposition.exact.functions import log
from superposition.exact.sums import mean
from superposition.figures.densities import IN_LETTERS
from superposition.figures.grids import Canvas
from superposition.figures.style import (
    BOTH_ON_ONE_SIDE,
    DENSITY,
    FAINT,
    FIRST_WEIGHT,
    HEADLINE,
    INK,
    MINIMUM,
    MUTED,
    NAME,
    NOTE,
    PAPER,
    SECOND_WEIGHT,
    SUBTITLE,
    TEXT,
    phase_colours,
    theme,
)
from superposition.readings.expected_losses import boundary, column
from superposition.readings.results import NotInThisRun, Tables
from superposition.readings.surfaces import JUMP, WAY, how_it_moves
from superposition.theory.loss_surfaces import Minimum, Surface, best_on_the_way, expected_loss, largest_step, minima
from superposition.theory.phases import DEDICATED, IGNORED, SUPERPOSED, phase, solution_losses

RELATIVE = (0.2, 1.0, 5.0)  # importance of the columns of the phase diagram
COLOURS = {
    name: tuple(phase_colours(np.array(norm), np.array(shared)))
    for name, norm, shared in ((IGNORED, 0.0, 0.0), (DEDICATED, 1.0, 0.0), (SUPERPOSED, 1.0, 1.0))
}
SAME_SIDE = "same side"
NAMES = {
    IGNORED: "extra feature ignored",
    DEDICATED: "other feature ignored",
    SUPERPOSED: "antipodal pair",
    SAME_SIDE: "both on the same side",
}
SHADES = COLOURS | {SAME_SIDE: BOTH_ON_ONE_SIDE}  # of models; no simple solution is like that

SURFACES: tuple[Surface, ...] = ((0.1, 0.1), (0.7, 0.2), (0.1, 0.8))  # S and I_2 of the comment's figure
EXTENT = 1.3  # of the weights; 1.2 there, which cuts off a minimum of the third
WAYS: tuple[tuple[str, Surface, Surface], ...] = (
    ("a to b", SURFACES[0], SURFACES[1]),
    ("a to c", SURFACES[0], SURFACES[2]),
    ("c to S = 0.7, same importance", SURFACES[2], (0.7, SURFACES[2][1])),
)


def figures(tables: Tables) -> dict[str, Figure]:
    """Of a phase diagram; branches are those of two features in one dimension."""
    try:
        columns = [column(tables, r) for r in RELATIVE] if tables.n_features == 2 else []
    except NotInThisRun:
        columns = []
    branches = {"loss_branches": loss_branches(columns)} if columns else {}
    return branches | {"loss_surfaces": loss_surfaces()}


def loss_branches(columns: Sequence[pd.DataFrame]) -> Figure:
    """Expected losses of all trained models of three columns, over those of the simple solutions, and their slopes."""
    side, low, gap, left, top = 2.6, 1.5, 0.6, 0.7, 0.72
    with theme():
        canvas = Canvas(left + len(RELATIVE) * (side + gap), top + side + 0.25 + low + 1.15)
        title = "Expected loss of two features in one dimension: solutions and trained models"
        canvas.text(left, 0.12, title, fontsize=HEADLINE, color=INK)
        shares = []
        for number, models in enumerate(columns):
            models.loc[(models["phase"] == SUPERPOSED) & ~models["opposite"], "phase"] = SAME_SIDE
            own = float(models["importance"][0])
            above = canvas.axes(left + number * (side + gap), top, side, side)
            _losses(above, models, own)
            above.set_title(f"relative importance {own:.2g}", fontsize=TEXT, loc="left")
            below = canvas.axes(left + number * (side + gap), top + side + 0.25, side, low)
            _slopes(below, models, own)
            below.set_xlabel(IN_LETTERS)
            if number == 0:
                above.set_ylabel("loss $L$")
                below.set_ylabel("slope $dL/ds$")
            shares.append(mean((models["phase"] == SUPERPOSED)[models["density"] < boundary(own)]))
        foot = top + side + 0.25 + low + 0.5
        canvas.key(left, foot, [(SHADES[name], NAMES[name]) for name in (SUPERPOSED, IGNORED, DEDICATED, SAME_SIDE)])
        found = ", ".join("none" if np.isnan(share) else f"{share:.0%}" for share in shares)
        note = (
            "Lines: solutions, the lowest one bold. Large dots: the best of each density; small ones: all others, "
            f"many of which stay on a higher branch.\nBelow the boundary (dotted) {found} of all single models find "
            "the antipodal pair. Crosses: slopes between the best models of neighbouring densities."
        )
        canvas.text(left, foot + 0.23, note, fontsize=NOTE, color=MUTED, linespacing=1.3)
        return canvas.figure


def _losses(axes: Axes, models: pd.DataFrame, r: float) -> None:
    s = np.linspace(0, 1, 201)
    branches = solution_losses(2, s, np.full_like(s, r))
    lowest = np.min(list(branches.values()), axis=0)
    highest = 1.5 * float(lowest.max())
    for name, values in branches.items():
        axes.plot(s, values, color=COLOURS[name], linewidth=1, zorder=1)
        on_lowest = np.where(values <= lowest + 1e-12, values, np.nan)
        axes.plot(s, on_lowest, color=COLOURS[name], linewidth=2.8, alpha=0.55, zorder=2)
    axes.axvline(boundary(r), color=MUTED, linewidth=0.9, linestyle=(0, (1, 2)), zorder=0)
    for name, shade in SHADES.items():
        for best, size, edge in ((False, 2.6, 0.0), (True, 5.0, 0.7)):
            kept = models[(models["phase"] == name) & (models["best"] == best)]
            axes.plot(
                kept["density"], kept["loss"], "o", color=shade, markersize=size,
                markeredgecolor=PAPER, markeredgewidth=edge, zorder=3 + best,
            )  # fmt: skip
    axes.set(xlim=(0, 1.03), ylim=(0, highest), xticklabels=[])
    axes.spines[["top", "right"]].set_visible(False)


def _slopes(axes: Axes, models: pd.DataFrame, r: float) -> None:
    """Of the lowest solution, and between neighbouring best models."""
    s = np.linspace(0.005, 0.995, 397)
    lowest = phase(2, s, np.full_like(s, r))
    change = 1e-3
    ahead, behind = (solution_losses(2, s + sign * change, np.full_like(s, r)) for sign in (1, -1))
    for name, shade in COLOURS.items():
        slope = (ahead[name] - behind[name]) / (2 * change)
        slope = np.where(lowest == name, slope, np.nan)
        axes.plot(s, slope, color=shade, linewidth=2.8, alpha=0.55, zorder=2)
    best = models[models["best"]]
    density, loss = best["density"].to_numpy(), best["loss"].to_numpy()
    middles, slopes = (density[1:] + density[:-1]) / 2, np.diff(loss) / np.diff(density)
    axes.plot(middles, slopes, "x", color=INK, markersize=4, markeredgewidth=0.9, zorder=3)
    axes.axhline(0, color=FAINT, linewidth=0.8, zorder=0)
    axes.axvline(boundary(r), color=MUTED, linewidth=0.9, linestyle=(0, (1, 2)), zorder=0)
    axes.set(xlim=(0, 1.03))
    axes.spines[["top", "right"]].set_visible(False)


def loss_surfaces() -> Figure:
    """The three surfaces of McGrath's comment with their minima, and how the lowest one moves between them."""
    side, low, gap, left, top = 2.6, 1.5, 0.65, 0.75, 0.98
    with theme():
        canvas = Canvas(left + 3 * (side + gap), top + side + 1.45 + low + 0.95)
        canvas.text(
            left, 0.12, "Two features in one dimension without biases: the exact loss", fontsize=HEADLINE, color=INK
        )
        for number, surface in enumerate(SURFACES):
            across = left + number * (side + gap)
            axes = canvas.axes(across, top, side, side)
            found = minima(*surface)
            _surface(axes, surface, found)
            title = f"{'abc'[number]}   $S$ = {surface[0]:g}, $I_2$ = {surface[1]:g}"
            canvas.text(across, top - 0.28, title, fontsize=SUBTITLE, color=INK)
            axes.set_xlabel("$W_1$")
            if number == 0:
                axes.set_ylabel("$W_2$", labelpad=0)
            said = [f"{'●' if one is found[0] else '○'} {_named(one)}: loss {one.loss:.3f}" for one in found]
            canvas.text(across, top + side + 0.48, "\n".join(said), fontsize=NOTE, color=INK, linespacing=1.4)
        below = top + side + 1.3
        for number, (name, start, goal) in enumerate(WAYS):
            axes = canvas.axes(left + number * (side + gap), below, side, low)
            step = _way(axes, start, goal)
            axes.set_title(f"{name}: {how_it_moves(step)}", fontsize=TEXT, loc="left")
            if number == 0:
                axes.set_ylabel("lowest minimum", labelpad=0)
        note = (
            "Above: darker is lower, levels at equal ratios; circles are local minima, full ones the lowest; a model "
            "and its mirror image are the same.\nBelow: its weights as sparsity and importance change in even steps."
        )
        canvas.text(left, canvas.height - 0.45, note, fontsize=NOTE, color=MUTED, linespacing=1.3)
        return canvas.figure


def _surface(axes: Axes, surface: Surface, found: Sequence[Minimum]) -> None:
    weights = np.linspace(-EXTENT, EXTENT, 79)
    W_1, W_2 = np.meshgrid(weights, weights)
    loss = log(expected_loss(W_1, W_2, *surface))
    levels = np.linspace(loss.min(), loss.max(), 15)
    shades = [tuple(shade) for shade in DENSITY(np.linspace(0.05, 1, len(levels) - 1))]
    axes.contourf(weights, weights, loss, levels=levels, colors=shades, antialiased=True, zorder=0)
    axes.contour(weights, weights, loss, levels=levels[1:-1], colors=PAPER, linewidths=0.4, zorder=1)
    for one in found:
        lowest = one is found[0]
        x, y = one.weights
        face, edge = (MINIMUM, PAPER) if lowest else ("none", MINIMUM)
        axes.plot([x, -x], [y, -y], "o", markersize=7, color=face, markeredgecolor=edge, markeredgewidth=1.3, zorder=3)
    axes.set(xlim=(-EXTENT, EXTENT), ylim=(-EXTENT, EXTENT), aspect="equal", xticks=[-1, 0, 1], yticks=[-1, 0, 1])


def _way(axes: Axes, start: Surface, goal: Surface) -> float:
    """Both weights of the lowest minimum along the way; the largest step."""
    way = best_on_the_way(start, goal, WAY)
    weights = np.array([one.weights for one in way])
    step, place = largest_step(way)
    along = np.linspace(0, 1, WAY)
    cuts = [0, place + 1, WAY] if step >= JUMP else [0, WAY]
    for shade, values in ((FIRST_WEIGHT, weights[:, 0]), (SECOND_WEIGHT, weights[:, 1])):
        for begin, stop in pairwise(cuts):
            axes.plot(along[begin:stop], values[begin:stop], color=shade, linewidth=1.6, zorder=2)
    apart = 0.12 if abs(weights[-1, 0] - weights[-1, 1]) < 0.24 else 0.0
    for name, shade, end in (
        ("$W_1$", FIRST_WEIGHT, weights[-1, 0] + apart),
        ("$W_2$", SECOND_WEIGHT, weights[-1, 1] - apart),
    ):
        axes.annotate(name, (1.02, end), color=shade, va="center", fontsize=NAME, annotation_clip=False)
    axes.axhline(0, color=FAINT, linewidth=0.8, zorder=0)
    ticks = [f"$S$ = {S:g}\n$I_2$ = {r:g}" for S, r in (start, goal)]
    axes.set(xlim=(0, 1), ylim=(-1.25, 1.25), yticks=[-1, 0, 1])
    axes.set_xticks([0, 1], ticks)
    axes.spines[["top", "right"]].set_visible(False)
    return step


def _named(one: Minimum) -> str:
    return f"{one.name} ({one.weights[0]:.2f}, {one.weights[1]:.2f})".replace("-", "−")
