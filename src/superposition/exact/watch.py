"""A watch over a module that others wrote: that what it computes has the same bits on every machine.

Models of this project are built from the operations of `ops`, whose sums have room by their grids (`grids`). Of a
module of one's own nobody has counted the bits. So each of its operations is looked at, forwards and backwards: sums
and products of matrices are shown not to round, of the very numbers that they are of; what IEEE 754 rounds alike
everywhere, one element at a time, passes, and so does what only moves numbers. Everything else is refused.
"""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from superposition.exact.grids import SIGNIFICAND_BITS
from superposition.exact.ops import is_exact, power_of_two_above


class NotExact(ArithmeticError):
    """An operation whose bits a machine may choose."""


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Rounded once, or not at all. Eager PyTorch calls one after the other, so that none is fused with the next.
ELEMENTWISE = _names(
    "add sub rsub mul div neg abs sign square relu threshold_backward leaky_relu leaky_relu_backward hardtanh "
    "hardtanh_backward clamp clamp_min clamp_max maximum minimum floor ceil round trunc where masked_fill fill "
    "lt le gt ge eq ne logical_and logical_or logical_not logical_xor bitwise_and bitwise_or bitwise_not isnan "
    "isfinite isinf"
)
# Choices among numbers, and where they lie
MOVES = _names(
    "view _unsafe_view reshape _reshape_alias transpose t permute squeeze unsqueeze expand expand_as as_strided slice "
    "slice_backward select select_backward split split_with_sizes unbind cat stack repeat flip roll narrow diagonal "
    "gather index index_select take tril triu amax amin max min argmax argmin topk sort argsort any all "
    "clone detach alias copy _to_copy to contiguous lift_fresh empty empty_like zeros zeros_like ones ones_like full "
    "full_like new_zeros new_ones new_full new_empty new_empty_strided empty_strided scalar_tensor arange eye "
    "_local_scalar_dense"
)
PRODUCTS = frozenset(("mm", "bmm"))
FEW = (16, 18, 20, 21, 24, 28, 32)  # bits that operands of a sum may do with; most do with one of the first


class Watch(TorchDispatchMode):
    """Within it, an operation on float64 tensors whose bits are not the same everywhere raises NotExact."""

    def __torch_dispatch__(
        self, function: Any, types: Sequence[type], args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        name = function.overloadpacket.__name__
        plain = name.rstrip("_")
        if plain in PRODUCTS:
            require_exact_product(plain, args[0], args[1])
        elif plain == "sum":
            axes = args[1] if len(args) > 1 and args[1] is not None else list(range(args[0].dim()))
            require_exact_sum(args[0], list(axes) or list(range(args[0].dim())))
        elif plain not in ELEMENTWISE and plain not in MOVES:
            raise NotExact(
                f"{name} has other bits on other machines: allowed are superposition.exact.ops, and of PyTorch sums "
                "and products of matrices that do not round, and what is rounded element by element"
            )
        return function(*args, **(kwargs or {}))


def require_exact_product(name: str, a: Tensor, b: Tensor) -> None:
    """That no sum of products of a row of `a` and a column of `b` rounds, in whatever order it is taken."""
    terms = a.shape[-1]
    if not is_double(a) or not terms:
        return
    room = SIGNIFICAND_BITS - (terms - 1).bit_length()
    needed = bits(b, [-2], room)
    if not fits(a, [-1], room - needed):
        of_a = bits(a, [-1], SIGNIFICAND_BITS)
        raise NotExact(
            f"{name} would round: products of {of_a} and {needed} bits, {terms} of them, need "
            f"{of_a + needed + SIGNIFICAND_BITS - room} of {SIGNIFICAND_BITS}. Weights go through `weights`, and what "
            "enters a product, forwards or backwards, through `on_grid`"
        )


def require_exact_sum(x: Tensor, axes: Sequence[int]) -> None:
    """That no sum over these axes rounds."""
    terms = 1
    for axis in axes:
        terms *= x.shape[axis]
    if not is_double(x) or terms < 2:
        return
    room = SIGNIFICAND_BITS - (terms - 1).bit_length()
    if not fits(x, axes, room):
        raise NotExact(
            f"sum would round: {terms} terms of {bits(x, axes, SIGNIFICAND_BITS)} bits, where there is room for "
            f"{room}. What is summed goes through `on_grid`"
        )


def is_double(x: Tensor) -> bool:
    """Whether it is of float64, and not of whole numbers, of which sums are exact; other floats are refused."""
    if x.dtype in (torch.float32, torch.float16, torch.bfloat16):
        raise NotExact(f"a sum in {x.dtype} would round: what is summed is to be of torch.float64")
    return is_exact(x)


def bits(x: Tensor, axes: Sequence[int], most: int) -> int:
    """How many hold all numbers that are summed over `axes`, from the largest down; at least that many, for few."""
    return next((few for few in FEW if few < most and fits(x, axes, few)), most)


def fits(x: Tensor, axes: Sequence[int], room_bits: int) -> bool:
    """Whether numbers that are summed are whole multiples of 2^-room_bits times a power of two above the largest one.

    What is not finite fits: it stays so in any order.
    """
    largest = x.abs().amax(tuple(axes), keepdim=True)
    unit = power_of_two_above(torch.where((largest > 0) & largest.isfinite(), largest, 1.0))
    steps = x / unit * 2.0**room_bits
    return room_bits >= 0 and bool(((steps == torch.round(steps)) | ~steps.isfinite()).all())


def watched(work: Callable[[], Any], exact: bool) -> Any:
    """What `work` returns; within a watch where arithmetic is `exact`."""
    if not exact:
        return work()
    with Watch():
        return work()
