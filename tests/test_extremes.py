"""What is accepted of params.yaml can be computed: each place of it at the ends of what may stand there, by itself."""

import math
import re
from collections.abc import Iterator
from copy import deepcopy
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from stages.generate import as_text
from superposition.params import ParamsError
from superposition.params.experiments import Experiment, resolve
from superposition.params.measures import Measures
from tests.documents import DOCUMENT
from tests.few_steps import few_steps
from tests.places import Place, places

SMALL: dict[str, Any] = {"model": "relu_output", "n_features": 3, "n_hidden": 2, "seeds": 1, "held_out": 64}
STEPS: dict[str, Any] = {"steps": 2, "batch_size": 8, "snapshots": 2}
SETS = r"sets(\[\])?\.(never_empty\.)?"
# What an experiment needs to have a key, but for what its mapping needs beside (tests/places.py), by patterns of paths.
NEEDS: dict[str, dict[str, Any]] = {
    "n_features": {"n_hidden": 1},
    f"{SETS}(correlated|anticorrelated|of)$": {"n_features": 4},
    "initial.hidden_bias": {"model": {"name": "own", "hidden_bias": True}},
    "training.floor": {"training": {"schedule": "linear"}},
    "training.sample_size": {"training": {"batch_size": 1}},
    rf"{SETS}groups\[\].independent": {"n_features": 4},
    rf"{SETS}groups\[\].(ring|width|times)": {"n_features": 5, "sparsity": 0.99},
    f"{SETS}groups": {"n_features": 5},
    f"{SETS}(ring|width)": {"n_features": 4, "sparsity": 0.99},
    "measures.imitation": {"model": "relu_hidden", "n_hidden": [1, 2]},
    "measures.packings": {"n_hidden": 3},
}
# Ends that are others beside other keys: here of three features.
MORE: dict[str, list[Any]] = {
    "sparsity.power_law.total": [6e-7, 1.83],  # densities of i^-1 / (1 + 1/2 + 1/3) times that
    "sparsity[].power_law.total": [6e-7, 1.83],
    "importance.geometric": [1e-6, 1e3],
    "importance[].geometric": [1e-6, 1e3],
    "n_features": [4096],
    "n_hidden": [3, 4],
    "seeds": [1000],
    "sets.correlated": [4],
    "sets.anticorrelated": [4],
    "training.sample_size": [16],
    "training.warmup_steps": [2],
    "training.control_variate": [0.5],
    "measures.attack": [0.5],
}
PLACES = list(places())
# Rings say which features are active near to a hidden point, and so not which is the first of a sample that has one.
NEVER = re.compile(r"sets(\[\])?\.never_empty\.groups\[\]\.(ring|width)")
AGES = {"seeds=1000000"}  # which take minutes


def merged(*changes: dict[str, Any]) -> dict[str, Any]:
    """The last one wins; in `initial` and `training` key by key."""
    whole: dict[str, Any] = {}
    for change in changes:
        for key, value in change.items():
            nested = key in ("initial", "training") and isinstance(value, dict) and isinstance(whole.get(key), dict)
            whole[key] = whole[key] | value if nested else value
    return whole


def needs(place: Place) -> dict[str, Any]:
    return next((needs for path, needs in NEEDS.items() if re.match(path, place.path)), {})


def put(place: Place, value: Any) -> dict[str, Any]:
    """Keys with a value at a place, and what they need."""
    return merged(needs(place), place.put(value))


def ends(place: Place) -> list[Any]:
    return [*place.ends(), *MORE.get(place.path, [])]


def cases() -> Iterator[tuple[str, dict[str, Any]]]:
    """Changes of SMALL, by what they change."""
    for place in PLACES:
        for value in ends(place):
            yield f"{place.path}={value}", put(place, value)
    for key in ("batch_size", "sample_size", "warmup_steps", "learning_rate", "eps"):  # where bits are the machine's
        (place, *_) = (place for place in PLACES if place.path == f"training.{key}")
        for value in place.ends():
            yield f"float32 {key}={value}", {"training": {key: value, "arithmetic": "float32"}}
    for n, m in ((10_000, 1), (100_000, 100_000), (1024, 512), (1, 1)):
        changes = {"n_features": n, "n_hidden": m, "held_out": 1}
        yield f"{n} features in {m}", changes | {"training": {"arithmetic": "float32", "batch_size": 1}}
    for schedule in ("constant", "linear", "cosine"):
        yield f"{schedule}, one step", {"training": {"schedule": schedule, "steps": 1, "warmup_steps": 1}}
    # large only together
    yield (
        "weights kept",
        {"n_features": 400, "n_hidden": 30, "seeds": 50, "training": {"snapshots": 10_000, "steps": 10**6}},
    )
    yield "held out", {"n_features": 4096, "held_out": 1_000_000}
    yield "sample", {"seeds": 1000, "training": {"sample_size": 2**32 - 1}}
    yield "batch", {"seeds": 1_000_000, "training": {"batch_size": 4096}}


