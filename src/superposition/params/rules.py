"""Rules between the keys of an experiment: what each is allowed beside the others."""

from collections.abc import Iterator, Sequence
from itertools import accumulate
from math import comb
from typing import Any

from superposition.exact.grids import over_budget
from superposition.params.axes import placed, widths
from superposition.params.faults import Fault, Location, among
from superposition.params.inheritance import is_inherited
from superposition.params.schema import Block, Measures, Model, Training

MAX_SETS = 20_000  # of features, among which explanations are searched for, each tried on all vectors
MOST_DIRECTIONS, FEWEST_DIMENSIONS = 512, 3  # of models whose directions are compared with packings


def broken_rules(
    valid: dict[type, dict[str, Any]], points: dict[str, list[Any]], own: dict[Any, Any]
) -> Iterator[Fault]:
    """What does not go together, of the valid fields of each mapping, the points of the axes and the keys as written.

    A rule about a key that is missing or not valid is not checked.
    """
    keys, training, measures = (valid.get(mapping, {}) for mapping in (Block, Training, Measures))
    models = points.get("model", [])
    yield from _training_faults(training, own)
    yield from _budget_faults(keys, training, own, any(model.training_attack for model in models))
    yield from _tied_faults(models, keys)
    yield from _sets_faults(points, own)
    yield from _attack_faults(models, measures)
    yield from _recovery_faults(points, keys)
    yield from _explanation_faults(points, keys, measures)
    yield from _ablation_faults(models, measures)
    yield from _imitation_faults(points, measures)
    yield from _packings_faults(keys, measures)


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


def _tied_faults(models: list[Model], keys: dict[str, Any]) -> Iterator[Fault]:
    """A tied model gains nothing from more hidden dimensions than features: W^T W has rank n_features at most."""
    n, tied = keys.get("n_features"), [model.name for model in models if model.tied]
    for where, m in placed(keys.get("n_hidden", [])):
        if tied and n is not None and m > n:
            at_most = f"must be at most n_features = {n} for tied models ({among(tied)})"
            yield Fault(("n_hidden", *where), at_most, m)


def _sets_faults(points: dict[str, list[Any]], own: dict[Any, Any]) -> Iterator[Fault]:
    """A set is active as a whole, and so has one density."""
    for group in points.get("sets", []):
        for sparsity in points.get("sparsity", []):
            values = sparsity.per_feature
            if len(values) % group.size:
                break  # a fault of its own
            if any(values[i :: group.size] != values[:: group.size] for i in range(1, group.size)):
                yield Fault(
                    _blamed(own, ("sets",), ("sparsity",)),
                    f"must keep features of different sparsity in different sets; sparsity has {sparsity.label}",
                    group.label,
                )
                break


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
    yield from _listed_twice(wanted.active, (*here, "active"))
    for number, active in enumerate(wanted.active):
        if n is not None and active > n:
            yield Fault((*here, "active", number), f"must be at most n_features = {n}", active)
    if n is not None and points.get("n_hidden"):
        sizes = range(1, min(n, max(points["n_hidden"])) + 1)
        if any(sets > MAX_SETS for sets in accumulate(comb(n, size) for size in sizes)):
            yield Fault(here, f"must be null where features make more than {MAX_SETS} sets of at most n_hidden of them")


def _ablation_faults(models: list[Model], measures: dict[str, Any]) -> Iterator[Fault]:
    """One of the models at least must have what is switched off; the others have it off already."""
    ablations = measures.get("ablations")
    if ablations is None or not models:
        return
    parts = {
        "relu": any(model.output == "relu" for model in models),
        "bias": any(model.output_bias for model in models),
    }
    for number, part in enumerate(ablations.without):
        if not parts[part]:
            location = ("measures", "ablations", "without", number)
            yield Fault(location, "must be something that a model of the experiment has on its output", part)
    for key in ("without", "densities"):
        yield from _listed_twice(getattr(ablations, key), ("measures", "ablations", key))


def _listed_twice(values: Sequence[Any], where: Location) -> Iterator[Fault]:
    seen = set()
    for number, value in enumerate(values):
        if value in seen:
            yield Fault((*where, number), "must be in the list once", value)
        seen.add(value)


def _imitation_faults(points: dict[str, list[Any]], measures: dict[str, Any]) -> Iterator[Fault]:
    """Neurons of the widest models are read from narrower ones: there must be neurons, and narrower models."""
    if measures.get("imitation") is None:
        return
    where = ("measures", "imitation")
    if len(points.get("n_hidden", [0, 1])) < 2:
        yield Fault(where, "must be null where n_hidden is not an axis")
    if linear := [model.name for model in points.get("model", []) if model.hidden != "relu"]:
        yield Fault(where, f"must be null for models without a ReLU on the hidden layer ({among(linear)})")


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
