"""What a machine may lack or refuse: one message, nothing that a later run trusts, and the next run finishes."""

import ctypes
import os
import resource
import shutil
import subprocess
import time
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest

from tests.checkout import Small
from tests.faults.test_interruptions import forget

pytestmark = [pytest.mark.slow, pytest.mark.long]


def fails_then_finishes(made: Small, small: Small, said: str, **more) -> None:
    done = small.run(*small.make("repro"), **more)
    assert done.returncode != 0
    lines = [line for line in (done.stdout + done.stderr).splitlines() if said in line]
    assert len(lines) == 1, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    finishes(made, small)


def finishes(made: Small, small: Small, **more) -> None:
    small.run(*small.make("repro"), check=True, **more)
    assert small.contents() == made.contents()
    assert small.status() == {}


@contextmanager
def mounted(place: Path, size: str):
    """A small disk."""
    place.mkdir(parents=True, exist_ok=True)
    command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(place)]
    if shutil.which("mount") is None or subprocess.run(command, capture_output=True).returncode:
        pytest.skip("a small disk cannot be mounted here")
    try:
        yield
    finally:
        subprocess.run(["umount", str(place)], check=True)


def test_a_full_disk(made, small):
    shutil.rmtree(small.root / "data/tables")
    shutil.rmtree(small.root / ".dvc/cache")
    with mounted(small.root / "data/partial", "16k"):
        done = small.run(*small.make("repro"))
        assert done.returncode != 0
        said = [line for line in done.stderr.splitlines() if "No space left on device" in line]
        assert len(said) == 1, done.stderr
        assert "Traceback" not in done.stderr
        assert not (small.root / "data/tables/short").exists()
    finishes(made, small)


@pytest.mark.parametrize(
    ("what", "most", "said"),
    [
        (resource.RLIMIT_FSIZE, 8 << 10, "disk I/O error"),  # DVC's notes do not fit
        (resource.RLIMIT_AS, 700 << 20, "failed to reproduce"),  # libraries do not: in words of their own, and DVC's
    ],
)
def test_files_that_may_not_grow_and_too_little_memory(made, small, what, most, said):
    forget(small)
    fails_then_finishes(made, small, said, preexec_fn=partial(resource.setrlimit, what, (most, most)))


def test_a_file_where_a_folder_should_be(made, small):
    shutil.rmtree(small.root / "data/partial")
    (small.root / "data/partial").touch()
    shutil.rmtree(small.root / "reports/figures/short")
    done = small.run(*small.make("repro"))
    assert done.returncode != 0
    assert "plot short: [Errno 20] Not a directory: 'data/partial/reports-figures-short'" in done.stderr
    assert "Traceback" not in done.stderr
    (small.root / "data/partial").unlink()
    finishes(made, small)


def as_its_owner() -> None:
    """Takes from root, in a process to be, what lets it write where modes forbid it."""
    if os.geteuid() == 0:
        for capability in (1, 2):  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH
            ctypes.CDLL(None).prctl(24, capability, 0, 0, 0)  # PR_CAPBSET_DROP


@pytest.mark.parametrize("place", ["data", "reports/figures", ".dvc/tmp", ".dvc/cache/files/md5"])
def test_folders_that_may_not_be_written(made, small, place):
    shutil.rmtree(small.root / "data/tables/short")
    shutil.rmtree(small.root / "reports/figures/short")
    for part in ("runs", "files/md5"):
        shutil.rmtree(small.root / ".dvc/cache" / part, ignore_errors=True)
    (small.root / ".dvc/cache/files/md5").mkdir(parents=True)
    (small.root / place).chmod(0o500)
    try:
        done = small.run(*small.make("repro"), preexec_fn=as_its_owner)
        assert done.returncode != 0
        assert "ermission denied" in done.stderr or "No possible cache link types" in done.stderr  # DVC's word for it
        assert "Traceback" not in done.stderr
    finally:
        (small.root / place).chmod(0o700)
    finishes(made, small)


@pytest.mark.parametrize("compiler", ["/nonexistent", "/bin/false"])
def test_no_compiler_or_a_broken_one(made, small, compiler):
    forget(small)
    env = {"CXX": compiler, "XDG_CACHE_HOME": str(small.root.parent / "cache")}
    if compiler == "/nonexistent":
        env |= {"PATH": str(small.root.parent / "bin")}
        (small.root.parent / "bin").mkdir()
        for name in ("python", "dvc", "git", "make", "bash", "sh", "rm", "grep", "cat", "cksum", "cut"):
            program = small.root.parent / "bin" / name  # by a script, since Python looks for packages beside itself
            program.write_text(f'#!/bin/sh\nexec {shutil.which(name, path=small.environment["PATH"])} "$@"\n')
            program.chmod(0o755)
    finishes(made, small, env=env)


def test_two_runs_at_once(made, small):
    forget(small)
    runs = [small.start(*small.make("repro")) for _ in range(2)]
    said = [run.communicate()[0] for run in runs]
    assert [run.returncode for run in runs] == [0, 0], said
    assert any("make: waiting for PID" in text for text in said)
    finishes(made, small)


def test_the_clock_was_set_back(made, small):
    """Everything that is there is of next year; what is edited now is noticed all the same."""
    next_year = time.time() + 365 * 86400
    for file in small.root.rglob("*"):
        if file.is_file():
            os.utime(file, (next_year, next_year))
    finishes(made, small)
    table = next((small.root / "data/tables/short").glob("*.parquet"))
    table.write_bytes(b"x" * table.stat().st_size)
    finishes(made, small)
