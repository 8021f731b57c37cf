"""What each neuron responds to, over the number of neurons and the density of features, and how many are polysemantic.

Rows are neurons, columns features: blue where a neuron has one feature, red where it has several.
"""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from superposition.exact.sums import mean, running_total
from superposition.figures import panels
from superposition.figures.densities import LABEL, density_places
from superposition.figures.grids import Canvas
from superposition.figures.style import (
    FAINT,
    MONOSEMANTIC,
    MUTED,
    NAME,
    NEURON_WIDTHS,
    NOTE,
    POLYSEMANTIC,
    SMALL,
    SUBTITLE,
    UNUSED,
    theme,
)
from superposition.measures.neurons import in_reading_order, monosemantic, polysemantic, responses
from superposition.measures.thresholds import NEURON_UNUSED, NEURON_USED
from superposition.readings.polysemanticity import polysemantic_share
from superposition.readings.results import Tables
from superposition.verdicts import numbered

CELL = 0.115  # inches, of a response
MAX_WIDTHS, MAX_NEURONS, MAX_FEATURES, MAX_DENSITIES = 6, 16, 16, 8


def fits(tables: Tables) -> bool:
    """ReLU-hidden models of some widths at the same sparsities, small enough to be drawn."""
    best = tables.best
    return (
        set(best["model"]) == {"relu_hidden"}
        and bool(best["sparsity"].notna().all())
        and len(best) == best["n_hidden"].nunique() * best["sparsity"].nunique()
        and best["n_hidden"].nunique() <= MAX_WIDTHS
        and best["sparsity"].nunique() <= MAX_DENSITIES
        and tables.n_hidden <= MAX_NEURONS
        and tables.n_features <= MAX_FEATURES
    )


def figures(tables: Tables) -> dict[str, Figure]:
    best = tables.best
    widths = sorted(best["n_hidden"].unique().tolist())
    densities = sorted(best["density"].unique().tolist(), reverse=True)
    wide, gap, left, top = CELL * tables.n_features, 0.3, 0.95, 0.78
    tall = [CELL * m for m in widths]
    starts = top + running_total([0, *(height + 0.3 for height in tall[:-1])])
    right = left + len(densities) * (wide + gap) + 0.6
    bottom = max(float(starts[-1]) + tall[-1], top + 2.2)  # so that there is room for the shares beside few rows
    counts = _counts(tables)
    with theme():
        canvas = Canvas(right + 3.2, bottom + 1.12)
        canvas.text(left, 0.1, "responses of neurons (rows) to features (columns), each alone", fontsize=SUBTITLE)
        for column, density in enumerate(densities):
            x = left + column * (wide + gap)
            canvas.text(x + wide / 2, 0.46, f"density {density:.3g}", ha="center", va="bottom", fontsize=NAME)
            for m, y, height in zip(widths, starts, tall, strict=True):
                chosen = best[(best["n_hidden"] == m) & (best["density"] == density)]["instance"].item()
                mono, poly = _responses(canvas.axes(x, float(y), wide, height), tables.weights_of(int(chosen)))
                canvas.text(x, float(y) - 0.02, f"{mono} mono, {poly} poly", va="bottom", fontsize=SMALL, color=MUTED)
                if column == 0:
                    canvas.text(x - 0.12, float(y) + height / 2, f"{m} neurons", ha="right", va="center", fontsize=NAME)
        canvas.text(left, bottom + 0.05, "1", ha="left", fontsize=SMALL, color=MUTED)
        canvas.text(left + wide / 2, bottom + 0.05, "feature", ha="center", fontsize=NOTE)
        canvas.text(left + wide, bottom + 0.05, f"{tables.n_features}", ha="right", fontsize=SMALL, color=MUTED)
        middle = (bottom - top + 0.62) / 2
        names = ("the model with the lowest loss", "all seeds, mean")
        for number, (name, shown) in enumerate(zip(names, ("best", "mean"), strict=True)):
            axes = canvas.axes(right, top - 0.12 + number * middle, 2.3, middle - 0.62)
            _shares(axes, counts, shown, widths, densities)
            axes.set_title(name, fontsize=NAME, color=MUTED, loc="left", pad=8)
            if number:
                axes.set_xlabel(LABEL)
        canvas.text(right - 0.35, 0.1, "share of polysemantic neurons", fontsize=SUBTITLE)
        canvas.key(left, bottom + 0.42, [(MONOSEMANTIC(0.8), "monosemantic neuron: one feature"),
                                         (POLYSEMANTIC(0.8), "polysemantic: several"),
                                         (UNUSED(0.5), "neither")])  # fmt: skip
        canvas.text(left, bottom + 0.68, _note(tables, counts), fontsize=NOTE, color=MUTED)
        return {"responses": canvas.figure}


