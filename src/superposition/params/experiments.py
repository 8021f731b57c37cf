"""From params.yaml to resolved experiments: defaults filled in, axes expanded."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from itertools import product
from math import prod
from pathlib import Path
from typing import Any, Literal

from pydantic import ValidationError
from ruamel.yaml import YAML, YAMLError

from superposition.params.axes import (
    MAX_INSTANCES,
    Importance,
    Sets,
    Sparsity,
    importances,
    placed,
    seeds,
    sets,
    size,
    sparsities,
    widths,
)
from superposition.params.faults import Fault, Location, ParamsError, Strict, faults_of
from superposition.params.inheritance import enlarged, filled_in, is_inherited, stands_in
from superposition.params.rules import broken_rules
from superposition.params.schema import PRESETS, Block, File, Initial, Measures, Model, Training

AXES = ("model", "n_hidden", "sparsity", "importance", "sets", "seeds")
MAX_ROWS = 10_000_000  # instances x features of one experiment: tables have a row for each, and are read in memory


class Experiment(Strict):
    """One block of params.yaml, resolved; its instances are the product of models, widths, ... and seeds."""

    title: str
    section: str
    about: str
    n_features: int
    models: tuple[Model, ...]
    widths: tuple[int, ...]  # n_hidden of the models
    sparsities: tuple[Sparsity, ...]
    importances: tuple[Importance, ...]
    sets: tuple[Sets, ...]
    seeds: tuple[int, ...]
    values: Literal["unit", "signed"]
    held_out: int
    measures: Measures
    initial: Initial
    training: Training

    def points(self) -> Iterator[tuple[Model, int, Importance, Sparsity, Sets, int]]:
        """The coordinates of each instance, in order."""
        return product(self.models, self.widths, self.importances, self.sparsities, self.sets, self.seeds)

    @property
    def n_hidden(self) -> int:
        """Of the widest models."""
        return max(self.widths)

    def training_settings(self) -> dict[str, Any]:
        """All that training needs to know besides its data, in JSON's types."""
        settings = self.model_dump(mode="json", include={"n_features", "models", "initial", "training"})
        return settings | {"n_hidden": self.n_hidden}


class Params(Strict):
    seed: int
    experiments: dict[str, Experiment]


def read(path: Path) -> Params:
    """The parameters in a YAML file; raises ParamsError with everything that is wrong with it."""
    document = parse(path)
    faults: list[Fault] = []
    try:
        File.model_validate(document)
    except ValidationError as error:
        faults += faults_of(error)
    defaults, blocks = document.get("defaults"), document.get("experiments")
    shared = defaults if isinstance(defaults, dict) else {}
    checked = {}
    for name, own in blocks.items() if isinstance(blocks, dict) else ():
        if isinstance(own, dict):
            *checked[name], found = _check_scales(own, shared, document.get("scale") == "full")
            faults += [replace(fault, location=_home(fault, own, str(name))) for fault in found]
    if faults:
        # What the defaults do wrong is said once, however many experiments inherit it.
        raise ParamsError(list({str(fault): fault for fault in faults}.values()))
    experiments = {name: _experiment(name, keys, points) for name, (keys, points) in checked.items()}
    return Params(seed=document["seed"], experiments=experiments)


def parse(path: Path) -> dict[Any, Any]:
    """The mapping in a YAML file, as DVC reads it (YAML 1.2)."""
    try:
        document = YAML(typ="safe").load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ParamsError([Fault((str(path),), f"cannot be read: {error.strerror}")]) from None
    except (YAMLError, ValueError) as error:  # ValueError: not UTF-8, or no such date as 2020-13-01
        said = " ".join(str(error).split())
        raise ParamsError([Fault((str(path),), f"is not valid YAML: {said}")]) from None
    if not isinstance(document, dict):
        what = "is empty" if document is None else f"holds a {type(document).__name__}"
        raise ParamsError([Fault((str(path),), f"{what}; must be a mapping with seed, defaults and experiments")])
    return document


