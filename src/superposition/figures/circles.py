"""Directions in the plane, of features on a ring and of independent ones, and how much of the data they have."""

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from superposition.exact.sums import mean
from superposition.figures import panels
from superposition.figures.grids import Canvas, wrapped
from superposition.figures.style import AROUND, CHANCE, INK, MUTED, NOTE, theme
from superposition.readings.circles import Model, has_circles, models
from superposition.readings.results import Tables

PLANE = 2
MAX_FEATURES = 60


def fits(tables: Tables) -> bool:
    """Some models are in the plane, where directions can be drawn."""
    return (
        has_circles(tables) and PLANE in set(tables.instances["n_hidden"]) and tables.n_features <= MAX_FEATURES
    ) and all(models(tables)[PLANE].values())


def figures(tables: Tables) -> dict[str, Figure]:
    return {"directions": _directions(tables)}


def _directions(tables: Tables) -> Figure:
    found = models(tables)
    ring, alone = found[PLANE][True], found[PLANE][False]
    with theme():
        width = 10.4
        in_order = sum(bool(model.is_in_order) for model in ring)
        notes = wrapped(
            [
                f"Left and middle: $W$ of the models with the lowest loss in two dimensions; features are coloured by "
                f"their place on the ring, of independent ones by their number; the circle has radius 1. In {in_order} "
                f"of {len(ring)} models of ring data directions are in the order of the ring. Right: correlation over "
                "pairs of features of $W_i\\cdot{W_j}$ with their covariance in the data, a circle for each model of "
                "ring data and a line through the means; 1 is the most.",
            ],
            width - 1.0,
        )
        canvas = Canvas(width, 3.75 + 0.16 * len(notes))
        planes = [canvas.axes(0.4 + 3.05 * k, 0.4, 2.6, 2.6) for k in range(2)]
        extent = max(1.05, *(1.15 * float(abs(own[0].W).max()) for own in (ring, alone)))
        for axes, own, title in zip(planes, (ring, alone), ("on a ring", "independent"), strict=True):
            n = own[0].W.shape[1]
            panels.feature_vectors(axes, own[0].W, [AROUND(i / n) for i in range(n)], extent)
            axes.set_title(title, loc="left")
        _agreement(canvas.axes(7.3, 0.4, 2.6, 2.6), {m: own[True] for m, own in found.items()})
        for line, note in enumerate(notes):
            canvas.text(0.4, 3.6 + 0.16 * line, note, fontsize=NOTE, color=MUTED)
        return canvas.figure


def _agreement(axes: Axes, found: dict[int, list[Model]]) -> None:
    widths = [m for m, own in found.items() if own]
    numbers = {m: [model.agreement for model in found[m]] for m in widths}
    for m, own in numbers.items():
        axes.plot([m] * len(own), own, "o", color=CHANCE, markersize=4, zorder=1)
    axes.plot(widths, [float(mean(own)) for own in numbers.values()], "o-", color=INK, markersize=4.5, linewidth=1.5)
    lowest = min(min(own) for own in numbers.values())
    axes.set(xlabel="hidden dimensions $m$", ylim=(min(-0.05, 1.1 * lowest), 1.05))
    axes.set_xticks(widths, [str(m) for m in widths])
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_title("agreement with the data", loc="left")
    axes.spines[["top", "right"]].set_visible(False)
