"""From what params.yaml says to resolved experiments: defaults filled in, axes expanded."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from superposition.params.axes import Importance, Sparsity, importances, placed, seeds, sparsities, widths
from superposition.params.document import parse
from superposition.params.faults import Fault, Location, ParamsError, Strict, faults_of
from superposition.params.inheritance import enlarged, filled_in, is_inherited, stands_in
from superposition.params.measures import Measures
from superposition.params.models import PRESETS, Model
from superposition.params.rules import broken_rules
from superposition.params.schema import Block, File, Initial, Training
from superposition.params.sets import Sets, sets
from superposition.params.sizes import inherited_faults, memory_faults, size_faults, total_faults
from superposition.params.values import in_words


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
    values: str  # the law of active features, in the words of features/values.py
    held_out: int
    loss_error: float
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


@dataclass(frozen=True)
class _Block:
    """A block at one scale, with the defaults filled in."""

    own: dict[Any, Any]  # its keys, as they are written
    valid: dict[type, dict[str, Any]]  # keys and values of each mapping, as far as they are valid
    faults: list[Fault]  # of keys by themselves, but for those of the defaults alone, and of its size

    @property
    def keys(self) -> dict[str, Any]:
        return self.valid.get(Block, {})


def read(path: Path) -> Params:
    """The parameters in a YAML file; raises ParamsError with everything that is wrong with it."""
    return resolve(parse(path))


def read_checked(path: Path) -> Params:
    """The parameters in the JSON file that the check stage made of params.yaml."""
    return resolve(json.loads(path.read_bytes()))


def resolve(document: dict[str, Any]) -> Params:
    """What a document stands for; raises ParamsError with everything that is wrong with it."""
    faults: list[Fault] = []
    try:
        File.model_validate(document)
    except ValidationError as error:
        faults += faults_of(error)
    defaults, named = document.get("defaults"), document.get("experiments")
    shared = defaults if isinstance(defaults, dict) else {}
    own = {name: keys for name, keys in named.items() if isinstance(keys, dict)} if isinstance(named, dict) else {}
    if too_much := inherited_faults(own, shared):
        raise ParamsError([*faults, *too_much])
    blocks = {name: _at_scales(keys, shared) for name, keys in own.items()}
    too_large = [fault for scale in (0, -1) for fault in total_faults({n: at[scale].keys for n, at in blocks.items()})]
    faults += too_large
    checked = {}
    for name, at_scales in blocks.items():
        points, found = [], []
        for block in at_scales:
            expanded, more = _check(block, expand=not too_large)
            points.append(expanded)
            found.append(more)
        everything = _both(found, own[name].get("full_scale"))
        faults += [replace(fault, location=_home(fault, own[name], name)) for fault in everything]
        scale = -1 if document.get("scale") == "full" else 0
        checked[name] = at_scales[scale].keys, points[scale]
    if faults:
        # What the defaults do wrong is said once, however many experiments inherit it.
        raise ParamsError(faults)
    experiments = {name: _experiment(name, keys, points) for name, (keys, points) in checked.items()}
    return Params(seed=document["seed"], experiments=experiments)


def notes(document: dict[str, Any]) -> list[str]:
    """What a valid document says that may not be what is meant: one line each."""
    said = []
    for name, own in document["experiments"].items():
        for block in _at_scales(own, document["defaults"]):
            importance, n = block.keys["importance"], block.keys["n_features"]
            if (
                n > 1
                and isinstance(importance, list)
                and len(importance) == n
                and all(isinstance(point, int | float) for point in importance)
            ):
                listed = f"[{importance[0]}, {importance[1]}, ...]"
                said.append(
                    f"experiments.{name}.importance: is an axis of {n} points, at each of which all {n} features are "
                    f"as important; one importance for each feature is {{listed: {listed}}}"
                )
    return list(dict.fromkeys(said))


def _at_scales(own: dict[str, Any], shared: dict[str, Any]) -> list[_Block]:
    """A block as it is, and at full scale if that differs."""
    larger = own.get("full_scale")
    if not isinstance(larger, dict) or not larger or "full_scale" in larger:
        return [_filled_in(own, shared)]
    try:
        at_full_scale = enlarged(own)
    except TypeError:
        at_full_scale = own | larger
    return [_filled_in(own, shared), _filled_in(at_full_scale, shared)]


def _both(found: list[list[Fault]], larger: Any) -> list[Fault]:
    """The faults at both scales, said once; those at full scale stand in `full_scale` if that says what is wrong."""
    faults, *more = found
    if isinstance(larger, dict) and "full_scale" in larger:
        return [*faults, Fault(("full_scale", "full_scale"), "is an unknown key", larger["full_scale"])]
    known = {fault.identity for fault in faults}
    for fault in (fault for faults in more for fault in faults if fault.identity not in known):
        in_place = stands_in(larger, fault.location)
        faults.append(replace(fault, location=("full_scale", *fault.location)) if in_place else fault)
    return faults


def _home(fault: Fault, own: dict[str, Any], name: str) -> Location:
    """Where in the file a fault of an experiment stands: in its own block, or in the defaults."""
    home = ("defaults",) if is_inherited(fault.location, own) else ("experiments", name)
    return (*home, *fault.location)


def _filled_in(own: dict[str, Any], shared: dict[str, Any]) -> _Block:
    valid: dict[type, dict[str, Any]] = {}
    faults: list[Fault] = []
    try:
        Block.model_validate(filled_in(own, shared), context=valid)
    except ValidationError as error:
        faults += [fault for fault in faults_of(error) if not is_inherited(fault.location, own)]
    return _Block(own, valid, faults)


def _check(block: _Block, expand: bool) -> tuple[dict[str, list[Any]], list[Fault]]:
    """The points of an experiment's axes, and its faults but for those of the defaults alone."""
    too_many = size_faults(block.keys)
    points, found = ({}, too_many) if too_many or not expand else _expand(block.keys)
    faults = [*block.faults, *found, *broken_rules(block.valid, points, block.own)]
    return points, faults or memory_faults(block.keys, block.valid.get(Training, {}))


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
        values=in_words(keys["values"]),
        held_out=keys["held_out"],
        loss_error=keys["loss_error"],
        measures=keys.get("measures", Measures()),
        initial=keys["initial"],
        training=keys["training"],
    )


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
