"""What a penalty on hidden values does to features: how many are left, at what loss, and which."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from superposition.exact.functions import log, log10
from superposition.exact.sums import interpolate, mean
from superposition.figures import activation_frequency, panels
from superposition.figures.grids import Canvas
from superposition.figures.style import INK, MUTED, NOTE, REMARK, REPRESENTED, SUPERPOSED, SUPERPOSITION, theme
from superposition.readings.kinds import is_plain
from superposition.readings.penalties import with_objective
from superposition.readings.results import Tables
from superposition.readings.shared import in_superposition
from superposition.theory.hidden_l1 import kept_above, losses, norms
from superposition.verdicts import numbered

COLOURS = {"represented": REPRESENTED, "in superposition": SUPERPOSED}
MAX_FEATURES = 30
ROUND = {0.0} | {float(f"{digit}e{power}") for digit in (1, 2, 5) for power in range(-6, 2)}  # penalties with a number


def fits(tables: Tables) -> bool:
    """Several penalties, and models that differ in nothing else; plain features of one density, the most
    important ones first.
    """
    best = tables.best
    return (
        best["hidden_l1"].nunique() == len(best) > 2
        and tables.features["density"].nunique() == 1
        and is_plain(tables)
        and best["importance_curve"].nunique() == 1
        and bool((np.diff(tables.per_feature("importance", best["instance"].to_numpy())) < 0).all())
        and tables.n_features <= MAX_FEATURES
    )


def figures(tables: Tables) -> dict[str, Figure]:
    return {"penalty": _penalty(tables), "saved_per_activation": activation_frequency.figure()}


def _penalty(tables: Tables) -> Figure:
    rows = with_objective(tables.instances).sort_values(["hidden_l1", "objective", "seed"])
    rows["superposed"] = in_superposition(tables, rows["instance"].to_numpy())
    best = rows.drop_duplicates("hidden_l1")
    penalties = best["hidden_l1"].to_numpy()
    importance = tables.features_of(int(best["instance"].iloc[0]))["importance"].to_numpy()
    density = float(tables.features["density"].iloc[0])
    places = _places(penalties)
    # Without interference: every feature has a dimension of its own.
    at = np.linspace(places[0], places[-1], 400)
    fine = interpolate(at, places, penalties)
    with theme():
        canvas = Canvas(9.6, 5.3)
        counts, loss, kept = (
            canvas.axes(0.7, 0.35, 4.1, 1.75),
            canvas.axes(0.7, 2.5, 4.1, 1.75),
            canvas.axes(5.6, 0.35, 3.8, 3.9),
        )
        for name, column in (("represented", "n_represented"), ("in superposition", "superposed")):
            _dots(counts, places, rows, column, COLOURS[name])
            counts.plot(places, best[column], "o-", color=COLOURS[name], markersize=4.5, linewidth=1.5, label=name)
        expected = [np.count_nonzero(norms(importance, penalty, density) > 0) for penalty in fine]
        counts.plot(at, expected, color=MUTED, linewidth=1, linestyle=(0, (4, 2)), label="worth a dimension (theory)")
        counts.axhline(tables.n_hidden, color=MUTED, linewidth=0.7, linestyle=(0, (1, 2)))
        counts.annotate(
            f"{tables.n_hidden} dimensions", (0.99, tables.n_hidden), xycoords=("axes fraction", "data"), xytext=(0, 2),
            textcoords="offset points", ha="right", fontsize=REMARK, color=MUTED,
        )  # fmt: skip
        counts.set(ylabel="features", ylim=(-0.4, max(rows["n_represented"].max(), tables.n_hidden) + 2.5))
        counts.legend(loc="upper right", ncols=1)
        _dots(loss, places, rows, "loss", INK)
        loss.plot(places, best["loss"], "o-", color=INK, markersize=4.5, linewidth=1.5, label="lowest objective")
        floor = [float(mean(losses(importance, penalty, density))) for penalty in fine]
        loss.plot(
            at, floor, color=MUTED, linewidth=1, linestyle=(0, (4, 2)), label="a dimension for each feature (theory)"
        )
        loss.set(ylabel="task loss", ylim=(0, None))
        loss.legend(loc="upper left")
        _norms(kept, tables, best, places, importance, density)
        named = [at for at, penalty in enumerate(penalties) if penalty in ROUND] or list(range(len(penalties)))
        for axes in (counts, loss, kept):
            axes.set_xticks(places[named], [f"{penalties[at]:g}" for at in named])
            axes.set_xlim(places[0] - 0.15, places[-1] + 0.15)
            axes.spines[["top", "right"]].set_visible(False)
        for axes in (loss, kept):
            axes.set_xlabel(r"penalty on $\|h\|_1$")
        bar = canvas.axes(7.7, 3.35, 1.5, 0.11)
        panels.colour_bar(bar, SUPERPOSITION, [(0.0, "0"), (1.0, "≥ 1")], "superposition of the feature")
        seeds = int(rows.groupby("hidden_l1").size().min())
        canvas.text(0.7, 4.82, _note(rows, best, seeds), fontsize=NOTE, color=MUTED, linespacing=1.35)
        return canvas.figure


def _places(penalties: np.ndarray) -> np.ndarray:
    """On a logarithmic axis, in powers of ten; without a penalty a place of its own to the left of that."""
    powers = log10(np.where(penalties > 0, penalties, 1.0))
    return np.where(penalties > 0, powers, powers[penalties > 0].min() - 0.4)


def _note(rows: pd.DataFrame, best: pd.DataFrame, seeds: int) -> str:
    """How many single runs end like the one that is drawn."""
    agreeing = [
        np.count_nonzero(own["superposed"] == own["superposed"].iloc[0])
        for _, own in rows.groupby("hidden_l1", sort=True)
    ]
    return (
        f"Of {numbered(seeds, 'seeds')} the one with the lowest objective, loss and penalty together; dashes "
        "are the others. As "
        f"many features in superposition as it have,\nfrom left to right, {', '.join(map(str, agreeing))} of them. "
        "Right: circles are as large as norms; above the dashed line a feature is worth a dimension (theory)."
    )


def _dots(axes: Axes, places: np.ndarray, rows: pd.DataFrame, column: str, colour: str) -> None:
    for place, (_, own) in zip(places, rows.groupby("hidden_l1"), strict=True):
        axes.plot(np.full(len(own), place), own[column], "_", color=colour, markersize=9, alpha=0.45, zorder=1)


def _norms(
    axes: Axes, tables: Tables, best: pd.DataFrame, places: np.ndarray, importance: np.ndarray, density: float
) -> None:
    """A circle for each feature, as large as its norm; above the line it is worth a dimension."""
    n = tables.n_features
    for place, instance in zip(places, best["instance"], strict=True):
        own = tables.features_of(int(instance))
        shades = SUPERPOSITION(panels.SUPERPOSITION_RANGE(np.clip(own["superposition"], 0, 1)))
        size = np.clip(own["norm"], 0, 1.3) * 9
        seen = own["norm"] > 0.02
        for feature in np.flatnonzero(seen):
            axes.plot(place, feature + 1, "o", markersize=size[feature], color=shades[feature], markeredgewidth=0)
    penalties = best["hidden_l1"].to_numpy()
    fine = np.linspace(places[0], places[-1], 400)
    threshold = [kept_above(float(penalty), density) for penalty in interpolate(fine, places, penalties)]
    # Between features, where importance falls below the threshold.
    row = interpolate(-log(np.maximum(threshold, 1e-12)), -log(importance), np.arange(1, n + 1), left=0.5)
    axes.plot(
        fine,
        np.where(np.array(threshold) > importance[-1], row, np.nan),
        color=MUTED,
        linewidth=1.2,
        linestyle=(0, (4, 2)),
    )
    axes.set(ylim=(n + 0.7, 0.3), ylabel="feature, most important first", yticks=[1, *range(5, n + 1, 5)])
