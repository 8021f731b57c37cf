"""What a dimension saves of the loss for each activation: with a feature of its own, and with a digon."""

import numpy as np
from matplotlib.figure import Figure

from superposition.exact.functions import geometric_space
from superposition.figures.densities import density_axis
from superposition.figures.grids import Canvas
from superposition.figures.style import HEADLINE, INK, MUTED, NAME, NOTE, POLYTOPES, theme
from superposition.theory.activation_frequency import dedicated, digon

DENSITIES = geometric_space(1.0, 0.001, 61)


def figure() -> Figure:
    """Both over density, and what the digon lacks, beside its leading term."""
    own, shared = dedicated(DENSITIES), digon(DENSITIES)
    side, gap, left, top = 2.9, 0.95, 0.7, 0.5
    with theme():
        canvas = Canvas(left + 2 * side + gap + 0.25, top + 2.2 + 1.05)
        canvas.text(left, 0.12, "Loss saved for each activation of a dimension", fontsize=HEADLINE, color=INK)
        first = canvas.axes(left, top, side, 2.2)
        second = canvas.axes(left + side + gap, top, side, 2.2)
        first.axhline(1 / 3, color=MUTED, linewidth=0.8, linestyle=(0, (1, 2)))
        first.annotate("1/3", (0.0011, 1 / 3), xytext=(0, 3), textcoords="offset points", fontsize=NAME, color=MUTED)
        for values, name in ((own, "dedicated"), (shared, "digon")):
            first.plot(DENSITIES, values, color=POLYTOPES[name], linewidth=1.6, label=name)
        first.set(ylabel="squared error saved, over activations", ylim=(-0.2, 0.4))
        first.legend(loc="lower right")
        second.plot(DENSITIES, 1 - shared / own, color=POLYTOPES["digon"], linewidth=1.6, label="1 − digon / dedicated")
        leading = 3 * np.square(DENSITIES) / 8
        second.plot(DENSITIES, leading, color=MUTED, linewidth=1, linestyle=(0, (4, 2)), label="$3 s^2 / 8$")
        second.set(yscale="log", ylabel="what the digon lacks, as a part")
        second.legend(loc="upper right")
        for axes in (first, second):
            density_axis(axes, DENSITIES.tolist(), rounded=True)
        note = (
            "Formulas, no trained models: of features that matter alike, of density $s$. A dimension is active if any "
            "of its\nfeatures is. Above density 4/7 a second feature costs a digon more than it gains."
        )
        canvas.text(left, top + 2.2 + 0.55, note, fontsize=NOTE, color=MUTED, linespacing=1.35)
        return canvas.figure
