"""Integrals over the unit cube by Gauss-Legendre rules."""

import itertools
from functools import cache

import numpy as np
from jaxtyping import Float
from numpy import ndarray

from superposition.exact.functions import PI, cos
from superposition.exact.sums import product

ROUNDS = 10  # of Newton's iteration, which starts within 1% of a node; five are enough


@cache
def legendre_rule(nodes: int) -> tuple[Float[ndarray, " {nodes}"], Float[ndarray, " {nodes}"]]:
    """Points in [0, 1], rising, and their weights, exact for polynomials of degree 2 `nodes` - 1.

    The zeros x of the Legendre polynomial P on [-1, 1], with weights 2 / ((1 - x^2) P'(x)^2) (Abramowitz & Stegun
    25.4.29).
    """
    x = -cos(PI * (np.arange(nodes) + 0.75) / (nodes + 0.5))  # 22.16.6
    for _ in range(ROUNDS):
        value, slope = _legendre(x, nodes)
        x = x - value / slope
    x = (x - x[::-1]) / 2  # symmetric to the last bit
    slope = _legendre(x, nodes)[1]
    return (1 + x) / 2, 1 / ((1 - x * x) * slope * slope)


@cache
def cube_rule(directions: int, nodes: int) -> tuple[Float[ndarray, "point {directions}"], Float[ndarray, " point"]]:
    """Points of the unit cube and their weights; one point without coordinates if there are no directions."""
    points, weights = legendre_rule(nodes)
    grid = np.array(list(itertools.product(points, repeat=directions)))
    return grid, product(np.array(list(itertools.product(weights, repeat=directions))), axis=1)


def _legendre(x: Float[ndarray, " point"], degree: int) -> tuple[Float[ndarray, " point"], Float[ndarray, " point"]]:
    """P of this degree >= 1 and its derivative, by the recurrence of three neighbours; |x| < 1."""
    before, value = np.ones_like(x), x
    for k in range(1, degree):
        before, value = value, ((2 * k + 1) * x * value - k * before) / (k + 1)
    return value, degree * (before - x * value) / (1 - x * x)
