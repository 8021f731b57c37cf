"""The figures of "Learning as Geometric Transformations": six features of two sets on their way, still and moving.

The model is turned so that the axis that joins the means of the sets in the end is upright.
"""

from dataclasses import dataclass
from math import ceil, floor

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Ellipse, Polygon
from matplotlib.ticker import FuncFormatter, LogLocator

from superposition.exact.functions import LOG_10, cos, log, log10, radians, sin
from superposition.exact.sums import dot, mean, total
from superposition.figures.animation import Animation, line
from superposition.figures.grids import Canvas
from superposition.figures.style import (
    FAINT,
    GUIDE,
    GUIDE_LABEL,
    INK,
    MOVING_COUNTER,
    MOVING_LABEL,
    MOVING_NAME,
    MOVING_NOTE,
    MUTED,
    NAME,
    NOTE,
    PAPER,
    SUBTITLE,
    TEXT,
    TITLE,
    TRIANGLES,
    theme,
)
from superposition.readings.kinds import has_one_width
from superposition.readings.results import Tables
from superposition.readings.transformations import STAGES, in_order, path_of, stages
from superposition.theory.losses import one_direction_for_a_set
from superposition.verdicts import numbered

SET_SIZE = 3
REACH = 1.34  # of the axes, in units of a feature's length
TILT = float(radians(22))  # of the eye above the horizon
STAGE_NAMES = {"A": "near zero", "B": "one axis", "C": "triangles", "D": "antiprism"}
MOVING_FROM = 10  # steps: before, next to nothing happens
SECONDS = 14.0


@dataclass(frozen=True)
class Run:
    """One seed: steps, places of the six features [step, 3, feature], upright, and the loss given a non-zero input."""

    seed: int
    steps: np.ndarray
    places: np.ndarray
    loss: np.ndarray
    marks: dict[str, int]  # stage: the snapshot that shows it, of those that it reaches


def fits(tables: Tables) -> bool:
    """Two correlated sets of three features in three dimensions, of which the way is known."""
    instances = tables.instances
    return (
        (tables.n_features, tables.n_hidden) == (2 * SET_SIZE, 3)
        and set(instances["sets"]) == {"correlated"}
        and set(instances["set_size"]) == {SET_SIZE}
        and set(instances["values"]) == {"unit"}
        and not tables.trajectories.empty
        and has_one_width(tables)
        and bool(np.count_nonzero(tables.trajectories["step"].unique() >= MOVING_FROM) > 1)
        and int(tables.history["step"].max()) > 10 * MOVING_FROM
    )


def figures(tables: Tables) -> dict[str, Figure | Animation]:
    order = tables.instances.sort_values("rank", kind="stable")["instance"].tolist()
    paths = [path_of(tables, int(instance)) for instance in order]
    ordered = [in_order(stages(W, loss)) for _, W, loss in paths]
    shown = ordered.index(True) if any(ordered) else 0
    given = 2 * SET_SIZE / (1 - np.square(1 - tables.per_feature("density", np.array(order))[:, 0]))
    steps, W, loss = paths[shown]
    seeds = tables.instances.set_index("instance")["seed"]
    run = Run(int(seeds[order[shown]]), steps, _upright(W), loss * given[shown], _marks(stages(W, loss)))
    others = [loss * unit for (_, _, loss), unit in zip(paths, given, strict=True)]
    which = "with the lowest loss of those that do" if any(ordered) else "with the lowest loss"
    shows = f"{ordered.count(True)} of {numbered(len(ordered), 'seeds')} go from A to B to C to D"
    note = f"{shows}; shown is the one {which} (seed {run.seed})."
    return {"animation": _moving(run), "stages": _stills(run, others, note)}


def _upright(W: Float[np.ndarray, "step 3 6"]) -> Float[np.ndarray, "step 3 6"]:
    """In coordinates whose third axis joins the means of the sets in the end."""
    third = mean(W[-1, :, :SET_SIZE], axis=1) - mean(W[-1, :, SET_SIZE:], axis=1)
    size = float(np.sqrt(dot(third, third)))
    third = third / size if size > 0 else np.array([0.0, 0.0, 1.0])
    first = np.cross(third, np.eye(3)[np.abs(third).argmin()])
    first = first / np.sqrt(dot(first, first))
    frame = np.stack([first, np.cross(third, first), third])
    return total(frame[None, :, :, None] * W[:, None, :, :], axis=2)


