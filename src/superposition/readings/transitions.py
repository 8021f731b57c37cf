"""Where recovery sets in: of the table of recovery, the dimensions from which on half of all samples are recovered.

Needs numpy and pandas, not torch.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from superposition.exact.sums import mean
from superposition.readings.ranking import by_rank
from superposition.readings.results import Tables

HALF = 0.5


@dataclass(frozen=True)
class Sweep:
    """One projection of each width, `rows` of the table of recovery."""

    rows: pd.DataFrame

    @property
    def widths(self) -> list[int]:
        return sorted(self.rows["n_hidden"].unique().tolist())

    def shares(self, decoder: str, column: str = "recovered") -> pd.DataFrame:
        """A row for each width, a column for each number of active features."""
        own = self.rows[(self.rows["decoder"] == decoder) & self.rows["active"].notna()]
        return own.pivot_table(index="n_hidden", columns="active", values=column, aggfunc=_mean)

    def losses(self, decoder: str) -> pd.Series:
        """By width, on data like that of training."""
        own = self.rows[(self.rows["decoder"] == decoder) & self.rows["active"].isna()]
        return own.groupby("n_hidden")["loss"].agg(_mean)


def trained(recovery: pd.DataFrame, tables: Tables) -> list[Sweep]:
    """The trained projections with the lowest loss at each width, those with the next one, ..."""
    return [Sweep(recovery[recovery["instance"].isin(own["instance"])]) for own in by_rank(tables.instances)]


def others(recovery: pd.DataFrame, kind: str) -> list[Sweep]:
    """The projections of another kind, one of each width in each."""
    own = recovery[recovery["projection"] == kind]
    return [Sweep(rows) for _, rows in own.groupby("number")]


def pooled(sweeps: Sequence[Sweep]) -> Sweep:
    """As if the samples of all were of one."""
    return Sweep(pd.concat([sweep.rows for sweep in sweeps]))


def _mean(values: pd.Series) -> float:
    return float(mean(values))


def transitions(shares: pd.DataFrame) -> pd.Series:
    """By number of active features the width at which the share rises through a half, between widths interpolated.

    `shares` has a row for each width. Numbers without both a width below it and one above are left out.
    """
    found = {}
    widths = shares.index.to_numpy(dtype=float)
    for active in shares.columns:
        share = shares[active].to_numpy()
        above = np.flatnonzero(share >= HALF)
        if len(above) and above[0] > 0:
            high = above[0]
            part = (HALF - share[high - 1]) / (share[high] - share[high - 1])
            found[active] = widths[high - 1] + part * (widths[high] - widths[high - 1])
    return pd.Series(found, dtype=float)


def not_between(sweep: Sweep, up_to: float = math.inf) -> str:
    """What to say of numbers of active features without a transition between widths; nothing where all have one."""
    shares = sweep.shares("lasso")
    counts = shares.columns.to_numpy(dtype=float)
    known = transitions(shares).index.to_numpy(dtype=float)
    without = [f"{active:g}" for active in np.setdiff1d(counts[counts <= up_to], known)]
    return f" (k = {', '.join(without)} left out: none between measured m)" if without else ""
