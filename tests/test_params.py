import re
import subprocess
import sys
from copy import deepcopy
from dataclasses import FrozenInstanceError
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from ruamel.yaml import YAML

from superposition.params import PRESETS, Experiment, Fault, Model, ParamsError, read
from tests.work import calls

ROOT = Path(__file__).parent.parent

DOCUMENT: dict[str, Any] = {
    "seed": 0,
    "scale": "default",
    "defaults": {
        "sparsity": 0.0,
        "importance": 1.0,
        "sets": "independent",
        "values": "unit",
        "seeds": 5,
        "held_out": 8192,
        "loss_error": 0.01,
        "initial": {"rule": "xavier", "gain": 1.0},
        "training": {
            "steps": 10000,
            "batch_size": 1024,
            "sample_size": None,
            "learning_rate": 0.001,
            "schedule": "constant",
            "warmup_steps": 0,
            "betas": [0.9, 0.999],
            "eps": 1e-8,
            "weight_decay": 0.01,
            "arithmetic": "exact",
            "snapshots": 50,
        },
    },
    "experiments": {
        "intro": {"model": "relu_output", "n_features": 3, "n_hidden": 2},
        "other": {"model": ["linear", "relu_output"], "n_features": 20, "n_hidden": 5},
    },
}
REMOVED = object()


def changed(*changes: tuple[str, Any]) -> dict[str, Any]:
    """DOCUMENT with other values at some key paths, as `dvc exp run -S` would write them."""
    document = deepcopy(DOCUMENT)
    for path, value in changes:
        *parents, last = path.split(".")
        mapping = document
        for key in parents:
            mapping = mapping.setdefault(key, {})
        if value is REMOVED:
            del mapping[last]
        else:
            mapping[last] = value
    return document


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "params.yaml"


def write(file: Path, document: Any) -> Path:
    YAML(typ="safe").dump(document, file)
    return file


def intro(file: Path, *changes: tuple[str, Any]) -> Experiment:
    """Experiment `intro` (3 features) with some of its keys changed."""
    return read(write(file, changed(*((f"experiments.intro.{key}", value) for key, value in changes)))).experiments[
        "intro"
    ]


def faults(file: Path, *changes: tuple[str, Any]) -> list[str]:
    with pytest.raises(ParamsError) as caught:
        read(write(file, changed(*changes)))
    return str(caught.value).splitlines()


# --- what is refused -------------------------------------------------------------------------------------------------

SPARSITY = "must be a number, at least 0 and below 1"
IMPORTANCE = "must be a number between 1e-12 and 1e+06"
COUNT = "must be a whole number, at least 1 and below 2^32"
NAME = "must have a name of at most 64 small letters, digits and _"

