"""Directions moved apart from each other, by rules whose iterations have the same bits everywhere.

Directions are columns of unit length on the grid 2^-24, so that their dot products, sums of at most 1 in all, are exact
whatever the order of the terms. Forces between them are rounded to 2^-20, so that a sum of at most 512 of them times
directions needs no more than 53 bits. All else is elementwise and correctly rounded. So `@` and `sum` have the same
bits everywhere here, in thousands of steps that would take several times as long if each had to find that out.
"""

from collections.abc import Mapping

import numpy as np
from jaxtyping import Float

from superposition.exact.functions import power
from superposition.measures.directions import cosines, draw

DIRECTION_STEP, FORCE_STEP, LENGTH_STEP = 2.0**-24, 2.0**-20, 2.0**-22
MOST = 512  # directions

# Minimising the largest cosine is minimising a high power of it: the power doubles from 2 to 512.
STAGES = 9
# Of a step, relative to the sum of a direction's forces: from the first, large enough to leave local minima, to the
# last, about how far the largest cosine ends from a minimum. Where |cos| counts, half the first finds more [measured].
FIRST_STEP = {True: 1.0, False: 2.0}
LAST_STEP = 1e-4

MARGIN = 0.998  # of the limit, at which directions begin to repel each other: reached in finitely many steps
ROUNDING = 1e-6  # of a cosine, since directions on a grid are not quite of unit length
RATE = 0.5  # of a step against the overlap of two
GROWTH = 0.05  # of the directions there are, are added at a time

Codes = Float[np.ndarray, "*start hidden direction"]


def least_coherent(m: int, count: int, two_sided: bool, starts: int, steps: int, names: Mapping[str, object]) -> float:
    """The largest cosine, |cos| if `two_sided`, of `count` directions, made as small as it gets from random starts."""
    W = np.stack([_drawn(m, count, start, names) for start in range(starts)])
    others = 1.0 - np.eye(count)
    lengths = FIRST_STEP[two_sided] * power(LAST_STEP / FIRST_STEP[two_sided], np.arange(steps) / steps)
    for step, length in enumerate(lengths.tolist()):
        cosine = np.swapaxes(W, -1, -2) @ W
        size = others * (np.abs(cosine) if two_sided else 1 + cosine)
        largest = size.max(axis=(-1, -2), keepdims=True)
        force = size / np.where(largest > 0, largest, 1.0)
        for _ in range(1 + step * STAGES // steps):
            force = force * force
        if two_sided:
            force = np.where(cosine < 0, -force, force)
        force = _to_grid(force, FORCE_STEP)
        total = np.abs(force).sum(axis=-1).max(axis=-1)[..., None, None]
        W = _on_sphere(W - length * ((W @ force) / np.where(total > 0, total, 1.0)))
    return min(_largest(codes, two_sided) for codes in W)


def grown(m: int, limit: float, patience: int, names: Mapping[str, object]) -> tuple[int, float]:
    """How many directions are made to fit with |cos| < `limit`, and the largest |cos|.

    Some random ones are added at a time, and all move apart, for `patience` steps at most; if that is not enough, fewer
    are added, until not even one can be.
    """
    count, used, W, adding = 0, 0, np.empty((m, 0)), m
    while adding and count + adding <= MOST:
        new = _drawn(m, adding, used, names)
        used += 1
        fitted = _moved_apart(np.concatenate([W, new], axis=1), limit, patience)
        if fitted is None:
            adding //= 2
        else:
            W, count = fitted, fitted.shape[1]
            adding = max(1, int(GROWTH * count))
    return count, _largest(W, two_sided=True)


def _moved_apart(W: Codes, limit: float, patience: int) -> Codes | None:
    others = 1.0 - np.eye(W.shape[1])
    for _ in range(patience):
        cosine = (W.T @ W) * others
        size = np.abs(cosine)
        if size.max() < limit - ROUNDING:
            return W
        force = np.maximum(size - MARGIN * limit, 0.0)
        W = _on_sphere(W - RATE * (W @ _to_grid(np.where(cosine < 0, -force, force), FORCE_STEP)))
    return None


def _drawn(m: int, count: int, start: int, names: Mapping[str, object]) -> Codes:
    """Random directions, as columns."""
    x = draw({**names, "start": start, "count": count}, count, m)
    return _on_sphere((x / np.sqrt((x * x).sum(axis=1, keepdims=True))).T)


def _on_sphere(W: Codes) -> Codes:
    """Powers of 2 bring lengths to between 1/2 and the root of m first, so that squares of at most 44 bits add up."""
    _, exponent = np.frexp(np.abs(W).max(axis=-2, keepdims=True))
    W = _to_grid(np.ldexp(W, -exponent), LENGTH_STEP)
    return _to_grid(W / np.sqrt((W * W).sum(axis=-2, keepdims=True)), DIRECTION_STEP)


def _largest(W: Codes, two_sided: bool) -> float:
    cosine = cosines(W.T, W.T)[np.triu_indices(W.shape[1], k=1)]
    return float((np.abs(cosine) if two_sided else cosine).max())


def _to_grid(x: np.ndarray, step: float) -> np.ndarray:
    return np.round(x / step) * step
