"""Whole training through the Lightning trainer, as the pipeline runs it, against the plain loop, in one run.

    python -m benchmarks.training           # a table
    python -m benchmarks.training --json    # one JSON object per shape and arithmetic

Both sides train the same shapes in turn, several times over, with all cores. Steps per second are medians; `range` has
the least and the greatest. Starting (building the model, compiling where needed, the first steps) is not counted in
them and reported apart: `compile_seconds`, once for a machine and its user, and `start_seconds`, for each run (to build
the model, and where there is a GPU to compile its steps). What is imported first takes some three seconds more.
"""

import argparse
import json
import os
import statistics
import tempfile
import threading
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import pytorch_lightning as pl

from benchmarks.plain_loop import PlainLoop
from superposition.models.toy_model import Architecture
from superposition.params import PRESETS
from superposition.training.data import Batches
from superposition.training.kernel import library
from superposition.training.run import build, quiet_trainer
from superposition.training.worlds import World

SHAPES = ((5, 2, 10), (20, 5, 10), (80, 20, 10), (400, 30, 20))  # features, hidden dimensions, instances
ARITHMETICS = ("exact", "float32")
BATCH_SIZE = 1024
REPETITIONS = 5
SECONDS = 1.0  # that a repetition of either side takes, or a little more


class Turns(pl.Callback):
    """Trains one stretch of steps at a time, when it is asked to, and says how long that took."""

    def __init__(self, stretch: int) -> None:
        self.stretch, self.seconds, self.began = stretch, 0.0, 0.0
        self.ours, self.theirs = threading.Semaphore(0), threading.Semaphore(0)

    def take(self) -> float:
        self.ours.release()
        self.theirs.acquire()
        return self.seconds

    def on_train_batch_start(self, trainer: pl.Trainer, module: Any, batch: Any, batch_idx: int) -> None:
        if module.step % self.stretch == 0:
            self.ours.acquire()
            self.began = time.perf_counter()

    def on_train_batch_end(self, trainer: pl.Trainer, module: Any, outputs: Any, batch: Any, batch_idx: int) -> None:
        if module.step % self.stretch == 0:
            self.seconds = time.perf_counter() - self.began
            self.theirs.release()


class Ours:
    """The pipeline's trainer at one shape, on a thread of its own, which waits between stretches of steps."""

    def __init__(self, n: int, m: int, instances: int, arithmetic: str, stretch: int, stretches: int) -> None:
        everything = world(n, m, instances, arithmetic, stretch * stretches)
        self.turns = Turns(stretch)
        stops = [stretch * (k + 1) for k in range(stretches)]
        self.thread = threading.Thread(target=fit, args=(everything, stops, self.turns), daemon=True)
        self.thread.start()

    def run(self) -> float:
        """Seconds that a stretch took."""
        return self.turns.take()


def fit(everything: World, stops: list[int], turns: Turns) -> None:
    architecture = Architecture(**everything.settings["models"][0])
    module, source = build(architecture, everything.settings["n_hidden"], everything, fast=True)
    module.snapshot_steps = set()
    trainer = quiet_trainer([turns])
    trainer.fit(module, datamodule=Batches(source, stops))


def world(n: int, m: int, instances: int, arithmetic: str, steps: int, batch_size: int = BATCH_SIZE) -> World:
    """The plain loop's densities and importances, as the pipeline would have them."""
    density = 20 ** -np.linspace(0, 1, instances)
    table = pd.DataFrame({"instance": range(instances), "model": "relu_output", "importance": "0.9^i", "seed": 0})
    table = table.assign(n_hidden=m, sets="independent", set_size=1, sparsity_label=[f"{1 - d:.3g}" for d in density])
    table["stream"] = [json.dumps({"instance": k}) for k in range(instances)]
    features = pd.DataFrame(
        {
            "instance": np.repeat(np.arange(instances), n),
            "feature": np.tile(np.arange(n), instances),
            "importance": np.tile(0.9 ** np.arange(n), instances).clip(1e-12),
            "density": np.repeat(density, n),
        }
    )
    training = {
        "steps": steps,
        "batch_size": batch_size,
        "sample_size": None,
        "learning_rate": 1e-3,
        "schedule": "constant",
        "warmup_steps": 0,
        "betas": [0.9, 0.999],
        "eps": 1e-8,
        "weight_decay": 0.01,
        "arithmetic": arithmetic,
        "snapshots": 1,
    }
    settings = {
        "n_features": n,
        "n_hidden": m,
        "models": [PRESETS["relu_output"].model_dump()],
        "initial": {"rule": "xavier", "gain": 1.0},
        "training": training,
        "values": "unit",
    }
    return World(table, features, settings, np.zeros((n, 1), dtype=np.uint32))