# Change; key path and value as they are printed; beginning of the message.
REFUSED = [
    # sparsity
    ("intro.sparsity", 1.2, "sparsity = 1.2", SPARSITY),
    ("intro.sparsity", 1, "sparsity = 1", SPARSITY),
    ("intro.sparsity", -0.1, "sparsity = -0.1", SPARSITY),
    ("intro.sparsity", 0.99999, "sparsity = 0.99999", SPARSITY),
    ("intro.sparsity", float("nan"), "sparsity = nan", SPARSITY),
    ("intro.sparsity", float("inf"), "sparsity = inf", SPARSITY),
    ("intro.sparsity", True, "sparsity = true", SPARSITY),
    ("intro.sparsity", "0.5", "sparsity = '0.5'", SPARSITY),
    (
        "intro.sparsity",
        None,
        "sparsity = null",
        "must be a number, at least 0 and below 1, {last: number",
    ),
    ("intro.sparsity", "high", "sparsity = 'high'", "must be a number, at least 0 and below 1, {last"),
    ("intro.sparsity", {}, "sparsity = {}", "must be a number, at least 0 and below 1, {last"),
    (
        "intro.sparsity",
        {"geometric": 0.5},
        "sparsity = {'geometric': 0.5}",
        "must be a number, at least 0 and below 1, {last",
    ),
    ("intro.sparsity", [], "sparsity = []", "must hold at least one point"),
    ("intro.sparsity", [0.5, 1.2], "sparsity[1] = 1.2", SPARSITY),
    ("intro.sparsity", [[0.5]], "sparsity[0] = [0.5]", "must be a number, at least 0 and below 1, {last"),
    ("intro.sparsity", [0.5, 0.1, 0.5], "sparsity[2]", "must differ from the other points of the axis; it repeats [0]"),
    ("intro.sparsity", {"per_feature": [0.5]}, "sparsity.per_feature = [0.5]", "must hold n_features = 3 values"),
    ("intro.sparsity", {"per_feature": 0.5}, "sparsity.per_feature = 0.5", "must be a list with one sparsity for each"),
    ("intro.sparsity", {"per_feature": [0, 2, 0]}, "sparsity.per_feature[1] = 2", SPARSITY),
    (
        "intro.sparsity",
        [0.5, {"per_feature": [0, 0]}],
        "sparsity[1].per_feature = [0.0, 0.0]",
        "must hold n_features = 3",
    ),
    ("intro.sparsity", {"per_feature": [0, 0, 0], "x": 2}, "sparsity.x = 2", "is an unknown key; allowed: per_feature"),
    (
        "intro.sparsity",
        {"per_feature": [0], "num": 2},
        "sparsity = {'num': 2, 'per_feature': [0]}",
        "must be a number, at",
    ),
    ("intro.sparsity", {"start": 0, "stop": 1, "num": 3}, "sparsity.stop = 1", SPARSITY),
    ("intro.sparsity", {"start": 0, "num": 3}, "sparsity.stop", f"is missing; {SPARSITY}"),
    ("intro.sparsity", {"start": 0, "stop": 0.5, "num": 1}, "sparsity.num = 1", "must be a whole number between 2 and"),
    ("intro.sparsity", {"start": 0, "stop": 0.5, "num": 2.0}, "sparsity.num = 2.0", "must be a whole number between 2"),
    ("intro.sparsity", {"start": 0.5, "stop": 0.5, "num": 2}, "sparsity", "must have points that differ"),
    (
        "intro.sparsity",
        {"start": 0, "stop": 0.5, "num": 2, "spacing": "even"},
        "sparsity.spacing = 'even'",
        "must be linear or log",
    ),
    ("intro.sparsity", {"last": 0.5}, "sparsity.others", f"is missing; {SPARSITY}"),
    ("intro.sparsity", {"last": 2, "others": 0.5}, "sparsity.last = 2", "must be a number, at least 0 and below 1"),
    (
        "intro.sparsity",
        {"last": {"start": 0, "stop": 1, "num": 3}, "others": 0.5},
        "sparsity.last.stop = 1",
        SPARSITY,
    ),
    (
        "intro.sparsity",
        [0.5, {"last": 0.5, "others": 0.5}],
        "sparsity[1]",
        "must differ from the other points",
    ),
    # sets
    ("intro.sets", None, "sets = null", "must be independent, {correlated: features in each set} or"),
    ("intro.sets", "correlated", "sets = 'correlated'", "must be independent, {correlated: features in each set} or"),
    ("intro.sets", {"correlated": 1}, "sets.correlated = 1", "must be a number of features in each set, a whole"),
    ("intro.sets", {"correlated": 2}, "sets.correlated = 2", "must divide n_features = 3 into sets of equal size"),
    ("intro.sets", {"anticorrelated": 3.0}, "sets.anticorrelated = 3.0", "must be a number of features in each set"),
    ("intro.sets", {"correlated": 3, "anticorrelated": 3}, "sets = {'anticorrelated': 3, 'correlated': 3}", "must be"),
    ("intro.sets", ["independent", "independent"], "sets[1]", "must differ from the other points of the axis"),
    ("intro.sets", [{"correlated": 3}, {"x": 3}], "sets[1] = {'x': 3}", "must be independent, {correlated"),
    # importance
    ("intro.importance", 0, "importance = 0", IMPORTANCE),
    ("intro.importance", 1e7, "importance = 10000000.0", IMPORTANCE),
    (
        "intro.importance",
        "0.7^i",
        "importance = '0.7^i'",
        "must be a positive number, {geometric: ratio}, {last: number} or {listed: [",
    ),
    ("intro.importance", {"geometrc": 0.7}, "importance = {'geometrc': 0.7}", "must be a positive number, {geometric"),
    ("intro.importance", {"geometric": 0}, "importance.geometric = 0", "must be a number above 0, the ratio r of I_i"),
    (
        "intro.importance",
        {"geometric": 1e-9},
        "importance.geometric = 1e-09",
        "must keep r^(n_features - 1) between 1e-12",
    ),
    # What `dvc exp run -S '+experiments.intro.importance={listed: ...}'` leaves: it merges mappings.
    (
        "intro.importance",
        {"geometric": 0.7, "listed": [1, 1, 1]},
        "importance = {'geometric': 0.7, 'listed': [1, 1, 1]}",
        "must be a positive number, {geometric: ratio}, {last: number} or {listed: [",
    ),
    ("intro.importance", {"last": 0}, "importance.last = 0", IMPORTANCE),
    (
        "intro.importance",
        {"last": {"start": 1, "stop": 2}},
        "importance.last.num",
        "is missing; must be a whole number",
    ),
    (
        "intro.importance",
        [1.0, {"last": {"num": 2, "start": 1, "stop": 2}}],
        "importance[1].last = {'num': 2, 'start': 1, 'stop': 2}",
        IMPORTANCE,
    ),
    ("intro.importance", [1.0, {"last": 1.0}], "importance[1]", "must differ from the other points"),
    ("intro.importance", {"listed": [1, 1]}, "importance.listed = [1.0, 1.0]", "must hold n_features = 3 values"),
    ("intro.importance", {"listed": [1, 0, 1]}, "importance.listed[1] = 0", IMPORTANCE),
    ("intro.importance", [1.0, {"listed": [1, 1, 1]}], "importance[1]", "must differ from the other points"),
    (
        "intro.importance",
        [{"geometric": 0.7}, {"geometric": -1}],
        "importance[1].geometric = -1",
        "must be a number above",
    ),
    ("intro.importance", {"start": 0, "stop": 1, "num": 2}, "importance.start = 0", IMPORTANCE),
    # seeds
    ("intro.seeds", 0, "seeds = 0", "must be a whole number of seeds between 1 and 1000000"),
    ("intro.seeds", True, "seeds = true", "must be a whole number of seeds between 1 and 1000000"),
    ("intro.seeds", 2.0, "seeds = 2.0", "must be a whole number of seeds between 1 and 1000000"),
    ("intro.seeds", [0, -1], "seeds[1] = -1", "must be a whole number, at least 0 and below 2^32"),
    ("intro.seeds", [4, 4], "seeds[1]", "must differ from the other points of the axis; it repeats [0]"),
    (
        "intro.seeds",
        {"start": 0, "stop": 10, "num": 4},
        "seeds.num = 4",
        "must divide stop - start into equal whole steps",
    ),
    (
        "intro.seeds",
        {"start": 3, "stop": 3, "num": 4},
        "seeds.num = 4",
        "must divide stop - start into equal whole steps",
    ),
    (
        "intro.seeds",
        {"start": 0, "stop": 9, "num": 4, "spacing": "log"},
        "seeds.spacing = 'log'",
        "must be linear",
    ),
    # shape and model
    ("intro.n_features", REMOVED, "n_features", "is missing; must be a whole number between 1 and 100000"),
    ("intro.n_features", 3.0, "n_features = 3.0", "must be a whole number between 1 and 100000"),
    ("intro.n_features", 5000, "n_features", "n_features = 5000 is over the exactness budget"),
    ("intro.n_hidden", 0, "n_hidden = 0", "must be a whole number between 1 and 100000"),
    ("intro.n_hidden", 4, "n_hidden = 4", "must be at most n_features = 3 for tied models (relu_output)"),
    ("intro.n_hidden", [1, 4], "n_hidden[1] = 4", "must be at most n_features = 3 for tied models (relu_output)"),
    ("intro.n_hidden", [1, 2, 1], "n_hidden[2]", "must differ from the other points of the axis; it repeats [0]"),
    ("intro.n_hidden", [], "n_hidden = []", "must hold at least one point"),
    ("intro.n_hidden", [1, 2.5], "n_hidden[1] = 2.5", "must be a whole number between 1 and 100000"),
    (
        "intro.model",
        REMOVED,
        "model",
        "is missing; must be one of linear, relu_output, relu_hidden, absolute_value, or",
    ),
    (
        "intro.model",
        "relu",
        "model = 'relu'",
        "must be one of linear, relu_output, relu_hidden, absolute_value, or a model",
    ),
    ("intro.model", 5, "model = 5", "must be one of linear, relu_output, relu_hidden, absolute_value, or a model"),
    ("intro.model", [], "model = []", "must hold at least one point"),
    ("intro.model", ["linear", "relu"], "model[1] = 'relu'", "must be one of linear, relu_output"),
    ("intro.model", ["linear", "linear"], "model[1] = 'linear'", "must be a name that no preset and no other model"),
    ("intro.model", {"hidden": "relu"}, "model.name", f"is missing; {NAME}"),
    ("intro.model", {"name": "linear"}, "model.name = 'linear'", "must be a name that no preset and no other model"),
    (
        "intro.model",
        [{"name": "a"}, {"name": "a"}],
        "model[1].name = 'a'",
        "must be a name that no preset and no other",
    ),
    ("intro.model", {"name": "../a"}, "model.name = '../a'", NAME),
    ("intro.model", {"name": "a\n"}, "model.name = 'a\\n'", NAME),
    ("intro.model", {"name": "a", "hidden": "tanh"}, "model.hidden = 'tanh'", "must be linear or relu"),
    ("intro.model", {"name": "a", "hidden_l1": -1}, "model.hidden_l1 = -1", "must be a number between 0 and 16"),
    (
        "intro.model",
        {"name": "a", "training_attack": "far"},
        "model.training_attack = 'far'",
        "must be a number between 0 and 4",
    ),
    (
        "intro.model",
        {"name": "a", "training_attack": 0.5, "hidden": "relu"},
        "model = 'a'",
        "must be tied, linear on h and of target identity to have a training_attack",
    ),
    ("intro.model", {"name": "a", "tied": "yes"}, "model.tied = 'yes'", "must be true or false"),
    ("intro.model", {"name": "a", "hiden": "relu"}, "model.hiden = 'relu'", "is an unknown key; did you mean hidden?"),
    # the rest of a block
    ("intro.title", "two\nlines", "title = 'two\\nlines'", "must be one line"),
    ("intro.title", None, "title = null", "must be one line"),
    ("intro.values", "binary", "values = 'binary'", "must be unit or signed"),
    ("intro.held_out", 0, "held_out = 0", "must be a whole number between 1 and 1000000"),
    ("intro.loss_error", 0.0, "loss_error = 0.0", "must be a number above 0, at most 1"),
    ("intro.loss_error", 1.1, "loss_error = 1.1", "must be a number above 0, at most 1"),
    ("intro.measures.attack", 0, "measures.attack = 0", "must be null (not measured) or a number above 0, at most 4"),
    (
        "intro.measures.attack",
        5.0,
        "measures.attack = 5.0",
        "must be null (not measured) or a number above 0, at most 4",
    ),
    (
        "intro.measures.attack",
        True,
        "measures.attack = true",
        "must be null (not measured) or a number above 0, at most 4",
    ),
    (
        "intro.measures.rotations",
        199,
        "measures.rotations = 199",
        "must be null (not measured) or a mapping with count",
    ),
    (
        "intro.measures.rotations",
        {"count": 5, "samples": 64},
        "measures.rotations.count = 5",
        "must be a whole number between 19 and 10000",
    ),
    (
        "intro.measures.rotations",
        {"count": 199, "samples": 10000},
        "measures.rotations.samples = 10000",
        "must be a whole number between 1 and 8192",
    ),
    ("intro.measures.rotations", {"count": 199}, "measures.rotations.samples", "is missing"),
    ("intro.measures.imitation", 5, "measures.imitation = 5", "must be null (not measured) or a mapping with samples"),
    (
        "intro.measures.imitation",
        {"samples": 100},
        "measures.imitation.samples = 100",
        "must be a whole number between 1024 and 65536",
    ),
    ("intro.measures.imitation", {}, "measures.imitation.samples", "is missing; must be a whole number between 1024"),
    ("intro.sparsty", 0.5, "sparsty = 0.5", "is an unknown key; did you mean sparsity?"),
    ("intro.batch", 5, "batch = 5", "is an unknown key; allowed: sparsity, importance,"),
    ("intro.seeds", 1_000_000, "", "has 1 (model) x"),
    ("intro.initial", None, "initial = null", "must be a mapping with rule and gain"),
    ("intro.initial.rule", "kaiming", "initial.rule = 'kaiming'", "must be xavier, notebook or normal"),
    ("intro.initial.gain", 0, "initial.gain = 0", "must be a number above 0"),
    ("intro.training", [1], "training = [1]", "must be a mapping of training settings"),
    ("intro.training.step", 5, "training.step = 5", "is an unknown key; did you mean steps?"),
    ("intro.training.steps", 0, "training.steps = 0", COUNT),
    ("intro.training.steps", 1e3, "training.steps = 1000.0", COUNT),
    ("intro.training.steps", False, "training.steps = false", COUNT),
    ("intro.training.batch_size", 0, "training.batch_size = 0", COUNT),
    ("intro.training.batch_size", 4097, "training.batch_size", "batch_size = 4097 is over the exactness budget"),
    (
        "intro.training.sample_size",
        0,
        "training.sample_size = 0",
        "must be null (fresh samples at each step) or a whole",
    ),
    ("intro.training.sample_size", 1023, "training.sample_size = 1023", "must be at least batch_size = 1024"),
    ("intro.training.warmup_steps", 10001, "training.warmup_steps = 10001", "must be at most steps = 10000"),
    ("intro.training.warmup_steps", -1, "training.warmup_steps = -1", "must be a whole number of at least 0"),
    ("intro.training.learning_rate", 0, "training.learning_rate = 0", "must be a number above 0"),
    ("intro.training.schedule", "step", "training.schedule = 'step'", "must be constant, linear or cosine"),
    ("intro.training.betas", [0.9], "training.betas = [0.9]", "must be a list of two numbers"),
    ("intro.training.betas", [0.9, 0.9, 0.9], "training.betas = [0.9, 0.9, 0.9]", "must be a list of two numbers"),
    ("intro.training.betas", [0.9, 1], "training.betas[1] = 1", "must be a number, at least 0 and below 1"),
    ("intro.training.betas", 0.9, "training.betas = 0.9", "must be a list of two numbers"),
    ("intro.training.eps", 0, "training.eps = 0", "must be a number above 0"),
    ("intro.training.weight_decay", -1, "training.weight_decay = -1", "must be a number of at least 0"),
    ("intro.training.arithmetic", "float64", "training.arithmetic = 'float64'", "must be exact or float32"),
    ("intro.training.snapshots", 0, "training.snapshots = 0", COUNT),
]


