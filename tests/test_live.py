"""The page's own scripts train the same models as the pipeline, to the same bits, and say so."""

import hashlib
import json
import re
from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from ruamel.yaml import YAML

from superposition.exact import functions, grids, ops, philox, schedule
from superposition.features.distribution import Distribution
from superposition.features.world import features, held_out_words, instances
from superposition.measures import parameters
from superposition.measures.all_tables import all_tables
from superposition.models.toy_model import Architecture
from superposition.params.experiments import resolve
from superposition.readings.results import COLUMNS, Tables
from superposition.report.live import SCRIPTS, Live, digest, live, source
from superposition.training.initial import normal_weights, standard_deviation
from superposition.training.run import build, train
from superposition.training.worlds import World
from tests.browser import run
from tests.documents import changed

ROOT = Path(__file__).parents[1]
TRAINING = "".join(source(f"{script}.js") for script in SCRIPTS if script != "worker")
SMALL = {"steps": 120, "batch_size": 200, "learning_rate": 0.01, "snapshots": 4}
INTRO = {
    "model": "relu_output",
    "n_features": 5,
    "n_hidden": 2,
    "sparsity": [0.0, 0.9],
    "importance": {"geometric": 0.9},
    "seeds": 2,
    "held_out": 1000,
    "training": SMALL,
}

IDENTITY = ["initial.rule: identity", "initial.bias: -0.5"]


def compute(expression: str, folder: Path, script: str = TRAINING, **given: Any) -> Any:
    """What the page's functions make of what is given, by name."""
    names = "".join(f"const {name} = {json.dumps(value)};\n" for name, value in given.items())
    return run(script + names, expression, folder)


def document(**keys: Any) -> dict[str, Any]:
    """What params.yaml says, with one experiment, `intro`."""
    made = changed()
    made["experiments"] = {"intro": deepcopy(INTRO) | keys}
    return made


def world_of(name: str, document: dict[str, Any]) -> World:
    params = resolve(document)
    experiment = params.experiments[name]
    return World(
        instances=instances(params.seed, name, experiment),
        features=features(experiment),
        settings=experiment.training_settings() | {"values": experiment.values},
        held_out=held_out_words(params.seed, name, experiment),
    )


def tables_of(name: str, document: dict[str, Any], folder: Path) -> Tables:
    """What the stages make of an experiment, up to tables."""
    world = world_of(name, document)
    trained = train(name, world, folder / "checkpoints", visible=False)
    for part, arrays in (("weights", trained.weights), ("snapshots", trained.snapshots)):
        (folder / part).mkdir()
        for key, array in arrays.items():
            np.save(folder / part / f"{key}.npy", array)
    found = parameters.read(folder, [model["name"] for model in world.settings["models"]])
    wanted = resolve(document).experiments[name].measures.model_dump(mode="json") | {"loss_error": 0.1}
    held_out = world.held_out.astype(np.int64)
    made = all_tables(world.instances, world.features, held_out, world.settings, found, trained.history, wanted)
    assert made.keys() == COLUMNS.keys()
    return Tables(**made)


def panel(document: dict[str, Any], tables: Tables) -> Live:
    found = live(resolve(document).experiments, {"intro": tables})
    assert found is not None
    return found


# ---- The parts, against those of superposition/exact.


def test_constants_are_those_of_the_pipeline(tmp_path):
    found = compute("[GRIDS, ROUNDS, PI, LOG_2_HIGH, LOG_2_LOW, HALF_PI_HIGH, HALF_PI_LOW, LOG_TERMS]", tmp_path)
    named = ("input", "weight", "hidden", "error", "hiddenGradient", "loss")
    used = (grids.INPUT, grids.WEIGHT, grids.HIDDEN, grids.ERROR, grids.HIDDEN_GRADIENT, grids.LOSS)
    assert found[0] == {
        name: {"bits": grid.fraction_bits, "limit": grid.limit} for name, grid in zip(named, used, strict=True)
    }
    own = functions
    constants = [own.PI, own.LOG_2_HIGH, own.LOG_2_LOW, own.HALF_PI_HIGH, own.HALF_PI_LOW, own.LOG_TERMS]
    assert found[1:] == [philox.ROUNDS, *constants]
    assert compute("[SIN_TERMS, COS_TERMS]", tmp_path) == [functions.SIN_TERMS, functions.COS_TERMS]


