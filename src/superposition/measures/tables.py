"""The tables that the measure stage stores: one function each, from the world's frames and the trained weights.

Instances are known by their number, which is also their place on the first axis of every array. Two instances that
differ in nothing but the seed stand at the same `point` of the experiment's axes; among those, `rank` counts from the
lowest held-out loss, 0, which is `best` (Elhage et al. keep the lowest loss of several fits where they say what they
kept).
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Float
from numpy import ndarray

from superposition.exact.grids import WEIGHT
from superposition.measures.dimensionality import dimensions_per_feature, feature_dimensionality, frobenius_squared
from superposition.measures.superposition import count, dedicated, norms, represented, superposition

MAX_TRAJECTORIES = 1_000_000  # weights, of all instances and snapshots of an experiment


def on_weight_grid(W: Float[ndarray, "instance *rest"]) -> Float[ndarray, "instance *rest"]:
    """`W` in float64, rounded to the grid of trained weights, 2^-18, on which measures have the same bits everywhere.

    Exact training leaves weights there anyway. Float32 training does not, and may also leave the grid's range of +-8,
    which costs no accuracy but the promise, one that float32 does not make.
    """
    if not bool(np.isfinite(W).all()):
        broken = [instance for instance, weights in enumerate(W) if not bool(np.isfinite(weights).all())]
        raise ValueError(f"weights of instances {broken} are not finite: their training diverged")
    steps = 2.0**WEIGHT.fraction_bits
    return np.asarray(np.rint(np.asarray(W, dtype=np.float64) * steps) / steps)


def instances_table(
    instances: pd.DataFrame,
    features: pd.DataFrame,
    W: Float[ndarray, "instance hidden feature"],
    loss: Float[ndarray, " instance"],
    models: Sequence[Mapping[str, Any]],
) -> pd.DataFrame:
    """One row per instance: the world's columns, the point it stands at, its loss, and measures of all its features.

    `instances` and `features` are the world's frames, `loss` is the importance-weighted held-out loss, `models` the
    settings of each model, of which those that are numbers have columns. `density` is 1 - S, missing where features
    have their own; `importance_curve` says in words how importance falls from feature to feature.
    """
    instances, features = in_order(instances, features, W)
    W = on_weight_grid(W)
    density = features["density"].to_numpy().reshape(len(instances), -1)
    table = instances.rename(columns={"importance": "importance_curve"}).assign(
        density=np.where(instances["sparsity"].notna(), density[:, 0], np.nan),
        point=points(instances, features),
        loss=loss,
        n_represented=count(represented(W)),
        n_dedicated=count(dedicated(W)),
        frobenius_squared=frobenius_squared(W),
        dimensions_per_feature=dimensions_per_feature(W, instances["n_hidden"].tolist()),
    )
    for number in ("hidden_l1", "training_attack"):
        table[number] = table["model"].map({model["name"]: float(model[number]) for model in models})
    rank = table.sort_values(["loss", "seed"], kind="stable").groupby("point").cumcount()  # by the table's rows
    return table.assign(rank=rank, best=rank == 0)


def features_table(
    instances: pd.DataFrame,
    features: pd.DataFrame,
    W: Float[ndarray, "instance hidden feature"],
    b: Float[ndarray, "instance feature"],
) -> pd.DataFrame:
    """One row per instance and feature. `instances` is what `instances_table` returned, `features` is the world's."""
    instances, features = in_order(instances, features, W)
    W = on_weight_grid(W)
    coordinates = instances[["instance", "model", "n_hidden", "sparsity", "importance_curve", "sets", "seed", "best"]]
    table = coordinates.merge(features[["instance", "feature", "importance", "density"]], on="instance")
    return table.assign(
        norm=norms(W).ravel(),
        superposition=superposition(W).ravel(),
        dimensionality=feature_dimensionality(W).ravel(),
        bias=b.ravel(),
    )


def weights_table(
    W: Float[ndarray, "instance hidden feature"], W_out: Float[ndarray, "instance feature hidden"]
) -> pd.DataFrame:
    """W of all instances, one row per weight: claims say how many of the single seeds show what the best one shows.

    `value_out` is the output weight between the same hidden dimension and feature: it is missing in tied models, where
    it would be `value` again. Their `W_out` is NaN.
    """
    tied = np.isnan(W_out).all(axis=(1, 2))[:, None, None]
    value_out = np.where(tied, np.nan, on_weight_grid(np.where(tied, W.mT, W_out)).mT)
    instance, hidden, feature = (axis.ravel() for axis in np.indices(W.shape))
    columns = {"instance": instance, "hidden": hidden, "feature": feature}
    values = {"value": on_weight_grid(W).ravel(), "value_out": value_out.ravel()}
    return pd.DataFrame(columns | values)


