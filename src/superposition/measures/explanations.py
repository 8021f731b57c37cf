"""How many sets of features explain a hidden vector of a trained model, as more and more features are active at once
(Elhage et al. 2022, "Definitions and Motivation: Features, Directions, and Superposition").
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import torch
from jaxtyping import Float
from numpy import ndarray

from superposition.exact.grids import INPUT
from superposition.exact.philox import WORD, stream_key, words
from superposition.exact.sums import matmul, total
from superposition.measures.columns import INSTANCE, NO_UNIT, Column
from superposition.measures.thresholds import REPRESENTED_NORM
from superposition.measures.trained import TrainedModel
from superposition.theory.explanations import explanations

ROWS = "model, number of active features, and sample"
COLUMNS = (
    INSTANCE,
    Column("active", "int32", "features", "that are active, of those that the model represents"),
    Column("sample", "int32", NO_UNIT, "number of the sample, from 0"),
    Column("explanations", "int32", "sets", "of at most `active` features that explain the hidden vector"),
    Column("rivals", "int32", "sets", "of these, those that are not the active features"),
    Column("true", "bool", NO_UNIT, "whether the active features are an explanation"),
    Column("power", "float64", "values of x, squared", "sum_i x_i^2"),
    Column("error", "float64", "squared error", "sum_i (y_i - x_i)^2"),
)
EXAMPLE = {"linear": {"active": [1, 2], "samples": 16, "tolerance": 0.05}}


def table(models: Sequence[TrainedModel], settings: Mapping[str, Any]) -> pd.DataFrame:
    """One row per instance, number of active features and sample; `settings` are those of params.yaml under its key.

    `explanations` with at most as many features as are active, of the features that the model represents, or of all
    where those are fewer; `rivals` are those that are not the active features, `true` is whether the active ones are an
    explanation. `power` is the sum over features of x_i^2, `error` that of (x'_i - x_i)^2.
    """
    return pd.concat([_of_one(model, settings) for model in models], ignore_index=True)


def _of_one(model: TrainedModel, settings: Mapping[str, Any]) -> pd.DataFrame:
    n = model.W.shape[1]
    counts, count, tolerance = settings["active"], settings["samples"], settings["tolerance"]
    candidates = np.flatnonzero(total(np.square(model.W), axis=0) > REPRESENTED_NORM * REPRESENTED_NORM)
    if len(candidates) < max(counts):
        candidates = np.arange(n)
    drawn = [active_samples(len(candidates), k, count, tolerance, {**model.names, "model": model.seed}) for k in counts]
    own = np.hstack(drawn)  # [candidate, all samples]
    active = np.repeat(np.asarray(counts), count)
    W = model.W[:, candidates]
    sets, found = explanations(W, matmul(W, own), tolerance)
    found &= np.array([len(features) for features in sets])[:, None] <= active
    # A set is the truth if it has all active features and no other one.
    member = np.zeros((len(sets), len(candidates)))
    for row, features in enumerate(sets):
        member[row, list(features)] = 1
    on = (own > 0).astype(float)
    is_truth = (matmul(member, on) == active) & (total(member, axis=1)[:, None] == active)
    true = (found & is_truth).any(axis=0)
    explained = np.count_nonzero(found, axis=0).astype(np.int32)
    x = np.zeros((n, own.shape[1]))
    x[candidates] = own
    power, error = (total(part * part, axis=0) for part in (x, model.outputs(x) - x))
    return pd.DataFrame(
        {
            "instance": model.instance,
            "active": active.astype(np.int32),
            "sample": np.tile(np.arange(count, dtype=np.int32), len(counts)),
            "explanations": explained,
            "rivals": explained - true,
            "true": true,
            "power": power,
            "error": error,
        }
    )


def active_samples(
    n: int, active: int, count: int, least: float, names: Mapping[str, object]
) -> Float[ndarray, "{n} {count}"]:
    """Samples of which `active` of n features, any of them alike, are uniform on [least, 1], and the others 0."""
    key = torch.tensor([stream_key({**names, "purpose": "explanations", "active": active})])
    drawn = words(key, 2 * n, torch.arange(count), torch.tensor(0))[0].numpy()
    rank = np.argsort(np.argsort(drawn[:n], axis=0, kind="stable"), axis=0, kind="stable")
    # Rounded up to the input grid, so that no value is below the least.
    steps = 2.0**INPUT.fraction_bits
    values: ndarray = np.ceil((least + (1 - least) * (drawn[n:] / WORD)) * steps) / steps
    return np.where(rank < active, values, 0.0)
