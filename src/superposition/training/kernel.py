"""Optimiser steps and held-out losses on a CPU, in a few hundred lines of C++: the plain ones' bits, many times faster.

kernel.cpp is compiled once for a machine, which takes seconds, and serves every model and shape from then on.
"""

import ctypes
import functools
import hashlib
import os
import platform
import shutil
import subprocess
import tempfile
import warnings
from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor

from superposition.exact import adamw, grids, philox
from superposition.features.distribution import Distribution
from superposition.features.source import FiniteSample
from superposition.models.toy_model import ToyModel
from superposition.training.held_out import SAMPLES, HeldOut
from superposition.training.steps import State, Steps

SOURCE = Path(__file__).with_suffix(".cpp")
CONSTANTS = {
    "ROUNDS": philox.ROUNDS,
    "MULTIPLIER0": f"{philox.MULTIPLIER[0]}u",
    "MULTIPLIER1": f"{philox.MULTIPLIER[1]}u",
    "INCREMENT0": f"{philox.INCREMENT[0]}u",
    "INCREMENT1": f"{philox.INCREMENT[1]}u",
    "INPUTS_PER_UNIT": f"0x1p{grids.INPUT.fraction_bits}",
    "WEIGHTS_PER_UNIT": f"0x1p{grids.WEIGHT.fraction_bits}",
    "WEIGHT_LIMIT": grids.WEIGHT.limit,
    "HIDDEN_PER_UNIT": f"0x1p{grids.HIDDEN.fraction_bits}",
    "HIDDEN_LIMIT": grids.HIDDEN.limit,
    "ERRORS_PER_UNIT": f"0x1p{grids.ERROR.fraction_bits}",
    "ERROR_LIMIT": grids.ERROR.limit,
    "HIDDEN_GRADIENTS_PER_UNIT": f"0x1p{grids.HIDDEN_GRADIENT.fraction_bits}",
    "HIDDEN_GRADIENT_LIMIT": grids.HIDDEN_GRADIENT.limit,
    "LOSSES_PER_UNIT": f"0x1p{grids.LOSS.fraction_bits}",
    "LOSS_LIMIT": grids.LOSS.limit,
    "MOMENT_BITS": adamw.MOMENT_BITS,
    "STEPS_PER_UNIT": f"0x1p{adamw.STEP_FRACTION_BITS}",
}
FLAGS = [
    *("-std=c++17", "-O3", "-march=native"),
    "-fno-fast-math",  # a compiler may be a script that adds it
    *("-fno-math-errno", "-fno-trapping-math"),  # square roots and roundings can be vector instructions without these
    *("-pthread", "-shared", "-fPIC"),
]


class _Parameter(ctypes.Structure):
    _fields_ = [(name, ctypes.c_void_p) for name in ("weight", "first", "second")]


class _Task(ctypes.Structure):
    """What a call works on. kernel.cpp has the same fields in the same order, says what they are, checks the size."""

    _fields_ = [
        *((name, ctypes.c_int64) for name in ("instances", "features", "draws", "hidden", "batch")),
        *((name, ctypes.c_int64) for name in ("hidden_relu", "output_relu", "absolute")),
        *((name, _Parameter) for name in ("W", "W_out", "b", "b_hidden")),
        *((name, ctypes.c_void_p) for name in ("keys", "sample")),
        *((name, ctypes.c_int64) for name in ("sample_size", "sample_shared")),
        *((name, ctypes.c_void_p) for name in ("gate", "first", "count", "scale")),
        ("offset", ctypes.c_double),
        *((name, ctypes.c_void_p) for name in ("importance", "loss_scale", "hidden_l1", "rates")),
        *((name, ctypes.c_double) for name in ("beta1", "beta2", "eps", "weight_decay")),
    ]


