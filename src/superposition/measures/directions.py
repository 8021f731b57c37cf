"""Random directions in m dimensions, and how many of them there are before two come too close.

Directions are rows of whole numbers, so that dot products are exact and cosines are a root and a quotient, correctly
rounded: the same bits everywhere. What two directions' cosine means, |cos| or cos, is said by `two_sided`.
"""

from collections.abc import Mapping
from math import fsum

import numpy as np
from jaxtyping import Bool, Float

from superposition.exact.functions import normal_quantile
from superposition.exact.philox import stream_key
from superposition.exact.sums import matmul, total

# Normal quantiles of 2^16 equal parts of probability, as whole numbers of which 1024 are a standard deviation. They end
# at 4.2 deviations, which directions of ten entries do not notice.
QUANTILES = np.round(normal_quantile((np.arange(2**16) + 0.5) / 2**16) * 1024)

FIRST, LAST = 64, 4096  # directions that are drawn at a time, at first and where there are many
PIECE = 1024  # of those that are compared with LAST others at a time, in a product that caches hold
TRIES = 512  # directions that are tried at a time, greedily
# Of a cosine in float32. With m <= 512 terms it is off by less than 3.2e-5, in any order and fused or not: entries,
# products and partial sums are rounded by 2^-24 of themselves each, (m + 2) 2^-24 of sum_i |x_i y_i| <= 1 in all. It is
# about 1e-7 in practice.
SLACK = 1e-4

Directions = Float[np.ndarray, "direction hidden"]


def draw(names: Mapping[str, object], count: int, m: int) -> Directions:
    """Uniform on the sphere up to the length of each: normal entries, from the stream that the names describe."""
    low, high = stream_key({**names, "purpose": "random directions", "dimensions": m})
    words = np.random.Philox(key=low << 32 | high).random_raw(-(-count * m // 4))
    parts = np.stack([(words >> shift) & 0xFFFF for shift in np.array([0, 16, 32, 48], dtype=np.uint64)], axis=1)
    return QUANTILES[parts.ravel()[: count * m].astype(np.int64)].reshape(count, m)


def cosines(
    x: Float[np.ndarray, "row hidden"], y: Float[np.ndarray, "column hidden"]
) -> Float[np.ndarray, "row column"]:
    """Of whole numbers, and so exact but for a root and a quotient."""
    return matmul(x, y.T) / np.sqrt(np.outer(total(x * x, axis=1), total(y * y, axis=1)))


def too_close(cosine: Float[np.ndarray, "*pair"], limit: float, two_sided: bool) -> Bool[np.ndarray, "*pair"]:
    return (np.abs(cosine) if two_sided else cosine) >= limit


def before_two_are_close(m: int, limit: float, two_sided: bool, trial: int, names: Mapping[str, object]) -> int:
    """How many random directions there are before the first that is too close to one of them.

    For a `limit` of at least -1, and well above 0 if `two_sided`.
    """
    whole, unit = np.empty((0, m), dtype=np.int16), np.empty((0, m), dtype=np.float32)
    part = 0
    while True:
        size = min(max(FIRST, len(whole) // 4), LAST)
        more = draw({**names, "trial": trial, "part": part}, size, m)
        lengths = np.sqrt(total(more * more, axis=1))[:, None]
        whole = np.concatenate([whole, more.astype(np.int16)])
        unit = np.concatenate([unit, (more / lengths).astype(np.float32)])
        if (first := _first_close(whole, unit, len(whole) - size, limit, two_sided)) is not None:
            return first
        part += 1


def _first_close(whole: np.ndarray, unit: np.ndarray, start: int, limit: float, two_sided: bool) -> int | None:
    """The first direction, from `start` on, that is too close to an earlier one.

    Float32 finds the pairs that may be, all that are and by its error some that are not, and whole numbers decide about
    these: so nothing depends on what that error is.
    """
    near = limit - SLACK
    for row in range(start, len(whole), PIECE):
        end = min(row + PIECE, len(whole))
        later, found = np.arange(row, end), []
        for column in range(0, end, LAST):
            products = unit[row:end] @ unit[column : min(column + LAST, end)].T
            if column + products.shape[1] > row:  # pairs are counted once, and none with itself
                earlier = np.arange(column, column + products.shape[1])
                products = np.where(earlier < later[:, None], products, 0 if two_sided else -2)
            if products.max() < near and not (two_sided and products.min() <= -near):
                continue
            i, j = np.nonzero(too_close(products, near, two_sided))
            x, y = (whole[index].astype(float) for index in (later[i], column + j))
            cosine = total(x * y, axis=1) / np.sqrt(total(x * x, axis=1) * total(y * y, axis=1))
            found += later[i][too_close(cosine, limit, two_sided)].tolist()
        if found:
            return int(min(found))
    return None


def mean_square_cosine(m: int, count: int, names: Mapping[str, object]) -> float:
    """Of all pairs of so many random directions."""
    drawn = draw({**names, "part": "mean square"}, count, m)
    cosine = cosines(drawn, drawn)[np.triu_indices(count, k=1)]
    return fsum(cosine * cosine) / len(cosine)


def greedy(m: int, limit: float, tries: int, names: Mapping[str, object]) -> tuple[int, float]:
    """Random directions, each kept unless |cos| to one that was kept is at least `limit`: how many, and the largest."""
    kept, largest = np.empty((0, m)), 0.0
    for part, start in enumerate(range(0, tries, TRIES)):
        new = draw({**names, "part": part, "kept": "greedily"}, min(TRIES, tries - start), m)
        before = np.abs(cosines(new, kept)).max(axis=1, initial=0.0)
        open_to = np.flatnonzero(before < limit)
        among = np.abs(cosines(new[open_to], new[open_to]))
        chosen: list[int] = []
        for place in range(len(open_to)):
            nearest = float(among[place, chosen].max(initial=before[open_to[place]]))
            if nearest < limit:
                chosen.append(place)
                largest = max(largest, nearest)
        kept = np.concatenate([kept, new[open_to[chosen]]])
    return len(kept), largest
