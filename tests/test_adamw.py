"""The exact AdamW against torch's, its rates, and what its bits do not depend on."""

import math

import numpy as np
import pytest
import torch

from superposition.exact.adamw import AdamW, Rates, adamw, exact_beta, rates, towards_length_one
from superposition.exact.ops import snap
from superposition.exact.schedule import learning_rates

SETTINGS = [
    {"lr": 1e-3, "betas": (0.9, 0.999), "eps": 1e-8, "weight_decay": 0.01},
    {"lr": 1e-2, "betas": (0.5, 0.9), "eps": 1e-6, "weight_decay": 0.0},
    {"lr": 3e-3, "betas": (0.0, 0.99), "eps": 1e-8, "weight_decay": 0.5},
    {"lr": 1e-3, "betas": (0.3, 0.9999), "eps": 1e-8, "weight_decay": 0.1},
]


def gradient(step: int) -> torch.Tensor:
    scale = 10.0 ** -torch.arange(50, dtype=torch.float64).remainder(6)
    return scale * torch.randn(50, generator=torch.Generator().manual_seed(step), dtype=torch.float64)


@pytest.mark.parametrize("settings", SETTINGS)
def test_agrees_with_torch(settings):
    start = snap(torch.randn(50, generator=torch.Generator().manual_seed(99), dtype=torch.float64), 18)
    ours, theirs = torch.nn.Parameter(start.clone()), torch.nn.Parameter(start.clone())
    optimisers = AdamW([ours], **settings), torch.optim.AdamW([theirs], **settings)
    for step in range(200):
        for parameter, optimiser in zip((ours, theirs), optimisers, strict=True):
            parameter.grad = gradient(step)
            optimiser.step()
    # betas are rounded to 2^-27: 1 - 0.9999 then moves by a relative 4e-5 at most, and a step by half of that
    moved = (theirs - start).abs().max().item()
    torch.testing.assert_close(ours, theirs, rtol=0, atol=2e-5 * moved)


def test_float32_takes_the_ordinary_step():
    start = torch.randn(50, generator=torch.Generator().manual_seed(99))
    ours, theirs = torch.nn.Parameter(start.clone()), torch.nn.Parameter(start.clone())
    optimisers = AdamW([ours]), torch.optim.AdamW([theirs])
    for step in range(100):
        for parameter, optimiser in zip((ours, theirs), optimisers, strict=True):
            parameter.grad = gradient(step).float()
            optimiser.step()
    torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-5)


def test_rates_of_the_first_steps():
    # beta1 = 1/2: corrections 1 / (1 - 1/2) = 2 and 1 / (1 - 1/4) = 4/3; beta2 = 3/4: 4 and 16/7
    table = rates([0.1, 0.2], (0.5, 0.75))
    assert table == [Rates(0.1, 2.0, 4.0), Rates(0.2, 1 / 0.75, 1 / (1 - 0.5625))]


@pytest.mark.parametrize("beta", [0.0, 0.1, 0.5, 0.9, 0.999, 0.99999])
def test_betas_leave_room_for_exact_products(beta):
    rounded = exact_beta(beta)
    assert abs(rounded - beta) <= 2.0**-28
    assert (rounded * 2**27).is_integer()
    assert 1 - (1 - rounded) == rounded


def test_compiled_and_eager_agree_in_every_bit():
    generator = torch.Generator().manual_seed(1)
    w, m = (torch.randn(500, generator=generator, dtype=torch.float64) for _ in range(2))
    v = torch.rand(500, generator=generator, dtype=torch.float64)
    now = Rates(*(torch.tensor(r, dtype=torch.float64) for r in (1e-3, 1 / 0.3, 1 / 0.05)))

    def three(w: torch.Tensor, m: torch.Tensor, v: torch.Tensor) -> tuple[torch.Tensor, ...]:
        for step in range(3):
            w, m, v = adamw(w, (step + 1) * w * 0.3, m, v, now, (0.9, 0.999), 1e-8, 0.01)
        return w, m, v

    start = snap(w, 40), m, v
    for eager, compiled in zip(three(*start), torch.compile(three, dynamic=False)(*start), strict=True):
        assert torch.equal(eager, compiled)


@pytest.mark.parametrize(
    ("schedule", "at", "expected"),
    [
        ("constant", 99, 1.0),
        ("linear", 20, 1.0),  # the first step after a warm-up of 20
        ("linear", 60, 0.5),  # half of the 80 steps that are left
        ("cosine", 60, math.cos(math.pi / 4)),
        ("constant", 9, 0.5),  # the 10th of 20 steps of warm-up
    ],
)
def test_schedules(schedule, at, expected):
    assert learning_rates(schedule, 1e-3, 100, 20)[at] == pytest.approx(1e-3 * expected, rel=2.0**-24)
    # With a floor of a quarter, three quarters of the rate fall.
    falls = expected if at < 20 else 0.25 + 0.75 * expected
    assert learning_rates(schedule, 1e-3, 100, 20, 0.25)[at] == pytest.approx(1e-3 * falls, rel=2.0**-23)


def test_decay_pulls_lengths_to_one():
    # 3-4-5: of length 5 it is 2 (1 - 1/5), of length 1/2 it is 2 (1 - 2); and 0 stays 0
    W = torch.tensor([[[3.0, 0.3, 0.0], [4.0, 0.4, 0.0]]], dtype=torch.float64)
    decay = towards_length_one(snap(W, 18), 1, 2.0)
    np.testing.assert_allclose(decay, [[[1.6, -2.0, 0.0]]], atol=1e-4)
    zeros, now = torch.zeros_like(W), Rates(0.05, 1.0, 1.0)
    for _ in range(100):
        W, _, _ = adamw(W, zeros, zeros, zeros, now, (0.9, 0.999), 1e-8, towards_length_one(snap(W, 18), 1, 2.0))
    # |w| - 1 is multiplied by 1 - 0.1 in each step: by 2.7e-5 in all
    np.testing.assert_allclose(W.square().sum(1).sqrt(), [[1.0, 1.0, 0.0]], atol=2e-4)
