"""Phase diagrams: what becomes of the last feature over density and relative importance, beside theory."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullFormatter

from superposition.exact.functions import geometric_space
from superposition.exact.sums import mean, total
from superposition.figures import panels
from superposition.figures.densities import IN_LETTERS, density_axis
from superposition.figures.grids import Canvas
from superposition.figures.style import HEADLINE, INK, MUTED, NAME, NOTE, PAPER, phase_colours, theme
from superposition.readings.phases import cells, is_diagram, phase_of
from superposition.readings.results import Tables
from superposition.theory.phases import DEDICATED, IGNORED, SUPERPOSED, phase

TITLES = {2: "2 features, 1 dimension", 3: "3 features, 2 dimensions"}


def fits(tables: Tables) -> bool:
    """A diagram needs at least two densities and two importances of the last feature, and has theory for two shapes."""
    if tables.n_features not in TITLES or tables.n_hidden != tables.n_features - 1 or not is_diagram(tables):
        return False
    table = cells(tables)
    return min(table["density"].nunique(), table["importance"].nunique()) > 1


def figures(tables: Tables) -> dict[str, Figure]:
    table = cells(tables)
    found = phase(tables.n_features, table["density"].to_numpy(), table["importance"].to_numpy())
    theory_norm = np.where(found == IGNORED, 0.0, 1.0)
    theory_superposition = np.where(found == SUPERPOSED, 1.0, 0.0)
    models = int(table["models"].max())
    drawn = [
        ("Theory: the best of a few solutions", theory_norm, theory_superposition),
        (f"Trained: mean of {models} models, the worst left out", table["mean_norm"], table["mean_superposition"]),
        (f"Trained: the best of {models} models", table["norm"], table["superposition"]),
    ]
    side, gap, left, top = 2.6, 0.55, 0.75, 0.75
    with theme():
        canvas = Canvas(left + 3 * (side + gap) + 1.25, top + side + 1.05)
        canvas.text(left, 0.15, f"The last of {TITLES[tables.n_features]}", fontsize=HEADLINE, color=INK)
        for number, (title, norm, superposition) in enumerate(drawn):
            axes = canvas.axes(left + number * (side + gap), top, side, side)
            _diagram(axes, table, np.asarray(norm), np.asarray(superposition))
            axes.set_title(title, fontsize=NAME, loc="left")
            axes.set_xlabel("relative importance")
            if number > 0:
                axes.set_ylabel("")
                _boundaries(axes, table, tables.n_features)
        _key(canvas.axes(left + 3 * (side + gap) + 0.15, top + 0.3, 0.8, 0.8))
        share = float(total(table["superposed"]) / total(table["models"]))
        note = (
            "White lines: the boundaries of theory. In superposition are "
            f"{share:.0%} of all single models, and {_superposed(table):.0%} of the best at each point."
        )
        canvas.text(left, top + side + 0.62, note, fontsize=NOTE, color=MUTED)
        return {"phase_diagram": canvas.figure}


def _superposed(table: pd.DataFrame) -> float:
    return float(mean(phase_of(table["norm"], table["superposition"]) == SUPERPOSED))


def _grid(table: pd.DataFrame, values: np.ndarray) -> np.ndarray:
    """[density, importance], both rising: `cells` is in that order."""
    return values.reshape(table["density"].nunique(), table["importance"].nunique(), *values.shape[1:])


def _diagram(axes: Axes, table: pd.DataFrame, norm: np.ndarray, superposition: np.ndarray) -> None:
    densities, importances = (np.sort(table[axis].unique(), kind="stable") for axis in ("density", "importance"))
    shades = _grid(table, phase_colours(norm, superposition))
    across, down = _edges(importances), _edges(densities)
    panels.mosaic(axes, across, down, shades, np.full(shades.shape[:2], True))
    beyond = down[-1] / densities[-1], densities[0] / down[0]
    density_axis(axes, densities.tolist(), IN_LETTERS, rounded=True, room=beyond, along="y")
    axes.spines[["top", "right"]].set_visible(True)
    axes.set(xscale="log", xlim=(across[0], across[-1]))
    low, high = importances[[0, -1]]
    ticks = [tick for k in range(-4, 7) if low * 0.99 <= (tick := float(f"1e{k}")) <= high * 1.01]
    axes.xaxis.set_major_locator(FixedLocator(ticks))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:g}"))
    axes.xaxis.set_minor_formatter(NullFormatter())


def _boundaries(axes: Axes, table: pd.DataFrame, n_features: int) -> None:
    r = geometric_space(float(table["importance"].min()), float(table["importance"].max()), 241)
    s = geometric_space(float(table["density"].min()), float(table["density"].max()), 241)
    names = phase(n_features, *np.meshgrid(s, r, indexing="ij"))
    for name in (IGNORED, DEDICATED):
        axes.contour(r, s, (names == name).astype(float), levels=[0.5], colors=PAPER, linewidths=0.9)


def _edges(centres: np.ndarray) -> np.ndarray:
    middles = np.sqrt(centres[1:] * centres[:-1])
    return np.concatenate(
        [[centres[0] * (centres[0] / middles[0])], middles, [centres[-1] * (centres[-1] / middles[-1])]]
    )


def _key(axes: Axes) -> None:
    steps = np.linspace(0, 1, 9)
    norm, shared = np.meshgrid(steps, steps, indexing="ij")
    edges = np.arange(10)
    panels.mosaic(axes, edges, edges, phase_colours(norm, shared), np.full(norm.shape, True))
    axes.set(xlim=(0, 9), ylim=(0, 9))
    axes.set_xticks([0, 9], ["0", "≥ 1"])
    axes.set_yticks([0, 9], ["0", "≥ 1"])
    axes.set_xlabel("superposition", fontsize=NOTE, labelpad=1)
    axes.set_ylabel("norm", fontsize=NOTE, labelpad=1)
