"""How many features share dimensions, from the table of features. Needs numpy, not torch."""

import numpy as np
from jaxtyping import Float, Int

from superposition.exact.sums import total
from superposition.measures.thresholds import IN_SUPERPOSITION, REPRESENTED_NORM
from superposition.readings.results import Tables


def in_superposition(tables: Tables, instances: np.ndarray) -> Int[np.ndarray, " instance"]:
    """Of each instance, the represented features that others share a direction with: superposition above 0.3."""
    represented = tables.per_feature("norm", instances) > REPRESENTED_NORM
    shared = tables.per_feature("superposition", instances) > IN_SUPERPOSITION
    return np.count_nonzero(represented & shared, axis=1)


def features_per_dimension(tables: Tables, instances: np.ndarray) -> Float[np.ndarray, " instance"]:
    """||W||_F^2 / m of each instance, the paper's measure."""
    n_hidden = tables.instances.set_index("instance")["n_hidden"].loc[instances].to_numpy()
    return total(np.square(tables.per_feature("norm", instances)), axis=1) / n_hidden
