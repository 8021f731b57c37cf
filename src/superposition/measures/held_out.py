"""Held-out losses of trained models with their standard errors, of as many samples as these ask for.

The models of a point see the same samples, so that differences between them are known better than they are themselves.
Samples are added until
- each loss is known to a standard error of `relative_error` of it, and
- each model is three standard errors worse than the best one, or three standard errors of their difference are within
  `relative_error` of the loss, so that it matters no more than that which of them is taken for the best,
or until a SHARE of training's samples is reached. They are added where they help most: in the strata whose spread
contributes most to what is not known well enough yet.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import torch
from jaxtyping import Float, Int64
from numpy import ndarray
from torch import Tensor

from superposition.exact.sums import mean, total, variance
from superposition.features.distribution import Distribution
from superposition.measures.parameters import Parameters
from superposition.measures.strata import Stratum, Units, drawn, strata, units_of
from superposition.measures.trained import names_of
from superposition.models.own import OwnModel, model_of
from superposition.models.toy_model import Architecture, ToyModel
from superposition.training.held_out import SAMPLES, HeldOut
from superposition.training.kernel import FastHeldOut, available_cores, library
from superposition.training.steps import scale_to_one

FEWEST = 16  # sums of SAMPLES samples each, whose spread gives a standard error to 18 %
SHARE = 0.25  # of training's samples; a step of training costs at least twice a look at as many samples
EVENTS = 32  # how often the rarest unit has to have been active: without, no loss and no spread prove nothing
SURE = 3.0  # standard errors of a difference
AT_MOST = 4  # times as many samples as there are, before spreads are estimated anew ...
MARGIN = 1.1  # ... by which even fewer rounds are needed
COLUMNS = ("loss", "standard_error", "held_out_samples", "behind")


class Point:
    """Trained models that differ in nothing but the seed, and what is known of their losses."""

    def __init__(
        self,
        architecture: Architecture,
        rows: pd.DataFrame,
        features: pd.DataFrame,
        trained: Parameters,
        dtype: torch.dtype,
        first_number: int = 0,
    ) -> None:
        """`rows` are of the world's instances, `features` those of its frame that are the first instance's.

        `first_number`: of the first instance of this architecture.
        """
        first, count = rows.iloc[0], len(rows)
        numbers, m = rows["instance"].to_numpy(), int(first["n_hidden"])
        density, importance = (features[key].to_numpy() for key in ("density", "importance"))
        self.names = names_of(first["stream"])
        self.units: Units = units_of(density, first["sets"], int(first["set_size"]))
        self.strata: Sequence[Stratum] = strata(self.units)
        self.sums = [np.empty((0, count)) for _ in self.strata]  # [part, instance]: squared errors of SAMPLES samples
        self.active = np.zeros(len(self.units.probability), dtype=np.int64)  # samples at which each unit was

        expanded = torch.tensor(density).expand(count, -1)
        kinds = [self.units.kind] * count
        self.law = Distribution(expanded, first["values"], dtype, kinds, rows["set_size"].tolist())
        unit, scaled = scale_to_one(torch.tensor(importance).expand(count, -1))
        self.importance, self.unit = scaled.to(dtype), unit
        self.model = model_of(architecture, count, len(density), m, dtype, first["stream"])
        parameters = {"W": trained.W, "W_out": trained.W_out, "b": trained.b, "b_hidden": trained.b_hidden}
        if isinstance(self.model, OwnModel):
            parameters, numbers = dict(trained.own[architecture.name]), numbers - first_number
        with torch.no_grad():
            for name, parameter in self.model.named_parameters():
                own = tuple(slice(size) for size in parameter.shape[1:])  # of the model's width
                parameter.copy_(torch.from_numpy(parameters[name][numbers][:, *own]))

    def samples(self, place: int) -> int:
        """So far, of the stratum at this place; of empty samples one is all."""
        return 1 if self.is_empty(place) else SAMPLES * len(self.sums[place])

    def is_empty(self, place: int) -> bool:
        return self.strata[place].active == 0 and not self.strata[place].or_more

    def add(self, place: int, samples: int) -> None:
        """More samples of the stratum at this place; a multiple of SAMPLES."""
        first = SAMPLES * len(self.sums[place])
        parts = list(drawn(self.strata[place], self.units, self.names, first, first + samples))
        self.active += sum(np.count_nonzero(active, axis=1) for _, active in parts)
        words = np.concatenate([words for words, _ in parts], axis=1)
        self.sums[place] = np.concatenate([self.sums[place], self.judged(torch.from_numpy(words))])

    def judged(self, words: Int64[Tensor, "draw sample"]) -> Float[ndarray, "part instance"]:
        """Weighted squared errors, summed over features and SAMPLES samples each, in the fastest form there is."""
        judge = HeldOut(words, self.law, self.importance, self.unit)
        if isinstance(self.model, ToyModel) and library():
            return np.asarray(FastHeldOut(judge, available_cores()).sums(self.model).numpy())
        return np.asarray(judge.sums(self.model).numpy())

    @property
    def loss(self) -> Float[ndarray, " instance"]:
        """Weighted by importance, mean over samples and features."""
        return np.asarray(self._scale * self._combined([mean(sums, axis=0) for sums in self.sums]))

    def contributions(self, against: int | None = None) -> Float[ndarray, "stratum instance"]:
        """Of each stratum to the squared standard error of a loss, or of its difference to one instance's."""
        found = []
        for place, (stratum, sums) in enumerate(zip(self.strata, self.sums, strict=True)):
            of = sums if against is None else sums - sums[:, [against]]
            spread = np.zeros(of.shape[1]) if self.is_empty(place) else variance(of, axis=0, ddof=1)
            scaled = stratum.share * self._scale
            found.append(scaled * scaled * spread / len(sums))
        return np.stack(found)

    @property
    def behind(self) -> Float[ndarray, " instance"]:
        """By how many standard errors of the difference each loss is above the lowest one, at the same samples."""
        loss = self.loss
        best = int(np.argmin(loss))
        error = np.sqrt(total(self.contributions(best), axis=0))  # 0 of those that are the same
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(loss == loss[best], 0.0, (loss - loss[best]) / error)

    def settle(self, relative_error: float, most: int) -> None:
        """Add samples until the losses, and the best one, are known well enough; not more than `most`."""
        for place in range(len(self.strata)):
            self.add(place, SAMPLES if self.is_empty(place) else FEWEST * SAMPLES)
        while (wanted := self.wanted(relative_error)) is not None:
            now = np.array([self.samples(place) for place in range(len(self.strata))])
            more = wanted - now
            room = min(most, AT_MOST * int(now.sum())) - int(now.sum())
            # Where there is no room for all, each stratum gets its part.
            parts = np.floor(more * min(1.0, max(0, room) / float(more.sum())) / SAMPLES).astype(int).tolist()
            if not any(parts):
                return
            for place, count in enumerate(parts):
                if count:
                    self.add(place, count * SAMPLES)

    def wanted(self, relative_error: float) -> Float[ndarray, " stratum"] | None:
        """How many samples of each stratum it takes for the worst of what is not known well enough; None if all is."""
        now = np.array([float(self.samples(place)) for place in range(len(self.strata))])
        loss, own = self.loss, self.contributions()
        best = int(np.argmin(loss))
        beside = self.contributions(best)
        error, unsure = (np.sqrt(total(squared, axis=0)) for squared in (own, SURE * SURE * beside))
        limits = relative_error * np.stack([loss, np.full_like(loss, loss[best])])
        missed = np.stack([error, np.where(loss - loss[best] < unsure, unsure, 0.0)])
        # What is not a number, as float32 training may leave it, no sample settles; nor what has never been wrong.
        judged = np.isfinite(missed) & np.isfinite(limits) & (limits > 0)
        times = np.divide(missed, limits, where=judged, out=np.zeros_like(missed))
        kind, instance = np.unravel_index(np.argmax(times), times.shape)
        if times[kind, instance] > 1:
            # Neyman's allocation: in proportion to share and spread. A little more, since spreads are estimates.
            spread = np.sqrt((own, SURE * SURE * beside)[kind][:, instance] * now)
            found = MARGIN * spread * total(spread) / (limits[kind, instance] * limits[kind, instance])
            return np.asarray(np.maximum(now, np.ceil(found / SAMPLES) * SAMPLES))
        if self.active.min() < EVENTS:
            return np.array([now[k] if self.is_empty(k) else 2 * now[k] for k in range(len(now))])
        return None

    @property
    def _scale(self) -> Float[ndarray, " instance"]:
        return np.asarray(self.unit.numpy() / (self.importance.shape[1] * SAMPLES))

    def _combined(self, of_strata: Sequence[Float[ndarray, " instance"]]) -> Float[ndarray, " instance"]:
        shares = [stratum.share for stratum in self.strata]
        return total([share * one for share, one in zip(shares, of_strata, strict=True)], axis=0)


