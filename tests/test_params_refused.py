"""What params.yaml may not say, and what is said of it."""

import re
from pathlib import Path
from typing import Annotated, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError
from ruamel.yaml import YAML

from superposition.params import Fault, ParamsError, read
from superposition.params.experiments import resolve
from superposition.params.measures import Bounds
from superposition.params.models import MODEL
from tests.documents import DOCUMENT, REMOVED, changed, faults, intro, write

ROOT = Path(__file__).parent.parent


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "params.yaml"


SPARSITY = "must be a number, at least 0 and below 1"
IMPORTANCE = "must be a number between 1e-12 and 1e+06"
STEPS, BATCH, SNAPSHOTS = (f"must be a whole number between 1 and {most}" for most in (1000000, 65536, 10000))
NAME = "must have a name of at most 64 small letters, digits and _"

# Change; key path and value as they are printed; beginning of the message.
REFUSED = [
    # sparsity
    ("intro.sparsity", 1.2, "sparsity = 1.2", SPARSITY),
    ("intro.sparsity", 1, "sparsity = 1", SPARSITY),
    ("intro.sparsity", -0.1, "sparsity = -0.1", SPARSITY),
    ("intro.sparsity", 0.99999999, "sparsity = 0.99999999", SPARSITY),
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
    ("intro.sets", None, "sets = null", "must be independent, {correlated: features in each set}, {anti"),
    (
        "intro.sets",
        "correlated",
        "sets = 'correlated'",
        "must be independent, {correlated: features in each set}, {anti",
    ),
    ("intro.sets", {"correlated": 1}, "sets.correlated = 1", "must be a number of features in each set, a whole"),
    ("intro.sets", {"correlated": 2}, "sets.correlated = 2", "must divide n_features = 3 into sets of equal size"),
    ("intro.sets", {"anticorrelated": 3.0}, "sets.anticorrelated = 3.0", "must be a number of features in each set"),
    ("intro.sets", {"correlated": 3, "anticorrelated": 3}, "sets = {'anticorrelated': 3, 'correlated': 3}", "must be"),
    ("intro.sets", ["independent", "independent"], "sets[1]", "must differ from the other points of the axis"),
    ("intro.sets", [{"correlated": 3}, {"x": 3}], "sets[1] = {'x': 3}", "must be independent, {correlated"),
    ("intro.sets", {"exactly": 0}, "sets.exactly = 0", "must be a number of active features, a whole number of at l"),
    ("intro.sets", {"exactly": 4}, "sets.exactly = 4", "must be at most 3, the features in a set"),
    ("intro.sets", {"exactly": 3, "of": 2}, "sets.exactly = 3", "must be at most 2, the features in a set"),
    ("intro.sets", {"exactly": 1, "of": 2}, "sets.of = 2", "must divide n_features = 3 into sets of equal size"),
    ("intro.sets", {"exactly": 1, "of": 1}, "sets.of = 1", "must be null (all features) or a whole number of at lea"),
    (
        "intro.sets",
        {"groups": [{"independent": 1}, {"exactly": 3, "of": 2}]},
        "sets.groups[1].exactly = 3",
        "must be at most 2, the features in a set",
    ),
    ("intro.sets", {"groups": [{"exactly": 2}]}, "sets.groups[0].of", "is missing; must be a number of features in"),
    (
        "intro.sets",
        {"never_empty": {"never_empty": "independent"}},
        "sets.never_empty = {'never_empty': 'independent'}",
        "must be",
    ),
    ("intro.sets", {"never_empty": {"correlated": 2}}, "sets.never_empty.correlated = 2", "must divide n_features = 3"),
    ("intro.sets", [{"exactly": 1}, {"anticorrelated": 3}], "sets[1]", "must differ from the other points of the axis"),
    ("intro.sets", {"ring": 3}, "sets.width", "is missing; must be a number of places, at least 0.01"),
    ("intro.sets", {"ring": 3, "width": 1.5}, "sets.width = 1.5", "must be less than 1.5, half of the places on the r"),
    ("intro.sets", {"ring": 2, "width": 0.95}, "sets.ring = 2", "must divide n_features = 3 into sets of equal size"),
    (
        "intro.sets",
        {"ring": 3, "width": 1.0},
        "sets = 'ring of width 1 in sets of 3'",
        "must have rings of a width of at least 1.35, the density times half of the features, at a sparsity of 0.1",
    ),
    (
        "intro.sets",
        {"never_empty": {"groups": [{"ring": 2, "width": 0.9}, {"independent": 1}]}},
        "sets.never_empty.groups",
        "must have no ring where samples are never empty",
    ),
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
    ("intro.n_hidden", 4, "n_hidden = 4", "must be at most n_features = 3 for tied models that are linear on h"),
    (
        "intro.n_hidden",
        [1, 4],
        "n_hidden[1] = 4",
        "must be at most n_features = 3 for tied models that are linear on h",
    ),
    ("intro.n_hidden", [1, 2, 1], "n_hidden[2]", "must differ from the other points of the axis; it repeats [0]"),
    ("intro.n_hidden", [], "n_hidden = []", "must hold at least one point"),
    ("intro.n_hidden", [1, 2.5], "n_hidden[1] = 2.5", "must be a whole number between 1 and 100000"),
    (
        "intro.model",
        REMOVED,
        "model",
        f"is missing; must be {MODEL}",
    ),
    (
        "intro.model",
        "relu",
        "model = 'relu'",
        f"must be {MODEL}",
    ),
    ("intro.model", 5, "model = 5", f"must be {MODEL}"),
    ("intro.model", [], "model = []", "must hold at least one point"),
    ("intro.model", ["linear", "relu"], "model[1] = 'relu'", f"must be {MODEL}"),
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
    (
        "intro.model",
        {"name": "a", "hidden": "softmax"},
        "model.hidden = 'softmax'",
        "must be linear, relu, leaky_relu, clipped_relu, gelu, tanh or sigmoid",
    ),
    ("intro.model", {"name": "a", "hidden_l1": -1}, "model.hidden_l1 = -1", "must be a number between 0 and 16"),
    (
        "intro.model",
        {"name": "a", "negative_slope": 0.01},
        "model.negative_slope = 0.01",
        "must be a power of two from 2^-10 (0.0009765625) to 0.5",
    ),
    ("intro.model", {"name": "a", "target": "x"}, "model.target = 'x'", "must be identity, absolute, relu or"),
    ("intro.model", {"name": "a", "loss_power": 5}, "model.loss_power = 5", "must be 2, 2.5, 3, 4, 6 or 8"),
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
        "must be tied, linear on h and of target identity, unmixed, to have a training_attack",
    ),
    ("intro.model", {"name": "a", "tied": "yes"}, "model.tied = 'yes'", "must be true or false"),
    ("intro.model", {"name": "a", "hiden": "relu"}, "model.hiden = 'relu'", "is an unknown key; did you mean hidden?"),
    # targets
    (
        "intro.model",
        {"name": "a", "mixing": 0.1},
        "model.mixing = 0.1",
        "must be null or {embedding: dimensions, scale",
    ),
    (
        "intro.model",
        {"name": "a", "mixing": {"gaussian": 1.0}},
        "model.mixing.gaussian = 1.0",
        "must be a standard dev",
    ),
    (
        "intro.model",
        {"name": "a", "mixing": {"embedding": 1}},
        "model.mixing.embedding = 1",
        "must be a number of dimens",
    ),
    (
        "intro.model",
        {"name": "a", "mixing": {"gaussian": 0.1, "symmetric": 0.1}},
        "model.mixing = {'gaussian': 0.1, 'symmetric': 0.1}",
        "must be null or {emb",
    ),
    (
        "intro.model",
        {"name": "a", "mixing": {"symmetric": 0.1}, "training_attack": 0.1},
        "model = 'a'",
        "must be tied, linear on h and of target identity, unmixed, to have a training_attack",
    ),
    # parents
    ("intro.sets", {"parents": [None, 0], "active": 0.5, "inactive": 0.0}, "sets.parents = [None, 0]", "must hold n_f"),
    (
        "intro.sets",
        {"parents": [None, 1, 0], "active": 0.5, "inactive": 0.0},
        "sets.parents[1] = 1",
        "must be null or an earlier feature, from 0 to 0",
    ),
    ("intro.sets", {"parents": [0, 0, 0], "active": 0.5, "inactive": 0.0}, "sets.parents[0] = 0", "must be null: no"),
    ("intro.sets", {"parents": [None] * 3, "active": 0.5, "inactive": 0.0}, "sets.parents", "must give at least one"),
    (
        "intro.sets",
        {"parents": [None, 0, 0], "active": [0.5], "inactive": 0.0},
        "sets.active = [0.5]",
        "must hold 2 numbers, one for each feature that has a parent, not 1",
    ),
    ("intro.sets", {"parents": [None, 0, 0], "active": 1.5, "inactive": 0.0}, "sets.active = 1.5", "must be a prob"),
    ("intro.sets", {"parents": [None, 0, 0], "active": 0.5}, "sets.inactive", "is missing"),
    (
        "intro.sets",
        {"parents": [None, 0, 1], "active": 1e-4, "inactive": 0.0},
        "sets = 'parents - 0 1, active 0.0001 0.0001, inactive 0 0'",
        "must keep all densities at least 1e-07; that of feature 2 is 9e-09 at a sparsity of 0.1",
    ),
    # the rest of a block
    ("intro.title", "two\nlines", "title = 'two\\nlines'", "must be one line"),
    ("intro.title", None, "title = null", "must be one line"),
    ("intro.values", "binary", "values = 'binary'", "must be unit, signed, constant, {exponential: rate}"),
    ("intro.values", {"exponential": 50.0}, "values.exponential = 50.0", "must be a number from 0.1 to 32"),
    ("intro.values", {"normal": 0.5}, "values.normal = 0.5", "must be a number of standard deviations from 1 to 6"),
    (
        "intro.values",
        {"power_law": {"exponent": 2.0, "least": 0.0}},
        "values.power_law.least = 0.0",
        "must be a number from 0.001 to 0.9",
    ),
    (
        "intro.values",
        {"unit_length": {"unit_length": "unit"}},
        "values.unit_length = {'unit_length': 'unit'}",
        "must be unit, signed, constant",
    ),
    ("intro.values", {"normal": 3.0, "unit": 1}, "values.unit = 1", "is an unknown key"),
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
    ("intro.n_hidden_layers", 2, "n_hidden_layers = 2", "is an unknown key; models have one hidden layer"),
    (
        "intro.hidden_noise",
        0.1,
        "hidden_noise = 0.1",
        "is an unknown key; models have it: {name: ..., hidden_noise: ...}",
    ),
    ("intro.training.dropout", 0.1, "training.dropout = 0.1", "is an unknown key; models have it: {name: ..., dropout"),
    (
        "intro.training.optimizer",
        "sgd",
        "training.optimizer = 'sgd'",
        "is an unknown key; it is AdamW; an eps far above",
    ),
    (
        "intro.model",
        {"name": "a", "hidden_noise": 5.0},
        "model.hidden_noise = 5.0",
        "must be a number between 0 and 4",
    ),
    (
        "intro.model",
        {"name": "a", "dropout": 1.0},
        "model.dropout = 1.0",
        "must be a number between 0 and 0.9",
    ),
    ("intro.batch", 5, "batch = 5", "is an unknown key; allowed: sparsity, importance,"),
    ("intro.seeds", 1_000_000, "", "has 1 (model) x"),
    ("intro.initial", None, "initial = null", "must be a mapping with rule and gain"),
    ("intro.initial.rule", "kaiming", "initial.rule = 'kaiming'", "must be xavier, notebook, normal or identity"),
    ("intro.initial.bias", 5, "initial.bias = 5", "must be a number between -4 and 4"),
    ("intro.initial.hidden_bias", 0.5, "initial.hidden_bias = 0.5", "must be 0 where no model has a bias there"),
    ("intro.initial.gain", 0, "initial.gain = 0", "must be a number above 0, at most 1000000"),
    ("intro.training", [1], "training = [1]", "must be a mapping of training settings"),
    ("intro.training.step", 5, "training.step = 5", "is an unknown key; did you mean steps?"),
    ("intro.training.steps", 0, "training.steps = 0", STEPS),
    (
        "intro.training.steps",
        1e3,
        "training.steps = 1000.0",
        f"{STEPS} (this is a number with a point or an exponent: write 1000)",
    ),
    ("intro.training.steps", False, "training.steps = false", STEPS),
    ("intro.training.batch_size", 0, "training.batch_size = 0", BATCH),
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
    ("intro.training.betas", [0.9, 1], "training.betas[1] = 1", "must be a number, at least 0 and at most 1 - 2^-27"),
    ("intro.training.betas", 0.9, "training.betas = 0.9", "must be a list of two numbers"),
    ("intro.training.eps", 0, "training.eps = 0", "must be a number above 0"),
    ("intro.training.weight_decay", -1, "training.weight_decay = -1", "must be a number of at least 0, or a mapping"),
    (
        "intro.training.weight_decay",
        {"weights": 0.1},
        "training.weight_decay.biases",
        "is missing; must be a number of at least 0",
    ),
    (
        "intro.training.weight_decay",
        {"weights": 0.1, "biases": -1},
        "training.weight_decay.biases = -1",
        "must be a number of at least 0",
    ),
    ("intro.training.floor", 1, "training.floor = 1", "must be a number of at least 0 and below 1"),
    ("intro.training.floor", 0.5, "training.floor = 0.5", "must be 0 where the schedule is constant"),
    ("intro.training.control_variate", 0, "training.control_variate = 0", "must be null (none) or a density"),
    ("intro.training.arithmetic", "float64", "training.arithmetic = 'float64'", "must be exact or float32"),
    ("intro.training.snapshots", 0, "training.snapshots = 0", SNAPSHOTS),
]


