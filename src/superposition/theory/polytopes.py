"""Polytopes that features form, by coordinates (Elhage et al. 2022, "The Geometry of Superposition").

The vertices are [hidden, feature], one direction of length 1 per column. n vectors that are spread evenly over m
dimensions, so that W W^T = n/m times the identity, all have dimensionality m/n.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from superposition.exact.functions import PI, cos, sin

Vertices = Float[np.ndarray, "hidden feature"]
Factor = Float[np.ndarray, "_ _"]  # of any size: one call has several


def digon() -> Vertices:
    """An antipodal pair."""
    return np.array([[1.0, -1.0]])


def polygon(n: int) -> Vertices:
    """The regular polygon of n vertices."""
    turn = 2 * PI * np.arange(n) / n
    return np.stack([cos(turn), sin(turn)])


def tetrahedron() -> Vertices:
    return np.array([[1.0, 1.0, -1.0, -1.0], [1.0, -1.0, 1.0, -1.0], [1.0, -1.0, -1.0, 1.0]]) / np.sqrt(3)


def square_antiprism() -> Vertices:
    """Two squares at heights h and -h, one turned by 45 degrees.

    h^2 = 1/3 spreads the vertices evenly; the height that solves Thomson's problem is near it.
    """
    turn = PI / 2 * np.arange(4)
    turn = np.concatenate([turn, turn + PI / 4])
    radius, height = np.sqrt(2 / 3), np.sqrt(1 / 3)
    return np.stack([radius * cos(turn), radius * sin(turn), np.repeat([height, -height], 4)])


def tegum_product(*factors: Factor) -> Vertices:
    """The factors in orthogonal subspaces: features of different factors do not interfere."""
    product = np.zeros((sum(len(factor) for factor in factors), sum(int(factor.shape[1]) for factor in factors)))
    row = column = 0
    for factor in factors:
        product[row : row + factor.shape[0], column : column + factor.shape[1]] = factor
        row, column = row + factor.shape[0], column + factor.shape[1]
    return product


def octahedron() -> Vertices:
    """Three digons."""
    return tegum_product(digon(), digon(), digon())


def bipyramid(n: int) -> Vertices:
    """Over the regular polygon of n vertices: the polygon and a digon, not n + 2 vertices that are all alike."""
    return tegum_product(polygon(n), digon())


def simplex(n: int) -> Vertices:
    """n basis vectors projected orthogonal to (1, ..., 1), "minimal superposition"; these rows are not independent."""
    return (np.eye(n) - 1 / n) / np.sqrt(1 - 1 / n)


@dataclass(frozen=True)
class Polytope:
    """A shape that no orthogonal subspaces divide, alone in the `rank` dimensions that it spans."""

    name: str
    vertices: int
    rank: int

    @property
    def dimensionality(self) -> float:
        return self.rank / self.vertices


# The lines of the paper's figure, from dense to sparse.
NAMED = (
    Polytope("dedicated", 1, 1),
    Polytope("tetrahedron", 4, 3),
    Polytope("triangle", 3, 2),
    Polytope("digon", 2, 1),
    Polytope("pentagon", 5, 2),
    Polytope("square antiprism", 8, 3),
)
