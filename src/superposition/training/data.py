"""Which optimiser steps run in which call, as a Lightning data module."""

from collections.abc import Iterator, Sequence
from typing import cast

import pytorch_lightning as pl

from superposition.features.source import Source
from superposition.training.module import Call, Ensemble

FIRST_CALL = 10  # steps, after which the speed is known
SECONDS = 0.5  # that a call is to take: long enough to hide the trainer's overhead, short enough to watch


class Batches(pl.LightningDataModule):
    """All the steps of a run, in calls that end where a snapshot is due, and take about half a second otherwise.

    `source` is where the batches themselves come from: the stream, or the finite sample. They are drawn on the device,
    inside the call, from the number of the step alone. How steps are split into calls changes no bit.
    """

    def __init__(self, source: Source, snapshot_steps: Sequence[int]) -> None:
        super().__init__()
        self.source, self.snapshot_steps = source, sorted(snapshot_steps)

    def train_dataloader(self) -> "Batches":
        return self

    def __iter__(self) -> Iterator[Call]:
        module = cast(Ensemble, self.trainer.lightning_module)  # type: ignore[union-attr]
        first = module.step
        for stop in self.snapshot_steps:
            while first < stop:
                size = max(1, int(SECONDS * module.speed)) if module.speed else FIRST_CALL
                call = Call(first, min(stop, first + size))
                first = call.last
                yield call
