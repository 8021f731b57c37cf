"""Sums and products that never round, as differentiable operations on float64 tensors.

A model built from them is a plain PyTorch module. In between, `relu` and other elementwise operations that are exact
or correctly rounded may be used freely; adding three or more off-grid terms, or a product to anything, may not.

The same operations on float32 tensors are the ordinary ones: nothing is rounded to a grid, and nothing is promised.

Gradients are sums too. They flow backwards on two kinds of grid: what is summed over the batch may have a grid of its
own in every row (a feature of importance 1e-10 learns as precisely as one of importance 1), and is brought to one
common grid only where rows are added up.
"""

from functools import cache
from typing import Any, Literal

import torch
from jaxtyping import Float
from torch import Tensor
from torch.autograd.function import once_differentiable

from superposition.exact.curves import ARGUMENT_BITS, CURVES, INTERVALS, SLOPE_BITS, curve
from superposition.exact.grids import ERROR, HIDDEN_GRADIENT, LOSS, WEIGHT, Grid

Activation = Literal["linear", "relu", "leaky_relu", "clipped_relu", "gelu", "tanh", "sigmoid"]
OFF_GRID = ("leaky_relu", *CURVES)  # those that take values off the grid that they were on
SQUARED = 2.0
POWERS = (SQUARED, 2.5, 3.0, 4.0, 6.0, 8.0)  # of errors, in losses
STEEPEST = ERROR.limit  # slope of what is computed of a loss, at an error of 1


def is_exact(x: Tensor) -> bool:
    return x.dtype == torch.float64


def snap(x: Tensor, fraction_bits: int) -> Tensor:
    """The nearest multiples of 2^-`fraction_bits`, ties to even. Scaling by a power of two is exact."""
    return torch.round(x * 2.0**fraction_bits) * 2.0**-fraction_bits if is_exact(x) else x


def round_to(x: Tensor, grid: Grid) -> Tensor:
    """`x` on `grid`; NaN where it leaves the grid's range.

    A sum that is out of range could round, so it must not go unnoticed. NaN cannot: it spreads to the weights of its
    own instance and to no other, at no cost in the inner loop, and the trainer looks there.
    """
    return torch.where(x.abs() <= grid.limit, snap(x, grid.fraction_bits), torch.nan) if is_exact(x) else x


def require_exact_products(device: torch.device) -> None:
    """Raises ArithmeticError where float64 products and sums of 53 bits are not exact, as on GPUs that emulate them."""
    a = torch.full((1, 1, 4), 2.0**25 + 1, dtype=torch.float64, device=device)
    b = torch.full((1, 4, 1), 2.0**25 - 1, dtype=torch.float64, device=device)
    if torch.bmm(a, b).item() != 4 * (2**50 - 1):
        raise ArithmeticError(f"float64 products on {device} are not exact: switch off their emulation, or use float32")


class _OnGrid(torch.autograd.Function):
    """Rounding, with the gradient passed straight through (and rounded to its own grid, where it has one)."""

    @staticmethod
    def forward(x: Tensor, grid: Grid, gradient: Grid | None) -> Tensor:
        return round_to(x, grid)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor, Grid, Grid | None], output: Tensor) -> None:
        ctx.gradient = inputs[2]

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, cotangent: Tensor) -> tuple[Tensor, None, None]:
        return (round_to(cotangent, ctx.gradient) if ctx.gradient else cotangent), None, None


class _Product(torch.autograd.Function):
    @staticmethod
    def forward(weight: Tensor, value: Tensor) -> Tensor:
        return torch.bmm(weight, value)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor, Tensor], output: Tensor) -> None:
        ctx.save_for_backward(*inputs)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, cotangent: Tensor) -> tuple[Tensor | None, Tensor | None]:
        weight, value = ctx.saved_tensors
        to_weight, to_value = ctx.needs_input_grad
        # Over samples each row may keep its own grid; over rows they must share one.
        return (
            torch.bmm(cotangent, value.mT) if to_weight else None,
            torch.bmm(weight.mT, round_to(cotangent, ERROR)) if to_value else None,
        )


