"""How many almost orthogonal directions there are: drawn, chosen and trained ones, beside theory and bounds."""

from typing import Any, SupportsFloat

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from superposition.exact.functions import exp, geometric_space
from superposition.figures.grids import Canvas
from superposition.figures.style import DRAWN, FAINT, GREEDY, GROWN, INK, MUTED, NOTE, OF_MODELS, PAPER, REMARK, theme
from superposition.readings.growth import CHANCE, LIMIT, STRAIGHT_FROM, drawn, growth, medians, straight
from superposition.readings.results import Tables
from superposition.theory.packings import (
    gilbert_varshamov,
    johnson_lindenstrauss,
    largest_cosine,
    least_cosine,
    levenshtein,
    random_directions,
    random_rate,
    welch,
)
from superposition.verdicts import numbered

DASHED, DOTTED = (0, (4, 2)), (0, (1, 2))
KINDS = {"random", "greedy", "grown", "optimised", "trained"}


def fits(tables: Tables) -> bool:
    """All kinds of directions at one limit, several dimensions, and models of several widths."""
    if "packings" not in tables.extra:
        return False
    found = tables.extra["packings"]
    if not set(found["kind"]) >= KINDS:
        return False
    by_kind = _by_kind(found)
    several = all(own["dimensions"].nunique() > 1 for own in by_kind.values())
    trained = found[(found["kind"] == "trained") & (found["count"] >= CHANCE)]
    return several and straight(by_kind["random"]) is not None and trained["dimensions"].nunique() > 1


def figures(tables: Tables) -> dict[str, Figure]:
    return {"packings": _packings(tables)}


def _packings(tables: Tables) -> Figure:
    found = tables.extra["packings"]
    limit = _limit(found)
    by_kind = _by_kind(found)
    with theme():
        canvas = Canvas(10.4, 8.35)
        random, chosen, spread, trained = (
            canvas.axes(0.75 + 5.15 * column, 0.4 + 3.85 * row, 4.1, 2.85) for row in range(2) for column in range(2)
        )
        _drawn(random, by_kind["random"], limit)
        _chosen(chosen, by_kind, limit)
        _spread(spread, found[(found["kind"] == "optimised") & (found["instance"] < 0)])
        _trained(trained, found, tables.n_features)
        for axes in (random, chosen, spread, trained):
            axes.spines[["top", "right"]].set_visible(False)
        canvas.text(0.75, 7.72, _note(found, by_kind, tables), fontsize=NOTE, color=MUTED, linespacing=1.35)
        return canvas.figure


def _drawn(axes: Axes, random: pd.DataFrame, limit: float) -> None:
    """Random directions over the whole range of m."""
    median, fit = medians(random), straight(random)
    assert fit, "`fits` asks for a line"
    last = int(median.index.max())
    at = range(3, last + 1)
    ceiling = 1e4 * float(median.max())
    axes.plot(at, [levenshtein(m, limit, True) for m in at], color=INK, linewidth=1.2)
    axes.plot(at, [gilbert_varshamov(m, limit) for m in at], color=MUTED, linewidth=1.2)
    axes.plot(at, [johnson_lindenstrauss(m, limit) for m in at], color=MUTED, linewidth=1.2, linestyle=DASHED)
    axes.plot(at, [random_directions(m, limit) for m in at], color=DRAWN, linewidth=1.2)
    ends = np.array([STRAIGHT_FROM, last])
    axes.plot(ends, exp(fit.start + fit.rate * ends), color=INK, linewidth=1, linestyle=DOTTED, zorder=4)
    axes.plot(random["dimensions"], random["count"], ".", color=DRAWN, markersize=3, alpha=0.3, markeredgewidth=0)
    axes.plot(median.index, median, "o", color=DRAWN, markersize=4.5, markeredgecolor=PAPER, markeredgewidth=0.6)
    axes.set(yscale="log", ylim=(0.8, ceiling), xlim=(0, last * 1.02), xlabel="dimensions $m$", ylabel="directions $N$")
    axes.set_title(rf"random directions until two have $|\cos| \geq {limit:g}$", loc="left")
    beyond = next((m for m in at if levenshtein(m, limit, True) > ceiling / 3), last)
    _say(axes, beyond + 0.03 * last, ceiling / 2, "impossible above\n(Levenshtein)", INK, va="top")
    at_line = int(0.6 * last)
    exist = "always exist:\n$1 / P(|\\cos| \\geq \\epsilon)$"
    _say(axes, at_line, gilbert_varshamov(at_line, limit), exist, MUTED, ha="right", va="bottom", shift=(-6, 2))
    lemma = "Johnson–Lindenstrauss,\n$e^{m \\epsilon^2 / 4}$"
    _say(axes, at_line, johnson_lindenstrauss(at_line, limit), lemma, MUTED, va="top", shift=(6, -6))
    rates = (
        f"dots: drawn; fit (dotted) $e^{{{fit.rate:.4f}\\,m}}$,\nlimit of theory $e^{{{random_rate(limit):.4f}\\,m}}$"
    )
    _say(axes, 1.02 * last, 1, rates, DRAWN, ha="right", va="bottom", shift=(0, 3))


