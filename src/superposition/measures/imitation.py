"""How well neurons of a wide network can be read from the hidden layer of a narrow one that was trained alike.

A readout of a neuron t is a . h + c, linear, or ReLU(a . h + c), as a neuron of a next layer would read it. Linear ones
have a bound: the shares of variance that m dimensions explain of uncorrelated neurons add up to m at most, whatever h
is (for each neuron the share is its projection on an m-dimensional space of random variables). Rectified ones have
none.

Hidden values lie on a grid, on which all sums over samples are exact, and coefficients are rounded to a grid of their
own, on which those over inputs are.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import torch
from jaxtyping import Float
from numpy import ndarray

from superposition.exact.grids import INPUT
from superposition.exact.linear import solve
from superposition.exact.philox import stream_key, words
from superposition.exact.sums import matmul, mean, total
from superposition.features.sets import draws
from superposition.measures.columns import INSTANCE, NO_UNIT, Column
from superposition.measures.computation import canonical, primary_features
from superposition.measures.trained import TrainedModel, to_grid

WEIGHT_BITS = 16  # fraction bits of input weights in the unit of a neuron's largest
HIDDEN_BITS = 12  # fraction bits of activations: of 2^16 samples below 2^6, all sums of products are exact
COEFFICIENT_BITS = 20  # fraction bits of readouts
HIDDEN = (HIDDEN_BITS, HIDDEN_BITS)  # of products of hidden values
RIDGE = 2.0**-20  # of a sample, added to the squares of each input: dead neurons have no coefficient
ROUNDS = 5  # of fitting a rectified readout: it has mostly come to rest by then [measured]
DIGITS = 4  # of the shares

Samples = list[tuple[ndarray, ndarray]]  # inputs [feature, sample] and the teacher's activations [neuron, sample]

ROWS = "narrow model and neuron of the wide one, its teacher"
COLUMNS = (
    INSTANCE,
    Column("teacher", "int64", NO_UNIT, "instance of the wide model"),
    Column("feature", "int64", NO_UNIT, "of the largest input weight of the teacher's neuron"),
    Column("sign", "int64", NO_UNIT, "of that weight: -1 or 1"),
    Column("linear", "float64", NO_UNIT, "share of the neuron's variance that a linear readout explains"),
    Column("rectified", "float64", NO_UNIT, "share that a rectified readout explains"),
)
EXAMPLE = {"relu": {"samples": 256}}


def table(models: Sequence[TrainedModel], settings: Mapping[str, Any]) -> pd.DataFrame:
    """A row for each narrower model and each neuron of its teacher.

    The teacher is the best of the widest models on the densest data of the same importance: what it computes does not
    depend on the density, and sparse data would let even a model that is wide enough use superposition. `teacher` is
    its instance, `feature` and `sign` are those of the neuron's largest input weight; neurons without input weights
    have no rows. `linear` and `rectified`: the shares of the neuron's variance that readouts explain, on samples of the
    narrower model's data to which they were not fitted; 0 of a neuron that is never on.
    """
    rows: list[dict[str, int | float]] = []
    groups: dict[tuple[Any, ...], list[TrainedModel]] = {}
    for model in models:
        groups.setdefault(_task(model), []).append(model)
    for group in groups.values():
        widest = max(len(model.W) for model in group)
        teacher = max((m for m in group if m.best and len(m.W) == widest), key=lambda m: float(mean(m.density)))
        taught: dict[bytes, Samples] = {}
        for model in group:
            if len(model.W) == widest:
                continue
            data = model.density.tobytes()
            if data not in taught:
                taught[data] = _samples(model, teacher, settings["samples"])
            rows += _rows(model, teacher, taught[data])
    return pd.DataFrame(rows).sort_values(["instance", "feature", "sign"], kind="stable", ignore_index=True)


def _samples(model: TrainedModel, teacher: TrainedModel, count: int) -> Samples:
    """Inputs as the model has them, and what the teacher's neurons make of them: to fit readouts, and to judge them."""
    key = torch.tensor([stream_key({**model.names, "purpose": "imitation"})])
    words_of_each = draws(torch.tensor(model.density).unsqueeze(0), [model.sets], [model.set_size])
    found = []
    for step in (0, 1):
        drawn: ndarray = words(key, words_of_each, torch.arange(count), torch.tensor(step))[0].numpy()
        x = model.draw(drawn)
        found.append((x, activations(teacher, x)))
    return found


