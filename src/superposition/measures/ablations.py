"""Trained models without a part of what makes superposition cheap: their ReLU, their bias, or sparse data.

Nothing is trained again: weights stay as they are, a part is switched off, and each feature's error is measured. Errors
are means over samples of (x_i - x'_i)^2, without importance.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd
import torch
from jaxtyping import Float
from numpy import ndarray

from superposition.exact.philox import stream_key, words
from superposition.exact.sums import total
from superposition.features.distribution import Distribution
from superposition.measures.columns import FEATURE, INSTANCE, NO_UNIT, Column
from superposition.measures.trained import TrainedModel

NOTHING, RELU, BIAS = "nothing", "relu", "bias"  # what is switched off
SAMPLES = 2**11  # at a time, which a processor's cache holds

ROWS = "model, data, part that is switched off, and feature"
COLUMNS = (
    INSTANCE,
    Column("own", "bool", NO_UNIT, "whether data are as in training"),
    Column("density", "float64", NO_UNIT, "of the feature, in these data"),
    Column("without", "str", NO_UNIT, "what is switched off: nothing, relu or bias"),
    FEATURE,
    Column("error", "float64", "squared error", "(y_i - x_i)^2, mean over samples, without importance"),
)
_SETTINGS = {"densities": [0.3], "samples": 64, "without": [RELU, BIAS]}
EXAMPLE = {"linear": _SETTINGS, "relu": _SETTINGS}


def table(models: Sequence[TrainedModel], settings: Mapping[str, Any]) -> pd.DataFrame:
    """One row per instance, data, part that is switched off and feature, from `samples`, `without` and `densities`.

    `own` says whether the data are as in training; `density` is the feature's in the data. With nothing switched off
    and data as in training, `error` is what the model was trained for. All models see the same random words.
    """
    without = [NOTHING, *settings["without"]]
    parts = []
    for model in models:
        for density in (None, *settings["densities"]):
            fed = model if density is None else replace(model, density=np.full_like(model.density, density))
            rows = {"instance": model.instance, "own": density is None, "density": fed.density}
            found = errors(fed, without, settings["samples"])
            parts += [
                pd.DataFrame(rows | {"without": part, "feature": np.arange(len(error)), "error": error})
                for part, error in zip(without, found, strict=True)
            ]
    return pd.concat(parts, ignore_index=True)


def errors(model: TrainedModel, without: Sequence[str], samples: int) -> Float[ndarray, "part feature"]:
    """Mean squared errors on data of the model's density, with each of some parts switched off."""
    squares = np.zeros((len(without), len(model.b)))
    names = tuple(model.names.items())
    for x in data(names, tuple(model.density.tolist()), model.values, model.sets, model.set_size, samples):
        h, wanted = None if model.own else model.encode(x), model.wanted(x)
        for number, part in enumerate(without):
            y = model.outputs(x) if h is None else switched_off(model, part).decode(h)
            off = y - wanted  # exact, on the product of two grids
            squares[number] += total(off * off, axis=1)
    return np.asarray(squares / samples)


def switched_off(model: TrainedModel, part: str) -> TrainedModel:
    """The model with a linear output, or with a bias of 0, or as it is."""
    if part == RELU and model.output == "relu":
        return replace(model, output="linear")
    if part == BIAS:
        return replace(model, b=np.zeros_like(model.b))
    return model


@lru_cache(maxsize=8)  # neighbours among the instances have the same
def data(
    names: tuple[tuple[str, object], ...],
    density: tuple[float, ...],
    values: str,
    sets: str,
    set_size: int,
    samples: int,
) -> list[Float[ndarray, "feature chunk"]]:
    """Samples in chunks. All models see the same random words: errors differ only where models or densities do."""
    law = Distribution(torch.tensor([density], dtype=torch.float64), values, torch.float64, [sets], [set_size])
    key = torch.tensor([stream_key({**dict(names), "purpose": "ablations"})])
    return [law(words(key, law.draws, at, torch.tensor(0)))[0].numpy() for at in torch.arange(samples).split(SAMPLES)]
