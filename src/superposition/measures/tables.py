"""The tables that the measure stage stores: one function each, from the world's frames and the trained tensors.

Instances are known by their number, which is also their place on the first axis of every tensor. Two instances that
differ in nothing but the seed stand at the same `point` of the experiment's axes; among those, the one with the lowest
held-out loss is `best` (Elhage et al. keep the lowest loss of several fits where they say what they kept).
"""

import numpy as np
import pandas as pd
import torch
from jaxtyping import Float
from torch import Tensor

from superposition.exact.grids import WEIGHT
from superposition.measures.dimensionality import dimensions_per_feature, feature_dimensionality, frobenius_squared
from superposition.measures.superposition import count, dedicated, norms, represented, superposition


def on_weight_grid(W: Float[Tensor, "instance hidden feature"]) -> Float[Tensor, "instance hidden feature"]:
    """`W` in float64, rounded to the grid of trained weights, 2^-18, on which measures have the same bits everywhere.

    Exact training leaves weights there anyway. Float32 training does not, and may also leave the grid's range of +-8,
    which costs no accuracy but the promise, one that float32 does not make.
    """
    if not bool(torch.isfinite(W).all()):
        broken = [instance for instance, weights in enumerate(W) if not bool(torch.isfinite(weights).all())]
        raise ValueError(f"weights of instances {broken} are not finite: their training diverged")
    steps = 2.0**WEIGHT.fraction_bits
    return torch.round(W.double() * steps) / steps


def instances_table(
    instances: pd.DataFrame,
    features: pd.DataFrame,
    W: Float[Tensor, "instance hidden feature"],
    loss: Float[Tensor, " instance"],
) -> pd.DataFrame:
    """One row per instance: the world's columns, the point it stands at, its loss, and measures of all its features.

    `instances` and `features` are the world's frames, `loss` is the importance-weighted held-out loss.
    """
    instances, features = _in_order(instances, features, W)
    W = on_weight_grid(W)
    table = instances.assign(
        point=_points(instances, features),
        loss=loss.double().numpy(),
        n_represented=count(represented(W)).numpy(),
        n_dedicated=count(dedicated(W)).numpy(),
        frobenius_squared=frobenius_squared(W).numpy(),
        dimensions_per_feature=dimensions_per_feature(W).numpy(),
    )
    best = table.sort_values(["loss", "seed"], kind="stable").drop_duplicates("point")["instance"]
    return table.assign(best=table["instance"].isin(best))


def features_table(
    instances: pd.DataFrame,
    features: pd.DataFrame,
    W: Float[Tensor, "instance hidden feature"],
    b: Float[Tensor, "instance feature"],
) -> pd.DataFrame:
    """One row per instance and feature. `instances` is what `instances_table` returned, `features` is the world's."""
    instances, features = _in_order(instances, features, W)
    W = on_weight_grid(W)
    coordinates = instances[["instance", "model", "sparsity", "importance", "seed", "best"]]
    coordinates = coordinates.rename(columns={"importance": "importance_curve"})
    table = coordinates.merge(features[["instance", "feature", "importance", "density"]], on="instance")
    return table.assign(
        norm=norms(W).flatten().numpy(),
        superposition=superposition(W).flatten().numpy(),
        dimensionality=feature_dimensionality(W).flatten().numpy(),
        bias=b.double().flatten().numpy(),
    )


def weights_table(
    W: Float[Tensor, "instance hidden feature"], W_out: Float[Tensor, "instance feature hidden"]
) -> pd.DataFrame:
    """W of all instances, one row per weight: claims say how many of the single seeds show what the best one shows.

    `value_out` is the output weight between the same hidden dimension and feature: it is missing in tied models, where
    it would be `value` again. Their `W_out` is NaN.
    """
    tied = torch.isnan(W_out).flatten(start_dim=1).all(dim=1)
    W_out = on_weight_grid(torch.where(tied[:, None, None], W.mT, W_out)).mT
    value_out = torch.where(tied[:, None, None], torch.nan, W_out)
    instance, hidden, feature = (axis.ravel() for axis in np.indices(tuple(W.shape)))
    columns = {"instance": instance, "hidden": hidden, "feature": feature}
    values = {"value": on_weight_grid(W).flatten().numpy(), "value_out": value_out.flatten().numpy()}
    return pd.DataFrame(columns | values)


def _in_order(
    instances: pd.DataFrame, features: pd.DataFrame, W: Float[Tensor, "instance hidden feature"]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Both frames in the order of the tensors, after making sure that they speak of the same instances and features."""
    instances = instances.sort_values("instance", ignore_index=True)
    features = features.sort_values(["instance", "feature"], ignore_index=True)
    n_instances, _, n_features = W.shape
    if instances["instance"].tolist() != list(range(n_instances)):
        raise ValueError(f"there are weights of {n_instances} instances, and other ones in the world")
    expected = np.indices((n_instances, n_features)).reshape(2, -1).T
    if not np.array_equal(features[["instance", "feature"]].to_numpy(), expected):
        raise ValueError(f"the world's features are not {n_features} for each of {n_instances} instances")
    return instances, features


def _points(instances: pd.DataFrame, features: pd.DataFrame) -> list[int]:
    """Number of the point of each instance, counted in the order of the instances.

    Densities tell apart what `sparsity` cannot, it is NaN for every point that gives one sparsity per feature.
    """
    labels = instances[["model", "importance"]].itertuples(index=False)
    worlds = [tuple(world.to_numpy().ravel()) for _, world in features.groupby("instance")[["density", "importance"]]]
    numbers: dict[tuple[object, ...], int] = {}
    keys = [(*label, *world) for label, world in zip(labels, worlds, strict=True)]
    return [numbers.setdefault(key, len(numbers)) for key in keys]