def compile_anew() -> float:
    """Seconds that it takes to compile the kernel, as on a machine that never did."""
    before, took = os.environ.get("XDG_CACHE_HOME"), 0.0
    with tempfile.TemporaryDirectory() as folder:
        os.environ["XDG_CACHE_HOME"] = folder
        library.cache_clear()
        began = time.perf_counter()
        library()
        took = time.perf_counter() - began
    if before is None:
        del os.environ["XDG_CACHE_HOME"]
    else:
        os.environ["XDG_CACHE_HOME"] = before
    return took


def compare(n: int, m: int, instances: int, compiling: float) -> Iterator[dict[str, Any]]:
    """The plain loop and ours in either arithmetic, in turn, at one shape. `compiling`: how long that took."""
    plain = PlainLoop(n, m, instances)
    plain.run(2)
    began = time.perf_counter()
    plain.run(5)
    steps = {"plain": max(3, int(SECONDS * 5 / (time.perf_counter() - began)))}
    ours, starting = {}, {}
    for arithmetic in ARITHMETICS:
        steps[arithmetic] = 6 * steps["plain"]
        began = time.perf_counter()
        ours[arithmetic] = Ours(n, m, instances, arithmetic, steps[arithmetic], REPETITIONS + 1)
        starting[arithmetic] = -ours[arithmetic].run() + time.perf_counter() - began
    speeds: dict[str, list[float]] = {side: [] for side in steps}
    for _ in range(REPETITIONS):
        began = time.perf_counter()
        plain.run(steps["plain"])
        speeds["plain"].append(steps["plain"] / (time.perf_counter() - began))
        for arithmetic, side in ours.items():
            speeds[arithmetic].append(steps[arithmetic] / side.run())
    middle = {side: statistics.median(values) for side, values in speeds.items()}
    for arithmetic in ARITHMETICS:
        yield {
            "features": n,
            "hidden": m,
            "instances": instances,
            "arithmetic": arithmetic,
            "plain_steps_per_second": round(middle["plain"], 2),
            "plain_range": [round(min(speeds["plain"]), 2), round(max(speeds["plain"]), 2)],
            "steps_per_second": round(middle[arithmetic], 2),
            "range": [round(min(speeds[arithmetic]), 2), round(max(speeds[arithmetic]), 2)],
            "ratio": round(middle[arithmetic] / middle["plain"], 2),
            "compile_seconds": round(compiling, 1),
            "start_seconds": round(starting[arithmetic], 2),
        }


def main() -> None:
    parser = argparse.ArgumentParser(description="Training through the pipeline's trainer against the plain loop.")
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    as_json = parser.parse_args().json
    compiling = compile_anew()
    if not as_json:
        print(f"Compiling took {compiling:.1f} s, once for this machine.")
        print("shape x instances   arithmetic  plain steps/s  steps/s   ratio   start s")
    for shape in SHAPES:
        for row in compare(*shape, compiling):
            if as_json:
                print(json.dumps(row), flush=True)
                continue
            name = f"{row['features']}x{row['hidden']} x {row['instances']}"
            print(
                f"{name:18}  {row['arithmetic']:10}  {row['plain_steps_per_second']:13.1f}  "
                f"{row['steps_per_second']:7.1f}  {row['ratio']:6.2f}  {row['start_seconds']:9.2f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