def test_attacks_are_for_tied_models_that_are_linear_on_h(file: Path) -> None:
    assert intro(file).measures.attack is None
    assert intro(file, ("measures", {"attack": 0.1})).measures.attack == 0.1
    (line,) = faults(
        file, ("experiments.intro.measures", {"attack": 0.1}), ("experiments.intro.model", ["linear", "relu_hidden"])
    )
    assert line == (
        "experiments.intro.measures.attack: must be null for models that are not tied, linear on h and of target "
        "identity (relu_hidden)"
    )


def test_neurons_of_wide_models_are_read_from_narrow_ones(file: Path) -> None:
    wanted = ("measures", {"imitation": {"samples": 2048}})
    found = intro(file, wanted, ("model", ["absolute_value", "relu_hidden"]), ("n_hidden", [1, 3]))
    assert found.measures.imitation is not None
    assert found.measures.imitation.samples == 2048
    where = "experiments.intro.measures.imitation"
    lines = faults(file, (f"experiments.intro.{wanted[0]}", wanted[1]))
    assert lines == [
        f"{where}: must be null where n_hidden is not an axis",
        f"{where}: must be null for models without a ReLU on the hidden layer (relu_output)",
    ]


def test_attacks_in_training_take_room_of_the_bit_budget(file: Path) -> None:
    model = ("experiments.intro.model", {"name": "mine", "training_attack": 0.5})
    (line,) = faults(file, model, ("experiments.intro.training", {"batch_size": 1025}))
    # 19 bits of an attacked input + 24 of a hidden gradient + 10 for 1024 samples = 53
    assert "input weight gradients of attacked inputs would need 54 bits" in line
    assert "allowed: at most 1024" in line
    assert intro(file, ("model", {"name": "mine", "training_attack": 0.5})).models[0].training_attack == 0.5


