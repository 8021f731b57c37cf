"""What superposition costs without the ReLU, the bias or the sparsity: in models trained so, and in trained models."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from superposition.exact.functions import geometric_space, log
from superposition.exact.sums import total
from superposition.figures.densities import LABEL, density_axis
from superposition.figures.grids import Canvas
from superposition.figures.style import MUTED, NAME, NOTE, ON_DENSE_DATA, WITH_BOTH, WITHOUT_BIAS, WITHOUT_RELU, theme
from superposition.measures.thresholds import REPRESENTED_NORM
from superposition.readings.kinds import is_plain
from superposition.readings.results import Tables
from superposition.readings.shared import features_per_dimension
from superposition.readings.split_losses import split_losses
from superposition.theory.losses import antipodal, without_superposition
from superposition.verdicts import numbered

FULL, NO_RELU, NO_BIAS = "relu_output", "without_relu", "without_bias"
NAMES = {FULL: "ReLU and bias", NO_BIAS: "without the bias", NO_RELU: "without the ReLU"}
COLOURS = {FULL: WITH_BOTH, NO_BIAS: WITHOUT_BIAS, NO_RELU: WITHOUT_RELU}
DPI = 100  # pixels of an inch of a figure that is not saved yet, matplotlib's default, which `theme` restores


def fits(tables: Tables) -> bool:
    """The three models at the same densities, one importance curve, and data of several densities, dense ones too."""
    best = tables.best
    if "ablations" not in tables.extra or set(best["model"]) != set(NAMES):
        return False
    made = tables.extra["ablations"]
    return (
        bool(best["sparsity"].notna().all())
        and best["importance_curve"].nunique() == 1
        and best["sparsity"].nunique() > 1
        and len(best) == len(NAMES) * best["sparsity"].nunique()
        and {"nothing", "relu", "bias"} <= set(made["without"])
        and made.loc[~made["own"], "density"].nunique() > 2
        and bool((made.loc[~made["own"], "density"] == 1).any())
        and is_plain(tables)
        and tables.n_features > tables.n_hidden
        and bool((best.loc[best["model"] == NO_BIAS, "n_represented"] > 0).any())
    )


def figures(tables: Tables) -> dict[str, Figure]:
    return {"trained_without": _trained_without(tables), "switched_off": _switched_off(tables)}


def _trained_without(tables: Tables) -> Figure:
    rows = _rows(tables)
    rows = rows[rows["own"] & (rows["without"] == "nothing")]
    rows = rows.assign(per_dimension=features_per_dimension(tables, rows["instance"].to_numpy()))
    with theme():
        canvas = Canvas(10.8, 3.75)
        counts, losses = canvas.axes(0.6, 0.4, 3.75, 2.4), canvas.axes(6.0, 0.4, 3.6, 2.4)
        for axes, column in ((counts, "per_dimension"), (losses, "ratio")):
            for model in NAMES:
                own = rows[rows["model"] == model]
                best = own[own["best"]].sort_values("density", kind="stable")
                axes.plot(own["density"], own[column], "_", color=COLOURS[model], markersize=8, alpha=0.45, zorder=1)
                axes.plot(best["density"], best[column], "o-", color=COLOURS[model], markersize=4.5, linewidth=1.5)
            ends = rows[rows["best"] & (rows["density"] == rows["density"].min())].set_index("model")[column]
            _labels(axes, float(rows["density"].min()), {NAMES[model]: ends[model] for model in NAMES},
                    [COLOURS[model] for model in NAMES])  # fmt: skip
            axes.axhline(1, color=MUTED, linewidth=0.7, linestyle=(0, (1, 2)), zorder=0)
            density_axis(axes, rows["density"].tolist())
            axes.set_ylim(0, None)
        counts.set_title(r"features per dimension, $\|W\|_F^2 / m$", loc="left")
        losses.set_title("loss, over the least without superposition", loc="left")
        seeds = int(rows.groupby(["model", "density"]).size().min())
        note = (
            f"Of {numbered(seeds, 'seeds')} the one with the lowest loss; dashes: the others. Dotted: no "
            "superposition. Each model "
            "was trained as it is; on the left of each panel,\nwithout sparsity, none superposes."
        )
        canvas.text(0.6, 3.32, note, fontsize=NOTE, color=MUTED, linespacing=1.35)
        return canvas.figure


def _switched_off(tables: Tables) -> Figure:
    rows = _rows(tables)
    full = rows[(rows["model"] == FULL) & (rows["density"] < 1)]
    own = full[full["own"]]
    kinds = {
        "as trained": (own[own["without"] == "nothing"], COLOURS[FULL]),
        "bias off": (own[own["without"] == "bias"], COLOURS[NO_BIAS]),
        "ReLU off": (own[own["without"] == "relu"], COLOURS[NO_RELU]),
        "dense data": (
            full[~full["own"] & (full["without"] == "nothing") & (full["data_density"] == 1)],
            ON_DENSE_DATA,
        ),
    }
    with theme():
        canvas = Canvas(10.8, 3.75)
        losses, growth = canvas.axes(0.6, 0.4, 3.75, 2.4), canvas.axes(6.0, 0.4, 3.6, 2.4)
        for group, colour in kinds.values():
            best = group[group["best"]].sort_values("density", kind="stable")
            losses.plot(group["density"], group["ratio"], "_", color=colour, markersize=8, alpha=0.45, zorder=1)
            losses.plot(best["density"], best["ratio"], "o-", color=colour, markersize=4.5, linewidth=1.5)
        low = float(full["density"].min())
        ends = {
            name: float(group[group["best"] & (group["density"] == low)]["ratio"].iloc[0])
            for name, (group, _) in kinds.items()
        }
        losses.axhline(1, color=MUTED, linewidth=0.7, linestyle=(0, (1, 2)), zorder=0)
        losses.set_yscale("log")
        _plain_log(losses)
        density_axis(losses, full["density"].tolist(), f"{LABEL} in training")
        _labels(losses, low, ends, [colour for _, colour in kinds.values()])
        losses.set_title("loss, over the least without superposition", loc="left")
        shown = _growth(growth, tables, rows)
        note = (
            "Left: trained with ReLU and bias, then one of them switched off or fed dense data; dotted: "
            f"no superposition. Right: trained without a bias\nat density {shown:g}, antipodal pairs, fed other "
            "densities; dashed: pairs in theory, $s^2/6$ and $s/3$ each. Dots: lowest loss; dashes: other seeds."
        )
        canvas.text(0.6, 3.32, note, fontsize=NOTE, color=MUTED, linespacing=1.35)
        return canvas.figure


def _growth(axes: Axes, tables: Tables, rows: pd.DataFrame) -> float:
    """Interference of pairs on data of each density, relative to what represented features would cost if ignored."""
    pairs = rows[(rows["model"] == NO_BIAS) & ~rows["own"]]
    counts = pairs[pairs["best"]].drop_duplicates("density").set_index("density")["n_represented"]
    counts = counts[counts > 0]
    # Where two features share each dimension, or else as nearly as there is.
    off = (counts - 2 * tables.n_hidden).abs().sort_index(kind="stable")
    trained = float(off.index[int(off.argmin())])
    pairs = pairs[pairs["density"] == trained]
    best = int(pairs.loc[pairs["best"], "instance"].iloc[0])
    features = tables.features_of(best)
    weight = float(total(features.loc[features["norm"] > REPRESENTED_NORM, "importance"])) / tables.n_features
    s = geometric_space(float(pairs["data_density"].min()), 1.0, 100)
    curves = {"nothing": (antipodal(s, np.ones_like(s)), FULL), "relu": (s / 3, NO_RELU)}
    ends = {}
    for part, (theory, like) in curves.items():
        group = pairs[pairs["without"] == part].sort_values("data_density", kind="stable")
        chosen = group[group["instance"] == best]
        axes.plot(s, theory, color=MUTED, linewidth=1, linestyle=(0, (4, 2)), zorder=0)
        axes.plot(group["data_density"], group["interference"] / weight, "_", color=COLOURS[like], markersize=8,
                  alpha=0.45, zorder=1)  # fmt: skip
        axes.plot(chosen["data_density"], chosen["interference"] / weight, "o-", color=COLOURS[like], markersize=4.5,
                  linewidth=1.5)  # fmt: skip
        ends[{"nothing": "with the ReLU", "relu": "ReLU off"}[part]] = float(chosen["interference"].iloc[0]) / weight
    axes.set_yscale("log")
    density_axis(axes, pairs["data_density"].tolist(), "density of the data")
    _labels(axes, float(s[0]), ends, [COLOURS[FULL], COLOURS[NO_RELU]])
    axes.set_title("interference of antipodal pairs, error of a feature", loc="left")
    return trained


def _rows(tables: Tables) -> pd.DataFrame:
    """Split losses, `ratio` to the least loss without superposition on the same data, and the training `density`."""
    rows = split_losses(tables)
    importance = tables.features_of(int(tables.best["instance"].iloc[0]))["importance"].to_numpy()
    plain = {
        s: without_superposition(np.full(tables.n_features, s), importance, tables.n_hidden)
        for s in rows["data_density"].unique()
    }
    return rows.assign(ratio=rows["total"] / rows["data_density"].map(plain))


def _labels(axes: Axes, at: float, ends: dict[str, float], colours: Sequence[str]) -> None:
    """Names of lines to the right of their ends, moved apart where they would overlap."""
    height = axes.get_window_extent().height / DPI * 72  # points
    low, high = axes.get_ylim()
    low = 0.0 if axes.get_yscale() == "linear" else low
    place = {
        name: height * (log(y / low) / log(high / low) if axes.get_yscale() == "log" else (y - low) / (high - low))
        for name, y in ends.items()
    }
    previous = -np.inf
    for name in sorted(place, key=lambda key: place[key]):
        moved = max(place[name], previous + 10)
        colour = dict(zip(ends, colours, strict=True))[name]
        axes.annotate(name, (at, ends[name]), xytext=(7, moved - place[name]), textcoords="offset points", va="center",
                      fontsize=NAME, color=colour, annotation_clip=False)  # fmt: skip
        previous = moved


def _plain_log(axes: Axes) -> None:
    low, high = axes.get_ylim()
    ticks = [tick for tick in (0.1, 0.3, 1, 3, 10, 30, 100, 300) if low <= tick <= high]
    axes.set_yticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.minorticks_off()
