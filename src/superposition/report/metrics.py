"""The numbers that `dvc metrics show` and `dvc metrics diff` compare: experiment -> condition -> number."""

import json
import math
from collections.abc import Mapping
from typing import Any

from superposition.claims.claim import Evaluation
from superposition.readings.results import Tables
from superposition.report.conditions import conditions

SIGNIFICANT_DIGITS = 6
NUMBERS = ("loss", "n_represented")
MAX_POINTS = 100  # of an experiment, whose numbers are listed one by one


def metrics(tables_by_experiment: Mapping[str, Tables], evaluation: Evaluation) -> dict[str, Any]:
    """`experiments` has two numbers of the best model at each point, `claims` how many got which verdict."""
    return {
        "claims": {**evaluation.counts, "not_tested": len(evaluation.untested)},
        "experiments": {key: _of_experiment(tables) for key, tables in tables_by_experiment.items()},
    }


def _of_experiment(tables: Tables) -> dict[str, dict[str, int | float]]:
    """Two numbers a point: DVC shows each as a column. The page and the tables have the others."""
    points = conditions(tables)
    if len(points) > MAX_POINTS:
        mean = {key: math.fsum(getattr(point, key) for point in points) / len(points) for key in NUMBERS}
        return {f"mean of {len(points)} points": mean}
    return {point.name: {key: getattr(point, key) for key in NUMBERS} for point in points}


def as_json(document: Any) -> str:
    """JSON text that does not depend on the machine: sorted keys, floats of six significant digits."""
    return json.dumps(_rounded(document), sort_keys=True, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def _rounded(document: Any) -> Any:
    if isinstance(document, float):
        return float(f"{document:.{SIGNIFICANT_DIGITS}g}")
    if isinstance(document, Mapping):
        return {key: _rounded(value) for key, value in document.items()}
    if isinstance(document, list | tuple):
        return [_rounded(value) for value in document]
    return document
