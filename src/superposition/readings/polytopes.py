"""Which features share directions, and what shape they have (Elhage et al. 2022, "The Geometry of Superposition").

Features are the nodes of a graph, with an edge between two that interfere. Features in orthogonal subspaces have none,
so that a component of the graph is a factor of the tegum product that all features form. Needs no torch: claims and
figures find the polytopes from stored weights. `W` is [hidden, feature].
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy.sparse.csgraph import connected_components

from superposition.exact.linear import singular_values
from superposition.exact.sums import matmul, total
from superposition.measures.thresholds import REPRESENTED_NORM
from superposition.theory.polytopes import NAMED

# Two features interfere if |W_i . W_j| is above this. The named polytopes stay in one piece: of a square antiprism's
# products of 1/3, 0.14 and 0.8 those of 1/3 join each square, and those of 0.8 the two. 0.15 stands between the noise
# that training leaves (a few 0.01) and these.
INTERFERENCE = 0.15
SAME_DIMENSIONALITY = 0.03  # of each vertex and the polytope; the nearest two lines, 2/5 and 3/8, have other sizes
SAME_RANK = 0.1  # singular values below this part of the largest span no dimension: training leaves about 0.01


@dataclass(frozen=True)
class Component:
    """Features that interfere, directly or through each other, by number; `polytope` is None if they form none."""

    features: tuple[int, ...]
    polytope: str | None


def components(W: Float[np.ndarray, "hidden feature"], cut: float = INTERFERENCE) -> list[Component]:
    """The connected components of the graph of represented features, largest first."""
    squared = total(W * W, axis=0)
    represented = np.flatnonzero(squared > REPRESENTED_NORM * REPRESENTED_NORM)
    own = W[:, represented]
    if not len(represented):
        return []
    D = dimensionalities(W)
    _, labels = connected_components(np.abs(matmul(own.T, own)) > cut, directed=False)
    groups = [represented[labels == label] for label in range(labels.max() + 1)]
    found = [Component(tuple(group.tolist()), polytope(W[:, group], D[group])) for group in groups]
    return sorted(found, key=lambda component: (-len(component.features), component.features))


def polytope(W: Float[np.ndarray, "hidden feature"], D: Float[np.ndarray, " feature"]) -> str | None:
    """Name of the polytope that these features form, by their number, rank and dimensionality; None if they do not."""
    for named in NAMED:
        alike = bool((np.abs(D - named.dimensionality) < SAME_DIMENSIONALITY).all())
        if W.shape[1] == named.vertices and alike and rank(W) == named.rank:  # the rank is what takes long
            return named.name
    return None


def rank(W: Float[np.ndarray, "hidden feature"]) -> int:
    """Number of dimensions that the features span, up to what training leaves."""
    values = singular_values(W)
    return int(np.count_nonzero(values > SAME_RANK * values.max(initial=0.0)))


def dimensionalities(W: Float[np.ndarray, "hidden feature"]) -> Float[np.ndarray, " feature"]:
    """D_i as `feature_dimensionality` has it, of a single model."""
    squares = np.square(matmul(W.T, W))
    shared = total(squares, axis=1)
    return np.divide(np.diagonal(squares), shared, out=np.zeros(len(shared)), where=shared > 0)


def counts(found: Sequence[Component]) -> dict[str, int]:
    """How many components are of each named polytope, those that occur."""
    number = {named.name: sum(one.polytope == named.name for one in found) for named in NAMED}
    return {name: count for name, count in number.items() if count}