def _chosen(axes: Axes, by_kind: dict[str, pd.DataFrame], limit: float) -> None:
    """What choosing gains, for the dimensions in which it was done."""
    counts = {kind: medians(rows) for kind, rows in by_kind.items()}
    last = int(max(counts["greedy"].index.max(), counts["grown"].index.max()))
    at = range(3, last + 1)
    axes.plot(at, [levenshtein(m, limit, True) for m in at], color=INK, linewidth=1.2)
    axes.plot(at, [gilbert_varshamov(m, limit) for m in at], color=MUTED, linewidth=1.2)
    axes.plot(at, [random_directions(m, limit) for m in at], color=DRAWN, linewidth=1.2, alpha=0.6)
    shades = {"random": DRAWN, "greedy": GREEDY, "grown": GROWN}
    for kind, own in counts.items():
        own = own[own.index <= last]
        axes.plot(own.index, own, "o", color=shades[kind], markersize=4.5, markeredgecolor=PAPER, markeredgewidth=0.6)
    axes.set(yscale="log", ylim=(0.8, 30 * float(counts["greedy"].max())), xlim=(0, 1.02 * last))
    axes.set(xlabel="dimensions $m$", ylabel="directions $N$")
    axes.set_title(rf"as many as possible with $|\cos| < {limit:g}$", loc="left")
    grown, greedy = counts["grown"], counts["greedy"]
    _say(
        axes,
        grown.index.max(),
        grown.iloc[-1],
        f"pushed apart,\n$e^{{{growth(grown).rate:.2f}\\,m}}$",
        GROWN,
        shift=(7, 0),
    )
    kept = f"kept of many random ones,\n$e^{{{growth(greedy).rate:.3f}\\,m}}$"
    middle = greedy.index[-2]
    _say(axes, middle, greedy[middle], kept, GREEDY, ha="right", va="bottom", shift=(-6, 6))
    _say(axes, 0.7 * last, gilbert_varshamov(int(0.7 * last), limit), "always exist", MUTED, va="top", shift=(6, -2))
    _say(axes, 0.7 * last, random_directions(int(0.7 * last), limit), "drawn", DRAWN, va="top", shift=(6, -6))
    ceiling = axes.get_ylim()[1]
    beyond = next((m for m in at if levenshtein(m, limit, True) > ceiling / 3), last)
    _say(axes, beyond + 0.04 * last, ceiling / 2, "impossible above", INK, va="top")


def _spread(axes: Axes, optimised: pd.DataFrame) -> None:
    """Given numbers of directions in few dimensions, and what bounds them."""
    m = int(optimised["dimensions"].iloc[0])
    counts = np.arange(m, optimised["count"].max() + 1)
    lines = [max(welch(int(n), m), least_cosine(2 * int(n), m)) for n in counts]
    points = [least_cosine(int(n), m) for n in counts]
    for two_sided, bound, shade, name in ((True, lines, GROWN, r"$|\cos|$"), (False, points, GREEDY, r"$\cos$")):
        own = optimised[optimised["two_sided"] == two_sided].sort_values("count", kind="stable")
        axes.plot(counts, bound, color=shade, linewidth=1.2, zorder=1)
        axes.plot(own["count"], own["cosine"], "o", color=shade, markersize=4.5, markeredgecolor=PAPER,
                  markeredgewidth=0.6, zorder=3)  # fmt: skip
        last = own.iloc[-1]
        _say(axes, last["count"], last["cosine"], f"largest {name}", shade, ha="right", va="bottom", shift=(4, 7))
    axes.axhline(0, color=FAINT, linewidth=0.8, zorder=0)
    named = {(True, m): f"{m} orthogonal", (True, m + 1): "simplex", (False, 2 * m): f"{2 * m}: $\\pm$ orthogonal",
             (False, m + 1): f"{m + 1}: simplex"}  # fmt: skip
    if m == 6:
        named[True, 16] = "16 equiangular lines"
    places = {(True, m + 1): (9, -3), (True, m): (8, 6), (False, 2 * m): (2, -11), (False, m + 1): (8, -4)}
    cosines = {(bool(row["two_sided"]), int(row["count"])): float(row["cosine"]) for _, row in optimised.iterrows()}
    for key, name in named.items():
        if key in cosines:
            _say(axes, key[1], cosines[key], name, MUTED, va="top" if key == (True, 16) else "center",
                 shift=places.get(key, (4, -5)), fontsize=REMARK)  # fmt: skip
    axes.set(xlabel="directions $N$", ylabel="largest cosine", xlim=(m - 1, counts[-1] + 1))
    axes.set(ylim=(None, optimised["cosine"].max() + 0.1))
    axes.set_title(f"spread out in {m} dimensions; lines: impossible below", loc="left")