def _responses(axes: Axes, W: np.ndarray) -> tuple[int, int]:
    """Responses of one model's neurons, in the order in which neurons are read; how many are of either kind."""
    found = responses(W)
    found = found[in_reading_order(found)]
    mono, poly = monosemantic(found), polysemantic(found)
    strength = np.clip(found, 0, 1)
    shades = np.stack(
        [
            (MONOSEMANTIC if one else POLYSEMANTIC if several else UNUSED)(row)
            for one, several, row in zip(mono, poly, strength, strict=True)
        ]
    )
    columns, rows = np.arange(found.shape[1] + 1), np.arange(found.shape[0] + 1)
    panels.mosaic(axes, columns, rows, shades, strength > 0.02)
    for row in rows[1:-1]:
        axes.axhline(row, color=FAINT, linewidth=0.4, zorder=0)
    axes.set(xlim=(0, found.shape[1]), ylim=(found.shape[0], 0), xticks=[], yticks=[])
    axes.spines[:].set(visible=True, color=MUTED, linewidth=0.6)
    return int(np.count_nonzero(mono)), int(np.count_nonzero(poly))


def _counts(tables: Tables) -> pd.DataFrame:
    """Of each instance, `share`: polysemantic neurons among those that respond to anything."""
    instances = tables.instances["instance"]
    shares = [polysemantic_share(responses(tables.weights_of(int(instance)))) for instance in instances]
    return tables.instances[["instance", "n_hidden", "density", "best"]].assign(share=shares)


def _shares(axes: Axes, counts: pd.DataFrame, column: str, widths: list[int], densities: list[float]) -> None:
    """A line for each width over densities, at equal distances, as the models beside them are."""
    shown = counts[counts["best"]] if column == "best" else counts
    for number, m in enumerate(widths):
        own = shown[shown["n_hidden"] == m].groupby("density")["share"].agg(lambda shares: float(mean(shares)))
        places = np.arange(len(densities))
        colour = NEURON_WIDTHS[-len(widths) :][number] if len(widths) > 4 else NEURON_WIDTHS[number]
        axes.plot(
            places, 100 * own[densities], "o-", color=colour, markersize=4, linewidth=1.5, clip_on=False, label=f"{m}"
        )
    density_places(axes, densities)
    axes.set(ylim=(0, 100), xlim=(-0.2, len(densities) - 0.8), yticks=[0, 50, 100], yticklabels=["0", "50", "100%"])
    axes.grid(axis="y", color=FAINT)
    axes.spines[["top", "right"]].set_visible(False)
    if column == "best":
        axes.legend(
            title="neurons", bbox_to_anchor=(1.0, 0.5), loc="center left", handlelength=1.2, title_fontsize=NOTE
        )


def _note(tables: Tables, counts: pd.DataFrame) -> str:
    best = counts[counts["best"]].set_index(["n_hidden", "density"])["share"]
    own = counts.set_index(["n_hidden", "density"])["share"]
    alike = np.count_nonzero(np.abs(own - best.reindex(own.index)) < 1e-9)
    seeds = int(counts.groupby(["n_hidden", "density"]).size().min())
    return (
        f"Of {numbered(seeds, 'seeds')}, the one with the lowest loss is drawn; {alike} of all {len(counts)} "
        "models have the same "
        f"share of polysemantic neurons as it has.\nMonosemantic: a response above {NEURON_USED:g} to one feature, "
        f"below {NEURON_UNUSED:g} to all others. Neurons can be exchanged; those with one feature come first."
    )
