"""Unfinished runs, kept so that a run that was stopped goes on where it was.

A checkpoint is arrays alone, in NumPy's format, after a line with their digest. Lightning's own are pickles, which may
execute what somebody has put into them, and have no digest, so that a flipped bit would go into the results.
"""

import ast
import hashlib
import io
import os
import sys
import time
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytorch_lightning as pl

from superposition.imports import files
from superposition.training.compiled import require_private
from superposition.training.interruption import Stopped

EVERY = 20.0  # seconds
# What the stage runs that decides no result: everything else does, or might.
ASIDE = [
    *(Path("src/superposition", f"{name}.py") for name in ("imports", "inputs", "stage", "stopping")),
    *(
        Path("src/superposition/training", f"{name}.py")
        for name in ("checkpoints", "interruption", "manifest", "progress")
    ),
]


class Unreadable(ValueError):
    """No checkpoint, or a damaged one."""


def deciding(script: Path, *modules: str) -> list[Path]:
    """The files that a script runs, and those of modules that it finds by name, that may decide its results."""
    return [file for file in files(script, *modules) if file not in ASIDE]


def folder(root: Path, inputs: Iterable[Path]) -> Path:
    """Where the checkpoints of a run lie: named by the contents of all that decides its results; comments do not."""
    digest = hashlib.sha256()
    for path in sorted(inputs):
        content = path.read_bytes()
        if path.suffix == ".py":
            content = ast.dump(ast.parse(content)).encode()
        digest.update(f"{path} {len(content)}\n".encode() + content)
    return root / digest.hexdigest()[:16]


def write(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    """The old file stays until the new one is complete."""
    content = io.BytesIO()
    np.savez(content, **arrays)  # type: ignore[arg-type]  # numpy's stubs take any name for one of its own keywords
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    partial.write_bytes(digest_line(path, content.getvalue()) + content.getvalue())
    partial.chmod(0o600)  # whatever the umask is
    os.replace(partial, path)


def read(path: Path) -> dict[str, np.ndarray]:
    with path.open("rb") as opened:
        try:
            require_private(path, os.fstat(opened.fileno()))
        except PermissionError as error:
            raise Unreadable(error) from None
        line, _, content = opened.read().partition(b"\n")
    if line + b"\n" != digest_line(path, content):
        raise Unreadable("not what was written for this run")
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
            return dict(arrays)
    except (ValueError, EOFError, KeyError, AttributeError, TypeError, zipfile.BadZipFile) as error:
        raise Unreadable(error) from None


def digest_line(path: Path, content: bytes) -> bytes:
    """Of the run too, by which the folder is named: another run's checkpoint may have the same shapes."""
    run = f"{path.parent.name}/{path.name}\n".encode()
    return f"{hashlib.sha256(run + content).hexdigest()}\n".encode()


class Checkpoints(pl.Callback):
    """Keeps the state of the run at `path`: every few seconds, at the end, and when it is told to stop."""

    def __init__(self, path: Path) -> None:
        self.path, self.last, self.kept = path, time.monotonic(), 0

    def resume(self, module: Any) -> None:
        """`module` as it was when it was kept, if it was; what cannot be read is deleted, and training begins anew."""
        if not self.path.exists():
            return
        try:
            module.resume(read(self.path))
        except (KeyError, ValueError) as error:
            said = " ".join(str(error).split())
            print(f"{self.path} is damaged ({said}): deleted, and training begins anew", file=sys.stderr, flush=True)
            self.path.unlink()
        self.kept = module.step

    def on_train_batch_end(self, trainer: pl.Trainer, module: Any, outputs: Any, batch: Any, batch_idx: int) -> None:
        if time.monotonic() - self.last >= EVERY:
            self.save(module)

    def on_train_end(self, trainer: pl.Trainer, module: Any) -> None:
        self.save(module)

    def on_exception(self, trainer: pl.Trainer, module: Any, exception: BaseException) -> None:
        if isinstance(exception, Stopped) and module.step > self.kept:
            self.save(module)

    def save(self, module: Any) -> None:
        write(self.path, module.arrays())
        self.last, self.kept = time.monotonic(), module.step
