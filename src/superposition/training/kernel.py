"""Optimiser steps and held-out losses on a CPU, in a few hundred lines of C++: the plain ones' bits, many times faster.

kernel.cpp is compiled once for a machine, which takes seconds, and serves every model and shape from then on.
"""

import ctypes
import functools
import os
import time
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import get_args

import torch
from jaxtyping import Float
from torch import Tensor

from superposition.exact import adamw, curves, grids, ops, philox
from superposition.features.distribution import Distribution
from superposition.features.source import FiniteSample
from superposition.models.toy_model import TARGETS, ToyModel
from superposition.training.compiled import NotCompiled, load
from superposition.training.held_out import SAMPLES, HeldOut
from superposition.training.steps import State, Steps

SOURCE = Path(__file__).with_suffix(".cpp")
SECONDS = 0.2  # that a call is to take, of which nothing can be seen and which nothing interrupts
ACTIVATIONS = get_args(ops.Activation)
assert ACTIVATIONS[-len(curves.CURVES) :] == curves.CURVES
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
    "GRAM_PER_UNIT": f"0x1p{grids.GRAM.fraction_bits}",
    "GRAM_LIMIT": grids.GRAM.limit,
    "LOSSES_PER_UNIT": f"0x1p{grids.LOSS.fraction_bits}",
    "LOSS_LIMIT": grids.LOSS.limit,
    "MOMENT_BITS": adamw.MOMENT_BITS,
    "STEPS_PER_UNIT": f"0x1p{adamw.STEP_FRACTION_BITS}",
    "STEEPEST": ops.STEEPEST,
    "TWICE_SQUARED": int(2 * ops.SQUARED),
    "CURVE_INTERVALS": curves.INTERVALS,
    "SLOPES_PER_UNIT": f"0x1p{curves.SLOPE_BITS}",
    "CURVED": ACTIVATIONS.index(curves.CURVES[0]),  # this activation, or a later one
    **{name.upper(): number for number, name in enumerate(ACTIVATIONS)},
    **{f"TARGET_{name.upper()}": number for number, name in enumerate(TARGETS)},
}
FLAGS = [
    *("-std=c++17", "-O3", "-march=native"),
    "-fno-fast-math",  # a compiler may be a script that adds it
    *("-fno-math-errno", "-fno-trapping-math"),  # square roots and roundings can be vector instructions without these
    *("-pthread", "-shared", "-fPIC"),
]


class _Parameter(ctypes.Structure):
    _fields_ = [(name, ctypes.c_void_p) for name in ("weight", "first", "second")]


class _Curve(ctypes.Structure):
    _fields_ = [
        *((name, ctypes.c_void_p) for name in ("values", "slopes")),
        *((name, ctypes.c_double) for name in ("reach", "per_unit", "rise")),
    ]

    @classmethod
    def of(cls, activation: ops.Activation, dtype: torch.dtype) -> "_Curve":
        """Points to tables that this process keeps; to nothing where an activation has none."""
        if activation not in curves.CURVES:
            return cls()
        own, kept = curves.curve(activation), ops.curve_tables(activation, dtype, torch.device("cpu"))
        return cls(*(table.data_ptr() for table in kept), own.reach, own.per_unit, own.rise)