@pytest.mark.parametrize(("change", "value", "where", "message"), REFUSED, ids=[f"{r[0]}={r[1]}"[:60] for r in REFUSED])
def test_a_bad_value_is_named_by_its_key_path_with_what_is_allowed(
    file: Path, change: str, value: Any, where: str, message: str
) -> None:
    # 2 sparsities, so that 100000 seeds are too many.
    (line,) = faults(file, ("experiments.intro.sparsity", [0.1, 0.2]), (f"experiments.{change}", value))
    assert line.startswith(f"experiments.intro{'.' if where else ''}{where}: {message}")


@pytest.mark.parametrize(
    ("path", "value", "line"),
    [
        ("seed", REMOVED, "seed: is missing; must be a whole number, at least 0 and below 2^32"),
        ("seed", -1, "seed = -1: must be a whole number, at least 0 and below 2^32"),
        ("sead", 1, "sead = 1: is an unknown key; did you mean seed?"),
        (
            "experiments",
            REMOVED,
            "experiments: is missing; must be a mapping from names to experiments, with at least one",
        ),
        ("experiments", {}, "experiments = {}: must be a mapping from names to experiments, with at least one"),
        ("experiments", None, "experiments = null: must be a mapping from names to experiments"),
        ("experiments", ["intro"], "experiments = ['intro']: must be a mapping from names to experiments"),
        ("experiments.intro", None, "experiments.intro = null: must be a mapping with at least model, n_features and"),
        ("experiments.intro", [1], "experiments.intro = [1]: must be a mapping with at least model, n_features and"),
        ("defaults", REMOVED, "defaults: is missing; must be a mapping of the keys that experiments may leave out"),
        ("defaults", None, "defaults = null: must be a mapping of the keys that experiments may leave out"),
        ("defaults.values", REMOVED, "defaults.values: is missing; must be unit or signed"),
        ("defaults.training", None, "defaults.training = null: must be a mapping of training settings"),
        ("defaults.training", REMOVED, "defaults.training: is missing; must be a mapping of training settings"),
        ("defaults.training.eps", REMOVED, "defaults.training.eps: is missing; must be a number above 0"),
        ("defaults.training.eps", "tiny", "defaults.training.eps = 'tiny': must be a number above 0"),
        ("defaults.training.epsilon", 1, "defaults.training.epsilon = 1: is an unknown key; did you mean eps?"),
        ("defaults.sparsity", [0.5, 1.5], f"defaults.sparsity[1] = 1.5: {SPARSITY}"),
        ("defaults.sparsity", [0.5, 0.5], "defaults.sparsity[1]: must differ from the other points of the axis"),
        ("defaults.n_features", 5, "defaults.n_features = 5: is an unknown key; "),
        ("defaults.training.batch_size", 5000, "defaults.training.batch_size: batch_size = 5000 is over the exactness"),
        (
            "defaults.training.warmup_steps",
            10001,
            "defaults.training.warmup_steps = 10001: must be at most steps = 10000",
        ),
    ],
)
def test_a_fault_outside_the_experiments_is_reported_once(file: Path, path: str, value: Any, line: str) -> None:
    (said,) = faults(file, (path, value))
    assert said.startswith(line)


