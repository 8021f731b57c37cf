"""Loss, share of represented features and their overlaps over the number of hidden dimensions, by how skewed densities
are.
"""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter, NullLocator

from superposition.figures.grids import Canvas, wrapped
from superposition.figures.style import MUTED, NOTE, SKEWS, theme
from superposition.readings.kinds import is_important_alike, is_plain
from superposition.readings.results import Tables
from superposition.readings.width_scaling import (
    FEWEST_WIDTHS,
    MODEL,
    Family,
    exponents,
    falls_as,
    families,
    least_overlap,
    overlap,
    slope,
)
from superposition.verdicts import numbered

DASHED, DOTTED = (0, (4, 2)), (0, (1, 2))


def fits(tables: Tables) -> bool:
    """ReLU models of plain features, of at least three widths, and of at most three exponents of densities."""
    if set(tables.instances["model"]) != {MODEL} or not is_plain(tables) or not is_important_alike(tables):
        return False
    found = pd.Series(exponents(tables))
    return (
        bool(found.notna().all())
        and found.nunique() <= len(SKEWS)
        and tables.instances["n_hidden"].nunique() >= FEWEST_WIDTHS
        and bool((tables.instances["loss"] > 0).all())
    )


def figures(tables: Tables) -> dict[str, Figure]:
    return {"widths": _widths(tables)}


def _widths(tables: Tables) -> Figure:
    ranks = families(tables, tables.n_features)
    best = ranks[0]
    with theme():
        width = 11.2
        notes = wrapped(
            [
                f"Of {numbered(len(ranks), 'seeds')} the one with the lowest loss; "
                f"dashes: the others. Left, dashed: the loss of "
                "the features that are not represented, where there are any. Right, dotted: the least that so many "
                "directions can have; random ones have 1.",
            ],
            width - 1.0,
        )
        canvas = Canvas(width, 3.75 + 0.16 * len(notes))
        loss, share, overlaps = (canvas.axes(0.75 + 3.65 * k, 0.4, 2.85, 2.6) for k in range(3))
        for colour, (exponent, sweep) in zip(SKEWS, best.items(), strict=False):
            others = [family[exponent] for family in ranks[1:]]
            densities = f"$i^{{-{exponent:g}}}$" if exponent else "all alike"
            name = f"{densities}: $m^{{-{slope(sweep):.2f}}}$"
            _line(loss, {m: model.loss for m, model in sweep.items()}, colour, name)
            _line(share, {m: model.share for m, model in sweep.items()}, colour)
            _line(overlaps, {m: overlap(model) for m, model in sweep.items()}, colour)
            for other in others:
                _dashes(loss, {m: model.loss for m, model in other.items()}, colour)
                _dashes(share, {m: model.share for m, model in other.items()}, colour)
            left_out = {m: model.left_out for m, model in sweep.items()}
            if np.isfinite(falls_as(left_out)):
                loss.plot(*_points(left_out), color=colour, linewidth=1, linestyle=DASHED, zorder=1)
            least = {m: least_overlap(model) for m, model in sweep.items()}
            overlaps.plot(*_points(least), color=colour, linewidth=1, linestyle=DOTTED, zorder=1)
        loss.set_yscale("log")
        _room_below(loss, best)
        loss.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        loss.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        loss.yaxis.set_minor_formatter(NullFormatter())
        loss.yaxis.set_minor_locator(NullLocator())
        loss.legend(loc="lower left", title="densities, and the loss as", title_fontsize=NOTE)
        share.set_ylim(-0.03, 1.05)
        overlaps.set_ylim(0, None)
        overlaps.axhline(1, color=MUTED, linewidth=0.7, linestyle=DASHED, zorder=0)
        for axes, title in (
            (loss, "held-out loss"),
            (share, r"share of features with $\|W_i\| > 1/2$"),
            (overlaps, r"mean squared cosine of two, times $m$"),
        ):
            axes.set_title(title, loc="left")
            _width_axis(axes, list(next(iter(best.values()))))
        for line, note in enumerate(notes):
            canvas.text(0.6, 3.6 + 0.16 * line, note, fontsize=NOTE, color=MUTED)
        return canvas.figure


def _points(values: dict[int, float]) -> tuple[list[int], list[float]]:
    return list(values), list(values.values())


def _line(axes: Axes, values: dict[int, float], colour: str, name: str | None = None) -> None:
    axes.plot(*_points(values), "o-", color=colour, markersize=4.5, linewidth=1.5, label=name)


def _dashes(axes: Axes, values: dict[int, float], colour: str) -> None:
    axes.plot(*_points(values), "_", color=colour, markersize=8, alpha=0.45, zorder=1)


def _room_below(axes: Axes, family: Family) -> None:
    """For the legend, below the lowest line."""
    losses = [model.loss for sweep in family.values() for model in sweep.values()]
    low, high = min(losses), max(losses)
    axes.set_ylim(low * float(np.sqrt(low / high)), 1.3 * high)


def _width_axis(axes: Axes, widths: list[int]) -> None:
    axes.set(xscale="log", xlabel="hidden dimensions $m$", xlim=(widths[0] / 1.15, widths[-1] * 1.15))
    axes.set_xticks(widths, [str(m) for m in widths])
    axes.xaxis.set_minor_locator(NullLocator())
    axes.spines[["top", "right"]].set_visible(False)
