"""Every committed experiment, varied along every axis of params.yaml, ends in figures, verdicts and a page.

What a figure or a claim of the paper needs and does not find is left out with a word. Models are trained for a few
steps: what is to be drawn and judged has the shape of results, not their quality.
"""

import re
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from superposition.claims import CLAIMS, evaluate
from superposition.features.world import features, held_out_words, instances, training_words
from superposition.figures import figures_of
from superposition.figures.svg import save
from superposition.measures import parameters
from superposition.measures.all_tables import all_tables
from superposition.params import ParamsError
from superposition.params.document import parse
from superposition.params.experiments import Experiment, resolve
from superposition.readings.results import COLUMNS, Tables
from superposition.report.metrics import as_json, metrics
from superposition.report.page import page, section
from superposition.training.run import train
from superposition.training.worlds import World

ROOT = Path(__file__).parent.parent
DOCUMENT = parse(ROOT / "params.yaml")
AXES = ("model", "n_hidden", "sparsity", "importance", "sets")
MEASURES: dict[str, Any] = {
    "attack": 0.1,
    "recovery": {"active": [1, 2], "samples": 2, "tolerance": 0.05, "matrices": 2},
    "explanations": {"active": [1, 2], "samples": 4, "tolerance": 0.05},
    "rotations": {"count": 19, "samples": 16},
    "ablations": {"samples": 64, "without": ["relu", "bias"], "densities": [1.0, 0.3, 0.1]},
    "imitation": {"samples": 1024},
    "packings": {
        "limits": [0.6], "dimensions": [3, 4], "trials": 2, "pairs": 1000.0, "tries": 20, "greedy_up_to": 4,
        "grown_up_to": 3, "optimised": {"dimensions": 3, "counts": [4], "starts": 1, "steps": 100},
    },
}  # fmt: skip


def small(name: str) -> dict[str, Any]:
    """A committed block with fewer points, models, samples and steps, and its measures."""
    block = deepcopy(dict(DOCUMENT["experiments"][name]))
    block.pop("full_scale", None)
    for axis in AXES:
        if axis in block:
            block[axis] = fewer(block[axis])
    block |= {"seeds": 2, "held_out": 128}
    block["measures"] = {key: deepcopy(MEASURES.get(key, own)) for key, own in block.get("measures", {}).items()}
    if "ablations" in block["measures"]:
        own = DOCUMENT["experiments"][name]["measures"]["ablations"]
        block["measures"]["ablations"] = own | {"samples": 64}
    training = {"steps": 6, "batch_size": 8, "snapshots": 3, "warmup_steps": 0}
    training |= {"learning_rate": 0.05 if block["n_features"] <= 50 else 0.005}
    block["training"] = {**block.get("training", {}), **training}
    return block


