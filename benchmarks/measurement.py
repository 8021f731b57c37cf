"""What every benchmark yields."""

import statistics
from collections.abc import Callable, Sequence
from typing import NamedTuple


class Measurement(NamedTuple):
    """A median over repetitions, and their range."""

    benchmark: str
    case: str
    quantity: str
    unit: str
    median: float
    least: float
    greatest: float


def measurement(benchmark: str, case: str, quantity: str, unit: str, values: Sequence[float]) -> Measurement:
    return Measurement(benchmark, case, quantity, unit, statistics.median(values), min(values), max(values))


def repeated(times: int, run: Callable[[], float]) -> list[float]:
    return [run() for _ in range(times)]
