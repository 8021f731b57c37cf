"""The figures of "The Geometry of Superposition": dimensions over sparsity, and the shapes that features form."""

from collections.abc import Sequence
from itertools import count
from math import ceil, sqrt

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure

from superposition.exact.functions import PI, cos, exp, hypot, log, sin
from superposition.exact.sums import matmul, total
from superposition.figures import adversarial, compression, frames
from superposition.figures.densities import sparsity_axis
from superposition.figures.grids import Canvas
from superposition.figures.style import CURVE, FAINT, GUIDE, INK, MUTED, NAMELESS, NOTE, POLYTOPES, TITLE, theme
from superposition.measures.thresholds import REPRESENTED_NORM
from superposition.readings.polytopes import INTERFERENCE, Component, components, counts
from superposition.readings.results import Tables
from superposition.theory.dimensions import READ_OFF
from superposition.theory.polytopes import NAMED
from superposition.verdicts import numbered

ABSENT_NORM = 0.1  # shorter features are left out of the scatter: thousands of points on the line at 0
INSETS = (1.26, 1.68, 2.8, 4.3, 4.95, 9.1)  # 1 / (1 - S) of the graphs in the paper's figure
PLURALS = {"tetrahedron": "tetrahedra"}
FRACTIONS = {1.0: "1", 0.75: "3/4", 2 / 3: "2/3", 0.5: "1/2", 0.4: "2/5", 0.375: "3/8"}
GOLDEN_ANGLE = PI * (3 - sqrt(5))
SPIRAL = 256  # places that are tried at a time


def fits(tables: Tables) -> bool:
    """One model over several sparsities."""
    best = tables.best
    return (
        len(best["model"].unique()) == 1
        and len(best["importance_curve"].unique()) == 1
        and bool(best["density"].notna().all())
        and len(best) == best["density"].nunique() > 1
    )


def figures(tables: Tables) -> dict[str, Figure]:
    drawn = {
        "dimensions_per_feature": _dimensions(tables),
        "feature_dimensionality": _scatter(tables),
        "feature_graphs": _graphs(tables),
    }
    drawn |= compression.figures(tables) | frames.figures(tables)
    return drawn | (adversarial.figures(tables) if adversarial.was_attacked(tables) else {})


def curve(tables: Tables) -> dict[str, Figure]:
    """Of models of another size."""
    return {"dimensions_per_feature": _dimensions(tables)}


def _dimensions(tables: Tables) -> Figure:
    with theme():
        canvas = Canvas(6.4, 3.9)
        axes = canvas.axes(0.65, 0.25, 5.5, 2.75)
        for guide in (1, 0.5):
            axes.axhline(guide, color=GUIDE, linewidth=1, linestyle=(0, (1, 2)), zorder=1)
        for _, own in tables.instances.groupby("seed"):
            own = own.sort_values("sparsity", kind="stable")
            per_feature = tables.n_hidden / np.array([_squared(tables, instance) for instance in own["instance"]])
            axes.plot(_x(own), per_feature, ".-", color=CURVE, linewidth=0.9, markersize=4, alpha=0.7, zorder=2)
        axes.plot(list(READ_OFF), list(READ_OFF.values()), "o", markersize=3, color=INK, fillstyle="none", zorder=3)
        axes.set(ylim=(0, 1.12), yticks=[0, 0.25, 0.5, 0.75, 1], ylabel=r"dimensions per feature  $m\,/\,\|W\|_F^2$")
        sparsity_axis(axes, _x(tables.best))
        seeds = len(tables.instances["seed"].unique())
        note = f"lines: {tables.n_features} features in {tables.n_hidden} dimensions, {numbered(seeds, 'seeds')}; "
        note += "circles: the paper's curve of 400 in 30, read off its figure"
        canvas.text(0.65, canvas.height - 0.3, note, fontsize=NOTE, color=MUTED)
        return canvas.figure


def _scatter(tables: Tables) -> Figure:
    """Features of one density stand a little beside each other, or they would hide how many they are."""
    with theme():
        canvas = Canvas(8.6, 5.4)
        axes = canvas.axes(0.65, 0.25, 6.3, 4.35)
        for named in NAMED:
            axes.axhline(named.dimensionality, color=POLYTOPES[named.name], linewidth=0.8, alpha=0.7, zorder=1)
            name = f"{FRACTIONS[named.dimensionality]}  {named.name}"
            height = named.dimensionality - (0.012 if named.name == "square antiprism" else 0)
            axes.annotate(
                name, (1, height), xycoords=("axes fraction", "data"), xytext=(5, 0), textcoords="offset points",
                va="center", color=POLYTOPES[named.name], fontsize=NOTE,
            )  # fmt: skip
        axes.axhline(0, color=FAINT, linewidth=0.8, zorder=1)
        axes.annotate(
            "0  not learned", (1, 0), xycoords=("axes fraction", "data"), xytext=(5, 0), textcoords="offset points",
            va="center", color=MUTED, fontsize=NOTE,
        )  # fmt: skip
        best = tables.features[tables.features["best"]]
        drawn = best[best["norm"] > ABSENT_NORM]
        # By the golden ratio: spread evenly, the same each time, and not in the order of dimensionality.
        aside = (drawn["feature"].to_numpy() * 0.618034 % 1 - 0.5) * 0.022
        axes.plot(_x(drawn) * exp(aside), drawn["dimensionality"], ".", markersize=3, color=INK, alpha=0.6,
                  markeredgewidth=0, zorder=2)  # fmt: skip
        axes.set(ylim=(-0.03, 1.05), yticks=[0, 0.25, 0.5, 0.75, 1], ylabel="dimensionality of a feature")
        sparsity_axis(axes, _x(tables.best))
        note = f"The seed with the lowest loss at each density. {len(best) - len(drawn):,} features of norm below"
        note += f" {ABSENT_NORM:g} are left out of {len(best):,}."
        canvas.text(0.65, canvas.height - 0.28, note, fontsize=NOTE, color=MUTED)
        return canvas.figure


