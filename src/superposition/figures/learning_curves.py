"""Held-out loss while training: one panel per model, one colour per sparsity, the best seed in bold."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogFormatterMathtext, LogLocator

from superposition.figures.grids import Canvas, text_width, wrapped
from superposition.figures.points import model_name, plain, spread_out, titles
from superposition.figures.style import DENSITY, MUTED, NOTE, theme
from superposition.readings.results import Tables
from superposition.theory.losses import without_superposition

MAX_MODELS = 4
MAX_CURVES = 10  # points in one panel; more could not be told apart
PRINCIPAL = ("linear", "relu_output")  # models that without superposition keep some features whole, and a bias
MAX_SEEDS = 20  # thin lines at one point


def figures(tables: Tables) -> dict[str, Figure]:
    """None of experiments that kept nothing between the first step and the last one: there is no curve then."""
    if tables.history.loc[tables.history["step"] > 0, "step"].nunique() < 2:
        return {}
    width, height, gap, left, top, right = 3.1, 2.5, 0.65, 0.75, 0.42, 0.15
    every = list(dict.fromkeys(tables.best["model"]))
    models = [every[place] for place in spread_out(len(every), MAX_MODELS)]
    labels = {model: _labels(tables, model) for model in models}
    longest = max(text_width(label, NOTE) for own in labels.values() for label in own.values())
    pitch = width + (0.4 + longest if longest else 0.0) + gap  # a legend beside each panel, after its handles
    across = left + len(models) * pitch - gap + right
    notes = ["bold: lowest loss at the end"]
    if len(tables.instances) > len(tables.best):
        notes.append("thin: the other seeds")
    if set(models) & set(PRINCIPAL) and _has_reference(tables.best):
        notes.append("dashed: best without superposition, in closed form")
    if len(models) < len(every):
        notes.append(f"{len(models)} of {len(every)} models")
    lines = wrapped([", ".join(notes)], across - left - right)
    with theme():
        canvas = Canvas(across, top + height + 0.58 + 0.17 * len(lines))
        for number, model in enumerate(models):
            axes = canvas.axes(left + number * pitch, top, width, height)
            _draw(axes, tables, labels[model])
            if len(models) > 1:
                axes.set_title(model_name(model), loc="left")
        if bool((tables.history["loss"] > 0).any()):
            _same_losses(canvas.figure.axes)
        canvas.figure.axes[0].set_ylabel("held-out loss")
        for number, line in enumerate(lines):
            canvas.text(left, top + height + 0.51 + 0.17 * number, line, fontsize=NOTE, color=MUTED)
        return {"learning_curves": canvas.figure}


def best_curves(tables: Tables) -> pd.DataFrame:
    """Point, step and held-out loss of the model that ends best at each of the points that are drawn of each model.

    A point is named by its number, from 1, and by what varies: `dvc plots diff` puts those of other commits beside it.
    """
    names, rows = titles(tables, "density"), []
    best = tables.best.set_index("instance", drop=False)
    for model in dict.fromkeys(tables.best["model"]):
        for instance in _labels(tables, model):
            steps, loss = _curve(tables, instance)
            point = int(best.loc[[instance], "point"].iloc[0])
            name = f"{point + 1}: {plain(names[point])}"
            rows.append(pd.DataFrame({"point": name, "step": steps, "loss": [f"{value:.5g}" for value in loss]}))
    return pd.concat(rows, ignore_index=True)


def _has_reference(best: pd.DataFrame) -> bool:
    """Whether the loss without superposition is drawn of some model."""
    return bool(((best["values"] == "unit") & (best["sets"] == "independent")).any())


def _labels(tables: Tables, model: str) -> dict[int, str]:
    """What the points of a model that are drawn are called, by instance, from dense to sparse."""
    best = tables.best[tables.best["model"] == model].sort_values("sparsity", kind="stable")
    kept = best.iloc[spread_out(len(best), MAX_CURVES)]
    names = titles(tables, "sparsity")
    # All but the model, which is the panel's title.
    said = [names[int(point)].removeprefix(model_name(model)).strip().replace("\n", ", ") for point in kept["point"]]
    return dict(zip(kept["instance"].tolist(), said, strict=True))


def _draw(axes: Axes, tables: Tables, labels: dict[int, str]) -> None:
    rows = tables.best.set_index("instance", drop=False).loc[list(labels)]
    shades = DENSITY(np.linspace(0, 1, max(2, len(labels))))
    lines = []
    for (_, row), label, shade in zip(rows.iterrows(), labels.values(), shades, strict=False):
        for other in tables.at(int(row["point"]))["instance"][1:MAX_SEEDS]:
            steps, loss = _curve(tables, int(other))
            axes.plot(steps, loss, color=shade, linewidth=0.6, alpha=0.35, zorder=2)
        steps, loss = _curve(tables, int(row["instance"]))
        lines += axes.plot(steps, loss, color=shade, linewidth=1.9, zorder=3, label=label)
        if row["values"] == "unit" and row["sets"] == "independent" and row["model"] in PRINCIPAL:
            own = tables.features_of(int(row["instance"]))
            least = without_superposition(own["density"].to_numpy(), own["importance"].to_numpy(), int(row["n_hidden"]))
            # With a dimension for each feature it is 0, which is nowhere on this axis. Matplotlib would make room for
            # what rounding leaves of it, another number on other processors.
            if least > 0:
                axes.axhline(least, color=shade, linewidth=0.9, linestyle=(0, (4, 3)), zorder=1)
    axes.set(xlabel="step", xscale="log")
    axes.xaxis.set_major_locator(LogLocator(subs=(1,)))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda step, _: f"{step:,.0f}".replace(",", "\u202f")))
    axes.grid(axis="y")
    axes.spines[["top", "right"]].set_visible(False)
    of_model = np.count_nonzero(tables.best["model"] == rows["model"].iloc[0])
    title = None if len(labels) == of_model else f"{len(labels)} of {of_model}"
    if any(labels.values()):  # of one point alone there is nothing to say
        axes.legend(handles=lines, loc="upper left", bbox_to_anchor=(1.01, 1.02), handlelength=1.2, title=title)


def _same_losses(panels: list[Axes]) -> None:
    """One logarithmic scale for all panels, with labels at powers of ten, or more often if those are too few."""
    for axes in panels:
        axes.set_yscale("log")
    limits = [limit for axes in panels for limit in axes.get_ylim()]
    narrow = max(limits) < 100 * min(limits)
    for axes in panels:
        axes.set_ylim(min(limits), max(limits))
        axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if narrow else (1,)))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda loss, _: f"{loss:g}") if narrow else LogFormatterMathtext())
        axes.minorticks_off()


def _curve(tables: Tables, instance: int) -> tuple[np.ndarray, np.ndarray]:
    own = tables.history[tables.history["instance"] == instance].sort_values("step", kind="stable")
    if own.empty:
        raise ValueError(f"the history has no losses of instance {instance}")
    trained = own[own["step"] > 0]  # the axis is logarithmic, as the steps are
    return trained["step"].to_numpy(), trained["loss"].to_numpy()
