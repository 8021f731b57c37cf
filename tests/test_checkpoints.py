"""What is kept of training that is stopped or killed: it goes on to the same bits, and trusts no other checkpoint."""

import io
import itertools
import json
import os
import pickle
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from superposition import imports
from superposition.training import checkpoints
from superposition.training.held_out import HeldOut
from superposition.training.interruption import Stopped, stoppable
from superposition.training.kernel import library
from superposition.training.steps import Steps
from tests.worlds import RELU, assert_same, plain, world

ROOT = Path(__file__).parent.parent


KILLED = """
import sys
from pathlib import Path
from tests import worlds as t
from superposition.training import checkpoints
checkpoints.EVERY = 0.0
t.plain(t.world(t.RELU, steps=20000), Path(sys.argv[1]))
"""


def test_a_killed_run_resumes_to_the_same_bits(tmp_path):
    environment = os.environ | {"PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'src'}"}
    run = subprocess.Popen([sys.executable, "-c", KILLED, str(tmp_path)], env=environment)
    checkpoint = tmp_path / "relu_output.2.ckpt"
    while not checkpoint.exists() and run.poll() is None:
        time.sleep(0.05)
    time.sleep(0.5)
    run.send_signal(signal.SIGKILL)
    assert run.wait() == -signal.SIGKILL
    kept = checkpoints.read(checkpoint)
    saved = int(kept["step"])
    assert 0 < saved < 20000
    # How far it came is left to chance, so the rest is cut short: both runs end a little later.
    w = world(RELU, steps=saved + 60)
    resumed = plain(w, tmp_path)
    assert resumed.seconds > kept["seconds"] > 0
    straight = plain(w, tmp_path / "straight")
    for key in straight.weights:
        np.testing.assert_array_equal(resumed.weights[key], straight.weights[key])
    final = [t.history[t.history["step"] == saved + 60] for t in (resumed, straight)]
    pd.testing.assert_frame_equal(*[f.reset_index(drop=True) for f in final], check_exact=True)


