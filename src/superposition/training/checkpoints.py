"""Unfinished runs, kept so that a run that was killed goes on where it stopped."""

import hashlib
import os
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytorch_lightning as pl

EVERY = 20.0  # seconds


def folder(root: Path, inputs: Iterable[Path]) -> Path:
    """Where the checkpoints of a run lie: named by the contents of all that decides its results."""
    digest = hashlib.sha256()
    for path in sorted(inputs):
        content = path.read_bytes()
        digest.update(f"{path} {len(content)}\n".encode() + content)
    return root / digest.hexdigest()[:16]


class Checkpoints(pl.Callback):
    """Writes the state of the run to `path` every few seconds and at the end, the old file staying until the new is."""

    def __init__(self, path: Path) -> None:
        self.path, self.last = path, time.monotonic()

    def on_train_batch_end(self, trainer: pl.Trainer, module: Any, outputs: Any, batch: Any, batch_idx: int) -> None:
        if time.monotonic() - self.last >= EVERY:
            self.save(trainer)

    def on_train_end(self, trainer: pl.Trainer, module: Any) -> None:
        self.save(trainer)

    def save(self, trainer: pl.Trainer) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        partial = self.path.with_suffix(".partial")
        trainer.save_checkpoint(partial)
        os.replace(partial, self.path)
        self.last = time.monotonic()
