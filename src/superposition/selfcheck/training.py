"""Tiny models, each trained in a few steps with all the parts of exact arithmetic, on any device.

They were chosen to be quick on a slow emulated processor too.
"""

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor, nn

from superposition.exact.adamw import AdamW
from superposition.exact.grids import HIDDEN, INPUT
from superposition.exact.ops import on_grid, product, squared_error, weights
from superposition.exact.philox import WORD, stream_key, words

STEPS = 12
# name: instances, features, hidden dimensions, samples, tied, ReLU on the hidden layer, ratio of importances
CASES = {
    "pentagon": (4, 5, 2, 256, True, False, 1.0),
    "many features": (2, 64, 8, 128, True, False, 0.9),
    "one feature": (3, 1, 1, 64, True, False, 1.0),
    "faint importance": (2, 20, 5, 128, True, False, 0.3),
    "ReLU hidden layer": (2, 6, 4, 128, True, True, 1.0),
    "untied": (2, 3, 6, 128, False, True, 0.7),
}


class Model(nn.Module):
    """y = ReLU(V f(W x) + b), with V = W^T where tied and f the identity or ReLU."""

    def __init__(self, case: str, device: str) -> None:
        super().__init__()
        instances, n, m, _, tied, self.hidden_relu, _ = CASES[case]
        self.W = nn.Parameter(uniform(case, "W", instances, m, n, device) - 0.5)
        self.V = None if tied else nn.Parameter(uniform(case, "V", instances, n, m, device) - 0.5)
        self.b = nn.Parameter(torch.zeros(instances, n, dtype=torch.float64, device=device))

    def forward(self, x: Tensor) -> Tensor:
        h = on_grid(product(weights(self.W), x), HIDDEN)
        h = torch.relu(h) if self.hidden_relu else h
        V = weights(self.W).mT if self.V is None else weights(self.V)
        return torch.relu(product(V, h) + weights(self.b).unsqueeze(-1))


def uniform(case: str, purpose: str, instances: int, rows: int, columns: int, device: str, step: int = 0) -> Tensor:
    """Numbers in [0, 1) on the input grid, [instance, row, column]."""
    keys = [stream_key({"case": case, "purpose": purpose, "instance": i}) for i in range(instances)]
    at = torch.tensor(step, device=device)
    drawn = words(torch.tensor(keys, device=device), rows, torch.arange(columns, device=device), at)
    return (drawn >> (32 - INPUT.fraction_bits)).double() * 2.0**-INPUT.fraction_bits


def train(case: str, device: str) -> Model:
    instances, n, _, samples, _, _, ratio = CASES[case]
    model = Model(case, device)
    optimiser = AdamW(model.parameters(), lr=2.0**-6)
    importance = torch.ones(instances, n, dtype=torch.float64, device=device)
    for i in range(1, n):
        importance[:, i] = importance[:, i - 1] * ratio
    importance = importance.float().double()  # 24 significant bits
    for step in range(STEPS):
        drawn = uniform(case, "x", instances, n, samples, device, step)
        x = torch.where(drawn < 0.5, 2 * drawn, 0.0)  # active with probability 1/2
        optimiser.zero_grad()
        squared_error(model(x), x, importance).sum().backward()
        optimiser.step()
    return model


def results(device: str) -> Iterator[tuple[str, list[np.ndarray]]]:
    """Name and parameters of each case."""
    key, samples = torch.tensor([[0, WORD - 1]], device=device), torch.arange(64, device=device)
    yield "random words", [words(key, 8, samples, torch.tensor(1, device=device)).cpu().numpy()]
    for case in CASES:
        yield f"training, {case}", [one.detach().cpu().numpy() for one in train(case, device).parameters()]
