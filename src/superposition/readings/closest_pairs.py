"""The closest two directions of trained models, beside chance and beside as many that an optimiser spread out.

From the table `packings`; needs pandas, not torch.
"""

import math
from typing import NamedTuple

import pandas as pd

from superposition.readings.growth import CHANCE
from superposition.readings.ranking import by_loss, ranked
from superposition.readings.results import NotInThisRun, Tables
from superposition.readings.solutions import extra
from superposition.theory.packings import largest_cosine


class ClosestPair(NamedTuple):
    """The largest cosine of two directions in one model."""

    cosine: float
    chance: float  # of as many random directions; 1 of too few to say
    optimised: float  # of as many that an optimiser spread out; NaN where that was not done

    @property
    def of_the_way(self) -> float:
        """From chance to the optimiser's; 0 where one of them is not known."""
        share = (self.chance - self.cosine) / (self.chance - self.optimised)
        return 0.0 if math.isnan(share) else share


def closest_pairs(tables: Tables) -> list[dict[int, ClosestPair]]:
    """By number of dimensions, of the models with the lowest loss at each, of those with the next one, ..."""
    found = extra(tables, "packings")
    rows = found[found["kind"] == "trained"].merge(tables.instances[["instance", "loss", "seed"]], on="instance")
    if rows.empty:
        raise NotInThisRun("no trained models among the packings")
    optimised = found[(found["kind"] == "optimised") & (found["instance"] >= 0)].set_index("dimensions")["cosine"]

    def pair(m: int, row: pd.Series) -> ClosestPair:
        chance = largest_cosine(int(row["count"]), m) if row["count"] >= CHANCE else 1.0
        return ClosestPair(float(row["cosine"]), chance, float(optimised.get(m, math.nan)))

    return [{m: pair(m, row) for m, row in models.items()} for models in ranked(by_loss(rows, "dimensions"))]
