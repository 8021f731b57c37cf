"""Fresh feature values from a stream, in one pass on the CPU.

`drawn` is `Distribution(words(...))`, the same bits from a few lines of C++: on the CPU the plain form spends most of a
training step in 64-bit integer products that PyTorch's vector code has to emulate. GPUs, and machines without a C++
compiler, take the plain form.
"""

import ctypes
import functools
import hashlib
import platform
import shutil
import subprocess
import tempfile
import warnings
from pathlib import Path

import torch
from jaxtyping import Float, Int64
from torch import Tensor
from torch._inductor.cpp_builder import get_cpp_compiler
from torch._inductor.exc import InvalidCxxCompiler
from torch._inductor.runtime.cache_dir_utils import cache_dir

from superposition.exact.grids import INPUT
from superposition.exact.philox import INCREMENT, MULTIPLIER, ROUNDS, words
from superposition.features.distribution import Distribution


def drawn(
    keys: Int64[Tensor, "instance 2"],
    distribution: Distribution,
    samples: Int64[Tensor, " sample"],
    step: Int64[Tensor, ""],
) -> Float[Tensor, "instance feature sample"]:
    """Values of the samples that are numbered `samples`, at one step of each instance's stream."""
    if keys.device.type == "cpu" and compiler():
        d = distribution
        return _draw(keys, d.threshold, d.scale, d.offset, samples, step, d.dtype == torch.float64)
    return distribution(words(keys, distribution.threshold.shape[1], samples, step))


@functools.cache
def compiler() -> str | None:
    """The C++ compiler that training code is compiled with; says so, once, where there is none."""
    try:
        found = shutil.which(get_cpp_compiler())
    except InvalidCxxCompiler:
        found = None
    if found is None:
        warnings.warn("no C++ compiler found: training runs uncompiled, to the same bits but slower", stacklevel=2)
    return found


@functools.cache
def _library() -> ctypes.CDLL:
    """draw.cpp, compiled for this processor; kept in PyTorch's own cache of compiled code."""
    constants = {
        "ROUNDS": ROUNDS,
        "MULTIPLIER0": f"{MULTIPLIER[0]}u",
        "MULTIPLIER1": f"{MULTIPLIER[1]}u",
        "INCREMENT0": f"{INCREMENT[0]}u",
        "INCREMENT1": f"{INCREMENT[1]}u",
        "INPUT_STEP": f"0x1p-{INPUT.fraction_bits}",
    }
    source = Path(__file__).with_suffix(".cpp")
    # PyTorch's own driver for C++ turns off the vectorisation of loops, which is all that this code is about.
    flags = ["-std=c++17", "-O3", "-march=native", "-fno-math-errno", "-fno-trapping-math", "-shared", "-fPIC"]
    command = [str(compiler()), *flags, *(f"-D{name}={value}" for name, value in constants.items())]
    name = hashlib.sha256("\n".join([*command, platform.processor(), source.read_text()]).encode()).hexdigest()[:16]
    library = Path(cache_dir(), f"superposition-{name}.so")
    if not library.exists():
        library.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=library.parent) as folder:
            built = Path(folder, library.name)
            subprocess.run([*command, str(source), "-o", str(built)], check=True)
            built.replace(library)  # at once, for all who wait for it
    return ctypes.CDLL(str(library))


@torch.library.custom_op("superposition::draw", mutates_args=())
def _draw(
    keys: Tensor, threshold: Tensor, scale: Tensor, offset: float, samples: Tensor, step: Tensor, double: bool
) -> Tensor:
    instances, features, _ = threshold.shape
    values = torch.empty(instances, features, len(samples), dtype=torch.float64 if double else torch.float32)
    call = _library().draw_float64 if double else _library().draw_float32
    inputs = [tensor.contiguous() for tensor in (keys, threshold, scale, samples)]
    at = [ctypes.c_void_p(tensor.data_ptr()) for tensor in (*inputs, values)]
    sizes = [ctypes.c_int64(size) for size in (int(step), instances, features, len(samples))]
    call(*at[:3], ctypes.c_double(offset), at[3], *sizes, at[4])
    return values


@_draw.register_fake
def _(
    keys: Tensor, threshold: Tensor, scale: Tensor, offset: float, samples: Tensor, step: Tensor, double: bool
) -> Tensor:
    shape = (*threshold.shape[:2], len(samples))
    return torch.empty(shape, dtype=torch.float64 if double else torch.float32, device=keys.device)
