"""What is accepted of params.yaml can be computed: each number at its least and at its most, by itself."""

import math
from collections.abc import Iterator
from copy import deepcopy
from typing import Any, get_args

import annotated_types as limits
import pytest
from pydantic.fields import FieldInfo

from superposition.params import ParamsError
from superposition.params.experiments import resolve
from superposition.params.models import Model
from superposition.params.schema import Block, Decay, Initial, Training
from tests.documents import DOCUMENT
from tests.few_steps import few_steps

SMALL: dict[str, Any] = {"model": "relu_output", "n_features": 3, "n_hidden": 2, "seeds": 1, "held_out": 64}
STEPS: dict[str, Any] = {"steps": 2, "batch_size": 8, "snapshots": 2}
ANY = 1e308  # beside 5e-324: floats that are bounded on one side only
# Values of keys that are no plain numbers, at their ends.
OF_AXES: dict[str, list[Any]] = {
    "sparsity": [0.0, 0.9999999, {"last": 0.9999999, "others": 0.0}, {"per_feature": [0.0, 0.5, 0.9999999]}],
    "importance": [1e-12, 1e6, {"listed": [1e-12, 1.0, 1e6]}, {"geometric": 1e-6}, {"geometric": 1e3}],
    "sets": ["independent", {"correlated": 3}, {"anticorrelated": 3}],
    "seeds": [1, [0], [2**32 - 1], [2**32], 1000],
    "n_hidden": [1, 3, 4, 100_000],
    "values": ["unit", "signed"],
}


def ends(annotation: Any, metadata: list[Any]) -> list[Any]:
    """The least and the most that a number may be, and what is just beyond; empty for what is no number."""
    said = list(metadata)
    while get_args(annotation):
        first, *more = get_args(annotation)
        annotation, said = first, said + more
    if annotation not in (int, float):
        return []
    flat = [inner for one in said for inner in (one.metadata if isinstance(one, FieldInfo) else [one])]
    low = next((one.ge for one in flat if isinstance(one, limits.Ge)), None)
    high = next((one.le for one in flat if isinstance(one, limits.Le)), None)
    above = next((one.gt for one in flat if isinstance(one, limits.Gt)), None)
    below = next((one.lt for one in flat if isinstance(one, limits.Lt)), None)
    if annotation is int:
        least = low if low is not None else (above or 0) + 1
        most = high if high is not None else below - 1 if below is not None else 2**53
        return [least - 1, least, most, most + 1]
    least = low if low is not None else math.nextafter(above or 0.0, math.inf)
    most = high if high is not None else math.nextafter(below, -math.inf) if below is not None else ANY
    return [math.nextafter(least, -math.inf), least, most, *([] if most == ANY else [math.nextafter(most, math.inf)])]


def cases() -> Iterator[tuple[str, dict[str, Any]]]:
    """Changes of SMALL, by what they change."""
    for key, field in Block.model_fields.items():
        for value in OF_AXES.get(key) or ends(field.annotation, field.metadata):
            yield f"{key}={value}", {key: value}
    for part, model in (("initial", Initial), ("training", Training)):
        for key, field in model.model_fields.items():
            for value in ends(field.annotation, field.metadata):
                yield f"{part}.{key}={value}", {part: {key: value}}
    for value in ends(Decay, []):
        yield f"training.betas={value}", {"training": {"betas": [value, value]}}
    for key in ("hidden_l1", "training_attack", "hidden_noise", "dropout"):
        field = Model.model_fields[key]
        for value in (5e-324, *ends(field.annotation, field.metadata)):
            yield f"model.{key}={value}", {"model": {"name": "own", key: value}}
    for key in ("batch_size", "sample_size", "warmup_steps", "learning_rate", "eps"):  # where bits are the machine's
        field = Training.model_fields[key]
        for value in ends(field.annotation, field.metadata):
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


CASES = dict(cases())


def resolved(change: dict[str, Any]):
    block = deepcopy(SMALL) | {"training": STEPS | change.get("training", {})}
    block |= {key: value for key, value in change.items() if key != "training"}
    return resolve(DOCUMENT | {"experiments": {"mine": block}}).experiments["mine"]


@pytest.mark.parametrize("case", CASES)
def test_what_is_accepted_can_be_computed(case, tmp_path, monkeypatch):
    try:
        experiment = resolved(CASES[case])
    except ParamsError:
        return
    few_steps(experiment, tmp_path, monkeypatch)


def test_every_number_of_the_schema_is_among_the_cases():
    numbers = {
        key
        for model in (Block, Initial, Training)
        for key, f in model.model_fields.items()
        if ends(f.annotation, f.metadata)
    }
    assert {
        "held_out",
        "loss_error",
        "n_features",
        "gain",
        "steps",
        "batch_size",
        "sample_size",
        "snapshots",
    } <= numbers
    assert all(any(key in case for case in CASES) for key in numbers)


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
