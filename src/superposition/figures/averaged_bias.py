"""A bias made of averages: what left-out features add to hidden sums, how often neurons are on, and at what loss."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from superposition.figures.densities import LABEL, density_places, said
from superposition.figures.grids import Canvas
from superposition.figures.style import MUTED, NOTE, PAPER, PLAIN_LAYER, RELU_LAYER, theme
from superposition.readings.averaged_biases import LINEAR, RELU, averaged, has_both_kinds
from superposition.readings.results import Tables
from superposition.verdicts import numbered

NAMES = {LINEAR: "linear hidden layer", RELU: "ReLU on the hidden layer, without a bias"}
COLOURS = {LINEAR: PLAIN_LAYER, RELU: RELU_LAYER}
APART = 0.24  # of the densities' distance, between models


def fits(tables: Tables) -> bool:
    return has_both_kinds(tables)


def figures(tables: Tables) -> dict[str, Figure]:
    return {"averages": _averages(tables)}


def _averages(tables: Tables) -> Figure:
    own = tables.instances.sort_values(["density", "rank"], ascending=[False, True], kind="stable")
    densities = list(dict.fromkeys(own["density"].tolist()))
    lowest = own[(own["model"] == LINEAR) & own["best"]].set_index("density")["loss"]
    with theme():
        canvas = Canvas(10.6, 4.2)
        steadiness, on, ratios = (canvas.axes(0.65 + 3.5 * k, 0.55, 2.75, 2.35) for k in range(3))
        for _, row in own.iterrows():
            place, best = densities.index(row["density"]), bool(row["best"])
            if row["model"] == RELU:
                found = averaged(tables, row)
                _dots(steadiness, place, found.steadiness, RELU, best)
                _dots(on, place, found.on, RELU, best)
            side = APART * (list(NAMES).index(row["model"]) - 0.5)
            _dots(ratios, place + side, np.array([row["loss"] / lowest[row["density"]]]), row["model"], best)
        for axes, level in ((steadiness, 0.0), (on, 1.0), (ratios, 1.0)):
            axes.axhline(level, color=MUTED, linewidth=0.7, linestyle=(0, (1, 2)), zorder=0)
            density_places(axes, densities)
            axes.set(xlabel=LABEL, xlim=(-0.5, len(densities) - 0.5))
            axes.spines[["top", "right"]].set_visible(False)
        on.set(ylim=(0, 1.05))
        steadiness.set_title("mean of what left-out features add,\nin standard deviations", loc="left")
        on.set_title("share of data on which a neuron is on", loc="left")
        ratios.set_title("loss, over the best of the linear layer's", loc="left")
        canvas.key(0.65, 3.53, [(COLOURS[model], name) for model, name in NAMES.items()])
        active = ", ".join(f"{tables.n_features * s:.3g} at {said(s)}" for s in densities)
        note = (
            f"A dot for each neuron, on the right for each model; large ones: the seed with the lowest loss, of "
            f"{numbered(int(own.groupby('point').size().min()), 'seeds')}. Active features, on average: {active}."
        )
        canvas.text(0.65, 3.81, note, fontsize=NOTE, color=MUTED)
        return canvas.figure


def _dots(axes: Axes, place: int | float, values: np.ndarray, model: str, best: bool) -> None:
    aside = (np.arange(len(values)) * 0.618034 % 1 - 0.5) * 0.4
    style: dict[str, Any] = (
        {"marker": "o", "markersize": 4.5, "markeredgecolor": PAPER, "markeredgewidth": 0.6, "zorder": 3}
        if best
        else {"marker": ".", "markersize": 3.5, "markeredgewidth": 0, "alpha": 0.5, "zorder": 2}
    )
    axes.plot(place + aside, values, linestyle="", color=COLOURS[model], **style)
