"""One active feature in a trained pentagon: what each read-out shows of the others, and how much is filtered away."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle
from matplotlib.ticker import PercentFormatter

from superposition.exact.functions import PI, arctan2, cos, log, sin
from superposition.exact.sums import dot, matmul
from superposition.figures.densities import LABEL, density_places
from superposition.figures.grids import Canvas
from superposition.figures.style import (
    BY_BIAS,
    BY_BOTH,
    BY_RELU,
    FAINT,
    INK,
    MUTED,
    NEGATIVE,
    NOTE,
    PAPER,
    POSITIVE,
    SILENT,
    SUBTITLE,
    theme,
)
from superposition.measures.thresholds import REPRESENTED_NORM
from superposition.readings.interference import STAGES, filtered, is_pentagon, read_outs, silent_below
from superposition.readings.kinds import is_important_alike, is_plain
from superposition.readings.results import Tables
from superposition.theory.uneven_density import N_FEATURES, pentagons
from superposition.verdicts import numbered

OWN = INK
SHARES = {"relu": BY_RELU, "bias": BY_BIAS, "both": BY_BOTH}
NAMES = {"linear": "linear read-out", "bias": "bias alone", "relu": "ReLU alone", "both": "bias and ReLU"}
DENSITY = 0.05  # of the pentagon that is drawn, or the nearest one


def fits(tables: Tables) -> bool:
    """Five features in the plane at several densities, of which at one, at least, the best model is a pentagon."""
    best = tables.best
    return (
        set(best["model"]) == {"relu_output"}
        and set(best["n_hidden"]) == {2}
        and tables.n_features == N_FEATURES
        and is_plain(tables)
        and is_important_alike(tables)
        and bool(best["sparsity"].notna().all())
        and len(best) == best["sparsity"].nunique() > 1
        and bool(_pentagons(tables, best).any())
    )


def figures(tables: Tables) -> dict[str, Figure]:
    return {"interference": _interference(tables)}


def _interference(tables: Tables) -> Figure:
    whole = tables.best[_pentagons(tables, tables.best)]
    drawn = whole.iloc[int(np.abs(log(whole["density"] / DENSITY)).argmin())]
    W, b = _upright(tables, int(drawn["instance"]))
    with theme():
        canvas = Canvas(10.6, 6.42)
        _pentagon(canvas.axes(0.25, 0.55, 2.65, 2.3), W)
        canvas.text(0.25, 0.1, "feature 1 alone is active, and has\nproducts with all others", fontsize=SUBTITLE)
        share = filtered(W, b, np.ones(N_FEATURES, dtype=bool))._asdict()
        extent = 1.12 * float(np.abs(np.stack(list(read_outs(W, b).values()))[:, :, 0]).max())
        for place, stage in enumerate(STAGES):
            axes = canvas.axes(3.55 + 1.78 * place, 0.72, 1.5, 1.95)
            _bars(axes, read_outs(W, b)[stage][:, 0], extent, labelled=place == 0)
            canvas.text(3.55 + 1.78 * place, 0.1, f"{NAMES[stage]}\n{_said(share.get(stage))}", fontsize=SUBTITLE)
        _strengths(canvas.axes(0.7, 3.55, 4.2, 1.95), W, b)
        canvas.text(
            0.7, 3.2, "outputs as feature 1 grows stronger: the filter costs its low strengths", fontsize=SUBTITLE
        )
        _shares(canvas.axes(5.9, 3.55, 4.45, 1.95), tables)
        canvas.text(5.9, 3.2, "share of squared interference that is taken away", fontsize=SUBTITLE)
        canvas.text(0.25, 6.02, _note(tables, drawn), fontsize=NOTE, color=MUTED, linespacing=1.35)
        return canvas.figure


def _pentagons(tables: Tables, rows: pd.DataFrame) -> np.ndarray:
    """Which of these instances are pentagons, as claims have it."""
    own = zip(rows["instance"].tolist(), rows["n_represented"].tolist(), strict=True)
    return np.array([is_pentagon(tables.weights_of(instance), represented) for instance, represented in own])


def _upright(tables: Tables, instance: int) -> tuple[np.ndarray, np.ndarray]:
    """W and b, features in the order of their angles from the first one, which points up.

    No direction of the hidden space is privileged, and which of equally important features comes first means nothing.
    """
    W, b = tables.weights_of(instance), tables.features_of(instance)["bias"].to_numpy()
    angle = arctan2(W[1], W[0])
    order = np.argsort((angle - angle[0]) % (2 * PI), kind="stable")
    turn = PI / 2 - angle[0]
    rotation = np.array([[cos(turn), -sin(turn)], [sin(turn), cos(turn)]])
    return matmul(rotation, W[:, order]), b[order]


def _pentagon(axes: Axes, W: np.ndarray) -> None:
    """The directions, and the active one's projections on the others."""
    tip = W[:, 0]
    axes.add_patch(Circle((0, 0), 1, facecolor="none", edgecolor=FAINT, linewidth=1, zorder=0))
    for number, other in enumerate(W.T[1:], start=2):
        product = float(dot(other, tip))
        colour = POSITIVE if product > 0 else NEGATIVE
        foot = other * product / float(dot(other, other))
        # A negative product falls on the far side of the origin.
        axes.plot([0, other[0]], [0, other[1]], color=FAINT, linewidth=2.2, solid_capstyle="round", zorder=1)
        axes.plot(*other, "o", markersize=6.5, color=MUTED, markeredgecolor=PAPER, zorder=3)
        axes.plot([tip[0], foot[0]], [tip[1], foot[1]], color=colour, linewidth=0.8, linestyle=(0, (2, 2)), zorder=2)
        axes.plot([0, foot[0]], [0, foot[1]], color=colour, linewidth=3, solid_capstyle="round", zorder=2)
        axes.annotate(
            f"{number}: {product:+.2f}".replace("-", "−"), (1.24 * other[0], 1.24 * other[1]), ha="center",
            va="center", fontsize=NOTE, color=colour,
        )  # fmt: skip
    axes.plot([0, tip[0]], [0, tip[1]], color=OWN, linewidth=3, solid_capstyle="round", zorder=4)
    axes.plot(*tip, "o", markersize=8, color=OWN, markeredgecolor=PAPER, zorder=5)
    axes.annotate(
        f"1: {float(dot(tip, tip)):+.2f}",
        (1.18 * tip[0], 1.18 * tip[1]),
        ha="center",
        va="center",
        fontsize=NOTE,
        color=OWN,
    )
    axes.set(xlim=(-1.85, 1.85), ylim=(-1.45, 1.55), aspect="equal", xticks=[], yticks=[])
    axes.spines[:].set_visible(False)