def losses(
    instances: pd.DataFrame,
    features: pd.DataFrame,
    points: Sequence[int],
    trained: Parameters,
    settings: Mapping[str, Any],
    relative_error: float,
) -> pd.DataFrame:
    """COLUMNS of each instance: its loss (weighted by importance, mean over samples and features), and how sure it is.

    Of the world's frames in order, the point that each instance stands at, and the world's settings.
    """
    training = settings["training"]
    most = int(SHARE * training["steps"] * training["batch_size"])
    dtype = torch.float64 if training["arithmetic"] == "exact" else torch.float32
    architectures = {model["name"]: Architecture(**model) for model in settings["models"]}
    n = trained.W.shape[2]
    found = pd.DataFrame(index=range(len(instances)), columns=list(COLUMNS), dtype=float)
    for _, rows in instances.groupby(np.asarray(points)):
        first = rows.iloc[0]
        own = features.iloc[first["instance"] * n : (first["instance"] + 1) * n]
        number = int(instances.loc[instances["model"] == first["model"], "instance"].min())
        point = Point(architectures[first["model"]], rows, own, trained, dtype, number)
        point.settle(relative_error, most)
        error = np.sqrt(total(point.contributions(), axis=0))
        samples = sum(map(point.samples, range(len(point.strata))))
        found.loc[rows["instance"]] = np.stack([point.loss, error, np.full(len(rows), samples), point.behind], axis=1)
    return found.astype({"held_out_samples": int})
