"""A narrow network as the simulation of a wide one without superposition (Elhage et al. 2022, "Definitions and
Motivation"), where the wide one computes absolute values with two neurons for each feature.

`W` is [hidden, feature], `W_out` [feature, hidden], `b` [feature]. A half of a feature is what one neuron of the wide
network computes, ReLU(x_i) or ReLU(-x_i); halves are listed as 1+, 1-, 2+, 2-, ... Numpy, of stored tables.
"""

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float

from superposition.exact.sums import matmul, total
from superposition.measures.computation import canonical, responses
from superposition.readings.kinds import is_plain
from superposition.readings.results import Tables
from superposition.theory.equivalent_width import equivalent_width

# A half counts as simulated if the response to it alone is within this of |x|, as in measures of the paper's larger
# model (claims/computation.py), at two places.
RESPONSE = 0.25
PLACES = (0.5, 1.0)


def has_equivalent_widths(tables: Tables) -> bool:
    """Independent features with signed values, of one density in each model, the most important ones first."""
    numbers = tables.instances["instance"].to_numpy()
    falling = bool((np.diff(tables.per_feature("importance", numbers), axis=1) <= 0).all())
    return is_plain(tables, "signed") and bool(tables.instances["density"].notna().all()) and falling


def equivalent_widths(tables: Tables) -> pd.DataFrame:
    """A row for each instance: `instance`, `n_hidden`, `density`, `curve` (of importance), `point`, `seed`, `best`,
    `loss`, `equivalent` (how many neurons without superposition do as well) and `ratio`, that over n_hidden.
    """
    rows = tables.instances.sort_values(["point", "rank"], ignore_index=True)
    numbers = rows["instance"].to_numpy()
    density, importance = (tables.per_feature(column, numbers) for column in ("density", "importance"))
    found = rows[["instance", "n_hidden", "point", "seed", "rank", "best", "loss"]].assign(
        density=density[:, 0],
        curve=rows["importance_curve"],
        equivalent=[
            equivalent_width(loss, float(s[0]), curve)
            for loss, s, curve in zip(rows["loss"], density, importance, strict=True)
        ],
    )
    return found.assign(ratio=found["equivalent"] / found["n_hidden"])


def directions(
    W: Float[np.ndarray, "hidden feature"], W_out: Float[np.ndarray, "feature hidden"]
) -> Float[np.ndarray, "half hidden"]:
    """The hidden values at each half alone, x = e_i and x = -e_i, with the largest input weight of each neuron 1.

    Halves of one feature are never on the same neurons, since ReLU(W_i) and ReLU(-W_i) are not.
    """
    scaled = canonical(W, W_out)[0].T
    both = np.stack([np.maximum(scaled, 0), np.maximum(-scaled, 0)], axis=1)
    return both.reshape(-1, scaled.shape[1])


def simulated(
    W: Float[np.ndarray, "hidden feature"], W_out: Float[np.ndarray, "feature hidden"], b: Float[np.ndarray, " feature"]
) -> Bool[np.ndarray, " half"]:
    """Of which halves the absolute value comes out right when they alone are there."""
    close = [
        [np.abs(responses(W, W_out, b, sign * size) - size) <= RESPONSE * size for sign in (1, -1)] for size in PLACES
    ]
    found: np.ndarray = np.all(close, axis=0).T.ravel()
    return found


def outputs_alone(
    W: Float[np.ndarray, "hidden feature"], W_out: Float[np.ndarray, "feature hidden"], b: Float[np.ndarray, " feature"]
) -> Float[np.ndarray, "half feature"]:
    """All outputs at each half alone, x = e_i and x = -e_i."""
    both = np.stack([np.maximum(W.T, 0), np.maximum(-W.T, 0)], axis=1).reshape(-1, len(W))
    return np.maximum(matmul(both, W_out.T) + b, 0)


def strays(outputs: Float[np.ndarray, "half feature"]) -> Float[np.ndarray, " half"]:
    """The largest output of another feature at each half alone."""
    halves, features = outputs.shape
    own = np.arange(halves)[:, None] // 2 == np.arange(features)
    found: np.ndarray = np.where(own, 0.0, outputs).max(axis=1)
    return found


def closest(vectors: Float[np.ndarray, "half hidden"]) -> float:
    """The largest cosine between two of several directions; 0 if there are no two, 1 with one that is 0."""
    if len(vectors) < 2:
        return 0.0
    lengths = np.sqrt(total(vectors * vectors, axis=1))
    if not lengths.all():
        return 1.0
    unit = vectors / lengths[:, None]
    cosines = matmul(unit, unit.T)
    return float(cosines[~np.eye(len(unit), dtype=bool)].max())
