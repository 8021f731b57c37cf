"""Prints a line for each digest, and whether it is the committed one; exits with 1 if any is not.

--device cuda    trains on a GPU
--write          makes the current digests the committed ones, after a change that is meant to change results
"""

import argparse
import hashlib
import json
import sys
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path

import numpy as np

from superposition.selfcheck import arithmetic, steps, tables, training

COMMITTED = Path(__file__).with_name("digests.json")


def digests(device: str, fast: bool = True) -> Iterator[tuple[str, str]]:
    """Name and digest of each result; not `fast`: of the plain form of what is compiled here."""
    every = chain(training.results(device), steps.results(fast), arithmetic.results(), tables.results())
    for name, arrays in every:
        yield name, digest(arrays)


def digest(arrays: Iterable[np.ndarray]) -> str:
    """Of the bits, but for those of NaN, which processors choose freely, and which no file holds."""
    found = hashlib.sha256()
    for array in arrays:
        if array.dtype.kind == "f":
            bits = np.where(np.isnan(array), np.nan, array).astype("<f8")
        else:
            bits = array.astype("<i8") if array.dtype.kind in "iub" else np.strings.encode(array.astype(str))
        found.update(bits.tobytes())
    return found.hexdigest()[:16]


def main() -> int:
    parser = argparse.ArgumentParser(description="Does this machine compute the same bits?")
    parser.add_argument("--device", default="cpu", help="for training")
    parser.add_argument("--write", action="store_true", help="commit to the digests of this machine")
    options = parser.parse_args()
    if options.write:
        COMMITTED.write_text(json.dumps(dict(digests(options.device, fast=False)), indent=1) + "\n", encoding="utf-8")
        return 0
    committed = json.loads(COMMITTED.read_text(encoding="utf-8"))
    same = True
    for name, found in digests(options.device):
        wanted = committed.pop(name, None)
        same = same and found == wanted
        print(f"{name:32} {found} {'same' if found == wanted else f'DIFFERENT, committed: {wanted}'}", flush=True)
    for name, wanted in committed.items():
        print(f"{name:32} {'':16} NOT COMPUTED, committed: {wanted}")
        same = False
    print("this machine computes the same bits" if same else "this machine computes OTHER bits")
    return 0 if same else 1


if __name__ == "__main__":
    sys.exit(main())
