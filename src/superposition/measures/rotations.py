"""Trained models in a rotated hidden space: whether the axes of that space mean anything to them.

A rotation O of the hidden space takes h = f(W x + c), y = g(V h + b) to h = f(O (W x + c)), y = g(V O^T h + b). Where
f is linear, O^T O = 1 cancels and outputs stay what they were; a ReLU cuts along the axes, and does not let O pass
(Elhage et al. 2022, "Privileged vs Non-privileged Bases"). Rotations are drawn from the uniform (Haar) distribution,
reflections included, so that they also give the distribution of any statistic of W for a frame of features without
preferred axes.

Rotated weights are rounded to the grid of weights, 2^-18, and hidden values to theirs, 2^-16, as always. So outputs of
a model that is linear on h change a little: by up to 2^-17 for each hidden value, times its weight, before and after,
and by up to 2^-19 for each weight, times what it meets.
"""

from collections.abc import Sequence
from dataclasses import replace
from math import fsum
from typing import Any

import numpy as np
import pandas as pd
import torch
from jaxtyping import Float
from numpy import ndarray

from superposition.exact.functions import PI, cos, log
from superposition.exact.grids import ERROR, WEIGHT
from superposition.exact.linear import orthonormal
from superposition.exact.philox import WORD, stream_key, words
from superposition.exact.sums import total
from superposition.features.sets import draws
from superposition.measures.columns import INSTANCE, NO_UNIT, Column
from superposition.measures.neurons import alignment
from superposition.measures.thresholds import REPRESENTED_NORM
from superposition.measures.trained import TrainedModel, to_grid

# Of rotations. Rows are of length 1 and weights below 2^3 on a grid of 2^-18, so that sums of m products are whole
# numbers of 2^-38 below 2^3 sqrt(m), by Cauchy and Schwarz: exact for all m that can be trained.
ROTATION_BITS = 20

ROWS = "model and rotation of its hidden space"
COLUMNS = (
    INSTANCE,
    Column("rotation", "int64", NO_UNIT, "number of the rotation; 0 is none: the model as it was trained"),
    Column("loss", "float64", "squared error", "importance-weighted mean squared error of the rotated model"),
    Column("change", "float64", "values of x", "largest difference of any output from the trained model's"),
    Column("alignment", "float64", NO_UNIT, "share of a feature on its strongest hidden dimension, mean over them"),
)
_SETTINGS = {"count": 3, "samples": 32}
EXAMPLE = {"linear": _SETTINGS, "relu": _SETTINGS}


def table(models: Sequence[TrainedModel], settings: dict[str, int]) -> pd.DataFrame:
    """One row per instance and rotation, of which number 0 is none: the model as it was trained.

    `loss` is importance-weighted, mean over features and `samples` samples that all instances share; `change` the
    largest difference of any output from the trained model's; `alignment` the mean over represented features of the
    share of their strongest hidden dimension (measures.neurons.alignment), 0 if none is represented.
    """
    count, samples = settings["count"], settings["samples"]
    parts = []
    for model in models:
        count_of_words = draws(torch.tensor(model.density).unsqueeze(0), [model.sets], [model.set_size])
        key = torch.tensor([stream_key({**model.names, "purpose": "data of rotations"})])
        drawn = words(key, count_of_words, torch.arange(samples), torch.tensor(0))
        x = model.draw(drawn[0].numpy())
        turned = [model, *(rotated(model, rotation) for rotation in rotations(model, count))]
        outputs = [one.outputs(x) for one in turned]
        represented = total(np.square(model.W), axis=0) > REPRESENTED_NORM * REPRESENTED_NORM
        columns = {
            "instance": model.instance,
            "rotation": np.arange(len(turned)),
            "loss": [loss(model, x, y) for y in outputs],
            "change": [float(np.abs(y - outputs[0]).max()) for y in outputs],
            "alignment": [mean_alignment(one.W, represented) for one in turned],
        }
        parts.append(pd.DataFrame(columns))
    return pd.concat(parts, ignore_index=True)


def rotations(model: TrainedModel, count: int) -> Float[ndarray, "rotation hidden hidden"]:
    """Uniformly distributed orthogonal matrices of the model's hidden space, from a stream of its own coordinates."""
    m = len(model.W)
    own: dict[str, Any] = {"model": model.model, "seed": model.seed, "n_hidden": m, "sets": model.sets}
    own |= {"density": model.density.tolist(), "importance": model.importance.tolist()}
    key = torch.tensor([stream_key({**model.names, "purpose": "rotations", "instance": own})])
    drawn = words(key, 2 * m * m, torch.arange(count), torch.tensor(0))[0].numpy().T.reshape(count, 2, m, m)
    # normal variates (Box & Muller 1958)
    radius, angle = (drawn[:, 0] + 0.5) / WORD, drawn[:, 1] / WORD
    return orthogonal(np.sqrt(-2 * log(radius)) * cos(2 * PI * angle))


def orthogonal(normal: Float[ndarray, "*batch hidden hidden"]) -> Float[ndarray, "*batch hidden hidden"]:
    """From matrices of independent normal variates to uniformly distributed orthogonal ones, rounded to 2^-20.

    Q of the QR decomposition of which R has a diagonal above 0 (Mezzadri 2007, "How to generate random matrices from
    the classical compact groups").
    """
    return to_grid(orthonormal(normal), ROTATION_BITS)


def rotated(model: TrainedModel, rotation: Float[ndarray, "hidden hidden"]) -> TrainedModel:
    """The model with its hidden space turned, on the grid of weights; sums before rounding are exact."""
    W, W_out, b_hidden = (
        to_grid(value, WEIGHT.fraction_bits)
        for value in (rotation @ model.W, model.W_out @ rotation.T, rotation @ model.b_hidden)
    )
    return replace(model, W=W, W_out=W_out, b_hidden=b_hidden)


def loss(model: TrainedModel, x: Float[ndarray, "feature sample"], y: Float[ndarray, "feature sample"]) -> float:
    """Of outputs `y` for inputs `x`; errors are on their grid, so that sums over samples are exact."""
    errors = to_grid(y - model.wanted(x), ERROR.fraction_bits)
    if not np.abs(errors).max() <= ERROR.limit:
        raise ArithmeticError(f"errors of instance {model.instance} reach {np.abs(errors).max():g}; sums could round")
    return fsum((model.importance * total(errors * errors, axis=1)).tolist()) / y.size


def mean_alignment(W: Float[ndarray, "hidden feature"], represented: ndarray) -> float:
    """Over represented features; 0 if there are none."""
    own = alignment(W)[represented].tolist()
    return fsum(own) / len(own) if own else 0.0