def _rows(model: TrainedModel, teacher: TrainedModel, samples: Samples) -> list[dict[str, int | float]]:
    (fitted, wanted), (judged, met) = [(with_constant(activations(model, x)), t) for x, t in samples]
    primary = primary_features(teacher.W)
    rows = []
    for neuron, feature in enumerate(primary.tolist()):
        sign = int(np.sign(teacher.W[neuron, feature]))
        if sign:
            linear, rectified = shares(fitted, judged, wanted[neuron], met[neuron])
            row: dict[str, int | float] = {"instance": model.instance, "teacher": teacher.instance}
            rows.append(row | {"feature": feature, "sign": sign, "linear": linear, "rectified": rectified})
    return rows


def activations(model: TrainedModel, x: Float[ndarray, "feature sample"]) -> Float[ndarray, "neuron sample"]:
    """Hidden values with the largest input weight of each neuron 1, which is but another unit."""
    W = to_grid(canonical(model.W, model.W_out)[0], WEIGHT_BITS)
    return to_grid(np.maximum(matmul(W, x, (WEIGHT_BITS, INPUT.fraction_bits)), 0.0), HIDDEN_BITS)


def with_constant(h: Float[ndarray, "neuron sample"]) -> Float[ndarray, "input sample"]:
    return np.vstack([h, np.ones(h.shape[1])])


def shares(
    fitted: Float[ndarray, "input sample"],
    judged: Float[ndarray, "input sample"],
    wanted: Float[ndarray, " sample"],
    met: Float[ndarray, " sample"],
) -> tuple[float, float]:
    """Shares of the variance of `met` that a linear and a rectified readout of `judged` explain.

    They were fitted to `wanted`, which are values of the same neuron on `fitted`.
    """
    spread = squared_error(met, np.full_like(met, mean(met)))
    if spread == 0:
        return 0.0, 0.0
    linear = least_squares(fitted, wanted)
    errors = (
        squared_error(met, _read(linear, judged)),
        squared_error(met, np.maximum(_read(rectified_readout(fitted, wanted, linear), judged), 0.0)),
    )
    return (round(1 - errors[0] / spread, DIGITS), round(1 - errors[1] / spread, DIGITS))


def least_squares(h: Float[ndarray, "input sample"], t: Float[ndarray, " sample"]) -> Float[ndarray, " input"]:
    ridge = RIDGE * h.shape[1] * np.eye(len(h))
    return to_grid(solve(matmul(h, h.T, HIDDEN) + ridge, matmul(h, t, HIDDEN)), COEFFICIENT_BITS)


def rectified_readout(
    h: Float[ndarray, "input sample"], t: Float[ndarray, " sample"], start: Float[ndarray, " input"]
) -> Float[ndarray, " input"]:
    """Coefficients of ReLU(a . h) with a small squared error: least squares over where it was on, again and again.

    Each round is a Gauss-Newton step, and comes to rest where the gradient is 0. The best of all rounds counts, since
    a step may go too far.
    """
    found, least = start, squared_error(t, np.maximum(_read(start, h), 0.0))
    a, before = start, np.zeros(0, dtype=bool)
    for _ in range(ROUNDS):
        on = _read(a, h) > 0
        if not on.any() or np.array_equal(on, before):
            break
        before = on
        a = least_squares(h[:, on], t[on])
        error = squared_error(t, np.maximum(_read(a, h), 0.0))
        if error < least:
            found, least = a, error
    return found


def _read(a: Float[ndarray, " input"], h: Float[ndarray, "input sample"]) -> Float[ndarray, " sample"]:
    return matmul(a, h, (COEFFICIENT_BITS, HIDDEN_BITS))


def squared_error(t: Float[ndarray, " sample"], read: Float[ndarray, " sample"]) -> float:
    return float(total(np.square(to_grid(t - read, HIDDEN_BITS))))


def _task(model: TrainedModel) -> tuple[Any, ...]:
    """What models have in common that differ but in width, density and seed."""
    return (model.model, model.importance.tobytes(), model.sets, model.set_size)
