"""What features that a model does not represent add to its hidden sums: where they are many, nearly a constant.

A neuron without a bias has h_k = relu(sum_j W_kj x_j). Features whose vectors are short have weights there all the
same; what those add has a mean and a standard deviation, which follow from the weights and the density. Where the mean
is several standard deviations, it is a bias in all but name. Needs numpy and pandas, not torch.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from jaxtyping import Float

from superposition.exact.sums import mean, total
from superposition.measures.thresholds import REPRESENTED_NORM
from superposition.readings.kinds import is_plain
from superposition.readings.results import Tables
from superposition.readings.solutions import Setting, instances_at

LINEAR, RELU = "relu_output", "relu_hidden"  # models, by the hidden layer that they have
MANY = 100  # features, for an average of them to be steady


@dataclass(frozen=True)
class Averaged:
    """One model with a ReLU on the hidden layer; `average` and `deviation` are of what left-out features add."""

    average: Float[np.ndarray, " hidden"]
    deviation: Float[np.ndarray, " hidden"]
    on: Float[np.ndarray, " hidden"]  # share of the data on which each hidden sum is above 0
    represented: int
    loss: float

    @property
    def steadiness(self) -> Float[np.ndarray, " hidden"]:
        """Standard deviations that the average is; 0 where no feature is left out, or all of their weights are 0."""
        some = self.deviation > 0
        return np.divide(self.average, self.deviation, out=np.zeros(len(self.average)), where=some)

    @property
    def often(self) -> float:
        """Share of the data on which neurons are on, their mean."""
        return float(mean(self.on))


def averaged(tables: Tables, row: pd.Series) -> Averaged:
    """Of the model of one row of the table of instances, whose features are uniform and have one density."""
    instance, s = int(row["instance"]), float(row["density"])
    W = tables.weights_of(instance)
    left_out = W[:, tables.features_of(instance)["norm"].to_numpy() <= REPRESENTED_NORM]
    hidden = tables.hidden[tables.hidden["instance"] == instance].sort_values("hidden", kind="stable")
    return Averaged(
        average=total(left_out, axis=1) * (s / 2),
        deviation=np.sqrt(total(np.square(left_out), axis=1) * (s / 3 - s * s / 4)),
        on=hidden["active"].to_numpy(dtype=float),
        represented=int(row["n_represented"]),
        loss=float(row["loss"]),
    )


def averaged_at(tables: Tables, setting: Setting, density: float) -> list[Averaged]:
    """The models of a setting at one density, lowest loss first."""
    return [averaged(tables, row) for _, row in instances_at(tables, setting, density).iterrows()]


def beside(tables: Tables, setting: Setting, other: Setting, density: float) -> list[tuple[Averaged, float]]:
    """The same, each with the loss of the model of another setting that has the same rank."""
    losses = instances_at(tables, other, density)["loss"].tolist()
    return list(zip(averaged_at(tables, setting, density), losses, strict=False))


def has_both_kinds(tables: Tables) -> bool:
    """Models of many plain features with a linear hidden layer, and with a ReLU on it, at the same densities."""
    best = tables.best
    return (
        set(best["model"]) == {LINEAR, RELU}
        and is_plain(tables)
        and tables.n_features >= MANY
        and bool(best["density"].notna().all())
        and len(best) == 2 * best["density"].nunique()
        and bool((best["loss"] > 0).all())
    )
