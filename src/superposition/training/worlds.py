"""What training starts from and what it leaves, and the files of both."""

import json
from dataclasses import dataclass
from pathlib import Path
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
    held_out: np.ndarray  # [draw, sample]
    sample: np.ndarray | None = None  # [instance, draw, sample]


@dataclass(frozen=True)
class Trained:
    """What training leaves, by model: parameters [instance, ...] and their snapshots [snapshot, instance, ...]."""

    weights: dict[str, np.ndarray]  # "relu_output.W": ...
    snapshots: dict[str, np.ndarray]  # the same, and "step"
    history: pd.DataFrame  # instance, step, loss
    seconds: float  # wall time of training, runs that were killed included


def read(folder: Path) -> World:
    sample = folder / "sample.npy"
    return World(
        instances=pd.read_parquet(folder / "instances.parquet"),
        features=pd.read_parquet(folder / "features.parquet"),
        settings=json.loads((folder / "training.json").read_text(encoding="utf-8")),
        held_out=np.load(folder / "held_out.npy"),
        sample=np.load(sample) if sample.exists() else None,
    )


def write(trained: Trained, folder: Path) -> None:
    """Into a new folder."""
    for part, arrays in (("weights", trained.weights), ("snapshots", trained.snapshots)):
        (folder / part).mkdir(parents=True)
        for key, array in arrays.items():
            np.save(folder / part / f"{key}.npy", array)
    trained.history.to_parquet(folder / "history.parquet", index=False, compression=None)
