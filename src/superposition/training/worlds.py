"""What training starts from and what it leaves."""

from dataclasses import dataclass
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
