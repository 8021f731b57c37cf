"""Axes of sparsity: as 1 / (1 - S), as density 1 - S, or a place for each density; and what they are called."""

from collections.abc import Sequence
from typing import Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, NullLocator

LABEL, IN_LETTERS = "density $1 - S$", "density 1 − S"
DENSITIES = (1.0, 0.5, 0.3, 0.1, 0.03, 0.01, 0.003, 0.001, 0.0003, 0.0001)
ROOM = (1.1, 1.15)  # beyond the densest and the sparsest, as ratios
INVERSES = (1, 1.5, 2, 3, 4, 5, 7, 10, 30, 100, 300, 1000, 3000, 10000)


def sparsity_axis(axes: Axes, x: np.ndarray) -> None:
    """Of 1 / (1 - S), the paper's axis of geometry: logarithmic, with round numbers among those of `x`."""
    low, high = float(x.min()), float(x.max())
    ticks = [tick for tick in INVERSES if low <= tick * 1.001 and tick <= high * 1.001] or sorted({low, high})
    axes.set(xscale="log", xlabel="$1/(1-S)$", xticks=ticks, xlim=(low / 1.03, high * 1.03))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda tick, _: f"{tick:g}"))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.spines[["top", "right"]].set_visible(False)


def density_axis(
    axes: Axes,
    densities: Sequence[float],
    label: str = LABEL,
    rounded: bool = False,
    room: Sequence[float] = ROOM,
    along: Literal["x", "y"] = "x",
) -> None:
    """Of density: logarithmic, dense on the left or below, as in the paper's figures, with a number at each or round
    ones.
    """
    low, high = min(densities), max(densities)
    ticks = (
        [tick for tick in DENSITIES if low * 0.99 <= tick <= high * 1.01]
        if rounded
        else sorted(set(densities), reverse=True)
    )
    axis = axes.xaxis if along == "x" else axes.yaxis
    axes.set(**{f"{along}scale": "log", f"{along}label": label})
    axis.set_ticks(ticks, [said(tick) for tick in ticks])
    axis.set_minor_locator(NullLocator())
    axes.set(**{f"{along}lim": (room[0] * high, low / room[1])})
    axes.spines[["top", "right"]].set_visible(False)


def density_places(axes: Axes, densities: Sequence[float]) -> None:
    """A place for each density, in their order, at equal distances: 0, 1, 2, ..."""
    axes.set_xticks(range(len(densities)), [said(density) for density in densities])


def said(density: float) -> str:
    return f"{density:.3g}"


def sparsity_said(sparsity: float) -> str:
    """With the digits that its density has: 0.205672 is 0.206, while 0.99683 stays so, of which 0.00317 are left."""
    return f"{1 - float(said(1 - sparsity)):.6g}"
