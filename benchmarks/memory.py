"""The most memory that training takes, in a process of its own: python -m benchmarks.memory STEPS"""

import resource
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from benchmarks.measurement import Measurement, measurement
from benchmarks.training import world
from superposition.training.run import train

SHAPE = (400, 30, 50)  # the paper's largest sweep
HELD_OUT = 8192
STEPS = (10, 40, 160)


def measure() -> Iterator[Measurement]:
    n, m, instances = SHAPE
    for steps in STEPS:
        done = subprocess.run(
            [sys.executable, "-m", "benchmarks.memory", str(steps)], check=True, capture_output=True, text=True
        )
        case = f"{n}x{m}, {instances} instances, {steps} steps"
        yield measurement("memory", case, "peak", "GiB", [float(done.stdout)])


def main() -> None:
    everything = world(*SHAPE, "exact", int(sys.argv[1]))
    everything.settings["training"]["snapshots"] = 5
    words = np.random.default_rng(0).integers(0, 2**32, (SHAPE[0], HELD_OUT), dtype=np.uint32)
    with tempfile.TemporaryDirectory() as folder:
        train("memory", replace(everything, held_out=words), Path(folder), visible=False)
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20)


if __name__ == "__main__":
    main()
