"""How many directions fit into m dimensions if no two may be closer than some cosine.

Elhage et al. 2022, "The Superposition Hypothesis", say that exp(m) many almost orthogonal ones do, without numbers.

Directions are `two_sided` where |cos| counts, as for lines and in the Johnson-Lindenstrauss lemma, and one-sided where
only the cosine does: a ReLU lets negative interference go. All that grows here does so exponentially in m.
"""

from functools import cache
from math import comb, inf, sqrt

from superposition.exact.functions import LOG_2, PI, exp, log, log1p, power
from superposition.exact.linear import root

MOST_PIECES = 200  # of Levenshtein's bound: enough for any cosine up to 0.999
ACCURACY = 1e-12  # of cosines that are found by halving


def tail(m: int, cosine: float, two_sided: bool) -> float:
    """Probability that two random directions have a cosine of at least this, |cos| if `two_sided`.

    Exact: cos^2 is Beta(1/2, (m - 1) / 2), so that the cap's share of the sphere is an incomplete beta function.
    """
    beyond = _incomplete_beta((m - 1) / 2, 0.5, 1 - cosine * cosine)  # |cos| >= |cosine|
    if two_sided:
        return beyond if cosine > 0 else 1.0
    return beyond / 2 if cosine >= 0 else 1 - beyond / 2


def random_directions(m: int, cosine: float, two_sided: bool = True) -> float:
    """How many random directions there are, in half of all trials, before two of them have at least this cosine.

    Cosines of different pairs are pairwise independent. Taken as independent (the birthday problem), N directions have
    none with probability (1 - p)^(N (N - 1) / 2), which is 1/2 here.
    """
    p = tail(m, cosine, two_sided)
    if p == 0 or p == 1:
        return inf if p == 0 else 1.0
    return 0.5 + sqrt(0.25 - 2 * LOG_2 / float(log1p(-p)))


def largest_cosine(count: int, m: int, two_sided: bool = False) -> float:
    """Of so many random directions, 3 or more: the median, by the inverse of `random_directions`."""
    return root(lambda cosine: random_directions(m, cosine, two_sided) - count, 0.0, 1 - 1e-9, ACCURACY)


def random_rate(cosine: float) -> float:
    """What log N of `random_directions` grows by with each dimension, for large m: the tail falls as (1 - cos^2)^(m/2).

    The Hoeffding-type bound exp(-m cos^2 / 2) of the Johnson-Lindenstrauss lemma gives cos^2 / 4, a little less.
    """
    return -float(log1p(-(cosine * cosine))) / 4


def johnson_lindenstrauss(m: int, cosine: float) -> float:
    """exp(m cos^2 / 4): so many random directions do with positive probability, by P(|cos| > c) <= 2 exp(-m c^2 / 2).

    A union bound over pairs; Dasgupta & Gupta 2003, "An elementary proof of a theorem of Johnson and Lindenstrauss",
    have tails of this kind.
    """
    return float(exp(m * (cosine * cosine) / 4))


def gilbert_varshamov(m: int, cosine: float, two_sided: bool = True) -> float:
    """So many directions always exist: where none can be added, caps around those that there are cover the sphere.

    The reciprocal of the tail, and so about the square of what random directions reach (Shannon 1959, "Probability of
    error for optimal codes in a Gaussian channel", for spheres).
    """
    return 1 / tail(m, cosine, two_sided)


def welch(count: int, m: int) -> float:
    """The least possible root mean square cosine of `count` >= m directions, and so a bound on the largest |cos|.

    Welch 1974, "Lower bounds on the maximum cross correlation of signals". The mean square is reached by tight frames,
    sum_i w_i w_i^T = count / m times the identity; the largest |cos| by those that are equiangular.
    """
    return sqrt(max(count - m, 0) / (m * (count - 1)))


def kabatiansky_levenshtein_rate(cosine: float) -> float:
    """No directions of at most this cosine, whether one- or two-sided, grow faster in log N / m, for large m.

    Kabatiansky & Levenshtein 1978, "Bounds for packings on a sphere and in space"; `cosine` > 0.
    """
    s = sqrt(1 - cosine * cosine)
    more, less = (1 + s) / (2 * s), (1 - s) / (2 * s)
    return more * float(log(more)) - less * float(log(less))


