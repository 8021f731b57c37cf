"""The world of an experiment: its instances, and what each feature of each instance is like.

Made once, by the generate stage; whatever comes later reads it. An instance is known by its coordinates on the
experiment's axes, and its random streams are named by them, so adding a point to an axis changes no other instance.
"""

import json
from collections.abc import Iterable
from itertools import product

import numpy as np
import pandas as pd
import torch
from numpy import ndarray

from superposition.exact.philox import stream_key, words
from superposition.features.groups import DECIMALS, parents
from superposition.features.sets import draws
from superposition.params.axes import Sparsity
from superposition.params.experiments import Experiment
from superposition.params.sets import Sets


def instances(seed: int, name: str, experiment: Experiment) -> pd.DataFrame:
    """One row per instance: its number, its coordinates, and `stream`, the name of its random streams.

    `sparsity` is NaN where every feature has its own or some have parents; `sparsity_label` tells such points apart.
    `sets` says how features are correlated, in sets of `set_size`, which is 0 where sets differ or features have
    parents.
    """
    rows = [
        {
            "instance": number,
            "model": model.name,
            "n_hidden": n_hidden,
            "sparsity": sparsity.uniform if sparsity.uniform is not None and not parents(sets.kind) else np.nan,
            "sparsity_label": sparsity.label,
            "importance": importance.label,
            "sets": sets.kind,
            "set_size": sets.size,
            "seed": own_seed,
            "values": experiment.values,  # noqa: PD011 (no pandas object)
        }
        for number, (model, n_hidden, importance, sparsity, sets, own_seed) in enumerate(experiment.points())
    ]
    for row in rows:
        named = ["model", "n_hidden", "sparsity_label", "importance", "seed"]
        if row["sets"] != "independent":  # which is what a name means that does not say
            named += ["sets", "set_size"]
        coordinates = {"n_features": experiment.n_features} | {key: row[key] for key in named}
        identity = {"seed": seed, "experiment": name, "instance": coordinates}
        row["stream"] = json.dumps(identity, sort_keys=True)
    return pd.DataFrame(rows)


def features(experiment: Experiment) -> pd.DataFrame:
    """One row per instance and feature: importance I_i, and density 1 - S_i, the probability that it is active.

    Of a set of which some features are active, such as an anti-correlated one, it is the probability that these are. If
    samples are never empty, it is what it would be with the empty ones.
    """
    worlds = [
        (importance.curve, _density(sparsity, sets)) for _, _, importance, sparsity, sets, _ in experiment.points()
    ]
    n = experiment.n_features
    return pd.DataFrame(
        {
            "instance": np.repeat(np.arange(len(worlds)), n),
            "feature": np.tile(np.arange(n), len(worlds)),
            "importance": np.concatenate([curve for curve, _ in worlds]),
            "density": np.concatenate([density for _, density in worlds]),
        }
    )


def held_out_words(seed: int, name: str, experiment: Experiment) -> np.ndarray:
    """Random words [draw, sample] of the held-out data; each instance turns them into values at its own densities.

    All instances are judged by the same draws, so that a difference between two losses is one between two models.
    """
    names = {"seed": seed, "experiment": name, "purpose": "held out"}
    return _words([names], _draws(experiment), experiment.held_out)[0]


def training_words(streams: Iterable[str], experiment: Experiment, sample_size: int) -> np.ndarray:
    """Random words [instance, draw, sample] of a finite training sample."""
    return _words([json.loads(s) | {"purpose": "training sample"} for s in streams], _draws(experiment), sample_size)


def _draws(experiment: Experiment) -> int:
    """Random words of a sample, over all models of the experiment."""
    each = list(product(experiment.sparsities, experiment.sets))
    density = torch.tensor(np.array([_density(*point) for point in each]))
    return draws(density, [sets.kind for _, sets in each], [sets.size for _, sets in each])


def _density(sparsity: Sparsity, sets: Sets) -> ndarray:
    """How often each feature or its set is active."""
    own = np.round(1 - np.array(sparsity.per_feature), DECIMALS)
    found = parents(sets.kind)
    return np.array(found.densities(own.tolist())) if found else own


def _words(names: list[dict[str, object]], count: int, samples: int) -> np.ndarray:
    keys = torch.tensor([stream_key(name) for name in names])
    drawn = words(keys, count, torch.arange(samples), torch.tensor(0))
    return drawn.numpy().astype(np.uint32)
