"""From params.yaml to resolved experiments: defaults filled in, axes expanded, rules between keys checked."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from itertools import product
from math import comb, prod
from pathlib import Path
from typing import Any, Literal

from pydantic import ValidationError
from ruamel.yaml import YAML, YAMLError

from superposition.exact.grids import over_budget
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
from superposition.params.schema import PRESETS, Block, Defaults, File, Initial, Measures, Model, Training

AXES = ("model", "n_hidden", "sparsity", "importance", "sets", "seeds")
MAX_SETS = 20_000  # of features, among which explanations are searched for, each tried on all vectors
MAX_ROWS = 10_000_000  # instances x features of one experiment: tables have a row for each, and are read in memory
MOST_DIRECTIONS, FEWEST_DIMENSIONS = 512, 3  # of models whose directions are compared with packings
NESTED = [key for key, field in Defaults.model_fields.items() if field.annotation in (Initial, Training)]


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
    document = _parse(path)
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


def _parse(path: Path) -> dict[Any, Any]:
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


def _filled_in(own: dict[Any, Any], shared: dict[Any, Any]) -> dict[Any, Any]:
    """An experiment's keys over the defaults; `initial` and `training` are filled in key by key."""
    whole = {key: value for key, value in shared.items() if key in Defaults.model_fields} | own
    for key in NESTED:
        if isinstance(own.get(key), dict) and isinstance(shared.get(key), dict):
            whole[key] = shared[key] | own[key]
    return whole


def _is_inherited(location: Location, own: dict[Any, Any]) -> bool:
    """Whether what stands at this location of an experiment was written in the defaults, not in its own block."""
    if not location or location[0] not in Defaults.model_fields:
        return False
    key, *rest = location
    if key in NESTED and rest and isinstance(own.get(key), dict):
        return rest[0] not in own[key]
    return key not in own


def _enlarged(own: dict[Any, Any]) -> dict[Any, Any]:
    """An experiment's keys at full scale."""
    larger = own["full_scale"]
    merged = {key: own[key] | larger[key] for key in NESTED if isinstance(own.get(key), dict) and key in larger}
    return own | larger | {key: value for key, value in merged.items() if isinstance(larger[key], dict)}


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
        enlarged = _enlarged(own)
    except TypeError:
        enlarged = own | larger
    more_keys, more_points, found = _check(enlarged, shared)
    known = {str(fault) for fault in faults}
    for fault in found:
        if str(fault) not in known:
            in_place = _stands_in(larger, fault.location)
            faults.append(replace(fault, location=("full_scale", *fault.location)) if in_place else fault)
    return (more_keys, more_points, faults) if full else (keys, points, faults)


def _stands_in(larger: dict[Any, Any], location: Location) -> bool:
    """Whether what stands at this location of an experiment at full scale was written in `full_scale`."""
    if not location or location[0] not in larger:
        return False
    key, *rest = location
    return not (key in NESTED and rest and isinstance(larger[key], dict)) or rest[0] in larger[key]


def _home(fault: Fault, own: dict[Any, Any], name: str) -> Location:
    """Where in the file a fault of an experiment stands: in its own block, or in the defaults."""
    home = ("defaults",) if _is_inherited(fault.location, own) else ("experiments", name)
    return (*home, *fault.location)


def _check(own: dict[Any, Any], shared: dict[Any, Any]) -> tuple[dict[str, Any], dict[str, list[Any]], list[Fault]]:
    """The valid keys of an experiment, the points of its axes, and its faults but for those of the defaults alone."""
    valid: dict[type, dict[str, Any]] = {}
    faults: list[Fault] = []
    try:
        Block.model_validate(_filled_in(own, shared), context=valid)
    except ValidationError as error:
        faults += [fault for fault in faults_of(error) if not _is_inherited(fault.location, own)]
    keys, training = valid.get(Block, {}), valid.get(Training, {})
    too_many = _size_faults(keys)
    points, found = ({}, too_many) if too_many else _expand(keys)
    attacks = any(model.training_attack for model in points.get("model", []))
    faults += [*_training_faults(training, own), *_budget_faults(keys, training, own, attacks), *found]
    faults += _tied_faults(points.get("model", []), keys)
    faults += _sets_faults(points, own)
    faults += _attack_faults(points.get("model", []), valid.get(Measures, {}))
    faults += _recovery_faults(points, keys)
    faults += _explanation_faults(points, keys, valid.get(Measures, {}))
    faults += _ablation_faults(points.get("model", []), valid.get(Measures, {}))
    faults += _imitation_faults(points, valid.get(Measures, {}))
    faults += _packings_faults(keys, valid.get(Measures, {}))
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