def _bars(axes: Axes, read: np.ndarray, extent: float, labelled: bool) -> None:
    shades = [OWN, *(POSITIVE if value > 0 else NEGATIVE for value in read[1:])]
    axes.bar(np.arange(1, len(read) + 1), read, width=0.72, color=shades, linewidth=0, zorder=2)
    axes.axhline(0, color=MUTED, linewidth=0.7, zorder=3)
    axes.axhline(1, color=FAINT, linewidth=0.8, zorder=0)
    axes.set(ylim=(-extent, extent), xticks=range(1, len(read) + 1), yticks=[-1, 0, 1])
    axes.set_xlabel("feature")
    if labelled:
        axes.set_ylabel("read-out", labelpad=1)
    else:
        axes.set_yticklabels([])
    axes.spines[["top", "right", "bottom"]].set_visible(False)
    axes.tick_params(length=2.5, pad=2)
    axes.tick_params(axis="x", length=0)


def _said(share: float | None) -> str:
    if share is None:
        return "interference with all"
    return f"takes away {share:.0%}" if share >= 0 else f"adds {-share:.0%}"


def _strengths(axes: Axes, W: np.ndarray, b: np.ndarray) -> None:
    """Outputs over the strength of feature 1, with what a linear read-out would show."""
    x = np.linspace(0, 1, 401)
    products = matmul(W[:, 0], W)
    silent = float(silent_below(W, b)[0])
    axes.axvspan(0, silent, facecolor=SILENT, linewidth=0, zorder=0)
    axes.annotate("silent", (silent / 2, 1.0), ha="center", va="bottom", fontsize=NOTE, color=MUTED)
    axes.plot([0, 1], [0, 1], color=FAINT, linewidth=1.2, zorder=1)
    axes.annotate(
        "perfect", (0.6, 0.6), xytext=(-3, 4), textcoords="offset points", ha="right", fontsize=NOTE, color=MUTED
    )
    neighbour = 1
    for feature, colour in ((0, OWN), (neighbour, POSITIVE)):
        output = np.maximum(products[feature] * x + b[feature], 0)
        axes.plot(x, output, color=colour, linewidth=2, zorder=3)
        if feature:
            axes.plot(x, products[feature] * x, color=colour, linewidth=1, linestyle=(0, (2, 2)), zorder=2)
    ends = {
        "feature 1": (products[0] + b[0], OWN),
        "its neighbours,\nlinear read-out": (products[neighbour], POSITIVE),
        "with bias and ReLU": (max(products[neighbour] + b[neighbour], 0), POSITIVE),
        "the others": (0.0, NEGATIVE),
    }
    axes.plot(x, np.zeros_like(x), color=NEGATIVE, linewidth=2, zorder=2)
    for name, (end, colour) in ends.items():
        drop = -6 if name == "the others" else 0
        axes.annotate(
            name, (1, end), xytext=(4, drop), textcoords="offset points", va="center", fontsize=NOTE, color=colour,
            annotation_clip=False, linespacing=1.1,
        )  # fmt: skip
    axes.set(xlim=(0, 1.42), ylim=(-0.04, 1.15), xlabel="strength of feature 1", ylabel="output")
    axes.set_xticks([0, 0.5, 1])
    axes.set_yticks([0, 0.5, 1])
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines["bottom"].set_bounds(0, 1)


