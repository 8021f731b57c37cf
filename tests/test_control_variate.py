"""Gradients with the linear model's exchanged for its expectation: the same on average, with less noise, and exact."""

from dataclasses import replace

import pytest
import torch

from superposition.training.control import LinearControl
from superposition.training.run import build
from tests.test_kernel import SHAPES
from tests.worlds import LINEAR, RELU, assert_same, fast, needs_a_compiler, plain, world


def equal_features(*models, importance: float = 0.7, **settings):
    """A world of `models` whose features are all of one importance; densities are 1, 1/2, 1/4, 1/8."""
    w = world(*models, control_variate=0.5, **settings)
    return replace(w, features=w.features.assign(importance=importance))


@needs_a_compiler
@pytest.mark.parametrize(("n", "m", "batch_size"), SHAPES)
@pytest.mark.parametrize("model", [RELU, LINEAR, replace(RELU, output_bias=False)], ids=["relu", "linear", "no bias"])
def test_the_kernel_has_the_bits_of_the_plain_form(model, n, m, batch_size, tmp_path):
    w = equal_features(model, n=n, m=m, batch_size=batch_size, steps=20)
    assert_same(fast(w, tmp_path / "a"), plain(w, tmp_path / "b"))


@needs_a_compiler
def test_signed_values_and_a_penalty_on_hidden_values(tmp_path):
    w = equal_features(replace(RELU, hidden_l1=0.1), n=12, m=9, values="signed")
    assert_same(fast(w, tmp_path / "a"), plain(w, tmp_path / "b"))


def test_models_of_lower_density_learn_as_without(tmp_path):
    w = equal_features(RELU, n=6, m=3)
    without = plain(
        replace(w, settings=w.settings | {"training": w.settings["training"] | {"control_variate": None}}),
        tmp_path / "a",
    )
    found = plain(w, tmp_path / "b")
    same = [bool((found.weights["relu_output.W"][i] == without.weights["relu_output.W"][i]).all()) for i in range(4)]
    assert same == [False, False, True, True]


@pytest.mark.parametrize(
    ("values", "of_active", "of_square"),
    [("unit", 1 / 2, 1 / 3), ("signed", 0, 1 / 3), ("constant", 1, 1), ("power_law 1 0.1", 0.390865, 0.214976)],
)
def test_expected_gradients_are_those_of_the_expected_loss(values, of_active, of_square):
    torch.manual_seed(0)
    n, m = 7, 3
    density = torch.rand(2, n, dtype=torch.float64)
    control = LinearControl(density, values, torch.tensor([True, False]), torch.full((2,), 2.0), torch.float64)
    W, b = torch.randn(2, m, n, dtype=torch.float64) / 2, torch.randn(2, n, dtype=torch.float64) / 2
    of_W, of_b = control.expected(W, b)
    W, b = W[0].requires_grad_(), b[0].requires_grad_()
    mean = density[0] * of_active
    second = torch.diag(density[0] * of_square - mean**2) + torch.outer(mean, mean)  # E[x x^T]
    off = W.T @ W - torch.eye(n, dtype=torch.float64)
    loss = (off @ second * off).sum() + 2 * b @ off @ mean + b @ b
    loss.backward()
    torch.testing.assert_close(of_W[0], W.grad, atol=1e-4, rtol=0)
    torch.testing.assert_close(of_b[0], b.grad, atol=1e-4, rtol=0)
    assert not of_W[1].any()
    assert not of_b[1].any()


def test_gradients_are_the_same_on_average_with_less_noise():
    """Of a model in which most features are not represented yet, on data of density 1 and 1/2."""
    gradients = {}
    for least in (None, 0.5):
        w = equal_features(RELU, n=40, m=3, count=2, batch_size=64)
        settings = w.settings | {"training": w.settings["training"] | {"control_variate": least}}
        module, _ = build(RELU, 3, replace(w, settings=settings), fast=False)
        torch.manual_seed(0)
        W, b = 0.1 * torch.randn(2, 3, 40, dtype=torch.float64), torch.full((2, 40), 0.4, dtype=torch.float64)
        W[:, :, :3] += torch.eye(3)
        found = [module.steps.gradients(torch.tensor(step), [W, b])[0] for step in range(200)]
        gradients[least] = torch.stack(found)
    error = {least: found.std(0) / 200**0.5 for least, found in gradients.items()}
    off = (gradients[None].mean(0) - gradients[0.5].mean(0)) / (error[None].square() + error[0.5].square()).sqrt()
    assert 0.8 < off.std() < 1.2
    assert off.abs().max() < 5
    new = slice(3, None)  # features
    assert error[0.5][..., new].mean() < error[None][..., new].mean() / 5
