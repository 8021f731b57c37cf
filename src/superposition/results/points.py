"""Values on the axes of an experiment, as one asks for them: in the forms of params.yaml, or by the tables' labels."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypedDict

import numpy as np
import pandas as pd
from pydantic import TypeAdapter, ValidationError

from superposition.params.axes import ImportanceAxis, SparsityAxis, importances, sparsities
from superposition.params.faults import Fault, faults_of
from superposition.params.sets import Sets, SetsAxis, sets
from superposition.results.absent import NotThere, not_there

Form = float | str | Mapping[str, Any]  # of a point


class Point(TypedDict, total=False):
    """What models are asked for by: of each axis a value or a list of values, and all values of an axis left out."""

    model: str | Sequence[str]  # name of the architecture, such as relu_output
    n_hidden: int | Sequence[int]
    sparsity: Form | Sequence[Form]  # S: 0.9, {"last": 0.5, "others": 0.9}, ..., or a `sparsity_label`
    density: float | Sequence[float]  # 1 - S of all features: another way to say sparsity
    importance: Form | Sequence[Form]  # 1.0, {"geometric": 0.9}, ..., or an `importance_curve`, such as "0.9^i"
    sets: str | Mapping[str, int] | Sequence[str | Mapping[str, int]]  # "independent", {"correlated": 2}, ...
    seed: int | Sequence[int]


AXES = ("model", "n_hidden", "sparsity", "importance", "sets", "seed")
NAMES = (*AXES, "density")


def axes(instances: pd.DataFrame) -> dict[str, list[Any]]:
    """The values on each axis, in the order of the experiment's instances; numbers where a point is one number."""
    found = {}
    for axis in AXES:
        labels = label_column(instances, axis)
        first = ~labels.duplicated()
        found[axis] = labels[first].tolist()
        if axis == "sparsity":
            numbers = instances.loc[first, "sparsity"].tolist()
            found[axis] = [
                label if np.isnan(number) else number for label, number in zip(found[axis], numbers, strict=True)
            ]
        if axis == "importance":
            found[axis] = [_number(label) for label in found[axis]]
    return found


def label_column(instances: pd.DataFrame, axis: str) -> pd.Series:
    """What stands for each instance's point on an axis: a label, or a whole number."""
    if axis == "sets":
        kinds = zip(instances["sets"], instances["set_size"], strict=True)
        return pd.Series([Sets(kind, int(size)).label for kind, size in kinds], index=instances.index)
    columns = {"sparsity": "sparsity_label", "importance": "importance_curve"}
    return instances[columns.get(axis, axis)]


def matching(instances: pd.DataFrame, point: Mapping[str, Any], n_features: int) -> pd.Series:
    """Which instances stand at these values; raises NotThere for an axis or a value that there is none of."""
    chosen = pd.Series(True, index=instances.index)
    for name, wanted in point.items():
        if name not in NAMES:
            raise not_there("no axis", name, NAMES)
        axis = "sparsity" if name == "density" else name
        labels = label_column(instances, axis)
        known = set(labels)
        asked = [] if wanted is None else _labels(name, wanted, n_features)
        for label, value in asked:
            if label not in known:
                present = axes(instances)[axis]
                if name == "density":
                    present = [round(1 - S, 10) for S in present if isinstance(S, float)]
                raise not_there(f"no model with {name}", value, present)
        if wanted is not None:
            chosen &= labels.isin([label for label, _ in asked])
    return chosen


def _labels(name: str, wanted: Any, n_features: int) -> list[tuple[Any, Any]]:
    """The labels of the values that are asked for, each with its value as it was said."""
    wanted = wanted.tolist() if isinstance(wanted, np.ndarray | np.generic | pd.Series) else wanted
    values = list(wanted) if isinstance(wanted, list | tuple) else [wanted]
    values = [value.item() if isinstance(value, np.generic) else value for value in values]
    if name == "density":
        return [(_one("sparsity", _complement(value), n_features), value) for value in values]
    return [(_one(name, value, n_features), value) for value in values]


def _complement(density: Any) -> Any:
    """1 - density, of a number."""
    if isinstance(density, bool) or not isinstance(density, int | float):
        raise NotThere(f"density = {density!r}: must be a number above 0, at most 1")
    return round(1 - density, 10)


POINTS: dict[str, tuple[TypeAdapter[Any], Callable[[Any, int], tuple[list[Any], list[Fault]]]]] = {
    "sparsity": (TypeAdapter(SparsityAxis), sparsities),
    "importance": (TypeAdapter(ImportanceAxis), importances),
    "sets": (TypeAdapter(SetsAxis), sets),
}


def _one(name: str, value: Any, n_features: int) -> Any:
    """The label of one value; a text is one already."""
    if name not in POINTS or isinstance(value, str):
        return value
    form, expanded = POINTS[name]
    try:
        points, faults = expanded(form.validate_python(value), n_features)
    except ValidationError as error:
        points, faults = [], faults_of(error)
    if faults:
        first = faults[0]
        raise NotThere(str(Fault((name, *first.location), first.message, first.value, first.known)))
    if len(points) > 1:
        raise NotThere(f"{name} = {value}: must be one value, or a list of values")
    return points[0].label


def _number(label: str) -> float | str:
    try:
        return float(label)
    except ValueError:
        return label
