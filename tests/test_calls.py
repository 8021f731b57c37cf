"""Training runs in calls that are cut by time, so that its display moves and signals are heard; by a clock of the test.

Python hears of a signal when a call ends, and shows progress then. Here steps take as long as a test says they do.
"""

import io
import signal
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from superposition.training import data, kernel, module, progress, run
from superposition.training.held_out import SAMPLES
from superposition.training.interruption import Stopped, stoppable
from superposition.training.kernel import FastHeldOut
from superposition.training.steps import State, Steps
from tests.worlds import RELU, world

DISPLAY, CTRL_C = 1.0, 2.0  # seconds that the display may stand still, and that Ctrl-C may take
COUNT = 300  # steps


class Clock:
    now = 0.0

    def time(self) -> float:
        return self.now

    perf_counter = monotonic = time


class Terminal(io.StringIO):
    """Notes when something was shown."""

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self.clock = clock
        self.shown: list[float] = []

    def isatty(self) -> bool:
        return True

    def write(self, text: str) -> int:
        self.shown.append(self.clock.now)
        return super().write(text)


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    for each in (module, progress, kernel):
        monkeypatch.setattr(each, "time", clock)
    monkeypatch.setattr("tqdm.std.time", clock.time)
    return clock


@pytest.fixture
def calls(clock, monkeypatch) -> Callable[[Callable[[int], float]], list[float]]:
    """What makes each step take so many seconds; and how long each call took."""
    took: list[float] = []
    real = Steps.run

    def slow(seconds: Callable[[int], float]) -> list[float]:
        def timed(self: Steps, first: int, last: int, state: State) -> State:
            took.append(sum(map(seconds, range(first, last))))
            clock.now += took[-1]
            return real(self, first, last, state)

        monkeypatch.setattr(Steps, "run", timed)
        return took

    return slow


def shown(clock: Clock, folder, monkeypatch, steps: int = COUNT) -> np.ndarray:
    """Train on a terminal; how long its display stood still each time."""
    terminal = Terminal(clock)
    monkeypatch.setattr("sys.stderr", terminal)
    run.train("test", world(RELU, n=2, m=1, count=1, steps=steps, batch_size=1), folder, visible=True, fast=False)
    monkeypatch.undo()
    assert f"{steps} steps on cpu" in terminal.getvalue()
    return np.diff(terminal.shown)


@pytest.mark.parametrize("seconds", [1e-5, 0.003, 0.03, 0.24, 0.9])
def test_the_display_moves_every_second(seconds, clock, calls, tmp_path, monkeypatch):
    took = calls(lambda step: seconds)
    stood_still = shown(clock, tmp_path, monkeypatch)
    assert max(took) <= max(data.SECONDS, seconds) + 1e-9
    assert sum(took) == pytest.approx(COUNT * seconds)
    assert stood_still.max() <= DISPLAY
    # As long as they may be, but for the first ones, which grow, and those before a snapshot.
    assert len(took) <= COUNT / max(1, int(data.SECONDS / seconds)) + 20


@pytest.mark.parametrize(("slower", "most"), [(DISPLAY / data.SECONDS, DISPLAY), (CTRL_C / data.SECONDS, CTRL_C)])
def test_where_others_take_the_machine_some_calls_are_longer(slower, most, clock, calls, tmp_path, monkeypatch):
    """At a quarter of its speed the display still moves every second, at an eighth Ctrl-C is heard in two."""
    took = calls(lambda step: 0.01 if step < COUNT // 2 else 0.01 * slower)
    stood_still = shown(clock, tmp_path, monkeypatch)
    assert max(took) <= most + 1e-9
    # Two as they were planned before (the trainer asks for one ahead), and one by the speed of both times.
    assert sum(each > data.SECONDS + 1e-9 for each in took) <= 3
    assert stood_still.max() <= most + 1e-9


@pytest.mark.parametrize("at", [2.0, 3.3])
def test_ctrl_c_is_heard_when_the_call_has_ended(at, clock, tmp_path, monkeypatch):
    """As of a call in C, of which Python hears when it ends."""
    real, pressed = Steps.run, []

    def timed(self: Steps, first: int, last: int, state: State) -> State:
        new = real(self, first, last, state)
        clock.now += 0.02 * (last - first)
        if clock.now > at and not pressed:
            pressed.append(at)
            signal.raise_signal(signal.SIGINT)
        return new

    monkeypatch.setattr(Steps, "run", timed)
    with stoppable(), pytest.raises(Stopped):
        run.train("test", world(RELU, n=2, m=1, steps=COUNT), tmp_path, visible=False, fast=False)
    assert pressed
    assert clock.now - at <= data.SECONDS


@pytest.mark.parametrize("seconds", [1e-6, 0.03, 0.15, 0.9])
def test_held_out_losses_are_cut_alike(seconds, clock, monkeypatch):
    module = run.build(RELU, 2, replace(world(RELU), held_out=np.zeros((5, 20 * SAMPLES), np.uint32)), fast=False)[0]
    parts: list[int] = []

    def call(self: object, name: str, parameters: object, place: int, size: int) -> None:
        parts.append(size)
        clock.now += size * seconds

    monkeypatch.setattr(kernel._Call, "__call__", call)
    FastHeldOut(module.held_out, threads=1).sums(module.steps.model)
    whole, rest = divmod(19, size := min(19, max(1, int(kernel.SECONDS / seconds))))
    assert parts == [1, *[size] * whole, *[rest] * (rest > 0)]
    assert max(parts) * seconds <= max(kernel.SECONDS, seconds)
