"""Linear algebra of small matrices, and what is solved with it, with the same bits on every machine.

LAPACK's results depend on the BLAS below it in their last bits, and so do those of solvers that call it. What stands
here is made of IEEE operations in a fixed order (exact/sums.py), the same for each matrix of a batch as for that matrix
alone; so that also an iteration that stops at a tolerance stops everywhere after as many rounds. It is meant for some
hundred dimensions at most, and is checked against the libraries.
"""

from collections.abc import Callable

import numpy as np
from jaxtyping import Float
from numpy import ndarray

from superposition.exact.sums import matmul, total

SWEEPS = 60  # of Jacobi rotations; ten are mostly enough
EPSILON = 2.0**-52


def solve(A: Float[ndarray, "*batch n n"], b: ndarray) -> ndarray:
    """x of A x = b, by elimination with row pivots; `b` is [*batch, n] or [*batch, n, columns].

    Raises ArithmeticError if a matrix is singular.
    """
    vector = b.ndim == A.ndim - 1
    left = np.array(np.concatenate([A, b[..., None] if vector else b], axis=-1), dtype=np.float64)
    n = A.shape[-1]
    flat = left.reshape(-1, n, left.shape[-1])
    every = np.arange(len(flat))
    for k in range(n):
        pivot = k + np.abs(flat[:, k:, k]).argmax(axis=1)
        flat[every, k], flat[every, pivot] = flat[every, pivot], flat[every, k].copy()
        if bool((flat[:, k, k] == 0).any()):
            raise ArithmeticError(f"a system of {n} equations is singular")
        factor = flat[:, k + 1 :, k] / flat[:, k, k, None]
        flat[:, k + 1 :, k:] -= factor[..., None] * flat[:, k, None, k:]
    x = np.zeros((len(flat), n, flat.shape[-1] - n))
    for k in range(n - 1, -1, -1):
        known = total(flat[:, k, k + 1 : n, None] * x[:, k + 1 :], axis=1)
        x[:, k] = (flat[:, k, n:] - known) / flat[:, k, k, None]
    x = x.reshape(*left.shape[:-1], -1)
    return np.asarray(x[..., 0]) if vector else x


def orthonormal(A: Float[ndarray, "*batch n k"]) -> Float[ndarray, "*batch n k"]:
    """Columns of length 1 that span what the first 1, 2, ... columns of A do: Q of A = Q R with R's diagonal above 0.

    By Gram and Schmidt, each column twice, which leaves it orthogonal to the last bits (Giraud et al. 2005). Columns
    must be independent.
    """
    Q = np.array(A, dtype=np.float64)
    for k in range(Q.shape[-1]):
        column = Q[..., k]
        for _ in range(2):
            along = total(Q[..., :k] * column[..., None], axis=-2)
            column = column - total(Q[..., :k] * along[..., None, :], axis=-1)
        Q[..., k] = column / np.sqrt(total(column * column, axis=-1))[..., None]
    return Q


def singular_values(A: Float[ndarray, "n k"]) -> Float[ndarray, " least"]:
    """Largest first; by rotating pairs of columns until all are orthogonal (Hestenes 1958)."""
    A = np.array(A if A.shape[0] >= A.shape[1] else A.T, dtype=np.float64)
    k = A.shape[1]
    for _ in range(SWEEPS):
        rotated = False
        for i in range(k - 1):
            for j in range(i + 1, k):
                a, b, c = (float(total(x)) for x in (np.square(A[:, i]), np.square(A[:, j]), A[:, i] * A[:, j]))
                if c * c <= EPSILON * EPSILON * a * b:
                    continue
                rotated = True
                cosine, sine = _rotation(a, b, c)
                A[:, i], A[:, j] = cosine * A[:, i] - sine * A[:, j], sine * A[:, i] + cosine * A[:, j]
        if not rotated:
            break
    found = np.sqrt(total(A * A, axis=0)) if k else np.zeros(0)
    return np.sort(found, kind="stable")[::-1]


def eigenvalues(A: Float[ndarray, "n n"]) -> Float[ndarray, " n"]:
    """Of a symmetric matrix, the lowest first; by Jacobi's rotations of pairs of rows and columns."""
    A = np.array(A, dtype=np.float64)
    n = len(A)
    for _ in range(SWEEPS):
        rotated = False
        for i in range(n - 1):
            for j in range(i + 1, n):
                if abs(A[i, j]) <= EPSILON * np.sqrt(abs(A[i, i] * A[j, j])) or abs(A[i, j]) < 1e-300:
                    continue
                rotated = True
                cosine, sine = _rotation(float(A[i, i]), float(A[j, j]), float(A[i, j]))
                A[i], A[j] = cosine * A[i] - sine * A[j], sine * A[i] + cosine * A[j]
                A[:, i], A[:, j] = cosine * A[:, i] - sine * A[:, j], sine * A[:, i] + cosine * A[:, j]
        if not rotated:
            break
    return np.sort(np.diagonal(A), kind="stable")