@pytest.mark.parametrize("name", ["My_exp", "1st", "a-b", "a b", "a/b", "..", "", "ä", "a" * 65, "a.b"])
def test_an_experiment_has_a_name_that_is_safe_for_files(file: Path, name: str) -> None:
    document = changed()
    document["experiments"] = {name: DOCUMENT["experiments"]["intro"]}
    with pytest.raises(ParamsError, match=re.escape(NAME)) as caught:
        read(write(file, document))
    assert len(caught.value.faults) == 1


def test_a_key_that_contradicts_an_inherited_one_is_blamed_itself(file: Path) -> None:
    assert faults(
        file,
        ("defaults.training.warmup_steps", 2500),
        ("experiments.intro.training.steps", 100),
        ("defaults.training.arithmetic", "float32"),
        ("defaults.training.batch_size", 5000),
        ("experiments.other.training.arithmetic", "exact"),
    ) == [
        "experiments.intro.training.steps = 100: must be at least warmup_steps = 2500",
        "experiments.other.training.arithmetic: batch_size = 5000 is over the exactness budget: output weight "
        "gradients would need 54 bits (20 of the error + 21 of the hidden value + 13 for 5000 terms) of 53; "
        "allowed: at most 4096, or training.arithmetic: float32",
    ]


def test_text_that_reads_as_a_number_is_refused_with_a_hint(file: Path) -> None:
    # YAML 1.1 parsers, PyYAML for one, make text of 1e-3, and may have written it back as '1e-3'.
    file.write_text((ROOT / "params.yaml").read_text().replace("learning_rate: 1.0e-3", "learning_rate: '1e-3'"))
    with pytest.raises(ParamsError) as caught:
        read(file)
    assert str(caught.value) == (
        "defaults.training.learning_rate = '1e-3': "
        "must be a number above 0 (this is text: write a number, without quotes)"
    )
    (line,) = faults(file, ("experiments.intro.sparsity", [0.1, "9e-1"]))
    assert line.endswith("(this is text: write a number, without quotes)")


def test_all_faults_are_reported_together(file: Path) -> None:
    lines = faults(
        file,
        ("sed", 1),
        ("defaults.held_out", 0),
        ("defaults.training.steps", "many"),
        ("experiments.intro.sparsity", [0.5, 1.2, {"per_feature": [0.5, 7]}]),
        ("experiments.intro.n_hidden", 4),
        ("experiments.intro.training.sample_size", 5),  # seen although steps, beside it, is wrong
        ("experiments.other.importance", [{"listed": [1.0]}, {"geometric": 0.7}]),
        ("experiments.other.model", "cubic"),
        ("experiments.third", {"n_features": 2, "n_hidden": 1}),
    )
    assert [line.split(": ")[0] for line in lines] == [
        "defaults.held_out = 0",
        "defaults.training.steps = 'many'",
        "sed = 1",
        "experiments.intro.sparsity[1] = 1.2",
        "experiments.intro.sparsity[2].per_feature[1] = 7",
        "experiments.intro.training.sample_size = 5",
        "experiments.intro.n_hidden = 4",
        "experiments.other.model = 'cubic'",
        "experiments.other.importance[0].listed = [1.0]",
        "experiments.third.model",
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty; must be a mapping with seed, defaults and experiments"),
        ("# nothing\n", "is empty; must be a mapping with seed, defaults and experiments"),
        ("- 1\n", "holds a list; must be a mapping with seed, defaults and experiments"),
        ("a: [1\n", r"is not valid YAML in line 2, column 1 \(a\[1\]\): while parsing a flow sequence, expected"),
    ],
)
def test_a_file_that_is_no_mapping_is_refused_in_one_line(file: Path, text: str, message: str) -> None:
    file.write_text(text)
    with pytest.raises(ParamsError, match=message) as caught:
        read(file)
    (line,) = str(caught.value).splitlines()
    assert line.startswith(f"{file}: ")


