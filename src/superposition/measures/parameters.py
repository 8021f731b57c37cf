"""The parameters of all instances of an experiment, as training left them. Needs numpy, not torch."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
from jaxtyping import Float
from numpy import ndarray


class Parameters(NamedTuple):
    """What models have, in float64; `W_out` is NaN of tied models, and biases that a model lacks are 0."""

    W: Float[ndarray, "instance hidden feature"]
    W_out: Float[ndarray, "instance feature hidden"]
    b: Float[ndarray, "instance feature"]
    b_hidden: Float[ndarray, "instance hidden"]
    steps: list[int]  # after which snapshots were taken
    path: Float[ndarray, "snapshot instance hidden feature"]  # W then
    # All that training left of each model, by the names of its parameters, [instance of the model, ...]
    own: Mapping[str, Mapping[str, ndarray]] = MappingProxyType({})


def read(folder: Path, models: Sequence[str]) -> Parameters:
    """From `data/trained/<experiment>`; instances of a model follow each other, in the order of `models`."""
    weights, snapshots = (
        {file.stem: np.load(file) for file in (folder / part).glob("*.npy")} for part in ("weights", "snapshots")
    )

    def of_all(key: str, absent: Callable[[ndarray], ndarray]) -> ndarray:
        found = [weights.get(f"{model}.{key}", absent(weights[f"{model}.W"])) for model in models]
        return np.concatenate(found).astype(np.float64)

    return Parameters(
        W=of_all("W", np.asarray),
        W_out=of_all("W_out", lambda W: np.full_like(W.mT, np.nan)),
        b=of_all("b", lambda W: np.zeros_like(W[:, 0, :])),
        b_hidden=of_all("b_hidden", lambda W: np.zeros_like(W[:, :, 0])),
        steps=snapshots["step"].tolist(),
        path=np.concatenate([snapshots[f"{model}.W"] for model in models], axis=1),
        own={model: of_model(weights, model) for model in models},
    )


def of_model(weights: Mapping[str, ndarray], model: str) -> dict[str, ndarray]:
    """Its parameters, of all that have `model.name` for a key."""
    return {key.removeprefix(f"{model}."): array for key, array in weights.items() if key.startswith(f"{model}.")}
