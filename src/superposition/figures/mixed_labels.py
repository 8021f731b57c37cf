"""Loss over how much of a mixing matrix is in the labels, and responses of features to themselves."""

import numpy as np
from matplotlib.figure import Figure

from superposition.figures.grids import Canvas, wrapped
from superposition.figures.style import INK, MIXINGS, MUTED, NOTE, THEORY, theme
from superposition.readings.responses import MIXED, has_layers, layers
from superposition.readings.results import Tables
from superposition.verdicts import numbered

HALF = 1 / 12  # of the density: the loss of serving half of the features, of values from -1 to 1


def fits(tables: Tables) -> bool:
    return has_layers(tables, MIXED) and tables.instances["model"].nunique() > 1


def figures(tables: Tables) -> dict[str, Figure]:
    return {"mixing": _mixing(tables)}


def _mixing(tables: Tables) -> Figure:
    found = layers(tables, tables.n_features, tables.n_hidden, MIXED)
    density, scales = float(tables.instances["density"].iloc[0]), list(found)
    with theme():
        width = 7.6
        notes = wrapped(
            [
                f"Of {numbered(min(map(len, found.values())), 'seeds')} at least, the one with the lowest loss; "
                f"dashes: the others. "
                "Left: held-out loss over the density, over how much of the matrix is in the labels; line: 1/12, the "
                "loss of serving half of the features where there is none. Right: $R_{ii}$, the response of each "
                "feature's output to itself at 1, from large to small; 1 is right, 0 is nothing.",
            ],
            width - 1.0,
        )
        canvas = Canvas(width, 3.75 + 0.16 * len(notes))
        loss, own = canvas.axes(0.75, 0.4, 2.8, 2.6), canvas.axes(4.4, 0.4, 2.8, 2.6)
        losses = [[layer.loss / density for layer in models] for models in found.values()]
        loss.axhline(HALF, color=THEORY, linewidth=1.2, label="serving half", zorder=1)
        loss.plot(scales, [each[0] for each in losses], "o-", color=INK, markersize=4.5, linewidth=1.5)
        for scale, each in zip(scales, losses, strict=True):
            loss.plot([scale] * (len(each) - 1), each[1:], "_", color=INK, markersize=8, alpha=0.45)
        loss.set(xlabel="of the matrix in the labels", ylim=(0, 1.25 * max(HALF, *(max(each) for each in losses))))
        loss.set_xticks(scales, [f"{scale:g}" for scale in scales])
        loss.set_title("held-out loss over density", loc="left")
        loss.legend(loc="lower right")
        for colour, (scale, models) in zip(MIXINGS, found.items(), strict=False):
            falling = -np.sort(-np.diagonal(models[0].responses), kind="stable")
            own.plot(np.arange(1, len(falling) + 1), falling, color=colour, linewidth=1.6, label=f"{scale:g}")
        own.axhline(0, color=MUTED, linewidth=0.7)
        own.axhline(1, color=MUTED, linewidth=0.7, linestyle=(0, (1, 2)))
        own.set(xlabel="features, in order", xlim=(1, tables.n_features), ylim=(-0.1, 1.5))
        own.set_title("own response $R_{ii}$", loc="left")
        own.legend(loc="upper right", ncols=3, title="of the matrix", title_fontsize=NOTE)
        for axes in (loss, own):
            axes.spines[["top", "right"]].set_visible(False)
        for line, note in enumerate(notes):
            canvas.text(0.6, 3.6 + 0.16 * line, note, fontsize=NOTE, color=MUTED)
        return canvas.figure
