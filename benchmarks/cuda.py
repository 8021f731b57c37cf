"""Steps on a GPU: plain, compiled and as a CUDA graph, against the card's own limits, which are measured beside them.

A step has to write and read each feature value at least once, and to do five matrix products. What it could not go
below is therefore the larger of

    time of memory     2 * instances * features * samples * bytes of a number / bandwidth of copying 1 GiB
    time of arithmetic 10 * instances * features * hidden * samples / rate of a product of 4096x4096 matrices

in the step's own number format, and its fraction of the limit is that over its time.
"""

import statistics
import time
from collections.abc import Callable, Iterator
from functools import partial

import torch
from torch import Tensor

from benchmarks.measurement import Measurement, measurement, repeated
from benchmarks.training import ARITHMETICS, BATCH_SIZE, SHAPES, world
from superposition.models.toy_model import Architecture
from superposition.training.run import build
from superposition.training.steps import State, Steps

STEPS = 50
REPETITIONS = 5


def measure(device: str = "cuda") -> Iterator[Measurement]:
    for n, m, instances in SHAPES:
        for arithmetic in ARITHMETICS:
            everything = world(n, m, instances, arithmetic, (REPETITIONS + 2) * STEPS)
            module, _ = build(Architecture(**everything.settings["models"][0]), m, everything, fast=True)
            module.to(device)
            start = module.steps.state(lambda p: (torch.zeros_like(p), torch.zeros_like(p)))
            dtype = start[0].dtype
            memory = 2 * instances * n * BATCH_SIZE * dtype.itemsize / bandwidth(device)
            arithmetic_time = 10 * instances * n * m * BATCH_SIZE / product_rate(dtype, device)
            limit = "memory" if memory > arithmetic_time else "arithmetic"
            case = f"{n}x{m}, {instances} instances, {arithmetic}"
            for form, run in forms(module.steps, start, device).items():
                took = [s / STEPS for s in repeated(REPETITIONS, partial(seconds, run, device))]
                yield measurement("gpu", f"{case}, {form}", "speed", "steps/s", [1 / s for s in took])
                fractions = [max(memory, arithmetic_time) / s for s in took]
                yield measurement("gpu", f"{case}, {form}", f"of the limit of {limit}", "1", fractions)


def forms(steps: Steps, start: State, device: str) -> dict[str, Callable[[], object]]:
    """What runs STEPS steps, in each form that there is."""
    compiled = steps.compiled(start)
    found: dict[str, Callable[[], object]] = {
        "plain": lambda: steps.run(0, STEPS, start),
        "compiled": lambda: compiled(0, STEPS, start),
    }
    if device == "cuda":
        found["CUDA graph"] = graph(steps, start)
    return found


def graph(steps: Steps, start: State) -> Callable[[], object]:
    """One step, recorded once and played again: no launch costs, but no fused operations either."""
    step, state = torch.zeros((), dtype=torch.int64, device=start[0].device), [t.clone() for t in start]

    def advance() -> None:
        with torch.no_grad():
            for old, new in zip(state, steps.one(step, *state), strict=True):
                old.copy_(new)
            step.add_(1)

    stream = torch.cuda.Stream()
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        advance()  # libraries set themselves up, which cannot be recorded
    torch.cuda.current_stream().wait_stream(stream)
    recorded = torch.cuda.CUDAGraph()
    with torch.cuda.graph(recorded):
        advance()

    def run() -> None:
        step.zero_()
        for _ in range(STEPS):
            recorded.replay()

    return run


def seconds(run: Callable[[], object], device: str) -> float:
    run()
    wait(device)
    began = time.perf_counter()
    run()
    wait(device)
    return time.perf_counter() - began


def wait(device: str) -> None:
    if device == "cuda":
        torch.cuda.synchronize()


def bandwidth(device: str) -> float:
    """Bytes a second of copying 1 GiB, read and written."""
    source = torch.zeros(2**28, dtype=torch.float32, device=device)
    target = torch.empty_like(source)
    return 2 * source.nbytes / statistics.median(repeated(5, lambda: seconds(lambda: target.copy_(source), device)))


def product_rate(dtype: torch.dtype, device: str, size: int = 4096) -> float:
    """Operations a second of a large matrix product."""
    a = torch.rand(size, size, dtype=dtype, device=device)
    out: Tensor = torch.empty_like(a)
    took = statistics.median(repeated(3, lambda: seconds(lambda: torch.mm(a, a, out=out), device)))
    return 2 * size**3 / took
