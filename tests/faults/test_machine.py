"""What a machine may lack or refuse: one message, nothing that a later run trusts, and the next run finishes."""

import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.checkout import Small
from tests.faults.test_interruptions import forget

pytestmark = [pytest.mark.slow, pytest.mark.long]
NOBODY = 65534


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
        (resource.RLIMIT_FSIZE, 100 << 10, "File too large"),  # the page does not
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


def unprivileged(small: Small) -> dict[str, Any]:
    """How to run commands as somebody who may write only what the modes say; root may write everywhere."""
    if os.geteuid() != 0:
        return {}
    for folder in small.root.parents:
        if folder.is_relative_to(Path(tempfile.gettempdir())) and folder != Path(tempfile.gettempdir()):
            folder.chmod(folder.stat().st_mode | 0o111)
    for path in (small.root.parent, *small.root.parent.rglob("*")):
        os.chown(path, NOBODY, NOBODY, follow_symlinks=False)
    its = {"HOME": str(small.root.parent), "XDG_CACHE_HOME": str(small.root.parent / "cache")}
    one: dict[str, Any] = {"user": NOBODY, "group": NOBODY, "extra_groups": [], "env": its}
    if small.run(sys.executable, "-c", "import numpy, dvc", **one).returncode:
        pytest.skip("another user may not read this Python")
    return one


@pytest.mark.parametrize("place", ["data", "reports/figures", ".dvc/tmp", ".dvc/cache/files/md5"])
def test_folders_that_may_not_be_written(made, small, place):
    shutil.rmtree(small.root / "data/tables/short")
    shutil.rmtree(small.root / "reports/figures/short")
    for part in ("runs", "files/md5"):
        shutil.rmtree(small.root / ".dvc/cache" / part, ignore_errors=True)
    (small.root / ".dvc/cache/files/md5").mkdir(parents=True)
    one = unprivileged(small)
    (small.root / place).chmod(0o500)
    try:
        done = small.run(*small.make("repro"), **one)
        assert done.returncode != 0
        assert "ermission denied" in done.stderr
        assert "Traceback" not in done.stderr
    finally:
        (small.root / place).chmod(0o700)
    finishes(made, small, **one)


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
