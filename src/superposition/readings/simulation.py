"""A narrow network as the simulation of a wide one without superposition (Elhage et al. 2022, "Definitions and
Motivation"), where the wide one computes absolute values with two neurons for each feature.

`W` is [hidden, feature], `W_out` [feature, hidden], `b` [feature]. A half of a feature is what one neuron of the wide
network computes, ReLU(x_i) or ReLU(-x_i); halves are listed as 1+, 1-, 2+, 2-, ... Numpy, of stored tables.
"""

from typing import NamedTuple

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float

from superposition.exact.sums import matmul, mean, total
from superposition.measures.computation import canonical, kinds, primary_features, responses, stack_heights
from superposition.readings.kinds import is_plain
from superposition.readings.ranking import by_rank
from superposition.readings.results import NotInThisRun, Tables
from superposition.readings.solutions import extra
from superposition.theory.equivalent_width import equivalent_width, monosemantic_losses

# A half counts as simulated if the response to it alone is within this of |x|, as in measures of the paper's larger
# model (claims/computation.py), at two places.
RESPONSE = 0.25
PLACES = (0.5, 1.0)

# Networks of one rank, rows of `equivalent_widths`.
Networks = pd.DataFrame
Range = tuple[float, float]  # of density, both ends included


class WideNetwork(NamedTuple):
    """One network with two neurons for each feature."""

    curve: str  # of importance
    loss: float  # over that of constants
    monosemantic: int  # neurons
    halves: int  # of features, that some neuron responds to most


class Simulation(NamedTuple):
    """What comes out of one narrow network at each half of a feature alone."""

    n_hidden: int
    halves: int  # that are `simulated`
    stray: float  # the largest output of another feature at one of these; 0 if there are none
    cosine: float  # the largest of two of their directions; 0 if there are none


def wide_networks(tables: Tables, n_features: int, at_least: float) -> list[list[WideNetwork]]:
    """Those of each importance at the highest density, by rank; raises NotInThisRun where that is not high enough."""
    rows = _networks(tables, n_features)
    wide = rows[(rows["n_hidden"] == 2 * n_features) & (rows["density"] == rows["density"].max())]
    if not wide["density"].max() >= at_least:
        raise NotInThisRun(f"no wide network was trained at a density of {at_least:g} or more")
    return [[_wide_network(tables, row) for _, row in own.iterrows()] for own in by_rank(wide)]


def narrow_networks(tables: Tables, n_features: int, density: Range = (0.0, 1.0)) -> list[Networks]:
    """Those too narrow for two neurons for each feature, of each width, importance and density in a range, by rank."""
    return by_rank(_narrow(tables, n_features, density))


def ratios_by_density(networks: Networks) -> pd.DataFrame:
    """Equivalent width over width: a row for each importance and width, a column for each density, the lowest first."""
    return networks.pivot_table(index=["curve", "n_hidden"], columns="density", values="ratio", aggfunc="first")


def ratios_by_importance(networks: Networks, curves: tuple[str, str]) -> tuple[pd.Series, pd.Series]:
    """Equivalent width over width at each width and density, with one importance and with another."""
    if missing := set(curves) - set(networks["curve"]):
        raise NotInThisRun(f"no importance {', '.join(sorted(missing))} in this run")
    table = networks.pivot_table(index=["n_hidden", "density"], columns="curve", values="ratio", aggfunc="first")
    return table[curves[0]], table[curves[1]]


def read_outs(tables: Tables, n_features: int, density: Range) -> list[Networks]:
    """The same, those that were measured, with `linear` and `rectified`: the share of the variance of the wide
    network's neurons that such a read-out explains, mean over neurons.
    """
    own = extra(tables, "imitation").groupby("instance")
    means = pd.DataFrame({key: own[key].apply(_mean) for key in ("linear", "rectified")})
    return by_rank(_narrow(tables, n_features, density).join(means, on="instance", how="inner"))


def simulations(tables: Tables, networks: Networks) -> list[Simulation]:
    """What comes out of each of them, at one half of a feature at a time."""
    return [_simulation(tables, int(instance)) for instance in networks["instance"]]


def _simulation(tables: Tables, instance: int) -> Simulation:
    W, W_out = tables.weights_of(instance), tables.weights_out_of(instance)
    b = tables.features_of(instance)["bias"].to_numpy()
    found = simulated(W, W_out, b)
    stray = float(strays(outputs_alone(W, W_out, b))[found].max(initial=0.0))
    return Simulation(len(W), int(np.count_nonzero(found)), stray, closest(directions(W, W_out)[found]))


def _wide_network(tables: Tables, row: pd.Series) -> WideNetwork:
    W = tables.weights_of(int(row["instance"]))
    importance = tables.features_of(int(row["instance"]))["importance"].to_numpy()
    primary = primary_features(W)
    halves = set(zip(primary.tolist(), np.sign(W[np.arange(len(W)), primary]).tolist(), strict=True))
    constants = float(monosemantic_losses(float(row["density"]), importance)[0])
    monosemantic = kinds(stack_heights(W)).count("mono")
    return WideNetwork(str(row["curve"]), float(row["loss"]) / constants, monosemantic, len(halves))


