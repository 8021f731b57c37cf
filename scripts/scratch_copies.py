"""Copies of the code in which stages run under another setting, and what differs between the outputs of two of them."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from scripts.verify import read_yaml

DRIVER = Path(__file__).with_name("in_one_process.py")
# What steers which code libraries run, or what they read of the user's: it reaches only a run that asks for it.
STEERING = (
    *("MKL_", "OPENBLAS_", "GOTO_", "BLIS_", "OMP_", "KMP_", "GOMP_", "ATEN_", "NPY_", "DNNL_", "ONEDNN_", "GLIBC_"),
    *("TORCH", "PANDAS", "ARROW", "PYTHON", "MPL", "MATPLOTLIB", "LC_", "LANG", "TZ", "OFF_BY_AN_ULP"),
)
# Trained anew in each copy, in seconds; with the measures that are quick.
SHORT = {
    "model": "relu_output",
    "n_features": 20,
    "n_hidden": 5,
    "sparsity": [0.0, 0.7, 0.9],
    "importance": {"geometric": 0.9},
    "seeds": 16,
    "held_out": 512,
    "measures": {"attack": 0.3},
    "training": {"steps": 20, "batch_size": 128, "snapshots": 4},
}
# Made anew, and so compared; of trained weights those that are no link to others'.
OUTPUTS = ("data/worlds", "data/measures", "data/trained", "data/tables", "reports")
NOT_MADE = {"reports/costs.csv"}


def plain_environment(**more: str) -> dict[str, str]:
    """This machine's environment without what steers libraries, one thread a process, and the copy's own code."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(STEERING)}
    return kept | {"PYTHONPATH": "src", "OMP_NUM_THREADS": "1"} | more


def code_copy(root: Path, copy: Path, names: list[str]) -> None:
    """The code of `root` with the parameters of these experiments and of `short`."""
    copy.mkdir(parents=True)
    for part in ("src", "stages"):
        shutil.copytree(root / part, copy / part, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(root / "requirements.txt", copy)
    (copy / "reports").mkdir()
    if (costs := root / "reports" / "costs.csv").exists():
        shutil.copy(costs, copy / "reports")
    params = read_yaml(root / "params.yaml")
    params["experiments"] = {name: params["experiments"][name] for name in names} | {"short": SHORT}
    (copy / "data" / "trained").mkdir(parents=True)
    (copy / "data" / "params.json").write_text(json.dumps(params), encoding="utf-8")


def run(words: list[str], copy: Path, environment: dict[str, str], python: list[str] | None = None, **more: Any) -> str:
    """Run stages and digests in a copy; the last line that was said if that failed, else nothing."""
    command = [*(python or [sys.executable]), str(DRIVER), *words]
    done = subprocess.run(command, cwd=copy, env=environment, capture_output=True, text=True, errors="replace", **more)
    if done.returncode == 0:
        return ""
    said = [line for line in done.stderr.splitlines() if line.strip()] or ["nothing was said"]
    return f"exit status {done.returncode}: {said[-1].strip()}"


def outputs(copy: Path) -> list[str]:
    """Files that were made in a copy, or in another one that it links to."""
    folders = (found for part in OUTPUTS for found in os.walk(copy / part, followlinks=True))
    found = (Path(folder, name) for folder, _, names in folders for name in names)
    return sorted({file.relative_to(copy).as_posix() for file in found} - NOT_MADE)


def differences(reference: Path, other: Path) -> list[str]:
    """One line for each output, or column of a table, that is not the same."""
    lines = []
    before, after = outputs(reference), outputs(other)
    lines += [f"{path}: is missing" for path in before if path not in after]
    lines += [f"{path}: is not in the reference" for path in after if path not in before]
    for path in before:
        if path in after and (reference / path).read_bytes() != (other / path).read_bytes():
            lines += [f"{path}: {how}" for how in unlike(reference / path, other / path)]
    return lines


def unlike(before: Path, after: Path) -> list[str]:
    """How two files of one name that are not the same differ."""
    if before.suffix not in (".parquet", ".npy"):
        return [first_line(before.read_bytes(), after.read_bytes())]
    one, two = columns(before), columns(after)
    if list(one) != list(two):
        return [f"columns {', '.join(one)} became {', '.join(two)}"]
    found = {name: values_unlike(one[name], two[name]) for name in one}
    lines = [f"column {name}, {how}" if name else how for name, how in found.items() if how]
    return lines or ["the values are the same, the file is not"]


def columns(file: Path) -> dict[str, np.ndarray[Any, Any]]:
    if file.suffix == ".npy":
        return {"": np.load(file)}
    table = pd.read_parquet(file)
    return {str(name): table[name].to_numpy() for name in table}


def values_unlike(one: np.ndarray[Any, Any], two: np.ndarray[Any, Any]) -> str:
    """How many rows differ, and of floats by how many units in the last place at most; empty if none does."""
    if one.shape != two.shape or one.dtype != two.dtype:
        return f"{one.dtype} {list(one.shape)} became {two.dtype} {list(two.shape)}"
    if one.dtype.kind != "f":
        count = sum(str(a) != str(b) for a, b in zip(one, two, strict=True))
        return f"{count} of {len(one)} rows" if count else ""
    whole = f"i{one.dtype.itemsize}"
    bits = [np.ascontiguousarray(each).view(whole) for each in (one, two)]
    where = bits[0] != bits[1]
    if not where.any():
        return ""
    rows = np.count_nonzero(where.reshape(len(one), -1).any(axis=1))
    if (np.isnan(one) != np.isnan(two)).any():
        return f"{rows} of {len(one)} rows, numbers became NaN or NaN numbers"
    # Bits of floats, read as whole numbers, are in the order of the floats; of negative ones in reverse.
    least = int(np.iinfo(whole).min)
    ordered = [[int(b) if b >= 0 else least - int(b) for b in each[where]] for each in bits]
    ulps = max(abs(a - b) for a, b in zip(*ordered, strict=True))
    return f"{rows} of {len(one)} rows, by up to {ulps} ulp"


def first_line(one: bytes, two: bytes) -> str:
    """The first line of a text that differs, from a little before where it does."""
    before, after = (text.decode("utf-8", "replace").splitlines() for text in (one, two))
    for number, (a, b) in enumerate(zip(before, after, strict=False), 1):
        if a != b:
            at = max(0, next((i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), 0) - 20)
            return f"line {number}: {a[at : at + 60]!r} became {b[at : at + 60]!r}"
    return f"{len(before)} lines became {len(after)}" if len(before) != len(after) else "line ends differ"


def changed_libraries(reference: Path, other: Path) -> list[str]:
    """Which libraries compute other last bits in a copy than in the reference."""
    one, two = (json.loads((copy / "libraries.json").read_text(encoding="utf-8")) for copy in (reference, other))
    return [name for name in one if one[name] != two.get(name)]