def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ParamsError, match=r"cannot be read: No such file"):
        read(tmp_path / "params.yaml")
    with pytest.raises(ParamsError, match="cannot be read: Is a directory"):
        read(tmp_path)
    (tmp_path / "params.yaml").write_bytes(b"seed: \xff")
    with pytest.raises(ParamsError, match=r"is not UTF-8: byte 0xff in line 1; must be saved as UTF-8"):
        read(tmp_path / "params.yaml")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["start", "stop", "num", "per_feature", "geometric", "listed", "name", "steps", "rule", "x"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=8,
)
KEYS = [*DOCUMENT["defaults"], "model", "n_features", "n_hidden", "title", "section", "stranger"]


@settings(max_examples=50, deadline=None)
@given(st.dictionaries(st.sampled_from(KEYS), JSON), st.dictionaries(st.sampled_from(KEYS), JSON))
def test_whatever_the_file_says_it_is_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, own: dict[str, Any], shared: dict[str, Any]
) -> None:
    document = changed()
    document["experiments"]["intro"] |= own
    document["defaults"] |= shared
    file = tmp_path_factory.getbasetemp() / "params.yaml"
    YAML(typ="safe").dump(document, file)
    try:
        lines = [str(read(file).seed)]
    except ParamsError as error:
        lines = [str(fault) for fault in error.faults]
    assert len(set(lines)) == len(lines)
    assert len("\n".join(lines).splitlines()) == len(lines)


def test_long_values_are_shortened(file: Path) -> None:
    (line,) = faults(file, ("experiments.intro.sparsity", {"per_feature": [0.123456] * 100}))
    assert line.startswith("experiments.intro.sparsity.per_feature = [0.123456, 0.123456, ")
    assert len(line) < 250
    assert str(Fault(("a", 0, "b c"), "must be 1", "x\ny")) == r"a[0].'b c' = 'x\ny': must be 1"


# --- what is allowed -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "labels"),
    [
        (0.9, ["0.9"]),
        (0, ["0"]),
        ([0.9, 0, 0.5], ["0.9", "0", "0.5"]),
        # Densities 1, 0.1 and 0.01: a factor of 10^-1 each.
        ({"start": 0.0, "stop": 0.99, "num": 3, "spacing": "log"}, ["0", "0.9", "0.99"]),
        # Densities 1, 10^-0.5 = 0.31622776602, 0.1: and 1 - 0.3162277660 (10 digits) = 0.6837722340.
        ({"start": 0, "stop": 0.9, "num": 3, "spacing": "log"}, ["0", "0.683772234", "0.9"]),
        # Steps of 0.1, although 0.1 + 0.2 is not 0.3 in binary.
        ({"start": 0.1, "stop": 0.4, "num": 4}, ["0.1", "0.2", "0.3", "0.4"]),
        ({"start": 0.8, "stop": 0.0, "num": 2, "spacing": "linear"}, ["0.8", "0"]),
    ],
)
def test_sparsities_that_all_features_share(file: Path, written: Any, labels: list[str]) -> None:
    points = intro(file, ("sparsity", written)).sparsities
    assert [point.label for point in points] == labels
    assert [point.uniform for point in points] == [float(label) for label in labels]
    assert [point.per_feature for point in points] == [(float(label),) * 3 for label in labels]


def test_sparsities_per_feature_are_known_by_their_values(file: Path) -> None:
    near, far = {"per_feature": [0.9, 0.9, 0.5]}, {"per_feature": [0.9, 0.9, 0]}
    points = intro(file, ("sparsity", [near, 0.9, far])).sparsities
    assert [point.label for point in points] == ["per feature 0.9, 0.9, 0.5", "0.9", "per feature 0.9, 0.9, 0"]
    assert [point.uniform for point in points] == [None, 0.9, None]
    assert points[0].per_feature == (0.9, 0.9, 0.5)
    # A label does not depend on the other points of the axis.
    assert intro(file, ("sparsity", far)).sparsities[0] == points[2]


def test_long_lists_have_short_labels_that_tell_them_apart(file: Path) -> None:
    first, second = [0.5] * 20, [0.5] * 19 + [0.6]
    axis = [{"listed": first}, {"listed": second}]
    points = intro(file, ("n_features", 20), ("importance", axis)).importances
    assert all(re.fullmatch(r"listed 0\.5, 0\.5, 0\.5, \.\.\. #[0-9a-f]{8}", point.label) for point in points)
    assert points[0].label != points[1].label


@pytest.mark.parametrize(
    ("written", "label", "curve"),
    [
        (1, "1", (1.0, 1.0, 1.0)),
        (0.5, "0.5", (0.5, 0.5, 0.5)),
        ({"geometric": 0.7}, "0.7^i", (1.0, 0.7, 0.49)),
        ({"geometric": 2}, "2^i", (1.0, 2.0, 4.0)),
        ({"geometric": 1 / 3}, "0.3333333333^i", (1.0, 0.3333333333, 0.1111111111)),  # to 10 digits
        ({"listed": [1, 0.5, 10]}, "listed 1, 0.5, 10", (1.0, 0.5, 10.0)),
        ({"last": 0.1}, "last 0.1", (1.0, 1.0, 0.1)),
    ],
)
def test_importance_curves(file: Path, written: Any, label: str, curve: tuple[float, ...]) -> None:
    (point,) = intro(file, ("importance", written)).importances
    assert (point.label, point.curve) == (label, curve)


def test_importance_axes(file: Path) -> None:
    # Equal ratios: 0.1 * 100^(i/4) = 0.1, 0.316..., 1, 3.16..., 10.
    log = {"start": 0.1, "stop": 10, "num": 5, "spacing": "log"}
    labels = ["0.1", "0.316227766", "1", "3.16227766", "10"]
    assert [point.label for point in intro(file, ("importance", log)).importances] == labels
    mixed = [{"geometric": 0.9}, 2, {"listed": [3, 2, 1]}]
    labels = ["0.9^i", "2", "listed 3, 2, 1"]
    assert [point.label for point in intro(file, ("importance", mixed)).importances] == labels