def learning_table(steps: Sequence[int], W: Float[ndarray, "snapshot instance hidden feature"]) -> pd.DataFrame:
    """One row per instance, feature and step of which weights were kept: how strongly it was represented then.

    In float32, since an experiment has many: of exact float64 values, and so the same everywhere.
    """
    parts = []
    for step, now in zip(steps, map(on_weight_grid, W), strict=True):
        instance, feature = (axis.ravel().astype(np.int32) for axis in np.indices((now.shape[0], now.shape[2])))
        columns = {"instance": instance, "step": np.int32(step), "feature": feature}
        values = {"norm": norms(now), "dimensionality": feature_dimensionality(now)}
        parts.append(pd.DataFrame(columns | {key: value.ravel().astype(np.float32) for key, value in values.items()}))
    return pd.concat(parts).sort_values(["instance", "step", "feature"], kind="stable", ignore_index=True)


def trajectories_table(steps: Sequence[int], W: Float[ndarray, "snapshot instance hidden feature"]) -> pd.DataFrame:
    """W at each step of which it was kept, one row per weight; none for experiments of over a million of them."""
    W = W if W.size <= MAX_TRAJECTORIES else W[:0]
    at, instance, hidden, feature = (axis.ravel().astype(np.int32) for axis in np.indices(W.shape))
    step = np.asarray(steps, dtype=np.int32)[at]
    columns = {"instance": instance, "step": step, "hidden": hidden, "feature": feature}
    values = {"value": on_weight_grid(W).ravel().astype(np.float32)}  # 21 bits, which float32 holds exactly
    table = pd.DataFrame(columns | values)
    return table.sort_values(["instance", "step", "hidden", "feature"], kind="stable", ignore_index=True)


def hidden_table(b: Float[ndarray, "instance hidden"], active: Float[ndarray, "instance hidden"]) -> pd.DataFrame:
    """One row per hidden dimension: its bias, and the share of held-out samples at which its sum is above 0.

    `active` is NaN of models whose hidden layer is linear, where it would mean nothing.
    """
    instance, hidden = (axis.ravel() for axis in np.indices(b.shape))
    columns = {"instance": instance, "hidden": hidden}
    return pd.DataFrame(columns | {"bias": b.ravel(), "active": active.ravel()})


def of_own_widths(table: pd.DataFrame, instances: pd.DataFrame) -> pd.DataFrame:
    """A table with a row for each hidden dimension, without those that its instance lacks."""
    own = table["instance"].map(instances.set_index("instance")["n_hidden"])
    return table[table["hidden"] < own].reset_index(drop=True)


def with_plain_zeros(table: pd.DataFrame) -> pd.DataFrame:
    """A table without -0.0: processors disagree on which of 0.0 and -0.0 is the larger. (NaN is stored as missing.)"""
    return table.assign(**{str(key): x + 0 for key, x in table.items() if x.dtype.kind == "f"})


def in_order(
    instances: pd.DataFrame, features: pd.DataFrame, W: Float[ndarray, "instance hidden feature"]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Both frames in the order of the arrays, after making sure that they speak of the same instances and features."""
    instances = instances.sort_values("instance", ignore_index=True)
    features = features.sort_values(["instance", "feature"], ignore_index=True)
    n_instances, _, n_features = W.shape
    if instances["instance"].tolist() != list(range(n_instances)):
        raise ValueError(f"there are weights of {n_instances} instances, and other ones in the world")
    expected = np.indices((n_instances, n_features)).reshape(2, -1).T
    if not np.array_equal(features[["instance", "feature"]].to_numpy(), expected):
        raise ValueError(f"the world's features are not {n_features} for each of {n_instances} instances")
    return instances, features


def points(instances: pd.DataFrame, features: pd.DataFrame) -> list[int]:
    """Number of the point of each instance, counted in the order of the instances.

    Densities tell apart what `sparsity` cannot, it is NaN for every point that gives one sparsity per feature.
    """
    labels = instances[["model", "n_hidden", "importance", "sets", "set_size"]].itertuples(index=False)
    worlds = features[["density", "importance"]].to_numpy().reshape(len(instances), -1)
    numbers: dict[tuple[object, ...], int] = {}
    keys = [(*label, world.tobytes()) for label, world in zip(labels, worlds, strict=True)]
    return [numbers.setdefault(key, len(numbers)) for key in keys]
