"""Five features in the plane, the last of which varies in density: how the best models deform, and their losses.

Losses are expected ones, computed from the weights, so that models can be compared with the curves of theory.
"""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.patches import Circle
from matplotlib.ticker import FixedLocator, FuncFormatter, NullFormatter

from superposition.exact.functions import log, power
from superposition.exact.sums import total
from superposition.figures import panels
from superposition.figures.grids import Canvas
from superposition.figures.style import (
    DENSITY,
    FAINT,
    FEWER,
    HEADLINE,
    INK,
    MUTED,
    NOTE,
    PAPER,
    WHOLE_PENTAGON,
    WITHOUT_OTHER,
    WITHOUT_VARIED,
    theme,
)
from superposition.measures.thresholds import REPRESENTED_NORM
from superposition.readings.kinds import has_one_width, is_plain
from superposition.readings.planar import (
    PENTAGON,
    TRIANGLE,
    WITHOUT_ANOTHER,
    WITHOUT_LAST,
    Planar,
    shape,
    upright,
)
from superposition.readings.results import Tables
from superposition.readings.uneven_density import Sweep, by_relative_density, number_of
from superposition.theory.uneven_density import pentagons, square_without_another, square_without_last, triangle

COLOURS = {
    PENTAGON: WHOLE_PENTAGON,
    WITHOUT_LAST: WITHOUT_VARIED,
    WITHOUT_ANOTHER: WITHOUT_OTHER,
    TRIANGLE: FEWER,
}
NAMES = {
    PENTAGON: "pentagon",
    WITHOUT_LAST: "two digons,\nwithout the varied feature",
    WITHOUT_ANOTHER: "two digons,\nwithout another feature",
    TRIANGLE: "three features",
}
EXTENT = 1.3


def fits(tables: Tables) -> bool:
    """The last of five equally important features varies in density, that of the others stays the same."""
    if (tables.n_features, tables.n_hidden) != (5, 2) or set(tables.instances["model"]) != {"relu_output"}:
        return False
    number = tables.instances["instance"].to_numpy()
    density, importance = (tables.per_feature(column, number) for column in ("density", "importance"))
    return (
        bool((density[:, :-1] == density[0, 0]).all() and (importance == 1).all())
        and is_plain(tables)
        and has_one_width(tables)
        and len(np.unique(density[:, -1])) >= 3
    )


def figures(tables: Tables) -> dict[str, Figure]:
    sweep = by_relative_density(tables)
    density = float(tables.features_of(int(tables.instances["instance"].iloc[0]))["density"].iloc[0])
    return {"feature_vectors": feature_vectors(sweep, density), "losses": losses(sweep, density)}


def feature_vectors(sweep: Sweep, density: float) -> Figure:
    """The best model at each density, turned alike: on the left where that is two digons, on the right pentagons."""
    side, gap, left, top = 3.5, 0.5, 0.3, 0.62
    span = log(list(sweep))
    shade = {one: to_hex(DENSITY((log(one) - span[0]) / (span[-1] - span[0]))) for one in sweep}
    with theme():
        canvas = Canvas(2 * left + 2 * side + gap, top + side + 1.32)
        headings = ("Two digons, the varied feature at 0", "Pentagons, the varied feature upward")
        for place, (name, heading) in enumerate(zip((WITHOUT_LAST, PENTAGON), headings, strict=True)):
            axes = canvas.axes(left + place * (side + gap), top, side, side)
            chosen = {one: here[0] for one, here in sweep.items() if shape(here[0].norms) == name}
            _vectors(axes, [(_turned(model), shade[one]) for one, model in chosen.items()])
            if name == PENTAGON and chosen:
                _marks(axes, density, np.array(list(chosen)))
            canvas.text(left + place * (side + gap) + side / 2, 0.12, heading, ha="center", fontsize=HEADLINE)
            within = f"at {min(chosen):.2g} to {max(chosen):.2g} times the others' density" if chosen else "never best"
            canvas.text(left + place * (side + gap) + side / 2, 0.36, within, ha="center", fontsize=NOTE, color=MUTED)
        bar = canvas.axes(left + 0.2, top + side + 0.35, 2.4, 0.11)
        ticks = [(float((log(one) - span[0]) / (span[-1] - span[0])), f"{one:.3g}") for one in _decades(sweep)]
        panels.colour_bar(bar, DENSITY, ticks, "density of the varied feature over that of the others")
        models_found, each = sum(len(models) for models in sweep.values()), len(next(iter(sweep.values())))
        pentagon, digons = (number_of(sweep, name) for name in (PENTAGON, WITHOUT_LAST))
        for line, text in enumerate(
            (
                f"Best of {each} models at each density; of all {models_found}, {pentagon} are pentagons and {digons} "
                "two digons without the varied feature.",
                "The circle has radius 1. Crosses: the exact optimum, at the lowest, equal and the highest density.",
            )
        ):
            canvas.text(left + 0.2, top + side + 0.82 + 0.17 * line, text, fontsize=NOTE, color=MUTED)
        return canvas.figure


