"""Matrices that mix the other features into a feature's target: what is wanted of output i is g(x_i) + sum_j M_ij x_j.

Labels of an embedded residual network contain such a matrix, W_E W_E^T - 1, which a narrow layer can make use of
(Bhagat et al. 2026, "Compressed computation is (probably) not computation in superposition", arXiv:2606.14673).

M has zeros on its diagonal. It is one for all models of an experiment, which differ in how much of it there is at most,
so that models at one point have the same task.
"""

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from numpy import ndarray

from superposition.exact.functions import normal_quantile
from superposition.exact.grids import WEIGHT
from superposition.exact.philox import WORD, stream_key, words
from superposition.exact.sums import matmul, total

BITS = WEIGHT.fraction_bits  # of entries: M x is an exact sum as W x is


def mixing_of(mixing: Mapping[str, Any] | None, n_features: int, stream: str) -> ndarray | None:
    """The matrix of a model with this `mixing`, if any; `stream` is the name of an instance's random streams."""
    if mixing is None:
        return None
    names = json.loads(stream)
    return mixing_matrix(mixing, n_features, {key: names[key] for key in ("seed", "experiment")})


def mixing_matrix(
    mixing: Mapping[str, Any], n_features: int, names: Mapping[str, object]
) -> Float[ndarray, "{n_features} {n_features}"]:
    """M[i, j], how much of x_j is in the target of output i. `names` are the seed and the experiment of its stream.

    embedding: scale (E E^T - 1), the rows of E being random directions in so many dimensions. gaussian: independent
    normal entries with this standard deviation. symmetric: likewise, with M_ij = M_ji.
    """
    n = n_features
    if "embedding" in mixing:
        E = normal(n, mixing["embedding"], names)
        E = snapped(E / np.sqrt(total(E * E, axis=1))[:, None])
        M = mixing["scale"] * matmul(E, E.T, (BITS, BITS))
    elif "symmetric" in mixing:
        above = np.triu(mixing["symmetric"] * normal(n, n, names), 1)
        M = above + above.T
    else:
        M = mixing["gaussian"] * normal(n, n, names)
    M = snapped(M)
    np.fill_diagonal(M, 0.0)
    return M


def normal(rows: int, columns: int, names: Mapping[str, object]) -> Float[ndarray, "{rows} {columns}"]:
    """Normal variates; those of a row do not depend on how many other rows there are."""
    key = torch.tensor([stream_key({**names, "purpose": "mixing"})])
    drawn = words(key, columns, torch.arange(rows), torch.tensor(0))[0].numpy().T
    return snapped(normal_quantile((drawn + 0.5) / WORD))


def snapped(x: ndarray) -> ndarray:
    """On the grid of weights, without -0.0."""
    return np.asarray(np.rint(x * 2.0**BITS) * 2.0**-BITS + 0.0)
