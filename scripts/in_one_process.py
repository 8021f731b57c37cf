"""Run stages in the current folder, all in one process: python in_one_process.py generate train:intro measure:intro ...

A word is a stage, with the experiment that it takes, or one of the digests below, which goes to WORD.json. Packages are
imported once for all words, which is most of the time of a small experiment, and nearly all of it where the processor
is emulated.

With OFF_BY_AN_ULP=up, down or mixed in the environment, functions of numpy, torch and math that no standard fixes are
off by one unit in the last place, as another library, or the same one on another processor, may have them.
"""

import hashlib
import json
import math
import os
import runpy
import sys
from collections.abc import Callable
from functools import partial
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


def _names(text: str) -> list[str]:
    return text.split()


# What another library may have another last bit of. Of products, sums and sorts there is nothing to replace.
FUNCTIONS = _names(
    "exp exp2 expm1 log log2 log10 log1p sin cos tan arcsin arccos arctan arctan2 asin acos atan atan2 sinh cosh tanh "
    "power float_power pow hypot cbrt sqrt rsqrt sigmoid erf erfc gamma lgamma logaddexp mean std var average prod dot "
    "vdot inner einsum interp polyfit quantile percentile geomspace logspace norm cdist softmax logsumexp"
)
ROOTS_OF_IEEE = {"numpy", "math"}  # whose square root is rounded correctly; torch's is not
ROUND = 1024  # results that are multiples of 1/1024, such as exp(0) or log10(100), are taken to be exact
SOLVERS = _names("solve inv pinv svd eigh eigvalsh eig eigvals qr lstsq det norm cholesky matrix_power")


class Off:
    """A function of a library, off by a unit in the last place; its other attributes are the function's own."""

    def __init__(self, function: Callable[..., Any], how: str) -> None:
        self.function, self.how = function, how

    def __call__(self, *arguments: Any, **more: Any) -> Any:
        return moved(self.function(*arguments, **more), self.how)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.function, name)

    def __get__(self, owner: Any, kind: Any = None) -> Any:
        return self if owner is None else partial(self, owner)  # as a method of tensors


def put_off(how: str) -> None:
    """Replace functions of libraries by such as are off by a unit in the last place; methods of tensors too."""
    import torch

    places: list[tuple[Any, list[str]]] = [
        (np, FUNCTIONS), (math, FUNCTIONS), (torch, FUNCTIONS), (torch.Tensor, FUNCTIONS),
        (np.linalg, SOLVERS), (torch.linalg, SOLVERS),
    ]  # fmt: skip
    for place, names in places:
        for name in names:
            fixed = name == "sqrt" and getattr(place, "__name__", "") in ROOTS_OF_IEEE
            if hasattr(place, name) and not fixed:
                setattr(place, name, Off(getattr(place, name), how))


def moved(found: Any, how: str) -> Any:
    """The next number, but where the result is so round that every library has it, or is no float64."""
    import torch

    if isinstance(found, tuple) and not hasattr(found, "_fields"):
        return tuple(moved(part, how) for part in found)
    if isinstance(found, torch.Tensor):
        if found.dtype != torch.float64 or found.requires_grad or found.is_cuda:
            return found
        return torch.from_numpy(np.asarray(moved(found.numpy(), how)))
    if not isinstance(found, float | np.ndarray) or np.asarray(found).dtype != np.float64:
        return found
    x = np.asarray(found)
    with np.errstate(all="ignore"):
        # "mixed": a number goes up or down by a hash of its bits (Knuth's, by 2^32 over the golden section).
        up = {"up": True, "down": False}.get(how, (np.abs(x).view(np.int64) * 0x9E3779B1 >> 7) % 2 == 0)
        inexact = np.isfinite(x) & (x * ROUND != np.rint(x * ROUND))
        other = np.where(inexact, np.nextafter(x, np.where(up, np.inf, -np.inf)), x)
    return float(other) if isinstance(found, float) else other


def main() -> None:
    if how := os.environ.get("OFF_BY_AN_ULP"):
        put_off(how)
    for word in sys.argv[1:]:
        if word in DIGESTS:
            Path(f"{word}.json").write_text(json.dumps(DIGESTS[word](), indent=1) + "\n", encoding="utf-8")
        else:
            stage, *experiment = word.split(":")
            runpy.run_path(f"stages/{stage}.py", run_name=stage)["main"](*experiment)


if __name__ == "__main__":
    main()
