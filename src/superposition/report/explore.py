"""What can be moved and turned on the page: the data of trained models, and the scripts `explore.*.js` that draw them.

Nothing here is a picture: the stills stay for print, and for readers without scripts. Weights lie on a grid, so that
whole thousandths of them are the same on every machine; all that needs a function (angles, eigenvectors) is left to
the reader's browser.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from superposition.readings.jumps import learned
from superposition.readings.kinds import has_one_width
from superposition.readings.polytopes import INTERFERENCE
from superposition.readings.results import Tables
from superposition.readings.transformations import in_order, path_of, stages

# In the order in which they need each other.
SCRIPTS = ("drawing", "algebra", "turnable", "shapes", "phases", "polytopes", "dynamics", "start")
MOST_FEATURES = 32  # whose products are drawn
MOST_POINTS = 2500  # of a phase diagram
SEEN = 0.1  # norm of a feature from which it is drawn as a point, as in the figure
NOTED = 10  # hundredths: products below this are left out; those of the named polytopes are 14 at least
OF_RELU = "relu_output"


@dataclass(frozen=True)
class Panel:
    kind: str  # which of the scripts draws it
    title: str
    about: str
    data: str  # JSON


def panels(experiment: str, tables: Tables) -> list[Panel]:
    """Those of an experiment; of one whose tables do not fit, none."""
    made = PANELS[experiment](tables) if experiment in PANELS else None
    return [] if made is None else [made]


def shapes(tables: Tables) -> Panel | None:
    """The best ReLU model at each density, one width: its vectors if they lie in a plane, and W^T W."""
    own = tables.best[tables.best["model"] == OF_RELU].sort_values("density", ascending=False, kind="stable")
    if not has_one_width(tables) or tables.n_features > MOST_FEATURES:
        return None
    if len(own) < 2 or own["density"].isna().any() or own["density"].nunique() < len(own):
        return None
    points = [
        {
            "sparsity": short(row["sparsity"]),
            "loss": short(row["loss"]),
            "represented": row["n_represented"],
            "W": thousandths(tables.weights_of(row["instance"])),
        }
        for row in own.to_dict("records")
    ]
    return Panel(
        kind="shapes",
        title="From dense to sparse",
        about="Move the slider to see how the best model changes as features become rarer. At its marks are trained "
        "models; what is drawn between two of them is on the way from one to the next, and was not trained.",
        data=written({"n_features": tables.n_features, "n_hidden": tables.n_hidden, "points": points}),
    )


def phases(tables: Tables) -> Panel | None:
    """The best model of each cell of a phase diagram, by density and then by the last feature's importance."""
    best = tables.best["instance"].to_numpy()
    if not has_one_width(tables) or len(best) > MOST_POINTS or tables.n_hidden > 2:
        return None
    density, importance = (tables.per_feature(axis, best)[:, -1] for axis in ("density", "importance"))
    axes = sorted(set(density.tolist())), sorted(set(importance.tolist()))
    if min(map(len, axes)) < 2 or len(axes[0]) * len(axes[1]) != len(best):
        return None
    loss = tables.best["loss"].tolist()
    order = sorted(range(len(best)), key=lambda place: (density[place], importance[place]))
    data = {
        "n_features": tables.n_features,
        "n_hidden": tables.n_hidden,
        "densities": [short(value) for value in axes[0]],
        "importances": [short(value) for value in axes[1]],
        "loss": [short(loss[place]) for place in order],
        "W": [thousandths(tables.weights_of(int(best[place]))) for place in order],
        "b": [thousandths(tables.per_feature("bias", best[place : place + 1])) for place in order],
    }
    return Panel(
        kind="phases",
        title="The model behind a point",
        about="Each cell is the best model at its density and at the last feature's importance. Point at one, or move "
        "the sliders, to see its feature vectors and biases. Grey: the last feature is not learned; blue: it has a "
        "dimension of its own; red: it is in superposition.",
        data=written(data),
    )


