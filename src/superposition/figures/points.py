"""The points of an experiment's axes that a figure shows, and what to call them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from superposition.figures.densities import said, sparsity_said
from superposition.measures.thresholds import REPRESENTED_NORM
from superposition.readings.results import Tables

Named = Literal["sparsity", "density"]  # what a title says of a point


@dataclass(frozen=True)
class Point:
    """The best model at one point. `b`, `norms`, ... are [feature]."""

    instance: int
    point: int
    model: str
    density: float  # NaN if each feature has its own
    importance: np.ndarray
    norms: np.ndarray
    superposition: np.ndarray
    b: np.ndarray
    title: str  # the coordinates that vary in this experiment
    seeds: int
    agreeing: int  # seeds that represent as many features as the best one does

    @property
    def represented(self) -> int:
        return int(np.count_nonzero(self.norms > REPRESENTED_NORM))


def spread_out(count: int, limit: int) -> list[int]:
    """At most `limit` of `count` places, the first, the last and evenly spaced ones between them."""
    return sorted(set(np.linspace(0, count - 1, min(count, limit)).round().astype(int).tolist()))


def points(tables: Tables, rows: pd.DataFrame, named: Named) -> list[Point]:
    """What figures need of these of `tables.best`; titles have the sparsity or the density."""
    title = titles(tables, named)
    return [_point(tables, row, title[int(row["point"])]) for _, row in rows.iterrows()]


def titles(tables: Tables, named: Named) -> dict[int, str]:
    """By point, the coordinates that vary in this experiment, or the sparsity if none does; a line for each."""
    best = tables.best
    varying = [axis for axis in ("model", "n_hidden", "importance_curve", "sparsity") if len(best[axis].unique()) > 1]
    # Several points without a common sparsity differ in nothing that has a short name.
    unnamed = np.count_nonzero(best["sparsity"].isna()) > 1
    lines = {}
    for _, row in best.iterrows():
        names = {
            "model": model_name(str(row["model"])),
            "n_hidden": f"$m$ = {row['n_hidden']}",
            "importance_curve": f"importance {row['importance_curve']}",
            "sparsity": NAMED[named](float(row[named])) + (f" ({row['point'] + 1})" if unnamed else ""),
        }
        lines[int(row["point"])] = "\n".join(names[axis] for axis in varying or ["sparsity"])
    return lines


def plain(title: str) -> str:
    """A title in one line, without what marks formulas."""
    return title.replace("$", "").replace("\n", ", ")


def sparsity_name(sparsity: float) -> str:
    return "own sparsities" if np.isnan(sparsity) else f"$S$ = {sparsity_said(sparsity)}"


def density_name(density: float) -> str:
    return "own densities" if np.isnan(density) else f"$1 - S$ = {said(density)}"


NAMED: dict[Named, Callable[[float], str]] = {"sparsity": sparsity_name, "density": density_name}


def model_name(model: str) -> str:
    return model.replace("_", " ").replace("relu", "ReLU")


def _point(tables: Tables, row: pd.Series, title: str) -> Point:
    features = tables.features_of(int(row["instance"]))
    seeds = tables.at(int(row["point"]))
    return Point(
        instance=int(row["instance"]),
        point=int(row["point"]),
        model=str(row["model"]),
        density=float(row["density"]),
        importance=features["importance"].to_numpy(),
        norms=features["norm"].to_numpy(),
        superposition=features["superposition"].to_numpy(),
        b=features["bias"].to_numpy(),
        title=title,
        seeds=len(seeds),
        agreeing=int(np.count_nonzero(seeds["n_represented"] == row["n_represented"])),
    )
