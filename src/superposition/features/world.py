"""The world of an experiment: its instances, and what each feature of each instance is like.

Made once, by the generate stage; whatever comes later reads it. An instance is known by its coordinates on the
experiment's axes, and its random streams are named by them, so adding a point to an axis changes no other instance.
"""

import itertools
import json
from collections.abc import Iterable

import numpy as np
import pandas as pd
import torch

from superposition.exact.philox import stream_key, words
from superposition.params.experiments import Experiment


def instances(seed: int, name: str, experiment: Experiment) -> pd.DataFrame:
    """One row per instance: its number, its coordinates, and `stream`, the name of its random streams.

    `sparsity` is NaN where every feature has its own; `sparsity_label` tells such points apart.
    """
    axes = itertools.product(experiment.models, experiment.importances, experiment.sparsities, experiment.seeds)
    rows = [
        {
            "instance": number,
            "model": model.name,
            "sparsity": np.nan if sparsity.uniform is None else sparsity.uniform,
            "sparsity_label": sparsity.label,
            "importance": importance.label,
            "seed": own_seed,
            "values": experiment.values,  # noqa: PD011 (no pandas object)
        }
        for number, (model, importance, sparsity, own_seed) in enumerate(axes)
    ]
    shape = {"n_features": experiment.n_features, "n_hidden": experiment.n_hidden}
    for row in rows:
        coordinates = {key: row[key] for key in ("model", "sparsity_label", "importance", "seed")}
        identity = {"seed": seed, "experiment": name, "instance": coordinates | shape}
        row["stream"] = json.dumps(identity, sort_keys=True)
    return pd.DataFrame(rows)


def features(experiment: Experiment) -> pd.DataFrame:
    """One row per instance and feature: importance I_i, and density 1 - S_i, the probability that it is active."""
    axes = itertools.product(experiment.models, experiment.importances, experiment.sparsities, experiment.seeds)
    worlds = [(importance.curve, sparsity.per_feature) for _, importance, sparsity, _ in axes]
    n = experiment.n_features
    return pd.DataFrame(
        {
            "instance": np.repeat(np.arange(len(worlds)), n),
            "feature": np.tile(np.arange(n), len(worlds)),
            "importance": np.concatenate([curve for curve, _ in worlds]),
            # 10 digits, as of sparsity: 1 - 0.9 is then 0.1
            "density": np.round(1 - np.concatenate([sparsity for _, sparsity in worlds]), 10),
        }
    )


def held_out_words(seed: int, name: str, experiment: Experiment) -> np.ndarray:
    """Random words [feature, sample] of the held-out data; each instance turns them into values at its own densities.

    All instances are judged by the same draws, so that a difference between two losses is one between two models.
    """
    names = {"seed": seed, "experiment": name, "purpose": "held out"}
    return _words([names], experiment.n_features, experiment.held_out)[0]


def training_words(streams: Iterable[str], n_features: int, sample_size: int) -> np.ndarray:
    """Random words [instance, feature, sample] of a finite training sample."""
    return _words([json.loads(s) | {"purpose": "training sample"} for s in streams], n_features, sample_size)


def _words(names: list[dict[str, object]], n_features: int, samples: int) -> np.ndarray:
    keys = torch.tensor([stream_key(name) for name in names])
    drawn = words(keys, n_features, torch.arange(samples), torch.tensor(0))
    return drawn.numpy().astype(np.uint32)
