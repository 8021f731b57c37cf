"""What is measured of some experiments only: tables beside the common ones, by the key of `measures` in params.yaml.

Each is made by `table` in the module here that has the key's name, of the trained models and of the settings under the
key. Another one gets such a module, and its settings in params/measures.py.
"""

from collections.abc import Mapping, Sequence
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import pandas as pd

from superposition.measures.trained import TrainedModel


def extra_tables(models: Sequence[TrainedModel], wanted: Mapping[str, Any]) -> dict[str, pd.DataFrame]:
    """The tables whose settings are not null; what has no module is measured of all (`attack`)."""
    made = {}
    for key, settings in wanted.items():
        name = f"{__package__}.{key}"
        if settings and find_spec(name):
            made[key] = import_module(name).table(models, settings)
    return made
