"""Losses over the number of hidden dimensions, of features whose densities fall as a power of their number (claims and
figures of `width_scaling` and `width_scaling_weak`).

Liu, Liu & Gore 2025, "Superposition Yields Robust Neural Scaling", have such models: feature i = 1, 2, ... is active
with a probability proportional to i^-a. Needs numpy and pandas, not torch.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float

from superposition.exact.functions import log, power
from superposition.exact.sums import line, mean, total
from superposition.measures.thresholds import REPRESENTED_NORM
from superposition.readings.kinds import is_important_alike, is_plain
from superposition.readings.ranking import by_loss, ranked
from superposition.readings.results import NotInThisRun, Tables
from superposition.theory.angles import cosines
from superposition.theory.losses import ignored

MODEL = "relu_output"
FEWEST_WIDTHS = 3  # that a slope is told by
DIGITS = 2  # of exponents
SAME_DENSITY = 1e-3  # relative


@dataclass(frozen=True)
class Scaled:
    """One model. `W` is [hidden, feature], `density` [feature]; `loss` is held-out, a mean over features."""

    W: Float[np.ndarray, "hidden feature"]
    norms: Float[np.ndarray, " feature"]
    density: Float[np.ndarray, " feature"]
    loss: float

    @property
    def represented(self) -> Bool[np.ndarray, " feature"]:
        return np.asarray(self.norms > REPRESENTED_NORM)

    @property
    def share(self) -> float:
        """Of all features, those that are represented."""
        return float(mean(self.represented))

    @property
    def left_out(self) -> float:
        """Loss of the features that are not represented, of which outputs give the mean."""
        return float(total(ignored(self.density, np.ones_like(self.density))[~self.represented]) / len(self.density))


Sweep = dict[int, Scaled]  # by number of hidden dimensions, ascending
Family = dict[float, Sweep]  # by the exponent of densities, ascending


def families(tables: Tables, n_features: int) -> list[Family]:
    """At each exponent and width the model with the lowest loss, the one with the next, ...; raises NotInThisRun."""
    if tables.n_features != n_features:
        raise NotInThisRun(f"the claim is about n = {n_features}; this run has n = {tables.n_features}")
    if set(tables.instances["model"]) != {MODEL} or not is_plain(tables) or not is_important_alike(tables):
        raise NotInThisRun(f"the claim is about {MODEL} models of independent features that matter alike")
    rows = tables.instances.assign(exponent=exponents(tables))
    if rows["exponent"].isna().any():
        raise NotInThisRun("the claim is about densities that fall as a power of the feature's number")
    if rows["n_hidden"].nunique() < FEWEST_WIDTHS:
        raise NotInThisRun(f"the claim needs models of at least {FEWEST_WIDTHS} numbers of hidden dimensions")
    present = sorted(rows["exponent"].unique().tolist())
    return ranked({exponent: _sweeps(tables, rows[rows["exponent"] == exponent]) for exponent in present})


def at_exponent(tables: Tables, n_features: int, exponent: float) -> list[Sweep]:
    """The sweep of one exponent in each family."""
    found = families(tables, n_features)
    if not all(exponent in family for family in found):
        raise NotInThisRun(f"the claim is about densities that fall as i^-{exponent:g}")
    return [family[exponent] for family in found]


def exponents(tables: Tables) -> Float[np.ndarray, " instance"]:
    """The power that the densities of each instance fall by, from 0 on; NaN where they do not fall so."""
    density = tables.per_feature("density", tables.instances["instance"].to_numpy())
    if density.shape[1] < 2:
        return np.full(len(density), np.nan)
    found = np.round(log(density[:, 0] / density[:, 1]) / log(2.0), DIGITS) + 0.0
    curves = power(np.arange(1.0, density.shape[1] + 1), -found[:, None])
    falling = np.isclose(density / density[:, :1], curves, rtol=SAME_DENSITY, atol=0).all(axis=1)
    return np.where(falling & (found >= 0), found, np.nan)


def slope(sweep: Sweep) -> float:
    """The power of the width that losses fall by: minus the slope of log loss over log m, by least squares."""
    return falls_as({m: model.loss for m, model in sweep.items()})


def falls_as(losses: dict[int, float]) -> float:
    """Likewise, of losses by width; infinite where one is 0."""
    values = np.array(list(losses.values()))
    return -line(log(np.array(list(losses), dtype=float)), log(values))[0] if bool((values > 0).all()) else np.inf


def overlap(model: Scaled) -> float:
    """Mean squared cosine of two represented features, times m: 1 for random directions; 0 of less than two."""
    cosine = cosines(model.W[:, model.represented])
    pairs = cosine[np.triu_indices(len(cosine), k=1)]
    return len(model.W) * float(mean(np.square(pairs))) if len(pairs) else 0.0


def least_overlap(model: Scaled) -> float:
    """The least that so many directions can have (Welch 1974): (k - m) / (k - 1), in a tight frame; 0 of at most m."""
    k, m = int(np.count_nonzero(model.represented)), len(model.W)
    return (k - m) / (k - 1) if k > m else 0.0


def _sweeps(tables: Tables, rows: pd.DataFrame) -> list[Sweep]:
    groups = by_loss(rows, "n_hidden")
    return ranked({int(m): [_scaled(tables, row) for row in own] for m, own in groups.items()})


def _scaled(tables: Tables, row: pd.Series) -> Scaled:
    instance = int(row["instance"])
    features = tables.features_of(instance)
    return Scaled(
        W=tables.weights_of(instance),
        norms=features["norm"].to_numpy(),
        density=features["density"].to_numpy(),
        loss=float(row["loss"]),
    )