class _Loss(torch.autograd.Function):
    @staticmethod
    def forward(
        sums: Tensor, target: Tensor, importance: Tensor, power: float, activation: Activation, negative_slope: float
    ) -> Tensor:
        error = round_to(activated(sums, activation, negative_slope) - target, ERROR)
        terms = error.square() if power == SQUARED else _powers(error, power)
        return round_to(importance * terms.sum(-1), LOSS).sum(-1)

    @staticmethod
    def setup_context(
        ctx: Any, inputs: tuple[Tensor, Tensor, Tensor, float, Activation, float], output: Tensor
    ) -> None:
        ctx.save_for_backward(*inputs[:3])
        ctx.power, ctx.activation, ctx.negative_slope = inputs[3:]

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, cotangent: Tensor) -> tuple[Tensor, None, None, None, None, None]:
        sums, target, importance = ctx.saved_tensors
        output = activated(sums, ctx.activation, ctx.negative_slope)
        error = round_to(output - target, ERROR)
        # A square's slope is twice the error.
        slope, times = (error, 2) if ctx.power == SQUARED else (_slopes(error, ctx.power), 1)
        if ctx.activation in CURVES:
            slope = snap(slope * curve_slopes(sums, ctx.activation), ERROR.fraction_bits)
        # Before it is rounded, since a leaky ReLU's slope takes it off its grid.
        weighted = _before(importance.unsqueeze(-1) * slope, output, ctx.activation, ctx.negative_slope)
        if is_exact(sums):
            # In units of a power of two near its importance, each feature's weighted error keeps all its bits.
            unit = power_of_two_above(importance).unsqueeze(-1)
            weighted = unit * snap(weighted / unit, ERROR.fraction_bits)
        return times * cotangent.view(-1, 1, 1) * weighted, None, None, None, None, None


def _slopes(error: Tensor, power: float) -> Tensor:
    """8 |e|^(p - 1) with the sign of the error e, at most 8 in size; on the grid of errors.

    Products only, each rounded once: the last of them is with a power of two, so that no compiler has one to fuse.
    """
    e = _within_one(error)
    square = e * e
    if power == 2.5:
        slope = square_root(e.abs()) * e
    elif power == 3:
        slope = e.abs() * e
    elif power == 4:
        slope = square * e
    elif power == 6:
        slope = square * square * e
    else:
        slope = square * square * square * e
    return snap(STEEPEST * slope, ERROR.fraction_bits)


def _within_one(error: Tensor) -> Tensor:
    return torch.where(error > 1, 1.0, torch.where(error < -1, -1.0, error))


def _powers(error: Tensor, power: float) -> Tensor:
    """What `_slopes` are the slopes of: 8 |e|^p / p up to |e| = 1, and a straight line from there on.

    Below 64, and on the grid that squared errors are on, so that as many can be added up.
    """
    beyond = torch.relu(error.abs() - 1)
    near = _slopes(error, power) * _within_one(error) / power
    return snap(near, 2 * ERROR.fraction_bits) + STEEPEST * beyond


class _Curve(torch.autograd.Function):
    @staticmethod
    def forward(x: Tensor, activation: Activation) -> Tensor:
        values, _ = curve_tables(activation, x.dtype, x.device)
        own, x = curve(activation), snap(x, ARGUMENT_BITS)
        return _between(values, x, activation) + own.rise * torch.relu(x - own.reach)  # what is not a number stays so

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor, Activation], output: Tensor) -> None:
        ctx.save_for_backward(inputs[0])
        ctx.activation = inputs[1]

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, cotangent: Tensor) -> tuple[Tensor, None]:
        (x,) = ctx.saved_tensors
        return cotangent * curve_slopes(x, ctx.activation), None


@cache
def curve_tables(activation: Activation, dtype: torch.dtype, device: torch.device) -> tuple[Tensor, Tensor]:
    """Values and slopes of a curve; not to be written to."""
    own = curve(activation)
    return torch.tensor(own.values, dtype=dtype, device=device), torch.tensor(own.slopes, dtype=dtype, device=device)


def curve_slopes(x: Tensor, activation: Activation) -> Tensor:
    """Of a curve at sums x, on the grid of slopes."""
    _, slopes = curve_tables(activation, x.dtype, x.device)
    return snap(_between(slopes, snap(x, ARGUMENT_BITS), activation), SLOPE_BITS)


def _between(table: Tensor, x: Tensor, activation: Activation) -> Tensor:
    """Between two entries on a straight line, which is exact of what is on its grid."""
    own = curve(activation)
    inside = torch.where(x > own.reach, own.reach, torch.where(x > -own.reach, x, -own.reach))
    place = (inside + own.reach) * own.per_unit
    left = torch.where(place < INTERVALS, place, INTERVALS - 1.0).long()  # rounded down
    low = table[left]
    return low + (place - left) * (table[left + 1] - low)


def activated(x: Tensor, activation: Activation, negative_slope: float = 2**-7) -> Tensor:
    """An activation of sums; `negative_slope`, a power of two, is a leaky ReLU's below 0."""
    if activation in CURVES:
        found: Tensor = _Curve.apply(x, activation)
        return found
    if activation == "relu":
        return torch.relu(x)
    if activation == "leaky_relu":
        return torch.where(x > 0, x, negative_slope * x)
    if activation == "clipped_relu":
        return torch.where(x <= 0, 0.0, torch.where(x >= 1, 1.0, x))
    return x