def _trained(axes: Axes, found: pd.DataFrame, n_features: int) -> None:
    """Models of several widths beside chance, an optimiser and the bound, for as many directions."""
    models = found[(found["kind"] == "trained") & (found["count"] >= CHANCE)]
    optimised = found[(found["kind"] == "optimised") & (found["instance"] >= 0)]
    widths = sorted(models["dimensions"].unique().tolist())
    at = np.unique(np.round(geometric_space(float(widths[0]), float(widths[-1]), 40), 2)).astype(int)
    at = np.unique(at[at >= 3])
    axes.plot(at, [largest_cosine(n_features, int(m)) for m in at], color=DRAWN, linewidth=1.2)
    axes.plot(at, [least_cosine(n_features, int(m)) for m in at], color=INK, linewidth=1.2)
    axes.plot(
        models["dimensions"], models["cosine"], "o", color=OF_MODELS, markersize=4.5, alpha=0.8, markeredgewidth=0
    )
    axes.plot(optimised["dimensions"], optimised["cosine"], "o", color=GROWN, markersize=9, fillstyle="none")
    axes.set(xscale="log", xlabel="dimensions $m$", ylabel="largest cosine", ylim=(-0.03, 1.0))
    axes.set_xticks(widths, [f"{m}" for m in widths])
    axes.minorticks_off()
    axes.set_title(f"{n_features} directions, largest cosine of two", loc="left")
    middle = widths[len(widths) // 2]
    _say(
        axes,
        middle,
        largest_cosine(n_features, middle),
        "random directions (theory)",
        DRAWN,
        va="bottom",
        shift=(8, 4),
    )
    own = models[models["dimensions"] == middle]["cosine"]
    _say(
        axes,
        middle,
        own.max(),
        "features of trained models (dots),\noptimised (circles)",
        OF_MODELS,
        va="bottom",
        shift=(8, 8),
    )
    _say(axes, middle, least_cosine(n_features, middle), "impossible below", INK, ha="right", va="top", shift=(-8, -2))


def _note(found: pd.DataFrame, by_kind: dict[str, pd.DataFrame], tables: Tables) -> str:
    trials = by_kind["random"].groupby("dimensions").size()
    models = found[found["kind"] == "trained"]
    seeds = int(models.groupby("dimensions").size().min())
    all_of_them = int(np.count_nonzero(models["count"] == tables.n_features))
    fewest = int(models["count"].min())
    return (
        f"Top: large dots are medians of {trials.max()} trials ({trials.min()} where N is largest), small ones trials; "
        "the line through them is theory, from the exact tail of a random cosine.\nImpossible: by the bounds of "
        "Levenshtein, "
        "whose limit is Kabatiansky & Levenshtein's rate, and of Welch. |cos| is that of lines; a ReLU lets negative "
        f"cosines go.\nBottom right: {numbered(seeds, 'seeds')} for each width; of {len(models)} models "
        f"{all_of_them} represent all "
        f"{tables.n_features} features, the others {fewest} or more."
    )


def _by_kind(found: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """At the limit that is drawn, directions of no model."""
    own = found[np.isclose(found["limit"], _limit(found)) & (found["instance"] < 0)]
    return {"random": drawn(own)} | {kind: own[own["kind"] == kind] for kind in ("greedy", "grown")}


def _limit(found: pd.DataFrame) -> float:
    """The one that is judged, or else the largest of those for which directions were drawn, kept and grown."""
    limits = found[found["instance"] < 0]["limit"].dropna()
    return LIMIT if np.isclose(limits, LIMIT).any() else float(limits.max())


def _say(
    axes: Axes,
    x: SupportsFloat,
    y: SupportsFloat,
    text: str,
    colour: str,
    shift: tuple[int, int] = (0, 0),
    **style: Any,
) -> None:
    """Text at a point of the data, `shift` points (1/72 inch) away from it."""
    options: dict[str, Any] = {"ha": "left", "va": "center", "fontsize": NOTE} | style
    place = (float(x), float(y))
    axes.annotate(text, place, xytext=shift, textcoords="offset points", color=colour, **options)
