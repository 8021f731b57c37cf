"""Damaged and planted files are found out and made anew, or refused in one line; never used, never executed."""

import hashlib
import os
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.checkout import Small

pytestmark = [pytest.mark.slow, pytest.mark.long]
FILES = {
    "data/params.json": "generate",
    "data/measures/short.json": "measure short",
    "data/worlds/short/instances.parquet": "measure short",
    "data/worlds/short/features.parquet": "measure short",
    "data/worlds/short/held_out.npy": "measure short",
    "data/worlds/short/training.json": "measure short",
    "data/trained/short/history.parquet": "measure short",
    "data/trained/short/weights/relu_output.W.npy": "measure short",
    "data/trained/short/snapshots/relu_output.W.npy": "measure short",
    "data/tables/short/instances.parquet": "plot short",
    "data/tables/short/weights.parquet": "report",
}


def by_hand(small: Small, stage: str):
    name, *experiment = stage.split()
    return small.run(sys.executable, f"stages/{name}.py", *experiment, env={"PYTHONPATH": "src"})


class Planted:
    """What leaves a trace if it is loaded as an object."""

    def __reduce__(self):
        return os.mkdir, ("executed",)


@pytest.mark.parametrize("how", ["cut off", "empty", "other bytes", "object"])
def test_a_stage_refuses_what_it_cannot_read(small, how):
    for file, stage in FILES.items():
        path = small.root / file
        before = path.read_bytes()
        if how == "object":
            np.save(small.root / "planted.npy", np.array([Planted()], dtype=object), allow_pickle=True)
            path.write_bytes((small.root / "planted.npy").read_bytes())
        else:
            path.write_bytes({"cut off": before[: len(before) // 2], "empty": b"", "other bytes": b"\x93x" * 99}[how])
        done = by_hand(small, stage)
        assert done.returncode != 0, file
        assert done.stderr.startswith(f"{stage}: "), file + done.stderr
        assert "Traceback" not in done.stderr, file
        assert not (small.root / "executed").exists(), file
        path.write_bytes(before)
    assert small.status() == {}


def test_what_is_damaged_is_made_anew(made, small):
    """Every file but the cache's, at once, by one bit; DVC sees that their times have changed."""
    for path in small.contents():
        file = small.root / path
        if path.startswith("data/"):
            content = bytearray(file.read_bytes())
            content[len(content) // 2] ^= 1
            file.write_bytes(content)
    small.run(*small.make("repro"), check=True)
    assert small.contents() == made.contents()


def test_what_is_damaged_unnoticed_is_found_by_fsck(made, small):
    """In results and in the cache, with times and modes as they were."""
    objects = [file for file in (small.root / ".dvc/cache/files/md5").rglob("*") if file.is_file()]
    for file in [*objects, *(small.root / path for path in small.contents() if path.startswith("data/t"))]:
        flip(file)
    assert small.run(*small.make("fsck")).returncode != 0
    small.run(*small.make("repro"), check=True)
    assert small.contents() == made.contents()
    small.run(*small.make("fsck"), check=True)


def flip(file: Path) -> None:
    """One bit; its time and mode stay."""
    before = file.stat()
    file.chmod(0o600)
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    file.chmod(before.st_mode)
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))


@pytest.mark.parametrize(
    ("file", "edited"),
    {
        "data/worlds/short/held_out.npy": "src/superposition/measures/all_tables.py",
        "data/trained/short/weights/relu_output.W.npy": "src/superposition/measures/all_tables.py",
        "data/tables/short/instances.parquet": "src/superposition/figures/style.py",
        "data/tables/short/weights.parquet": "src/superposition/report/page.py",
    }.items(),
)
def test_a_damaged_object_of_the_cache_is_never_made_anything_of(made, small, file, edited):
    """DVC takes it for good, and hands it to a stage that has to run again; no fsck in between."""
    name = hashlib.md5((small.root / file).read_bytes()).hexdigest()
    flip(small.root / ".dvc/cache/files/md5" / name[:2] / name[2:])
    small.run("rm", "-rf", str(small.root / Path(*Path(file).parts[:3])), check=True)
    source = small.root / edited
    source.write_text(source.read_text() + "# x\n")
    kept = {path: digest for path, digest in small.contents().items() if path.startswith("reports/")}
    for _ in range(2):
        done = small.run(*small.make("repro"))
        assert done.returncode != 0
        assert "not what dvc.lock says of it; make fsck removes what is damaged" in done.stderr
        now = small.contents()
        assert {path: now[path] for path in kept if path in now}.items() <= kept.items()
    assert small.run(*small.make("fsck")).returncode != 0
    small.run(*small.make("repro"), check=True)
    unlike = {path for path, digest in made.contents().items() if small.contents().get(path) != digest}
    assert {path for path in unlike if not path.startswith("data/code")} == {"dvc.lock"}
    small.run(*small.make("fsck"), check=True)