class Kernel:
    """The fast form of `steps` and of `held_out`, with instances spread over `threads` threads."""

    def __init__(self, steps: Steps, held_out: HeldOut, threads: int) -> None:
        self.steps, self.threads = steps, threads
        self.kept: list[Tensor] = []  # what tasks point to
        source, settings = steps.source, steps.optimiser
        if isinstance(source, FiniteSample):
            data = {"sample": self._words(source.drawn), "sample_size": source.drawn.shape[-1]}
        else:
            data = {"keys": self._address(source.keys)}
        self.training = self._task(
            source.distribution,
            steps.importance,
            **data,
            batch=steps.batch_size,
            loss_scale=self._address(steps.loss_scale),
            hidden_l1=self._address(steps.hidden_l1),
            rates=self._address(steps.rates),
            beta1=adamw.exact_beta(settings.betas[0]),
            beta2=adamw.exact_beta(settings.betas[1]),
            eps=settings.eps,
            weight_decay=settings.weight_decay,
        )
        self.evaluation = self._task(
            held_out.distribution,
            held_out.importance,
            batch=SAMPLES,
            sample=self._words(held_out.words),
            sample_size=held_out.words.shape[-1],
            sample_shared=True,
        )

    def run(self, first: int, last: int, state: State) -> State:
        """Steps `first` .. `last` - 1; as `Steps.run`, on the CPU."""
        new = tuple(tensor.clone(memory_format=torch.contiguous_format) for tensor in state)
        self._call("train", self.training, new, first, last)
        return new

    def held_out_sums(self, model: ToyModel) -> Float[Tensor, "part instance"]:
        """As `HeldOut.sums`, on the CPU."""
        parameters = [p.detach().contiguous() for p in model.parameters()]
        instances, parts = len(parameters[0]), -(-self.evaluation.sample_size // SAMPLES)
        sums = torch.empty(parts, instances, dtype=torch.float64)
        self._call("evaluate", self.evaluation, tuple(t for p in parameters for t in (p, p, p)), sums.data_ptr(), parts)
        return sums

    def _call(self, name: str, task: _Task, state: State, *numbers: int) -> None:
        """Python's lock is not held meanwhile."""
        parameters = [parameter for parameter, _ in self.steps.model.named_parameters()]
        for k, parameter in enumerate(parameters):
            setattr(task, parameter, _Parameter(*(tensor.data_ptr() for tensor in state[3 * k : 3 * k + 3])))
        call = getattr(library(), f"{name}_float{8 * state[0].element_size()}")
        call(ctypes.byref(task), *map(ctypes.c_int64, numbers), ctypes.c_int64(self.threads))

    def _task(self, law: Distribution, importance: Tensor, **more: int | float) -> _Task:
        architecture = self.steps.model.architecture
        instances, hidden, features = self.steps.model.W.shape
        return _Task(
            instances=instances,
            features=features,
            draws=law.draws,
            hidden=hidden,
            hidden_relu=architecture.hidden == "relu",
            output_relu=architecture.output == "relu",
            absolute=architecture.target == "absolute",
            gate=self._address(law.gate),
            first=self._address(law.first),
            count=self._address(law.count),
            scale=self._address(law.scale),
            offset=law.offset,
            importance=self._address(importance),
            **more,
        )

    def _address(self, tensor: Tensor) -> int:
        self.kept.append(tensor.contiguous())
        return self.kept[-1].data_ptr()

    def _words(self, words: Tensor) -> int:
        """Random words are below 2^32, and fit into half the space that PyTorch computes with them in."""
        return self._address(words.to(torch.uint32))


@functools.cache
def library() -> ctypes.CDLL | None:
    """kernel.cpp, compiled for this processor and kept in the user's cache; None, said once, where it cannot be."""
    if compiler() is None:
        warnings.warn("no C++ compiler found: training takes the plain form, to the same bits but slower", stacklevel=2)
        return None
    constants = CONSTANTS | {"TASK_BYTES": ctypes.sizeof(_Task)}
    command = [str(compiler()), *FLAGS, *(f"-D{name}={value}" for name, value in constants.items())]
    made_of = "\n".join([*command, platform.machine(), processor(), SOURCE.read_text(encoding="utf-8")])
    file = cache() / f"kernel-{hashlib.sha256(made_of.encode()).hexdigest()[:16]}.so"
    if not file.exists():
        with tempfile.TemporaryDirectory(dir=file.parent) as folder:
            built = Path(folder, file.name)
            done = subprocess.run([*command, str(SOURCE), "-o", str(built)], capture_output=True, text=True)
            if done.returncode != 0:
                reason = next((line for line in done.stderr.splitlines() if "error" in line), done.stderr)
                warnings.warn(f"{compiler()} failed, so training takes the plain form, slower: {reason}", stacklevel=2)
                return None
            built.replace(file)  # at once, for all who wait for it
    return ctypes.CDLL(str(file))


def compiler() -> str | None:
    """CXX where it is set, else what is there."""
    known = (os.environ.get("CXX"), "c++", "g++", "clang++")
    return next((found for name in known if name and (found := shutil.which(name))), None)


def processor() -> str:
    """Which instructions there are: a cache may be shared between machines."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    return next((line for line in lines if line.startswith(("flags", "Features"))), "")


def cache() -> Path:
    """A folder that only this user writes to."""
    folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache", "superposition")
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return folder
    except OSError:
        return Path(tempfile.mkdtemp(prefix="superposition-"))


def available_cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
