"""The loss on held-out data, exactly: what instances are compared and selected by."""

import math

import numpy as np
import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn

from superposition.exact.ops import squared_error
from superposition.features.distribution import Distribution
from superposition.models.own import OwnModel
from superposition.models.toy_model import ToyModel

# Samples at a time: few, to need little memory. A constant, since each such sum is rounded once on its own.
SAMPLES = 512


class HeldOut(nn.Module):
    """Judges an ensemble on samples that all its instances share, each seeing them at its own densities."""

    words: Tensor
    importance: Tensor

    def __init__(
        self,
        words: Int64[Tensor, "draw sample"],
        distribution: Distribution,
        importance: Float[Tensor, "instance feature"],
        unit: Float[Tensor, " instance"],
    ) -> None:
        """`importance` is in units of `unit`, at most 1 (`steps.scale_to_one`)."""
        super().__init__()
        self.distribution, self.unit = distribution, unit.tolist()
        self.register_buffer("words", words, persistent=False)
        self.register_buffer("importance", importance, persistent=False)

    @torch.no_grad()
    def sums(self, model: ToyModel | OwnModel) -> Float[Tensor, "part instance"]:
        """Importance-weighted squared errors of each instance, summed over features and each part of the samples."""
        sums = []
        for words in self.words.split(SAMPLES, dim=1):
            x = self.distribution(words.expand(len(self.importance), -1, -1))
            sums.append(squared_error(model(x), model.target(x), self.importance).double())
        return torch.stack(sums)

    def loss(self, sums: Float[Tensor, "part instance"]) -> Float[np.ndarray, " instance"]:
        """Importance-weighted squared error of each instance, mean over samples and features."""
        totals = [math.fsum(parts) for parts in sums.T.tolist()]
        terms = self.importance.shape[1] * self.words.shape[1]
        return np.array([unit * total / terms for unit, total in zip(self.unit, totals, strict=True)])
