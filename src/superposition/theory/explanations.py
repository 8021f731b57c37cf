"""Which few features explain an activation vector: the reconstructions among which a sparse decoder has to choose.

A set of features S explains a vector h if some strengths c of them, all within [tolerance, 1], give W_S c = h up to a
distance of the tolerance (a feature at full strength has a length of about 1). Strengths are those that come closest to
h. Directions have to be independent, so that strengths are determined; of dependent ones, a part does as well
(Caratheodory's theorem), so that sets of at most n_hidden features are enough. Sets of which a part alone explains h do
not count: they add what cannot be seen.

All is decided as exact arithmetic would: in floating point where a number is farther from its limit than rounding could
move it, else in fractions. So counts are the same on every machine.
"""

from fractions import Fraction
from itertools import combinations
from math import prod
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float

from superposition.exact.linear import solve
from superposition.exact.sums import matmul, total

# Numbers this close to their limit are decided in fractions. Least squares loses as many of 16 digits as the Gram
# matrix has in its condition, about 1 / tolerance^2, at most 6.
CLOSE = 1e-7
LEAST_TOLERANCE = 1e-3
Column = list[Fraction]


class Explanations(NamedTuple):
    sets: list[tuple[int, ...]]  # of features, small ones first
    found: Bool[np.ndarray, "set sample"]  # which of them explain which vectors


class Fit(NamedTuple):
    """The strengths that come closest to a vector, and the square of the distance that is left."""

    strengths: list[Fraction]
    squared_distance: Fraction


def explanations(
    W: Float[np.ndarray, "hidden feature"], h: Float[np.ndarray, "hidden sample"], tolerance: float
) -> Explanations:
    """All sets of at most n_hidden features that explain the vectors, and of which no part does."""
    if not tolerance >= LEAST_TOLERANCE:
        raise ValueError(f"tolerance = {tolerance:g}: must be at least {LEAST_TOLERANCE:g}")
    m, n = W.shape
    sets = [features for size in range(1, min(m, n) + 1) for features in combinations(range(n), size)]
    gram, products = matmul(W.T, W), matmul(W.T, h)
    found = np.zeros((len(sets), h.shape[1]), dtype=bool)
    explained: dict[tuple[int, ...], np.ndarray] = {
        (): np.zeros(h.shape[1], dtype=bool)
    }  # by a set, or by a part of it
    for row, features in enumerate(sets):
        by_part = np.logical_or.reduce([explained[part] for part in combinations(features, len(features) - 1)])
        own = list(features)
        if independent(W[:, own], tolerance):
            closest = solve(gram[np.ix_(own, own)], products[own])
            found[row] = _fits(W[:, own], h, closest, tolerance) & ~by_part
        explained[features] = found[row] | by_part
    return Explanations(sets, found)


def exact_fit(W: Float[np.ndarray, "hidden active"], h: Float[np.ndarray, " hidden"]) -> Fit:
    """Least squares in fractions, of independent directions."""
    columns, target = _columns(W), _columns(h[:, None])[0]
    products = [_dot(column, target) for column in columns]
    system = [[*row, value] for row, value in zip(_gram(columns), products, strict=True)]
    solved, _ = _eliminated(system)
    return Fit(solved, _dot(target, target) - _dot(products, solved))


def independent(W: Float[np.ndarray, "hidden active"], tolerance: float) -> bool:
    """Whether directions of length 1 would span a volume of at least the tolerance: of two, the sine of the angle."""
    gram = _gram(_columns(W))
    lengths = prod((gram[i][i] for i in range(len(gram))), start=Fraction(1))
    return lengths > 0 and _eliminated(gram)[1] >= Fraction(tolerance) * Fraction(tolerance) * lengths


def _fits(
    W: Float[np.ndarray, "hidden active"],
    h: Float[np.ndarray, "hidden sample"],
    c: Float[np.ndarray, "active sample"],
    tolerance: float,
) -> Bool[np.ndarray, " sample"]:
    """Whether these features, all of them, explain the vectors; a part may, too. Strengths `c` come closest."""
    distance = np.sqrt(total(np.square(total(W[:, :, None] * c, axis=1) - h), axis=0))
    # How far the number that is closest to its limit is inside, or outside where negative.
    room = np.minimum(np.minimum(c - tolerance, 1 - c).min(axis=0), tolerance - distance)
    fits: np.ndarray = room > 0
    for sample in np.flatnonzero(np.abs(room) < CLOSE):
        exact = exact_fit(W, h[:, sample])
        within = all(Fraction(tolerance) <= strength <= 1 for strength in exact.strengths)
        fits[sample] = within and exact.squared_distance <= Fraction(tolerance) * Fraction(tolerance)
    return fits


def _columns(W: np.ndarray) -> list[Column]:
    return [[Fraction(value) for value in column] for column in W.T.tolist()]


def _dot(a: Column, b: Column) -> Fraction:
    return sum((x * y for x, y in zip(a, b, strict=True)), Fraction(0))


def _gram(columns: list[Column]) -> list[Column]:
    return [[_dot(a, b) for b in columns] for a in columns]


def _eliminated(rows: list[Column]) -> tuple[Column, Fraction]:
    """Gauss and Jordan's: the last column once the square part is the identity, and the square part's determinant.

    Of a Gram matrix, whose pivots are above 0 unless it is singular; the determinant is 0 then.
    """
    rows, determinant = [list(row) for row in rows], Fraction(1)
    for i in range(len(rows)):
        pivot = rows[i][i]
        determinant *= pivot
        if pivot == 0:
            return [], Fraction(0)
        rows[i] = [value / pivot for value in rows[i]]
        for j in range(len(rows)):
            if j != i:
                rows[j] = [a - rows[j][i] * b for a, b in zip(rows[j], rows[i], strict=True)]
    return [row[-1] for row in rows], determinant
