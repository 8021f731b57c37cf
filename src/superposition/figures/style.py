"""Colours, fonts and line weights of every figure, and how a figure is saved."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import matplotlib as mpl
import seaborn as sns
from matplotlib.colors import Colormap, LinearSegmentedColormap, ListedColormap
from matplotlib.figure import Figure

from superposition.figures.animation import Animation
from superposition.figures.svg import svg

INK, MUTED, FAINT = "#22252b", "#6b717c", "#d5d8de"

# All but the last are ordered by lightness, so that they can be told apart without seeing colour.
# Superposition goes from a dark blue (a direction of its own) to a light orange (others excite it as much as itself).
SUPERPOSITION: Colormap = LinearSegmentedColormap.from_list(
    "superposition", ["#16325c", "#4a4687", "#8f4b8e", "#d2577a", "#f4845f", "#f9b75e"]
)
IMPORTANCE: Colormap = ListedColormap(sns.color_palette("flare_r", 256)[:235], name="importance")
DENSITY: Colormap = ListedColormap(sns.color_palette("crest_r", 256), name="density")
SIGNED: Colormap = LinearSegmentedColormap.from_list(
    "signed", ["#0b3c78", "#3d7fc1", "#a9cde8", "#ffffff", "#f7bfa6", "#d6543f", "#7d0e26"]
)

# What is behind neurons of one feature, of one and a little of others, and of several.
NEURONS = {"mono": "#ffffff", "slightly": "#eceef2", "poly": "#d3d8e1"}

THEME = {
    "font.family": "DejaVu Sans",  # ships with matplotlib, so that it is the same everywhere
    "font.size": 9,
    "axes.titlesize": 9.5,
    "axes.labelsize": 9,
    "xtick.labelsize": 8,
    "ytick.labelsize": 8,
    "legend.fontsize": 8,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.titlecolor": INK,
    "axes.edgecolor": MUTED,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "axes.linewidth": 0.7,
    "xtick.major.width": 0.7,
    "ytick.major.width": 0.7,
    "grid.color": "#e9ebef",
    "grid.linewidth": 0.7,
    "legend.frameon": False,
    "axes.unicode_minus": True,
    # SVG: glyphs as outlines look the same in every browser, a fixed salt gives elements the same names each time.
    "svg.fonttype": "path",
    "svg.hashsalt": "superposition",
    # Which points of a line may go is decided at a threshold, on coordinates that are not settled yet (svg.py).
    "path.simplify": False,
}


@contextmanager
def theme() -> Iterator[None]:
    """What is drawn inside looks like this project's figures, whatever the user's matplotlibrc says."""
    with mpl.rc_context():
        mpl.rcdefaults()
        sns.set_theme(context="paper", style="ticks", rc=THEME)
        yield


def save(figure: Figure | Animation, path: Path) -> None:
    """Write an SVG with the same bytes every time, on every machine."""
    with theme():
        path.write_bytes(figure.svg() if isinstance(figure, Animation) else svg(figure))