def _blamed(own: dict[Any, Any], *locations: Location) -> Location:
    """Of the keys that do not go together, the first that the experiment itself writes, or else the first."""
    return next((location for location in locations if not _is_inherited(location, own)), locations[0])


def _training_faults(training: dict[str, Any], own: dict[Any, Any]) -> Iterator[Fault]:
    for small, large in (("warmup_steps", "steps"), ("batch_size", "sample_size")):
        if training.get(small) is None or training.get(large) is None or training[small] <= training[large]:
            continue
        too_much, too_little = ("training", small), ("training", large)
        if _blamed(own, too_much, too_little) == too_much:
            yield Fault(too_much, f"must be at most {large} = {training[large]}", training[small])
        else:
            yield Fault(too_little, f"must be at least {small} = {training[small]}", training[large])


def _budget_faults(
    keys: dict[str, Any], training: dict[str, Any], own: dict[Any, Any], attacks: bool
) -> Iterator[Fault]:
    if training.get("arithmetic") != "exact":
        return
    # A shape of which a part is unknown is checked as if that part were 1, which always fits.
    shape = {
        "n_features": keys.get("n_features", 1),
        "n_hidden": max(widths(keys.get("n_hidden", 1))[0]),
        "batch_size": training.get("batch_size", 1),
    }
    for sentence in over_budget(**shape, attacks=attacks):
        axis = sentence.split()[0]
        location = ("training", axis) if axis in training else (axis,)
        yield Fault(_blamed(own, location, ("training", "arithmetic")), sentence)


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


def _tied_faults(models: list[Model], keys: dict[str, Any]) -> Iterator[Fault]:
    """A tied model gains nothing from more hidden dimensions than features: W^T W has rank n_features at most."""
    n, tied = keys.get("n_features"), [model.name for model in models if model.tied]
    for where, m in placed(keys.get("n_hidden", [])):
        if tied and n is not None and m > n:
            at_most = f"must be at most n_features = {n} for tied models ({', '.join(tied)})"
            yield Fault(("n_hidden", *where), at_most, m)


def _sets_faults(points: dict[str, list[Any]], own: dict[Any, Any]) -> Iterator[Fault]:
    """A set is active as a whole, and so has one density."""
    for group in points.get("sets", []):
        for sparsity in points.get("sparsity", []):
            values = sparsity.per_feature
            if any(values[i] != values[i - i % group.size] for i in range(len(values))):
                yield Fault(
                    _blamed(own, ("sets",), ("sparsity",)),
                    f"must keep features of different sparsity in different sets; sparsity has {sparsity.label}",
                    group.label,
                )


def _attack_faults(models: list[Model], measures: dict[str, Any]) -> Iterator[Fault]:
    """Attacks point along columns of W^T W, which is what a model computes if it is tied and hides nothing."""
    for model in models:
        fits = model.tied and model.hidden == "linear" and model.target == "identity"
        if not fits and measures.get("attack") is not None:
            allowed = f"must be null for models that are not tied, linear on h and of target identity ({model.name})"
            yield Fault(("measures", "attack"), allowed)
        if not fits and model.training_attack:
            yield Fault(
                ("model",), "must be tied, linear on h and of target identity to have a training_attack", model.name
            )