def _shares(axes: Axes, tables: Tables) -> None:
    """Of all models over density: lines through the best ones, dots for the others, dashes for the best pentagon."""
    densities = sorted(tables.best["density"].unique(), reverse=True)
    rows = tables.instances
    shares = {
        int(instance): filtered(
            tables.weights_of(int(instance)),
            tables.features_of(int(instance))["bias"].to_numpy(),
            tables.features_of(int(instance))["norm"].to_numpy() > REPRESENTED_NORM,
        )._asdict()
        for instance in rows["instance"]
    }
    place = rows["density"].map(densities.index).to_numpy()
    aside = (np.arange(len(rows)) * 0.618034 % 1 - 0.5) * 0.2
    best = tables.best.sort_values("sparsity", kind="stable")
    at = np.arange(len(densities))
    axes.axhline(0, color=MUTED, linewidth=0.7, zorder=1)
    labels = {"both": "bias and ReLU", "relu": "ReLU alone", "bias": "bias alone"}
    for stage, colour in SHARES.items():
        values = np.array([shares[int(instance)][stage] for instance in rows["instance"]])
        axes.plot(place + aside, values, ".", markersize=3.5, alpha=0.4, color=colour, markeredgewidth=0, zorder=2)
        line = [shares[int(instance)][stage] for instance in best["instance"]]
        axes.plot(at, line, "o-", color=colour, markersize=4.5, linewidth=1.6, zorder=4, markeredgecolor=PAPER,
                  markeredgewidth=0.6)  # fmt: skip
        axes.annotate(
            labels[stage], (at[-1], line[-1]), xytext=(11, {"both": 4, "relu": -3}.get(stage, 0)),
            textcoords="offset points", va="center", fontsize=NOTE, color=colour, annotation_clip=False,
        )  # fmt: skip
    kept = _pentagons(tables, best)
    theory = [
        filtered(found.W, found.b, np.ones(N_FEATURES, dtype=bool))._asdict()
        for s in best["density"].to_numpy()[kept]
        for found in pentagons(float(s), np.array([s]))
    ]
    for stage in SHARES:
        axes.plot(
            at[kept], [one[stage] for one in theory], "_", color=INK, markersize=15, markeredgewidth=0.9, zorder=5
        )
    if kept.any() and not kept.all():
        edge = float(at[kept].min()) - 0.5
        axes.axvline(edge, color=MUTED, linewidth=0.7, linestyle=(0, (1, 2)), zorder=0)
        for side, name in ((-1, "other shapes"), (1, "pentagons")):
            axes.annotate(
                name, (edge, 0.3), xytext=(5 * side, 0), textcoords="offset points", fontsize=NOTE, color=MUTED,
                ha="left" if side > 0 else "right",
            )  # fmt: skip
    density_places(axes, densities)
    axes.set(xlabel=LABEL, xlim=(-0.4, len(at) + 0.75), ylim=(-0.5, 1.1), yticks=[-0.5, 0, 0.5, 1])
    axes.yaxis.set_major_formatter(PercentFormatter(1, symbol=" %"))
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines["bottom"].set_bounds(-0.4, len(at) - 0.6)


def _note(tables: Tables, drawn: pd.Series) -> str:
    point = tables.at(int(drawn["point"]))
    agreeing = np.count_nonzero(_pentagons(tables, point))
    return (
        f"Drawn: the best of {numbered(len(point), 'seeds')} at density {float(drawn['density']):.2g}, of "
        f"which {agreeing} "
        "form pentagons, turned so that feature 1 points up; the circle has radius 1. Read-outs are of feature 1\nat "
        "full strength. Right: lines through the seeds with the lowest loss, small dots for the others; short bars are "
        "what the pentagon with the least expected loss does (theory)."
    )