def _rotation(a: float, b: float, c: float) -> tuple[float, float]:
    """Cosine and sine of the angle that makes [[a, c], [c, b]] diagonal, the smaller one of the two."""
    slope = (b - a) / (2 * c)
    tangent = (1.0 if slope >= 0 else -1.0) / (abs(slope) + float(np.sqrt(1 + slope * slope)))
    cosine = 1 / float(np.sqrt(1 + tangent * tangent))
    return cosine, cosine * tangent


def shortest_solution(A: Float[ndarray, "m n"], b: Float[ndarray, "m column"]) -> Float[ndarray, "n column"]:
    """The shortest x of those with the least ||A x - b||, of a matrix whose rows, or columns, are independent."""
    m, n = A.shape
    if m <= n:
        return matmul(A.T, solve(matmul(A, A.T), b))
    return solve(matmul(A.T, A), matmul(A.T, b))


def minimise(
    loss: Callable[[Float[ndarray, " n"]], tuple[float, Float[ndarray, " n"]]],
    start: Float[ndarray, " n"],
    gradient_below: float = 1e-10,
    steps: int = 1000,
) -> tuple[Float[ndarray, " n"], float]:
    """A minimum near `start`, and the loss there, of a function that returns its value and its gradient.

    BFGS (Nocedal & Wright 2006, algorithm 6.1) with steps that are halved until the loss falls by a ten-thousandth of
    what the slope promises. It ends where the gradient's largest entry is below `gradient_below`, or where no step
    lowers the loss any more: there float64 sees no difference.
    """
    x = np.array(start, dtype=np.float64)
    value, gradient = loss(x)
    n = len(x)
    inverse = np.eye(n)  # of the Hessian
    first = True
    for _ in range(steps):
        if float(np.abs(gradient).max(initial=0.0)) < gradient_below:
            break
        direction = -total(inverse * gradient, axis=1)
        slope = float(total(direction * gradient))
        if slope >= 0:  # rounding has spoilt the inverse
            inverse, direction = np.eye(n), -gradient
            slope = -float(total(gradient * gradient))
        length = min(1.0, 1 / float(np.sqrt(total(gradient * gradient)))) if first else 1.0
        while True:
            step = length * direction
            after, new = loss(x + step)
            if after <= value + 1e-4 * length * slope and after < value:
                break
            length /= 2
            if length < 2.0**-40:
                return x, value
        change = new - gradient
        curvature = float(total(step * change))
        if curvature > 0:
            if first:
                inverse = np.eye(n) * (curvature / float(total(change * change)))
            moved = total(inverse * change, axis=1)
            size = (1 + float(total(change * moved)) / curvature) / curvature
            outer = np.multiply.outer(moved, step)
            inverse = inverse + size * np.multiply.outer(step, step) - (outer + outer.T) / curvature
            first = False
        x, value, gradient = x + step, after, new
    return x, value


def root(function: Callable[[float], float], low: float, high: float, tolerance: float = 0.0) -> float:
    """Where a function changes its sign between `low` and `high`, by halving, to the last bit or the tolerance."""
    below = function(low)
    if below == 0:
        return low
    if (function(high) > 0) == (below > 0):
        raise ArithmeticError(f"no change of sign between {low:g} and {high:g}")
    while high - low > tolerance:
        middle = low + (high - low) / 2
        if middle in (low, high):
            break
        low, high = (middle, high) if (function(middle) > 0) == (below > 0) else (low, middle)
    return low + (high - low) / 2


def least(function: Callable[[float], float], low: float, high: float, tolerance: float = 1e-9) -> tuple[float, float]:
    """Where a function with one minimum between `low` and `high` has it, and its value: by golden sections."""
    ratio = (float(np.sqrt(5.0)) - 1) / 2
    a, b = high - ratio * (high - low), low + ratio * (high - low)
    at_a, at_b = function(a), function(b)
    while high - low > tolerance:
        if at_a <= at_b:
            high, b, at_b = b, a, at_a
            a = high - ratio * (high - low)
            at_a = function(a)
        else:
            low, a, at_a = a, b, at_b
            b = low + ratio * (high - low)
            at_b = function(b)
    return (a, at_a) if at_a <= at_b else (b, at_b)
