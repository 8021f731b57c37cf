"""How large active features are: the laws of their values, all between -1 and 1.

A law is written as a word and its numbers: "unit", "power_law 2 0.01". "constant of unit length" are samples of that
law that are divided by their lengths. A law's value is its quantile function of a number u that is uniform on [0, 1):
linear in u for the uniform laws and the constant one, which need no table, and otherwise read from a table of LEVELS
equally likely values, those at the middle of each level of u. Every law is cut off, so that its largest value is 1, and
what is left is scaled to a probability of 1.
"""

import math
from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from jaxtyping import Float
from numpy import ndarray

from superposition.exact.functions import exp, log, log1p, normal_quantile, normal_tail
from superposition.exact.grids import INPUT

UNIT_LENGTH = " of unit length"  # after the law of values whose samples are divided by their length
LEVELS = 2**14  # of u; in float64 a table of this size fits into a core's second cache

Quantiles = Callable[..., ndarray]


class Line(NamedTuple):
    """Values start + slope * u."""

    start: float
    slope: float


LINES = {"unit": Line(0.0, 1.0), "signed": Line(-1.0, 2.0), "constant": Line(1.0, 0.0)}


def exponential(u: ndarray, rate: float) -> ndarray:
    """Density proportional to exp(-rate x), from 0 to 1."""
    return np.asarray(-log1p(u * (exp(-rate) - 1)) / rate)


def power_law(u: ndarray, exponent: float, least: float) -> ndarray:
    """Density proportional to x^-exponent, from `least` to 1."""
    span = log(least)
    if exponent == 1:
        return exp((1 - u) * span)
    return exp(log1p((1 - u) * (exp((1 - exponent) * span) - 1)) / (1 - exponent))


def normal(u: ndarray, deviations: float) -> ndarray:
    """A normal variate of at most so many standard deviations in size, which are 1."""
    outside = normal_tail(deviations)
    return np.asarray(normal_quantile(outside + u * (1 - 2 * outside)) / deviations)


def half_normal(u: ndarray, deviations: float) -> ndarray:
    """The size of such a normal variate."""
    return normal((1 + u) / 2, deviations)


CURVES: dict[str, Quantiles] = {law.__name__: law for law in (exponential, power_law, normal, half_normal)}


def moments(values: str) -> tuple[float, float]:
    """The mean of a law, and the mean of the square."""
    if line := LINES.get(values):
        middle = line.start + line.slope / 2
        return middle, middle * middle + line.slope * line.slope / 12
    found = table(values)
    assert found is not None
    return math.fsum(found) / LEVELS, math.fsum(found * found) / LEVELS


@lru_cache(maxsize=16)
def table(values: str) -> Float[ndarray, " level"] | None:
    """The values of a law that is not linear in u, on the input grid; not to be written to."""
    law, *numbers = values.split()
    if law in LINES:
        return None
    u = (np.arange(LEVELS) + 0.5) / LEVELS
    found = CURVES[law](u, *map(float, numbers))
    steps = 2.0**INPUT.fraction_bits
    return np.asarray(np.clip(np.rint(found * steps) / steps, -1.0, 1.0) + 0.0)  # no -0.0
