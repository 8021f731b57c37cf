"""Features in correlated and anti-correlated sets: vectors in the plane with set-mates in one colour, and dot products
of two local bases.
"""

from math import sqrt

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle
from scipy.optimize import linear_sum_assignment

from superposition.exact.functions import arccos, degrees, hypot
from superposition.exact.sums import dot, mean
from superposition.figures import panels
from superposition.figures.grids import Canvas
from superposition.figures.points import density_name
from superposition.figures.style import (
    FAINT,
    HEADLINE,
    INK,
    MUTED,
    NAME,
    NOTE,
    PAPER,
    SETS,
    SIGNED,
    SUBTITLE,
    TEXT,
    theme,
)
from superposition.measures.thresholds import REPRESENTED_NORM
from superposition.readings.pairs import PARTNER, are_at_right_angles, are_opposite, is_hexagon_of_pairs, state_of_pairs
from superposition.readings.planar import Planar, collapsed, gaps_between_pairs, models, pair_cosines, upright
from superposition.readings.results import Tables
from superposition.verdicts import numbered

SHOWN = 5  # single models, as in the paper
EXTENT = 1.3
HEXAGON = 0.05  # density of the single models that are drawn, or the nearest one
DENSEST_OF_CONTROL = 0.1  # beyond it independent features are no longer all represented


def fits_in_the_plane(tables: Tables) -> bool:
    """Up to three sets of two features each, in two dimensions."""
    return (
        set(tables.instances["n_hidden"]) == {2}
        and set(tables.instances["values"]) == {"unit"}
        and tables.instances["importance_curve"].nunique() == 1
        and 4 <= tables.n_features <= 2 * len(SETS)
        and set(tables.instances["model"]) == {"relu_output"}
        and set(tables.instances["set_size"]) <= {1, 2}
        and set(tables.instances["sets"]) <= {"independent", "correlated", "anticorrelated"}
        and set(tables.instances["sets"]) != {"independent"}
        and bool(tables.instances["sparsity"].notna().all())
    )


def fits_pairs(tables: Tables) -> bool:
    """Some of them correlated, to be drawn from dense to sparse."""
    return fits_in_the_plane(tables) and "correlated" in set(tables.instances["sets"])


def fits_bases(tables: Tables) -> bool:
    """One set of points: two correlated sets that fill the features, few enough to be told apart."""
    return (
        set(tables.instances["sets"]) == {"correlated"}
        and set(2 * tables.instances["set_size"]) == {tables.n_features}
        and len(tables.best) == 1
        and tables.n_features <= 60
    )


def two_sets(tables: Tables) -> dict[str, Figure]:
    rows = [(str(sets), float(s)) for sets, s in tables.best[["sets", "density"]].itertuples(index=False)]
    return {"five_models": five_models(tables, sorted(rows, key=lambda row: (row[0] != "correlated", row[1])))}


def three_sets(tables: Tables) -> dict[str, Figure]:
    """The single models at the sparsest densities that were asked for in the paper's text, and the best at each."""
    own = tables.best[tables.best["sets"] == "correlated"].sort_values("sparsity", kind="stable")
    hexagon = min(own["density"], key=lambda density: abs(density - HEXAGON))
    rows = [("correlated", float(hexagon))]
    control = sorted(set(tables.best[tables.best["sets"] == "independent"]["density"]))
    rows += [("independent", s) for s in control if s <= DENSEST_OF_CONTROL * 1.001]
    return {"five_models": five_models(tables, rows), "collapse": collapse(tables, own)}


