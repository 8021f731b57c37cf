"""The functions, sums and matrices of exact/, at arguments that lie on no grid."""

import math
from collections.abc import Iterator

import numpy as np
import torch
from numpy import ndarray

from superposition.exact import functions, linear, sums
from superposition.exact.philox import WORD, stream_key, words

COUNT = 2000


def uniform(purpose: str, *shape: int) -> ndarray:
    """Numbers in (0, 1)."""
    count = math.prod(shape)
    key = torch.tensor([stream_key({"self-check": purpose})])
    drawn = words(key, 1, torch.arange(count), torch.tensor(0))[0, 0].numpy()
    return np.asarray((drawn + 0.5) / WORD).reshape(shape)


def results() -> Iterator[tuple[str, list[ndarray]]]:
    """Name and values of each."""
    u, v = uniform("first", COUNT), uniform("second", COUNT)
    wide = 40 * (u - 0.5)
    for name, found in {
        "exp": functions.exp(wide),
        "log": functions.log(1000 * u),
        "log1p": functions.log1p(u * u),
        "log10": functions.log10(1000 * u),
        "power": functions.power(3 * u, wide),
        "sin": functions.sin(wide),
        "cos": functions.cos(wide),
        "tan": functions.tan(wide),
        "arctan": functions.arctan(wide),
        "arctan2": functions.arctan2(u - 0.5, v - 0.5),
        "arccos": functions.arccos(2 * u - 1),
        "hypot": functions.hypot(u, v),
        "degrees": functions.degrees(wide),
        "radians": functions.radians(wide),
        "geometric_space": functions.geometric_space(0.01, 10.0, COUNT),
        "normal_tail": functions.normal_tail(wide),
        "normal_density": functions.normal_density(wide),
        "normal_quantile": functions.normal_quantile(u),
    }.items():
        yield f"function {name}", [found]
    yield "sums", [sums.total(u), sums.mean(u), sums.deviation(u), sums.product(u + 0.5), sums.running_total(u)]
    between = sums.interpolate(v, np.sort(u, kind="stable"), u)
    yield "lines and quantiles", [np.array(sums.line(u, v)), sums.quantile(u, v), between]
    # Shapes at which libraries split sums among vectors and blocks of their cache
    yield "products of matrices", [sums.matmul(uniform("a", m, n) - 0.5, uniform("b", n, m)) for m, n in SHAPES]
    A, b = uniform("A", 12, 12) - 0.5, uniform("b", 12)
    yield "solve", [linear.solve(A, b)]
    yield "orthonormal", [linear.orthonormal(A)]
    yield "singular values", [linear.singular_values(A)]
    yield "eigenvalues", [linear.eigenvalues(A + A.T)]
    yield "minimise", [linear.minimise(valley, np.array([-1.2, 1.0]))[0]]


SHAPES = ((3, 5), (17, 33), (8, 400), (64, 300))


def valley(x: ndarray) -> tuple[float, ndarray]:
    """(1 - x)^2 + 100 (y - x^2)^2 (Rosenbrock 1960), and its gradient."""
    a, b = 1 - float(x[0]), float(x[1]) - float(x[0] * x[0])
    return a * a + 100 * (b * b), np.array([-2 * a - 400 * (float(x[0]) * b), 200 * b])
