"""Instances spread over processes: on a CPU, two of one thread do more than one of two, and a busy machine slows them
down gracefully, where threads that wait for each other at every operation come to a crawl.
"""

import multiprocessing
import os
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path

import torch

from superposition.training.worlds import Trained, World, join, part


def train_everywhere(name: str, world: World, checkpoints: Path) -> Trained:
    """`train`, on the GPU if there is one, else on every core that this process may use; the same bits either way."""
    workers = 1 if torch.cuda.is_available() else min(available_cores(), world.instances["model"].value_counts().max())
    with ProcessPoolExecutor(workers, multiprocessing.get_context("spawn"), one_thread) as pool:
        futures = [
            pool.submit(train_part, name, part(world, k, workers), checkpoints / f"{k + 1}_of_{workers}", k == 0)
            for k in range(workers)
        ]
        try:
            return join([future.result() for future in as_completed(futures)])
        except BaseException:
            for worker in multiprocessing.active_children():  # what the others do is of no use any more
                worker.terminate()
            raise


def train_part(name: str, world: World, checkpoints: Path, visible: bool) -> Trained:
    # Imported here, since only the workers need Lightning, which takes seconds to import.
    from superposition.training.run import train

    return train(name, world, checkpoints, visible)


def available_cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def one_thread() -> None:
    torch.set_num_threads(1)
