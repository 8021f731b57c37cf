"""Steps as the pipeline trains them: by the C++ kernel, or without a compiler in the plain form that it stands for.

The digests are of the plain form's results, so that a compiler that computes other bits, as one that takes the
liberties of fast maths, is noticed before anything is trained by it.
"""

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from superposition.exact.adamw import rates
from superposition.exact.philox import WORD, stream_key, words
from superposition.features.distribution import Distribution
from superposition.features.source import Stream
from superposition.models.mixing import mixing_matrix
from superposition.models.toy_model import Architecture, ToyModel
from superposition.training.control import LinearControl
from superposition.training.disturbance import Disturbance
from superposition.training.held_out import HeldOut
from superposition.training.initial import normal_weights
from superposition.training.kernel import FastHeldOut, FastSteps, library
from superposition.training.steps import Optimiser, State, Steps, scale_to_one

STEPS, BATCH, HELD_OUT = 30, 96, 64
BENT = Architecture("bent", False, "leaky_relu", "clipped_relu", True, True, "relu", 0.0, 0.0, 2.5, 0.125)
MIXED = Architecture(
    "mixed", False, "relu", "linear", False, True, "products", 0.0, mixing={"embedding": 20, "scale": 0.5}
)
WILD = Architecture(
    "wild", True, "gelu", "sigmoid", True, True, "identity", 0.01, 0.0, 4.0, hidden_noise=0.1, dropout=0.2
)
# Model, features, hidden dimensions, values of features; no shape fills vectors of a processor.
CASES: dict[str, tuple[Architecture, int, int, str]] = {
    "tied": (Architecture("tied", True, "linear", "relu", False, True, "identity", 0.0), 13, 3, "unit"),
    # With a control variate, and features of one importance, as that is for.
    "controlled": (Architecture("controlled", True, "linear", "relu", False, True, "identity", 0.0), 11, 4, "unit"),
    "penalised": (Architecture("penalised", True, "relu", "relu", True, True, "identity", 0.01), 9, 5, "unit"),
    "bent": (BENT, 6, 9, "signed"),
    "mixed": (MIXED, 8, 5, "unit"),
    "wild": (WILD, 6, 11, "unit"),
    "untied": (Architecture("untied", False, "relu", "relu", False, True, "absolute", 0.0), 7, 10, "signed"),
}
DENSITIES = (1.0, 0.3, 0.1)
ALONE = [("independent", 1)] * len(DENSITIES)
SETS = {"mixed": [("exactly 2", 4), ("ring of width 2", 8), ("correlated 3, independent 5, never empty", 0)]}


def results(fast: bool = True) -> Iterator[tuple[str, list[np.ndarray]]]:
    """Name, weights and held-out losses of each case."""
    for name in CASES:
        state, losses = trained(name, fast)
        yield f"pipeline, {name}", [tensor.numpy() for tensor in (*state, losses)]


def trained(name: str, fast: bool) -> tuple[State, Tensor]:
    """Parameters and moments after the last step, and the sums of held-out losses."""
    architecture, n, m, values = CASES[name]
    count = len(DENSITIES)

    def keys(purpose: str) -> Tensor:
        return torch.tensor([stream_key({"self-check": name, "purpose": purpose, "seed": k}) for k in range(count)])

    density = torch.tensor(DENSITIES, dtype=torch.float64)[:, None].expand(count, n)
    distribution = Distribution(density, values, torch.float64, *zip(*SETS.get(name, ALONE), strict=True))
    mixing = mixing_matrix(architecture.mixing, n, {"self-check": name}) if architecture.mixing else None
    model = ToyModel(architecture, count, n, m, torch.float64, mixing)
    with torch.no_grad():
        model.W.copy_(normal_weights(keys("W"), m, n, 0.4))
        if model.W_out is not None:
            model.W_out.copy_(normal_weights(keys("W_out"), n, m, 0.4))
    importance = torch.ones(count, n, dtype=torch.float64)
    for i in range(1, n):
        importance[:, i] = importance[:, i - 1] * (1.0 if name == "controlled" else 0.75)
    importance = importance.float().double()
    control = None
    if name == "controlled":
        _, scaled = scale_to_one(importance)
        used = density[:, 0] > min(DENSITIES)
        control = LinearControl(density, values, used, 2 * BATCH * scaled[:, 0], torch.float64)
    optimiser = Optimiser((0.9, 0.999), 1e-8, 0.01, 0.01)
    table = rates([2.0**-7] * STEPS, optimiser.betas)
    source = Stream(keys("training"), distribution)
    disturbance = None
    if architecture.hidden_noise:
        streams = keys("hidden noise"), keys("dropout")
        disturbance = Disturbance(architecture.hidden_noise, architecture.dropout, *streams)
    steps = Steps(model, source, importance, optimiser, table, BATCH, control=control, disturbance=disturbance)
    drawn = words(torch.tensor([[7, WORD - 7]]), distribution.draws, torch.arange(HELD_OUT), torch.tensor(0))[0]
    held_out = HeldOut(drawn, distribution, steps.importance, scale_to_one(importance)[0])
    state = steps.state(lambda p: (torch.zeros_like(p), torch.zeros_like(p)))
    fast = fast and library() is not None
    state = (FastSteps(steps, threads=1) if fast else steps).run(0, STEPS, state)
    with torch.no_grad():
        for parameter, value in zip(model.parameters(), state[::3], strict=True):
            parameter.copy_(value)
        sums = (FastHeldOut(held_out, threads=1) if fast else held_out).sums(model)
    return state, sums