def _check_scales(
    own: dict[Any, Any], shared: dict[Any, Any], full: bool
) -> tuple[dict[str, Any], dict[str, list[Any]], list[Fault]]:
    """As `_check`, at the scale that is wanted; faults are those of both scales, said once."""
    larger = own.get("full_scale")
    keys, points, faults = _check(own, shared)
    if not isinstance(larger, dict) or not larger:
        return keys, points, faults
    if "full_scale" in larger:
        return keys, points, [*faults, Fault(("full_scale", "full_scale"), "is an unknown key", larger["full_scale"])]
    try:
        at_full_scale = enlarged(own)
    except TypeError:
        at_full_scale = own | larger
    more_keys, more_points, found = _check(at_full_scale, shared)
    known = {str(fault) for fault in faults}
    for fault in found:
        if str(fault) not in known:
            in_place = stands_in(larger, fault.location)
            faults.append(replace(fault, location=("full_scale", *fault.location)) if in_place else fault)
    return (more_keys, more_points, faults) if full else (keys, points, faults)


def _home(fault: Fault, own: dict[Any, Any], name: str) -> Location:
    """Where in the file a fault of an experiment stands: in its own block, or in the defaults."""
    home = ("defaults",) if is_inherited(fault.location, own) else ("experiments", name)
    return (*home, *fault.location)


def _check(own: dict[Any, Any], shared: dict[Any, Any]) -> tuple[dict[str, Any], dict[str, list[Any]], list[Fault]]:
    """The valid keys of an experiment, the points of its axes, and its faults but for those of the defaults alone."""
    valid: dict[type, dict[str, Any]] = {}
    faults: list[Fault] = []
    try:
        Block.model_validate(filled_in(own, shared), context=valid)
    except ValidationError as error:
        faults += [fault for fault in faults_of(error) if not is_inherited(fault.location, own)]
    keys = valid.get(Block, {})
    too_many = _size_faults(keys)
    points, found = ({}, too_many) if too_many else _expand(keys)
    faults += [*found, *broken_rules(valid, points, own)]
    return keys, points, faults


def _experiment(name: str, keys: dict[str, Any], points: dict[str, list[Any]]) -> Experiment:
    return Experiment(
        title=keys.get("title") or name.replace("_", " ").capitalize(),
        section=keys.get("section", ""),
        about=keys.get("about", "").strip(),
        n_features=keys["n_features"],
        models=tuple(points["model"]),
        widths=tuple(points["n_hidden"]),
        sparsities=tuple(points["sparsity"]),
        importances=tuple(points["importance"]),
        sets=tuple(points["sets"]),
        seeds=tuple(points["seeds"]),
        values=keys["values"],
        held_out=keys["held_out"],
        measures=keys.get("measures", Measures()),
        initial=keys["initial"],
        training=keys["training"],
    )


def _size_faults(keys: dict[str, Any]) -> list[Fault]:
    counts = {key: size(keys[key]) for key in AXES if key in keys}
    if isinstance(keys.get("seeds"), int):
        counts["seeds"] = keys["seeds"]
    instances, n_features = prod(counts.values()), keys.get("n_features", 1)
    factors = f"{' x '.join(f'{count} ({key})' for key, count in counts.items())} = {instances} instances"
    if instances > MAX_INSTANCES:
        return [Fault((), f"has {factors}; allowed: at most {MAX_INSTANCES}")]
    if instances * n_features > MAX_ROWS:
        return [Fault((), f"has {factors} of {n_features} features; allowed: at most {MAX_ROWS} features in all")]
    return []


def _expand(keys: dict[str, Any]) -> tuple[dict[str, list[Any]], list[Fault]]:
    """The points of every axis that can be known, and what is wrong with them."""
    expansions: dict[str, Callable[[Any], tuple[list[Any], list[Fault]]]]
    expansions = {"model": _models, "n_hidden": widths, "seeds": seeds}
    if "n_features" in keys:
        expansions["sparsity"] = partial(sparsities, n_features=keys["n_features"])
        expansions["importance"] = partial(importances, n_features=keys["n_features"])
        expansions["sets"] = partial(sets, n_features=keys["n_features"])
    points, faults = {}, []
    for key, expand in expansions.items():
        if key in keys:
            points[key], found = expand(keys[key])
            faults += [replace(fault, location=(key, *fault.location)) for fault in found]
    return points, faults


def _models(axis: Any) -> tuple[list[Model], list[Fault]]:
    """The points of a valid ModelAxis, and the names among them that are taken."""
    models, faults, taken = [], [], set[str]()
    for where, point in placed(axis):
        if isinstance(point, Model):
            model, at, reserved = point, (*where, "name"), taken | PRESETS.keys()
        else:
            model, at, reserved = PRESETS[point], where, taken
        if model.name in reserved:
            faults.append(Fault(at, "must be a name that no preset and no other model of the axis has", model.name))
        models.append(model)
        taken.add(model.name)
    return models, faults
