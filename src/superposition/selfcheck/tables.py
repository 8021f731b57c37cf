"""Every table that the measure stage can store, of tiny models whose weights are drawn."""

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy import ndarray

from superposition.exact.philox import stream_key, words
from superposition.measures.all_tables import all_tables
from superposition.measures.columns import of_some_experiments
from superposition.measures.dimensionality import feature_dimensionality
from superposition.measures.parameters import Parameters
from superposition.measures.superposition import norms, superposition
from superposition.measures.tables import on_weight_grid
from superposition.selfcheck.arithmetic import uniform

SEEDS = 2
MANY = (32, 5, 64)  # instances, hidden dimensions, features
SAMPLES = 64  # held out
# What is measured of models that are linear on h, and of those that compute with a ReLU on it. Measures of some
# experiments only bring settings of their own (measures/columns.py).
WANTED: dict[str, dict[str, Any]] = {
    hidden: {"attack": attack, "loss_error": 0.01}
    | {key: module.EXAMPLE[hidden] for key, module in of_some_experiments().items() if hidden in module.EXAMPLE}
    for hidden, attack in (("linear", 0.1), ("relu", None))
}
OUTPUT = {"output": "relu", "negative_slope": 2**-7, "training_attack": 0.0}
# n_features, n_hidden of the models, and their architecture
SHAPES: dict[str, tuple[int, tuple[int, ...], dict[str, Any]]] = {
    "linear": (6, (2, 3), OUTPUT | {"target": "identity", "hidden_l1": 0.0}),
    "relu": (4, (6, 8), OUTPUT | {"target": "absolute", "hidden_l1": 0.01}),
}


def results() -> Iterator[tuple[str, list[ndarray]]]:
    """Name and columns of each table; and norms of so many features that a root that is off in one of 100 is seen."""
    W = on_weight_grid(2 * uniform("many features", *MANY) - 1)
    yield "norms of many features", [norms(W), superposition(W), feature_dimensionality(W)]
    for hidden in WANTED:
        for name, table in made(hidden).items():
            yield f"{hidden} models, {name}", [column_of(table, key) for key in table.columns]


def column_of(table: pd.DataFrame, key: str) -> ndarray:
    """As numpy has it; of texts, those."""
    values = table[key].to_numpy()
    return values.astype(str) if values.dtype.kind == "O" else values


def made(hidden: str, seed: int = 0) -> dict[str, pd.DataFrame]:
    """All tables of models with this f in h = f(W x + b_hidden), measured on data of this seed."""
    n, widths, architecture = SHAPES[hidden]
    biases = {"output_bias": True, "hidden_bias": hidden == "relu"}
    model = architecture | biases | {"name": hidden, "hidden": hidden, "tied": hidden == "linear"}
    settings = {"models": [model], "training": {"arithmetic": "exact", "steps": 100, "batch_size": 4096}}
    stream = json.dumps({"seed": seed, "experiment": "self-check"})
    signed = architecture["target"] == "absolute"
    rows = [(width, seed) for width in widths for seed in range(SEEDS)]
    instances = pd.DataFrame(
        [
            {"instance": number, "model": hidden, "n_hidden": width, "sparsity": 0.5, "sparsity_label": "0.5"}
            | {"importance": "0.9^i", "sets": "independent", "set_size": 1, "seed": seed}
            | {"values": "signed" if signed else "unit", "stream": stream}
            for number, (width, seed) in enumerate(rows)
        ]
    )
    importance = np.ones(n)
    for i in range(1, n):
        importance[i] = importance[i - 1] * 0.9
    at = {"instance": np.repeat(np.arange(len(rows)), n), "feature": np.tile(np.arange(n), len(rows))}
    features = pd.DataFrame(at | {"importance": np.tile(importance, len(rows)), "density": 0.5})
    trained = parameters(hidden, n, [width for width, _ in rows])
    steps = np.tile(trained.steps, len(rows))
    loss = uniform(f"{hidden} loss", len(steps))
    history = pd.DataFrame({"instance": np.repeat(np.arange(len(rows)), len(trained.steps)), "step": steps})
    key = torch.tensor([stream_key({"self-check": f"{hidden} held out"})])
    held_out = words(key, 2 * n, torch.arange(SAMPLES), torch.tensor(0))[0].numpy()
    return all_tables(instances, features, held_out, settings, trained, history.assign(loss=loss), WANTED[hidden])


def parameters(hidden: str, n: int, widths: list[int]) -> Parameters:
    """Weights in [-1, 1] on their grid, biases in [-1/4, 0]; untied where the hidden layer has a ReLU."""
    count, m = len(widths), max(widths)
    own = np.arange(m)[None, :] < np.array(widths)[:, None]  # [instance, hidden]
    W = on_weight_grid(2 * uniform(f"{hidden} W", count, m, n) - 1) * own[:, :, None]
    W_out = on_weight_grid(2 * uniform(f"{hidden} W_out", count, n, m) - 1) * own[:, None, :]
    b, b_hidden = (on_weight_grid(-0.25 * uniform(f"{hidden} {name}", count, k)) for name, k in (("b", n), ("c", m)))
    return Parameters(
        W=W,
        W_out=W_out if hidden == "relu" else np.full_like(W_out, np.nan),
        b=b,
        b_hidden=b_hidden * own if hidden == "relu" else np.zeros_like(b_hidden),
        steps=[0, 1],
        path=np.stack([on_weight_grid(W * 0.7), W]),
    )