def test_limits_in_steps_of_products_are_those_of_the_grids():
    """They stand in the loops as powers of two, where names would hide what is compared."""
    text = source("training.js")
    inner = {
        "2 ** 39": grids.HIDDEN.limit * 2.0 ** (grids.INPUT.fraction_bits + grids.WEIGHT.fraction_bits),
        "2 ** 37": grids.ERROR.limit * 2.0 ** (grids.HIDDEN.fraction_bits + grids.WEIGHT.fraction_bits),
        "2 ** 20": grids.ERROR.limit * 2.0**grids.ERROR.fraction_bits,
        "2 ** 40": grids.HIDDEN_GRADIENT.limit * 2.0 ** (grids.ERROR.fraction_bits + grids.WEIGHT.fraction_bits),
    }
    found = re.findall(r"limited\([^;]*, (2 \*\* \d+)\)", text)
    assert sorted(found) == sorted(inner)
    assert all(2.0 ** int(power.split()[-1]) == limit for power, limit in inner.items())


def test_random_words(tmp_path):
    cases = [([0, 0], 5, 0, 7, 0), ([2**32 - 1, 12345], 8, 512, 9, 9999), ([1, 2**31], 3, 2**32 - 4, 3, 2**32 - 1)]
    script = """cases.map(([key, rows, first, samples, step]) => {
        const words = new Uint32Array(rows * samples);
        drawWords(key, rows, first, samples, step, words);
        return Array.from(words);
    })"""
    for (key, rows, first, samples, step), found in zip(cases, compute(script, tmp_path, cases=cases), strict=True):
        at = torch.arange(first, first + samples)
        assert found == philox.words(torch.tensor([key]), rows, at, torch.tensor(step)).flatten().tolist()


def test_hashes_and_keys(tmp_path):
    sizes = [0, 1, 127, 128, 129, 256, 300]
    found = compute(
        "sizes.map((n) => hex(blake2b(Uint8Array.from(range(n), (k) => k % 251), 32)))", tmp_path, sizes=sizes
    )
    assert found == [hashlib.blake2b(bytes(k % 251 for k in range(n)), digest_size=32).hexdigest() for n in sizes]
    names = [
        {"seed": 0, "experiment": "intro", "purpose": "training"},
        {"b": {"z": 1, "a": "per feature 0.1, …"}, "a": 'é"\\ \x7f 😀 ' + "long " * 60},
    ]
    assert compute("names.map(streamKey)", tmp_path, names=names) == [list(philox.stream_key(one)) for one in names]


def test_roundings(tmp_path):
    random = np.random.default_rng(0)
    halves = (np.arange(-9, 10) / 2).tolist()
    x = [*halves, *(random.standard_normal(200) * 2.0 ** random.integers(-30, 30, 200)).tolist()]
    found = compute("x.map((one) => [nearest(one) + 0, onGrid(one, 18), shorten(one)])", tmp_path, x=x)
    of = torch.tensor(x, dtype=torch.float64)
    assert (
        np.array(found).tolist()
        == torch.stack([torch.round(of) + 0.0, ops.snap(of, 18), ops.shorten(of, 26)], 1).tolist()
    )

    ties = [1 + (2 * k + 1) * 2.0**-26 for k in range(4)] + [2 - 2.0**-30]  # halfway between numbers of 26 bits
    assert (
        compute("x.map(shorten)", tmp_path, x=ties) == ops.shorten(torch.tensor(ties, dtype=torch.float64), 26).tolist()
    )

    squares = [(1 + k * 2.0**-24) ** 2 for k in range(9)]
    near = [y for x in squares for y in (np.nextafter(x, 0).item(), x, np.nextafter(x, 9).item())]
    positive = [*near, *(abs(one) for one in x if one), 0.0]
    found = compute(
        "x.map((one) => [squareRoot(one), one ? powerOfTwoAbove(one) : 0, roundToBits(one, 24)])", tmp_path, x=positive
    )
    of = torch.tensor(positive, dtype=torch.float64)
    assert [one[0] for one in found] == ops.square_root(of).tolist()
    assert [one[1] for one in found[:-1]] == ops.power_of_two_above(of[:-1]).tolist()
    assert [one[2] for one in found] == schedule.round_to_bits(of.numpy(), 24).tolist()


def test_functions(tmp_path):
    random = np.random.default_rng(1)
    x = [*random.random(500).tolist(), 2.0**-33, 0.5, np.sqrt(0.5).item(), 1 - 2.0**-33, 1.0]
    found = compute("x.map((one) => [log(one), cos(7 * one), cos(1000 * one - 500)])", tmp_path, x=x)
    of = np.array(x)
    expected = np.stack([functions.log(of), functions.cos(7 * of), functions.cos(1000 * of - 500)], axis=1)
    assert found == expected.tolist()


