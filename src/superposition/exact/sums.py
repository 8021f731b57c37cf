"""Sums, means and products of matrices with the same bits on every machine, for numpy arrays in float64.

A library adds in the order that suits a processor's vectors and caches, and may fuse products into sums; numpy's `sum`
and `@`, pandas' `mean` and a BLAS promise no order, and Python's own `sum` of floats became another one in 3.12. Here
either the order is fixed (halves are added elementwise, IEEE additions that nothing can fuse), or no addition rounds,
so that there is no order to speak of: `matmul` cuts its factors into parts that are short enough, and then leaves the
work to the BLAS.

Counting, sums of whole numbers, largest and smallest ones are exact anyway: `np.count_nonzero`, `np.max`, `np.median`
(a mean of two at most) and sorting with kind="stable" may be called directly.
"""

import numpy as np
from jaxtyping import Float
from numpy import ndarray

from superposition.exact.functions import Numbers
from superposition.exact.grids import SIGNIFICAND_BITS


def total(x: Numbers, axis: int | tuple[int, ...] | None = None) -> ndarray:
    """Sum over an axis, or some, or all: the second half is added to the first until one term is left.

    n terms are off by log2(n) roundings at most, the order being that of the array. A sum of none is 0. Masks and
    whole numbers are added as floats.
    """
    x = np.asarray(x, dtype=np.float64)
    if axis is None:
        x = x.reshape(-1)
    elif isinstance(axis, tuple):
        kept = [k for k in range(x.ndim) if k not in {a % x.ndim for a in axis}]
        x = x.transpose(*kept, *axis).reshape(*(x.shape[k] for k in kept), -1)
    else:
        x = np.moveaxis(x, axis, -1)
    while (count := x.shape[-1]) > 1:
        half = -(-count // 2)
        first = x[..., :half].copy()
        first[..., : count - half] += x[..., half:]
        x = first
    return np.asarray(x[..., 0]) if x.shape[-1] else np.zeros(x.shape[:-1])


def mean(x: Numbers, axis: int | tuple[int, ...] | None = None) -> ndarray:
    """NaN of none."""
    x = np.asarray(x, dtype=np.float64)
    found = total(x, axis)
    with np.errstate(invalid="ignore"):
        return np.asarray(found / np.float64(x.size / max(1, found.size)))


def weighted_mean(x: Numbers, weights: Numbers) -> float:
    weights = np.asarray(weights, dtype=np.float64)
    return float(total(np.asarray(x, dtype=np.float64) * weights) / total(weights))


def variance(x: Numbers, axis: int | None = None, ddof: int = 0) -> ndarray:
    """Mean squared deviation from the mean, over n - `ddof`."""
    x = np.asarray(x, dtype=np.float64)
    count = x.size if axis is None else x.shape[axis]
    centre = mean(x, axis)
    off = x - (centre if axis is None else np.expand_dims(centre, axis))
    with np.errstate(invalid="ignore"):
        return np.asarray(total(off * off, axis) / np.float64(count - ddof))


def deviation(x: Numbers, axis: int | None = None, ddof: int = 0) -> ndarray:
    """Standard deviation."""
    return np.asarray(np.sqrt(variance(x, axis, ddof)))


def product(x: Numbers, axis: int | None = None) -> ndarray:
    """Of all elements, or along an axis, one after the other; 1 of none."""
    x = np.asarray(x, dtype=np.float64)
    x = x.reshape(-1) if axis is None else np.moveaxis(x, axis, -1)
    found = np.ones(x.shape[:-1])
    for k in range(x.shape[-1]):
        found = found * x[..., k]
    return np.asarray(found)


def running_total(x: Numbers) -> Float[ndarray, " term"]:
    """Sums of the first 1, 2, ... terms, each rounded once."""
    found, so_far = [], 0.0
    for term in np.asarray(x, dtype=np.float64).tolist():
        so_far += term
        found.append(so_far)
    return np.array(found)


def quantile(x: Numbers, q: Numbers) -> ndarray:
    """Between the two nearest of the sorted values, linearly."""
    values = np.sort(np.asarray(x, dtype=np.float64).reshape(-1), kind="stable")
    place = np.asarray(q, dtype=np.float64) * (len(values) - 1)
    low = np.floor(place).astype(int)
    high = np.minimum(low + 1, len(values) - 1)
    step = (values[high] - values[low]) * (place - low)
    return np.asarray(values[low] + step)


def interpolate(
    x: Numbers,
    xp: Numbers,
    fp: Numbers,
    left: float | int | None = None,
    right: float | int | None = None,
) -> ndarray:
    """Linear between the points (xp, fp), xp rising; beyond them `left` and `right`, or else the value at the end."""
    x, xp, fp = (np.asarray(one, dtype=np.float64) for one in (x, xp, fp))
    place = np.clip(np.searchsorted(xp, x, side="right") - 1, 0, max(0, len(xp) - 2))
    after = np.minimum(place + 1, len(xp) - 1)
    width = xp[after] - xp[place]
    share = np.clip(np.where(width > 0, (x - xp[place]) / np.where(width > 0, width, 1.0), 0.0), 0.0, 1.0)
    step = (fp[after] - fp[place]) * share
    inside = np.where(share == 1, fp[after], fp[place] + step)
    inside = np.where(x < xp[0], fp[0] if left is None else left, inside)
    inside = np.where(x > xp[-1], fp[-1] if right is None else right, inside)
    return np.where(np.isnan(x), np.nan, inside)


def line(x: Numbers, y: Numbers) -> tuple[float, float]:
    """Slope and intercept of the straight line with the least squared distance in y."""
    x, y = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    off = x - mean(x)
    slope = total(off * (y - mean(y))) / total(off * off)
    return float(slope), float(mean(y) - slope * mean(x))


def dot(x: Numbers, y: Numbers) -> ndarray:
    """Sum over the last axis of the products of two arrays, which broadcast."""
    return total(np.asarray(x, np.float64) * np.asarray(y, np.float64), axis=-1)


def matmul(a: ndarray, b: ndarray, fraction_bits: tuple[int, int] | None = None) -> ndarray:
    """The matrix product, like numpy's `@`, of matrices and vectors, with the same bits whatever multiplies them.

    Rows of `a` and columns of `b` are cut into parts of so few bits that sums of the products of two parts are exact
    (Ozaki et al. 2012, "Error-free transformations of matrix multiplication by using fast routines of matrix
    multiplication and its applications"), and these few exact matrices are added in a fixed order. Of the digits of
    each entry's largest possible product, at least 2^-57 are kept, about what float64 itself keeps. On grids of few
    bits one part is all, and this is one call of the BLAS. Who knows the grids of all entries, multiples of 2^-i of `a`
    and 2^-j of `b`, may say so by `fraction_bits` = (i, j): then only the largest of them is looked for.
    """
    a, b = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
    row, column = a.ndim == 1, b.ndim == 1
    a, b = (a[None, :] if row else a), (b[:, None] if column else b)
    terms = a.shape[-1]
    found = np.zeros((*np.broadcast_shapes(a.shape[:-2], b.shape[:-2]), a.shape[-2], b.shape[-1]))
    if found.size and terms:
        room = SIGNIFICAND_BITS - (terms - 1).bit_length()
        found = a @ b if _fit(a, b, fraction_bits, room) else _in_parts(a, b, room // 2)
    found = found[..., 0, :] if row else found
    return np.asarray(found[..., 0]) if column else found


def _fit(a: ndarray, b: ndarray, fraction_bits: tuple[int, int] | None, room: int) -> bool:
    """Whether sums of products of entries, as they are, need no more bits than there is room for."""
    if fraction_bits:
        return sum(int(f + _exponents(x, None).item()) for f, x in zip(fraction_bits, (a, b), strict=True)) <= room
    return _bits(a, _exponents(a, -1)) + _bits(b, _exponents(b, -2)) <= room


def _exponents(x: ndarray, axis: int | None) -> ndarray:
    """e of the least 2^e that is above all entries along `axis`, or at most twice that."""
    largest = np.maximum(x.max(axis=axis, keepdims=True), -x.min(axis=axis, keepdims=True))
    if not bool(np.isfinite(largest).all()):
        raise ArithmeticError("a matrix product of numbers that are not finite")
    return np.asarray(np.frexp(largest)[1])


def _bits(x: ndarray, above: ndarray) -> int:
    """How many bits, from 2^`above` down, hold all entries; 53 for many. A few entries tell what is not enough."""
    few = x[..., :8, :8]
    some = above[..., :8, :8]
    for bits in (16, 21, 26, 32, 42):
        if _is_whole(_scaled(few, bits - some)) and _is_whole(_scaled(x, bits - above)):
            return bits
    return SIGNIFICAND_BITS


def _is_whole(x: ndarray) -> bool:
    return bool((x == np.rint(x)).all())


def _scaled(x: ndarray, exponent: ndarray) -> ndarray:
    """x 2^exponent. A product is several times as fast as what scales by whatever power there is."""
    usual = bool((np.abs(exponent) < 1000).all())
    return np.asarray(x * np.ldexp(1.0, exponent) if usual else np.ldexp(x, exponent))


def _in_parts(a: ndarray, b: ndarray, bits: int) -> ndarray:
    """Products of all parts that matter, the smallest first."""
    parts_a, parts_b = _parts(a, _exponents(a, -1), bits), _parts(b, _exponents(b, -2), bits)
    last = min(len(parts_a) + len(parts_b) - 2, 2 if bits >= 19 else 3)
    found = np.zeros(())
    for order in range(last, -1, -1):
        for i in range(order + 1):
            if i < len(parts_a) and order - i < len(parts_b):
                found = found + parts_a[i] @ parts_b[order - i]
    return found


def _parts(x: ndarray, above: ndarray, bits: int) -> list[ndarray]:
    """Arrays that add up to `x`, but for what is below its last four: each of at most `bits` bits, from 2^`above` down.

    Entries of a part are at most 2^bits steps, and what is left is at most half a step, of either sign.
    """
    parts = []
    for _ in range(4):
        step = above - bits
        part = _scaled(np.rint(_scaled(x, -step)), step)
        parts.append(part)
        x = x - part
        if not bool(x.any()):
            break
        above = step - 1
    return parts
