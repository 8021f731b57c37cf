"""How fast a number of directions grows with the dimension, and at which |cos| that is judged. Needs no torch."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from superposition.exact.functions import log
from superposition.exact.sums import line, mean, total

# Of |cos|; others are printed. At 0.2 theory's own line over m = 50 ... 400 is 8% steeper than its limit, at 0.25 6%,
# at this one 5%.
LIMIT = 0.3
STRAIGHT_FROM, AT_LEAST = 50, 5  # dimensions from which growth is a straight line, and points on it
CHANCE = 3  # directions, for the largest cosine of as many random ones


class Growth(NamedTuple):
    """log N = start + rate m, fitted by least squares; `straightness` is R^2."""

    rate: float
    start: float
    straightness: float


def growth(counts: pd.Series) -> Growth:
    """Of numbers N of directions by dimension, at least two of them."""
    m, log_N = counts.index.to_numpy(float), log(counts.to_numpy(float))
    rate, start = line(m, log_N)
    left = float(total(np.square(log_N - start - rate * m)))
    spread = float(total(np.square(log_N - mean(log_N))))
    return Growth(rate, start, 1 - left / spread if spread > 0 else 0.0)


def straight(random: pd.DataFrame) -> Growth | None:
    """Of medians over trials, where growth is a straight line; None of fewer dimensions than a line is told by."""
    median = medians(random[random["dimensions"] >= STRAIGHT_FROM])
    return growth(median) if len(median) >= AT_LEAST else None


def drawn(found: pd.DataFrame) -> pd.DataFrame:
    """Of the table of packings, the random directions of which counts are made at each limit: lines, of no model."""
    return found[(found["kind"] == "random") & found["two_sided"] & (found["instance"] < 0)]


def medians(rows: pd.DataFrame) -> pd.Series:
    """Number of directions by dimension, the median of trials."""
    return rows.groupby("dimensions")["count"].median()