def fewer(axis: Any) -> Any:
    """The ends of an axis, and what is between them."""
    if isinstance(axis, dict) and "num" in axis:
        return axis | {"num": 3}
    if isinstance(axis, dict) and isinstance(axis.get("last"), dict):
        return axis | {"last": fewer(axis["last"])}
    return [axis[0], axis[len(axis) // 2], axis[-1]] if isinstance(axis, list) and len(axis) > 3 else axis


def variations(name: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Names of all variations of an experiment, each with the keys that it changes; null takes one away."""
    n = DOCUMENT["experiments"][name]["n_features"]
    m = DOCUMENT["experiments"][name]["n_hidden"]
    narrow = m if isinstance(m, int) else m[0]
    halves = [n // 2] if n % 2 == 0 and n > 2 else []
    own = {"name": "mine", "hidden": "relu", "output": "linear", "output_bias": False, "hidden_bias": True}
    yield "as it is", {}
    yield "one seed", {"seeds": 1}
    yield "other seeds", {"seeds": [3, 7, 11]}
    yield "one point", {axis: one_of(DOCUMENT["experiments"][name].get(axis)) for axis in AXES} | {"seeds": 1}
    yield "one density", {"sparsity": 0.9}
    yield "densest", {"sparsity": 0.0}
    yield "sparsest", {"sparsity": 0.9999}
    yield "neighbouring densities", {"sparsity": [0.0123, 0.333, 0.777, 0.9555]}
    yield "a density for each feature", {"sparsity": {"per_feature": [0.5 + 0.4 * i / n for i in range(n)]}}
    yield "densities of two kinds", {"sparsity": [0.5, {"per_feature": [0.9] * n}, {"last": 0.3, "others": 0.9}]}
    yield "flat importance", {"importance": 1.0}
    yield "several importances", {"importance": [1.0, {"geometric": 0.5}, {"listed": [1.0 + i % 2 for i in range(n)]}]}
    yield "importances of the last", {"importance": {"last": {"start": 0.1, "stop": 10.0, "num": 3, "spacing": "log"}}}
    yield "little importance", {"importance": 1e-12}
    yield "narrow", {"n_hidden": 1}
    yield "several widths", {"n_hidden": sorted({1, min(2, n)})}
    yield "as many dimensions as features", {"n_hidden": n} if n <= 100 else {"n_features": 2, "n_hidden": 2}
    yield "one feature", {"n_features": 1, "n_hidden": 1, "sets": None, "sparsity": [0.0, 0.9], "importance": 1.0}
    yield "two features", {"n_features": 2, "n_hidden": 1, "sets": None, "sparsity": [0.0, 0.9], "importance": 1.0}
    yield "one more feature", {"n_features": n + 1, "n_hidden": narrow, "sets": None}
    yield "all presets", {"model": ["linear", "relu_output", "relu_hidden", "absolute_value"]}
    for preset in ("linear", "relu_output", "relu_hidden", "absolute_value"):
        yield f"{preset} alone", {"model": preset}
    yield "a model of one's own", {"model": own}
    yield "own models", {"model": [own, {"name": "penalised", "hidden_l1": 0.1}, {"name": "untied", "tied": False}]}
    yield (
        "products and mixed targets",
        {"model": [own | {"target": "products"}, {"name": "mixed", "mixing": {"gaussian": 0.1}}]},
    )
    smooth = {"name": "smooth", "hidden": "gelu", "output": "sigmoid", "hidden_noise": 0.1, "dropout": 0.1}
    yield "smooth models, with noise and dropout", {"model": [smooth, {"name": "bounded", "hidden": "tanh"}]}
    yield "attacked models", {"model": ["relu_output", {"name": "attacked", "training_attack": 0.5}]}
    others = [
        {"name": "leaky", "hidden": "leaky_relu", "output": "leaky_relu", "hidden_bias": True},
        {"name": "clipped", "hidden": "clipped_relu", "output": "clipped_relu"},
        {"name": "rectified", "target": "relu"},
        {"name": "quartic", "loss_power": 4.0},
    ]
    yield "other activations, targets and losses", {"model": others}
    wide = {"n_features": 3, "n_hidden": [3, 5], "sets": None, "sparsity": [0.0, 0.9], "importance": 1.0}
    yield "more neurons than features", {"model": "relu_hidden"} | wide
    yield "begun elsewhere", {"initial": {"rule": "identity", "gain": 0.5, "bias": -0.25}}
    falling = {"schedule": "cosine", "floor": 0.1, "weight_decay": {"weights": -1.0, "biases": 0.0}}
    yield "trained otherwise", {"training": falling}
    uniform = {"values": "unit", "sets": None, "sparsity": [0.0, 0.5], "importance": 1.0}
    yield "a control variate", {"model": "relu_output", "training": {"control_variate": 0.4}} | uniform
    yield "float32", {"training": {"arithmetic": "float32"}}
    yield "signed values", {"values": "signed"}
    yield "unit values", {"values": "unit"}
    yield "constant values", {"values": "constant"}
    yield "normal values", {"values": {"normal": 3.0}}
    yield "samples of unit length", {"values": {"unit_length": "unit"}}
    for size in sorted({2, *halves}):
        yield f"correlated in {size}", {"sets": {"correlated": size}, "sparsity": 0.9}
        kinds = ["independent", {"correlated": size}, {"anticorrelated": size}]
        yield f"all kinds of sets of {size}", {"sets": kinds, "sparsity": [0.5, 0.95]}
    yield "one active at a time", {"sets": {"anticorrelated": n}, "sparsity": 0.0}
    yield "two active at a time", {"sets": {"exactly": min(2, n)}, "sparsity": [0.0, 0.5]}
    yield "on a ring", {"sets": ["independent", {"ring": n, "width": n / 4}], "sparsity": [0.5, 0.9]}
    yield "never empty", {"sets": ["independent", {"never_empty": "independent"}], "sparsity": [0.5, 0.99]}
    yield "independent", {"sets": "independent"}
    if n > 2:
        yield (
            "sets that differ",
            {"sets": {"groups": [{"correlated": 2}, {"independent": n - 2}]}, "sparsity": [0.5, 0.95]},
        )
    if n > 2:
        tree = {"parents": [None, 0, *[1] * (n - 2)], "active": 0.5, "inactive": [0.0, *[0.1] * (n - 2)]}
        yield "features with parents", {"sets": ["independent", tree], "sparsity": [0.5, 0.9]}
    yield "a power law of densities", {"sparsity": {"power_law": {"exponent": 1.5, "total": 1.0}}}
    yield "rare features", {"sparsity": [0.9, 0.9999999]}
    yield "one step", {"training": {"steps": 1, "snapshots": 1}}
    yield "twenty steps", {"training": {"steps": 20, "snapshots": 20}}
    yield "a fixed sample", {"training": {"sample_size": 16}}
    yield "no other measures", {"measures": {}}
    for key, settings in MEASURES.items():
        yield f"{key} as well", {"measures": {key: settings}}


def one_of(axis: Any) -> Any:
    if isinstance(axis, dict) and "num" in axis:
        return axis["start"]
    if isinstance(axis, dict) and isinstance(axis.get("last"), dict):
        return axis | {"last": one_of(axis["last"])}
    return axis[0] if isinstance(axis, list) else axis


def varied(name: str, change: dict[str, Any]) -> Experiment:
    """Raises ParamsError where the block may not be like that."""
    block = small(name)
    for key, value in change.items():
        if key == "training":
            block[key] = block[key] | value
        elif key == "measures":
            block[key] = (block[key] | deepcopy(value)) if value else {}
        elif value is None:
            block.pop(key, None)
        else:
            block[key] = deepcopy(value)
    return resolve(DOCUMENT | {"scale": "default", "experiments": {name: block}}).experiments[name]


def made(name: str, experiment: Experiment, folder: Path) -> Tables:
    """The tables of an experiment, as the stages make them."""
    table = instances(0, name, experiment)
    size = experiment.training.sample_size
    world = World(
        instances=table,
        features=features(experiment),
        settings=experiment.training_settings() | {"values": experiment.values},
        held_out=held_out_words(0, name, experiment),
        sample=training_words(table["stream"], experiment, size) if size else None,
    )
    trained = train(name, world, folder / "checkpoints", visible=False)
    for part, arrays in (("weights", trained.weights), ("snapshots", trained.snapshots)):
        (folder / part).mkdir()
        for key, array in arrays.items():
            np.save(folder / part / f"{key}.npy", array)
    found = all_tables(
        world.instances,
        world.features,
        world.held_out.astype(np.int64),
        world.settings,
        parameters.read(folder, [model.name for model in experiment.models]),
        trained.history,
        experiment.measures.model_dump(mode="json") | {"loss_error": 0.2},
    )
    own = {key: found.pop(key) for key in COLUMNS}
    return Tables(**own, extra=found)


def check(name: str, experiment: Experiment, folder: Path) -> None:
    tables = made(name, experiment, folder)
    for title, figure in figures_of(name, tables).items():
        save(figure, folder / f"{title}.svg")
        assert not re.search(r"(?<!\d)1 seeds", (folder / f"{title}.svg").read_text(encoding="utf-8")), title
    beside = {other for claim in CLAIMS.get(name, ()) for other in claim.beside}
    every = {name: tables} | dict.fromkeys(beside, tables)
    evaluation = evaluate(every)
    own = [one["id"] for one in evaluation.verdicts] + [claim.id for claim, _ in evaluation.untested]
    assert {claim.id for claim in CLAIMS.get(name, ())} <= set(own)
    as_json(evaluation.verdicts)
    as_json(metrics({name: tables}, evaluation))
    page([section(name, experiment, tables, folder)], evaluation)


EVERY = [(name, title, change) for name in DOCUMENT["experiments"] for title, change in variations(name)]
ANEW = 41  # every so many of them by default


def marked(chosen: list[tuple[str, str, dict[str, Any]]]) -> list[Any]:
    return [pytest.param(name, change, id=f"{name}: {title}") for name, title, change in chosen]


def kind(title: str) -> str:
    """Without a number."""
    return title.rstrip("0123456789")


FIRST = {kind(one[1]): one for one in reversed(EVERY)}
# By default each experiment at one point and with several widths, each kind once, and some others.
SAMPLE = [
    one
    for place, one in enumerate(EVERY)
    if one[1] in ("several widths", "one point") or one is FIRST[kind(one[1])] or place % ANEW == 0
]


@pytest.mark.parametrize(("name", "change"), marked(SAMPLE))
def test_variations_are_drawn_and_judged(name: str, change: dict[str, Any], tmp_path: Path) -> None:
    try_out(name, change, tmp_path)


@pytest.mark.long
@pytest.mark.parametrize(("name", "change"), marked([one for one in EVERY if one not in SAMPLE]))
def test_every_variation_is_drawn_and_judged(name: str, change: dict[str, Any], tmp_path: Path) -> None:
    try_out(name, change, tmp_path)


def test_the_sample_has_every_experiment_and_every_kind_of_variation() -> None:
    assert {name for name, _, _ in SAMPLE} == set(DOCUMENT["experiments"])
    assert {kind(title) for _, title, _ in SAMPLE} == {kind(title) for _, title, _ in EVERY}


def try_out(name: str, change: dict[str, Any], folder: Path) -> None:
    try:
        experiment = varied(name, change)
    except ParamsError as refused:
        pytest.skip(str(refused))  # a combination that users are refused too, before anything runs
    check(name, experiment, folder)
