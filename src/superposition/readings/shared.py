"""How many features are in superposition, from the table of features. Needs numpy, not torch."""

import numpy as np
from jaxtyping import Int

from superposition.measures.thresholds import IN_SUPERPOSITION, REPRESENTED_NORM
from superposition.readings.results import Tables


def in_superposition(tables: Tables, instances: np.ndarray) -> Int[np.ndarray, " instance"]:
    """Of each instance, the represented features that others share a direction with: superposition above 0.3."""
    represented = tables.per_feature("norm", instances) > REPRESENTED_NORM
    shared = tables.per_feature("superposition", instances) > IN_SUPERPOSITION
    return np.count_nonzero(represented & shared, axis=1)
