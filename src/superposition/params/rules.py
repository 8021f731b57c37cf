"""Rules between the keys of an experiment: what each is allowed beside the others."""

from collections.abc import Iterator
from typing import Any

from superposition.exact.grids import over_budget
from superposition.features.groups import ANTICORRELATED, Parents, parents, width_of
from superposition.params.axes import MIN_DENSITY, Sparsity, placed, widths
from superposition.params.faults import Fault, Location, among
from superposition.params.inheritance import is_inherited
from superposition.params.measures import Measures, attackable, measures_faults
from superposition.params.models import Model
from superposition.params.modules import module_faults
from superposition.params.schema import Block, Initial, Training
from superposition.params.values import UnitLength

MOST_MIXED = 4096  # features: as many as exact sums may have, whose matrix takes 128 megabytes


def broken_rules(
    valid: dict[type, dict[str, Any]], points: dict[str, list[Any]], own: dict[Any, Any]
) -> Iterator[Fault]:
    """What does not go together, of the valid fields of each mapping, the points of the axes and the keys as written.

    A rule about a key that is missing or not valid is not checked.
    """
    keys, training, measures = (valid.get(mapping, {}) for mapping in (Block, Training, Measures))
    models = points.get("model", [])
    yield from _training_faults(training, own)
    yield from _floor_faults(training, own)
    yield from _budget_faults(keys, training, own, any(model.training_attack for model in models))
    yield from _control_faults(keys, training, points)
    yield from _tied_faults(models, keys)
    yield from _target_faults(models, keys)
    yield from _initial_faults(models, valid.get(Initial, {}), own)
    yield from _sets_faults(points, own)
    yield from _training_attack_faults(models)
    yield from module_faults(keys.get("model"), training)
    yield from measures_faults(points, keys, measures)


def _blamed(own: dict[Any, Any], *locations: Location) -> Location:
    """Of the keys that do not go together, the first that the experiment itself writes, or else the first."""
    return next((location for location in locations if not is_inherited(location, own)), locations[0])


def _training_faults(training: dict[str, Any], own: dict[Any, Any]) -> Iterator[Fault]:
    for small, large in (("warmup_steps", "steps"), ("batch_size", "sample_size")):
        if training.get(small) is None or training.get(large) is None or training[small] <= training[large]:
            continue
        too_much, too_little = ("training", small), ("training", large)
        if _blamed(own, too_much, too_little) == too_much:
            yield Fault(too_much, f"must be at most {large} = {training[large]}", training[small])
        else:
            yield Fault(too_little, f"must be at least {small} = {training[small]}", training[large])


def _floor_faults(training: dict[str, Any], own: dict[Any, Any]) -> Iterator[Fault]:
    """A constant rate does not fall."""
    if not training.get("floor") or training.get("schedule") != "constant":
        return
    floor, schedule = ("training", "floor"), ("training", "schedule")
    if _blamed(own, floor, schedule) == floor:
        yield Fault(floor, "must be 0 where the schedule is constant", training["floor"])
    else:
        yield Fault(schedule, "must be linear or cosine where there is a floor to fall to", training["schedule"])


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
    control = training.get("control_variate") is not None
    for sentence in over_budget(**shape, attacks=attacks, control=control):
        axis = sentence.split()[0]
        location = ("training", axis) if axis in training else (axis,)
        yield Fault(_blamed(own, location, ("training", "arithmetic")), sentence)


def _control_faults(keys: dict[str, Any], training: dict[str, Any], points: dict[str, list[Any]]) -> Iterator[Fault]:
    """The expectation of the linear model's gradient is known of tied models and independent, fresh features."""
    if (least := training.get("control_variate")) is None:
        return
    wrong = [model.name for model in points.get("model", []) if not _has_linear_gradient(model)]
    right = (
        "tied models, linear on h and without a bias there, with linear or relu outputs, of target identity and "
        "loss_power 2, without training_attack, mixing, hidden_noise and dropout"
    )
    refused = {
        f"but for {right}; not so: {among(wrong)}": bool(wrong),
        "where features differ in importance": any(len(set(one.curve)) > 1 for one in points.get("importance", [])),
        "where features are not independent": any(one.kind != "independent" for one in points.get("sets", [])),
        "where samples have unit length": isinstance(keys.get("values"), UnitLength),
        "where sample_size is a number": training.get("sample_size") is not None,
    }
    for where, holds in refused.items():
        if holds:
            yield Fault(("training", "control_variate"), f"must be null {where}", least)


def _has_linear_gradient(model: Model) -> bool:
    """Whether without its output ReLU it is a linear model of whose loss the expectation is known."""
    plain = model.output in ("linear", "relu") and model.loss_power == 2 and not model.hidden_bias
    undisturbed = not (model.training_attack or model.hidden_noise or model.dropout)
    return attackable(model) and plain and undisturbed


