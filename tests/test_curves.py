"""GELU, tanh and sigmoid from tables: how far they are from the real functions, and their ends."""

import numpy as np
import pytest
import torch

from superposition.exact import curves, ops
from superposition.exact.curves import CURVES, INTERVALS, curve, curved

REAL = {"gelu": torch.nn.functional.gelu, "tanh": torch.tanh, "sigmoid": torch.sigmoid}
STEP = 2.0**-16


@pytest.mark.parametrize("name", CURVES)
def test_values_and_slopes_are_near_those_of_the_function(name):
    """At every fourth number of the grid of hidden values that is not beyond the table by far."""
    x = (torch.arange(-20 * 2**14, 20 * 2**14 + 1).double() / 2**14 + STEP).requires_grad_()
    real = REAL[name](x)
    (slopes,) = torch.autograd.grad(real.sum(), x)
    assert (ops.activated(x, name) - real).abs().max().item() < 2e-6
    assert (ops.curve_slopes(x, name) - slopes).abs().max().item() < 1.2e-5


@pytest.mark.parametrize("name", CURVES)
def test_nothing_rounds_that_could_be_fused(name):
    """Values are whole multiples of 2^-41, below 2^6: a line between two entries has at most 47 bits."""
    own = curve(name)
    x = np.arange(-(2**14), 2**14) * 37 * STEP
    np.testing.assert_array_equal(curved(x, name) * 2.0**41, np.rint(curved(x, name) * 2.0**41))
    assert np.abs(np.diff(own.values)).max() <= 1 / own.per_unit * 1.2
    assert 2 * own.reach * own.per_unit == INTERVALS
    assert np.log2(own.per_unit) % 1 == 0


@pytest.mark.parametrize("name", CURVES)
def test_numpy_and_torch_have_the_same(name):
    x = np.concatenate([np.random.default_rng(0).normal(0, 6, 5000), [-50.0, -8.0, 8.0, 16.0, 0.0, 31.99]])
    np.testing.assert_array_equal(curved(x, name), ops.activated(torch.from_numpy(x), name))


def test_ends_and_what_is_no_number():
    far = torch.tensor([-30.0, 0.0, 30.0, torch.nan], dtype=torch.float64)
    rounded = {name: torch.round(ops.activated(far, name) / STEP) * STEP for name in CURVES}
    np.testing.assert_array_equal(rounded["gelu"], [0, 0, 30, np.nan])
    np.testing.assert_array_equal(rounded["tanh"], [-1, 0, 1, np.nan])
    np.testing.assert_array_equal(rounded["sigmoid"], [0, 0.5, 1, np.nan])
    for name, above in (("gelu", 1.0), ("tanh", 0.0), ("sigmoid", 0.0)):
        assert ops.curve_slopes(far, name)[[0, 2]].tolist() == [0.0, above]


def test_the_gradient_is_the_slope():
    x = torch.linspace(-3, 3, 50, dtype=torch.float64, requires_grad=True)
    for name in CURVES:
        (found,) = torch.autograd.grad(ops.activated(x, name).sum(), x)
        assert torch.equal(found, ops.curve_slopes(x.detach(), name))


def test_tables_are_made_once():
    assert curves.curve("gelu") is curves.curve("gelu")
