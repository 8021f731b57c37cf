"""How fast a number of directions grows with the dimension. Needs no torch."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from superposition.exact.functions import log
from superposition.exact.sums import line, mean, total


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


def medians(rows: pd.DataFrame) -> pd.Series:
    """Number of directions by dimension, the median of trials."""
    return rows.groupby("dimensions")["count"].median()
