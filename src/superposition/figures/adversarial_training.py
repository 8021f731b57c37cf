"""How much superposition is left of models that were trained against attacks, over the size of attacks."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from superposition.figures import panels
from superposition.figures.grids import Canvas
from superposition.figures.style import INK, MUTED, NOTE, REMARK, REPRESENTED, SUPERPOSED, SUPERPOSITION, theme
from superposition.measures.thresholds import IN_SUPERPOSITION, REPRESENTED_NORM
from superposition.readings.attacked_training import by_radius
from superposition.readings.results import Tables
from superposition.verdicts import numbered

COLOURS = {"represented": REPRESENTED, "in superposition": SUPERPOSED}
MAX_FEATURES = 60


def fits(tables: Tables) -> bool:
    """Several sizes of attacks, and models that differ in nothing else."""
    best = tables.best
    return best["training_attack"].nunique() == len(best) > 2 and tables.n_features <= MAX_FEATURES


def figures(tables: Tables) -> dict[str, Figure]:
    return {"radius": _radius(tables)}


def _radius(tables: Tables) -> Figure:
    rows = by_radius(tables, tables.instances).sort_values(["radius", "rank"])
    best = rows.drop_duplicates("radius")
    with theme():
        canvas = Canvas(10.6, 4.2)
        counts, ratio, norms = (canvas.axes(0.6 + 3.5 * k, 0.4, 2.85, 2.55) for k in range(3))
        for name, column in (("represented", "n_represented"), ("in superposition", "superposed")):
            _curve(counts, rows, best, column, COLOURS[name], name)
        counts.axhline(tables.n_hidden, color=MUTED, linewidth=0.7, linestyle=(0, (1, 2)))
        counts.annotate(
            f"{tables.n_hidden} dimensions", (0.99, tables.n_hidden), xycoords=("axes fraction", "data"), xytext=(0, 2),
            textcoords="offset points", ha="right", fontsize=REMARK, color=MUTED,
        )  # fmt: skip
        counts.set(ylim=(-0.3, None))
        counts.set_title("features", loc="left")
        counts.legend(loc="upper right")
        _curve(ratio, rows, best, "features_per_dimension", INK, None)
        ratio.axhline(1, color=MUTED, linewidth=0.7, linestyle=(0, (1, 2)))
        ratio.set(ylim=(0, None))
        ratio.set_title(r"features per dimension  $\|W\|_F^2\,/\,m$", loc="left")
        for radius, instance in zip(best["radius"], best["instance"], strict=True):
            own = tables.features_of(int(instance)).sort_values("norm", ascending=False, kind="stable")
            shades = SUPERPOSITION(panels.SUPERPOSITION_RANGE(np.clip(own["superposition"], 0, 1)))
            beside = radius + 0.004 * (np.arange(len(own)) - len(own) / 2) * float(rows["radius"].max())
            norms.scatter(beside, own["norm"], s=11, c=shades, linewidths=0, zorder=2)
        norms.axhline(REPRESENTED_NORM, color=MUTED, linewidth=0.7, linestyle=(0, (1, 2)))
        norms.set(ylim=(-0.03, None))
        norms.set_title(r"norms of the features $\|W_i\|$", loc="left")
        for axes in (counts, ratio, norms):
            axes.set_xlabel("attack in training, over the mean input's norm")
            axes.spines[["top", "right"]].set_visible(False)
        bar = canvas.axes(8.65, 3.85, 1.5, 0.11)
        panels.colour_bar(bar, SUPERPOSITION, [(0.0, "0"), (1.0, "≥ 1")], "superposition")
        seeds = int(rows.groupby("training_attack").size().min())
        note = f"Of {numbered(seeds, 'seeds')} the one with the lowest loss on clean samples; "
        note += "dashes are the others. Attacks follow columns of $W^T W$ of random features. Represented: norm above "
        note += f"{REPRESENTED_NORM:g}; in superposition: that, and superposition above {IN_SUPERPOSITION:g}."
        canvas.text(0.6, 3.7, _folded(note), fontsize=NOTE, color=MUTED, linespacing=1.35)
        return canvas.figure


def _folded(note: str) -> str:
    middle = note.index(". Attacks") + 2
    return f"{note[:middle]}\n{note[middle:]}"


def _curve(axes: Axes, rows: pd.DataFrame, best: pd.DataFrame, column: str, colour: str, name: str | None) -> None:
    axes.plot(rows["radius"], rows[column], "_", color=colour, markersize=9, alpha=0.45, zorder=1)
    axes.plot(best["radius"], best[column], "o-", color=colour, markersize=4.5, linewidth=1.5, label=name)
