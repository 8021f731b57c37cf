"""How often each hidden dimension is active: which neurons a ReLU leaves alone, and which it switches off.

And how active, where training penalises it.
"""

from collections.abc import Iterator, Sequence
from math import inf, sqrt

import numpy as np
from jaxtyping import Float, Integer
from numpy import ndarray

from superposition.exact.sums import mean, total, variance
from superposition.measures.trained import TrainedModel

SAMPLES = 4096  # at a time


def activity(model: TrainedModel, words: Integer[ndarray, "draw sample"]) -> Float[ndarray, " hidden"]:
    """The share of held-out samples at which each hidden sum W x + b_hidden is above 0."""
    active = np.zeros(len(model.W), dtype=np.int64)
    for x in _data(model, words):
        active += np.count_nonzero(model.sums(x) > 0, axis=1)
    return np.asarray(active / words.shape[1])


def activity_of_rectified(
    models: Sequence[TrainedModel], words: Integer[ndarray, "draw sample"], n_hidden: int
) -> Float[ndarray, "instance {n_hidden}"]:
    """`activity` of models with a ReLU of some kind on the hidden layer; NaN of others, and of dimensions they lack."""
    active = np.full((len(models), n_hidden), np.nan)
    for row, model in zip(active, models, strict=True):
        if model.hidden != "linear":
            row[: len(model.W)] = activity(model, words)
    return active


def penalty(model: TrainedModel, words: Integer[ndarray, "draw sample"]) -> tuple[float, float]:
    """What training added to the loss for hidden values: hidden_l1 |h|, mean over held-out samples and features.

    And its standard error.
    """
    if not model.hidden_l1:
        return 0.0, 0.0
    sizes = np.concatenate([total(np.abs(model.encode(x)), axis=0) for x in _data(model, words)])
    scale = model.hidden_l1 / model.W.shape[1]
    error = sqrt(float(variance(sizes, ddof=1)) / len(sizes)) if len(sizes) > 1 else inf
    return scale * float(mean(sizes)), scale * error


def _data(model: TrainedModel, words: Integer[ndarray, "draw sample"]) -> Iterator[Float[ndarray, "feature _"]]:
    for first in range(0, words.shape[1], SAMPLES):
        yield model.draw(words[:, first : first + SAMPLES])