def test_features_are_active_where_words_are_below_their_density(tmp_path):
    settings = settings_of(document(n_features=3, sparsity={"per_feature": [0.8, 0.0, 0.9999]}, seeds=[0]))
    density = torch.tensor([settings["density"]], dtype=torch.float64)
    edges = [0, 1, *(round(p * 2**32) + k for p in settings["density"] for k in (-1, 0, 1)), 2**31, 2**32 - 1]
    words = [[word for word in edges if word < 2**32]] * 3
    script = """range(words[0].length).map((s) => {
        const model = new Model(settings);
        model.readInputs(Uint32Array.from(words.flat()), s, words[0].length);
        return Array.from(model.x, (x) => x / 2 ** 16);
    })"""
    found = compute(script, tmp_path, settings=settings, words=words)
    values = Distribution(density, "unit", torch.float64, ["independent"], [1])(torch.tensor([words]))
    assert found == values[0].T.tolist()


@pytest.mark.parametrize("name", ["constant", "linear", "cosine"])
@pytest.mark.parametrize("warmup", [0, 7])
def test_learning_rates(tmp_path, name, warmup):
    settings = {"schedule": name, "learning_rate": 0.0037, "steps": 40, "warmup_steps": warmup}
    found = compute("Array.from(learningRates(settings))", tmp_path, settings=settings)
    assert found == schedule.learning_rates(name, 0.0037, 40, warmup)


@pytest.mark.parametrize("rule", ["xavier", "notebook", "normal"])
def test_initial_weights(tmp_path, rule):
    stream = {"seed": 3, "experiment": "intro", "instance": {"seed": 1}}
    settings = {"n_features": 7, "n_hidden": 3, "initial": {"rule": rule, "gain": 0.9}, "stream": stream}
    key = philox.stream_key(stream | {"purpose": "initial W"})
    expected = normal_weights(torch.tensor([key]), 3, 7, standard_deviation(rule, 0.9, 7, 3))
    assert compute("Array.from(initialWeights(settings))", tmp_path, settings=settings) == expected.flatten().tolist()


# ---- Steps: all bits of weights and moments, not only those on the grid.

PLAIN = """(() => {
    const model = new Model(settings), { W, b } = model, found = [];
    for (const steps of [1, 30]) {
        while (model.step < steps) model.advance();
        const state = [W.weight, W.first, W.second, b.weight, b.first, b.second];
        found.push(state.map((x) => Array.from(x)), model.heldOutLoss());
    }
    return found;
})()"""
CASES: dict[str, dict[str, Any]] = {
    "as in intro": {},
    "never empty": {"sparsity": 0.0, "n_features": 3, "n_hidden": 3},
    "rare, of falling importance": {
        "sparsity": 0.99,
        "n_features": 12,
        "n_hidden": 6,
        "importance": {"geometric": 0.1},
    },
    "one feature of large importance": {"n_features": 1, "n_hidden": 1, "importance": 300.0},
    "linear, without a bias": {"model": {"name": "own", "output": "linear", "output_bias": False}, "sparsity": 0.5},
    "other densities": {"sparsity": {"per_feature": [0.0, 0.2, 0.5, 0.9, 0.99]}, "held_out": 513},
    "warmed up and falling": {"training": SMALL | {"schedule": "cosine", "warmup_steps": 9, "learning_rate": 0.05}},
    "other settings": {
        "initial": {"rule": "normal", "gain": 1.5},
        "training": SMALL | {"betas": [0.8, 0.95], "eps": 1e-3, "weight_decay": 0.5, "batch_size": 33},
    },
}


@pytest.mark.parametrize("case", CASES)
def test_steps(tmp_path, case):
    written = document(**({"sparsity": 0.8, "seeds": [4]} | CASES[case]))
    found = compute(PLAIN, tmp_path, settings=settings_of(written))
    world = world_of("intro", written)
    (model,) = resolve(written).experiments["intro"].models
    module, _ = build(Architecture(**model.model_dump()), world.settings["n_hidden"], world, fast=False)
    steps = module.steps
    state = steps.state(lambda p: (torch.zeros_like(p), torch.zeros_like(p)))
    for first, last, (values, loss) in ((0, 1, found[:2]), (1, 30, found[2:])):
        state = steps.run(first, last, state)
        expected = [x.flatten().tolist() for x in state]
        assert values[: len(expected)] == expected
        with torch.no_grad():
            for parameter, value in zip(steps.model.parameters(), state[::3], strict=True):
                parameter.copy_(value)
        assert loss == module.held_out.loss(module.held_out.sums(steps.model)).item()


