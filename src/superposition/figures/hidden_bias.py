"""Neurons with a bias: how often they are on, their biases, and the loss that they reach, beside linear ones."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from superposition.figures.densities import LABEL, density_places
from superposition.figures.grids import Canvas
from superposition.figures.style import MUTED, NOTE, PAPER, PLAIN_LAYER, RELU_LAYER, theme
from superposition.readings.hidden_biases import (
    ALMOST_ALWAYS,
    SAME_LOSS,
    Ranked,
    always_on,
    as_good_as_linear,
    ranked_by_density,
)
from superposition.readings.results import Tables

NAMES = {"relu_output": "linear hidden layer", "with_hidden_bias": "ReLU and a bias on the hidden layer"}
COLOURS = {"relu_output": PLAIN_LAYER, "with_hidden_bias": RELU_LAYER}
APART = 0.24  # of the densities' distance, between models


def fits(tables: Tables) -> bool:
    """Both models at several densities."""
    best = tables.best
    return (
        set(NAMES) == set(best["model"])
        and bool(best["sparsity"].notna().all())
        and len(best) == len(NAMES) * best["sparsity"].nunique()
        and bool((best["loss"] > 0).all())
    )


def figures(tables: Tables) -> dict[str, Figure]:
    return {"shares_and_losses": _shares_and_losses(tables)}


def _shares_and_losses(tables: Tables) -> Figure:
    best = tables.best[["model", "density", "instance", "loss"]]
    densities = sorted(best["density"].unique(), reverse=True)
    hidden = tables.hidden.merge(tables.instances[["instance", "model", "density", "best"]], on="instance")
    linear = best[best["model"] == "relu_output"].set_index("density")["loss"]
    losses = tables.instances.assign(ratio=tables.instances["loss"] / tables.instances["density"].map(linear))
    with theme():
        canvas = Canvas(10.6, 4.22)
        shares, biases, ratios = (canvas.axes(0.6 + 3.5 * k, 0.4, 2.85, 2.35) for k in range(3))
        biased = hidden[hidden["model"] == "with_hidden_bias"]
        _strip(shares, biased, "active", densities)
        _strip(biases, biased, "bias", densities)
        for model in NAMES:
            _strip(ratios, losses[losses["model"] == model], "ratio", densities)
        shares.axhline(1, color=MUTED, linewidth=0.7, linestyle=(0, (1, 2)), zorder=0)
        shares.set(ylim=(0, 1.05))
        shares.set_title("share of data on which a neuron is on", loc="left")
        biases.axhline(0, color=MUTED, linewidth=0.7, linestyle=(0, (1, 2)), zorder=0)
        biases.set_title("biases of the neurons", loc="left")
        ratios.axhline(1, color=MUTED, linewidth=0.7, linestyle=(0, (1, 2)), zorder=0)
        ratios.set(yscale="log")
        reach = [tick for tick in (1, 1.1, 1.2, 1.5, 2, 3, 5, 7, 10, 20) if tick <= 1.05 * losses["ratio"].max()]
        ratios.set_yticks(reach, [f"{tick:g}" for tick in reach])
        ratios.minorticks_off()
        ratios.set_title("loss, over the best of the linear layer's", loc="left")
        for axes in (shares, biases, ratios):
            density_places(axes, densities)
            axes.set(xlabel=LABEL, xlim=(-0.5, len(densities) - 0.5))
            axes.spines[["top", "right"]].set_visible(False)
        canvas.key(0.6, 3.42, [(COLOURS[model], name) for model, name in NAMES.items()])
        canvas.text(0.6, 3.68, _note(tables), fontsize=NOTE, color=MUTED, linespacing=1.35)
        return canvas.figure


def _strip(axes: Axes, rows: pd.DataFrame, column: str, densities: list[float]) -> None:
    """A dot for each row beside its density: large ones of the best seed, small ones of the others."""
    model = str(rows["model"].iloc[0])
    place = rows["density"].map(densities.index).to_numpy() + APART * (list(NAMES).index(model) - 0.5) * (
        column == "ratio"
    )
    aside = (np.arange(len(rows)) * 0.618034 % 1 - 0.5) * 0.12
    chosen = rows["best"].to_numpy()
    axes.plot((place + aside)[~chosen], rows[column][~chosen], ".", markersize=3.5, alpha=0.45, color=COLOURS[model],
              markeredgewidth=0)  # fmt: skip
    axes.plot((place + aside)[chosen], rows[column][chosen], "o", markersize=4.5, color=COLOURS[model], zorder=3,
              markeredgecolor=PAPER, markeredgewidth=0.6)  # fmt: skip


def _note(tables: Tables) -> str:
    """How many ranks are as the claims say that the best one is."""
    biased, linear = _ranked(tables, "with_hidden_bias"), _ranked(tables, "relu_output")
    on = sum(always_on(models) for models in biased)
    pairs = list(zip(biased, linear, strict=False))
    alike = sum(as_good_as_linear(*pair) for pair in pairs)
    return (
        "Large dots: the seed with the lowest loss; small ones: the others. Ranks: the models with the lowest loss at "
        f"each density, those with the next one, and so on.\nWith a bias, {on} of {len(biased)} ranks have positive "
        f"biases alone "
        f"and are on for over {ALMOST_ALWAYS:.0%} of the data; {alike} of {len(pairs)} have a loss "
        f"within {SAME_LOSS:.0%} of that of the linear layer's models of the same rank."
    )


def _ranked(tables: Tables, model: str) -> list[Ranked]:
    own = tables.instances[tables.instances["model"] == model].sort_values("rank", kind="stable")
    return ranked_by_density(tables, {float(rows["density"].iloc[0]): rows for _, rows in own.groupby("density")})
