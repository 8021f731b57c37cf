"""Locks of a DVC that is dead do not stop the next one; one that lives is named, and waited for."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from dvc.fs import LocalFileSystem
from dvc.lock import LockError
from dvc.rwlock import rwlock

from scripts import alone

ROOT = Path(__file__).parent.parent
SLEEP = "import time; time.sleep(600)"
COMMAND = "/somewhere/bin/dvc repro plot@intro"


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    (tmp_path / ".dvc/tmp").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def start():
    """Starts processes that are gone when the test is over."""
    started = []

    def start(*command: str, **more) -> subprocess.Popen[str]:
        started.append(subprocess.Popen(command, text=True, **more))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.wait()


def note(pid: int, command: str = COMMAND) -> None:
    owner = {"pid": pid, "cmd": command}
    alone.NOTES[0].write_text(json.dumps({"write": {"/a": owner}, "read": {"/b": [owner], "/c": [owner]}}))


def dvc_goes_on() -> bool:
    """Whether DVC itself takes the locks that the file says others have."""
    try:
        with rwlock(str(alone.TMP), LocalFileSystem(), "dvc repro", ["/b"], ["/a"], False):
            return True
    except LockError:
        return False


def test_a_zombie_holds_no_lock(checkout, start):
    ended = start(sys.executable, "-c", "pass")
    while psutil.Process(ended.pid).status() != psutil.STATUS_ZOMBIE:
        time.sleep(0.05)
    note(ended.pid)
    assert not dvc_goes_on()
    assert alone.at_work() == set()
    assert dvc_goes_on()


def test_a_process_that_got_the_number_of_a_dead_one_holds_no_lock(checkout, start, capsys):
    other = start(sys.executable, "-c", SLEEP, "something", "else")
    note(other.pid)
    assert not dvc_goes_on()
    assert alone.at_work() == set()
    assert capsys.readouterr().err == (
        f"make: PID {other.pid} ({COMMAND}) has ended without giving its locks back; they are forgotten\n"
    )
    assert dvc_goes_on()


@pytest.mark.parametrize(
    "text", ["", '{"write": {"/a": {"pid"', "[]", '{"read": {"/a": [3]}}', '{"write": {"/a": {}}}']
)
def test_a_file_that_was_cut_off_is_removed(checkout, text, capsys):
    alone.NOTES[0].write_text(text)
    assert alone.at_work() == set()
    assert capsys.readouterr().err == "make: .dvc/tmp/rwlock is cut off or not DVC's; removed\n"
    assert dvc_goes_on()


def test_one_that_lives_is_named_and_keeps_its_locks(checkout, start):
    living = start(sys.executable, "-c", SLEEP, "repro", "plot@intro")
    dead = 2**22 + 1  # beyond all numbers of processes
    note(living.pid)
    noted = json.loads(alone.NOTES[0].read_text())
    noted["read"]["/b"].append({"pid": dead, "cmd": COMMAND})
    alone.NOTES[0].write_text(json.dumps(noted))
    assert alone.at_work() == {living.pid}
    noted["read"]["/b"].pop()
    assert json.loads(alone.NOTES[0].read_text()) == noted
    assert not dvc_goes_on()

    done = run("--now", "echo", "never")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"make: PID {living.pid} (")
    assert "repro plot@intro" in done.stderr
    assert "try again when it has ended" in done.stderr

    waiting = start(*alone_with("echo", "done"), stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment())
    assert waiting.stderr.readline().startswith(f"make: waiting for PID {living.pid} (")
    living.kill()
    living.wait()
    assert waiting.stdout.readline() == "done\n"


def test_dvcs_own_lock_is_waited_for(checkout, start):
    hold = (
        "from dvc.lock import make_lock; lock = make_lock('.dvc/tmp/lock'); lock.lock(); print('held', flush=True); "
        + SLEEP
    )
    living = start(sys.executable, "-c", hold, stdout=subprocess.PIPE)
    assert living.stdout.readline() == "held\n"
    assert alone.at_work() == {living.pid}
    living.kill()
    living.wait()
    assert alone.at_work() == set()


def test_of_two_one_waits_until_the_other_ends_however_it_does(checkout, start):
    first = start(*alone_with(sys.executable, "-c", SLEEP), env=environment())
    while not alone.OURS.exists() or alone.holder(alone.OURS) != first.pid:
        time.sleep(0.05)
    second = start(*alone_with("echo", "done"), stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment())
    assert second.stderr.readline().startswith(f"make: waiting for PID {first.pid} (")
    first.kill()
    first.wait()
    assert second.stdout.readline() == "done\n"


@pytest.mark.parametrize("name", [["dvc"], ["-m", "scripts.quiet"]], ids=["dvc", "quiet"])
@pytest.mark.parametrize("by", ["direct", "shell"])
def test_a_stage_is_ended_if_its_dvc_is_gone_and_only_then(checkout, start, by, name, capsys):
    """A program that is called as DVC is starts a stage, as the real one does, and is killed."""
    stage = [sys.executable, "-c", SLEEP] if by == "direct" else ["sh", "-c", f"{sys.executable} -c '{SLEEP}'; true"]
    (checkout / "scripts").mkdir()
    (checkout / ("dvc" if name == ["dvc"] else "scripts/quiet.py")).write_text(
        f"import subprocess; print(subprocess.Popen({stage}).pid, flush=True); {SLEEP}", encoding="utf-8"
    )
    its = os.environ | {"DVC_STAGE": "train@intro"}
    dvc = start(sys.executable, *name, "repro", env=its, stdout=subprocess.PIPE)
    running = psutil.Process(int(dvc.stdout.readline()))
    family = [running, *running.children(recursive=True)]
    assert alone.at_work() == {dvc.pid}
    assert all(process.is_running() for process in family)
    dvc.kill()
    dvc.wait()
    assert alone.at_work() == set()
    assert psutil.wait_procs(family, timeout=10)[1] == []
    assert "was left behind by a DVC that is gone; it is ended" in capsys.readouterr().err


def test_a_queued_experiment_runs_beside(checkout, start):
    """In a copy of the checkout, though its stages have the checkout's root in their environment."""
    copy = checkout / ".dvc/tmp/exps/copy"
    copy.mkdir(parents=True)
    its = os.environ | {"DVC_ROOT": str(checkout), "DVC_STAGE": "train@intro"}
    running = start(sys.executable, "-c", SLEEP, env=its, cwd=copy)
    assert alone.at_work() == set()
    assert running.poll() is None