def settings_of(document: dict[str, Any]) -> dict[str, Any]:
    """What the page would embed of the only instance, but for the digest."""
    (experiment,) = resolve(document).experiments.values()
    world = world_of("intro", document)
    (model,) = experiment.models
    return {
        **experiment.model_dump(mode="json", include={"training", "initial", "held_out", "n_features"}),
        "n_hidden": experiment.n_hidden,
        "density": world.features["density"].tolist(),
        "importance": world.features["importance"].tolist(),
        "relu": model.output == "relu",
        "bias": model.output_bias,
        "stream": json.loads(world.instances["stream"][0]),
    }


def test_what_leaves_the_range_is_not_trained_further(tmp_path):
    settings = settings_of(document(sparsity=0.0, seeds=[0], initial={"rule": "normal", "gain": 6.0}))
    script = (
        "(() => { try { new Model(settings).advance(); } catch (error) { return error instanceof OutOfRange; } })()"
    )
    assert compute(script, tmp_path, settings=settings) is True


# ---- Whole instances, as the page has them.

TRAIN_ALL = """settings.instances.map((instance) => {
    const model = new Model({ ...settings, ...instance });
    while (!model.finished) model.advance();
    return [model.digest(), model.heldOutLoss()];
})"""


def trains_to_the_same_bits(document: dict[str, Any], folder: Path) -> int:
    tables = tables_of("intro", document, folder)
    settings = json.loads(panel(document, tables).settings)
    found = compute(TRAIN_ALL, folder, settings=settings)
    assert [digest for digest, _ in found] == [instance["digest"] for instance in settings["instances"]]
    last = tables.history[tables.history["step"] == tables.history["step"].max()]
    assert [loss for _, loss in found] == last.sort_values("instance")["loss"].tolist()
    return len(found)


def test_the_scripts_train_what_the_pipeline_trained(tmp_path):
    assert trains_to_the_same_bits(document(), tmp_path) == 4


@pytest.mark.slow
def test_the_scripts_train_models_of_intro_itself(tmp_path):
    written = YAML(typ="safe").load((ROOT / "params.yaml").read_text(encoding="utf-8"))
    written["experiments"] = {"intro": written["experiments"]["intro"] | {"seeds": 1}}
    assert trains_to_the_same_bits(written, tmp_path) == 3


OWN = [
    {"n_features": 12, "n_hidden": 3, "sparsity": 0.99, "ratio": 0.5, "seed": 7},
    {"n_features": 2, "n_hidden": 1, "sparsity": 0, "ratio": 1, "seed": 0},
]


@pytest.mark.parametrize("own", OWN, ids=lambda own: f"n = {own['n_features']}")
def test_the_pipeline_trains_a_model_of_the_readers_own_to_the_same_bits(tmp_path, own):
    shared = (
        resolve(document()).experiments["intro"].model_dump(mode="json", include={"training", "initial", "held_out"})
    )
    script = """(() => {
        const model = new Model(ownSettings(shared, own));
        while (!model.finished) model.advance();
        return [ownBlock(shared, own), model.digest()];
    })()"""
    block, found = compute(script, tmp_path, TRAINING + source("own.js"), shared=shared | {"seed": 0}, own=own)
    written = changed()
    written["experiments"] = YAML(typ="safe").load(block)
    tables = tables_of("live", written, tmp_path)
    assert digest(tables.weights_of(0), tables.features["bias"].to_numpy()) == found


def test_models_of_the_readers_own_have_the_pipelines_densities_and_importances(tmp_path):
    """At all places of the sliders: the decimals of both are rounded in the browser by other code."""
    sparsities = [round(k / 100, 2) for k in range(100)]
    ratios = [round(k / 10, 1) for k in range(5, 11)]
    script = """[sparsities.map((sparsity) => ownSettings({}, { n_features: 1, sparsity, ratio: 1 }).density[0]),
        ratios.map((ratio) => ownSettings({}, { n_features: 12, sparsity: 0, ratio }).importance)]"""
    given = {"sparsities": sparsities, "ratios": ratios}
    densities, importances = compute(script, tmp_path, source("own.js"), **given)
    keys: dict[str, Any] = {"n_features": 12, "seeds": 1}
    of_all = world_of("intro", document(**keys, sparsity=sparsities, importance=1.0)).features
    assert densities == of_all["density"][::12].tolist()
    curves = world_of("intro", document(**keys, sparsity=0.0, importance=[{"geometric": r} for r in ratios])).features
    assert importances == curves["importance"].to_numpy().reshape(6, 12).tolist()
    sliders = dict(re.findall(r'name="(\w+)" (min="\S+" max="\S+" step="\S+")', source("html.jinja")))
    assert sliders["sparsity"] == 'min="0" max="0.99" step="0.01"'
    assert sliders["ratio"] == 'min="0.5" max="1" step="0.1"'
    assert sliders["n_features"] == 'min="2" max="12" step="1"'
