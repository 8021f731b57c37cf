"""Sparse x with W x = h, found by searches that take and drop one feature at a time, with the same bits everywhere.

Both searches know, of each feature, how what is left of h correlates with it, and they keep the least squares solution
over the features that they have taken. They read both off a tableau of W^T W and W^T h that is pivoted in place
(Beaton 1964, "The Use of Special Matrix Operators in Statistical Calculus": sweeping), for all samples at once and
elementwise, so that a sample's result does not depend on those beside it either. Where features nearly depend on each
other, a tableau loses digits; so the fit, and what it leaves, are formed anew after each step.
"""

import numpy as np
from jaxtyping import Bool, Float, Int
from numpy import ndarray

from superposition.exact.sums import matmul, total

NOTHING = 1e-11  # of a sample's largest correlation: far above what rounding leaves of 0, mostly less than 1e-14
DEPENDENT = 1e-12  # of a feature's squared length: if those that were taken leave no more of it, it depends on them
ROUNDS = 20  # of taking or dropping, times features: a few for each active feature are enough

Samples = Float[ndarray, "feature sample"]


def non_negative_least_squares(W: Float[ndarray, "hidden feature"], h: Float[ndarray, "hidden sample"]) -> Samples:
    """Of each sample the x >= 0 with the least ||W x - h||; if several explain h, the one that the search meets.

    What correlates most is taken, unless it depends on what is there, and what would get below 0 on the way to the new
    fit is dropped where it meets 0 (Lawson & Hanson 1974, "Solving Least Squares Problems", chapter 23). It is dropped
    before the other one is taken, not after, so that one may take the place of another that it depends on.
    """
    search = _Searches(W, h)
    x, coming = np.zeros(search.taken.shape), np.full(len(search.which), -1)  # the feature to be taken next, -1: none
    closed = search.taken.copy()  # those that were rejected since something was taken or dropped
    for _ in range(ROUNDS * W.shape[1]):
        if not len(search.which):
            return search.x
        every, taken, fit = np.arange(len(search.which)), search.taken, search.fit()
        pending = coming >= 0
        below = taken & (fit <= 0) & ~pending[:, None]
        settled = ~pending & ~below.any(axis=1)
        x = np.where(settled[:, None], fit, x)
        correlation = np.where(taken | closed, -np.inf, search.tableau[..., -1])
        best = correlation.argmax(axis=1)
        ended = settled & (correlation[every, best] <= search.nothing)
        if ended.any():
            x, coming, closed = search.end(ended, x, coming, closed)
            continue
        # Where the fit is reached, one more comes: x_j = t, up to the t that fits best.
        column, square = search.tableau[every, :, best], search.tableau[every, best, best]
        length = np.where(square > 0, correlation[every, best] / np.where(square > 0, square, 1.0), np.inf)
        towards = np.where(taken, np.where(settled[:, None], -column, fit - x), 0.0)
        towards[every[settled], best[settled]] = 1.0
        room = np.where(taken & (towards < 0) | below, x / np.where(towards < 0, -towards, 1.0), np.inf)
        first = room.argmin(axis=1)
        most = room[every, first]
        dropping = ~pending & (~settled | (most < length))
        rejected = settled & ~dropping & (square <= DEPENDENT * search.squares[best])
        if rejected.any():
            closed[every[rejected], best[rejected]] = True
            continue
        x = np.maximum(x + np.where(dropping, most, 0.0)[:, None] * towards, 0.0)
        x[every[dropping], first[dropping]] = 0.0
        search.exchange(np.where(dropping, first, np.where(pending, coming, best)), dropping)
        coming, closed = np.where(settled & dropping, best, -1), np.zeros_like(closed)
    raise ArithmeticError(f"{len(x)} searches take and drop features without an end")


def matching_pursuit(W: Float[ndarray, "hidden feature"], h: Float[ndarray, "hidden sample"]) -> Samples:
    """Takes the feature that explains most of what is left of h, one by one, until nothing is left that any explains.

    Orthogonal: all that were taken are fitted again each time (Pati et al. 1993, "Orthogonal Matching Pursuit").
    """
    size = np.sqrt(total(W * W, axis=0))
    size = np.where(size > 0, size, 1.0)
    search = _Searches(W / size, h)
    while len(search.which):
        square = np.diagonal(search.tableau, axis1=1, axis2=2)
        closed = search.taken | (square <= DEPENDENT * search.squares)
        correlation = np.where(closed, 0.0, np.abs(search.tableau[..., -1]))
        ended = correlation.max(axis=1) <= search.nothing
        if ended.any():
            search.end(ended)
        else:
            search.exchange(correlation.argmax(axis=1), np.zeros(len(ended), dtype=bool))
    return search.x / size[:, None]


class _Searches:
    """Solutions `x` of those that have ended, and of those that go on: `which` they are, tableaus, features `taken`.

    With features P taken, a tableau [A b], of A = W^T W and b = W^T h, holds -(A_PP)^-1 in the rows and columns of P,
    (A_PP)^-1 A_PN beside it and above it, what these leave of A_NN, and in the last column the fit of P and what it
    leaves of b.
    """

    def __init__(self, W: Float[ndarray, "hidden feature"], h: Float[ndarray, "hidden sample"]) -> None:
        gram, right = matmul(W.T, W), matmul(W.T, h).T
        samples, n = right.shape
        self.W, self.h, self.squares, self.x = W, h, np.diagonal(gram), np.zeros((n, samples))
        self.which = np.arange(samples)
        self.tableau = np.concatenate([np.broadcast_to(gram, (samples, n, n)), right[..., None]], axis=-1)
        self.taken = np.zeros((samples, n), dtype=bool)
        self.nothing = NOTHING * np.abs(right).max(axis=1)

    def fit(self) -> Float[ndarray, "going feature"]:
        return np.where(self.taken, self.tableau[..., -1], 0.0)

    def exchange(self, pivot: Int[ndarray, " going"], dropping: Bool[ndarray, " going"]) -> None:
        """Takes a feature of each sample, or drops it."""
        tableau, every = self.tableau, np.arange(len(pivot))
        row = tableau[every, pivot]
        centre = row[every, pivot]
        scaled = row / centre[:, None]
        tableau -= row[:, :-1, None] * scaled[:, None, :]
        scaled = np.where(dropping[:, None], -scaled, scaled)
        tableau[every, pivot] = scaled
        tableau[every, :, pivot] = scaled[:, :-1]
        tableau[every, pivot, pivot] = -1 / centre
        self.taken[every, pivot] = ~dropping
        self._refresh()

    def _refresh(self) -> None:
        """Forms the last column anew, from the tableau's fit and what fits the rest that it leaves."""
        x = self.fit()
        rest = np.where(self.taken, self._left_by(x), 0.0)
        x = np.where(self.taken, x - total(self.tableau[..., :-1] * rest[:, None, :], axis=-1), 0.0)
        self.tableau[..., -1] = np.where(self.taken, x, self._left_by(x))

    def _left_by(self, x: Float[ndarray, "going feature"]) -> Float[ndarray, "going feature"]:
        """How each feature correlates with what is left of h."""
        return matmul(self.W.T, self.h[:, self.which] - matmul(self.W, x.T)).T

    def end(self, ended: Bool[ndarray, " going"], *others: ndarray) -> list[ndarray]:
        """Puts away those that have ended, and returns of other arrays what goes on."""
        self.x[:, self.which[ended]] = self.fit()[ended].T
        on = ~ended
        self.which, self.tableau, self.taken, self.nothing = (
            of[on] for of in (self.which, self.tableau, self.taken, self.nothing)
        )
        return [of[on] for of in others]