def damaged(checkpoint: Path, how: str) -> bytes:
    content = checkpoint.read_bytes()
    if how == "truncated":
        return content[: len(content) // 2]
    if how == "a flipped bit":
        return content[:-500] + bytes([content[-500] ^ 1]) + content[-499:]
    if how == "a pickle":
        return pickle.dumps(Planted())
    arrays = {"step": np.array(Planted(), dtype=object)} if how == "an object in arrays" else {"step": np.array(40)}
    archive = io.BytesIO()
    np.savez(archive, **arrays)
    return checkpoints.digest_line(checkpoint, archive.getvalue()) + archive.getvalue()


class Planted:
    """Whoever unpickles this makes a folder."""

    def __reduce__(self):
        return os.mkdir, ("executed",)


@pytest.mark.parametrize(
    "how",
    [
        *("truncated", "a flipped bit", "a pickle", "an object in arrays", "not all"),
        *("another model's", "another run's", "others may write", "another user's"),
    ],
)
def test_a_damaged_checkpoint_is_deleted_and_training_begins_anew(how, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    w, checkpoint = world(RELU), tmp_path / "relu_output.2.ckpt"
    straight = plain(w, tmp_path)
    if how in ("another model's", "another run's"):
        other = world(RELU, n=6) if how == "another model's" else world(RELU, learning_rate=0.002)
        plain(other, tmp_path / "other")
        shutil.copy(tmp_path / "other" / checkpoint.name, checkpoint)
    elif how == "others may write":
        checkpoint.chmod(0o620)
    elif how == "another user's":
        if os.geteuid() != 0:
            pytest.skip("only root can give files away")
        os.chown(checkpoint, 12345, -1)
    else:
        checkpoint.write_bytes(damaged(checkpoint, how))
    capsys.readouterr()
    assert_same(plain(w, tmp_path), straight)
    (line,) = capsys.readouterr().err.splitlines()
    assert re.fullmatch(rf"{checkpoint} is damaged \(.+\): deleted, and training begins anew", line)
    assert not Path("executed").exists()
    assert_same(plain(w, tmp_path), straight)
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("where", ["a step", "a snapshot", "the last snapshot", "the writing of a checkpoint"])
@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_stopped_in_the_middle_it_goes_on_to_the_same_bits(where, sent, tmp_path, monkeypatch):
    w = world(RELU)
    straight = plain(w, tmp_path / "straight")
    place, name, times = {
        "a step": (Steps, "one", 7),
        "a snapshot": (HeldOut, "sums", 2),
        "the last snapshot": (HeldOut, "sums", 5),
        "the writing of a checkpoint": (checkpoints.os, "replace", 1),
    }[where]
    calls, real = itertools.count(1), getattr(place, name)

    def interrupted(*arguments):
        if next(calls) == times:
            signal.raise_signal(sent)
        return real(*arguments)

    monkeypatch.setattr(place, name, interrupted)
    with stoppable(), pytest.raises(Stopped) as stopped:
        plain(w, tmp_path / "stopped")
    monkeypatch.undo()
    assert stopped.value.status == 128 + sent
    (steps,) = re.fullmatch(
        r"after (\d+) of 40 steps \(relu_output, 1 of 1\), which are kept", stopped.value.done
    ).groups()
    assert int(checkpoints.read(tmp_path / "stopped/relu_output.2.ckpt")["step"]) == int(steps)
    assert list(tmp_path.rglob("*.partial")) == []
    assert_same(plain(w, tmp_path / "stopped"), straight)


def test_a_signal_that_was_to_be_ignored_is():
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with stoppable():
            signal.raise_signal(signal.SIGHUP)
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


def test_what_throws_a_checkpoint_away(tmp_path, monkeypatch):
    """An edit of what may decide results, but of no comment, and of nothing that shows or keeps them."""
    for part in ("src", "stages"):
        shutil.copytree(ROOT / part, tmp_path / part, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "requirements.txt", tmp_path)
    monkeypatch.chdir(tmp_path)

    def named() -> Path:
        imports.imported.cache_clear()
        return checkpoints.folder(Path("x"), checkpoints.deciding(Path("stages/train.py")))

    before, training = named(), "src/superposition/training"
    for file, text, kept in (
        (f"{training}/progress.py", "x = 1\n", True),
        (f"{training}/checkpoints.py", "x = 1\n", True),
        ("src/superposition/stage.py", "x = 1\n", True),
        ("src/superposition/figures/style.py", "x = 1\n", True),
        (f"{training}/steps.py", "# x\n", True),
        (f"{training}/steps.py", "x = 1\n", False),
        (f"{training}/kernel.cpp", "// x\n", False),
        ("src/superposition/exact/ops.py", "x = 1\n", False),
        ("stages/train.py", "x = 1\n", False),
        ("requirements.txt", "x==1\n", False),
    ):
        content = Path(file).read_text()
        Path(file).write_text(content + text)
        assert (named() == before) == kept, file
        Path(file).write_text(content)


def test_every_file_that_decides_nothing_exists():
    assert all((ROOT / file).is_file() for file in checkpoints.ASIDE)


def test_a_stage_that_is_interrupted_says_in_a_line_what_is_kept(tmp_path):
    for part in ("src", "stages"):
        shutil.copytree(ROOT / part, tmp_path / part, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "requirements.txt", tmp_path)
    w, folder = world(RELU, steps=5_000_000), tmp_path / "data/worlds/x"
    folder.mkdir(parents=True)
    w.instances.to_parquet(folder / "instances.parquet")
    w.features.to_parquet(folder / "features.parquet")
    (folder / "training.json").write_text(json.dumps(w.settings))
    np.save(folder / "held_out.npy", w.held_out)
    library()  # is compiled now, if ever
    kept = [0]
    for _ in range(2):
        command = [sys.executable, "stages/train.py", "x"]
        env = os.environ | {"PYTHONPATH": "src"}
        run = subprocess.Popen(command, cwd=tmp_path, env=env, stderr=subprocess.PIPE, text=True)
        assert "5000000 steps on" in run.stderr.readline()
        time.sleep(1.5)
        run.send_signal(signal.SIGINT)
        *progress, line = run.stderr.read().splitlines()
        assert all("steps/s" in each for each in progress)
        assert run.wait() == 130
        said = (
            r"train x: stopped after (\d+) of 5000000 steps \(relu_output, 1 of 1\), which are kept; "
            "make repro goes on from there"
        )
        kept.append(int(re.fullmatch(said, line).group(1)))
        (checkpoint,) = (tmp_path / ".checkpoints").rglob("*.ckpt")
        assert int(checkpoints.read(checkpoint)["step"]) == kept[-1] > kept[-2]
    assert not (tmp_path / "data/trained").exists()
