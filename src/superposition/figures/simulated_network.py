"""A wide network without superposition, and narrow ones that simulate it: how wide, how readable, and by what map."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from superposition.exact.sums import mean
from superposition.figures import panels
from superposition.figures.densities import LABEL
from superposition.figures.grids import Canvas
from superposition.figures.style import AMOUNT, DENSITY, INK, MUTED, NOTE, PAPER, SMALLEST, SUBTITLE, theme
from superposition.measures.neurons import in_reading_order
from superposition.readings.results import Tables
from superposition.readings.simulation import RESPONSE, directions, equivalent_widths, has_equivalent_widths, simulated

MAX_FEATURES = 16  # rows of the map are twice as many
MAPPED = 0.4  # of the wide network's width: the narrow network that is drawn
LIGHTEST = 0.75  # of the colours of densities: lines must be seen on white
SIDE, GAP, LEFT, TOP = 2.9, 0.6, 0.85, 0.35  # inches


def fits(tables: Tables) -> bool:
    """Absolute values at several widths and densities, the widest with two neurons for each feature."""
    best = tables.best
    return (
        set(best["model"]) == {"absolute_value"}
        and has_equivalent_widths(tables)
        and best["sparsity"].nunique() > 1
        and best["n_hidden"].nunique() > 1
        and int(best["n_hidden"].max()) == 2 * tables.n_features
        and tables.n_features <= MAX_FEATURES
        and len(best) == best["n_hidden"].nunique() * best["sparsity"].nunique() * best["importance_curve"].nunique()
    )


def figures(tables: Tables) -> dict[str, Figure]:
    rows = equivalent_widths(tables)
    drawn = {"equivalent_width": _equivalent_width(rows), "map": _map(tables, rows)}
    return drawn | ({"readouts": _readouts(tables, rows)} if "imitation" in tables.extra else {})


def _equivalent_width(rows: pd.DataFrame) -> Figure:
    """One panel for each importance: a line for each density, a dot for each network."""
    curves = rows["curve"].unique().tolist()
    shades = _shades(rows)
    wide = int(rows["n_hidden"].max())
    with theme():
        canvas = Canvas(LEFT + len(curves) * (SIDE + GAP) - 0.3, TOP + SIDE + 1.02)
        for number, curve in enumerate(curves):
            axes = canvas.axes(LEFT + number * (SIDE + GAP), TOP, SIDE, SIDE)
            own = rows[rows["curve"] == curve]
            _diagonal(axes, wide, float(wide), "no superposition")
            for density, shade in shades.items():
                here = own[own["density"] == density]
                best = here[here["best"]].sort_values("n_hidden", kind="stable")
                axes.plot(here["n_hidden"], here["equivalent"], ".", color=shade, markersize=4, alpha=0.5,
                          markeredgewidth=0)  # fmt: skip
                axes.plot(best["n_hidden"], best["equivalent"], "-o", color=shade, linewidth=1.6, markersize=4.5,
                          markeredgecolor=PAPER, markeredgewidth=0.6, zorder=3)  # fmt: skip
            axes.set(xlim=(0, wide * 1.04), ylim=(0, wide * 1.04), xlabel="neurons of the network")
            for axis in (axes.xaxis, axes.yaxis):
                axis.set_major_locator(MaxNLocator(5, integer=True))
            axes.set_title(_importance(curve, own), loc="left")
            if number == 0:
                axes.set_ylabel("equivalent width: neurons of an equally\ngood network without superposition")
            axes.spines[["top", "right"]].set_visible(False)
        top = TOP + SIDE + 0.52
        _densities(canvas, top, shades)
        note = f"Large dots: the seed with the lowest loss, of {_seeds(rows)}; small ones: the others."
        canvas.text(LEFT, top + 0.24, note, fontsize=NOTE, color=MUTED)
        return canvas.figure


def _readouts(tables: Tables, rows: pd.DataFrame) -> Figure:
    """How much of the wide network's neurons is in the others' hidden layer, by width, where importance is flat."""
    means = tables.extra["imitation"].groupby("instance")[["linear", "rectified"]].agg(_mean)
    curve = rows["curve"].iloc[0]
    read = rows[rows["curve"] == curve].join(means, on="instance", how="inner")
    shades, wide = _shades(rows), int(rows["n_hidden"].max())
    titles = {"linear": "linear readout, a · h + c", "rectified": "a neuron's readout, ReLU(a · h + c)"}
    with theme():
        canvas = Canvas(LEFT + 2 * (SIDE + GAP) - 0.3, TOP + SIDE + 1.18)
        for number, (column, title) in enumerate(titles.items()):
            axes = canvas.axes(LEFT + number * (SIDE + GAP), TOP, SIDE, SIDE)
            _diagonal(axes, wide, 1.0, "no superposition")
            for density, shade in shades.items():
                here = read[read["density"] == density]
                best = here[here["best"]].sort_values("n_hidden", kind="stable")
                axes.plot(here["n_hidden"], here[column], ".", color=shade, markersize=4, alpha=0.5,
                          markeredgewidth=0)  # fmt: skip
                axes.plot(best["n_hidden"], best[column], "-o", color=shade, linewidth=1.6, markersize=4.5,
                          markeredgecolor=PAPER, markeredgewidth=0.6, zorder=3)  # fmt: skip
            axes.set(xlim=(0, wide * 1.04), ylim=(0, 1.04), xlabel="neurons of the narrow network")
            axes.set_yticks([0, 0.25, 0.5, 0.75, 1], ["0", "25%", "50%", "75%", "100%"])
            axes.set_title(title, loc="left")
            if number == 0:
                axes.set_ylabel("share explained of the variance of\nthe wide network's neurons")
            axes.spines[["top", "right"]].set_visible(False)
        top = TOP + SIDE + 0.52
        _densities(canvas, top, shades)
        notes = (
            f"Means over the wide network's {wide} neurons; {_importance(curve, read)}. "
            "Readouts were fitted to other data.",
            f"Large dots: the seed with the lowest loss, of {_seeds(rows)}; small ones: the others.",
        )
        for line, note in enumerate(notes):
            canvas.text(LEFT, top + 0.24 + 0.16 * line, note, fontsize=NOTE, color=MUTED)
        return canvas.figure


def _mean(values: pd.Series) -> float:
    return float(mean(values))


def _map(tables: Tables, rows: pd.DataFrame) -> Figure:
    """Rows are the halves of features, columns neurons: of the wide network, and of narrow ones, dense and sparse."""
    own = rows[rows["best"] & (rows["curve"] == rows["curve"].iloc[0])]
    wide = int(own["n_hidden"].max())
    narrow = min(own["n_hidden"].unique().tolist(), key=lambda m: (abs(m - MAPPED * wide), m))
    lowest, highest = own["density"].min(), own["density"].max()
    shown = [
        (own[(own["n_hidden"] == m) & (own["density"] == s)].iloc[0], title)
        for m, s, title in (
            (wide, highest, f"the wide network: {wide} neurons"),
            (narrow, highest, f"{narrow} neurons,\ndense features"),
            (narrow, lowest, f"{narrow} neurons,\nsparse features"),
        )
    ]
    cell, gap, left, top = 0.165, 0.62, 0.72, 0.62
    height = cell * 2 * tables.n_features
    width = cell * sum(int(row["n_hidden"]) for row, _ in shown) + gap * len(shown)
    with theme():
        canvas = Canvas(left + width + 0.9, top + height + 1.2)
        place = left
        for number, (row, title) in enumerate(shown):
            instance = int(row["instance"])
            W, W_out = tables.weights_of(instance), tables.weights_out_of(instance)
            b = tables.features_of(instance)["bias"].to_numpy()
            size = cell * len(W)
            axes = canvas.axes(place, top, size, height)
            found = simulated(W, W_out, b)
            order = _first_halves(W) if number == 0 else in_reading_order(W)
            _halves(axes, np.where(found[:, None], _to_largest(directions(W, W_out)), 0)[:, order], found)
            canvas.text(place, top - 0.06, title, va="bottom", fontsize=SUBTITLE)
            said = f"{np.count_nonzero(found)} of {len(found)} halves simulated"
            canvas.text(place, top + height + 0.05, f"density {row['density']:g}\n{said}", fontsize=NOTE, color=MUTED)
            if number == 0:
                _half_ticks(axes, tables.n_features)
            place += size + gap
        low = top + height + 0.58
        bar = canvas.axes(left, low + 0.14, 1.5, 0.11)
        panels.colour_bar(bar, AMOUNT, [(0.0, "0"), (1.0, "1")], "over the row's largest")
        notes = (
            "Row: the hidden values (columns: neurons) at one half of a feature alone, x = 1 or x = −1: its direction.",
            f"● simulated: the feature's output is right to {RESPONSE:.0%}. Rows of halves that are not are blank.",
        )
        for line, note in enumerate(notes):
            canvas.text(left + 1.85, low + 0.04 + 0.17 * line, note, fontsize=NOTE, color=MUTED)
        return canvas.figure


def _diagonal(axes: Axes, wide: int, full: float, label: str) -> None:
    """What a network without superposition has: 0 with no neurons, `full` with those of the wide network."""
    axes.plot([0, wide], [0, full], color=MUTED, linewidth=0.9, linestyle=(0, (3, 2)), zorder=1)
    axes.text(wide * 0.58, full * 0.5, label, fontsize=NOTE, color=MUTED, va="top", linespacing=1.2)


def _densities(canvas: Canvas, top: float, shades: dict[float, str]) -> None:
    entries = [(shade, f"{density:g}") for density, shade in shades.items()]
    canvas.text(LEFT, top + 0.065, LABEL, va="center", fontsize=NOTE)
    canvas.key(LEFT + 0.95, top, entries)


def _shades(rows: pd.DataFrame) -> dict[float, str]:
    """A colour for each density, from dense to sparse, dark to light."""
    densities = sorted(rows["density"].unique().tolist(), reverse=True)
    return {s: to_hex(DENSITY(LIGHTEST * k / max(1, len(densities) - 1))) for k, s in enumerate(densities)}


def _importance(curve: str, rows: pd.DataFrame) -> str:
    return "all features matter alike" if curve == "1" else f"importance {curve}"


def _seeds(rows: pd.DataFrame) -> int:
    return int(rows.groupby("point").size().max())


def _first_halves(W: np.ndarray) -> np.ndarray:
    """Neurons in the order of the halves of features that they respond to most."""
    order: np.ndarray = np.argsort(directions(W, W.T).argmax(axis=0), kind="stable")
    return order


def _to_largest(values: np.ndarray) -> np.ndarray:
    """Rows in units of their largest entry; those that are 0 stay as they are."""
    largest = values.max(axis=1, keepdims=True)
    scaled: np.ndarray = values / np.where(largest > 0, largest, 1)
    return scaled


def _halves(axes: Axes, values: np.ndarray, found: np.ndarray) -> None:
    """A heat map of `values` [half, neuron], with a dot at the right of those that were `found`."""
    panels.matrix(axes, np.clip(values, 0, 1))
    for row in range(2, len(values), 2):
        axes.axhline(row, color=MUTED, linewidth=0.3, zorder=1)
    axes.plot(np.full(np.count_nonzero(found), values.shape[1] + 0.7), np.flatnonzero(found) + 0.5, "o", markersize=3.2,
              color=INK, markeredgewidth=0, clip_on=False)  # fmt: skip


def _half_ticks(axes: Axes, n_features: int) -> None:
    names = [f"{feature + 1}{sign}" for feature in range(n_features) for sign in "+−"]
    axes.set_yticks(np.arange(2 * n_features) + 0.5, names, fontsize=SMALLEST)
    axes.tick_params(axis="y", length=0, pad=3)
    axes.set_ylabel("half of a feature", labelpad=2)
