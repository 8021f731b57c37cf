"""Thomson solutions, tegum products and low-rank matrices, by their coordinates ("The Geometry of Superposition").

The paper has a table of two of them, and says of others which fractions they have. Its columns "m = 3" and "m = 4" are
numbers of features: both shapes lie in a plane.
"""

from collections.abc import Mapping
from fractions import Fraction

import numpy as np

from superposition.claims.claim import FORMULA, Claim, Finding, claims_of, plain
from superposition.claims.geometry import SECTION
from superposition.exact.sums import matmul
from superposition.readings.polytopes import components, counts, dimensionalities
from superposition.readings.results import Tables
from superposition.theory.polytopes import (
    Vertices,
    bipyramid,
    digon,
    octahedron,
    polygon,
    simplex,
    square_antiprism,
    tetrahedron,
)

EXACTLY = 1e-6
UNIFORM: Mapping[str, tuple[Vertices, Fraction]] = {
    "digon": (digon(), Fraction(1, 2)),
    "triangle": (polygon(3), Fraction(2, 3)),
    "tetrahedron": (tetrahedron(), Fraction(3, 4)),
    "pentagon": (polygon(5), Fraction(2, 5)),
    "square antiprism": (square_antiprism(), Fraction(3, 8)),
}
# What comes apart: the fractions of its factors, and those that all vertices would have together.
PRODUCTS: Mapping[str, tuple[Vertices, tuple[Fraction, ...], Fraction]] = {
    "triangular bipyramid": (bipyramid(3), (Fraction(2, 3),) * 3 + (Fraction(1, 2),) * 2, Fraction(3, 5)),
    "pentagonal bipyramid": (bipyramid(5), (Fraction(2, 5),) * 5 + (Fraction(1, 2),) * 2, Fraction(3, 7)),
    "octahedron": (octahedron(), (Fraction(1, 2),) * 6, Fraction(3, 6)),
}
# W^T W beside vectors that it takes to 0.
TABLE: Mapping[str, tuple[Vertices, list[list[float]], list[list[float]]]] = {
    "triangle": (polygon(3), [[1, -0.5, -0.5], [-0.5, 1, -0.5], [-0.5, -0.5, 1]], [[1, 1, 1]]),
    "square": (
        polygon(4),
        [[1, 0, -1, 0], [0, 1, 0, -1], [-1, 0, 1, 0], [0, -1, 0, 1]],
        [[1, 0, 1, 0], [0, 1, 0, 1]],
    ),
}
SIMPLICES = range(2, 11)  # numbers of features


def fractions_of_uniform_solutions(_: Tables) -> Finding:
    off = {name: _off(dimensionalities(W), float(line)) for name, (W, line) in UNIFORM.items()}
    text = ", ".join(f"{name} {line}" for name, (_, line) in UNIFORM.items())
    return Finding(plain(max(off.values()) < EXACTLY), f"{text}, to {max(off.values()):.0e}", FORMULA)


def products_have_those_of_factors(_: Tables) -> Finding:
    off = [_off(dimensionalities(W), np.array(lines, dtype=float)) for W, lines, _ in PRODUCTS.values()]
    text = "; ".join(f"{name}: {_factors(W)}" for name, (W, _, _) in PRODUCTS.items())
    return Finding(plain(max(off) < EXACTLY), f"{text}, to {max(off):.0e}", FORMULA)


def matrices_of_the_table(_: Tables) -> Finding:
    off, kernels = [], []
    for W, gram, vectors in TABLE.values():
        found = matmul(W.T, W)
        off.append(_off(found, np.array(gram)))
        kernels.append(_off(matmul(found, np.array(vectors, dtype=float).T), 0.0))
    text = f"W^T W to {max(off):.0e}, vectors orthogonal to it to {max(kernels):.0e}"
    return Finding(plain(max(off + kernels) < EXACTLY), text, FORMULA)


def minimal_superposition(_: Tables) -> Finding:
    off = []
    for n in SIMPLICES:
        W = simplex(n)
        apart = ~np.eye(n, dtype=bool)
        off.append(_off(matmul(W.T, W)[apart], -1 / (n - 1)))
    text = f"-1/(n - 1) between features, n = {SIMPLICES[0]} to {SIMPLICES[-1]}, to {max(off):.0e}"
    return Finding(plain(max(off) < EXACTLY), text, FORMULA)


def _off(found: np.ndarray, expected: np.ndarray | float) -> float:
    return float(np.abs(found - expected).max())


def _factors(W: Vertices) -> str:
    return " + ".join(f"{count} {name}{'s' * (count > 1)}" for name, count in sorted(counts(components(W)).items()))


CLAIMS = claims_of(
    "geometry",
    SECTION,
    "feature_dimensionality",
    Claim(
        fractions_of_uniform_solutions,
        statement="Where all points of a Thomson solution are alike, each feature has the number of dimensions over "
        "that of features.",
        paper=", ".join(f"{name} {line}" for name, (_, line) in UNIFORM.items()),
        tolerance=f"dimensionality of each vertex to {EXACTLY:g}",
        limit="theory",
        fixed="before",
    ),
    Claim(
        products_have_those_of_factors,
        statement="Where they are not, the solution is a tegum product, and each feature has the dimensionality of its "
        "factor.",
        paper="bipyramids: 2/3 or 2/5, and 1/2, not 3/5 or 3/7; octahedron: three digons",
        tolerance=f"dimensionality of each vertex to {EXACTLY:g}",
        limit="theory",
        fixed="before",
    ),
    Claim(
        matrices_of_the_table,
        statement="Low-rank matrices of unit vectors: the triangle is orthogonal to (1, 1, 1), the square to (1, 0, 1, "
        "0) and (0, 1, 0, 1), as two digons.",
        paper="1 and -1/2; 1, 0 and -1",
        tolerance=f"entries of W^T W, and of its products with these vectors, to {EXACTLY:g}",
        limit="theory",
        fixed="before",
    ),
    Claim(
        minimal_superposition,
        statement="Leaving out one dimension, the one that all basis vectors share, gives the regular simplex.",
        paper="minimal superposition: the simplex",
        tolerance=f"products of different features, of length 1: -1/(n - 1) to {EXACTLY:g}",
        limit="theory",
        fixed="before",
    ),
    topic="polytopes",
)
