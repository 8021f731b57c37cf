"""How well neurons of a wide network can be read from the hidden layer of a narrow one that was trained alike.

A readout of a neuron t is a . h + c, linear, or ReLU(a . h + c), as a neuron of a next layer would read it. Linear ones
have a bound: the shares of variance that m dimensions explain of uncorrelated neurons add up to m at most, whatever h
is (for each neuron the share is its projection on an m-dimensional space of random variables). Rectified ones have
none.

Sums are exact on the grid of hidden values used here, and coefficients are rounded to a grid of their own, so that what
a solver leaves of them beyond it does not matter.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import torch
from jaxtyping import Float, Int
from numpy import ndarray

from superposition.exact.philox import stream_key, words
from superposition.features.sets import draws
from superposition.measures.computation import canonical, primary_features
from superposition.measures.trained import TrainedModel, to_grid

HIDDEN_BITS = 12  # fraction bits of activations: of 2^16 samples below 2^5, all sums of products are exact
COEFFICIENT_BITS = 20  # fraction bits of readouts
RIDGE = 2.0**-20  # of a sample, added to the squares of each input: dead neurons have no coefficient
ROUNDS = 8  # of fitting a rectified readout; four change the shares by less than 0.01 [measured]
DIGITS = 4  # of the shares


def table(models: Sequence[TrainedModel], settings: Mapping[str, Any]) -> pd.DataFrame:
    """A row for each narrower model and each neuron of the best widest model of the same data, its teacher.

    `teacher` is that model's instance, `feature` and `sign` say what the neuron's largest input weight is. `linear` and
    `rectified`: the share of the neuron's variance that readouts explain, on samples that they were not fitted to. A
    teacher's neuron that is never on has shares of 0. Only neurons with input weights have rows.
    """
    widest = max(len(model.W) for model in models)
    rows = []
    groups: dict[tuple[Any, ...], list[TrainedModel]] = {}
    for model in models:
        groups.setdefault(_data(model), []).append(model)
    for group in groups.values():
        (teacher, *_) = [model for model in group if model.best and len(model.W) == widest]
        drawn = [teacher.draw(_words(teacher, settings["samples"], step)) for step in (0, 1)]  # to fit, to judge
        taught = [activations(teacher, x) for x in drawn]
        primary = primary_features(teacher.W)
        signs = np.sign(teacher.W[np.arange(widest), primary]).astype(int)
        order = [k for k in np.lexsort((-signs, primary)).tolist() if signs[k]]
        for model in group:
            if len(model.W) == widest:
                continue
            inputs = [with_constant(activations(model, x)) for x in drawn]
            for neuron in order:
                linear, rectified = shares(*inputs, taught[0][neuron], taught[1][neuron])
                rows.append(
                    {
                        "instance": model.instance,
                        "teacher": teacher.instance,
                        "feature": primary[neuron],
                        "sign": signs[neuron],
                        "linear": linear,
                        "rectified": rectified,
                    }
                )
    return pd.DataFrame(rows).sort_values(["instance", "feature", "sign"], kind="stable", ignore_index=True)


def activations(model: TrainedModel, x: Float[ndarray, "feature sample"]) -> Float[ndarray, "neuron sample"]:
    """Hidden values with the largest input weight of each neuron 1, which is but another unit."""
    return to_grid(np.maximum(to_grid(canonical(model.W, model.W_out)[0], 16) @ x, 0.0), HIDDEN_BITS)


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
    spread = float(((met - to_grid(np.array(met.mean()), HIDDEN_BITS)) ** 2).sum())
    if spread == 0:
        return 0.0, 0.0
    linear = least_squares(fitted, wanted)
    errors = (
        squared_error(met, linear @ judged),
        squared_error(met, np.maximum(rectified_readout(fitted, wanted, linear) @ judged, 0.0)),
    )
    return (round(1 - errors[0] / spread, DIGITS), round(1 - errors[1] / spread, DIGITS))


def least_squares(h: Float[ndarray, "input sample"], t: Float[ndarray, " sample"]) -> Float[ndarray, " input"]:
    ridge = RIDGE * h.shape[1] * np.eye(len(h))
    return to_grid(np.linalg.solve(h @ h.T + ridge, h @ t), COEFFICIENT_BITS)


def rectified_readout(
    h: Float[ndarray, "input sample"], t: Float[ndarray, " sample"], start: Float[ndarray, " input"]
) -> Float[ndarray, " input"]:
    """Coefficients of ReLU(a . h) with a small squared error: least squares over where it was on, again and again.

    Each round is a Gauss-Newton step, and comes to rest where the gradient is 0. The best of all rounds counts, since
    a step may go too far.
    """
    found, least = start, squared_error(t, np.maximum(start @ h, 0.0))
    a = start
    for _ in range(ROUNDS):
        on = a @ h > 0
        if not on.any():
            break
        a = least_squares(h[:, on], t[on])
        error = squared_error(t, np.maximum(a @ h, 0.0))
        if error < least:
            found, least = a, error
    return found


def squared_error(t: Float[ndarray, " sample"], read: Float[ndarray, " sample"]) -> float:
    return float((to_grid(t - read, HIDDEN_BITS) ** 2).sum())


def _data(model: TrainedModel) -> tuple[Any, ...]:
    """What models of the same architecture and data have in common."""
    return (model.model, model.density.tobytes(), model.importance.tobytes(), model.sets, model.set_size)


def _words(model: TrainedModel, samples: int, step: int) -> Int[ndarray, "draw sample"]:
    key = torch.tensor([stream_key({"purpose": "imitation"})])
    count = draws(model.W.shape[1], [model.sets], [model.set_size])
    found: ndarray = words(key, count, torch.arange(samples), torch.tensor(step))[0].numpy()
    return found
