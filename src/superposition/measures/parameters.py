"""The parameters of all instances of an experiment, as training left them."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor


class Parameters(NamedTuple):
    """What models have, in float64; `W_out` is NaN of tied models, and biases that a model lacks are 0."""

    W: Float[Tensor, "instance hidden feature"]
    W_out: Float[Tensor, "instance feature hidden"]
    b: Float[Tensor, "instance feature"]
    b_hidden: Float[Tensor, "instance hidden"]
    steps: list[int]  # after which snapshots were taken
    path: Float[Tensor, "snapshot instance hidden feature"]  # W then


def read(folder: Path, models: Sequence[str]) -> Parameters:
    """From `data/trained/<experiment>`; instances of a model follow each other, in the order of `models`."""
    weights, snapshots = (
        {file.stem: np.load(file) for file in (folder / part).glob("*.npy")} for part in ("weights", "snapshots")
    )

    def of_all(key: str, absent: Callable[[np.ndarray], np.ndarray]) -> Tensor:
        found = [weights.get(f"{model}.{key}", absent(weights[f"{model}.W"])) for model in models]
        return torch.from_numpy(np.concatenate(found)).double()

    return Parameters(
        W=of_all("W", np.asarray),
        W_out=of_all("W_out", lambda W: np.full_like(W.mT, np.nan)),
        b=of_all("b", lambda W: np.zeros_like(W[:, 0, :])),
        b_hidden=of_all("b_hidden", lambda W: np.zeros_like(W[:, :, 0])),
        steps=snapshots["step"].tolist(),
        path=torch.from_numpy(np.concatenate([snapshots[f"{model}.W"] for model in models], axis=1)),
    )
