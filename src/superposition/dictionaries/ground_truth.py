"""A trained toy model as a source of hidden vectors of which the features are known.

h = W x (+ b_hidden): the direction of feature i is the column W_i, its code x_i. Only features with |W_i| > 0.5 count,
the others have no direction to speak of. A dictionary's codes are not negative; where features can be, each counts as
two, of opposite directions, of which one at most is active.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from numpy import ndarray

from superposition.dictionaries.refused import Refused
from superposition.exact.philox import stream_key, words
from superposition.exact.sparse import non_negative_least_squares
from superposition.features.distribution import Distribution
from superposition.measures.superposition import represented
from superposition.measures.trained import names_of
from superposition.results.model import Model

EXPORT, HELD_OUT, TUNING = "to train dictionaries", "to score dictionaries", "to tune the lasso"  # streams' names
AT_ONCE = 4096  # samples that are drawn together
ENTRIES = 2**24  # of tableaus that are searched together
# Of the lasso: with too small a penalty, as many features explain h as there are dimensions; with too large a one, weak
# features are dropped.
PENALTIES = (0.01, 0.02, 0.05, 0.1, 0.2)
TUNING_SAMPLES = 500
ROW = 1e-3  # of sums of codes, in the least squares that solve the lasso: adds 1e-6 (sum x)^2 / 2 to what is least


@dataclass(frozen=True)
class GroundTruth:
    """Of one trained model.

    Raises:
        Refused: for a model without a linear hidden layer, whose outputs are not its features, or without any feature
            that is represented.
    """

    model: Model

    def __post_init__(self) -> None:
        kind, name = self.model.architecture, f"model {self.model.architecture.name}"
        if kind.module is not None:
            raise Refused(f"{name} is a class of its own, of which hidden vectors are not known")
        if kind.hidden != "linear":
            raise Refused(f"{name}: hidden = {kind.hidden}: must be linear, or h is no sum of features' directions")
        if kind.target != "identity":
            raise Refused(f"{name}: target = {kind.target}: must be identity, or outputs are no codes of features")
        if not self.represented.any():
            raise Refused(f"{self.model!r} represents no feature: all |W_i| are at most 0.5")

    @cached_property
    def represented(self) -> Bool[ndarray, " feature"]:
        return represented(self.model.W[None])[0]

    @cached_property
    def signed(self) -> bool:
        return bool((self.features(TUNING, AT_ONCE) < 0).any())

    @cached_property
    def truth(self) -> Float[ndarray, "direction dimension"]:
        """Directions of what counts, of length |W_i|."""
        W = self.model.W.T[self.represented]
        return np.vstack([W, -W]) if self.signed else W

    @cached_property
    def numbers(self) -> Int[ndarray, " direction"]:
        """Of which feature each direction is."""
        found = np.flatnonzero(self.represented)
        return np.concatenate([found, found]) if self.signed else found

    def features(self, purpose: str, count: int) -> Float[ndarray, "sample feature"]:
        """Values of all features as in training, of a stream that neither training nor any measure has."""
        return np.concatenate(list(self._features(purpose, count)))

    def _features(self, purpose: str, count: int) -> Iterator[Float[ndarray, "sample feature"]]:
        row = self.model.row
        density = torch.tensor(self.model.density.copy()).unsqueeze(0)
        law = Distribution(density, row["values"], torch.float64, [row["sets"]], [int(row["set_size"])])
        key = torch.tensor([stream_key({**names_of(row["stream"]), "data": purpose})])
        for start in range(0, count, AT_ONCE):
            numbers = torch.arange(start, min(start + AT_ONCE, count))
            yield law(words(key, law.draws, numbers, torch.tensor(0)))[0].T.numpy()

    def values(self, features: Float[ndarray, "sample feature"]) -> Float[ndarray, "sample direction"]:
        """What is to be found: of each direction, how far h goes along it."""
        return self._halves(features[:, self.represented])

    def _halves(self, x: Float[ndarray, "sample feature"]) -> Float[ndarray, "sample direction"]:
        return np.maximum(np.hstack([x, -x]), 0.0) if self.signed else x

    def hidden(self, features: Float[ndarray, "sample feature"]) -> Float[ndarray, "sample dimension"]:
        """h as the model computes it; a bias is taken off, as it is no feature's."""
        h = self.model.encode(features)
        return h if self.model.b_hidden is None else h - self.model.b_hidden

    def read_out(
        self, features: Float[ndarray, "sample feature"]
    ) -> tuple[Float[ndarray, "direction dimension"], Float[ndarray, "sample direction"]]:
        """The model as a dictionary: decoder W_i / |W_i|^2, and its outputs as codes.

        Of a tied ReLU model that is an autoencoder ReLU(h W + b), the same form as a dictionary's.
        """
        decoder = self.truth / np.square(self.truth).sum(axis=1)[:, None]
        return decoder, self._halves(self.model(features)[:, self.represented])

    @cached_property
    def penalty(self) -> float:
        """That of PENALTIES whose codes tell best which features are active."""
        from superposition.dictionaries.scores import scores

        features = self.features(TUNING, TUNING_SAMPLES)
        values, hidden = self.values(features), self.hidden(features)
        return max(
            PENALTIES,
            key=lambda penalty: scores(self.truth, self.lasso(hidden, penalty), self.truth, values, hidden)["f1"],
        )

    def lasso(self, hidden: Float[ndarray, "sample dimension"], penalty: float) -> Float[ndarray, "sample direction"]:
        """Codes x >= 0 of the true directions: the least ||x truth - h||^2 / 2 + penalty sum x.

        As least squares with a row more, ROW of every x and -penalty / ROW of every sample: its square has that linear
        term, and a quadratic one too small to matter.
        """
        W = np.vstack([self.truth.T, np.full((1, len(self.truth)), ROW)])
        found = []
        for some in np.array_split(hidden, -(-len(hidden) * len(self.truth) ** 2 // ENTRIES) or 1):
            h = np.vstack([some.T, np.full((1, len(some)), -penalty / ROW)])
            found.append(non_negative_least_squares(W, h).T)
        return np.vstack(found)
