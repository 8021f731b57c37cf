"""Tables of models whose weights are put together by hand, made by the functions that make them of trained ones."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from math import cos, nan, pi, sin
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from superposition.measures.tables import (
    features_table,
    hidden_table,
    instances_table,
    learning_table,
    of_own_widths,
    trajectories_table,
    weights_table,
)
from superposition.measures.trained import TrainedModel
from superposition.readings.results import COLUMNS, Tables


@dataclass(frozen=True)
class HandMade:
    """One model: `W` is [hidden, feature], `W_out` [feature, hidden] unless tied, all else that is listed [feature]."""

    W: Sequence[Sequence[float]]
    b: Sequence[float]
    sparsity: float | Sequence[float] = 0.0
    importance: Sequence[float] | None = None
    importance_label: str = "1"
    model: str = "relu_output"
    seed: int = 0
    loss: float = 0.01
    W_out: Sequence[Sequence[float]] | None = None
    sets: str = "independent"
    set_size: int = 1
    hidden_l1: float = 0.0
    training_attack: float = 0.0
    penalty: float = 0.0
    hidden_bias: Sequence[float] | None = None
    n_hidden: int | None = None  # where W has more rows, which are 0; null: as many as W has
    law: str = ""  # of the values of active features; as the paper has it for the model if empty
    active: float = nan  # share of the data on which hidden dimensions are on
    attack: tuple[float, float, float] = (nan, nan, nan)  # norm, clean loss, loss under attack


def directions(degrees: Sequence[float], norms: Sequence[float]) -> list[list[float]]:
    """Features in the plane, [2, feature]."""
    angles = [pi * degree / 180 for degree in degrees]
    return [
        [norm * cos(angle) for angle, norm in zip(angles, norms, strict=True)],
        [norm * sin(angle) for angle, norm in zip(angles, norms, strict=True)],
    ]


def pairs_in(n_hidden: int, n_features: int, dedicated: int, pairs: int) -> list[list[float]]:
    """The first features have a dimension each, the next ones share one in antipodal pairs, the rest is 0."""
    W = np.zeros((n_hidden, n_features))
    W[np.arange(dedicated), np.arange(dedicated)] = 1
    for pair in range(pairs):
        W[dedicated + pair, dedicated + 2 * pair] = 1
        W[dedicated + pair, dedicated + 2 * pair + 1] = -1
    return W.tolist()


def world(models: Sequence[HandMade]) -> tuple[pd.DataFrame, pd.DataFrame]:
    instances, features = [], []
    for instance, model in enumerate(models):
        each = isinstance(model.sparsity, Sequence)
        n = len(model.b)
        sparsity = model.sparsity if isinstance(model.sparsity, Sequence) else [model.sparsity] * n
        instances.append(
            {
                "instance": instance,
                "model": model.model,
                "n_hidden": model.n_hidden or len(model.W),
                "sparsity": float("nan") if each else sparsity[0],
                "sparsity_label": "per feature " + ", ".join(map(str, sparsity)) if each else str(sparsity[0]),
                "importance": model.importance_label,
                "sets": model.sets,
                "set_size": model.set_size,
                "seed": model.seed,
                "values": model.law or ("signed" if model.model == "absolute_value" else "unit"),
                "stream": json.dumps({"seed": 0, "experiment": "here", "instance": {"number": instance}}),
            }
        )
        importance = model.importance or [1.0] * n
        features += [
            {"instance": instance, "feature": i, "importance": importance[i], "density": round(1 - sparsity[i], 10)}
            for i in range(n)
        ]
    return pd.DataFrame(instances), pd.DataFrame(features)


def settings(models: Sequence[HandMade]) -> list[dict[str, str | float]]:
    """Of each model by name, what the measure stage reads of it."""
    numbers = [{"name": m.model, "hidden_l1": m.hidden_l1, "training_attack": m.training_attack} for m in models]
    return list({str(model["name"]): model for model in numbers}.values())


def tables(
    models: Sequence[HandMade],
    steps: Sequence[int] = (0, 10, 20),
    path: np.ndarray | None = None,
    losses: Sequence[float] | None = None,
) -> Tables:
    """`path` is W at each step [step, instance, hidden, feature], by default at rest; `losses` are all models' then."""
    instances, features = world(models)
    W = np.array([model.W for model in models], dtype=float)
    tied = np.full_like(W[0].T, nan)
    W_out = np.stack([tied if model.W_out is None else np.array(model.W_out, dtype=float) for model in models])
    b = np.array([model.b for model in models], dtype=float)
    loss = np.array([model.loss for model in models], dtype=float)
    measured = instances_table(instances, features, W, loss, settings(models))
    measured["standard_error"], measured["held_out_samples"] = 0.01 * measured["loss"], 8192
    measured["behind"] = np.where(measured["rank"] == 0, 0.0, 9.0)
    measured["penalty"] = [model.penalty for model in models]
    measured["penalty_error"] = 0.01 * measured["penalty"]
    measured[["attack_norm", "clean_loss", "attacked_loss"]] = [model.attack for model in models]
    path = np.broadcast_to(W, (len(steps), *W.shape)) if path is None else path
    history = [
        {"instance": instance, "step": step, "loss": losses[at] if losses else model.loss * (1 + 3 / (1 + step))}
        for instance, model in enumerate(models)
        for at, step in enumerate(steps)
    ]
    return Tables(
        instances=measured,
        features=features_table(measured, features, W, b),
        weights=of_own_widths(weights_table(W, W_out), measured),
        history=pd.DataFrame(history),
        learning=learning_table(steps, path),
        trajectories=of_own_widths(trajectories_table(steps, path), measured),
        hidden=hidden_table(
            np.array([model.hidden_bias or [0.0] * W.shape[1] for model in models]),
            np.array([[model.active] * W.shape[1] for model in models]),
        ),
    )


def trained_model(W: Sequence[Sequence[float]] | np.ndarray, **other: Any) -> TrainedModel:
    """A relu_output model of density 1/2 without biases, but for `other` fields; only tied if W_out is left out."""
    weights = np.array(W, dtype=float)
    m, n = weights.shape
    fields = {
        "instance": 0, "point": 0, "seed": 0, "best": True, "model": "relu_output", "hidden": "linear",
        "output": "relu", "target": "identity", "W": weights, "W_out": weights.T, "b": np.zeros(n),
        "b_hidden": np.zeros(m), "density": np.full(n, 0.5), "importance": np.ones(n), "values": "unit",
        "sets": "independent", "set_size": 1,
    }  # fmt: skip
    return TrainedModel(**(fields | other))


def write(made: Tables, folder: Path) -> None:
    """As the measure stage leaves them, in data/tables/<key>."""
    folder.mkdir(parents=True)
    for name in COLUMNS:
        getattr(made, name).to_parquet(folder / f"{name}.parquet", index=False, compression=None)
    for name, table in made.extra.items():
        table.to_parquet(folder / f"{name}.parquet", index=False, compression=None)