def _graphs(tables: Tables) -> Figure:
    best = tables.best
    x = _x(best)
    nearest = sorted({int(np.abs(log(x / wanted)).argmin()) for wanted in INSETS}, key=lambda place: x[place])
    width, height, gap, heading = 2.9, 2.9, 0.25, 0.62
    rows = ceil(len(nearest) / 3)
    with theme():
        canvas = Canvas(3 * (width + gap) + gap, rows * (heading + height + 0.2) + 0.55)
        for number, place in enumerate(nearest):
            left, top = gap + number % 3 * (width + gap), number // 3 * (heading + height + 0.2) + 0.1
            W = tables.weights_of(int(best["instance"].iloc[place]))
            found = components(W)
            canvas.text(left, top, rf"$1/(1-S)$ = {x[place]:.2f}", fontsize=TITLE)
            canvas.text(left, top + 0.22, _said(found), fontsize=NOTE, color=MUTED, linespacing=1.25)
            axes = canvas.axes(left, top + heading, width, height)
            _graph(axes, W, found)
        foot = f"Nodes: features of norm above {REPRESENTED_NORM:g}. "
        foot += rf"Edges: $|W_i \cdot W_j|$ above {INTERFERENCE:g}. "
        canvas.text(gap, canvas.height - 0.42, foot + "The seed with the lowest loss.", fontsize=NOTE, color=MUTED)
        left = gap
        for name, colour in [*POLYTOPES.items(), ("no polytope that has a name here", NAMELESS)]:
            canvas.text(left, canvas.height - 0.22, f"● {name}", fontsize=NOTE, color=colour)
            left += 0.28 + 0.07 * len(name)
        return canvas.figure


def _said(found: Sequence[Component]) -> str:
    """As "8 tetrahedra, 1 digon", and what has no name in a second line."""
    if not found:
        return "no represented features"
    named = ", ".join(f"{n} {name if n == 1 else PLURALS.get(name, name + 's')}" for name, n in counts(found).items())
    rest = [len(component.features) for component in found if component.polytope is None]
    sizes = ", ".join(str(size) for size in rest[:6]) + (", …" if len(rest) > 6 else "")
    return "\n".join(line for line in (named, f"others of {sizes} features" if rest else "") if line)


def _graph(axes: Axes, W: np.ndarray, found: Sequence[Component]) -> None:
    """Components on a spiral from the middle, the largest first, each with its features around a circle."""
    nodes: dict[int, np.ndarray] = {}
    centres: list[np.ndarray] = []
    radii: list[float] = []
    for component in found:
        size = len(component.features)
        radius = 0.0 if size == 1 else 0.35 + 0.16 * size if size <= 8 else 1.1 * sqrt(size)
        centre = _free_place(centres, radii, radius + 0.45)
        centres.append(centre)
        radii.append(radius + 0.45)
        turn = 2 * PI * np.arange(size) / size + PI / 2
        around = centre + radius * np.stack([cos(turn), sin(turn)], axis=1)
        nodes |= dict(zip(component.features, around, strict=True))
    for component in found:
        own = list(component.features)
        products = np.abs(matmul(W[:, own].T, W[:, own]))
        ends = [(own[i], own[j]) for i, j in zip(*np.nonzero(np.triu(products > INTERFERENCE, 1)), strict=True)]
        colour = POLYTOPES[component.polytope] if component.polytope else NAMELESS
        segments = [(nodes[i], nodes[j]) for i, j in ends]
        width = 0.9 if len(own) <= 8 else 0.25
        axes.add_collection(LineCollection(segments, colors=colour, linewidths=width, alpha=0.8, zorder=1))
        points = np.array([nodes[feature] for feature in own])
        axes.plot(points[:, 0], points[:, 1], "o", markersize=3.2, color=colour, markeredgewidth=0, zorder=2)
    extent = max((float(hypot(*centre)) + r for centre, r in zip(centres, radii, strict=True)), default=1.0)
    axes.set(xlim=(-extent, extent), ylim=(-extent, extent), aspect="equal", xticks=[], yticks=[])
    axes.spines[:].set(visible=True, color=FAINT)


def _free_place(centres: Sequence[np.ndarray], radii: Sequence[float], radius: float) -> np.ndarray:
    """The first place on a spiral from the origin where a circle touches no other."""
    taken, sizes = np.reshape(centres, (-1, 1, 2)), np.reshape(radii, (-1, 1))
    for start in count(step=SPIRAL):
        step = np.arange(start, start + SPIRAL)
        places = 0.16 * np.sqrt(step)[:, None] * np.stack([cos(step * GOLDEN_ANGLE), sin(step * GOLDEN_ANGLE)], axis=1)
        free = (hypot(*np.moveaxis(places - taken, -1, 0)) >= radius + sizes).all(axis=0)
        if free.any():
            return np.asarray(places[free.argmax()])
    raise AssertionError("a spiral has no end")


def _squared(tables: Tables, instance: int) -> float:
    """||W||_F^2."""
    return float(total(np.square(tables.features_of(instance)["norm"]))) or float("nan")


def _x(rows: pd.DataFrame) -> np.ndarray:
    """1 / (1 - S)."""
    return 1 / rows["density"].to_numpy()
