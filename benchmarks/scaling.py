"""How the time of a step grows with the number of instances and of features, through the pipeline's trainer."""

from collections.abc import Iterator

from benchmarks.measurement import Measurement, measurement, repeated
from benchmarks.training import BATCH_SIZE, Ours

INSTANCES = (1, 4, 16, 64, 256, 1024, 4096)  # of 5x2
FEATURES = (5, 20, 80, 400, 1600)  # of 10 instances with 5 hidden dimensions
SECONDS = 0.5  # about, of a repetition
REPETITIONS = 3


def measure() -> Iterator[Measurement]:
    """Each time is divided by how much arithmetic there is, so that it would stay the same if nothing else counted."""
    for instances in INSTANCES:
        step = seconds(5, 2, instances)
        values = [1e6 * s / instances for s in step]
        yield measurement("instances", f"5x2, {instances} instances", "a model's step", "us", values)
    for n in FEATURES:
        values = [1e9 * s / (10 * n * BATCH_SIZE) for s in seconds(n, 5, 10)]
        yield measurement("features", f"{n}x5, 10 instances", "a feature of a sample", "ns", values)


def seconds(n: int, m: int, instances: int) -> list[float]:
    """Of a step, several times."""
    stretch = max(2, int(SECONDS / (1.5e-9 * instances * n * BATCH_SIZE)))
    ours = Ours(n, m, instances, "exact", stretch, REPETITIONS + 1)
    ours.run()
    return repeated(REPETITIONS, lambda: ours.run() / stretch)