def levenshtein(m: int, cosine: float, two_sided: bool = False) -> float:
    """No more directions than this fit, in m >= 3 dimensions with cosines of at most `cosine` < 1: for every m.

    Levenshtein 1979/1998 ("Universal bounds for codes and designs", Handbook of Coding Theory, theorem 5.42), of which
    the Kabatiansky-Levenshtein rate is the limit. Reached by simplex and orthoplex, the icosahedron, E8's 240 and
    Leech's 196560 vectors. Lines with |cos| <= c are a one-sided code of twice as many directions.
    """
    if two_sided:
        return levenshtein(m, cosine) / 2
    k = next(k for k in range(1, MOST_PIECES) if cosine <= _largest_zero(m, k, 1))
    P = _gegenbauer(m, cosine, k + 1)
    if cosine <= _largest_zero(m, k, 0):
        fraction = (P[k - 1] - P[k]) / ((1 - cosine) * P[k])
        return comb(k + m - 3, k - 1) * ((2 * k + m - 3) / (m - 1) - fraction)
    fraction = (1 + cosine) * (P[k] - P[k + 1]) / ((1 - cosine) * (P[k] + P[k + 1]))
    return comb(k + m - 2, k) * ((2 * k + m - 1) / (m - 1) - fraction)


def least_cosine(count: int, m: int) -> float:
    """`count` >= 2 directions in m dimensions have a pair of at least this cosine, by Levenshtein's bound."""
    if count <= m + 1:
        return -1 / (count - 1)  # the regular simplex, whose vertices add up to 0
    if count <= 2 * m:
        return 0.0  # some of m unit vectors and their negatives (Rankin 1955, "The closest packing of spherical caps")
    above = next(1 - 2.0**-k for k in range(64) if levenshtein(m, 1 - 2.0**-k) > count)
    return root(lambda cosine: levenshtein(m, cosine) - count, -1 / m, above, ACCURACY)


def _gegenbauer(m: int, t: float, degree: int) -> list[float]:
    """P_0(t), ..., of m dimensions, 1 at t = 1: orthogonal for the cosine of two random directions."""
    P = [1.0, t]
    for k in range(1, degree):
        P.append(((2 * k + m - 2) * t * P[k] - k * P[k - 1]) / (k + m - 2))
    return P


@cache
def _largest_zero(m: int, k: int, b: int) -> float:
    """Of the Jacobi polynomial of degree k and parameters (m - 1) / 2 and b + (m - 3) / 2.

    It is the largest eigenvalue of the recursion's matrix (Golub & Welsch 1969). A number t is above all of them if
    elimination of t minus that matrix, which is tridiagonal, has only positive pivots (Sturm).
    """
    alpha, beta = (m - 1) / 2, b + (m - 3) / 2
    diagonal, squares = [(beta - alpha) / (alpha + beta + 2)], [0.0]
    for j in range(1, k):
        s = 2 * j + alpha + beta
        diagonal.append((beta * beta - alpha * alpha) / (s * (s + 2)))
        squares.append(4 * j * (j + alpha) * (j + beta) * (j + alpha + beta) / (s * s * (s + 1) * (s - 1)))

    def above(t: float) -> float:
        pivot = 1.0
        for own, square in zip(diagonal, squares, strict=True):
            pivot = (t - own) - square / pivot
            if pivot <= 0:
                return -1.0
        return 1.0

    return root(above, -1.0, 1.0)


def _incomplete_beta(a: float, b: float, x: float) -> float:
    """I_x(a, b), regularised, where one of the two is 1/2 and the other a multiple of it.

    By its continued fraction (Abramowitz & Stegun 26.5.8), from the side where that converges fast, in Lentz's way
    (Press et al., "Numerical Recipes", 5.2).
    """
    if x > (a + 1) / (a + b + 2):
        return 1 - _incomplete_beta(b, a, 1 - x)
    c, d = 1.0, 1 / (1 - (a + b) * x / (a + 1))
    fraction, factor, k = d, 0.0, 1
    while abs(factor - 1) > 2.0**-50:
        even = k * (b - k) * x / ((a + 2 * k - 1) * (a + 2 * k))
        odd = -(a + k) * (a + b + k) * x / ((a + 2 * k) * (a + 2 * k + 1))
        for term in (even, odd):
            c, d = 1 + term / c, 1 / (1 + term * d)
            factor = c * d
            fraction *= factor
        k += 1
    larger, base = (a, x) if a >= b else (b, 1 - x)
    return float(power(base, larger)) * sqrt(1 - base) / (a * _beta(round(2 * larger))) * fraction


@cache
def _beta(twice: int) -> float:
    """B(a, 1/2) for twice a = 1, 2, ...: B(1/2, 1/2) = pi, B(1, 1/2) = 2, B(a + 1, 1/2) = a / (a + 1/2) B(a, 1/2)."""
    found = PI if twice % 2 else 2.0
    for below in range(2 - twice % 2, twice, 2):
        found *= below / (below + 1)
    return found
