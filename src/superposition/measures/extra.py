"""What is measured of some experiments only: tables beside the common ones, by the key of `measures` in params.yaml.

Each is made by a function of the trained models and of the settings under its key. Another one gets a module here, a
line in TABLES, its columns in readings/results.py and its settings in params/schema.py.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pandas as pd

from superposition.measures import ablations, explanations, imitation, packings, recovery, rotations
from superposition.measures.trained import TrainedModel

TABLES: dict[str, Callable[[Sequence[TrainedModel], Any], pd.DataFrame]] = {
    "ablations": ablations.table,
    "explanations": explanations.table,
    "imitation": imitation.table,
    "packings": packings.table,
    "recovery": recovery.table,
    "rotations": rotations.table,
}


def extra_tables(models: Sequence[TrainedModel], wanted: Mapping[str, Any]) -> dict[str, pd.DataFrame]:
    """The tables whose settings are not null."""
    return {key: TABLES[key](models, settings) for key, settings in wanted.items() if key in TABLES and settings}
