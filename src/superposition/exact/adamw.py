"""AdamW (Loshchilov & Hutter 2019) with the same bits on every machine.

The moments are elementwise, so plain float64 is nearly enough. Two things differ between machines. Compilers may fuse a
product with the addition that follows it; so every product that is added to something is exact: moments keep 26
significant bits and betas 27. And square roots may be off in the last bit; so they are our own (`ops.square_root`).
Steps are rounded to 2^-40, so that the weights they are subtracted from stay on that grid and the subtraction is exact.
"""

from collections.abc import Iterable
from typing import NamedTuple

import torch
from torch import Tensor

from superposition.exact.ops import shorten, snap, square_root

MOMENT_BITS = 26
BETA_BITS = 27
STEP_FRACTION_BITS = 40  # |w| <= 8 leaves 10 of the 53 bits; 2^-40 is a billionth of a step at learning rate 1e-3


class Rates(NamedTuple):
    """What changes from step to step: scalars, or 0-dimensional float tensors."""

    learning_rate: float | Tensor
    correction1: float | Tensor  # 1 / (1 - beta1^t)
    correction2: float | Tensor  # 1 / (1 - beta2^t)


def rates(learning_rates: Iterable[float], betas: tuple[float, float]) -> list[Rates]:
    """The rates of steps 1, 2, ...; powers by repeated multiplication, which rounds alike everywhere."""
    beta1, beta2 = map(exact_beta, betas)
    power1 = power2 = 1.0
    table = []
    for learning_rate in learning_rates:
        power1, power2 = power1 * beta1, power2 * beta2
        table.append(Rates(learning_rate, 1 / (1 - power1), 1 / (1 - power2)))
    return table


def exact_beta(beta: float) -> float:
    """`beta` to 27 binary places, so that beta and 1 - beta have at most 27 significant bits."""
    return round(beta * 2**BETA_BITS) / 2**BETA_BITS


def adamw(
    weight: Tensor,
    gradient: Tensor,
    first: Tensor,
    second: Tensor,
    rates: Rates,
    betas: tuple[float, float],
    eps: float,
    weight_decay: float | Tensor,
) -> tuple[Tensor, Tensor, Tensor]:
    """The weight and the two moments after one step; all of one shape. Float32 tensors take the ordinary step.

    `weight_decay` may be another one for each weight (`towards_length_one`).
    """
    beta1, beta2 = map(exact_beta, betas)
    gradient = shorten(gradient, MOMENT_BITS)
    first = shorten(beta1 * first + (1 - beta1) * gradient, MOMENT_BITS)
    second = shorten(beta2 * second + (1 - beta2) * shorten(gradient * gradient, MOMENT_BITS), MOMENT_BITS)
    step = rates.learning_rate * (first * rates.correction1) / (square_root(second * rates.correction2) + eps)
    decay = weight * (rates.learning_rate * weight_decay)
    return weight - snap(decay, STEP_FRACTION_BITS) - snap(step, STEP_FRACTION_BITS), first, second


def towards_length_one(weights: Tensor, axis: int, strength: float) -> Tensor:
    """Decays that pull the lengths of vectors to 1: strength (1 - 1 / length), and 0 of vectors that are 0.

    `weights` are on their grid, and vectors lie along `axis`. So sums of squares are exact, lengths have the bits of
    `square_root`, and what follows is single operations.
    """
    squared = weights.square().sum(axis, keepdim=True)
    there = squared > 0
    length = square_root(torch.where(there, squared, 1.0))
    return torch.where(there, strength * (1 - 1 / length), 0.0)


class AdamW(torch.optim.Optimizer):
    """The exact AdamW as an ordinary optimiser; agrees with torch.optim.AdamW in float64 to a relative 1e-5.

    Weights are to start on the grid 2^-40 and gradients to come from exact sums; then every step has the same bits on
    every machine.
    """

    def __init__(
        self,
        params: Iterable[Tensor],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.01,
    ) -> None:
        super().__init__(params, {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay})
        self.begin()

    def begin(self) -> None:
        """Set the moments and the powers of the betas to where they stand before the first step."""
        for group in self.param_groups:
            group["powers"] = (1.0, 1.0)
            for p in group["params"]:
                self.state[p] = {"first": torch.zeros_like(p), "second": torch.zeros_like(p)}

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]
        for group in self.param_groups:
            beta1, beta2 = map(exact_beta, group["betas"])
            powers = group["powers"] = (group["powers"][0] * beta1, group["powers"][1] * beta2)
            now = Rates(group["lr"], 1 / (1 - powers[0]), 1 / (1 - powers[1]))
            for p in group["params"]:
                if p.grad is None:
                    continue
                state = self.state[p]
                weight, state["first"], state["second"] = adamw(
                    p, p.grad, state["first"], state["second"], now, group["betas"], group["eps"], group["weight_decay"]
                )
                p.copy_(weight)
