"""What came out in numbers: reports/metrics.json has experiment -> point -> number, reports/metrics/ a few for DVC.

Points are known by their number on the experiment's axes and not by their values, so that a value which was changed is
a difference, and not a number that is missing on one side.

DVC prints a row for each file and a column for each number in it: one file for all would be one row of thousands.
"""

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from superposition.claims import CLAIMS
from superposition.claims.claim import Evaluation
from superposition.readings.results import Tables
from superposition.report.conditions import conditions

SIGNIFICANT_DIGITS = 6
COUNTS = ("claims", "hold")
NUMBERS = ("loss", "n_represented")
MAX_POINTS = 100  # of an experiment, whose numbers are listed one by one
OF_ALL = "all-experiments"  # no experiment's name has a hyphen


def metrics(tables_by_experiment: Mapping[str, Tables], evaluation: Evaluation) -> dict[str, Any]:
    """`claims` says how many got which verdict; `experiments` has how many of its own hold, and what its points are."""
    given = {one["id"]: one["verdict"] for one in evaluation.verdicts}
    experiments = {}
    for key, tables in tables_by_experiment.items():
        own = [given[claim.id] for claim in CLAIMS.get(key, ()) if claim.id in given]
        experiments[key] = {"claims": len(own), "hold": own.count("holds")} | _points(tables)
    return {"claims": {**evaluation.counts, "not_tested": len(evaluation.untested)}, "experiments": experiments}


def few(document: Mapping[str, Any]) -> dict[str, dict[str, int | float]]:
    """Of `metrics`, what is compared at a glance, by file: claims, how many of them hold, and means over points.

    These are of numbers as they are stored, so that what is made of a stored document differs in nothing.
    """
    of_each = _rounded(document)["experiments"]
    found = {key: _counts(own) | _means(own) for key, own in of_each.items()}
    both = {name: sum(own.get(name, 0) for own in of_each.values()) for name in COUNTS}
    return {f"{key}.json": own for key, own in ({OF_ALL: both} | found).items()}


def write_few(document: Mapping[str, Any], folder: Path) -> None:
    """Into a folder that is there, and has nothing else of an earlier run."""
    for name, own in few(document).items():
        (folder / name).write_text(as_json(own), encoding="utf-8")


def _counts(own: Mapping[str, Any]) -> dict[str, int]:
    return {name: own[name] for name in COUNTS if name in own}


def _means(own: Mapping[str, Any]) -> dict[str, float]:
    points = [value for value in own.values() if isinstance(value, Mapping)]
    return {key: math.fsum(point[key] for point in points) / len(points) for key in NUMBERS} if points else {}


def _points(tables: Tables) -> dict[str, dict[str, int | float | str]]:
    """Where a point is, and two numbers of its best model: the page has more."""
    points = conditions(tables)
    if len(points) > MAX_POINTS:
        return {"mean": {key: math.fsum(getattr(point, key) for point in points) / len(points) for key in NUMBERS}}
    return {
        str(number): {"at": point.name} | {key: getattr(point, key) for key in NUMBERS}
        for number, point in enumerate(points)
    }


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
