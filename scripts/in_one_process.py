"""Run stages in the current folder, all in one process: python in_one_process.py generate train:intro measure:intro ...

A word is a stage, with the experiment that it takes, or one of the digests below, which goes to WORD.json. Packages are
imported once for all words, which is most of the time of a small experiment, and nearly all of it where the processor
is emulated.
"""

import hashlib
import json
import math
import runpy
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np


def digest(array: Any) -> str:
    array = np.ascontiguousarray(array)
    return hashlib.sha256(array.astype(array.dtype.newbyteorder("<")).tobytes()).hexdigest()[:16]


def libraries() -> dict[str, str]:
    """Of what libraries compute to their last bit, where it differs with the code that they choose for a processor."""
    import torch

    x = np.linspace(0.1, 5.0, 20_000)
    A = (np.arange(10_000) * 7919 % 10_007 / 10_007).reshape(100, 100)  # as good as random, and the same everywhere
    tensor = torch.from_numpy(x)
    return {
        "math": digest([function(value) for function in (math.exp, math.sin, math.tan, math.log) for value in x]),
        "numpy": digest([np.exp(x), np.log(x), np.sin(x), np.tan(x), np.power(x, 0.3), np.exp(x.astype("f4"))]),
        "numpy's sums": digest([x[:n].sum() for n in range(1, 2000)]),
        "numpy's @": digest(A @ A),
        "torch": digest(torch.stack([tensor.exp(), tensor.log(), tensor.sin(), tensor.tan()])),
        "torch.sqrt": digest(torch.sqrt(tensor)),
        "torch's sums": digest(torch.stack([tensor[:n].sum() for n in range(1, 2000)])),
        "torch's @": digest(torch.from_numpy(A) @ torch.from_numpy(A)),
    }


def exact() -> dict[str, str]:
    """Of our own functions, sums and linear algebra, which need numpy alone."""
    from superposition.exact import functions, linear, sums

    x, A = np.linspace(-5.0, 5.0, 20_001), np.linspace(0.0, 1.0, 600).reshape(30, 20) ** 2 - 0.3
    A[np.arange(20), np.arange(20)] += np.arange(1, 21)
    positive = np.abs(x) + 2.0**-20
    of_functions = {
        "exp": functions.exp(x),
        "log": functions.log(positive),
        "power": functions.power(positive, 0.3),
        "sin": functions.sin(x),
        "arctan": functions.arctan(x),
        "hypot": functions.hypot(x, positive),
        "normal_tail": functions.normal_tail(x),
    }
    of_sums = {
        "mean": sums.mean(functions.exp(x)),
        "deviation": sums.deviation(functions.exp(x)),
        "matmul": sums.matmul(A, A.T),
    }
    of_matrices = {
        "solve": linear.solve(A[:20], A[0]),
        "singular_values": linear.singular_values(A),
        "eigenvalues": linear.eigenvalues(A[:20] + A[:20].T),
    }
    return {name: digest(value) for name, value in (of_functions | of_sums | of_matrices).items()}


def selfcheck() -> dict[str, str]:
    """Of all that the self-check computes."""
    from superposition.selfcheck.__main__ import digests

    return dict(digests("cpu"))


DIGESTS: dict[str, Callable[[], dict[str, str]]] = {"libraries": libraries, "exact": exact, "selfcheck": selfcheck}


def main() -> None:
    for word in sys.argv[1:]:
        if word in DIGESTS:
            Path(f"{word}.json").write_text(json.dumps(DIGESTS[word](), indent=1) + "\n", encoding="utf-8")
        else:
            stage, *experiment = word.split(":")
            runpy.run_path(f"stages/{stage}.py", run_name=stage)["main"](*experiment)


if __name__ == "__main__":
    main()