class _Task(ctypes.Structure):
    """What a call works on. kernel.cpp has the same fields in the same order, says what they are, checks the size."""

    _fields_ = [
        *((name, ctypes.c_int64) for name in ("instances", "features", "draws", "hidden", "batch")),
        *((name, ctypes.c_int64) for name in ("activation", "output_activation", "target", "twice_loss_power")),
        *((name, _Parameter) for name in ("W", "W_out", "b", "b_hidden")),
        *((name, ctypes.c_void_p) for name in ("keys", "sample")),
        *((name, ctypes.c_int64) for name in ("sample_size", "sample_shared", "unit_length")),
        *((name, ctypes.c_void_p) for name in ("gate", "first", "count", "parent", "otherwise")),
        *((name, ctypes.c_void_p) for name in ("start", "most", "order", "point", "begin", "span")),
        *((name, ctypes.c_void_p) for name in ("chooser", "since", "until", "limit")),
        ("scale", ctypes.c_void_p),
        *((name, ctypes.c_double) for name in ("offset", "negative_slope")),
        *((name, ctypes.c_void_p) for name in ("table", "mixing", "importance", "loss_scale", "hidden_l1")),
        *((name, ctypes.c_void_p) for name in ("controlled", "expected_value", "variance", "control_factor")),
        ("rates", ctypes.c_void_p),
        *((name, ctypes.c_double) for name in ("beta1", "beta2", "eps", "weight_decay", "bias_decay")),
        *((name, _Curve) for name in ("hidden_curve", "output_curve")),
        *((name, ctypes.c_void_p) for name in ("noise_keys", "dropout_keys")),
        *((name, ctypes.c_int64) for name in ("noise_steps", "dropped")),
        ("kept_factor", ctypes.c_double),
    ]


class FastSteps:
    """`Steps.run` on the CPU, with instances spread over `threads` threads."""

    def __init__(self, steps: Steps, threads: int) -> None:
        assert isinstance(steps.model, ToyModel)
        source, settings = steps.source, steps.optimiser
        if isinstance(source, FiniteSample):
            data: dict[str, Tensor | int | float] = {
                "sample": random_words(source.drawn),
                "sample_size": source.drawn.shape[-1],
            }
        else:
            data = {"keys": source.keys}
        if (control := steps.control) is not None:
            data |= {"controlled": control.used, "expected_value": control.expected_value}
            data |= {"variance": control.variance, "control_factor": control.factor}
        if (disturbance := steps.disturbance) is not None:
            data |= {"noise_keys": disturbance.noise_keys} if disturbance.noise_steps else {}
            data |= {"dropout_keys": disturbance.dropout_keys} if disturbance.dropped else {}
            data |= {"noise_steps": disturbance.noise_steps, "dropped": disturbance.dropped}
            data |= {"kept_factor": disturbance.factor}
        self.names = [name for name, _ in steps.model.named_parameters()]
        self.call = _Call(
            steps.model,
            source.distribution,
            steps.importance,
            threads,
            **data,
            batch=steps.batch_size,
            loss_scale=steps.loss_scale,
            hidden_l1=steps.hidden_l1,
            rates=steps.rates,
            beta1=adamw.exact_beta(settings.betas[0]),
            beta2=adamw.exact_beta(settings.betas[1]),
            eps=settings.eps,
            weight_decay=settings.weight_decay,
            bias_decay=settings.bias_decay,
        )

    def run(self, first: int, last: int, state: State) -> State:
        """Steps `first` .. `last` - 1."""
        new = tuple(tensor.clone(memory_format=torch.contiguous_format) for tensor in state)
        parameters = {name: new[3 * k : 3 * k + 3] for k, name in enumerate(self.names)}
        self.call("train", parameters, first, last)
        return new


