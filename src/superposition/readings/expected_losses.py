"""Expected losses of trained models, without the noise of held-out samples.

Where features are sparse, solutions differ by what rare inputs cost: at density 0.01 two features are active together
in 26 of 262144 samples, and a loss on those is off by a fifth.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from superposition.exact.sums import dot
from superposition.readings.phases import nearest, phase_of
from superposition.readings.results import Tables
from superposition.theory.active_features import losses_by_active, weights_of_active
from superposition.theory.phases import SUPERPOSED, phase, solution_losses

Models = pd.DataFrame  # rows of `column`


def expected_losses(tables: Tables, instances: Sequence[int]) -> np.ndarray:
    """Sum over features of I_i E[(x_i - x'_i)^2] of each of some relu_output models, [instance].

    All features of a model must have the same density.
    """
    ordered = np.asarray(instances, dtype=int)
    b, importance, density = (tables.per_feature(name, ordered) for name in ("bias", "importance", "density"))
    return np.array(
        [
            dot(
                losses_by_active(tables.weights_of(instance), b[row], importance[row]),
                weights_of_active(tables.n_features, float(density[row, 0])),
            )
            for row, instance in enumerate(ordered.tolist())
        ]
    )


def boundary(r: float) -> float:
    """The density up to which superposition is best in theory, of two features in one dimension; 0 if it never is."""
    s = np.linspace(0.001, 1, 1000)
    return float(s[phase(2, s, np.full_like(s, r)) == SUPERPOSED].max(initial=0.0))


def column(tables: Tables, importance: float) -> Models:
    """All models of the phase diagram's column at a relative importance, or one near it, from sparse to dense.

    Columns: density, importance, seed, rank and best (of the cell, by held-out loss), loss (expected, a sum over
    features), phase, what became of the last feature, and opposite, whether W_1 . W_2 < 0: two features that share a
    direction on the same side are in superposition too. Raises NotInThisRun if none is near.
    """
    last = tables.features[tables.features["feature"] == tables.n_features - 1]
    last = last.merge(tables.instances[["instance", "rank"]], on="instance")
    found = nearest(last["importance"], importance, "relative importance")
    own = last[last["importance"] == found].sort_values(["density", "seed"], ignore_index=True)
    return own[["density", "importance", "seed", "rank", "best"]].assign(
        loss=expected_losses(tables, own["instance"].tolist()),
        phase=phase_of(own["norm"], own["superposition"]),
        opposite=[tables.gram_of(instance)[0, 1] < 0 for instance in own["instance"].tolist()],
    )


def column_by_rank(tables: Tables, importance: float) -> list[Models]:
    """`column` of the models with the lowest held-out loss at each density, of those with the next one, ..."""
    return [own for _, own in column(tables, importance).groupby("rank")]


def excess_of(models: pd.DataFrame) -> np.ndarray:
    """By how much losses are above that of the best simple solution of two features, relative to it, [model].

    `models` has the columns density, importance and loss.
    """
    branches = solution_losses(2, models["density"].to_numpy(), models["importance"].to_numpy())
    return np.asarray(models["loss"].to_numpy() / np.min(list(branches.values()), axis=0) - 1)


def excess_of_best(tables: Tables) -> np.ndarray:
    """The same of the best model of each cell of the phase diagram, [cell]."""
    last = tables.features[(tables.features["feature"] == 1) & tables.features["best"]]
    return excess_of(last.assign(loss=expected_losses(tables, last["instance"].tolist())))


def slope(models: Models, branch: str | None = None) -> float:
    """dL/ds of models of one importance, or of a simple solution at their densities: the median over all two of them,
    so that single ones may be off.
    """
    s = models["density"].to_numpy()
    L = models["loss"].to_numpy() if branch is None else solution_losses(2, s, models["importance"].to_numpy())[branch]
    low, high = np.triu_indices(len(s), 1)
    return float(np.median((L[high] - L[low]) / (s[high] - s[low])))
