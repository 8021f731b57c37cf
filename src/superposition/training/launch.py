"""Instances spread over processes: on a CPU, two of one thread do more than one of two, and a busy machine slows them
down gracefully, where threads that wait for each other at every operation come to a crawl.
"""

import multiprocessing
import os
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from superposition.training.run import Trained, World, train


def train_everywhere(name: str, world: World, checkpoints: Path) -> Trained:
    """`train`, on the GPU if there is one, else on every core that this process may use; the same bits either way."""
    workers = 1 if torch.cuda.is_available() else min(available_cores(), len(world.instances))
    with ProcessPoolExecutor(workers, multiprocessing.get_context("spawn"), one_thread) as pool:
        parts = [
            pool.submit(train, name, part(world, k, workers), checkpoints / f"{k + 1}_of_{workers}", k == 0)
            for k in range(workers)
        ]
        return join(world, [trained.result() for trained in parts])


def available_cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def one_thread() -> None:
    torch.set_num_threads(1)


def part(world: World, k: int, of: int) -> World:
    """Every `of`-th instance of a world, from the k-th on."""
    chosen = world.instances.iloc[k::of]
    return World(chosen, world.features, world.settings, world.held_out, world.sample)


def join(world: World, parts: list[Trained]) -> Trained:
    """What parts of a world learned, as if all of it had trained at once."""
    history = pd.concat([p.history for p in parts]).sort_values(["instance", "step"], ignore_index=True)
    weights, snapshots = {}, {"step": parts[0].snapshots["step"]}
    for model in world.settings["models"]:
        owners = [world.instances.iloc[k :: len(parts)] for k in range(len(parts))]
        numbers = np.concatenate([own.loc[own["model"] == model["name"], "instance"] for own in owners])
        order = np.argsort(numbers)
        for key in [key for key in parts[0].weights if key.startswith(f"{model['name']}.")]:
            weights[key] = np.concatenate([p.weights[key] for p in parts])[order]
            joined = np.concatenate([p.snapshots[key] for p in parts], axis=1)
            snapshots[key] = np.ascontiguousarray(joined[:, order])  # the layout is part of a file's bytes
    return Trained(weights, snapshots, history)
