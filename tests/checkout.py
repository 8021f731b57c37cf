"""A checkout with a small experiment that was computed, by the stages themselves, in one process."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.test_params import changed, write

ROOT = Path(__file__).parent.parent


def computed(folder: Path, experiments: dict[str, dict[str, Any]]) -> Path:
    """`folder` with the code, params.yaml of these experiments, and what generate, train and measure make of them."""
    for part in ("src", "stages", "scripts"):
        shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
    for file in ("dvc.yaml", "requirements.txt"):
        shutil.copy(ROOT / file, folder)
    write(folder / "params.yaml", changed(("experiments", experiments)))
    words = ["check", "generate", *(f"{stage}:{name}" for name in experiments for stage in ("train", "measure"))]
    command = [sys.executable, "scripts/in_one_process.py", *words]
    done = subprocess.run(command, cwd=folder, env=os.environ | {"PYTHONPATH": "src"}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return folder
