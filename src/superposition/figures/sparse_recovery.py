"""How many active features come back from how many dimensions, by decoder and projection; and what read-outs lose."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patheffects import Normal, Stroke
from matplotlib.ticker import FuncFormatter, NullLocator

from superposition.exact.sums import interpolate, mean
from superposition.figures import panels
from superposition.figures.grids import Canvas
from superposition.figures.style import (
    GAUSSIAN,
    HEADLINE,
    INK,
    LASSO,
    MUTED,
    NOTE,
    PAPER,
    READ_OUT,
    REMARK,
    SHARE,
    SMALL,
    SPREAD_OUT,
    TEXT,
    THEORY,
    TRANSITION,
    theme,
)
from superposition.readings.results import Tables
from superposition.readings.transitions import Sweep, others, pooled, trained, transitions
from superposition.theory.compressed_sensing import no_pair_active, only_non_negative, order, smallest_sum
from superposition.theory.losses import ignored
from superposition.verdicts import numbered

ROWS = {"trained": "trained W", "gaussian": "Gaussian W", "optimised": "columns of W\nmoved apart"}
DECODERS = {
    "relu_readout": "ReLU read-out",
    "nnls": "non-negative least squares",
    "lasso": "lasso: smallest sum",
    "omp": "matching pursuit",
    "pseudo_inverse": "pseudo-inverse",
}
DASHED, DOTTED = (0, (3, 1.5)), (0, (1, 1))
HALO = [Stroke(linewidth=2.8, foreground=PAPER), Normal()]
LEAST = 1e-6  # losses below it are not drawn


def fits(tables: Tables) -> bool:
    """Recovery was measured, at several widths and numbers of active features."""
    if "recovery" not in tables.extra:
        return False
    recovery = tables.extra["recovery"]
    return recovery["n_hidden"].nunique() > 2 and recovery["active"].nunique() > 2 and len(tables.best) > 2


def figures(tables: Tables) -> dict[str, Figure]:
    return {"recovery": _recovery(tables), "read_out": _read_out(tables)}


def _recovery(tables: Tables) -> Figure:
    """A map of the shares of recovered samples for each decoder, of each kind of projection."""
    recovery, n = tables.extra["recovery"], tables.n_features
    width, height, gap = 1.72, 1.95, 0.2
    left, top = 1.6, 1.32
    with theme():
        canvas = Canvas(left + 5 * (width + gap), top + 3 * (height + gap) + 1.25)
        canvas.text(0.2, 0.12, f"Active ones of {n} features that are recovered from m dimensions", fontsize=HEADLINE)
        for row, (kind, name) in enumerate(ROWS.items()):
            every = trained(recovery, tables) if kind == "trained" else others(recovery, kind)
            above = top + row * (height + gap)
            canvas.text(0.2, above + height / 2, name, va="center", fontsize=TEXT, linespacing=1.3)
            for column, decoder in enumerate(DECODERS):
                axes = canvas.axes(left + column * (width + gap), above, width, height)
                shares = pooled(every).shares(decoder)
                _map(axes, shares, n, decoder, kind)
                if row == 0:
                    axes.set_title(DECODERS[decoder], loc="left", fontsize=TEXT)
                if row < len(ROWS) - 1:
                    axes.set_xticklabels([])
                else:
                    axes.set_xlabel("active features k", labelpad=2)
                if column == 0:
                    axes.set_ylabel("dimensions m", labelpad=2)
                else:
                    axes.set_yticklabels([])
        bar = canvas.axes(left, 0.68, 1.5, 0.11)
        panels.colour_bar(bar, SHARE, [(0.0, "0"), (0.5, "½"), (1.0, "1")], "share of samples recovered")
        _lines_key(canvas, left + 1.25 * (width + gap), 0.55)
        counts = len(trained(recovery, tables)), len(others(recovery, "gaussian"))
        note = (
            "Recovered: the error is no more than a small part of the length of x. "
            f"{numbered(counts[0], 'seeds')}, or {counts[1]} matrices, of each width together. ReLU read-out: "
            "the model's\n"
            "own; of other projections ReLU(a (W$^T$h − c)), with the two numbers that suit data like that of training "
            "best. Lasso: of all x ≥ 0 that explain h the one with the smallest sum; non-negative least\n"
            f"squares end at the one that their search meets. At m = {n} nothing is lost. Where trained features form "
            f"antipodal pairs, as they do at m = {n // 2}, only their differences come through."
        )
        canvas.text(0.2, top + 3 * (height + gap) + 0.45, note, fontsize=NOTE, color=MUTED, linespacing=1.4)
        return canvas.figure


def _map(axes: Axes, shares: pd.DataFrame, n: int, decoder: str, kind: str) -> None:
    """Cells of equal size; curves are interpolated between their centres."""
    widths, active = shares.index.to_numpy(float), shares.columns.to_numpy(float)
    rows, columns = np.arange(len(widths) + 1), np.arange(len(active) + 1)
    values = shares.to_numpy()
    panels.mosaic(axes, columns, rows, SHARE(values), values > 0)

    def place(m: np.ndarray) -> np.ndarray:
        return interpolate(m, widths, np.arange(len(widths)) + 0.5, left=np.nan, right=np.nan)

    centres = np.arange(len(active)) + 0.5
    found = transitions(shares)
    if len(found) > 1:
        at = place(found.reindex(active).to_numpy())
        axes.plot(centres, at, "-", color=TRANSITION, linewidth=1.8, zorder=4)
    if decoder == "lasso":
        curve = place(np.array([smallest_sum(k, n) for k in active]))
        axes.plot(centres, curve, color=THEORY, linewidth=1.4, linestyle=DASHED, path_effects=HALO, zorder=5)
    if decoder == "nnls":
        curve = place(only_non_negative(active, n))
        axes.plot(centres, curve, color=THEORY, linewidth=1.4, linestyle=DOTTED, path_effects=HALO, zorder=5)
    axes.plot(centres, place(active + 1), color=MUTED, linewidth=0.9, zorder=3)
    axes.set(xlim=(0, len(active)), ylim=(0, len(widths)))
    axes.set_xticks(centres, [f"{k:g}" for k in active], fontsize=SMALL)
    shown = _spaced(len(widths))
    axes.set_yticks([row + 0.5 for row in shown], [f"{widths[row]:g}" for row in shown], fontsize=SMALL)
    axes.tick_params(length=2, pad=2)
    for spine in axes.spines.values():
        spine.set(visible=True, color=MUTED, linewidth=0.6)


def _spaced(count: int) -> list[int]:
    """Rows whose numbers have room, the last among them."""
    step = 1 + count // 15
    return list(range(count - 1, -1, -step))[::-1]


def _lines_key(canvas: Canvas, left: float, top: float) -> None:
    entries = [
        (TRANSITION, "-", 1.8, "a half is recovered"),
        (THEORY, DASHED, 1.4, "Donoho & Tanner: x has the smallest sum"),
        (THEORY, DOTTED, 1.4, "(n + k) / 2: only one x ≥ 0 explains h"),
        (MUTED, "-", 0.9, "k + 1: in fewer, other x are as sparse"),
    ]
    for number, (colour, style, width, label) in enumerate(entries):
        x, y = left + 3.1 * (number % 2), top + 0.2 * (number // 2)
        sample = canvas.axes(x, y, 0.28, 0.12)
        sample.plot([0, 1], [0.5, 0.5], color=colour, linestyle=style, linewidth=width)
        sample.set(xlim=(0, 1), ylim=(0, 1))
        sample.set_axis_off()
        canvas.text(x + 0.36, y + 0.06, label, va="center", fontsize=NOTE)


def _read_out(tables: Tables) -> Figure:
    recovery, n = tables.extra["recovery"], tables.n_features
    seeds = trained(recovery, tables)
    random, apart = (pooled(others(recovery, kind)) for kind in ("gaussian", "optimised"))
    density = float(mean(tables.features["density"]))
    with theme():
        canvas = Canvas(12.3, 4.7)
        losses, pairs, course = (canvas.axes(x, 0.55, w, 2.75) for x, w in ((0.75, 3.35), (5.0, 2.85), (8.75, 2.85)))
        _losses(losses, seeds, apart, density)
        _at_half(pairs, pooled(seeds), random, n)
        _course(course, pooled(seeds), random, apart, n)
        for axes in (losses, pairs, course):
            axes.spines[["top", "right"]].set_visible(False)
        note = (
            f"Left: data like that of training, density {density:g}; large dots: of "
            f"{numbered(len(seeds), 'seeds')} the one with "
            "the lowest loss, small ones: others. Lines end where nothing is lost. The lasso gets the same h.\n"
            "Middle: samples with k active features, all seeds together. Crosses: the share in which no antipodal pair "
            "has both of its features active, which is all that pairs tell,\nbut for samples where one of the two is "
            "small. Right: dimensions from which on the lasso recovers half of all samples, all seeds or matrices "
            "together.\nDashes: Donoho & Tanner (2005), the transition for many features. Grey: 1 to 1."
        )
        canvas.text(0.75, 3.85, note, fontsize=NOTE, color=MUTED, linespacing=1.4)
        return canvas.figure


def _losses(axes: Axes, seeds: Sequence[Sweep], apart: Sweep, density: float) -> None:
    nothing = float(ignored(np.array([density]), np.ones(1))[0])
    axes.axhline(nothing, color=MUTED, linewidth=0.8, linestyle=(0, (1, 2)))
    drawn = (
        (seeds[0], "relu_readout", READ_OUT, "the model's read-out", "o-"),
        (seeds[0], "lasso", LASSO, "lasso, from the model's h", "o-"),
        (apart, "relu_readout", SPREAD_OUT, "ReLU read-out, W moved apart", "s--"),
        (apart, "lasso", SPREAD_OUT, "lasso, W moved apart", "^:"),
    )
    for sweep, decoder, colour, name, style in drawn:
        own = _down_to_nothing(sweep.losses(decoder))
        axes.plot(own.index, own, style, color=colour, markersize=4, linewidth=1.4, label=name)
    for sweep in seeds[1:]:
        for decoder, colour in (("relu_readout", READ_OUT), ("lasso", LASSO)):
            own = sweep.losses(decoder)
            own = own[own > LEAST]
            axes.plot(own.index, own, ".", color=colour, markersize=4, alpha=0.5, markeredgewidth=0)
    axes.annotate("always 0", (0.99, nothing), xycoords=("axes fraction", "data"), xytext=(0, 2),
                  textcoords="offset points", ha="right", fontsize=REMARK, color=MUTED)  # fmt: skip
    # room for the legend above
    axes.set(yscale="log", ylim=(LEAST, 40 * nothing), yticks=[1e-6, 1e-5, 1e-4, 1e-3, 1e-2], xlabel="dimensions m")
    axes.yaxis.set_minor_locator(NullLocator())
    axes.legend(loc="upper right", fontsize=REMARK, handlelength=2.2)
    axes.set_title("mean squared error", loc="left")


def _down_to_nothing(losses: pd.Series) -> pd.Series:
    """Up to the first width without a loss, which is drawn on the axis."""
    none = np.flatnonzero(losses.to_numpy() <= LEAST)
    return losses.iloc[: none[0] + 1 if len(none) else None].clip(lower=LEAST)


def _at_half(axes: Axes, own: Sweep, random: Sweep, n: int) -> None:
    """Shares at the width at which all features fit into pairs, or the one that is nearest to it."""
    width = min(own.widths, key=lambda m: abs(2 * m - n))
    curves = (
        (random, "lasso", GAUSSIAN, "Gaussian W, lasso", "s-", 4),
        (own, "lasso", LASSO, "trained W, lasso", "o-", 7),
        (own, "relu_readout", READ_OUT, "trained W, own read-out", "o-", 3.5),
    )
    for sweep, decoder, colour, name, style, size in curves:
        shares = sweep.shares(decoder).loc[width]
        axes.plot(shares.index, shares, style, color=colour, markersize=size, linewidth=1.4, label=name)
    if 2 * width == n:
        k = own.shares("lasso").columns.to_numpy()
        bound = [no_pair_active(int(active), width, n) for active in k]
        axes.plot(k, bound, "x", color=INK, markersize=6, markeredgewidth=1.1, zorder=5, label="no pair is active")
    axes.set(ylim=(0, 1.04), xlabel="active features k")
    axes.legend(loc="lower left", fontsize=REMARK)
    axes.set_title(f"share recovered from m = {width} dimensions", loc="left")


def _course(axes: Axes, own: Sweep, random: Sweep, apart: Sweep, n: int) -> None:
    last = 0.0
    for sweep, colour, name, style in (
        (random, GAUSSIAN, "Gaussian W", "s"),
        (apart, SPREAD_OUT, "W moved apart", "s"),
        (own, LASSO, "trained W", "o"),
    ):
        found = transitions(sweep.shares("lasso"))
        x = order(found.index.to_numpy(float), n)
        axes.plot(x, found, style, color=colour, markersize=5, label=name)
        last = max(last, *x, *found) if len(found) else last
    k = np.linspace(0.5, float(random.rows["active"].max()), 60)
    curve = [smallest_sum(float(one), n) for one in k.tolist()]
    axes.plot(order(k, n), curve, color=THEORY, linewidth=1.2,
              linestyle=(0, (3, 1.5)), zorder=1)  # fmt: skip
    axes.plot([0, 40], [0, 40], color=MUTED, linewidth=0.8, zorder=0)
    axes.set(xlim=(0, 1.08 * float(order(k, n).max())), ylim=(0, 1.08 * max(last, *curve)))
    axes.set(xlabel="k log(n / k)", ylabel="")
    axes.xaxis.set_major_formatter(FuncFormatter(lambda tick, _: f"{tick:g}"))
    axes.legend(loc="upper left", fontsize=REMARK)
    axes.set_title("dimensions m of the lasso's transition", loc="left")