CASES: dict[str, dict[str, Any]] = {}
for name, change in cases():
    CASES[name if name not in CASES else f"{name}, other kind"] = change


def document(change: dict[str, Any]) -> dict[str, Any]:
    return DOCUMENT | {"experiments": {"mine": merged(deepcopy(SMALL), {"training": STEPS}, change)}}


def resolved(change: dict[str, Any]) -> Experiment:
    return resolve(document(change)).experiments["mine"]


def resolved_or_refused(change: dict[str, Any]) -> Experiment | ParamsError:
    try:
        return resolved(change)
    except ParamsError as error:
        return error


def compute(experiment: Experiment, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Measures are settings for a later stage; what is trained is the same without them."""
    if experiment.measures != Measures():
        as_text(experiment.measures.model_dump(mode="json"))
    else:
        few_steps(experiment, folder, monkeypatch)


@pytest.mark.parametrize("case", [pytest.param(case, marks=[pytest.mark.long] * (case in AGES)) for case in CASES])
def test_what_is_accepted_can_be_computed(case, tmp_path, monkeypatch):
    found = resolved_or_refused(CASES[case])
    if isinstance(found, Experiment):
        compute(found, tmp_path, monkeypatch)


def test_at_each_place_something_is_accepted():
    """By itself, or beside what it needs; else nothing would be computed at its ends."""
    every = [(place, value) for place in PLACES for value in ends(place)]
    accepted = {place.path for place, value in every if isinstance(resolved_or_refused(put(place, value)), Experiment)}
    assert {path for path in {place.path for place in PLACES} - accepted if not NEVER.match(path)} == set()
    assert not any(NEVER.match(path) for path in accepted)


DEEP: Any = 0.5
for _ in range(15):
    DEEP = [DEEP]
HOSTILE: list[Any] = [
    *(None, True, False, "", "x", "0.5", "1e400", "a\x00b", "\x7f", "\u202e", "$(touch pwn)", "../x", "<script>"),
    *(0, -0.0, -1, 0.5, 1.0, 2**53 + 1, -(10**39), 10**39, 1e308, -1e308, 5e-324, math.inf, -math.inf, math.nan),
    *([], {}, [[]], [None], DEEP, [0.5] * 5000, {"x": 1}, {"": {}}, {"num": 2}, {"power_law": {}}, {"parents": []}),
    *({"unit_length": {"unit_length": "unit"}}, {"groups": [{"independent": 3}] * 2}, ["independent"], [0, 0]),
]


@pytest.mark.parametrize("key", sorted({place.put(None).popitem()[0] for place in PLACES}))
def test_hostile_values_are_refused_by_their_keys_or_computed(key, tmp_path, monkeypatch):
    """In a line each; where -0.0 or 1e308 is a number like others, it is computed with."""
    accepted: dict[str, Experiment] = {}
    for place, value in product([place for place in PLACES if key in place.put(None)], HOSTILE):
        found = resolved_or_refused(put(place, value))
        if isinstance(found, Experiment):
            accepted[repr(found.model_copy(update=dict.fromkeys(("title", "section", "about"), "")))] = found
            continue
        lines = str(found).split("\n")
        assert all(fault.path.startswith("experiments") for fault in found.faults)
        assert any(f"experiments.mine.{key}" in line for line in lines) or "allowed: at most" in lines[0]
        assert all(line.isprintable() and len(line) < 3000 for line in lines)
    for number, experiment in enumerate(accepted.values()):
        compute(experiment, tmp_path / str(number), monkeypatch)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"training": {"betas": [0.9999999999999999, 0.9]}}, "must be a number, at least 0 and at most 1 - 2^-27"),
        ({"training": {"steps": 4294967295}}, "must be a whole number between 1 and 1000000"),
        ({"training": {"snapshots": 4294967295}}, "must be a whole number between 1 and 10000"),
        (
            CASES["weights kept"],
            "has 6000000000 weights, 50 instances x 400 features x 30 (n_hidden) x 10000 snapshots; allowed",
        ),
        (CASES["held out"], "has 4096000000 held-out values, 4096 features x 1000000 (held_out); allowed"),
        (CASES["sample"], "values of fixed samples, 1000 instances x 3 features x 4294967295 (sample_size); allowed"),
        (
            CASES["batch"],
            "has 12288000000 values of a batch, 1000000 instances x 3 features x 4096 (batch_size); allowed",
        ),
    ],
)
def test_what_would_not_fit_is_refused(change, said):
    with pytest.raises(ParamsError) as refused:
        resolved(change)
    assert said in str(refused.value)