class FastHeldOut:
    """`HeldOut.sums` on the CPU, with instances spread over `threads` threads."""

    def __init__(self, held_out: HeldOut, threads: int) -> None:
        self.held_out, self.threads = held_out, threads

    def sums(self, model: ToyModel) -> Float[Tensor, "part instance"]:
        """In calls of about SECONDS, between which Python sees signals. No bit depends on them: parts are apart."""
        words = self.held_out.words
        parameters = {name: [p.detach().contiguous()] for name, p in model.named_parameters()}
        parts = -(-words.shape[1] // SAMPLES)
        sums = torch.empty(parts, len(self.held_out.importance), dtype=torch.float64)
        done, size = 0, 1
        while done < parts:
            began = time.perf_counter()
            size = min(size, parts - done)
            sample = random_words(words[:, done * SAMPLES : (done + size) * SAMPLES])
            call = _Call(
                model,
                self.held_out.distribution,
                self.held_out.importance,
                self.threads,
                batch=SAMPLES,
                sample=sample,
                sample_size=sample.shape[1],
                sample_shared=True,
            )
            call("evaluate", parameters, sums[done].data_ptr(), size)
            done += size
            size = max(1, int(size * SECONDS / (time.perf_counter() - began)))
        return sums


class _Call:
    """A task, and the tensors that it points to."""

    def __init__(
        self, model: ToyModel, law: Distribution, importance: Tensor, threads: int, **more: Tensor | int | float
    ) -> None:
        instances, hidden, features = model.W.shape
        gates = law.gates
        fields: dict[str, Tensor | int | float] = {
            "instances": instances,
            "features": features,
            "draws": law.draws,
            "hidden": hidden,
            "activation": ACTIVATIONS.index(model.architecture.hidden),
            "output_activation": ACTIVATIONS.index(model.architecture.output),
            "target": list(TARGETS).index(model.architecture.target),
            "twice_loss_power": int(2 * model.architecture.loss_power),  # which is a whole number
            "negative_slope": model.architecture.negative_slope,
            "gate": gates.gate,
            "first": gates.first,
            "count": gates.number,
            "scale": law.scale,
            "offset": law.offset,
            "unit_length": law.unit_length,
            **({} if law.table is None else {"table": law.table}),
            **({} if model.mixing is None else {"mixing": model.mixing.mT}),
            **({"parent": gates.parent, "otherwise": gates.otherwise} if gates.depth else {}),
            **({"start": gates.start, "most": gates.most, "order": gates.order} if gates.ordered else {}),
            **({"point": gates.point, "begin": gates.begin, "span": gates.span} if gates.on_rings else {}),
            **({"chooser": gates.chooser, "since": gates.since} if gates.never_empty else {}),
            **({"until": gates.until, "limit": gates.limit} if gates.never_empty else {}),
            "importance": importance,
        }
        fields |= more
        self.kept = {key: value.contiguous() for key, value in fields.items() if isinstance(value, Tensor)}
        sides = {"hidden_curve": model.architecture.hidden, "output_curve": model.architecture.output}
        bent = {key: _Curve.of(activation, model.W.dtype) for key, activation in sides.items()}
        self.task = _Task(**fields | {key: tensor.data_ptr() for key, tensor in self.kept.items()}, **bent)
        self.threads, self.real = threads, f"float{8 * model.W.element_size()}"

    def __call__(self, name: str, parameters: Mapping[str, Sequence[Tensor]], *numbers: int) -> None:
        """Of each parameter its weights, and moments if any. Python's lock is not held meanwhile."""
        for key, tensors in parameters.items():
            setattr(self.task, key, _Parameter(*(tensor.data_ptr() for tensor in tensors)))
        call = getattr(library(), f"{name}_{self.real}")
        call(ctypes.byref(self.task), *map(ctypes.c_int64, numbers), ctypes.c_int64(self.threads))


def random_words(words: Tensor) -> Tensor:
    """They are below 2^32, and fit into half the space that PyTorch computes with them in."""
    return words.to(torch.uint32)


@functools.cache
def library() -> ctypes.CDLL | None:
    """kernel.cpp, compiled; None, said once, where it cannot be."""
    constants = CONSTANTS | {"TASK_BYTES": ctypes.sizeof(_Task)}
    try:
        found = load(SOURCE, [*FLAGS, *(f"-D{name}={value}" for name, value in constants.items())])
    except NotCompiled as reason:
        warnings.warn(f"{reason}: training takes the plain form, to the same bits but slower", stacklevel=2)
        return None
    # What was linked by a compiler that was told -Ofast switches tiny numbers off where it is loaded.
    torch.set_flush_denormal(False)
    return found


def available_cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