@pytest.mark.parametrize(
    ("written", "seeds"),
    [(3, (0, 1, 2)), ([7, 0], (7, 0)), ({"start": 10, "stop": 40, "num": 4}, (10, 20, 30, 40))],
)
def test_seeds(file: Path, written: Any, seeds: tuple[int, ...]) -> None:
    assert intro(file, ("seeds", written)).seeds == seeds


def test_models(file: Path) -> None:
    mine = {"name": "mine", "hidden": "relu", "hidden_bias": True}
    models = intro(file, ("model", ["absolute_value", mine, "linear"])).models
    assert [model.name for model in models] == ["absolute_value", "mine", "linear"]
    # What an own model leaves out is as in relu_output.
    assert models[1] == PRESETS["relu_output"].model_copy(update=mine)
    assert models[0] == Model(name="absolute_value", tied=False, hidden="relu", output="relu", target="absolute")
    assert intro(file, ("model", mine)).models == (models[1],)
    # Only tied models are limited to n_features hidden dimensions ("Computation in Superposition": n = 3, m = 6).
    assert intro(file, ("model", "absolute_value"), ("n_hidden", 6)).n_hidden == 6
    assert all(name == model.name for name, model in PRESETS.items())


def test_sets(file: Path) -> None:
    points = intro(file, ("sets", ["independent", {"correlated": 3}, {"anticorrelated": 3}])).sets
    assert [(point.kind, point.size) for point in points] == [
        ("independent", 1),
        ("correlated", 3),
        ("anticorrelated", 3),
    ]
    assert points[1].label == "correlated in sets of 3"


def test_a_set_has_one_sparsity(file: Path) -> None:
    own = ("experiments.intro.sparsity", {"per_feature": [0.1, 0.1, 0.2]})
    (line,) = faults(file, own, ("experiments.intro.sets", {"correlated": 3}))
    assert line.startswith("experiments.intro.sets = 'correlated in sets of 3': must keep features of different")


def test_the_last_feature_may_have_a_sparsity_of_its_own(file: Path) -> None:
    axis = {"last": {"start": 0.0, "stop": 0.99, "num": 3, "spacing": "log"}, "others": 0.95}
    points = intro(file, ("sparsity", axis)).sparsities
    assert [point.per_feature for point in points] == [(0.95, 0.95, 0.0), (0.95, 0.95, 0.9), (0.95, 0.95, 0.99)]
    assert points[1].label == "last 0.9, others 0.95"
    assert points[1].uniform is None


def test_full_scale_replaces_what_it_names(file: Path) -> None:
    own = ("experiments.intro.training", {"steps": 100, "batch_size": 8})
    larger = ("experiments.intro.full_scale", {"seeds": 7, "training": {"steps": 500}, "sparsity": [0.1, 0.2]})
    shown = [
        read(write(file, changed(own, larger, ("scale", scale)))).experiments["intro"] for scale in ("default", "full")
    ]
    assert [len(experiment.seeds) for experiment in shown] == [5, 7]
    assert [len(experiment.sparsities) for experiment in shown] == [1, 2]
    assert [experiment.training.steps for experiment in shown] == [100, 500]
    assert [experiment.training.batch_size for experiment in shown] == [8, 8]


@pytest.mark.parametrize(
    ("larger", "said"),
    [
        ([1], "experiments.intro.full_scale = [1]: must be a mapping of the keys that differ"),
        ({"seeds": 0}, "experiments.intro.full_scale.seeds = 0: must be a whole number of seeds"),
        ({"seed": 3}, "experiments.intro.full_scale.seed = 3: is an unknown key; did you mean seeds?"),
        ({"training": {"steps": 0}}, "experiments.intro.full_scale.training.steps = 0: must be a whole number"),
        ({"training": 5}, "experiments.intro.full_scale.training = 5: must be a mapping of training settings"),
        ({"sparsity": {"per_feature": [0]}}, "experiments.intro.full_scale.sparsity.per_feature = [0.0]: must hold"),
        ({"full_scale": {}}, "experiments.intro.full_scale.full_scale = {}: is an unknown key"),
        ({"n_hidden": 4}, "experiments.intro.full_scale.n_hidden = 4: must be at most n_features = 3"),
    ],
)
@pytest.mark.parametrize("scale", ["default", "full"])
def test_full_scale_is_checked_at_either_scale(file: Path, larger: Any, said: str, scale: str) -> None:
    (line,) = faults(file, ("scale", scale), ("experiments.intro.full_scale", larger))
    assert line.startswith(said)


def test_a_fault_of_the_block_is_not_blamed_on_full_scale(file: Path) -> None:
    changes = ("experiments.intro.n_hidden", 9), ("experiments.intro.full_scale", {"seeds": 3})
    (line,) = faults(file, *changes)
    assert line.startswith("experiments.intro.n_hidden = 9")


def test_float32_has_no_exactness_budget(file: Path) -> None:
    shape = [("n_features", 10240), ("n_hidden", 1024), ("seeds", 2)]
    assert intro(file, *shape, ("training", {"arithmetic": "float32"})).n_features == 10240


def test_an_experiment_overrides_the_defaults_key_by_key(file: Path) -> None:
    experiment = intro(
        file,
        ("initial", {"gain": 2}),
        ("training", {"steps": 100, "betas": [0, 0.99], "sample_size": 2048}),
        ("sparsity", {"per_feature": [0.1, 0.2, 0.3]}),
        ("title", "A title"),
    )
    assert (experiment.initial.rule, experiment.initial.gain) == ("xavier", 2.0)
    expected = DOCUMENT["defaults"]["training"] | {"steps": 100, "betas": (0.0, 0.99), "sample_size": 2048}
    assert experiment.training.model_dump() == expected
    assert (experiment.title, experiment.section) == ("A title", "")
    other = read(file).experiments["other"]
    assert other.training.model_dump() == DOCUMENT["defaults"]["training"] | {"betas": (0.9, 0.999)}
    assert [point.label for point in other.sparsities] == ["0"]
    assert (other.title, other.seeds, other.values, other.held_out) == ("Other", (0, 1, 2, 3, 4), "unit", 8192)