def five_models(tables: Tables, rows: list[tuple[str, float]]) -> Figure:
    """The first models at each point, whatever their loss."""
    side, gap, left, heading, caption = 1.75, 0.12, 0.3, 0.34, 0.5
    pitch = heading + side + caption
    with theme():
        canvas = Canvas(2 * left + SHOWN * (side + gap), 0.1 + len(rows) * pitch + 0.45)
        for row, (sets, density) in enumerate(rows):
            found = _models(tables, sets, density)
            top = 0.1 + row * pitch
            best = f"{_alike(found, sets)} of {len(found)} models"
            said = f"{_set_name(sets)}, {density_name(density)}"
            canvas.text(left, top, said, fontsize=HEADLINE)
            canvas.text(
                left + 2.9, top + 0.02, f"{_claimed(sets, tables.n_features)} in {best}", fontsize=NAME, color=MUTED
            )
            for place, model in enumerate(sorted(found, key=lambda one: one.seed)[:SHOWN]):
                axes = canvas.axes(left + place * (side + gap), top + heading, side, side)
                _plane(axes, _turned(model.W), sets, circles=(1.0,))
                middle = left + place * (side + gap) + side / 2
                excess = model.loss / found[0].loss - 1 if found[0].loss > 1e-7 else model.loss / 1e-7 - 1
                own = "the least loss" if excess < 0.02 else f"loss {model.loss:.2g}"
                lines = f"{_described(model, sets)}\n{own}"
                canvas.text(middle, top + heading + side + 0.02, lines, ha="center", fontsize=NOTE, color=MUTED)
        foot = canvas.height - 0.3
        _key(canvas, left, foot, tables.n_features // 2)
        note = "The first five models each. The circle has radius 1."
        canvas.text(left + 0.75 + 0.75 * (tables.n_features // 2), foot, note, fontsize=NOTE, color=MUTED)
        return canvas.figure


def collapse(tables: Tables, points: pd.DataFrame) -> Figure:
    """The best model at each density, from dense to sparse."""
    side, gap, left, heading, caption, per_row = 1.75, 0.12, 0.3, 0.3, 0.6, 5
    pitch = heading + side + caption
    rows = -(-len(points) // per_row)
    with theme():
        canvas = Canvas(2 * left + per_row * (side + gap), 0.45 + rows * pitch + 0.65)
        canvas.text(
            left, 0.1, "Correlated pairs, from the most like principal components to a hexagon", fontsize=HEADLINE
        )
        for place, density in enumerate(points["density"].tolist()):
            found = _models(tables, "correlated", density)
            x, top = left + (place % per_row) * (side + gap), 0.45 + (place // per_row) * pitch
            canvas.text(x + side / 2, top + 0.06, density_name(density), ha="center", fontsize=SUBTITLE)
            axes = canvas.axes(x, top + heading, side, side)
            _plane(axes, _turned(found[0].W), "correlated", circles=(1.0, sqrt(0.5)))
            state = state_of_pairs(found[0])
            agreeing = sum(state_of_pairs(one) == state for one in found)
            how = f"{state} collapsed" if state in ("none", "one", "two") else state
            how = _gaps(found[0].W) if state.startswith("three") else how
            lines = f"{how}\n({agreeing} of {numbered(len(found), 'seeds')} alike)"
            canvas.text(x + side / 2, top + heading + side + 0.02, lines, ha="center", fontsize=NOTE, color=MUTED)
        foot = canvas.height - 0.48
        _key(canvas, left, foot, tables.n_features // 2)
        circles = (
            "Circles: radius 1 and, of collapsed pairs, $1/\\sqrt{2}$, the share of (a + b)/$\\sqrt{2}$ that a has."
        )
        canvas.text(left + 0.75 + 0.75 * (tables.n_features // 2), foot, circles, fontsize=NOTE, color=MUTED)
        note = "The model with the lowest expected loss at each density. Features that coincide are drawn side by side."
        canvas.text(left, foot + 0.2, note, fontsize=NOTE, color=MUTED)
        return canvas.figure


def bases(tables: Tables) -> dict[str, Figure]:
    """W^T W of the best model, each feature of the second set in the place of its partner in the first."""
    best = tables.best.iloc[0]
    gram, size = tables.gram_of(int(best["instance"])), int(best["set_size"])
    partner = linear_sum_assignment(gram[:size, size:])[1]
    order = np.concatenate([np.arange(size), size + partner])
    gram = gram[np.ix_(order, order)]
    off = ~np.eye(size, dtype=bool)
    within = np.abs(np.concatenate([gram[:size, :size][off], gram[size:, size:][off]]))
    across = gram[:size, size:]
    partnered = np.count_nonzero((across < PARTNER).any(axis=1))
    side, left, top = 4.2, 0.75, 0.75
    with theme():
        canvas = Canvas(left + side + 2.9, top + side + 0.85)
        canvas.text(
            left,
            0.12,
            f"$W^T W$: two sets of {size} correlated features in {tables.n_hidden} dimensions",
            fontsize=HEADLINE,
        )
        axes = canvas.axes(left, top, side, side)
        panels.matrix(axes, gram)
        panels.feature_ticks(axes, order.tolist()[:size] + list(range(size, 2 * size)))
        axes.axhline(size, color=INK, linewidth=1.1)
        axes.axvline(size, color=INK, linewidth=1.1)
        for block in (0, 1):
            canvas.text(left + side * (0.25 + 0.5 * block), top - 0.06, f"set {block + 1}", ha="center", va="bottom")
            middle = top + side * (0.25 + 0.5 * block)
            canvas.text(left - 0.42, middle, f"set {block + 1}", ha="center", va="center", rotation=90)
        right = left + side + 0.25
        facts = (
            f"within sets\n|dot product| {float(mean(within)):.3f} on average,\n{within.max():.3f} at most",
            f"across sets\n{partnered} of {size} features have a partner\nat < −{-PARTNER:g}, "
            f"the others are\n{float(mean(np.abs(across[across > PARTNER]))):.2f} in size on average",
            f"squared norms\n{np.diagonal(gram).min():.2f} to {np.diagonal(gram).max():.2f}",
        )
        for line, (fact, place) in enumerate(zip(facts, (0.1, 0.95, 2.0), strict=True)):
            canvas.text(right, top + place, fact, fontsize=TEXT, color=INK if line == 0 else MUTED, linespacing=1.3)
        bar = canvas.axes(left, top + side + 0.35, 1.7, 0.11)
        panels.colour_bar(bar, SIGNED, [(0.0, "−1"), (0.5, "0"), (1.0, "1")], r"$W^T W$")
        note = f"Best of {len(tables.instances)} models. Set 2 is in the order\nof its partners in set 1."
        canvas.text(left + 2.2, top + side + 0.22, note, fontsize=NOTE, color=MUTED)
        return {"dot_products": canvas.figure}


def _models(tables: Tables, sets: str, density: float) -> list[Planar]:
    instances = tables.instances
    return models(tables, instances[(instances["sets"] == sets) & (instances["density"] == density)])


def _turned(W: np.ndarray) -> np.ndarray:
    """The first pair's mean direction upward, or its first feature, if they are opposite."""
    both = W[:, 0] + W[:, 1]
    top = both if float(dot(both, both)) > 0.1 else W[:, 0]
    return upright(W, top)


def _plane(axes: Axes, W: np.ndarray, sets: str, circles: tuple[float, ...]) -> None:
    """Vectors; two that coincide are drawn a little apart."""
    for radius in circles:
        axes.add_patch(Circle((0, 0), radius, facecolor="none", edgecolor=FAINT, linewidth=1, zorder=0))
    together = collapsed(W) if sets == "correlated" else np.zeros(W.shape[1] // 2, dtype=bool)
    for feature, (x, y) in enumerate(W.T):
        pair = feature // 2
        colour = MUTED if sets == "independent" else SETS[pair]
        shift = np.zeros(2)
        if together[pair] and (length := float(hypot(x, y))) > 0:
            other = W[:, feature ^ 1]
            side = 1 if x * other[1] - y * other[0] < 0 or (feature % 2 and (W[:, feature] == other).all()) else -1
            shift = 0.045 * side * np.array([-y, x]) / length
        axes.plot([shift[0], x + shift[0]], [shift[1], y + shift[1]], color=colour, linewidth=2, solid_capstyle="round")
        axes.plot(x + shift[0], y + shift[1], "o", color=colour, markersize=6.5, markeredgecolor=PAPER, zorder=3)
    axes.set(xlim=(-EXTENT, EXTENT), ylim=(-EXTENT, EXTENT), aspect="equal", xticks=[], yticks=[])
    axes.spines[:].set_visible(False)


def _key(canvas: Canvas, left: float, top: float, sets: int) -> None:
    canvas.key(left, top, [(SETS[number], f"set {number + 1}") for number in range(sets)])


def _set_name(sets: str) -> str:
    return {"independent": "Independent features", "correlated": "Correlated pairs"}.get(sets, "Anti-correlated pairs")


def _claimed(sets: str, n_features: int) -> str:
    if sets == "independent":
        return "all features represented"
    if sets == "anticorrelated":
        return "set-mates opposite"
    return "set-mates at right angles" if n_features == 4 else "a hexagon, set-mates side by side,"


def _alike(found: list[Planar], sets: str) -> int:
    """How many models show what is claimed."""
    if sets == "independent":
        return sum(bool((one.norms > REPRESENTED_NORM).all()) for one in found)
    if sets == "anticorrelated":
        return sum(are_opposite(one.W) for one in found)
    if found[0].W.shape[1] == 4:
        return sum(are_at_right_angles(one.W) for one in found)
    return sum(is_hexagon_of_pairs(one) for one in found)


def _described(model: Planar, sets: str) -> str:
    if sets == "independent":
        return f"{np.count_nonzero(model.norms > REPRESENTED_NORM)} represented"
    angles = degrees(arccos(np.clip(pair_cosines(model.W), -1, 1)))
    return "set-mates at " + ", ".join(f"{angle:.0f}" for angle in angles) + "°"


def _gaps(W: np.ndarray) -> str:
    return "all collapsed, " + ", ".join(f"{gap:.0f}" for gap in np.sort(gaps_between_pairs(W), kind="stable")) + "°"
