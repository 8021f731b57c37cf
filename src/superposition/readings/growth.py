"""How fast a number of directions grows with the dimension, and at which |cos| that is judged. Needs no torch."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from superposition.exact.functions import log
from superposition.exact.sums import line, mean, total
from superposition.readings.results import NotInThisRun, Tables
from superposition.readings.solutions import extra

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


def lines_by_limit(tables: Tables) -> dict[float, Growth]:
    """`straight` at each limit of |cos| that has enough dimensions, `LIMIT` among them; or NotInThisRun."""
    random = drawn(extra(tables, "packings"))
    limits = sorted(random["limit"].unique().tolist())
    found = {limit: fit for limit in limits if (fit := straight(random[random["limit"] == limit]))}
    if LIMIT not in found:
        raise NotInThisRun(
            f"the claim needs random directions below {LIMIT:g} at {AT_LEAST} dimensions from {STRAIGHT_FROM}"
        )
    return found


def rates_of_trials(tables: Tables) -> list[float]:
    """At `LIMIT`, of the single trials that were made at all dimensions from which on growth is a straight line."""
    random = drawn(extra(tables, "packings"))
    random = random[(random["limit"] == LIMIT) & (random["dimensions"] >= STRAIGHT_FROM)]
    everywhere = random.groupby("trial").filter(lambda own: len(own) == random["dimensions"].nunique())
    return [growth(own.set_index("dimensions")["count"]).rate for _, own in everywhere.groupby("trial")]


def counts_by_kind(tables: Tables) -> dict[str, pd.Series]:
    """`medians` at `LIMIT` of random, greedy and grown directions, each at two dimensions or more; or NotInThisRun."""
    found = extra(tables, "packings")
    found = found[np.isclose(found["limit"], LIMIT) & (found["instance"] < 0)]
    counts = {kind: medians(found[found["kind"] == kind]) for kind in ("random", "greedy", "grown")}
    if min(map(len, counts.values())) < 2:
        raise NotInThisRun(f"the claim needs {', '.join(counts)} directions below {LIMIT:g}")
    return counts