def test_an_axis_is_not_merged_with_the_default_of_another_form(file: Path) -> None:
    log = {"start": 0.0, "stop": 0.9, "num": 3, "spacing": "log"}
    document = changed(("defaults.sparsity", log), ("experiments.intro.sparsity", {"start": 0.5, "num": 2}))
    with pytest.raises(ParamsError) as caught:
        read(write(file, document))
    assert [fault.path for fault in caught.value.faults] == ["experiments.intro.sparsity.stop"]


def test_params_are_frozen(file: Path) -> None:
    params = read(write(file, DOCUMENT))
    experiment = params.experiments["intro"]
    for thing, key in [
        (params, "seed"),
        (experiment, "n_features"),
        (experiment.training, "steps"),
        (experiment.initial, "gain"),
        (experiment.models[0], "tied"),
        (experiment.sparsities[0], "uniform"),
        (experiment.importances[0], "curve"),
    ]:
        with pytest.raises((ValidationError, FrozenInstanceError), match=r"frozen|assign"):
            setattr(thing, key, getattr(thing, key))


def test_training_settings_are_plain_json(file: Path) -> None:
    settings = intro(file).training_settings()
    assert settings["training"] == DOCUMENT["defaults"]["training"]
    assert settings["initial"] == {"rule": "xavier", "gain": 1.0}
    assert (settings["n_features"], settings["n_hidden"]) == (3, 2)
    assert settings["models"] == [PRESETS["relu_output"].model_dump()]


# --- the committed file and the command ------------------------------------------------------------------------------


def test_the_committed_experiments_are_the_papers() -> None:
    experiments = read(ROOT / "params.yaml").experiments
    first, basic = experiments["intro"], experiments["basic_results"]
    assert ([model.name for model in first.models], first.n_features, first.n_hidden) == (["relu_output"], 5, 2)
    assert [point.uniform for point in first.sparsities] == [0.0, 0.8, 0.9]
    assert [point.label for point in first.importances] == ["0.9^i"]
    assert len(first.seeds) == 10
    assert ([model.name for model in basic.models], basic.n_features) == (["linear", "relu_output"], 20)
    densities = [1.0, 0.3, 0.1, 0.03, 0.01, 0.003, 0.001]
    assert [1 - point.per_feature[0] for point in basic.sparsities] == pytest.approx(densities)
    assert basic.importances[0].curve[:3] == (1.0, 0.7, 0.49)
    assert len(basic.seeds) == 5


def test_every_key_of_the_committed_file_has_a_comment() -> None:
    """On its line or right above it; an experiment's name has its title right below. Not in texts, nor in lists: DVC's
    writer keeps none there.
    """
    lines = (ROOT / "params.yaml").read_text().splitlines()
    inside = ""  # a text or an item: how its lines begin
    for above, line, below in zip(["", *lines], lines, [*lines[1:], ""], strict=False):
        if inside and line.startswith(inside):
            continue
        text, item = re.match(r"( *)\w+: >-", line), re.match(r"( *)- ", line)
        inside = f"{(text or item)[1]}  " if text or item else ""
        if re.match(r" *\w+:", line):
            is_experiment = re.fullmatch(r"  \w+:", line) and "title:" in below
            assert "#" in line or above.lstrip().startswith("#") or is_experiment, line


def test_the_committed_file_reads_alike_in_yaml_1_1_and_1_2() -> None:
    old = YAML(typ="safe")
    old.version = (1, 1)
    text = (ROOT / "params.yaml").read_text()
    assert old.load(text) == YAML(typ="safe").load(text)


def test_a_large_file_is_checked_in_time(file: Path) -> None:
    work = {}
    for points in (1000, 4000):
        log = {"start": 0, "stop": 0.9, "num": points, "spacing": "log"}
        write(file, changed(*((f"experiments.{key}.sparsity", log) for key in DOCUMENT["experiments"])))
        params, work[points] = calls(lambda: read(file))
        assert len(params.experiments["other"].sparsities) == points
    assert work[4000] < 5 * work[1000]  # not as the square


def run(directory: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "superposition.params", *arguments],
        cwd=directory,
        env={"PYTHONPATH": str(ROOT / "src")},
        capture_output=True,
        text=True,
    )


def test_the_command_is_silent_about_a_valid_file() -> None:
    for arguments in [(), ("--experiments", "intro", "basic_results")]:
        done = run(ROOT, *arguments)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_the_command_reports_every_fault(file: Path) -> None:
    write(file, changed(("seed", "0"), ("experiments.intro.sparsity", 1.2)))
    done = run(file.parent)
    assert (done.returncode, done.stdout) == (2, "")
    assert [line.split(":")[0] for line in done.stderr.splitlines()] == [
        "seed = '0'",
        "experiments.intro.sparsity = 1.2",
    ]


def test_the_command_reports_unknown_experiments(file: Path) -> None:
    write(file, DOCUMENT)
    done = run(file.parent, "--experiments", "intro", "into", "x")
    assert (done.returncode, done.stderr) == (2, "--experiments = 'into, x': must be among intro, other\n")


def test_checking_loads_none_of_the_heavy_packages() -> None:
    code = (
        "import sys, superposition.params; print([m for m in ('torch', 'numpy', 'pandas', 'dvc') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": str(ROOT / "src")},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "[]\n"
