"""What the pipeline costs around its own work, and how long an experiment takes from nothing to its figures.

All of it happens in fresh clones of HEAD, with DVC's caches and that of compiled code empty.
"""

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from benchmarks.measurement import Measurement, measurement, repeated
from scripts.verify import isolated
from superposition.params import read

STAGES = ("check", "generate", "train", "measure", "plot", "report")
REPETITIONS = 5
IMPORT = "import runpy, sys; sys.argv = ['x']; runpy.run_path('stages/{}.py', run_name='imported')"


class Clone:
    """A fresh clone of HEAD in `folder`, which nothing of this machine's DVC settings reaches."""

    def __init__(self, folder: Path) -> None:
        self.root, settings = folder / "clone", folder / "settings"
        subprocess.run(["git", "clone", "--quiet", "--local", ".", str(self.root)], check=True)
        (self.root / "dvc.lock").unlink()  # or DVC would look for results in its cache
        self.environment = isolated(settings) | {"XDG_CACHE_HOME": str(settings / "cache")}

    def seconds(self, *command: str) -> float:
        began = time.perf_counter()
        done = subprocess.run(command, cwd=self.root, env=self.environment, capture_output=True, text=True)
        if done.returncode != 0:
            raise RuntimeError(f"{' '.join(command)} failed:\n{done.stdout}{done.stderr}")
        return time.perf_counter() - began

    def dvc(self, *arguments: str) -> float:
        return self.seconds(sys.executable, "-m", "dvc", *arguments)


def measure(experiments: Sequence[str]) -> Iterator[Measurement]:
    for name in experiments or read(Path("params.yaml")).experiments:
        with tempfile.TemporaryDirectory(prefix="benchmark-") as folder:
            took = Clone(Path(folder)).dvc("repro", f"plot@{name}")
            yield measurement("time to result", name, "from nothing to its figures", "s", [took])
    with tempfile.TemporaryDirectory(prefix="benchmark-") as folder:
        clone = Clone(Path(folder))
        yield measurement("time to result", "everything", "from nothing to the report", "s", [clone.dvc("repro")])
        again = repeated(REPETITIONS, partial(clone.dvc, "repro"))
        yield measurement("overhead", "dvc repro", "with nothing to do", "s", again)
        forced = repeated(REPETITIONS, partial(clone.dvc, "repro", "--force", "--single-item", "check"))
        yield measurement("overhead", "dvc repro check", "one stage, forced", "s", forced)
        for stage in STAGES:
            values = repeated(REPETITIONS, partial(clone.seconds, sys.executable, "-c", IMPORT.format(stage)))
            yield measurement("overhead", f"{stage}.py", "start and imports", "s", values)
