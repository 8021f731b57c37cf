"""What superposition gains and what it costs: features for each dimension, where the balance tips, and the losses."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from superposition.figures.densities import LABEL, density_axis
from superposition.figures.grids import Canvas
from superposition.figures.style import (
    COST,
    FAINT,
    GAIN,
    IMPORTANCE_CURVES,
    INK,
    MUTED,
    NAME,
    NOTE,
    PAPER,
    SUBTITLE,
    theme,
)
from superposition.readings.kinds import is_plain
from superposition.readings.results import Tables
from superposition.readings.solutions import importance_ratios
from superposition.readings.split_losses import RATIO_DIGITS, split_losses
from superposition.theory.tipping import gained, paid, tipping_density, tipping_density_of_minima
from superposition.verdicts import numbered

LINEAR, RELU = "linear", "relu_output"
ROOM = (1.08, 1.12)  # of the axes of density


def fits(tables: Tables) -> bool:
    """Linear and ReLU models at the same densities, and at least one and at most three geometric importance curves."""
    best = tables.best
    curves = best["importance_curve"].unique()
    return (
        "ablations" in tables.extra
        and set(best["model"]) == {LINEAR, RELU}
        and bool(best["sparsity"].notna().all())
        and best["sparsity"].nunique() > 2
        and 1 <= len(curves) <= len(IMPORTANCE_CURVES)
        and bool((_ratios(tables) <= 1).all())
        and is_plain(tables)
        and len(best) == 2 * len(curves) * best["sparsity"].nunique()
        and tables.n_features > tables.n_hidden
    )


def figures(tables: Tables) -> dict[str, Figure]:
    return {"balance": _balance(tables)}


def _balance(tables: Tables) -> Figure:
    ratios = sorted(set(_ratios(tables).tolist()), reverse=True)
    rows = _rows(tables)
    with theme():
        canvas = Canvas(10.5, 7.15)
        counts = canvas.axes(0.65, 0.4, 3.85, 2.3)
        pair = canvas.axes(6.05, 0.4, 4.15, 2.3)
        _features(counts, rows, ratios, tables.n_hidden)
        _pair(pair, ratios[len(ratios) // 2])
        width, gap = 2.9, 0.375
        for number, ratio in enumerate(ratios):
            axes = canvas.axes(0.65 + number * (width + gap), 3.85, width, 2.0)
            _losses(axes, rows[rows["ratio"] == ratio], IMPORTANCE_CURVES[number], ratio)
            if number == 0:
                axes.set_ylabel("share of the linear loss")
        canvas.text(
            0.65, 3.3, "What the loss of the ReLU models is made of, over the best linear model's", fontsize=SUBTITLE
        )
        canvas.key(
            0.65, 6.4, [(FAINT, "features that are not represented"), (COST, "those that are: interference"),
            (PAPER, "gained by superposition")],
        )  # fmt: skip
        canvas.text(0.65, 6.68, _note(rows), fontsize=NOTE, color=MUTED, linespacing=1.35)
        return canvas.figure


def _rows(tables: Tables) -> pd.DataFrame:
    """One row per instance: its split loss, on data as in training, with `ratio` and `density`."""
    rows = split_losses(tables)
    rows = rows[rows["own"] & (rows["without"] == "nothing")]
    return rows.sort_values(["ratio", "density"])


def _ratios(tables: Tables) -> Float[np.ndarray, " instance"]:
    """Of the importance of features, from one to the next; NaN where importance is another curve."""
    return importance_ratios(tables, tables.best["instance"].to_numpy()).round(RATIO_DIGITS)


def _features(axes: Axes, rows: pd.DataFrame, ratios: Sequence[float], m: int) -> None:
    relu = rows[rows["model"] == RELU]
    for colour, ratio in zip(IMPORTANCE_CURVES, ratios, strict=False):
        own = relu[relu["ratio"] == ratio]
        best = own[own["best"]]
        axes.plot(own["density"], own["n_represented"] / m, "_", color=colour, markersize=8, alpha=0.45, zorder=1)
        axes.plot(best["density"], best["n_represented"] / m, "o-", color=colour, markersize=4.5, linewidth=1.5)
        last = best.iloc[0]
        axes.annotate(
            rf"$I_i = {ratio:g}^i$", (last["density"], last["n_represented"] / m), xytext=(7, 0),
            textcoords="offset points", va="center", fontsize=NAME, color=colour, annotation_clip=False,
        )  # fmt: skip
        tip = tipping_density_of_minima(ratio)
        axes.plot([tip, tip], [0.6, 0.9], color=colour, linewidth=1.6, solid_capstyle="butt")
    linear = rows[(rows["model"] == LINEAR) & rows["best"]]
    axes.plot(linear["density"], linear["n_represented"] / m, "s-", color=MUTED, markersize=3, linewidth=1)
    sparsest = float(rows["density"].min())
    axes.text(sparsest, 0.93, "linear models, all importances", fontsize=NOTE, color=MUTED, va="top", ha="right")
    density_axis(axes, rows["density"].tolist(), rounded=True, room=ROOM)
    axes.set(ylabel="features per dimension", ylim=(0, None))
    axes.set_title("Only with a ReLU are there more features than dimensions", loc="left")


def _pair(axes: Axes, ratio: float) -> None:
    """Gain and cost of the second feature in a dimension, dense on the left."""
    s = np.linspace(0, 1, 201)
    gain, cost, tip = gained(s, ratio), paid(s, ratio), tipping_density(ratio)
    at_tip = float(gained(np.array([tip]), ratio)[0])
    axes.fill_between(s, gain, cost, where=(s <= tip).tolist(), color=GAIN, alpha=0.12, linewidth=0)
    axes.fill_between(s, gain, cost, where=(s >= tip).tolist(), color=COST, alpha=0.12, linewidth=0)
    axes.plot(s, gain, color=GAIN, linewidth=1.8)
    axes.plot(s, cost, color=COST, linewidth=1.8)
    axes.plot(tip, at_tip, "o", color=INK, markersize=5, zorder=3)
    axes.annotate(
        f"the balance tips at {tip:.2f}\n({tipping_density_of_minima(ratio):.2f} with free weights)",
        (tip, at_tip), xytext=(8, 22), textcoords="offset points", fontsize=NAME, color=INK, va="center",
        arrowprops={"arrowstyle": "-", "color": MUTED, "linewidth": 0.7, "shrinkB": 3},
    )  # fmt: skip
    axes.text(0.99, 0.035, "gain: one feature more", color=GAIN, fontsize=NAME)
    axes.text(0.8, float(paid(np.array([0.84]), ratio)[0]), "cost: interference", color=COST, fontsize=NAME)
    axes.text(0.01, 0.076, "superposition pays", color=GAIN, fontsize=NAME, va="center", ha="right")
    axes.set(xlim=(1, 0), ylim=(0, float(paid(np.array([0.88]), ratio)[0])), ylabel="expected loss")
    axes.set(xlabel=LABEL)
    axes.set_title(f"Theory: importances 1 and {ratio:g} in one dimension", loc="left")
    axes.spines[["top", "right"]].set_visible(False)


def _losses(axes: Axes, rows: pd.DataFrame, colour: str, ratio: float) -> None:
    """Stacked shares of the linear model's loss on the same data, best seeds."""
    linear = rows[(rows["model"] == LINEAR) & rows["best"]].set_index("density")["total"]
    own = rows[(rows["model"] == RELU) & rows["best"]].set_index("density")
    missing, interference = own["missing"] / linear, own["interference"] / linear
    at = own.index.to_numpy()
    axes.fill_between(at, 0, missing, color=FAINT, linewidth=0)
    axes.fill_between(at, missing, missing + interference, color=COST, alpha=0.85, linewidth=0)
    axes.plot(at, missing + interference, color=INK, linewidth=1.2)
    axes.axhline(1, color=MUTED, linewidth=0.7, linestyle=(0, (1, 2)))
    density_axis(axes, rows["density"].tolist(), rounded=True, room=ROOM)
    axes.set(ylim=(0, 1.08))
    axes.set_title(rf"$I_i = {ratio:g}^i$", loc="left", color=colour)


def _note(rows: pd.DataFrame) -> str:
    relu = rows[rows["model"] == RELU]
    seeds = int(relu.groupby(["ratio", "density"]).size().min())
    agreeing = 0
    for _, own in relu.groupby(["ratio", "density"]):
        agreeing += int(np.count_nonzero(own["n_represented"] == own.loc[own["best"], "n_represented"].iloc[0]))
    return (
        f"Points and areas: of {numbered(seeds, 'seeds')} the one with the lowest loss; dashes: the others "
        f"({agreeing} of "
        f"{len(relu)} represent as many features).\nUpright bars: where theory has the first pair tip, with the best "
        "weights and biases."
    )
