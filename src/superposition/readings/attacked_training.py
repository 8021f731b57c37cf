"""Models that were trained against attacks, by the size of these. Needs pandas, not torch."""

import pandas as pd

from superposition.readings.ranking import by_rank
from superposition.readings.results import NotInThisRun, Tables
from superposition.readings.shared import features_per_dimension, in_superposition
from superposition.readings.solutions import differing_in

SIZES = 3  # of attacks, at least

Sweep = pd.DataFrame  # one model at each radius, ascending: radius, features_per_dimension, superposed


def by_radius(tables: Tables, rows: pd.DataFrame) -> pd.DataFrame:
    """Rows of the table of instances with `radius`, the attack in training over the mean input's norm,
    `features_per_dimension`, and `superposed`, how many features are in superposition.
    """
    instances = rows["instance"].to_numpy()
    return rows.assign(
        radius=rows["training_attack"],
        features_per_dimension=features_per_dimension(tables, instances),
        superposed=in_superposition(tables, instances),
    )


def sweeps(tables: Tables, shape: tuple[int, int], density: float) -> list[Sweep]:
    """The models with the lowest loss at each radius, those with the next one, ...; the loss is on clean samples.

    `shape` is n_features and n_hidden, of equally important features; raises NotInThisRun where models differ in
    anything but the attacks, or too few sizes of these were trained.
    """
    own = differing_in(tables, "training_attack", shape, density, ratio=1.0)
    if own["training_attack"].nunique() < SIZES or own["training_attack"].min() > 0:
        raise NotInThisRun("the claim needs models without attacks, and with several sizes of them")
    return [sweep.sort_values(["radius", "seed"], ignore_index=True) for sweep in by_rank(by_radius(tables, own))]