def _marks(at: dict[str, np.ndarray]) -> dict[str, int]:
    """A: the last snapshot of it; B and C: the middle one; D: where it ends."""
    chosen = {"A": -1, "D": -1}
    found = {}
    for stage in STAGES:
        places = np.flatnonzero(at[stage])
        if len(places):
            found[stage] = int(places[chosen.get(stage, len(places) // 2)])
    return found


def _seen(places: Float[np.ndarray, "*step 3 feature"], above: bool) -> Float[np.ndarray, "*step 2 feature"]:
    """Where the eye sees them, from above or from the side."""
    x, y, z = places[..., 0, :], places[..., 1, :], places[..., 2, :]
    return np.stack([x, y if above else z * cos(TILT) + y * sin(TILT)], axis=-2)


def _stills(run: Run, losses: list[np.ndarray], note: str) -> Figure:
    side, gap, left = 1.75, 0.12, 0.75
    width = 4 * side + 3 * gap
    with theme():
        canvas = Canvas(left + width + 0.9, 2 * side + 3.95)
        for place, stage in enumerate(STAGES):
            start = left + place * (side + gap)
            title = f"{stage}  {STAGE_NAMES[stage]}"
            if stage in run.marks:
                title += f"\nstep {run.steps[run.marks[stage]]:,}".replace(",", "\u202f")
            else:
                title += "\nnot reached"
            canvas.text(start + side / 2, 0.08, title, ha="center", fontsize=SUBTITLE)
            for row, above in enumerate((True, False)):
                axes = canvas.axes(start, 0.5 + row * (side + 0.08), side, side)
                _vectors(axes, run, run.marks.get(stage), above)
                if place == 0:
                    axes.set_ylabel("from above" if above else "from the side", fontsize=TEXT, labelpad=4)
        axes = canvas.axes(left, 0.5 + 2 * side + 0.45, width, 1.95)
        _losses(axes, run, losses)
        canvas.text(left, canvas.height - 0.5, note, fontsize=NOTE, color=MUTED)
        key = "Blue and orange: the two sets, with the way that each feature has come. Grey: the losses of other seeds."
        canvas.text(left, canvas.height - 0.33, key, fontsize=NOTE, color=MUTED)
        return canvas.figure


def _vectors(axes: Axes, run: Run, snapshot: int | None, above: bool) -> None:
    axes.set(xlim=(-REACH, REACH), ylim=(-REACH, REACH), aspect="equal", xticks=[], yticks=[])
    axes.spines[:].set_visible(False)
    for height, half in _cylinder(above):
        axes.add_patch(Ellipse((0, height), 2, 2 * half, facecolor="none", edgecolor=FAINT, linewidth=0.9, zorder=0))
    if not above:
        edge = float(cos(TILT))
        for x in (-1, 1):
            axes.plot([x, x], [-edge, edge], color=FAINT, linewidth=0.9, zorder=0)
    if snapshot is None:
        return
    seen = _seen(run.places[: snapshot + 1], above)
    for number, colour in enumerate(TRIANGLES):
        own = seen[:, :, number * SET_SIZE : (number + 1) * SET_SIZE]
        axes.add_patch(Polygon(own[-1].T, facecolor=colour, alpha=0.18, edgecolor=colour, linewidth=0.8, zorder=1))
        for feature in range(SET_SIZE):
            x, y = own[-1, :, feature]
            axes.plot(own[:, 0, feature], own[:, 1, feature], color=colour, linewidth=0.9, alpha=0.7, zorder=2)
            axes.plot([0, x], [0, y], color=colour, linewidth=1.7, solid_capstyle="round", zorder=3)
            axes.plot(x, y, "o", color=colour, markersize=5.5, markeredgecolor=PAPER, markeredgewidth=0.8, zorder=4)


def _cylinder(above: bool) -> list[tuple[float, float]]:
    """Middle and half height of the circles that bound a cylinder of radius 1 and height 2."""
    return [(0.0, 1.0)] if above else [(sign * float(cos(TILT)), float(sin(TILT))) for sign in (-1, 1)]


def _losses(axes: Axes, run: Run, losses: list[np.ndarray]) -> None:
    later = run.steps > 0
    for loss in losses:
        axes.plot(run.steps[later], loss[later], color=FAINT, linewidth=0.7, zorder=1)
    axes.plot(run.steps[later], run.loss[later], color=INK, linewidth=1.6, zorder=3)
    for stage, snapshot in run.marks.items():
        at = (max(int(run.steps[snapshot]), 1), run.loss[snapshot])
        axes.plot(*at, "o", color=INK, markersize=5, zorder=4)
        axes.annotate(stage, at, xytext=(0, 6), textcoords="offset points", ha="center", fontsize=TITLE, weight="bold")
    plateau = run.loss[0] * one_direction_for_a_set(SET_SIZE)
    axes.axhline(plateau, color=GUIDE, linewidth=1, linestyle=(0, (4, 3)), zorder=2)
    axes.annotate(
        "1/6 of the\nfirst loss", (1, plateau), xycoords=("axes fraction", "data"), xytext=(5, 0),
        textcoords="offset points", va="center", color=GUIDE_LABEL, fontsize=NAME,
    )  # fmt: skip
    axes.set(xscale="log", yscale="log", xlim=(1, 1.2 * run.steps[-1]), xlabel="step")
    axes.set(ylabel="loss, summed over features,\ngiven a non-zero input", ylim=(None, 3 * float(run.loss[0])))
    axes.xaxis.set_major_locator(LogLocator(subs=(1,)))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda step, _: f"{step:,.0f}".replace(",", "\u202f")))
    axes.grid(axis="y")
    axes.spines[["top", "right"]].set_visible(False)


def _moving(run: Run) -> Animation:
    """The two views beside each other, with a counter of steps, over the loss."""
    kept = np.flatnonzero(run.steps >= MOVING_FROM)
    steps, loss = run.steps[kept], run.loss[kept]
    times = log(steps)
    picture = Animation(720, 590, times, SECONDS)
    for above, middle, name in ((True, 190.0, "from above"), (False, 530.0, "from the side")):
        picture.text(middle, 28, name, text_anchor="middle")
        _moving_view(picture, run.places[kept], above, np.array([middle, 195.0]), 120.0)
    _counter(picture, steps, 330.0, 372.0)
    _moving_loss(picture, run, times, loss)
    return picture


def _moving_view(picture: Animation, places: np.ndarray, above: bool, middle: np.ndarray, unit: float) -> None:
    for height, half in _cylinder(above):
        picture.add(
            "ellipse", cx=middle[0], cy=middle[1] - unit * height, rx=unit, ry=unit * half, fill="none", stroke=FAINT
        )
    if not above:
        edge = unit * float(cos(TILT))
        for x in (middle[0] - unit, middle[0] + unit):
            picture.add("line", x1=x, x2=x, y1=middle[1] - edge, y2=middle[1] + edge, stroke=FAINT)
    seen = middle[:, None] + unit * np.array([[1.0], [-1.0]]) * _seen(places, above)  # y points down in SVG
    for number, colour in enumerate(TRIANGLES):
        own = seen[:, :, number * SET_SIZE : (number + 1) * SET_SIZE]
        triangle = picture.add("polygon", fill=colour, fill_opacity="0.16", stroke=colour)
        picture.animate(triangle, "points", [line(corners.T) for corners in own])
        for feature in range(SET_SIZE):
            way = own[:, :, feature]
            picture.draw(way, stroke=colour, stroke_opacity="0.6", stroke_width=1.2)
            vector = picture.add("line", x1=middle[0], y1=middle[1], stroke=colour, stroke_width=2.5)
            picture.animate(vector, "x2", list(way[:, 0]))
            picture.animate(vector, "y2", list(way[:, 1]))
            picture.move(picture.add("circle", r=5.5, fill=colour, stroke=PAPER), way)


def _counter(picture: Animation, steps: np.ndarray, left: float, baseline: float) -> None:
    """A column of numbers behind a window, shifted by one for each frame."""
    pitch = 30
    window = picture.add("clipPath", id="window")
    picture.add("rect", window, x=left, y=baseline - 20, width=120, height=pitch - 2)
    picture.text(left - 8, baseline, "step", text_anchor="end", size=MOVING_LABEL, fill=MUTED)
    behind = picture.add("g", clip_path="url(#window)")
    column = picture.add("g", behind)
    for row, step in enumerate(steps):
        picture.text(
            left, baseline + row * pitch, f"{step:,}".replace(",", "\u202f"), size=MOVING_COUNTER, parent=column
        )
    picture.move(column, np.stack([np.zeros(len(steps)), -pitch * np.arange(len(steps))], axis=1), jumping=True)


def _moving_loss(picture: Animation, run: Run, times: np.ndarray, loss: np.ndarray) -> None:
    left, right, top, bottom = 90.0, 640.0, 430.0, 545.0
    powers = np.arange(np.floor(log10(loss.min())), np.ceil(log10(loss.max())) + 1)

    def across(time: float | np.ndarray) -> np.ndarray:
        return np.asarray(left + (right - left) * (time - times[0]) / (times[-1] - times[0]))

    def down(value: float | np.ndarray) -> np.ndarray:
        return np.asarray(bottom - (bottom - top) * (log10(value) - powers[0]) / (powers[-1] - powers[0]))

    for power in powers.astype(int).tolist():
        value = float(f"1e{power}")
        y = float(down(value))
        picture.add("line", x1=left, x2=right, y1=y, y2=y, stroke=FAINT)
        if power % 2 == 0 or len(powers) < 5:
            picture.text(left - 8, y + 4, f"{value:g}", text_anchor="end", size=MOVING_NOTE)
    first, last = log10(run.steps[run.steps >= MOVING_FROM][[0, -1]]).tolist()
    for power in range(ceil(first), floor(last) + 1):
        x = float(across(power * LOG_10))
        picture.text(
            x, bottom + 19, f"{int('1' + power * '0'):,}".replace(",", "\u202f"), text_anchor="middle", size=MOVING_NOTE
        )
    picture.text((left + right) / 2, bottom + 38, "step", text_anchor="middle")
    picture.text(left, top - 28, "loss, summed over features, given a non-zero input", size=MOVING_NOTE, fill=MUTED)
    places = np.stack([across(times), down(loss)], axis=1)
    picture.add("polyline", points=line(places), fill="none", stroke=INK, stroke_width=1.6)
    for stage, snapshot in run.marks.items():
        x = float(across(max(float(times[0]), float(log(max(1, run.steps[snapshot]))))))
        y = float(down(float(run.loss[snapshot])))
        picture.text(x, y - 9, stage, text_anchor="middle", size=MOVING_NAME, font_weight="bold")
    picture.move(picture.add("circle", r=5.5, fill=GUIDE, stroke=PAPER), places)
