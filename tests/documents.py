"""Documents of params.yaml: a valid one, with changes, and what is said of it."""

from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from superposition.params import Experiment, ParamsError, read

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
        "initial": {"rule": "xavier", "gain": 1.0, "bias": 0.0, "hidden_bias": 0.0},
        "training": {
            "steps": 10000,
            "batch_size": 1024,
            "sample_size": None,
            "learning_rate": 0.001,
            "schedule": "constant",
            "floor": 0.0,
            "warmup_steps": 0,
            "betas": [0.9, 0.999],
            "eps": 1e-8,
            "weight_decay": 0.01,
            "control_variate": None,
            "arithmetic": "exact",
            "snapshots": 50,
        },
    },
    "experiments": {
        "intro": {"model": "relu_output", "n_features": 3, "n_hidden": 2},
        "other": {"model": ["linear", "relu_output"], "n_features": 20, "n_hidden": 5},
    },
}


class Removed:
    def __repr__(self) -> str:  # part of the tests' names, which are to be the same in each process
        return "removed"


REMOVED = Removed()


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
