"""What training starts from and what it leaves; parts of the one, and the other put together again."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd


class OutOfRange(ArithmeticError):
    """Instances diverged, or left the range in which sums are exact; no result is written."""


@dataclass(frozen=True)
class World:
    """What the generate stage left: frames, settings, and words of the held-out data and the finite sample."""

    instances: pd.DataFrame
    features: pd.DataFrame
    settings: dict[str, Any]
    held_out: np.ndarray  # [feature, sample]
    sample: np.ndarray | None = None  # [instance, feature, sample]


@dataclass(frozen=True)
class Trained:
    """What training leaves, by model: parameters [instance, ...] and their snapshots [snapshot, instance, ...]."""

    weights: dict[str, np.ndarray]  # "relu_output.W": ...
    snapshots: dict[str, np.ndarray]  # the same, and "step"
    history: pd.DataFrame  # instance, step, loss
    numbers: dict[str, np.ndarray]  # "relu_output": instance numbers in the order of the arrays


def part(world: World, k: int, of: int) -> World:
    """Every `of`-th instance of each model, from the k-th on; there may be models of which it has none."""
    chosen = world.instances[world.instances.groupby("model").cumcount() % of == k]
    return replace(world, instances=chosen)


def join(parts: list[Trained]) -> Trained:
    """What parts of a world learned, as if all of it had trained at once."""
    weights, snapshots, numbers = {}, {"step": parts[0].snapshots["step"]}, {}
    for model in dict.fromkeys(model for p in parts for model in p.numbers):
        having = [p for p in parts if model in p.numbers]
        joined = np.concatenate([p.numbers[model] for p in having])
        order = np.argsort(joined)
        numbers[model] = joined[order]
        for key in [key for key in having[0].weights if key.startswith(f"{model}.")]:
            weights[key] = np.concatenate([p.weights[key] for p in having])[order]
            taken = np.concatenate([p.snapshots[key] for p in having], axis=1)[:, order]
            snapshots[key] = np.ascontiguousarray(taken)  # the layout is part of a file's bytes
    history = pd.concat([p.history for p in parts]).sort_values(["instance", "step"], ignore_index=True)
    return Trained(weights, snapshots, history, numbers)
