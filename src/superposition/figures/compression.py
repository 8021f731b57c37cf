"""How many features fit: counted beside the bound of compressed sensing, and compressed without superposition."""

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullFormatter

from superposition.exact.functions import geometric_space
from superposition.figures.densities import sparsity_axis
from superposition.figures.grids import Canvas
from superposition.figures.style import (
    COUNTED_FEATURES,
    FAINT,
    HEADLINE,
    INK,
    MUTED,
    NAME,
    NOTE,
    RANGE,
    RECOVERED,
    SUPERPOSITION,
    theme,
)
from superposition.measures.thresholds import REPRESENTED_NORM
from superposition.readings.bound import CONSTANT_FROM
from superposition.readings.kinds import is_important_alike, is_plain
from superposition.readings.results import Tables
from superposition.theory.compressed_sensing import modulation, recovered
from superposition.theory.nonlinear_compression import LINEAR, READ_OFF, limit, loss, widest_ramps

STEPS = range(1, 10)  # Z
# Epsilon; the paper's figure has 0.1, 0.01 and 1e-5 among others.
RAMPS = {0.1: "0.1", 0.03: "0.03", 0.01: "0.01", 0.001: "0.001", 1e-5: "10^{-5}"}


def figures(tables: Tables) -> dict[str, Figure]:
    """The first is of features that are alike, whose losses say how many of them come back."""
    alike = is_plain(tables) and is_important_alike(tables)
    drawn = {"features_per_dimension": features_per_dimension(tables)} if alike else {}
    return drawn | {"nonlinear_compression": nonlinear_compression()}


def features_per_dimension(tables: Tables) -> Figure:
    """Over sparsity, beside the bound with a constant taken where features are less sparse; and that constant."""
    own = tables.instances[tables.instances["density"] < 1].sort_values("density", kind="stable")
    s = own["density"].to_numpy()
    m = tables.n_hidden
    saved = recovered(own["loss"].to_numpy(), s, tables.n_features) / m
    counted = own["n_represented"].to_numpy() / m
    best = own["best"].to_numpy()
    side, gap, left, top = 3.1, 0.85, 0.7, 0.5
    with theme():
        canvas = Canvas(left + 2 * side + gap + 0.25, top + 2.5 + 1.35)
        canvas.text(left, 0.12, "Features and the bound of compressed sensing", fontsize=HEADLINE, color=INK)
        first = canvas.axes(left, top, side, 2.5)
        second = canvas.axes(left + side + gap, top, side, 2.5)
        within = best & (s > CONSTANT_FROM[0]) & (s <= CONSTANT_FROM[1])
        x = 1 / s
        for values, shade, name in ((counted, COUNTED_FEATURES, "represented"), (saved, RECOVERED, "recovered")):
            constants = values / modulation(s)
            for axes, drawn in ((first, values), (second, constants)):
                axes.plot(x[~best], drawn[~best], ".", color=shade, markersize=4, zorder=2)
                axes.plot(x[best], drawn[best], "-", color=shade, linewidth=1.6, label=name, zorder=3)
            if within.any():
                taken = float(constants[within].max())
                sparse = geometric_space(1 / CONSTANT_FROM[1], max(float(x.max()), 1 / CONSTANT_FROM[1]), 81)
                bound = taken * modulation(1 / sparse)
                first.plot(sparse, bound, color=shade, linewidth=1, linestyle=(0, (4, 2)), zorder=1)
                second.plot(sparse[[0, -1]], [taken, taken], color=shade, linewidth=1, linestyle=(0, (4, 2)), zorder=1)
        first.set(ylabel="features per dimension", ylim=(0, None))
        second.set(ylabel=r"features per dimension $\cdot\, (1-S) \log \frac{1}{1-S}$", ylim=(0, None))
        for axes in (first, second):
            sparsity_axis(axes, x)
            axes.axvspan(1 / CONSTANT_FROM[1], 1 / CONSTANT_FROM[0], color=RANGE, linewidth=0, zorder=0)
        first.legend(loc="upper left")
        note = (
            f"Lines: the seed with the lowest loss, dots: other seeds. Represented: norm above {REPRESENTED_NORM:g}.\n"
            "Recovered: features' worth of squared error that is saved. "
            "Dashed: $c\\,/\\,((1-S) \\log \\frac{1}{1-S})$,\n"
            "$c$ the largest in the shaded range. The bound is about features that are recovered: the sparser\n"
            "they are, the less comes back of each that is represented."
        )
        canvas.text(left, top + 2.5 + 0.52, note, fontsize=NOTE, color=MUTED, linespacing=1.35)
        return canvas.figure


def nonlinear_compression() -> Figure:
    """Loss over Z for ramps of several widths, beside the linear one and values read off the paper's figure."""
    with theme():
        canvas = Canvas(6.3, 4.5)
        axes = canvas.axes(0.75, 0.55, 3.9, 2.75)
        canvas.text(0.75, 0.12, "Two dense features in one number, without superposition", fontsize=HEADLINE, color=INK)
        axes.axhline(LINEAR, color=INK, linewidth=1.1, linestyle=(0, (4, 2)), zorder=1)
        axes.annotate("linear: 1/24", (9.25, LINEAR), va="center", fontsize=NAME, color=INK, annotation_clip=False)
        steps = list(STEPS)
        last = np.inf
        for place, (epsilon, name) in enumerate(RAMPS.items()):
            shade = SUPERPOSITION(0.9 - 0.9 * place / (len(RAMPS) - 1))
            values = [loss(Z, epsilon) for Z in steps]
            axes.plot(steps, values, "-", color=shade, linewidth=1.5, zorder=2)
            # Names of lines that end together would cover each other.
            last = min(float(values[-1]), last / 1.3)
            axes.annotate(
                rf"$\epsilon = {name}$", (9.25, last), va="center", fontsize=NAME, color=shade, annotation_clip=False
            )
        axes.plot(steps, [limit(Z) for Z in steps], color=FAINT, linewidth=6, zorder=1)
        axes.annotate(r"$1 / (6 Z^2)$", (4.4, 0.0055), ha="right", fontsize=NAME, color=INK)
        shown = [(Z, value) for (Z, _), value in READ_OFF.items()]
        axes.plot(*zip(*shown, strict=True), "o", color=INK, markersize=4, fillstyle="none", zorder=4)
        axes.set(yscale="log", ylim=(0.0015, 0.25), xlim=(0.8, 9.2), xticks=steps, xlabel="steps $Z$")
        axes.set(ylabel="mean squared error", yticks=[0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2])
        axes.yaxis.set_major_formatter(FuncFormatter(lambda tick, _: f"{tick:g}"))
        axes.yaxis.set_minor_formatter(NullFormatter())
        axes.spines[["top", "right"]].set_visible(False)
        note = (
            "$t = (\\lfloor Z x \\rfloor + y) / Z$, where jumps are ramps a part $\\epsilon$ of a step wide. Circles: "
            "read off\nthe paper's figure. Pale: the limit of narrow ramps. At Z = 3 linear compression is beaten\n"
            f"by ramps of up to {widest_ramps(3):.3f}."
        )
        canvas.text(0.75, canvas.height - 0.67, note, fontsize=NOTE, color=MUTED, linespacing=1.35)
        return canvas.figure
