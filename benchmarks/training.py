"""Whole training through the Lightning trainer, as the pipeline runs it, against the plain loop, in one run.

    python -m benchmarks.training           # a table
    python -m benchmarks.training --json    # one JSON object per shape and arithmetic

Both sides train the same shapes in turn, several times over: the plain loop in one process with all cores as threads,
ours in one process a core with one thread each. Compiling is not counted and reported apart. Steps per second are
medians; `range` has the least and the greatest.
"""

import argparse
import json
import multiprocessing
import statistics
import time
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytorch_lightning as pl
import torch

from benchmarks.plain_loop import PlainLoop
from superposition.params import PRESETS
from superposition.training.launch import available_cores
from superposition.training.worlds import World, part

SHAPES = ((5, 2, 10), (20, 5, 10), (80, 20, 10), (400, 30, 20))  # features, hidden dimensions, instances
REPETITIONS = 3
SECONDS = 2.0  # a repetition of either side takes about so long


@dataclass(frozen=True)
class Timing:
    steps_per_second: list[float]
    compile_seconds: float = 0.0

    @property
    def median(self) -> float:
        return statistics.median(self.steps_per_second)


class Clock(pl.Callback):
    """Holds all workers until each has compiled, then times the steps."""

    def __init__(self, ready: Barrier) -> None:
        self.ready, self.began, self.ended = ready, 0.0, 0.0

    def on_train_batch_start(self, trainer: pl.Trainer, module: Any, batch: Any, batch_idx: int) -> None:
        if batch_idx == 0:
            self.ready.wait()
            self.began = time.perf_counter()

    def on_train_end(self, trainer: pl.Trainer, module: Any) -> None:
        self.ended = time.perf_counter()


def world(n: int, m: int, instances: int, arithmetic: str) -> World:
    """The plain loop's densities and importances, as the pipeline would have them."""
    density = 20 ** -np.linspace(0, 1, instances)
    table = pd.DataFrame({"instance": range(instances), "model": "relu_output", "importance": "0.9^i", "seed": 0})
    table = table.assign(sparsity_label=[f"{1 - d:.3g}" for d in density])
    table["stream"] = [json.dumps({"instance": k}) for k in range(instances)]
    features = pd.DataFrame(
        {
            "instance": np.repeat(np.arange(instances), n),
            "feature": np.tile(np.arange(n), instances),
            "importance": np.tile(0.9 ** np.arange(n), instances).clip(1e-12),
            "density": np.repeat(density, n),
        }
    )
    training = {"batch_size": 1024, "sample_size": None, "learning_rate": 1e-3, "schedule": "constant", "snapshots": 1}
    training |= {"warmup_steps": 0, "betas": [0.9, 0.999], "eps": 1e-8, "weight_decay": 0.01, "arithmetic": arithmetic}
    settings = {
        "n_features": n,
        "n_hidden": m,
        "models": [PRESETS["relu_output"].model_dump()],
        "initial": {"rule": "xavier", "gain": 1.0},
        "training": training,
        "values": "unit",
    }
    return World(table, features, settings, np.zeros((n, 1), dtype=np.uint32))


def worker(mine: World, ready: Barrier, orders: Connection) -> None:
    """Trains its part for as many steps as it is told to, again and again, and says how long each run took."""
    from superposition.models.toy_model import Architecture
    from superposition.training.data import Batches
    from superposition.training.run import build

    torch.set_num_threads(1)
    architecture = Architecture(**mine.settings["models"][0])
    while steps := orders.recv():
        mine.settings["training"]["steps"] = steps
        module, source = build(architecture, mine, compiled=True)
        clock = Clock(ready)
        trainer = pl.Trainer(
            accelerator="cpu", devices=1, max_epochs=1, logger=False, enable_checkpointing=False,
            enable_progress_bar=False, enable_model_summary=False, callbacks=[clock], default_root_dir=Path(),
        )  # fmt: skip
        began = time.perf_counter()
        trainer.fit(module, datamodule=Batches(source, [steps]))
        orders.send((clock.began - began, clock.ended - clock.began))


class Ours:
    """One process a core, each with its part of the instances."""

    def __init__(self, n: int, m: int, instances: int, arithmetic: str) -> None:
        context, everything = multiprocessing.get_context("spawn"), world(n, m, instances, arithmetic)
        workers = min(available_cores(), instances)
        ready, self.orders = context.Barrier(workers), []
        for k in range(workers):
            here, there = context.Pipe()
            context.Process(target=worker, args=(part(everything, k, workers), ready, there), daemon=True).start()
            self.orders.append(here)

    def run(self, steps: int) -> tuple[float, float]:
        """Seconds until all were ready, and seconds that the slowest took for the steps."""
        for orders in self.orders:
            orders.send(steps)
        answers = [orders.recv() for orders in self.orders]
        return max(a[0] for a in answers), max(a[1] for a in answers)

    def close(self) -> None:
        for orders in self.orders:
            orders.send(0)


def enough_steps(seconds: float, steps: int) -> int:
    return max(3, int(SECONDS * steps / seconds))


def compare(n: int, m: int, instances: int, arithmetic: str) -> dict[str, Any]:
    """Both sides in turn at one shape."""
    plain, ours = PlainLoop(n, m, instances), Ours(n, m, instances, arithmetic)
    compiling, seconds = ours.run(5)
    our_steps = enough_steps(ours.run(enough_steps(seconds, 5))[1], enough_steps(seconds, 5))
    plain.run(2)
    began = time.perf_counter()
    plain.run(3)
    plain_steps = enough_steps(time.perf_counter() - began, 3)
    sides: dict[str, list[float]] = {"plain": [], "ours": []}
    for _ in range(REPETITIONS):
        began = time.perf_counter()
        plain.run(plain_steps)
        sides["plain"].append(plain_steps / (time.perf_counter() - began))
        sides["ours"].append(our_steps / ours.run(our_steps)[1])
    ours.close()
    plainly, timed = Timing(sides["plain"]), Timing(sides["ours"], compiling)
    return {
        "features": n,
        "hidden": m,
        "instances": instances,
        "arithmetic": arithmetic,
        "plain_steps_per_second": round(plainly.median, 2),
        "plain_range": [round(min(sides["plain"]), 2), round(max(sides["plain"]), 2)],
        "steps_per_second": round(timed.median, 2),
        "range": [round(min(sides["ours"]), 2), round(max(sides["ours"]), 2)],
        "ratio": round(timed.median / plainly.median, 2),
        "compile_seconds": round(timed.compile_seconds, 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description="Training through the pipeline's trainer against the plain loop.")
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    as_json = parser.parse_args().json
    if not as_json:
        print("shape x instances   arithmetic  plain steps/s  steps/s   ratio  compile s")
    for shape in SHAPES:
        for arithmetic in ("exact", "float32"):
            row = compare(*shape, arithmetic)
            if as_json:
                print(json.dumps(row), flush=True)
                continue
            name = f"{row['features']}x{row['hidden']} x {row['instances']}"
            print(
                f"{name:18}  {arithmetic:10}  {row['plain_steps_per_second']:13.1f}  {row['steps_per_second']:7.1f}  "
                f"{row['ratio']:6.2f}  {row['compile_seconds']:9.1f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