def losses(sweep: Sweep, density: float) -> Figure:
    relative = np.array(list(sweep))
    curves = {
        WITHOUT_LAST: square_without_last(density, density * relative),
        WITHOUT_ANOTHER: square_without_another(density, density * relative),
        TRIANGLE: triangle(density, density * relative),
        PENTAGON: np.array([_loss(found.W, found.loss) for found in pentagons(density, density * relative)]),
    }
    width, height, left, top = 4.9, 3.4, 0.8, 0.5
    with theme():
        canvas = Canvas(left + width + 2.1, top + height + 0.95)
        canvas.text(left, 0.14, "Loss of each geometry", fontsize=HEADLINE, color=INK)
        axes = canvas.axes(left, top, width, height)
        for name, curve in curves.items():
            axes.plot(relative, 1e3 * curve, color=COLOURS[name], linewidth=1.4, zorder=2)
            found = [(one, model.loss) for one, here in sweep.items() for model in here if shape(model.norms) == name]
            if found:
                x, y = np.array(found).T
                axes.plot(x, 1e3 * y, "o", markersize=3.6, color=COLOURS[name], markeredgecolor=PAPER,
                          markeredgewidth=0.4, linestyle="none", zorder=3, clip_on=True)  # fmt: skip
        switch = _crossing(relative, log(curves[WITHOUT_LAST] / curves[PENTAGON]))
        if switch is not None:
            axes.axvline(switch, color=MUTED, linewidth=0.9, linestyle=(0, (4, 3)), zorder=1)
            said = f"{switch:.2f}\n({1 / switch:.1f} times less)"
            axes.text(switch * 1.06, 7.75, said, fontsize=NOTE, color=MUTED, va="top")
        axes.set_xscale("log")
        axes.set(xlim=(relative[0] * 0.93, relative[-1] * 1.07), ylim=(0, 8), ylabel="loss × 1000")
        axes.set_xlabel("density of the varied feature over that of the others")
        axes.xaxis.set_major_locator(FixedLocator(_decades(sweep)))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:g}"))
        axes.xaxis.set_minor_formatter(NullFormatter())
        axes.spines[["top", "right"]].set_visible(False)
        for line, (name, colour) in enumerate(COLOURS.items()):
            canvas.key(left + width + 0.2, top + 0.15 + 0.62 * line, [(colour, "")])
            said = f"{NAMES[name]}\n{number_of(sweep, name)} models"
            canvas.text(left + width + 0.42, top + 0.12 + 0.62 * line, said, fontsize=NOTE)
        canvas.text(left + width + 0.2, top + 2.75, "dots: trained models\nlines: theory", fontsize=NOTE, color=MUTED)
        note = "Expected loss, mean over features. Dashed: where theory's pentagon and two digons are equally good."
        canvas.text(left, top + height + 0.55, note, fontsize=NOTE, color=MUTED)
        return canvas.figure


def _loss(W: np.ndarray, loss: float) -> float:
    """NaN where the minimisation has left the pentagon."""
    return loss if shape(np.sqrt(total(W * W, axis=0))) == PENTAGON else np.nan


def _turned(model: Planar) -> np.ndarray:
    """The varied feature upward, on whose right is the one of the lower number; without it, a digon upright."""
    return upright(model.W, model.W[:, -1] if model.norms[-1] > REPRESENTED_NORM else model.W[:, 0])


def _vectors(axes: Axes, shown: list[tuple[np.ndarray, str]]) -> None:
    axes.add_patch(Circle((0, 0), 1, facecolor="none", edgecolor=FAINT, linewidth=1, zorder=0))
    for W, colour in shown:
        ends = [np.stack([np.zeros(2), end]) for end in W.T]
        axes.add_collection(LineCollection(ends, colors=colour, linewidths=1.1, zorder=2))
        axes.plot(*W, "o", color=colour, markersize=5, markeredgecolor=PAPER, markeredgewidth=0.5, zorder=3)
    axes.set(xlim=(-EXTENT, EXTENT), ylim=(-EXTENT, EXTENT), aspect="equal", xticks=[], yticks=[])
    axes.spines[:].set_visible(False)


def _marks(axes: Axes, density: float, relative: np.ndarray) -> None:
    """Where the exact optimum has each feature at the ends and at equal densities."""
    found = pentagons(density, density * relative)
    for place in (0, int(np.argmin(np.abs(log(relative)))), len(relative) - 1):
        W = found[place].W
        axes.plot(*upright(W, W[:, -1]), "+", color=INK, markersize=7, markeredgewidth=0.9, zorder=4)


def _crossing(x: np.ndarray, sign: np.ndarray) -> float | None:
    """Where it turns from negative to positive, on a logarithmic axis."""
    for place in range(len(x) - 1):
        if sign[place] < 0 <= sign[place + 1]:
            share = -sign[place] / (sign[place + 1] - sign[place])
            return float(x[place] * power(x[place + 1] / x[place], share))
    return None


def _decades(sweep: Sweep) -> list[float]:
    low, high = min(sweep), max(sweep)
    return [tick for k in range(-4, 5) if low * 0.999 <= (tick := float(f"1e{k}")) <= high * 1.001]