def test_attacks_are_for_tied_models_that_are_linear_on_h(file: Path) -> None:
    assert intro(file).measures.attack is None
    assert intro(file, ("measures", {"attack": 0.1})).measures.attack == 0.1
    (line,) = faults(
        file, ("experiments.intro.measures", {"attack": 0.1}), ("experiments.intro.model", ["linear", "relu_hidden"])
    )
    assert line == (
        "experiments.intro.measures.attack: must be null for models that are not tied, linear on h and of target "
        "identity, unmixed (relu_hidden)"
    )


def test_targets_of_two_features_at_least_and_of_matrices_that_fit(file: Path) -> None:
    def said(model: dict[str, Any], n: int, **more: Any) -> list[str]:
        own = {"model": {"name": "mine", "tied": False} | model, "n_features": n, "n_hidden": 2, "seeds": 1} | more
        return faults(file, *((f"experiments.intro.{key}", value) for key, value in own.items()))

    (line,) = said({"target": "products"}, 1)
    assert line == "experiments.intro.n_features = 1: must be at least 2 for models of target products (mine)"
    large = {"held_out": 1, "training": {"arithmetic": "float32", "batch_size": 1}}
    (line,) = said({"mixing": {"gaussian": 0.1}}, 4097, **large)
    assert line == "experiments.intro.n_features = 4097: must be at most 4096 for models with mixing (mine)"
    for measure, wanted in (
        ("recovery", {"active": [1], "samples": 1, "tolerance": 0.1, "matrices": 1}),
        ("explanations", {"active": [1], "samples": 1, "tolerance": 0.1}),
        ("attack", 0.1),
    ):
        for target in ({"target": "products"}, {"mixing": {"gaussian": 0.1}}):
            (line,) = said(target | {"tied": True}, 3, measures={measure: wanted})
            assert line.startswith(f"experiments.intro.measures.{measure}: must be null for models that are not")


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


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("importance", {"geometric": 0.9}, "must be null where features differ in importance"),
        ("sets", {"correlated": 3}, "must be null where features are not independent"),
        ("sets", {"never_empty": "independent"}, "must be null where features are not independent"),
        ("values", {"unit_length": "unit"}, "must be null where samples have unit length"),
        ("training.sample_size", 2048, "must be null where sample_size is a number"),
        (
            "model",
            ["relu_output", "relu_hidden", {"name": "mine", "training_attack": 0.1}],
            "must be null but for tied models, linear on h and without a bias there, with linear or relu outputs, of "
            "target identity and loss_power 2, without training_attack, mixing, hidden_noise and dropout; not so: "
            "relu_hidden, mine",
        ),
    ],
)
def test_control_variates_are_where_the_linear_gradient_is_known(
    file: Path, path: str, value: Any, message: str
) -> None:
    wanted = ("training.control_variate", 0.5)
    assert intro(file, wanted).training.control_variate == 0.5
    own = (f"experiments.intro.{path}", value)
    assert faults(file, ("experiments.intro.training", {"control_variate": 0.5}), own) == [
        f"experiments.intro.training.control_variate = 0.5: {message}"
    ]


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
        ("defaults.values", REMOVED, "defaults.values: is missing; must be unit, signed, constant"),
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