def _tied_faults(models: list[Model], keys: dict[str, Any]) -> Iterator[Fault]:
    """A tied model that is linear on h gains nothing from more hidden dimensions than features.

    It is W^T W, of rank n_features at most. Neurons that rectify are another matter, and so are those that a penalty on
    |h| tells from each other.
    """
    linear = [model for model in models if model.module is None and model.hidden == "linear"]
    n, tied = keys.get("n_features"), [model.name for model in linear if model.tied and not model.hidden_l1]
    for where, m in placed(keys.get("n_hidden", [])):
        if tied and n is not None and m > n:
            which = f"tied models that are linear on h, without hidden_l1 ({among(tied)})"
            at_most = f"must be at most n_features = {n} for {which}"
            yield Fault(("n_hidden", *where), at_most, m)


def _target_faults(models: list[Model], keys: dict[str, Any]) -> Iterator[Fault]:
    """Products are of two features; and a matrix of all pairs of features has to fit into memory."""
    n = keys.get("n_features", 2)
    if n < 2 and (named := [model.name for model in models if model.target == "products"]):
        yield Fault(("n_features",), f"must be at least 2 for models of target products ({among(named)})", n)
    if n > MOST_MIXED and (named := [model.name for model in models if model.mixing]):
        yield Fault(("n_features",), f"must be at most {MOST_MIXED} for models with mixing ({among(named)})", n)


def _initial_faults(models: list[Model], initial: dict[str, Any], own: dict[Any, Any]) -> Iterator[Fault]:
    """The identity is no start for absolute values, which need two neurons a feature; and biases must be there."""
    absolute = [model.name for model in models if model.target == "absolute"]
    if initial.get("rule") == "identity" and absolute:
        at = _blamed(own, ("initial", "rule"), ("model",))
        yield Fault(at, f"must be another rule than identity for models of target absolute ({among(absolute)})")
    for key, which in (("bias", "output_bias"), ("hidden_bias", "hidden_bias")):
        where = ("initial", key)
        if not initial.get(key) or is_inherited(where, own):  # what all inherit is for those that have biases
            continue
        if models and not any(model.module or getattr(model, which) for model in models):
            yield Fault(where, f"must be 0 where no model has a bias there ({which}: true)", initial[key])


def _sets_faults(points: dict[str, list[Any]], own: dict[Any, Any]) -> Iterator[Fault]:
    """Each point of sets with the first sparsity that does not go with it."""
    sparsities = points.get("sparsity", [])
    for group in points.get("sets", []) if sparsities else []:
        family, exclusive = parents(group.kind), group.exclusive(len(sparsities[0].per_feature))
        for sparsity in sparsities if family or exclusive else []:
            if family:
                wrong = _rare_by_parents(family, sparsity)
            else:
                wrong = _not_shared(exclusive, sparsity) or _narrow_ring(exclusive, sparsity)
            if wrong:
                yield Fault(_blamed(own, ("sets",), ("sparsity",)), wrong, group.label)
                break


def _not_shared(exclusive: list[tuple[str, range]], sparsity: Sparsity) -> str | None:
    """A set of which some features are active is so as a whole, and so has one density.

    Of an anti-correlated one each feature has a part of it.
    """
    values, label = sparsity.per_feature, sparsity.label
    divided = [features for kind, features in exclusive if kind == ANTICORRELATED]
    if sparsity.uniform is not None:  # as most are, of which there may be many, and of features: one set tells it
        divided = sorted(divided, key=len)[-1:]
    elif any(len({values[feature] for feature in features}) > 1 for _, features in exclusive):
        different = "must keep features of different sparsity in different sets, but for correlated ones"
        return f"{different}; sparsity has {label}"
    least = min(((1 - values[features[0]]) / len(features) for features in divided), default=1.0)
    if least >= MIN_DENSITY * (1 - 1e-6):  # 1 - S is off by some ulps of 1
        return None
    at_least = f"must keep the density of each feature of an anti-correlated set at least {MIN_DENSITY:g}"
    return f"{at_least}; it is {least:.4g} at a sparsity of {label}"


def _narrow_ring(exclusive: list[tuple[str, range]], sparsity: Sparsity) -> str | None:
    """Features of a ring are active near to the hidden point only, and there not more often than always."""
    values = sparsity.per_feature
    rings = [(width_of(kind), (1 - values[features[0]]) * len(features) / 2) for kind, features in exclusive]
    if not (least := max((least for width, least in rings if 0 < width < least - 1e-9), default=0.0)):
        return None
    needed = f"must have rings of a width of at least {least:.4g}, the density times half of the features"
    return f"{needed}, at a sparsity of {sparsity.label}"


def _rare_by_parents(family: Parents, sparsity: Sparsity) -> str | None:
    """Features that have parents may be rare by theirs."""
    densities = family.densities([1 - S for S in sparsity.per_feature])
    if (least := min(densities)) >= MIN_DENSITY:
        return None
    of = f"that of feature {densities.index(least)} is {least:.4g} at a sparsity of {sparsity.label}"
    return f"must keep all densities at least {MIN_DENSITY:g}; {of}"


def _training_attack_faults(models: list[Model]) -> Iterator[Fault]:
    for model in models:
        if model.training_attack and not (model.module or attackable(model)):
            yield Fault(
                ("model",),
                "must be tied, linear on h and of target identity, unmixed, to have a training_attack",
                model.name,
            )
