"""What becomes of each feature by the power of the error: responses to itself, and to others."""

import numpy as np
from matplotlib.figure import Figure

from superposition.figures import panels
from superposition.figures.grids import Canvas, wrapped
from superposition.figures.style import MUTED, NOTE, POWERS, SIGNED, theme
from superposition.readings.responses import has_layers, layers
from superposition.readings.results import Tables

MAX_FEATURES = 20  # of a heat map
LOW, HIGH = 2.0, 4.0  # powers that heat maps are of, where they are there


def fits(tables: Tables) -> bool:
    return has_layers(tables) and tables.instances["model"].nunique() > 1


def figures(tables: Tables) -> dict[str, Figure]:
    return {"responses": _responses(tables)}


def _responses(tables: Tables) -> Figure:
    found = {power: own[0] for power, own in layers(tables, tables.n_features, tables.n_hidden).items()}
    low, high = (power if power in found else end(found) for power, end in ((LOW, min), (HIGH, max)))
    some = min(tables.n_features, MAX_FEATURES)
    with theme():
        width = 11.0
        notes = wrapped(
            [
                "Of each power the seed with the lowest squared error. Left: $R_{ii}$, the response of each feature's "
                "output to itself at 1, from large to small; 1 is right, 0 is nothing. Right: $R$, outputs as rows, "
                f"of the first {some} of {tables.n_features} features.",
            ],
            width - 1.0,
        )
        canvas = Canvas(width, 3.75 + 0.16 * len(notes))
        own = canvas.axes(0.7, 0.4, 3.1, 2.6)
        for colour, (power, layer) in zip(POWERS, found.items(), strict=False):
            falling = -np.sort(-np.diagonal(layer.responses), kind="stable")
            own.plot(np.arange(1, len(falling) + 1), falling, color=colour, linewidth=1.6, label=f"power {power:g}")
        own.axhline(0, color=MUTED, linewidth=0.7)
        own.axhline(1, color=MUTED, linewidth=0.7, linestyle=(0, (1, 2)))
        own.set(xlabel="features, in order", xlim=(1, tables.n_features), ylim=(-0.1, 1.3))
        own.set_title("own response $R_{ii}$", loc="left")
        own.legend(loc="upper right", ncols=2)
        own.spines[["top", "right"]].set_visible(False)
        for place, power in enumerate((low, high)):
            heat = canvas.axes(4.6 + 3.15 * place, 0.4, 2.6, 2.6)
            panels.matrix(heat, found[power].responses[:some, :some])
            heat.set_title(f"$R$ with power {power:g}", loc="left")
            heat.set(xlabel="active feature", ylabel="output")
        bar = canvas.axes(8.0, 3.35, 1.5, 0.11)
        panels.colour_bar(bar, SIGNED, [(0.0, "−1"), (0.5, "0"), (1.0, "1")], "response")
        for line, note in enumerate(notes):
            canvas.text(0.6, 3.75 + 0.16 * line, note, fontsize=NOTE, color=MUTED)
        return canvas.figure