def _recovery_faults(points: dict[str, list[Any]], keys: dict[str, Any]) -> Iterator[Fault]:
    """Decoders look for x >= 0 with W x = h, of models that differ in nothing but width and seed."""
    recovery = getattr(keys.get("measures"), "recovery", None)
    if recovery is None:
        return
    at = ("measures", "recovery")
    for key in ("model", "sparsity", "importance", "sets"):
        if len(points.get(key, [])) > 1:
            yield Fault(at, f"must be null where {key} is an axis")
    for model in points.get("model", []):
        if model.hidden != "linear" or model.hidden_bias or model.target != "identity":
            allowed = "must be null for models that are not linear on h, without a bias there and of target identity"
            yield Fault(at, f"{allowed} ({model.name})")
    if keys.get("values") == "signed":
        yield Fault(at, "must be null where values are signed: what is recovered is not negative")
    n = keys.get("n_features")
    for place, active in enumerate(recovery.active):
        if n is not None and active > n:
            yield Fault((*at, "active", place), f"must be at most n_features = {n}", active)


def _explanation_faults(
    points: dict[str, list[Any]], keys: dict[str, Any], measures: dict[str, Any]
) -> Iterator[Fault]:
    """Explanations are of h = W x, with strengths from 0 to 1, by all sets of at most n_hidden features."""
    wanted, here = measures.get("explanations"), ("measures", "explanations")
    if wanted is None:
        return
    for model in points.get("model", []):
        if model.hidden != "linear" or model.hidden_bias or model.target != "identity":
            yield Fault(here, f"must be null for models that are not linear on h and of target identity ({model.name})")
    if keys.get("values") == "signed":
        yield Fault(here, "must be null for values: signed")
    n = keys.get("n_features")
    for number, active in enumerate(wanted.active):
        if active in wanted.active[:number]:
            yield Fault((*here, "active", number), "must be in the list once", active)
        if n is not None and active > n:
            yield Fault((*here, "active", number), f"must be at most n_features = {n}", active)
    if n is not None and points.get("n_hidden"):
        sets = sum(comb(n, size) for size in range(1, min(n, max(points["n_hidden"])) + 1))
        if sets > MAX_SETS:
            yield Fault(here, f"must be null where features make {sets} sets of n_hidden; allowed: at most {MAX_SETS}")


def _ablation_faults(models: list[Model], measures: dict[str, Any]) -> Iterator[Fault]:
    """One of the models at least must have what is switched off; the others have it off already."""
    ablations = measures.get("ablations")
    if ablations is None or not models:
        return
    for number, part in enumerate(ablations.without):
        location = ("measures", "ablations", "without", number)
        if part in ablations.without[:number]:
            yield Fault(location, "must be in the list once", part)
        if not any(model.output == "relu" if part == "relu" else model.output_bias for model in models):
            yield Fault(location, "must be something that a model of the experiment has on its output", part)
    for number, density in enumerate(ablations.densities):
        if density in ablations.densities[:number]:
            yield Fault(("measures", "ablations", "densities", number), "must be in the list once", density)


def _imitation_faults(points: dict[str, list[Any]], measures: dict[str, Any]) -> Iterator[Fault]:
    """Neurons of the widest models are read from narrower ones: there must be neurons, and narrower models."""
    if measures.get("imitation") is None:
        return
    where = ("measures", "imitation")
    if len(points.get("n_hidden", [0, 1])) < 2:
        yield Fault(where, "must be null where n_hidden is not an axis")
    if linear := [model.name for model in points.get("model", []) if model.hidden != "relu"]:
        yield Fault(where, f"must be null for models without a ReLU on the hidden layer ({', '.join(linear)})")


def _packings_faults(keys: dict[str, Any], measures: dict[str, Any]) -> Iterator[Fault]:
    """Optimised directions have sums that are exact up to 512 of them; bounds are for 3 dimensions and more."""
    if measures.get("packings") is None:
        return
    if keys.get("n_features", 1) > MOST_DIRECTIONS:
        allowed = f"must be null for more than {MOST_DIRECTIONS} features, which are too many to compare with"
        yield Fault(("measures", "packings"), allowed)
    for where, m in placed(keys.get("n_hidden", [])):
        if m < FEWEST_DIMENSIONS:
            yield Fault(("n_hidden", *where), f"must be at least {FEWEST_DIMENSIONS} to have measures.packings", m)