def test_each_member_of_an_anticorrelated_set_has_words_enough():
    """Of as few as there are at this density, members would have none, or one more or less than others."""
    document = changed(("experiments.intro.sparsity", 0.9999999), ("experiments.intro.sets", {"anticorrelated": 3}))
    with pytest.raises(ParamsError, match=r"set at least 1e-07; it is 3[.]333e-08 at a sparsity of 0[.]999"):
        resolve(document)
    document["experiments"]["intro"]["sparsity"] = 0.9999997
    resolve(document)


@pytest.mark.parametrize(
    ("bounds", "words", "allowed", "refused"),
    [
        (Bounds(1), "a whole number of at least 1", [1, 10**9], [0]),
        (Bounds(0.0, above=True), "a number above 0", [1e-300], [0.0]),
        (Bounds(1, 1000), "a whole number between 1 and 1000", [1, 1000], [0, 1001]),
        (Bounds(0.0, 4.0, above=True), "a number above 0, at most 4", [1e-300, 4.0], [0.0, 4.1]),
        (Bounds(0.0, 1.0, below=True), "a number of at least 0 and below 1", [0.0], [-0.1, 1.0]),
        (Bounds(0.0, 1.0, above=True, below=True), "a number above 0 and below 1", [0.5], [0.0, 1.0]),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_bounds_check_what_they_say(bounds: Bounds, words: str, allowed: list[float], refused: list[float]) -> None:
    assert bounds.words == words
    kind = TypeAdapter(Annotated[type(allowed[0]), bounds])  # type: ignore[misc]
    assert [kind.validate_python(value) for value in allowed] == allowed
    for value in refused:
        with pytest.raises(ValidationError):
            kind.validate_python(value)
