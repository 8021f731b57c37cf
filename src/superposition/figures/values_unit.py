"""Features that are represented in one and in two dimensions, over density, with values of one law; their vectors."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from superposition.figures import panels
from superposition.figures.densities import density_axis, said
from superposition.figures.grids import Canvas, wrapped
from superposition.figures.points import spread_out
from superposition.figures.style import IN_ONE, IN_TWO, MUTED, NOTE, SUBTITLE, THEORY, theme
from superposition.readings.results import NotInThisRun, Tables
from superposition.readings.solutions import importance_ratios
from superposition.readings.value_laws import Sweep, digons_begin, law_of, sweeps
from superposition.verdicts import numbered

WIDTHS = (1, 2)
SHOWN = 6  # densities, with vectors
EXTENT = 1.35


def fits(tables: Tables) -> bool:
    """Models of one law of positive values in one and two dimensions, at several densities."""
    own = tables.instances
    if own["values"].nunique() != 1 or set(own["n_hidden"]) != set(WIDTHS) or own["sparsity"].nunique() < len(WIDTHS):
        return False
    try:
        for m in WIDTHS:
            sweeps(tables, _values(tables), m, _ratio(tables))
        law_of(_values(tables))
    except (NotInThisRun, ValueError):
        return False
    return True


def figures(tables: Tables) -> dict[str, Figure]:
    return {"laws": _laws(tables)}


def _laws(tables: Tables) -> Figure:
    values, ratio = _values(tables), _ratio(tables)
    found = {m: sweeps(tables, values, m, ratio) for m in WIDTHS}
    begin = digons_begin(law_of(values), ratio)
    plane = found[2][0]
    shown = [list(plane)[k] for k in spread_out(len(plane), SHOWN)]
    side, gap, left = 1.5, 0.15, 0.6
    with theme():
        width = left + SHOWN * (side + gap) + 0.35
        where = f"at density {begin:.2g} (dashed)" if begin < 1 else "at any density"
        notes = wrapped(
            [
                f"Values: {values}. Of {numbered(len(found[1]), 'seeds')} the one with the lowest loss; "
                f"dashes: the others. In "
                f"theory two features begin to share one dimension {where}. Below, vectors in two dimensions; the "
                "circle has radius 1."
            ],
            width - 2 * left,
        )
        canvas = Canvas(width, 3.15 + side + 0.45 + 0.16 * len(notes))
        counts = canvas.axes(left, 0.4, width - left - 0.4, 1.95)
        for m, colour in zip(WIDTHS, (IN_ONE, IN_TWO), strict=True):
            _counts(counts, found[m], colour, f"{m} dimension{'s' * (m > 1)}")
        if begin < 1:
            counts.axvline(begin, color=THEORY, linewidth=1, linestyle=(0, (4, 2)), zorder=0)
        density_axis(counts, list(plane))
        counts.set(ylim=(-0.2, tables.n_features + 0.4), yticks=range(tables.n_features + 1))
        counts.set_title("features represented", loc="left")
        counts.legend(loc="lower right")
        top = 3.1
        for place, density in enumerate(shown):
            model, start = plane[density], left + place * (side + gap)
            canvas.text(start + side / 2, top - 0.04, said(density), ha="center", va="bottom", fontsize=SUBTITLE)
            importance = tables.features_of(int(tables.instances["instance"].iloc[0]))["importance"].to_numpy()
            colours = panels.importance_colours(importance, float(importance.min()), float(importance.max()))
            extent = max(EXTENT, 1.1 * float(np.abs(model.W).max()))
            panels.feature_vectors(canvas.axes(start, top, side, side), model.W, colours, extent)
            text = f"biases {model.b.min():+.2f} to {model.b.max():+.2f}"
            canvas.text(start + side / 2, top + side + 0.02, text, ha="center", fontsize=NOTE, color=MUTED)
        for line, note in enumerate(notes):
            canvas.text(left, top + side + 0.35 + 0.16 * line, note, fontsize=NOTE, color=MUTED)
        return canvas.figure


def _counts(axes: Axes, ranks: list[Sweep], colour: str, name: str) -> None:
    best = ranks[0]
    axes.plot(list(best), [model.represented for model in best.values()], "o-", color=colour, markersize=4.5,
              linewidth=1.5, label=name)  # fmt: skip
    for sweep in ranks[1:]:
        axes.plot(list(sweep), [model.represented for model in sweep.values()], "_", color=colour, markersize=8,
                  alpha=0.45, zorder=1)  # fmt: skip


def _values(tables: Tables) -> str:
    return str(tables.instances["values"].iloc[0])


def _ratio(tables: Tables) -> float:
    return float(importance_ratios(tables, tables.instances["instance"].to_numpy()[:1])[0])