def polytopes(tables: Tables) -> Panel | None:
    """Dimensionalities of the best model at each sparsity, and which of its features interfere how much."""
    own = tables.best
    if not has_one_width(tables) or own["density"].isna().any() or len(own["model"].unique()) > 1:
        return None
    columns = [_column(tables, int(row["instance"]), float(row["density"])) for row in own.to_dict("records")]
    return Panel(
        kind="polytopes",
        title="The shape behind a point",
        about="Each point is a feature. Point at one, or move the sliders, to see the features that it interferes "
        "with, directly or through each other, in the first three of the dimensions that they span. Drag the shape, or "
        "turn it with the arrow keys.",
        data=written({"cut": round(100 * INTERFERENCE), "columns": columns}),
    )


def _column(tables: Tables, instance: int, density: float) -> dict[str, Any]:
    features = tables.features_of(instance)
    seen = np.flatnonzero(features["norm"].to_numpy() > SEEN)
    gram = np.rint(tables.gram_of(instance)[np.ix_(seen, seen)] * 100).astype(np.int64)
    first, second = np.nonzero(np.triu(np.abs(gram) >= NOTED, 1))
    return {
        "density": short(density),
        "features": seen.tolist(),
        "dimensionality": thousandths(features["dimensionality"].to_numpy()[seen]),
        "squares": np.diag(gram).tolist(),
        "products": np.stack([first, second, gram[first, second]], axis=1).ravel().tolist(),
    }


def levels(tables: Tables) -> Panel | None:
    """Dimensionality of each feature of the best model while it learns, and the loss."""
    if len(tables.best) != 1:
        return None
    steps, D, loss = learned(tables, int(tables.best["instance"].iloc[0]))
    data = {
        "steps": steps.tolist(),
        "loss": [short(value) for value in loss.tolist()],
        "dimensionality": [thousandths(row) for row in D],
    }
    return Panel(
        kind="levels",
        title="Features while they learn",
        about="Play, pause, or move the slider: each bar is a feature of the best model, as high as its share of a "
        "dimension at that step.",
        data=written(data),
    )


def path(tables: Tables) -> Panel | None:
    """The way of all features in three dimensions, of the run that the still figures show."""
    if tables.n_hidden != 3 or tables.trajectories.empty or not has_one_width(tables):
        return None
    order = tables.instances.sort_values("rank", kind="stable")["instance"].tolist()
    ways = [path_of(tables, int(instance)) for instance in order]
    steps, W, loss = next((way for way in ways if in_order(stages(way[1], way[2]))), ways[0])
    data = {
        "n_features": tables.n_features,
        "set_size": int(tables.instances["set_size"].iloc[0]),
        "steps": steps.tolist(),
        "loss": [short(value) for value in loss.tolist()],
        "W": [thousandths(at) for at in W],
    }
    return Panel(
        kind="path",
        title="The same run, to turn and to play",
        about="Play, pause, or move the slider; drag the picture, or turn it with the arrow keys.",
        data=written(data),
    )


PANELS: dict[str, Callable[[Tables], Panel | None]] = {
    "intro": shapes,
    "basic_results": shapes,
    "phase_change": phases,
    "phase_change_of_three": phases,
    "geometry": polytopes,
    "learning_dynamics": levels,
    "geometric_transformations": path,
}


def thousandths(values: np.ndarray) -> list[int]:
    found: list[int] = np.rint(np.asarray(values, dtype=np.float64).ravel() * 1000).astype(np.int64).tolist()
    return found


def short(value: float) -> float:
    return float(f"{value:.5g}")


def written(data: Any) -> str:
    return json.dumps(data, separators=(",", ":"), allow_nan=False).replace(
        "<", "\\u003c"
    )  # which could end the script


def _source(ending: str) -> str:
    return Path(__file__).with_suffix(f".{ending}").read_text(encoding="utf-8")


STYLE = _source("css")
SCRIPT = "".join(_source(f"{script}.js") for script in SCRIPTS)