def _narrow(tables: Tables, n_features: int, density: Range) -> pd.DataFrame:
    rows = _networks(tables, n_features)
    kept = rows[(rows["n_hidden"] < 2 * n_features) & rows["density"].between(*density)]
    if kept.empty:
        raise NotInThisRun("no narrow network was trained at such a density")
    return kept


def _networks(tables: Tables, n_features: int) -> pd.DataFrame:
    models, wide = set(tables.instances["model"]), 2 * n_features
    if (models, tables.n_features, tables.n_hidden) != ({"absolute_value"}, n_features, wide):
        raise NotInThisRun(f"the claim is about absolute values of {n_features} features, and networks of up to {wide}")
    if not has_equivalent_widths(tables):
        raise NotInThisRun("the claim is about independent, signed features of one density, in order of importance")
    return equivalent_widths(tables)


def _mean(values: pd.Series) -> float:
    return float(mean(values))


def has_equivalent_widths(tables: Tables) -> bool:
    """Independent features with signed values, of one density in each model, the most important ones first."""
    numbers = tables.instances["instance"].to_numpy()
    falling = bool((np.diff(tables.per_feature("importance", numbers), axis=1) <= 0).all())
    return is_plain(tables, "signed") and bool(tables.instances["density"].notna().all()) and falling


def equivalent_widths(tables: Tables) -> pd.DataFrame:
    """A row for each instance: `instance`, `n_hidden`, `density`, `curve` (of importance), `point`, `seed`, `best`,
    `loss`, `equivalent` (how many neurons without superposition do as well) and `ratio`, that over n_hidden.
    """
    rows = tables.instances.sort_values(["point", "rank"], ignore_index=True)
    numbers = rows["instance"].to_numpy()
    density, importance = (tables.per_feature(column, numbers) for column in ("density", "importance"))
    found = rows[["instance", "n_hidden", "point", "seed", "rank", "best", "loss"]].assign(
        density=density[:, 0],
        curve=rows["importance_curve"],
        equivalent=[
            equivalent_width(loss, float(s[0]), curve)
            for loss, s, curve in zip(rows["loss"], density, importance, strict=True)
        ],
    )
    return found.assign(ratio=found["equivalent"] / found["n_hidden"])


def directions(
    W: Float[np.ndarray, "hidden feature"], W_out: Float[np.ndarray, "feature hidden"]
) -> Float[np.ndarray, "half hidden"]:
    """The hidden values at each half alone, x = e_i and x = -e_i, with the largest input weight of each neuron 1.

    Halves of one feature are never on the same neurons, since ReLU(W_i) and ReLU(-W_i) are not.
    """
    scaled = canonical(W, W_out)[0].T
    both = np.stack([np.maximum(scaled, 0), np.maximum(-scaled, 0)], axis=1)
    return both.reshape(-1, scaled.shape[1])


def simulated(
    W: Float[np.ndarray, "hidden feature"], W_out: Float[np.ndarray, "feature hidden"], b: Float[np.ndarray, " feature"]
) -> Bool[np.ndarray, " half"]:
    """Of which halves the absolute value comes out right when they alone are there."""
    close = [
        [np.abs(responses(W, W_out, b, sign * size) - size) <= RESPONSE * size for sign in (1, -1)] for size in PLACES
    ]
    found: np.ndarray = np.all(close, axis=0).T.ravel()
    return found


def outputs_alone(
    W: Float[np.ndarray, "hidden feature"], W_out: Float[np.ndarray, "feature hidden"], b: Float[np.ndarray, " feature"]
) -> Float[np.ndarray, "half feature"]:
    """All outputs at each half alone, x = e_i and x = -e_i."""
    both = np.stack([np.maximum(W.T, 0), np.maximum(-W.T, 0)], axis=1).reshape(-1, len(W))
    return np.maximum(matmul(both, W_out.T) + b, 0)


def strays(outputs: Float[np.ndarray, "half feature"]) -> Float[np.ndarray, " half"]:
    """The largest output of another feature at each half alone."""
    halves, features = outputs.shape
    own = np.arange(halves)[:, None] // 2 == np.arange(features)
    found: np.ndarray = np.where(own, 0.0, outputs).max(axis=1)
    return found


def closest(vectors: Float[np.ndarray, "half hidden"]) -> float:
    """The largest cosine between two of several directions; 0 if there are no two, 1 with one that is 0."""
    if len(vectors) < 2:
        return 0.0
    lengths = np.sqrt(total(vectors * vectors, axis=1))
    if not lengths.all():
        return 1.0
    unit = vectors / lengths[:, None]
    cosines = matmul(unit, unit.T)
    return float(cosines[~np.eye(len(unit), dtype=bool)].max())
