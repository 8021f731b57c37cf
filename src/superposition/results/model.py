"""One trained model, with the paper's letters, that can be called on data."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import pandas as pd
from jaxtyping import Float
from numpy import ndarray

from superposition.exact.grids import HIDDEN
from superposition.params.models import Model as Architecture
from superposition.readings.results import Tables

if TYPE_CHECKING:
    from torch import Tensor

    from superposition.models.own import OwnModel
    from superposition.models.toy_model import ToyModel

Data = TypeVar("Data", ndarray, "Tensor")


@dataclass(frozen=True, eq=False, repr=False)
class Model:
    """One trained model of an experiment: h = f(W x + b_hidden), y = g(W_out h + b).

    `W` is [hidden, feature]: the direction of feature i is the column `W[:, i]`. Calling the model on features x, an
    array or a tensor [..., feature], gives the outputs y, [..., feature]; `encode` the hidden activations h. Both are
    computed as in training, on its grids (superposition/exact/grids.py) and in float64, where arithmetic was exact.
    """

    tables: Tables  # of its experiment
    row: pd.Series  # its own in the table of instances
    architecture: Architecture  # tied or not, the activations f and g, which biases there are
    arithmetic: str  # of training: exact or float32
    root: Path  # of the checkout
    name: str  # of the experiment
    place: int  # among the instances of its architecture

    @property
    def instance(self) -> int:
        """Its number in the experiment, as in every table's column `instance`."""
        return int(self.row["instance"])

    @property
    def seed(self) -> int:
        """What tells it from the other models at the same point: other initial weights, and other training data."""
        return int(self.row["seed"])

    @property
    def loss(self) -> float:
        """Importance-weighted mean squared error of the held-out data, over samples and features."""
        return float(self.row["loss"])

    @property
    def rank(self) -> int:
        """Its place by loss among the models at the same point; 0 is the best."""
        return int(self.row["rank"])

    @property
    def sparsity(self) -> float | None:
        """S, the probability that a feature is 0; None where features have different ones (see `density`)."""
        return None if np.isnan(self.row["sparsity"]) else float(self.row["sparsity"])

    @property
    def n_features(self) -> int:
        """The number of features n."""
        return self.tables.n_features

    @property
    def n_hidden(self) -> int:
        """The number of hidden dimensions m."""
        return int(self.row["n_hidden"])

    @cached_property
    def features(self) -> pd.DataFrame:
        """Its rows in the table of features: importance, density, norm, dimensionality, ... of each."""
        return self.tables.features_of(self.instance)

    @property
    def density(self) -> Float[ndarray, " feature"]:
        """1 - S of each feature, the probability that it is active."""
        return self.features["density"].to_numpy()

    @property
    def importance(self) -> Float[ndarray, " feature"]:
        """I of each feature, the weight of its squared error in the loss."""
        return self.features["importance"].to_numpy()

    @cached_property
    def W(self) -> Float[ndarray, "hidden feature"]:
        """Input weights, one column for each feature."""
        return self.tables.weights_of(self.instance)

    @cached_property
    def W_out(self) -> Float[ndarray, "feature hidden"] | None:
        """Output weights; of a tied model, W^T. None of a class of one's own that has none of this name."""
        if self.architecture.module is not None:
            return self.parameters.get("W_out")
        return self.tables.weights_out_of(self.instance)

    @cached_property
    def b(self) -> Float[ndarray, " feature"] | None:
        """Bias of each output, or None for a model without."""
        if self.architecture.module is not None:
            return self.parameters.get("b")
        return self.features["bias"].to_numpy() if self.architecture.output_bias else None

    @cached_property
    def b_hidden(self) -> Float[ndarray, " hidden"] | None:
        """Bias of each hidden dimension, or None for a model without."""
        if self.architecture.module is not None:
            return self.parameters.get("b_hidden")
        if not self.architecture.hidden_bias:
            return None
        hidden = self.tables.hidden
        return hidden[hidden["instance"] == self.instance].sort_values("hidden")["bias"].to_numpy()

    @cached_property
    def parameters(self) -> dict[str, ndarray]:
        """Of a class of one's own, all that it has, by the names it gives them; in zeros up to the widest models."""
        if self.architecture.module is None:
            found = {"W": self.W, "W_out": self.W_out, "b": self.b, "b_hidden": self.b_hidden}
            return {name: value for name, value in found.items() if value is not None}
        kept = self.root / "data" / "trained" / self.name / "weights"
        files = kept.glob(f"{self.architecture.name}.*.npy")
        arrays = {file.name.split(".", 1)[1].removesuffix(".npy"): np.load(file)[self.place] for file in files}
        return {name: array.astype(np.float64) for name, array in arrays.items()}

    @cached_property
    def module(self) -> "ToyModel | OwnModel":
        """The same as a PyTorch module: an ensemble of one, on [1, feature, sample], with gradients for its inputs."""
        import torch

        from superposition.models.own import model_of
        from superposition.models.toy_model import Architecture

        dtype = torch.float64 if self.arithmetic == "exact" else torch.float32
        shape = 1, self.n_features, self.n_hidden
        module = model_of(Architecture(**self.architecture.model_dump()), *shape, dtype, self.row["stream"], self.root)
        for name, parameter in module.named_parameters():
            own = tuple(slice(size) for size in parameter.shape[1:])
            parameter.data.copy_(torch.tensor(self.parameters[name][own]))
        return module.requires_grad_(False)

    def __call__(self, x: Data) -> Data:
        """The outputs y of features x, [..., feature] both."""
        return self._through(lambda module, x: module(x), x)

    def encode(self, x: Data) -> Data:
        """The hidden activations h, [..., hidden], of features x, [..., feature]; not of a class of one's own."""
        if self.architecture.module is not None:
            raise ValueError(f"{self.architecture.module} says what comes out, and not what h is")
        return self._through(lambda module, x: module.encode(x), x)

    def _through(self, function: Any, x: Any) -> Any:
        import torch

        tensor = x if isinstance(x, torch.Tensor) else torch.as_tensor(np.asarray(x, dtype=np.float64))
        n = self.n_features
        if tensor.shape[-1:] != (n,):
            shape = list(tensor.shape)
            raise ValueError(f"data of shape {shape}: the last axis must have n_features = {n}, one value each")
        module = self.module.to(tensor.device)
        samples = tensor.reshape(-1, n).to(module.W.dtype)
        y = function(module, samples.mT.unsqueeze(0))[0].mT
        if not bool(y.isfinite().all()) and bool(samples.isfinite().all()):
            limit = f"{HIDDEN.limit:g}"
            raise ValueError(f"hidden values leave the range that models compute in, -{limit} to {limit}: scale x down")
        y = y.reshape(*tensor.shape[:-1], -1)
        return y if isinstance(x, torch.Tensor) else y.numpy()

    def __repr__(self) -> str:
        row = self.row
        return (
            f"<{row['model']} model {self.instance}: {self.n_features} features, {self.n_hidden} hidden dimensions, "
            f"sparsity {row['sparsity_label']}, importance {row['importance_curve']}, seed {self.seed}, "
            f"loss {self.loss:.4g}, rank {self.rank}>"
        )
