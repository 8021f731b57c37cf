"""How fast a number of directions grows with the dimension. Needs no torch."""

from typing import NamedTuple

import numpy as np
import pandas as pd


class Growth(NamedTuple):
    """log N = start + rate m, fitted by least squares; `straightness` is R^2."""

    rate: float
    start: float
    straightness: float


def growth(counts: pd.Series) -> Growth:
    """Of numbers N of directions by dimension, at least two of them."""
    m, log = counts.index.to_numpy(float), np.log(counts.to_numpy(float))
    rate, start = np.polyfit(m, log, 1)
    left = ((log - start - rate * m) ** 2).sum()
    spread = ((log - log.mean()) ** 2).sum()
    found = (rate, start, 1 - left / spread if spread > 0 else 0.0)
    return Growth(*(float(np.round(number, 9)) for number in found))


def medians(rows: pd.DataFrame) -> pd.Series:
    """Number of directions by dimension, the median of trials."""
    return rows.groupby("dimensions")["count"].median()
