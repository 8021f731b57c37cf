"""A run that is interrupted anywhere goes on: the next one ends with the same hashes, and leaves nothing behind.

FAULTS=200 pytest tests/faults/test_interruptions.py     # how many; make test-all takes 200
"""

import os
import random
import signal
import subprocess
import time

import psutil
import pytest

from tests.checkout import Small

pytestmark = [pytest.mark.slow, pytest.mark.long]
COUNT = int(os.environ.get("FAULTS", "2"))
STAGES = ("check", "code", "generate", "train@short", "measure@short", "plot@short", "report")
SIGNALS = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
LATEST = 4.0  # seconds after a stage has begun; some are over then, and the next ones are hit


def forget(small: Small) -> None:
    """As if nothing had ever been made."""
    small.run("rm", "-rf", "data", ".dvc/cache", "dvc.lock", "reports/figures", ".checkpoints", check=True)


def processes(small: Small) -> list[psutil.Process]:
    found = []
    for process in psutil.process_iter():
        try:
            if process.cwd() == str(small.root) and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except psutil.Error:
            continue
    return found


def hit(small: Small, whom: str, make: subprocess.Popen[str], sent: signal.Signals) -> None:
    """Send a signal to make, to DVC, to the stage, or to all; to make where there is no such process now."""
    words = {"dvc": "dvc", "stage": "stages/"}
    if whom == "group":
        os.killpg(make.pid, sent)
        return
    for process in processes(small):
        try:
            line = process.cmdline()
        except psutil.Error:
            continue
        if whom in words and any(word.endswith("/dvc") or "stages/" in word for word in line[:3]):
            is_stage = any("stages/" in word for word in line)
            if is_stage == (whom == "stage"):
                process.send_signal(sent)
                return
    make.send_signal(sent)


@pytest.mark.parametrize("number", range(COUNT))
def test_an_interrupted_run_goes_on(made, small, number):
    choose = random.Random(number)
    stage, sent = STAGES[number % len(STAGES)], choose.choice(SIGNALS)
    whom, after = choose.choice(("make", "dvc", "stage", "group")), choose.uniform(0, LATEST)
    forget(small)
    log = small.root.parent / "log"
    with log.open("w") as file:
        make = small.start(*small.make("repro"), stdout=file, start_new_session=True)
        while make.poll() is None and f"Running stage '{stage}'" not in log.read_text():
            time.sleep(0.05)
        time.sleep(after)
        if make.poll() is None:
            hit(small, whom, make, sent)
        make.wait()
    what = f"{sent.name} to {whom}, {after:.1f} s after {stage} began"
    done = small.run(*small.make("repro"))
    assert done.returncode == 0, f"{what}: {done.stdout[-2000:]}{done.stderr[-2000:]}"
    assert small.contents() == made.contents(), what
    assert processes(small) == [], what
    left = [path for path in small.root.rglob("*.partial") if ".git" not in path.parts]
    assert left + list((small.root / "data/partial").iterdir()) == [], what
    assert small.status() == {}, what