def _before(gradient: Tensor, output: Tensor, activation: Activation, negative_slope: float) -> Tensor:
    """The gradient of what went into an activation, from that of its `output`."""
    if activation == "relu":
        return torch.where(output <= 0, 0.0, gradient)
    if activation == "leaky_relu":
        return torch.where(output > 0, gradient, negative_slope * gradient)
    if activation == "clipped_relu":
        return torch.where((output <= 0) | (output >= 1), 0.0, gradient)
    return gradient


def back_on(value: Tensor, grid: Grid) -> Tensor:
    """What an activation took off its grid, on it again, with the gradient passed straight through."""
    return _OnGrid.apply(value, grid, None)


def weights(parameter: Tensor) -> Tensor:
    """A parameter as it enters sums: on the weight grid, its gradient passed straight through.

    Read it once and use it as often as the model ties it: autograd then adds two exact sums, which is safe.
    """
    return _OnGrid.apply(parameter, WEIGHT, None)


def on_grid(value: Tensor, grid: Grid, gradient: Grid = HIDDEN_GRADIENT) -> Tensor:
    """Hidden values as they enter the next sum: on `grid`, their gradient on the hidden-gradient grid.

    Of a layer that follows another hidden one it has to be on the ERROR grid: gradients of the weights between them are
    sums over samples of its products with hidden values, which have more bits than inputs.
    """
    return _OnGrid.apply(value, grid, gradient)


def product(
    weight: Float[Tensor, "instance out in"], value: Float[Tensor, "instance in sample"]
) -> Float[Tensor, "instance out sample"]:
    """The matrix product of weights and values that are on their grids: an exact sum, forwards and backwards."""
    return _Product.apply(weight, value)


def squared_error(
    output: Float[Tensor, "instance feature sample"],
    target: Float[Tensor, "instance feature sample"],
    importance: Float[Tensor, "instance feature"],
) -> Float[Tensor, " instance"]:
    """sum over samples and features of importance * (output - target)^2, one number an instance.

    Importance is at most 1, of at most 24 significant bits, and is not differentiated. What normalises the loss
    (samples, features, a larger importance) is to be divided out of the gradient afterwards: a constant factor in
    front of the sums would only push terms off the grid.
    """
    return _Loss.apply(output, target, importance, SQUARED, "linear", 1.0)


def powered_error(
    sums: Float[Tensor, "instance feature sample"],
    target: Float[Tensor, "instance feature sample"],
    importance: Float[Tensor, "instance feature"],
    power: float,
    activation: Activation,
    negative_slope: float,
) -> Float[Tensor, " instance"]:
    """`squared_error` of the outputs activation(sums), with the power p of |output - target|, one of POWERS.

    To be multiplied by `unit_of(power)`. Other powers than 2 are so where the error is at most 1 in size. Beyond, the
    loss goes on as a straight line of the same slope, p: steeper ones would leave the grid. The slope's own step is
    p 2^-20, so that errors below 2^(-21 / (p - 1)), such as 0.008 of p = 4 and 0.12 of p = 8, teach nothing.
    """
    return _Loss.apply(sums, target, importance, power, activation, negative_slope)


def unit_of(power: float) -> float:
    """What a loss and its gradient are to be multiplied by, as they are computed in units that fill their grids."""
    return 1.0 if power == SQUARED else power / STEEPEST


def power_of_two_above(x: Tensor) -> Tensor:
    """The least power of two that is at least x, for positive float64 x: by its exponent's bits, with no logarithm."""
    below = (x.view(torch.int64) & (0x7FF << 52)).view(torch.float64)
    return torch.where(below == x, below, 2 * below)


def shorten(x: Tensor, bits: int) -> Tensor:
    """`x` rounded to `bits` significant bits (half away from zero), however large or small it is.

    Two numbers of 26 and 27 bits have an exact product, so that it makes no difference whether a compiler fuses that
    product with the addition that follows. A cast to float32 and back would do it too, but compilers remove it.
    """
    if not is_exact(x):
        return x
    dropped = 53 - bits
    return ((x.view(torch.int64) + (1 << (dropped - 1))) & ~((1 << dropped) - 1)).view(torch.float64)


def square_root(x: Tensor) -> Tensor:
    """The square root of x >= 0, rounded down to 25 significant bits: the same on every machine.

    Libraries' square roots differ in the last bit (Intel's vector library, which PyTorch calls, does not round
    correctly). Squares of 25-bit numbers are exact, so that a comparison tells which of three neighbours is right.
    """
    root = torch.sqrt(x)
    if not is_exact(x):
        return root
    dropped = 53 - 25
    bits = root.view(torch.int64) & ~((1 << dropped) - 1)
    below, root, above = ((bits + k * (1 << dropped)).view(torch.float64) for k in (-1, 0, 1))
    return torch.where(above * above <= x, above, torch.where(root * root <= x, root, below))
