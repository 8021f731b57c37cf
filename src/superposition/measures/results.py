"""The tables of one experiment as claims, figures and the report read them. Needs pandas, not torch."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

COLUMNS = {
    "instances": "instance model sparsity importance seed values point loss n_represented n_dedicated best",
    "features": "instance model sparsity seed best feature importance density norm superposition dimensionality bias",
    "weights": "instance hidden feature value value_out",
    "history": "instance step loss",
}


@dataclass(frozen=True)
class Tables:
    """What one experiment left behind; `superposition.measures.tables` says what the rows and columns are."""

    instances: pd.DataFrame
    features: pd.DataFrame
    weights: pd.DataFrame
    history: pd.DataFrame

    def __post_init__(self) -> None:
        for name, columns in COLUMNS.items():
            table = getattr(self, name)
            if missing := [column for column in columns.split() if column not in table.columns]:
                raise ValueError(f"table {name} lacks the columns {', '.join(missing)}")
            if table.empty:
                raise ValueError(f"table {name} is empty")

    @property
    def n_features(self) -> int:
        return int(self.features["feature"].max()) + 1

    @property
    def n_hidden(self) -> int:
        return int(self.weights["hidden"].max()) + 1

    @cached_property
    def best(self) -> pd.DataFrame:
        """The best instance of each point, in the order of the experiment's axes."""
        return self.instances[self.instances["best"]].sort_values("point", ignore_index=True)

    def at(self, point: int) -> pd.DataFrame:
        """All instances at one point, lowest loss first."""
        return self.instances[self.instances["point"] == point].sort_values(["loss", "seed"], ignore_index=True)

    def features_of(self, instance: int) -> pd.DataFrame:
        """One row per feature, in order."""
        return self.features[self.features["instance"] == instance].sort_values("feature", ignore_index=True)

    def weights_of(self, instance: int) -> np.ndarray:
        """W of one instance, [hidden, feature]."""
        return self._matrix_of(instance, "value")

    def weights_out_of(self, instance: int) -> np.ndarray:
        """W_out of one instance, [feature, hidden]; of a tied model, W^T."""
        W_out = self._matrix_of(instance, "value_out")
        return (self.weights_of(instance) if np.isnan(W_out).all() else W_out).T

    def gram_of(self, instance: int) -> np.ndarray:
        """W^T W of one instance, [feature, feature]; a sum on the weight grid, and so exact."""
        W = self.weights_of(instance)
        return W.T @ W

    def _matrix_of(self, instance: int, column: str) -> np.ndarray:
        if instance not in self._rows_of:
            raise ValueError(f"no entries of instance {instance} in the table of weights")
        entries = self.weights.iloc[self._rows_of[instance]].sort_values(["hidden", "feature"])
        return entries[column].to_numpy().reshape(self.n_hidden, self.n_features)

    @cached_property
    def _rows_of(self) -> dict[Any, Any]:
        return dict(self.weights.groupby("instance").indices)


def read(folder: Path) -> Tables:
    """The tables in the folder that the measure stage leaves of an experiment, `data/tables/<key>`."""
    files = {name: folder / f"{name}.parquet" for name in COLUMNS}
    if missing := [str(file) for file in files.values() if not file.is_file()]:
        raise FileNotFoundError(
            f"{', '.join(missing)} not found: `dvc repro measure@{folder.name}` makes them, or `dvc pull` gets them"
        )
    return Tables(**{name: pd.read_parquet(file) for name, file in files.items()})
