"""Losses that come to rest at the levels of polygons, where training ends, and the polygons (Chen et al. 2023)."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Polygon
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter, NullLocator

from superposition.exact.sums import mean, total
from superposition.figures import panels
from superposition.figures.grids import Canvas
from superposition.figures.style import FAINT, INK, MUTED, NAME, NOTE, POLYGONS, SHARED_CORNER, SUBTITLE, theme
from superposition.measures.thresholds import REPRESENTED_NORM
from superposition.readings.planar import upright
from superposition.readings.plateaus import OFF, losses_of, plateaus, polygon_of
from superposition.readings.results import Tables
from superposition.readings.solutions import solution
from superposition.theory.angles import cosines
from superposition.theory.polygon_levels import Level, level, shared_corner, weights
from superposition.verdicts import numbered

NAMES = {0: "no weights", 3: "triangle", 4: "square", 5: "pentagon", 6: "hexagon", 7: "heptagon", 8: "octagon"}
FIRST = 10  # step at which the axis begins: biases have their means by then
FEWEST = 4  # corners that are drawn: fewer leave too many features out to be where training ends
SIDE, GAP, LEFT = 2.05, 0.3, 0.75
EXTENT = 1.45  # of panels, a little more than the radius of a hexagon

Panel = tuple[str, str, np.ndarray, np.ndarray | None]  # title, what is said below, W, the regular polygon


def fits(tables: Tables) -> bool:
    """Models in the plane with one active feature at a time, of which all polygons have a name."""
    own = tables.instances
    return (
        set(own["model"]) == {"relu_output"}
        and set(own["n_hidden"]) == {2}
        and set(own["sets"]) == {"anticorrelated"}
        and set(own["set_size"]) == {tables.n_features}
        and set(own["sparsity"]) == {0.0}
        and set(own["values"]) == {"unit"}
        and len(tables.features["importance"].unique()) == 1
        and int(tables.history["step"].max()) > FIRST
        and FEWEST < tables.n_features <= max(NAMES)
        and not tables.trajectories.empty
    )


def figures(tables: Tables) -> dict[str, Figure]:
    return {"levels": _levels(tables)}


def _levels(tables: Tables) -> Figure:
    n = tables.n_features
    levels = [level(k, n) for k in range(FEWEST, n + 1)]
    order = tables.instances.sort_values("rank", kind="stable")
    ends = {int(row["instance"]): polygon_of(solution(tables, row), levels) for _, row in order.iterrows()}
    curves_width, bars_width, height = 5.4, 1.5, 3.3
    with theme():
        canvas = Canvas(LEFT + curves_width + 1.55 + bars_width + 0.45, 0.2 + height + 0.85 + SIDE + 1.12)
        curves = canvas.axes(LEFT, 0.2, curves_width, height)
        bars = canvas.axes(LEFT + curves_width + 1.55, 0.2, bars_width, height)
        _curves(curves, tables, ends, levels)
        _ends(bars, ends, levels)
        top = 0.2 + height + 0.85
        finals = [(_final(tables, at, ends), POLYGONS[at.corners]) for at in levels[-3:]]
        drawn = [(panel, colour) for panel, colour in [*finals, (_on_the_way(tables), SHARED_CORNER)] if panel]
        for place, ((title, said, W, regular), colour) in enumerate(drawn):
            left = LEFT - 0.35 + place * (SIDE + GAP)
            canvas.text(left + SIDE / 2, top - 0.04, title, ha="center", va="bottom", fontsize=SUBTITLE)
            _polygon(canvas.axes(left, top, SIDE, SIDE), W, regular, colour)
            canvas.text(left + SIDE / 2, top + SIDE + 0.03, said, ha="center", fontsize=NOTE, color=MUTED)
        for line, note in enumerate(_notes(n)):
            canvas.text(LEFT - 0.35, canvas.height - 0.6 + 0.17 * line, note, fontsize=NOTE, color=MUTED)
        return canvas.figure


def _curves(axes: Axes, tables: Tables, ends: dict[int, Level | None], levels: list[Level]) -> None:
    """The loss of every seed, in the colour of the polygon that it ends as, over all levels."""
    n = tables.n_features
    for instance, at in reversed(ends.items()):
        colour = POLYGONS[at.corners] if at else FAINT
        axes.plot(*losses_of(tables, instance), color=colour, linewidth=0.8, alpha=0.55, zorder=2)
    start, shared = level(0, n), shared_corner(n).loss
    lines = [(at.loss, POLYGONS.get(at.corners, MUTED), NAMES[at.corners]) for at in [start, *levels]]
    for height, colour, name in [*lines, (shared, SHARED_CORNER, "shared corner")]:
        dashes = (1, 2) if height == shared else (4, 3)
        axes.axhline(height, color=colour, linewidth=1, linestyle=(0, dashes), zorder=3)
        axes.annotate(
            f"{name} {height:.4f}", (1, height), xycoords=("axes fraction", "data"), xytext=(5, 0),
            textcoords="offset points", va="center", color=colour, fontsize=NAME,
        )  # fmt: skip
    axes.set(xscale="log", xlim=(FIRST, tables.history["step"].max()), xlabel="step", ylabel="held-out loss")
    axes.xaxis.set_major_locator(LogLocator(subs=(1,)))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda step, _: f"{step:,.0f}".replace(",", "\u202f")))
    _same_scale(axes, levels, start.loss)
    axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda loss, _: f"{loss:g}"))


def _ends(axes: Axes, ends: dict[int, Level | None], levels: list[Level]) -> None:
    """How many seeds end at each level, at its height."""
    ratio = 1.045  # of a bar's upper edge to its middle: narrower than the distance of any two levels
    for at in levels:
        count = sum(end is at for end in ends.values())
        low, high = at.loss / ratio, at.loss * ratio
        axes.fill_betweenx([low, high], 0, count, color=POLYGONS[at.corners], linewidth=0)
        axes.annotate(
            str(count), (count, at.loss), xytext=(4, 0), textcoords="offset points", va="center", color=INK,
            fontsize=NAME,
        )  # fmt: skip
    axes.set(xlim=(0, 1.15 * len(ends)), xlabel=f"of {numbered(len(ends), 'seeds')}, at the end")
    _same_scale(axes, levels, level(0, len(levels) + FEWEST - 1).loss)
    axes.yaxis.set_major_locator(NullLocator())


def _same_scale(axes: Axes, levels: list[Level], start: float) -> None:
    axes.set_yscale("log")
    axes.set_ylim(0.9 * min(at.loss for at in levels), 1.25 * start)
    axes.yaxis.set_minor_formatter(NullFormatter())
    axes.yaxis.set_minor_locator(NullLocator())
    axes.spines[["top", "right"]].set_visible(False)


def _final(tables: Tables, at: Level, ends: dict[int, Level | None]) -> Panel | None:
    """The best seed that ends at this level, over the regular polygon."""
    own = [instance for instance, end in ends.items() if end is at]
    if not own:
        return None
    features, W = tables.features_of(own[0]), tables.weights_of(own[0])
    corners = features["norm"].to_numpy() > REPRESENTED_NORM
    radius, bias = (float(mean(features[column].to_numpy()[corners])) for column in ("norm", "bias"))
    said = f"$r$ {radius:.3f}, $b$ {_signed(bias)}\ntheory: {at.radius:.3f}, {_signed(at.bias)}"
    regular = weights(at, tables.n_features)[0][:, : at.corners]
    top = W[:, corners][:, 0]
    return f"{NAMES[at.corners]}, in the end", said, upright(W, top), upright(regular, regular[:, 0])


def _on_the_way(tables: Tables) -> Panel | None:
    """The seed that stays the longest at the saddle with a shared corner, halfway through, that corner on top."""
    saddle = shared_corner(tables.n_features).loss
    there = [
        (plateau.last / plateau.first, int(instance), plateau)
        for instance in tables.instances["instance"]
        for plateau in plateaus(*losses_of(tables, int(instance)))
        if abs(plateau.loss / saddle - 1) <= OFF
    ]
    if not there:
        return None
    _, instance, plateau = max(there, key=lambda one: one[:2])
    steps, path = tables.trajectory_of(instance)
    W = path[steps.tolist().index(plateau.middle)]
    pair = np.unravel_index(np.argmax(cosines(W) - np.eye(W.shape[1])), (W.shape[1],) * 2)
    said = f"loss {plateau.loss:.4f}\nfrom step {plateau.first} to {plateau.last}"
    return f"shared corner, step {plateau.middle}", said, upright(W, total(W[:, pair], axis=1)), None


def _polygon(axes: Axes, W: np.ndarray, regular: np.ndarray | None, colour: str) -> None:
    panels.feature_vectors(axes, W, [colour] * W.shape[1], EXTENT)
    if regular is not None:
        axes.add_patch(Polygon(regular.T, facecolor="none", edgecolor=MUTED, linewidth=0.9, linestyle=(0, (4, 3))))


def _notes(n_features: int) -> list[str]:
    return [
        "Above, all seeds, in the colour of the regular polygon that they end as, by loss and by shape. Dashed: the "
        f"least losses of these among {n_features} features.",
        f"Dotted: a saddle, at which two features share a corner of a {NAMES[n_features - 1]}. Below, the best seed "
        "that ends as each polygon, over theory's,",
        "and the seed that stays at the saddle the longest. $r$: radius, $b$: bias of the corners.",
    ]


def _signed(number: float) -> str:
    return f"{number:.3f}".replace("-", "−")
