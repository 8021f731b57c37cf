"""Small worlds of models, and what training makes of them."""

import json
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from superposition.features.sets import draws
from superposition.models.toy_model import Architecture
from superposition.training import compiled
from superposition.training.run import train
from superposition.training.steps import State
from superposition.training.worlds import Trained, World
from tests.documents import DOCUMENT

RELU = Architecture("relu_output", True, "linear", "relu", False, True, "identity", 0.0)
LINEAR = replace(RELU, name="linear", output="linear")
HIDDEN = Architecture("relu_hidden", True, "relu", "relu", True, True, "identity", 0.0)
ABSOLUTE = Architecture("absolute_value", False, "relu", "relu", False, True, "absolute", 0.0)
LEAKY = Architecture("leaky", True, "leaky_relu", "leaky_relu", True, True, "identity", 0.0, negative_slope=0.25)
CLIPPED = replace(ABSOLUTE, name="clipped", hidden="clipped_relu", output="clipped_relu", target="relu")
GELU = replace(LEAKY, name="gelu", hidden="gelu", output="gelu")
BOUNDED = replace(ABSOLUTE, name="bounded", hidden="tanh", output="sigmoid")
RECTIFYING = replace(ABSOLUTE, name="rectifying", target="relu")

needs_a_compiler = pytest.mark.skipif(not compiled.compiler(), reason="no C++ compiler here: nothing is compiled")

ALONE = [("independent", 1)]
SETTINGS = DOCUMENT["defaults"]["training"] | {"steps": 40, "batch_size": 64, "learning_rate": 0.01, "snapshots": 4}


def world(
    *models: Architecture, n: int = 5, m: int = 2, count: int = 4, values: str = "unit", sets=ALONE, **training
) -> World:
    """A world of `count` instances of each model, of densities 1, 1/2, 1/4, ... and importance 0.9^i."""
    rows, features = [], []
    for number in range(count * len(models)):
        model, k = models[number // count], number % count
        row = {"instance": number, "model": model.name, "n_hidden": m, "sparsity": 1 - 0.5**k}
        rows.append(
            row
            | {
                "importance": "0.9^i",
                "sparsity_label": str(1 - 0.5**k),
                "sets": sets[k % len(sets)][0],
                "set_size": sets[k % len(sets)][1],
                "seed": k,
                "values": values,
                "stream": json.dumps({"model": model.name, "seed": k}),
            }
        )
        features += [
            {"instance": number, "feature": i, "importance": round(0.9**i, 10), "density": 0.5**k} for i in range(n)
        ]
    settings = {
        "n_features": n,
        "n_hidden": m,
        "models": [asdict(model) for model in models],
        "initial": DOCUMENT["defaults"]["initial"],
        "training": SETTINGS | training,
        "values": values,
    }
    words = draws(torch.ones(len(sets), n), *zip(*sets, strict=True))
    held_out = np.random.default_rng(0).integers(0, 2**32, (words, 100), dtype=np.uint32)
    return World(pd.DataFrame(rows), pd.DataFrame(features), settings, held_out)


def assert_same(one: Trained, other: Trained) -> None:
    for a, b in ((one.weights, other.weights), (one.snapshots, other.snapshots)):
        assert a.keys() == b.keys()
        for key in a:
            np.testing.assert_array_equal(a[key], b[key], err_msg=key)
    pd.testing.assert_frame_equal(one.history, other.history, check_exact=True)


def plain(w: World, folder: Path) -> Trained:
    return train("test", w, folder, visible=False, fast=False)


def fast(w: World, folder: Path) -> Trained:
    return train("test", w, folder, visible=False, fast=True)


def first_state(module) -> State:
    return first_state_of(module.steps)


def first_state_of(steps) -> State:
    return steps.state(lambda p: (torch.zeros_like(p), torch.zeros_like(p)))


def in_an_experiment(w: World) -> World:
    """With the experiment's name, by which its models have one matrix of mixing."""
    streams = [json.dumps(json.loads(stream) | {"experiment": "here"}) for stream in w.instances["stream"]]
    return replace(w, instances=w.instances.assign(stream=streams))
