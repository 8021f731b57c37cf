"""Neurons with a bias of their own: whether the ReLU on them is ever off, and what loss that gives, over densities.

Where a hidden sum W_j x + c_j is above 0 on all data, the ReLU does nothing. Needs numpy and pandas, not torch.
"""

from collections.abc import Iterable, Mapping

import pandas as pd

from superposition.exact.sums import mean
from superposition.readings.ranking import ranked
from superposition.readings.results import Tables
from superposition.readings.solutions import Setting, instances_at

ALMOST_ALWAYS = 0.9  # of the data
SAME_LOSS = 0.02  # relative

# By density, one row of the instances, with `positive`, the share of data with a hidden sum above 0, mean of the
# neurons, and `lowest`, the least of the hidden biases.
Ranked = dict[float, pd.Series]


def ranked_by_density(tables: Tables, rows: Mapping[float, pd.DataFrame]) -> list[Ranked]:
    """The models with the lowest loss at each density; those with the next one, ...; rows come by loss."""
    own = tables.hidden.groupby("instance")
    positive, lowest = own["active"].apply(lambda active: float(mean(active))), own["bias"].min()
    signs = pd.DataFrame({"positive": positive, "lowest": lowest})
    return ranked({s: [row for _, row in at.join(signs, on="instance").iterrows()] for s, at in rows.items()})


def ranked_at(tables: Tables, setting: Setting, densities: Iterable[float]) -> list[Ranked]:
    """The same of a setting, at some densities."""
    return ranked_by_density(tables, {s: instances_at(tables, setting, s) for s in densities})


def always_on(models: Ranked) -> bool:
    """Whether at each density all hidden biases are positive, and hidden sums almost always."""
    return all(row["lowest"] > 0 and row["positive"] > ALMOST_ALWAYS for row in models.values())


def ratios(models: Ranked, linear: Ranked) -> dict[float, float]:
    """By density, losses over those of the models of the same rank with a linear hidden layer."""
    return {s: float(row["loss"] / linear[s]["loss"]) for s, row in models.items()}


def as_good_as_linear(models: Ranked, linear: Ranked) -> bool:
    """Whether features are learned at each density, and at the loss of models with a linear hidden layer."""
    learned = all(row["n_represented"] > 0 for row in models.values())
    return learned and all(abs(ratio - 1) < SAME_LOSS for ratio in ratios(models, linear).values())
