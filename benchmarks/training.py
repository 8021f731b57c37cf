"""Whole training through the Lightning trainer, as the pipeline runs it, against the plain loop, in one run.

    python -m benchmarks.training           # a table
    python -m benchmarks.training --json    # one JSON object per shape and arithmetic

Both sides train the same shapes in turn, several times over: the plain loop in one process with all cores as threads,
ours in one process a core with one thread each. Steps per second are medians, `range` has the least and the greatest.
Starting (importing, compiling) is not counted in them and reported apart, as `start_seconds`.
"""

import argparse
import json
import logging
import multiprocessing
import statistics
import time
import warnings
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Barrier
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
SECONDS = 1.5  # a repetition of either side takes about so long


class Clock(pl.Callback):
    """Stops before each stretch of steps until it is asked for and all workers are there; says how long it took."""

    def __init__(self, stretch: int, ready: Barrier, orders: Connection) -> None:
        self.stretch, self.ready, self.orders, self.began = stretch, ready, orders, 0.0

    def on_train_batch_start(self, trainer: pl.Trainer, module: Any, batch: Any, batch_idx: int) -> None:
        if module.step % self.stretch == 0:
            self.orders.recv()
            self.ready.wait()
            self.began = time.perf_counter()

    def on_train_batch_end(self, trainer: pl.Trainer, module: Any, outputs: Any, batch: Any, batch_idx: int) -> None:
        if module.step % self.stretch == 0:
            self.orders.send(time.perf_counter() - self.began)


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


def worker(mine: World, stretch: int, ready: Barrier, orders: Connection) -> None:
    """Trains its part of the instances, one stretch of steps for each order."""
    from superposition.models.toy_model import Architecture
    from superposition.training.data import Batches
    from superposition.training.run import build

    torch.set_num_threads(1)
    logging.getLogger("pytorch_lightning").setLevel(logging.WARNING)
    warnings.filterwarnings("ignore", module="pytorch_lightning")
    module, source = build(Architecture(**mine.settings["models"][0]), mine, compiled=True)
    module.snapshot_steps = set()
    trainer = pl.Trainer(
        accelerator="cpu",
        devices=1,
        max_epochs=1,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        callbacks=[Clock(stretch, ready, orders)],
    )
    trainer.fit(module, datamodule=Batches(source, [stretch * (k + 1) for k in range(REPETITIONS + 1)]))


class Ours:
    """One process a core, each with its part of the instances; `run` trains all of them for one stretch of steps."""

    def __init__(self, n: int, m: int, instances: int, arithmetic: str, stretch: int) -> None:
        context, everything = multiprocessing.get_context("spawn"), world(n, m, instances, arithmetic)
        everything.settings["training"]["steps"] = stretch * (REPETITIONS + 1)
        workers = min(available_cores(), instances)
        self.ready, self.orders, self.workers = context.Barrier(workers), [], []
        for k in range(workers):
            here, there = context.Pipe()
            own = part(everything, k, workers)
            process = context.Process(target=worker, args=(own, stretch, self.ready, there), daemon=True)
            process.start()
            self.workers.append(process)
            self.orders.append(here)

    def run(self) -> float:
        """Seconds that the slowest took."""
        for orders in self.orders:
            orders.send("go")
        return max(orders.recv() for orders in self.orders)

    def close(self) -> None:
        for process in self.workers:
            process.join()


def compare(n: int, m: int, instances: int, arithmetic: str) -> dict[str, Any]:
    """Both sides in turn at one shape."""
    plain = PlainLoop(n, m, instances)
    plain.run(2)
    began = time.perf_counter()
    plain.run(5)
    plain_steps = max(3, int(SECONDS * 5 / (time.perf_counter() - began)))
    our_steps = 4 * plain_steps
    began = time.perf_counter()
    ours = Ours(n, m, instances, arithmetic, our_steps)
    ours.run()  # comes back when all is imported, compiled and warm
    starting = time.perf_counter() - began
    sides: dict[str, list[float]] = {"plain": [], "ours": []}
    for _ in range(REPETITIONS):
        began = time.perf_counter()
        plain.run(plain_steps)
        sides["plain"].append(plain_steps / (time.perf_counter() - began))
        sides["ours"].append(our_steps / ours.run())
    ours.close()
    medians = {side: statistics.median(speeds) for side, speeds in sides.items()}
    return {
        "features": n,
        "hidden": m,
        "instances": instances,
        "arithmetic": arithmetic,
        "plain_steps_per_second": round(medians["plain"], 2),
        "plain_range": [round(min(sides["plain"]), 2), round(max(sides["plain"]), 2)],
        "steps_per_second": round(medians["ours"], 2),
        "range": [round(min(sides["ours"]), 2), round(max(sides["ours"]), 2)],
        "ratio": round(medians["ours"] / medians["plain"], 2),
        "start_seconds": round(starting - our_steps / medians["ours"], 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description="Training through the pipeline's trainer against the plain loop.")
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    as_json = parser.parse_args().json
    if not as_json:
        print("shape x instances   arithmetic  plain steps/s  steps/s   ratio   start s")
    for shape in SHAPES:
        for arithmetic in ("exact", "float32"):
            row = compare(*shape, arithmetic)
            if as_json:
                print(json.dumps(row), flush=True)
                continue
            name = f"{row['features']}x{row['hidden']} x {row['instances']}"
            print(
                f"{name:18}  {arithmetic:10}  {row['plain_steps_per_second']:13.1f}  {row['steps_per_second']:7.1f}  "
                f"{row['ratio']:6.2f}  {row['start_seconds']:9.1f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
