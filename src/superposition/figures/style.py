"""Colours, fonts and line weights of every figure. No other module of figures has a colour or a font's size of its own:
each has a name here that says what it is for. What pages have too is in palette.py.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import matplotlib as mpl
import numpy as np
import seaborn as sns
from matplotlib import font_manager
from matplotlib.colors import Colormap, LinearSegmentedColormap, ListedColormap, hsv_to_rgb

from superposition.palette import INK

PAPER, MUTED, FAINT = "white", "#6b717c", "#d5d8de"

# Colours of several meanings. The first four are ordered by lightness, so that they can be told apart without seeing
# colour; the others are dark enough on white.
_NAVY, _PLUM, _ROSE, _CORAL = "#16325c", "#8f4b8e", "#d2577a", "#f4845f"
_BLUE, _CRIMSON, _GREEN, _RUST, _VIOLET, _AMBER = "#2b6cb0", "#b5305a", "#1f8a70", "#c2571a", "#7b4ea3", "#d9822b"
_FOREST, _SILVER = "#2f855a", "#a3a8b1"

# All but the last are ordered by lightness.
# Superposition goes from a dark blue (a direction of its own) to a light orange (others excite it as much as itself).
SUPERPOSITION: Colormap = LinearSegmentedColormap.from_list(
    "superposition", [_NAVY, "#4a4687", _PLUM, _ROSE, _CORAL, "#f9b75e"]
)
IMPORTANCE: Colormap = ListedColormap(sns.color_palette("flare_r", 256)[:235], name="importance")
DENSITY: Colormap = ListedColormap(sns.color_palette("crest_r", 256), name="density")
SHARE: Colormap = LinearSegmentedColormap.from_list("share", ["#ffffff", "#d3e3f1", "#7fadd4", _BLUE, _NAVY])
SIGNED: Colormap = LinearSegmentedColormap.from_list(
    "signed", ["#0b3c78", "#3d7fc1", "#a9cde8", "#ffffff", "#f7bfa6", "#d6543f", "#7d0e26"]
)
# Around a circle, which has no end.
AROUND: Colormap = ListedColormap(
    hsv_to_rgb(np.stack([np.arange(256) / 256, np.full(256, 0.78), np.full(256, 0.8)], axis=-1)), name="around"
)
AMOUNT: Colormap = ListedColormap(SIGNED(np.linspace(0.5, 1, 128)), name="amount")  # what is at least 0

# Neurons of one feature, of several, and of none, by the strength of a response.
MONOSEMANTIC, POLYSEMANTIC, UNUSED = (
    LinearSegmentedColormap.from_list(name, ["#ffffff", colour])
    for name, colour in (("mono", _NAVY), ("poly", _CRIMSON), ("none", MUTED))
)
COUNTED_MONOSEMANTIC, COUNTED_POLYSEMANTIC = _NAVY, _ROSE
# What is behind neurons of one feature, of one and a little of others, and of several.
NEURONS = {"mono": "#ffffff", "slightly": "#eceef2", "poly": "#d3d8e1"}
BEHIND_MONOSEMANTIC, BEHIND_OTHERS = "#dfe8f3", "#ffffff"
BEHIND_MOTIFS = ("#eef1f6", "#e3e8f0")  # one and the next
RANGE, SILENT = "#eceef2", "#f1f2f5"  # of an axis, and where an output is silent

# Arithmetics, in benchmarks.
EXACT, FLOAT32 = _NAVY, _ROSE

# Counts of features.
REPRESENTED, SUPERPOSED = _BLUE, _CRIMSON
COUNTED_FEATURES, RECOVERED = _SILVER, _BLUE  # beside the bound of compressed sensing
PER_DIMENSION, VULNERABILITY, OVER_DENSE = _BLUE, _CRIMSON, "#8a8f99"

# What superposition gains and costs.
GAIN, COST = _BLUE, _CRIMSON
IMPORTANCE_CURVES = (_NAVY, _PLUM, _CORAL)  # from flat to steep
SKEWS = IMPORTANCE_CURVES  # of densities, likewise
WITH_BOTH, WITHOUT_BIAS, WITHOUT_RELU, ON_DENSE_DATA = _NAVY, _PLUM, _ROSE, "#c77d1e"

# One active feature: read-outs of others, and what takes them away.
POSITIVE, NEGATIVE = "#d6543f", "#3d7fc1"
BY_RELU, BY_BIAS, BY_BOTH = _PLUM, "#b7791f", _FOREST
# Several: explanations of a vector, and models of few to many dimensions.
TRUE, RIVAL = _FOREST, _RUST
HIDDEN_WIDTHS = ("#f0986e", "#a14f8a", "#1d3a66", "#111111")

# Hidden layers, and what chance makes of one.
LINEAR_LAYER, RELU_LAYER, PLAIN_LAYER, CHANCE = _BLUE, _CRIMSON, MUTED, "#b9bec8"
NEURON_WIDTHS = ("#9db8d9", "#5f8fc4", _BLUE, _NAVY, "#0b1e3a", "#000000")  # lines, from few to many neurons

# Directions, and decoders of sparse vectors.
DRAWN, GREEDY, GROWN, OF_MODELS = _BLUE, "#d98324", _CRIMSON, "#1f7a5c"
READ_OUT, LASSO, GAUSSIAN, SPREAD_OUT = _CRIMSON, _BLUE, "#5b8c5a", "#c98a2b"
TRANSITION, THEORY = _CORAL, _CRIMSON
CAPACITY, LOCALISED = _NAVY, _RUST
POWERS = (_NAVY, _BLUE, _PLUM, _ROSE, _CORAL, _AMBER)  # of errors, from low to high
MIXINGS = POWERS  # from none to much of a matrix in the labels
IN_ONE, IN_TWO = _ROSE, _NAVY  # dimensions
ON_ONE_NEURON, AS_AT_FIRST = _NAVY, _RUST

# Shapes of features, dark enough on white. What has no name is grey.
POLYTOPES = {
    "dedicated": INK,
    "tetrahedron": _VIOLET,
    "triangle": _BLUE,
    "digon": _GREEN,
    "pentagon": _RUST,
    "square antiprism": _CRIMSON,
}
NAMELESS = _SILVER
CURVE, GUIDE, GUIDE_LABEL = _BLUE, _AMBER, "#b5651d"
POLYGONS = {4: _RUST, 5: _BLUE, 6: _GREEN, 7: _VIOLET, 8: _CRIMSON}  # by corners
SHARED_CORNER = "#8f6a00"
WHOLE_PENTAGON, WITHOUT_VARIED, WITHOUT_OTHER, FEWER = _NAVY, _ROSE, _CORAL, "#8d939e"

# Features and sets of them, one by one.
SETS = (_NAVY, _ROSE, "#e59b2c")  # of different lightness
TRIANGLES = (_BLUE, _RUST)  # two sets in space
# As the paper colours the six features of its model, the most important first.
SIX_FEATURES = (_NAVY, "#6f9fd8", "#d2600f", "#f5b26b", "#3b8a4a", "#c23a3a")
MANY_FEATURES = (_BLUE, _GREEN, _RUST, _VIOLET, _CRIMSON, INK)  # in turn, so that crossings can be followed
JUMP = _AMBER

# Loss surfaces.
BOTH_ON_ONE_SIDE, MINIMUM, FIRST_WEIGHT, SECOND_WEIGHT = _VIOLET, _CRIMSON, _NAVY, _ROSE


def phase_colours(norm: np.ndarray, superposition: np.ndarray) -> np.ndarray:
    """Grey without a norm, else from blue by way of purple to red as a feature shares its direction; RGB, [..., 3]."""
    norm, shared = np.clip(norm, 0, 1), np.clip(superposition, 0, 1)
    blue, red = 0.6, 1.0
    hue, saturation, value = blue + (red - blue) * shared, 0.72 * norm, 0.62 + 0.26 * norm
    return hsv_to_rgb(np.stack([hue, saturation, value], axis=-1))


# Sizes of letters in points, the largest first: what a figure, a panel or a group of panels is about; text; names
# inside of a panel; notes, keys and counts; numbers and names where there is little room.
HEADLINE, TITLE, SUBTITLE, TEXT, NAME, NOTE, REMARK, SMALL, SMALLEST = 10.5, 10, 9.5, 9, 8.5, 8, 7.5, 7, 6.5
# The same in pixels, where something moves.
MOVING_COUNTER, MOVING_LABEL, MOVING_NAME, MOVING_TEXT, MOVING_NOTE = 17, 15, 14, 13, 12
FONT = "DejaVu Sans"  # ships with matplotlib, so that it is the same everywhere
MOVING_FONT = f"{FONT}, Verdana, sans-serif"  # browsers may not have it

THEME = {
    "font.family": FONT,
    "font.size": TEXT,
    "axes.titlesize": SUBTITLE,
    "axes.labelsize": TEXT,
    "xtick.labelsize": NOTE,
    "ytick.labelsize": NOTE,
    "legend.fontsize": NOTE,
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


@cache
def only_own_fonts() -> None:
    """Fonts are those that matplotlib brings, found in its own folder.

    It would take them from a list in the user's cache, which names other fonts of the machine too, and which whoever
    may write there can let lead to others.
    """
    known = font_manager.fontManager
    known.ttflist, known.afmlist = [], []
    for file in sorted(Path(mpl.get_data_path(), "fonts", "ttf").glob("*.ttf")):
        known.addfont(file)


@contextmanager
def theme() -> Iterator[None]:
    """What is drawn inside looks like this project's figures, whatever the user's matplotlibrc and fonts are."""
    only_own_fonts()
    with mpl.rc_context():
        mpl.rcdefaults()
        sns.set_theme(context="paper", style="ticks", rc=THEME)
        yield
