"""Where recovery sets in: of the table of recovery, the dimensions from which on half of all samples are recovered.

Needs numpy and pandas, not torch.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from superposition.exact.sums import mean
from superposition.readings.kinds import is_important_alike, is_plain
from superposition.readings.ranking import by_rank
from superposition.readings.results import NotInThisRun, Tables
from superposition.readings.solutions import SAME_DENSITY, extra
from superposition.theory.compressed_sensing import order, smallest_sum

HALF = 0.5
LEAST = 3  # transitions, for a course over numbers of active features


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

    def mean_shares(self, decoder: str, widths: Sequence[int], column: str = "recovered") -> np.ndarray:
        """At some widths, the mean over numbers of active features."""
        return mean(self.shares(decoder, column).loc[list(widths)], axis=1)

    def best_shares(self, widths: Sequence[int]) -> np.ndarray:
        """The same of the decoder that recovers most, for each number of active features."""
        decoders = self.rows["decoder"].unique()
        best = pd.concat([self.shares(decoder) for decoder in decoders]).groupby(level=0).max()
        return mean(best.loc[list(widths)], axis=1)

    def loss_ratios(self) -> pd.Series:
        """Losses of the read-out over the lasso's, by width; where both lose nothing they are equal."""
        own, best = self.losses("relu_readout"), self.losses("lasso")
        return (own / best.where(best > 0)).fillna(np.inf).where((own > 0) | (best > 0), 1.0)


def trained_at(tables: Tables, density: float) -> list[Sweep]:
    """`trained`, of relu_output models of independent, equally important features of one density; or NotInThisRun."""
    if set(tables.instances["model"]) != {"relu_output"} or not is_plain(tables) or not is_important_alike(tables):
        raise NotInThisRun("the claim is about relu_output models of independent, equally important features")
    if not np.allclose(tables.features["density"], density, rtol=SAME_DENSITY):
        raise NotInThisRun(f"the claim is about models of features with density {density:g}")
    return trained(extra(tables, "recovery"), tables)


def trained_weights(tables: Tables, sweep: Sweep, width: int) -> np.ndarray:
    """W of the trained model of a width, [hidden, feature]."""
    rows = sweep.rows
    return tables.weights_of(int(rows.loc[rows["n_hidden"] == width, "instance"].iloc[0]))


def of_kind(tables: Tables, kind: str) -> list[Sweep]:
    """`others`; or NotInThisRun where none were measured."""
    found = others(extra(tables, "recovery"), kind)
    if not found:
        raise NotInThisRun(f"no {kind} projections in this run")
    return found


def of_lasso(sweep: Sweep) -> pd.Series:
    """`transitions` of the lasso, where there are enough of them for a course."""
    found = transitions(sweep.shares("lasso"))
    if len(found) < LEAST:
        raise NotInThisRun(f"the claim needs {LEAST} numbers of active features with a transition between widths")
    return found


def beyond_theory(sweep: Sweep, n_features: int) -> pd.Series:
    """`of_lasso`, less the dimensions of Donoho and Tanner's transition of non-negative vectors."""
    found = of_lasso(sweep)
    return found - [smallest_sum(float(active), n_features) for active in found.index]


def constants(sweep: Sweep, n_features: int, up_to: float) -> pd.Series:
    """`of_lasso` over k log(n / k), by numbers k of active features up to one."""
    found = of_lasso(sweep)
    found = found[found.index <= up_to]
    if len(found) < LEAST:
        raise NotInThisRun(f"the claim needs {LEAST} numbers of up to {up_to:g} active features with a transition")
    return found / order(found.index.to_numpy(float), n_features)


def departure(ratios: pd.Series) -> float:
    """How far the one farthest from their mean is from it, relative to it."""
    return float((ratios / float(mean(ratios)) - 1).abs().max())


def below_half(sweep: Sweep, n_features: int) -> list[int]:
    """Widths at which more than two features share a dimension if all are represented."""
    widths = [m for m in sweep.widths if 2 * m < n_features]
    if not widths:
        raise NotInThisRun("the claim is about fewer dimensions than half the features")
    return widths


def half_of(tables: Tables) -> int:
    """Half as many dimensions as features."""
    n = tables.n_features
    if n % 2 or n // 2 not in set(tables.instances["n_hidden"]):
        raise NotInThisRun("the claim needs half as many dimensions as features")
    return n // 2


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
