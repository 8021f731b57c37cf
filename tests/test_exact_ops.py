"""Exact operations: the budget, rounding, gradients against finite differences, range guards."""

import math
from fractions import Fraction

import pytest
import torch

from superposition.exact import grids
from superposition.exact.grids import ERROR, HIDDEN, INPUT, SUMS, Grid, over_budget
from superposition.exact.ops import (
    on_grid,
    power_of_two_above,
    product,
    require_exact_products,
    round_to,
    shorten,
    snap,
    square_root,
    squared_error,
    weights,
)


def random_on(grid: Grid, *shape: int, seed: int = 0, scale: float = 1.0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return snap((2 * torch.rand(*shape, generator=generator, dtype=torch.float64) - 1) * scale, grid.fraction_bits)


def test_every_grid_fits_into_float32():
    summed = {grid for total in SUMS for grid in (total.left, total.right)}
    assert all(grid.bits <= 24 for grid in summed)


@pytest.mark.parametrize(
    ("shape", "axis"),
    [
        ((400, 30, 1024), None),
        ((800, 60, 4096), None),
        ((1, 1, 1), None),
        ((4097, 30, 1024), "n_features"),  # error 20 + weight 21 + 13 = 54 bits
        ((400, 2049, 1024), "n_hidden"),  # hidden 21 + weight 21 + 12 = 54 bits
        ((400, 30, 4097), "batch_size"),  # error 20 + hidden 21 + 13 = 54 bits
    ],
)
def test_budget(shape, axis):
    faults = over_budget(*shape)
    assert [fault.split()[0] for fault in faults] == ([axis] if axis else [])


@pytest.mark.parametrize("total", SUMS, ids=lambda total: total.name)
def test_the_largest_sum_within_budget_is_exact_in_any_order(total):
    # The worst case that the budget allows: every term as large, and as odd, as its grids permit.
    terms = 2 ** (grids.SIGNIFICAND_BITS - total.left.bits - total.right.bits)
    terms = min(terms, 2**12)
    left = torch.full((terms,), total.left.limit - 2.0**-total.left.fraction_bits, dtype=torch.float64)
    right = torch.full((terms,), total.right.limit - 2.0**-total.right.fraction_bits, dtype=torch.float64)
    expected = terms * Fraction(left[0].item()) * Fraction(right[0].item())
    assert Fraction((left * right).sum().item()) == expected
    assert Fraction((left * right).cumsum(0)[-1].item()) == expected
    assert Fraction((left @ right).item()) == expected


def test_rounding_ties_to_even_and_range():
    grid = Grid("two bits", 1, 2)  # halves in [-4, 4]
    x = torch.tensor([0.24, 0.25, 0.75, -0.75, 4.0, -4.0], dtype=torch.float64)
    assert round_to(x, grid).tolist() == [0.0, 0.0, 1.0, -1.0, 4.0, -4.0]
    outside = round_to(torch.tensor([4.1, -4.1, torch.nan, torch.inf], dtype=torch.float64), grid)
    assert outside.isnan().all()
    assert round_to(torch.tensor([0.24, 5.0]), grid).tolist() == [pytest.approx(0.24), 5.0]  # float32 is left alone


@pytest.mark.parametrize(("x", "above"), [(1.0, 1.0), (0.75, 1.0), (1.01, 2.0), (0.25, 0.25), (3e-10, 2.0**-31)])
def test_power_of_two_above(x, above):
    assert power_of_two_above(torch.tensor([x], dtype=torch.float64)).item() == above


def test_shorten_keeps_the_leading_bits():
    x = torch.tensor([1 + 2.0**-25, 1 + 2.0**-26, 1 + 2.0**-27, -3.0, 0.0, 1e-200], dtype=torch.float64)
    short = shorten(x, 26)
    assert short[:5].tolist() == [1 + 2.0**-25, 1 + 2.0**-25, 1.0, -3.0, 0.0]  # half rounds away from zero
    assert abs(short[5].item() / 1e-200 - 1) <= 2.0**-26


@pytest.mark.parametrize("compiled", [False, True], ids=["eager", "compiled"])
def test_square_root_is_the_25_bit_floor(compiled):
    generator = torch.Generator().manual_seed(0)
    x = torch.rand(4000, generator=generator, dtype=torch.float64) * 10.0 ** -torch.arange(4000).remainder(30)
    root = (torch.compile(square_root, dynamic=False) if compiled else square_root)(x)
    for value, found in zip(x.tolist(), root.tolist(), strict=True):
        mantissa, exponent = math.frexp(found)
        assert (mantissa * 2**25).is_integer()
        above = Fraction(found) + Fraction(2) ** (exponent - 25)
        assert Fraction(found) ** 2 <= Fraction(value) < above**2


def loss_of(W: torch.Tensor, b: torch.Tensor, x: torch.Tensor, importance: torch.Tensor) -> torch.Tensor:
    w = weights(W)
    h = on_grid(product(w, x), HIDDEN)
    return squared_error(torch.relu(product(w.mT, h) + weights(b).unsqueeze(-1)), x, importance)


def plain_loss(W: torch.Tensor, b: torch.Tensor, x: torch.Tensor, importance: torch.Tensor) -> torch.Tensor:
    y = torch.relu(W.mT @ (W @ x) + b.unsqueeze(-1))
    return (importance.unsqueeze(-1) * (y - x) ** 2).sum((1, 2))


def test_gradients_against_finite_differences():
    # 3 instances, 6 features, 3 hidden dimensions, 200 samples; the plain loss is smooth where no unit sits at 0.
    W, b = random_on(grids.WEIGHT, 3, 3, 6, scale=0.7), random_on(grids.WEIGHT, 3, 6, seed=1, scale=0.2)
    x = random_on(INPUT, 3, 6, 200, seed=2).abs()
    importance = (0.5 ** torch.arange(6, dtype=torch.float64)).expand(3, 6)
    leaves = [W.clone().requires_grad_(), b.clone().requires_grad_()]
    exact = torch.autograd.grad(loss_of(*leaves, x, importance).sum(), leaves)
    step = 1e-6
    for which, gradient in enumerate(exact):
        for place in range(0, gradient.numel(), 5):
            shifted = [[W.clone(), b.clone()] for _ in range(2)]
            shifted[0][which].view(-1)[place] += step
            shifted[1][which].view(-1)[place] -= step
            up, down = (plain_loss(*s, x, importance).sum().item() for s in shifted)
            # rounding moves hidden values and errors by up to 2^-17, so sums over 200 samples by a relative 1e-4
            assert gradient.flatten()[place].item() == pytest.approx((up - down) / (2 * step), rel=2e-4, abs=2e-3)


def test_loss_value():
    # errors 1/2 and -1/4 at two samples, importances 1 and 1/2: 1 * 1/4 + 1/2 * 1/16
    output = torch.tensor([[[0.5, 0.0], [0.0, 0.75]]], dtype=torch.float64)
    target = torch.tensor([[[0.0, 0.0], [0.0, 1.0]]], dtype=torch.float64)
    loss = squared_error(output, target, torch.tensor([[1.0, 0.5]], dtype=torch.float64))
    assert loss.tolist() == [0.25 + 0.5 * 0.0625]


def test_faint_features_keep_their_gradients():
    # A fixed grid would round importance 1e-10 times any error to zero; each row's own grid keeps 17 bits of it.
    W, b = random_on(grids.WEIGHT, 1, 2, 4, scale=0.7), torch.full((1, 4), 0.125, dtype=torch.float64)
    x = random_on(INPUT, 1, 4, 50, seed=3).abs()
    faint, full = torch.full((1, 4), 1e-10, dtype=torch.float64), torch.ones(1, 4, dtype=torch.float64)
    gradient = []
    for importance in (faint.float().double(), full):
        leaf = b.clone().requires_grad_()
        gradient.append(torch.autograd.grad(loss_of(W, leaf, x, importance).sum(), leaf)[0])
    torch.testing.assert_close(gradient[0] * 1e10, gradient[1], rtol=1e-3, atol=1e-3)
    assert gradient[0].abs().min() > 0


def test_leaving_the_range_is_never_silent_and_never_spreads():
    W, b = random_on(grids.WEIGHT, 2, 3, 6, scale=0.7), torch.zeros(2, 6, dtype=torch.float64)
    x = random_on(INPUT, 2, 6, 20).abs()
    W[0, 0, 0] = 2 * grids.WEIGHT.limit
    leaves = [W.requires_grad_(), b.requires_grad_()]
    gradients = torch.autograd.grad(loss_of(*leaves, x, torch.ones(2, 6, dtype=torch.float64)).sum(), leaves)
    for gradient in gradients:
        assert gradient[0].isnan().any()
        assert gradient[1].isfinite().all()
    too_large = torch.full((1, 1, 1), 2 * ERROR.limit, dtype=torch.float64)
    assert squared_error(too_large, 0 * too_large, torch.ones(1, 1, dtype=torch.float64)).isnan().all()


def test_a_device_that_does_not_multiply_exactly_is_refused(monkeypatch):
    require_exact_products(torch.device("cpu"))
    monkeypatch.setattr(torch, "bmm", lambda a, b: (a.float() @ b.float()).double())
    with pytest.raises(ArithmeticError, match="not exact"):
        require_exact_products(torch.device("cpu"))
