"""Losses split in two: what features cost that are not represented, and what those cost that are.

A represented feature with a dimension of its own would cost nothing, so that what it costs is interference, along with
what the model does against it (Elhage et al. 2022, "Definitions and Motivation"). From the table `ablations`; needs
pandas, not torch.
"""

import pandas as pd

from superposition.exact.sums import total
from superposition.measures.thresholds import REPRESENTED_NORM
from superposition.readings.results import Tables


def split_losses(tables: Tables) -> pd.DataFrame:
    """One row per instance, data and part that is switched off, with the instance's columns.

    `missing`, `interference` and their sum `total` are means over all features of I_i (x_i - x'_i)^2; `own` and
    `without` are the table's, and `data_density` is the density of the data, of the first feature.
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
    return split.merge(tables.instances, on="instance")


def _total(values: pd.Series) -> float:
    return float(total(values))
