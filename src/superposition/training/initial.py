"""Initial weights: normal, of a scale that does not depend on how many instances train together, or the identity."""

from typing import Literal

import numpy as np
import torch
from jaxtyping import Float, Int64
from numpy import ndarray
from torch import Tensor

from superposition.exact.functions import cos, log
from superposition.exact.grids import WEIGHT
from superposition.exact.philox import WORD, words

Rule = Literal["xavier", "notebook", "normal", "identity"]


def standard_deviation(rule: Rule, gain: float, n_features: int, n_hidden: int) -> float:
    """Of initial weights.

    xavier: gain * sqrt(2 / (n + m)) (Glorot & Bengio 2010, of one model's matrix). notebook: gain * sqrt(2 / ((n + 1)
    m)), what the paper's public notebook gives a single model (torch takes its instance axis for a fan-out, so that
    with more instances its scale shrinks). normal: gain.
    """
    variance = {"xavier": 2 / (n_features + n_hidden), "notebook": 2 / ((n_features + 1) * n_hidden), "normal": 1.0}
    return gain * float(np.sqrt(variance[rule]))


def initial_weights(
    keys: Int64[Tensor, "instance 2"], rows: int, columns: int, rule: Rule, gain: float, shape: tuple[int, int]
) -> Float[Tensor, "instance {rows} {columns}"]:
    """Of a matrix of a model of this `shape`, n_features and n_hidden.

    identity: of all instances `gain` on the diagonal and 0 elsewhere, so that the first features have a dimension each.
    """
    if rule == "identity":
        return torch.from_numpy(on_weight_grid(gain * np.eye(rows, columns))).expand(len(keys), -1, -1)
    return normal_weights(keys, rows, columns, standard_deviation(rule, gain, *shape))


def on_weight_grid(x: ndarray) -> ndarray:
    return np.asarray(np.round(x * 2.0**WEIGHT.fraction_bits) * 2.0**-WEIGHT.fraction_bits)


def normal_weights(
    keys: Int64[Tensor, "instance 2"], rows: int, columns: int, deviation: float
) -> Float[Tensor, "instance {rows} {columns}"]:
    """Normal variates of mean 0 (Box & Muller 1958), each instance from its own stream, on the weight grid."""
    drawn = words(keys, 2 * rows, torch.arange(columns), torch.tensor(0)).numpy()
    radius, angle = (drawn[:, :rows] + 0.5) / WORD, drawn[:, rows:] / WORD
    normal = deviation * np.sqrt(-2 * log(radius)) * cos(2 * np.pi * angle)
    return torch.from_numpy(on_weight_grid(normal))
