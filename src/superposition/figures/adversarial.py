"""The figure of "Superposition and Adversarial Robustness": vulnerability beside features per dimension."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from superposition.exact.functions import log
from superposition.exact.sums import quantile
from superposition.figures.densities import sparsity_axis
from superposition.figures.grids import Canvas
from superposition.figures.style import (
    DENSITY,
    INK,
    MUTED,
    NOTE,
    OVER_DENSE,
    PER_DIMENSION,
    REMARK,
    VULNERABILITY,
    theme,
)
from superposition.readings.results import Tables
from superposition.readings.vulnerability import vulnerability
from superposition.theory.attacks import READ_OFF, read_off

# 1 / (1 - S) of the dotted lines in the paper's figure, and what it says there.
MARKED = {1.6: "start to use\nsuperposition", 3.4: "more than\nantipodal"}


def was_attacked(tables: Tables) -> bool:
    """Attacks were measured, and do what theory/attacks.py says to a linear model: all features are alike."""
    importance = tables.per_feature("importance", tables.instances["instance"].to_numpy())
    return bool(tables.instances["attacked_loss"].notna().all()) and bool((importance == importance[0, 0]).all())


def figures(tables: Tables) -> dict[str, Figure]:
    return {"adversarial_vulnerability": _panels(tables)}


def _panels(tables: Tables) -> Figure:
    measured = vulnerability(tables)
    compared = (tables.n_features, tables.n_hidden) == (400, 30)
    x, paper = np.array(list(READ_OFF)), np.array(list(READ_OFF.values()))
    with theme():
        canvas = Canvas(10.6, 4.35 + 0.18 * compared)
        left, middle, right = (canvas.axes(0.55 + k * 3.5, 0.55, 2.85, 2.6) for k in range(3))
        for seed, own in measured.groupby("seed"):
            first: dict[str, Any] = {"label": "trained" if seed == measured["seed"].min() else None}
            left.plot(own["x"], own["vulnerability"], color=VULNERABILITY, linewidth=1.4, alpha=0.8, **first)
            middle.plot(own["x"], own["features_per_dimension"], color=PER_DIMENSION, linewidth=1.4, alpha=0.8, **first)
            dense = "over dense model" if first["label"] else None
            left.plot(own["x"], own["over_dense"], color=OVER_DENSE, linewidth=1, linestyle=(0, (4, 2)), label=dense)
        spread = log(measured["x"]) / log(measured["x"].max())
        right.scatter(
            measured["features_per_dimension"],
            measured["vulnerability"],
            s=16,
            c=DENSITY(spread),
            linewidths=0,
            zorder=3,
        )
        if compared:
            circles: dict[str, Any] = {
                "fillstyle": "none",
                "color": INK,
                "markersize": 4,
                "linestyle": "",
                "marker": "o",
                "zorder": 4,
            }
            left.plot(x, paper[:, 0], label="paper", **circles)
            middle.plot(x, paper[:, 1], **circles)
            right.plot(paper[:, 1], paper[:, 0], **circles)
        for axes, name in ((left, "vulnerability to attacks"), (middle, "features per dimension")):
            sparsity_axis(axes, measured["x"].to_numpy())
            _marks(axes, measured["x"].to_numpy())
            axes.set_title(name, loc="left")
        right.set_title("one against the other", loc="left")
        right.set(xlabel=r"features per dimension  $\|W\|_F^2\,/\,m$", ylabel="vulnerability", xlim=(0.8, None))
        left.set_ylabel(r"$(L'-L)\;/\;(L'_0-L_0)$")
        middle.set_ylabel(r"$\|W\|_F^2\,/\,m$")
        for axes in (left, middle, right):
            axes.set_ylim(0, None)
            axes.spines[["top", "right"]].set_visible(False)
        left.legend(loc="upper left", bbox_to_anchor=(0.0, 0.84), handlelength=1.6)
        bar = "darker: sparser" if DENSITY(1.0)[0] < DENSITY(0.0)[0] else "lighter: sparser"
        right.annotate(bar, (0.97, 0.05), xycoords="axes fraction", ha="right", fontsize=NOTE, color=MUTED)
        notes = [
            r"$L'$: loss when each sample meets the worst of the attacks along the columns of $W^T W$, of a tenth of"
            " the mean input's norm;  $L$: loss without.",
            "Index 0, lines: the linear model without superposition at the same sparsity (theory);  dashed: the model"
            " at the lowest sparsity.  One line a seed.  Circles: read off the paper's figure.",
        ]
        if compared:
            off = quantile(measured["vulnerability"].to_numpy() / read_off(measured["x"].to_numpy()) - 1, 0.5)
            side = "below" if off < 0 else "above"
            said = f"The lines lie {abs(off):.0%} {side} the circles in the median."
            notes.append(f"{said} The paper does not say which model its index 0 is.")
        for line, note in enumerate(notes):
            canvas.text(0.55, 3.82 + 0.18 * line, note, fontsize=NOTE, color=MUTED)
        return canvas.figure


def _marks(axes: Axes, x: np.ndarray) -> None:
    """Where the paper says that something begins."""
    for place, said in MARKED.items():
        if x.min() < place < x.max():
            axes.axvline(place, color=MUTED, linewidth=0.8, linestyle=(0, (1, 2)), zorder=0)
            axes.annotate(
                said, (place, 1), xycoords=("data", "axes fraction"), xytext=(3, -2), textcoords="offset points",
                va="top", fontsize=REMARK, color=MUTED,
            )  # fmt: skip
