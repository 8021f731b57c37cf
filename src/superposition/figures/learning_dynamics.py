"""The figure of discrete "energy level" jumps in "Superposition and Learning Dynamics"."""

from math import sqrt

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from superposition.figures.grids import Canvas
from superposition.figures.style import FAINT, INK, JUMP, MANY_FEATURES, MUTED, NAME, NOTE, theme
from superposition.readings.jumps import SINCE, STANDS_OUT, Jump, learned, run_of, sudden
from superposition.readings.kinds import is_plain
from superposition.readings.results import Tables
from superposition.theory.losses import digon_for_one
from superposition.verdicts import numbered

FIRST = 100  # the step at which the paper's axis begins
MAX_FEATURES = 400  # lines in a panel
GUIDES = ((0.5, "1/2"), (sqrt(0.5), "1/√2"))


def fits(tables: Tables) -> bool:
    """Features that are all alike, so that a feature more is worth the same whichever it is."""
    own = tables.features
    alike = len(own["density"].unique()) == 1 and len(own["importance"].unique()) == 1 and is_plain(tables)
    return (
        alike
        and len(tables.best) == 1
        and tables.n_features <= MAX_FEATURES
        and int(tables.history["step"].max()) > 10 * FIRST
    )


def figures(tables: Tables) -> dict[str, Figure]:
    return {"dimensionality_and_loss": _dimensionality_and_loss(tables)}


def _dimensionality_and_loss(tables: Tables) -> Figure:
    """The seed with the lowest loss in full, and the losses of all."""
    order = tables.instances.sort_values("rank", kind="stable")["instance"].tolist()
    runs = [learned(tables, int(instance)) for instance in order]
    found = [sudden(*run_of(tables, int(instance))) for instance in order]
    one = digon_for_one(float(tables.features["density"].iloc[0]), tables.n_features)
    left, width = 0.8, 6.3
    with theme():
        canvas = Canvas(left + width + 1.25, 6.67)
        top = canvas.axes(left, 0.3, width, 2.5)
        _dimensionalities(top, *runs[0][:2])
        below = canvas.axes(left, 3.05, width, 2.3)
        _losses(below, runs[0][0], [loss for _, _, loss in runs], one)
        for axes in (top, below):
            axes.set(xscale="log", xlim=(FIRST, runs[0][0][-1]))
            for jump in found[0]:
                axes.axvspan(jump.first, jump.last, color=JUMP, alpha=0.16, linewidth=0, zorder=0)
            axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
            axes.xaxis.set_major_formatter(FuncFormatter(lambda step, _: f"{step:,.0f}".replace(",", "\u202f")))
            axes.xaxis.set_minor_formatter(NullFormatter())
            axes.spines[["top", "right"]].set_visible(False)
        top.tick_params(labelbottom=False)
        for jump in found[0]:
            said = f"$\\Delta L$ = {_signed(-jump.drop)}"
            below.annotate(
                said, (jump.first, 0.77), xycoords=("data", "axes fraction"), xytext=(-5, 0),
                textcoords="offset points", ha="right", va="center", color=INK, fontsize=NAME,
            )  # fmt: skip
        below.set_xlabel("step")
        for line, note in enumerate(_notes(found, one)):
            canvas.text(left, 5.88 + 0.17 * line, note, fontsize=NOTE, color=MUTED)
        return canvas.figure


def _dimensionalities(axes: Axes, steps: np.ndarray, D: np.ndarray) -> None:
    for number, line in enumerate(D.T):
        axes.plot(steps, line, color=MANY_FEATURES[number % len(MANY_FEATURES)], linewidth=0.8, alpha=0.8, zorder=2)
    for height, name in GUIDES:
        axes.axhline(height, color=MUTED, linewidth=1, linestyle=(0, (1, 2)), zorder=3)
        axes.annotate(
            name, (1, height), xycoords=("axes fraction", "data"), xytext=(5, 0), textcoords="offset points",
            va="center", color=MUTED, fontsize=NAME,
        )  # fmt: skip
    axes.set(ylim=(-0.02, max(0.8, 1.05 * float(D.max()))), ylabel="dimensionality of a feature")


def _losses(axes: Axes, steps: np.ndarray, losses: list[np.ndarray], one: float) -> None:
    """The levels are as far apart as a digon is worth, counted from the last loss."""
    for loss in losses[1:]:
        axes.plot(steps, loss, color=FAINT, linewidth=0.8, zorder=1)
    axes.plot(steps, losses[0], color=INK, linewidth=1.5, zorder=3)
    last = float(losses[0][-1])
    if one > 0:
        for level in range(4):
            axes.axhline(last + level * one, color=JUMP, linewidth=1, linestyle=(0, (4, 3)), zorder=2)
            name = "in the end" if level == 0 else f"{level} digon{'s' * (level > 1)} fewer"
            axes.annotate(
                name, (1, last + level * one), xycoords=("axes fraction", "data"), xytext=(5, 0),
                textcoords="offset points", va="center", color=JUMP, fontsize=NAME,
            )  # fmt: skip
        axes.set_ylim(last - 0.5 * one, last + 3.4 * one)
    axes.set_ylabel("held-out loss")


def _notes(found: list[list[Jump]], one: float) -> list[str]:
    with_jump = sum(bool(own) for own in found)
    return [
        f"Above, each line is a feature of the seed with the lowest loss. Bands: jumps from step {SINCE} on in which "
        "the loss falls",
        f"by more than {STANDS_OUT} standard deviations of its noise; {with_jump} of "
        f"{numbered(len(found), 'seeds')} have them.",
        "Below, the loss of that seed, and of the others in grey. Dashed: levels counted up from the last loss, as far",
        f"apart as a digon is worth more than one feature, $(s/3 - 7s^2/12)/n$ = {one:.2e}.",
    ]


def _signed(change: float) -> str:
    return f"{change:.1e}".replace("-", "−")
