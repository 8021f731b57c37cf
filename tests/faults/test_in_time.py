"""Measured for docs/reliability.md: how long Ctrl-C takes to end training, and how long its display stands still.

On a machine that does nothing else, and on one where others have two processes for each core.
"""

import fcntl
import itertools
import os
import pty
import random
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from pathlib import Path

import pytest

from superposition.training.kernel import available_cores, library
from tests.checkout import SHORT, code
from tests.documents import changed, write

pytestmark = [pytest.mark.slow, pytest.mark.long]
ROUNDS = 10
# Steps that take about a millisecond each, and many of them.
LONG = SHORT | {"n_features": 40, "n_hidden": 10, "seeds": 20}
LONG |= {"training": {"steps": 1_000_000, "batch_size": 1024, "snapshots": 4}}


@pytest.fixture(scope="module")
def checkout(tmp_path_factory) -> Path:
    """With a world to train in."""
    folder = code(tmp_path_factory.mktemp("in_time"), "dvc.yaml", "requirements.txt")
    write(folder / "params.yaml", changed(("experiments", {"short": LONG})))
    command = [sys.executable, "scripts/in_one_process.py", "check", "generate"]
    subprocess.run(command, cwd=folder, env=os.environ | {"PYTHONPATH": "src"}, check=True)
    library()  # is compiled now, if ever
    return folder


def shown(terminal: int, until: float) -> list[tuple[float, str]]:
    """What comes on a terminal until then, and when; less where it is closed before."""
    found = []
    while (left := until - time.monotonic()) > 0:
        if select.select([terminal], [], [], left)[0]:
            try:
                text = os.read(terminal, 4096).decode("utf-8", "replace")
            except OSError:  # nobody has it open any more
                break
            found.append((time.monotonic(), text))
    return found


@pytest.mark.parametrize("beside", [0, 2], ids=["alone", "two processes beside for each core"])
def test_ctrl_c_ends_training_and_the_display_moves(checkout, beside, record_property):
    busy = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(beside * available_cores())]
    ended, moved = [], []
    try:
        for number in range(ROUNDS):
            own, its = pty.openpty()
            fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 100, 0, 0))  # rows and columns
            command = [sys.executable, "stages/train.py", "short"]
            training = subprocess.Popen(command, cwd=checkout, env=os.environ | {"PYTHONPATH": "src"}, stderr=its)
            os.close(its)
            said = ""
            while "steps on" not in said or not re.search(r"\d+/1000000", said):
                said += "".join(text for _, text in shown(own, time.monotonic() + 0.05))
                assert training.poll() is None, said
            seen = shown(own, time.monotonic() + random.Random(number).uniform(3, 8))
            pressed = time.monotonic()
            training.send_signal(signal.SIGINT)
            last = "".join(text for _, text in shown(own, pressed + 120))
            assert training.wait() == 130
            ended.append(time.monotonic() - pressed)
            os.close(own)
            assert re.search(
                r"train short: stopped after \d+ of 1000000 steps .* which are kept; make repro goes on", last
            )
            times = [when for when, _ in seen]
            assert len(times) > 1
            moved.append(max(second - first for first, second in itertools.pairwise(times)))
    finally:
        for process in busy:
            process.kill()
            process.wait()
    suffix = "_busy" if beside else ""
    record_property(f"ended{suffix}", f"{max(ended):.2f}")
    record_property(f"moved{suffix}", f"{max(moved):.2f}")
