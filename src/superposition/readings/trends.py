"""Whether something rises or falls over a variable, whatever the number of points at which it was measured.

Counts of trained models waver by one from point to point, so that "never fewer at the next point" is the harder the
finer a grid is. What is compared here are ranges of half a decade around 1, 0.32, 0.1, ..., as far apart as the
densities of the paper's figures, by their medians: a finer grid has more points in each, and a grid as the paper's one.
Needs numpy alone.
"""

from collections.abc import Mapping
from itertools import pairwise

import numpy as np

from superposition.exact.functions import log10

TO_A_DECADE = 2  # ranges
WORDS = "half a decade"


def medians(values: Mapping[float, int | float]) -> list[float]:
    """Of each range, in the order in which ranges come; 0, of which there is no logarithm, is one of its own."""
    ranges: dict[int | None, list[int | float]] = {}
    for x, value in values.items():
        ranges.setdefault(range_of(x), []).append(value)
    return [float(np.median(own)) for own in ranges.values()]


def range_of(x: float) -> int | None:
    """Number of the range, negative below 1; None of 0."""
    return int(np.floor(TO_A_DECADE * float(log10(x)) + 0.5)) if x > 0 else None


def never_falls(values: Mapping[float, int | float]) -> bool:
    """From range to range, in their order."""
    return all(before <= after for before, after in pairwise(medians(values)))


def never_rises(values: Mapping[float, int | float]) -> bool:
    return all(before >= after for before, after in pairwise(medians(values)))


def falls(values: Mapping[float, int | float]) -> bool:
    return all(before > after for before, after in pairwise(medians(values)))
