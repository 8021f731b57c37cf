"""How likely chance makes what was found: the few statistics that claims need, with the same bits on every machine.

They are those of scipy.stats, with which tests compare them.
"""

import math
from collections import Counter

import numpy as np
from jaxtyping import Float
from numpy import ndarray

from superposition.exact.functions import Numbers, normal_quantile, normal_tail, power
from superposition.exact.sums import total

CONFIDENT = 0.975  # on either side of an interval
FAR = 4.0  # n d^2, from which being off by d on both sides at once is 1e-10 times less likely than on one


def share_interval(met: int, of: int) -> tuple[float, float]:
    """Wilson's (1927) interval of a share of which `met` of `of` runs were seen, at 95 % confidence."""
    z = float(normal_quantile(CONFIDENT))
    share, squared = met / of, z * z / of
    middle = share + squared / 2
    room = z * math.sqrt((share * (1 - share) + squared / 4) / of)
    return max(0.0, (middle - room) / (1 + squared)), min(1.0, (middle + room) / (1 + squared))


def rank_correlation(x: Numbers, y: Numbers) -> float:
    """Spearman's; equal numbers share the mean of their ranks. NaN where all are equal."""
    a, b = _doubled_ranks(x), _doubled_ranks(y)
    middle = len(a) + 1  # the mean of doubled ranks, which are whole numbers, so that all sums are exact
    a, b = [rank - middle for rank in a], [rank - middle for rank in b]
    own, other = sum(rank * rank for rank in a), sum(rank * rank for rank in b)
    along = sum(one * two for one, two in zip(a, b, strict=True))
    return along / math.sqrt(own * other) if own and other else math.nan


def larger(x: Numbers, y: Numbers) -> float:
    """Mann and Whitney's one-sided p-value: how likely numbers x are so much larger than y if both are of one kind.

    By the normal approximation, corrected for ties and for continuity.
    """
    both = np.concatenate([x, y])
    n = len(both)
    pairs = len(x) * len(y)
    doubled = sum(_doubled_ranks(both)[: len(x)]) - len(x) * (len(x) + 1)  # twice the pairs in which x is larger
    tied = sum(count**3 - count for count in Counter(both.tolist()).values())
    variance = pairs / 12 * (n + 1 - tied / (n * (n - 1)))
    if variance <= 0:  # all are equal
        return 1.0
    return float(normal_tail((doubled - pairs - 1) / 2 / math.sqrt(variance)))


def uniformity(shares: Float[ndarray, " number"]) -> float:
    """Kolmogorov and Smirnov's two-sided p-value of numbers being uniform from 0 to 1."""
    n = len(shares)
    ordered, steps = np.sort(shares, kind="stable"), np.arange(n + 1) / n
    return distance_tail(n, float(np.maximum(steps[1:] - ordered, ordered - steps[:-1]).max()))


def distance_tail(n: int, d: float) -> float:
    """The probability that the steps of n uniform numbers' distribution are off the diagonal by d or more somewhere."""
    if n * d * d >= FAR:
        return min(1.0, 2 * _one_sided_tail(n, d))
    return 1 - _within(n, d) if 2 * n * d > 1 else 1.0


def _one_sided_tail(n: int, d: float) -> float:
    """The probability of being above by d or more (Birnbaum & Tingey 1951), in whole numbers and rounded once.

    (1 - d)^n + d sum_{j > 0} C(n, j) (d + j/n)^(j - 1) (1 - d - j/n)^(n - j), up to where the last bracket is 0.
    """
    numerator, denominator = d.as_integer_ratio()
    whole, off, step = n * denominator, n * numerator, denominator  # 1, d and 1/n, in the same unit
    last = (whole - off) // step
    terms = (
        math.comb(n, j) * (off + j * step) ** (j - 1) * (whole - off - j * step) ** (n - j) for j in range(1, last + 1)
    )
    return ((whole - off) ** n + off * sum(terms)) / whole**n


def _within(n: int, d: float) -> float:
    """The probability of being off by less than d everywhere, n d > 1/2, by Durbin's matrix.

    Marsaglia, Tsang & Wang 2003, "Evaluating Kolmogorov's Distribution": n! / n^n times the middle entry of H^n. Here
    its row is multiplied by H again and again; no entry is below 0, so that nothing cancels.
    """
    k = math.floor(n * d) + 1
    size, h = 2 * k - 1, k - n * d
    place = np.arange(size)
    order = place[:, None] - place + 1
    H = (order >= 0).astype(float)
    H[:, 0] -= power(h, place + 1)
    H[-1] -= power(h, size - place)
    H[-1, 0] += float(power(max(2 * h - 1, 0.0), size))
    factorials = np.array([float(math.factorial(order)) for order in range(size + 1)])
    H /= factorials[np.maximum(order, 0)]
    row = (place == k - 1).astype(float)
    for i in range(1, n + 1):
        row = total(row[:, None] * H, axis=0) * (i / n)
    return float(row[k - 1])


def _doubled_ranks(x: Numbers) -> list[int]:
    """Twice the rank of each number from 1 up, the mean rank of equal ones."""
    values = np.asarray(x, dtype=np.float64)
    ordered = np.sort(values, kind="stable")
    below, up_to = (np.searchsorted(ordered, values, side=side) for side in ("left", "right"))
    ranks: list[int] = (below + up_to + 1).tolist()
    return ranks
