"""Losses split in two: what features cost that are not represented, and what those cost that are.

A represented feature with a dimension of its own would cost nothing, so that what it costs is interference, along with
what the model does against it (Elhage et al. 2022, "Definitions and Motivation"). From the table `ablations`; needs
pandas, not torch.
"""

import pandas as pd

from superposition.exact.sums import total
from superposition.measures.thresholds import REPRESENTED_NORM
from superposition.readings.results import Tables
from superposition.readings.solutions import importance_ratios

RATIO_DIGITS = 6


def split_losses(tables: Tables) -> pd.DataFrame:
    """One row per instance, data and part that is switched off, with the instance's columns.

    `missing`, `interference` and their sum `total` are means over all features of I_i (x_i - x'_i)^2; `own` and
    `without` are the table's, `data_density` is the density of the data, of the first feature, and `ratio` the
    importance of a feature over that of the one before, rounded; NaN where it is not the same for all.
    """
    features = tables.features[["instance", "feature", "importance", "norm"]]
    rows = tables.extra["ablations"].merge(features, on=["instance", "feature"])
    weighted = rows["importance"] * rows["error"] / tables.n_features
    known = rows["norm"] > REPRESENTED_NORM
    rows = rows.assign(missing=weighted.where(~known, 0.0), interference=weighted.where(known, 0.0))
    rows["data_density"] = rows["density"]
    # Of each instance the data come in the order in which they were asked for: two of them may have the same density.
    grouped = rows.groupby(["instance", "own", "data_density", "without"], sort=False)[["missing", "interference"]]
    split = grouped.agg(_total).reset_index()
    split["total"] = split["missing"] + split["interference"]
    instances = tables.instances
    ratio = importance_ratios(tables, instances["instance"].to_numpy()).round(RATIO_DIGITS)
    return split.merge(instances.assign(ratio=ratio), on="instance")


def _total(values: pd.Series) -> float:
    return float(total(values))
