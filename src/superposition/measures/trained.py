"""Trained models one by one, as what is measured of some experiments only wants them: to be run on data of its own.

Inputs on the input grid go through a model as in training, in sums that are exact (exact/grids.py), so that outputs
have the same bits whatever multiplies the matrices.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
import torch
from jaxtyping import Float, Integer
from numpy import ndarray

from superposition.exact.curves import CURVES, curved
from superposition.exact.grids import HIDDEN, INPUT, WEIGHT
from superposition.exact.sums import matmul
from superposition.features.distribution import Distribution
from superposition.measures.parameters import Parameters
from superposition.measures.tables import on_weight_grid
from superposition.models.mixing import mixing_of
from superposition.models.own import OwnModel
from superposition.models.toy_model import Architecture

TARGETS: dict[str, Callable[[ndarray], ndarray]] = {
    "identity": lambda x: x,
    "absolute": np.abs,
    "relu": lambda x: np.maximum(x, 0.0),
    "products": lambda x: x * np.roll(x, -1, axis=0),
}


@dataclass(frozen=True)
class TrainedModel:
    """One instance: h = f(W x + b_hidden), y = g(W_out h + b). W_out is W^T of tied models; missing biases are 0.

    Or a model of a class of somebody's own.
    """

    instance: int
    point: int  # of the experiment's axes
    seed: int
    best: bool  # whether its held-out loss is the lowest at its point
    model: str
    hidden: str  # f: linear, relu, leaky_relu, clipped_relu, gelu, tanh or sigmoid
    output: str  # g, likewise
    target: str  # identity, absolute, relu or products
    W: Float[ndarray, "hidden feature"]
    W_out: Float[ndarray, "feature hidden"]
    b: Float[ndarray, " feature"]
    b_hidden: Float[ndarray, " hidden"]
    density: Float[ndarray, " feature"]
    importance: Float[ndarray, " feature"]
    values: str  # the law of active features (features/values.py)
    sets: str
    set_size: int
    hidden_l1: float = 0.0  # what training added to a sample's loss for each unit of |h|
    negative_slope: float = 2**-7  # of leaky ReLUs below 0
    mixing: Float[ndarray, "feature feature"] | None = None  # what is mixed into the target
    names: Mapping[str, object] = field(default_factory=dict)  # of its experiment's random streams (`names_of`)
    own: OwnModel | None = None  # of a class of somebody's own, of which only outputs are known, and W

    def sums(self, x: Float[ndarray, "feature sample"]) -> Float[ndarray, "hidden sample"]:
        """W x + b_hidden."""
        sums = matmul(self.W, x, (WEIGHT.fraction_bits, INPUT.fraction_bits))
        return np.asarray(sums + self.b_hidden[:, None])

    def encode(self, x: Float[ndarray, "feature sample"]) -> Float[ndarray, "hidden sample"]:
        """The hidden activations h, on their grid."""
        h = self.activated(to_grid(self.sums(x), HIDDEN.fraction_bits), self.hidden)
        return to_grid(h, HIDDEN.fraction_bits)  # which some activations leave

    def decode(self, h: Float[ndarray, "hidden sample"]) -> Float[ndarray, "feature sample"]:
        """The outputs y."""
        y = matmul(self.W_out, h, (WEIGHT.fraction_bits, HIDDEN.fraction_bits)) + self.b[:, None]
        return self.activated(y, self.output)

    def activated(self, x: ndarray, activation: str) -> ndarray:
        """An activation of sums, of one of the names that it has in params.yaml."""
        if activation == "linear":
            return x
        if activation in CURVES:
            return curved(x, activation)
        if activation == "leaky_relu":
            return np.where(x > 0, x, self.negative_slope * x)
        rectified: ndarray = np.maximum(x, 0.0)
        return np.minimum(rectified, 1.0) if activation == "clipped_relu" else rectified

    def outputs(self, x: Float[ndarray, "feature sample"]) -> Float[ndarray, "feature sample"]:
        if self.own is None:
            return self.decode(self.encode(x))
        with torch.no_grad():
            y: ndarray = self.own(torch.from_numpy(x).to(self.own.W.dtype).unsqueeze(0))[0].double().numpy()
        return y

    def wanted(self, x: Float[ndarray, "feature sample"]) -> Float[ndarray, "feature sample"]:
        """What outputs are compared with."""
        wanted = TARGETS[self.target](x)
        if self.mixing is None:
            return wanted
        return np.asarray(wanted + matmul(self.mixing, x, (WEIGHT.fraction_bits, INPUT.fraction_bits)))

    def draw(self, words: Integer[ndarray, "draw sample"]) -> Float[ndarray, "feature sample"]:
        """Samples of the features that it was trained on, on the input grid, from random words."""
        density = torch.tensor(self.density).unsqueeze(0)
        law = Distribution(density, self.values, torch.float64, [self.sets], [self.set_size])
        drawn: ndarray = law(torch.from_numpy(words.astype(np.int64)).unsqueeze(0))[0].numpy()
        return drawn


def to_grid(x: ndarray, fraction_bits: int = INPUT.fraction_bits) -> ndarray:
    """The nearest multiples of 2^-fraction_bits."""
    rounded: ndarray = np.round(x * 2.0**fraction_bits) * 2.0**-fraction_bits
    return rounded


def names_of(stream: str) -> dict[str, object]:
    """The seed and the experiment, of the name of an instance's stream; whatever is drawn to measure is named by them.

    Between the experiment's models it makes no difference: they are measured on the same data.
    """
    return {key: json.loads(stream)[key] for key in ("seed", "experiment")}


def trained_models(
    instances: pd.DataFrame,
    features: pd.DataFrame,
    parameters: Parameters,
    models: Sequence[Mapping[str, Any]],
    dtype: torch.dtype = torch.float64,
) -> list[TrainedModel]:
    """All instances in order; `instances` is the table of instances, `features` the world's frame.

    `dtype`: that models of classes of somebody's own compute in.
    """
    settings = {model["name"]: model for model in models}
    own = features.sort_values(["instance", "feature"]).groupby("instance")
    per_feature = {
        column: own[column].apply(lambda values: values.to_numpy(float)) for column in ("density", "importance")
    }
    first = instances.groupby("model")["instance"].min()
    found, mixed = [], {}
    for row in instances.sort_values("instance").to_dict("records"):
        number, m = row["instance"], row["n_hidden"]
        model = settings[row["model"]]
        if model["name"] not in mixed:
            mixed[model["name"]] = mixing_of(model.get("mixing"), parameters.W.shape[2], row["stream"])
        W = on_weight_grid(parameters.W[number : number + 1])[0, :m]
        tied = bool(np.isnan(parameters.W_out[number]).all())
        W_out = W.T if tied else on_weight_grid(parameters.W_out[number : number + 1])[0, :, :m]
        found.append(
            TrainedModel(
                instance=number,
                point=row["point"],
                seed=row["seed"],
                best=row["best"],
                model=row["model"],
                **{key: model[key] for key in ("hidden", "output", "target", "hidden_l1", "negative_slope")},
                mixing=mixed[model["name"]],
                W=W,
                W_out=W_out,
                b=on_weight_grid(parameters.b[number : number + 1])[0],
                b_hidden=on_weight_grid(parameters.b_hidden[number : number + 1])[0, :m],
                **{column: values[number] for column, values in per_feature.items()},
                values=row["values"],
                sets=row["sets"],
                set_size=row["set_size"],
                names=names_of(row["stream"]),
                own=own_model(Architecture(**model), parameters, int(number - first[row["model"]]), W.shape, dtype)
                if model.get("module")
                else None,
            )
        )
    return found


def own_model(
    architecture: Architecture, parameters: Parameters, place: int, shape: tuple[int, ...], dtype: torch.dtype
) -> OwnModel:
    """One model of a class of somebody's own, by its place among those; `shape` is that of its W."""
    model = OwnModel(architecture, 1, shape[1], shape[0], dtype).requires_grad_(False)
    for name, parameter in model.named_parameters():
        own = tuple(slice(size) for size in parameter.shape[1:])
        parameter.copy_(torch.from_numpy(parameters.own[architecture.name][name][place][own]))
    return model
