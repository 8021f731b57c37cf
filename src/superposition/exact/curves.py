"""Activations that no single operation computes: GELU, tanh and the logistic sigmoid, with the same bits everywhere.

Each is a table of values and one of slopes at equal steps, made by `functions`, and straight between neighbours. What
goes in is rounded to 2^-16, the grid of hidden values, and entries are to 2^-32, so that a line between two of them is
exact: no compiler has anything to fuse. Beyond the table a curve is constant, or goes on with slope 1. At arguments on
that grid values are within 2e-6 and slopes within 1.2e-5 of the real functions (tests/test_curves.py), less than a step
of it; all others are rounded to it first.
"""

from collections.abc import Callable
from functools import cache
from typing import NamedTuple

import numpy as np
from jaxtyping import Float
from numpy import ndarray

from superposition.exact.functions import exp, normal_density, normal_tail

INTERVALS = 4096  # of each table: 32 kB in float64
ARGUMENT_BITS = 16  # of what goes in
ENTRY_BITS = 32
SLOPE_BITS = 16  # of slopes: with the 20 bits of an error they make exact products


class Curve(NamedTuple):
    """At `reach` and beyond it is as at its end, and from there on it rises with slope `rise`, 0 or 1."""

    reach: float
    rise: float
    values: Float[ndarray, " node"]
    slopes: Float[ndarray, " node"]

    @property
    def per_unit(self) -> float:
        """Intervals; a power of two."""
        return INTERVALS / (2 * self.reach)


def _gelu(x: ndarray) -> tuple[ndarray, ndarray]:
    """x times the probability that a standard normal variate is below x (Hendrycks & Gimpel 2016)."""
    below = normal_tail(-x)
    return x * below, below + x * normal_density(x)


def _tanh(x: ndarray) -> tuple[ndarray, ndarray]:
    found = 1 - 2 / (1 + exp(2 * x))
    return found, 1 - found * found


def _sigmoid(x: ndarray) -> tuple[ndarray, ndarray]:
    found = 1 / (1 + exp(-x))
    return found, found * (1 - found)


# Function, reach and rise: what is left of a curve beyond its reach is below 2^-20.
_FORMS: dict[str, tuple[Callable[[ndarray], tuple[ndarray, ndarray]], float, float]] = {
    "gelu": (_gelu, 8.0, 1.0),
    "tanh": (_tanh, 8.0, 0.0),
    "sigmoid": (_sigmoid, 16.0, 0.0),
}
CURVES = tuple(_FORMS)


@cache
def curve(name: str) -> Curve:
    """Not to be written to."""
    function, reach, rise = _FORMS[name]
    x = np.arange(INTERVALS + 1) * (2 * reach / INTERVALS) - reach
    values, slopes = (np.rint(found * 2.0**ENTRY_BITS) / 2.0**ENTRY_BITS for found in function(x))
    return Curve(reach, rise, values, slopes)


def curved(x: ndarray, name: str) -> ndarray:
    """Values of a curve, as `ops.activated` has them."""
    own = curve(name)
    x = np.round(x * 2.0**ARGUMENT_BITS) / 2.0**ARGUMENT_BITS
    place = (np.clip(x, -own.reach, own.reach) + own.reach) * own.per_unit
    left = np.minimum(np.floor(place), INTERVALS - 1).astype(np.int64)
    low = own.values[left]
    rest: ndarray = (place - left) * (own.values[left + 1] - low)
    return low + rest + own.rise * np.maximum(x - own.reach, 0.0)