LOCK = """\
schema: '2.0'
stages:
  check:
    cmd: python stages/check.py
    deps:
    - path: a
      md5: 1a
    outs:
    - path: b
      md5: 2b
  report:
    cmd: python stages/report.py
    outs:
    - path: c
      md5: 3c
      size: 5
"""


@pytest.mark.parametrize("before", ["kept", "committed"])
def test_a_lock_file_that_was_cut_off_is_put_back(checkout, before, capsys):
    """Cut anywhere but after a whole stage, where it is as one of fewer stages, which DVC takes for new ones."""
    alone.LOCK.write_text(LOCK)
    if before == "kept":
        alone.mend()
        assert alone.KEPT.read_text() == LOCK
    else:
        who = ["-c", "user.name=A", "-c", "user.email=a@example.org"]
        for command in (["init", "-q"], ["add", "dvc.lock"], [*who, "commit", "-q", "-m", "first"]):
            subprocess.run(["git", *command], check=True)
    put_back = set()
    for end in range(0, len(LOCK) + 1, 1 if before == "kept" else 50):
        alone.LOCK.write_text(LOCK[:end])
        kept = alone.KEPT.read_bytes() if alone.KEPT.exists() else None
        alone.mend()
        said = capsys.readouterr().err
        assert (alone.LOCK.read_text() == LOCK) == ("is put back" in said or end == len(LOCK))
        if said:
            put_back.add(end)
            assert ("the one from before that run" if before == "kept" else "the committed one") in said
        elif kept is not None:
            alone.KEPT.write_bytes(kept)
        else:
            alone.KEPT.unlink()
    whole = [LOCK[:end] for end in range(len(LOCK)) if end not in put_back] if before == "kept" else []
    assert all(text.endswith(("md5: 2b\n", "path: c\n", "md5: 3c\n", "path: b\n")) for text in whole), whole


def test_a_lock_file_that_was_seen_whole_is_not_read_again(checkout, monkeypatch):
    alone.LOCK.write_text(LOCK)
    alone.mend()
    monkeypatch.setattr(alone, "whole", lambda file: pytest.fail(f"{file} is parsed"))
    alone.mend()
    alone.LOCK.write_text(LOCK + "\n")
    with pytest.raises(pytest.fail.Exception):
        alone.mend()


def test_where_nothing_can_be_written_it_says_so(checkout):
    (checkout / ".dvc/tmp").rmdir()
    (checkout / ".dvc/tmp").write_text("no folder")
    done = run("echo", "never")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "make: .dvc/tmp: File exists\n"


def test_what_runs_is_the_command_with_its_own_status(checkout):
    done = run("sh", "-c", "echo $0; exit 7", "a b")
    assert (done.returncode, done.stdout, done.stderr) == (7, "a b\n", "")


def alone_with(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "scripts.alone", *arguments]


def environment() -> dict[str, str]:
    return os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "src")])}


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(alone_with(*arguments), env=environment(), capture_output=True, text=True)
