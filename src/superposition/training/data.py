"""Which optimiser steps run in which call, as a Lightning data module."""

from collections.abc import Iterator, Sequence
from typing import cast

import pytorch_lightning as pl

from superposition.features.source import Source
from superposition.training.module import Call, Ensemble

# That a call is to take: long enough to hide the trainer's overhead, and so short that the display moves and Ctrl-C,
# which waits for the end of a call, is heard within two seconds, even where others have just taken most of the machine.
SECONDS = 0.25
GROWTH = 2  # at most, from call to call, as the first ones tell little of how fast the next will be


class Batches(pl.LightningDataModule):
    """All the steps of a run, in calls that end where a snapshot is due, and take a fraction of a second otherwise.

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
        first, size = module.step, 1
        for stop in self.snapshot_steps:
            while first < stop:
                if module.speed:
                    size = max(1, min(GROWTH * size, int(SECONDS * module.speed)))
                call = Call(first, min(stop, first + size))
                first = call.last
                yield call
