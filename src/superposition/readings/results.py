"""The tables of one experiment as claims, figures and the report read them. Needs pandas, not torch."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from superposition.exact.sums import matmul

COLUMNS = {
    "instances": "instance model n_hidden sparsity sparsity_label density importance_curve sets set_size seed values "
    "point loss standard_error held_out_samples behind rank n_represented n_dedicated best hidden_l1 training_attack "
    "penalty penalty_error attack_norm clean_loss attacked_loss",
    "features": "instance model sparsity seed best feature importance density norm superposition dimensionality bias",
    "weights": "instance hidden feature value value_out",
    "history": "instance step loss",
    "learning": "instance step feature norm dimensionality",
    "trajectories": "instance step hidden feature value",
    "hidden": "instance hidden bias active",
}
MAY_BE_EMPTY = ("trajectories",)


class NotInThisRun(Exception):
    """The experiment was run with other parameters than those that are asked for."""


@dataclass(frozen=True)
class Tables:
    """What one experiment left behind; `superposition.measures.tables` says what the rows and columns are."""

    instances: pd.DataFrame
    features: pd.DataFrame
    weights: pd.DataFrame
    history: pd.DataFrame
    learning: pd.DataFrame
    trajectories: pd.DataFrame
    hidden: pd.DataFrame
    extra: Mapping[str, pd.DataFrame] = field(default_factory=dict)  # what only some have, by the key of `measures`

    def __post_init__(self) -> None:
        common = {name: getattr(self, name) for name in COLUMNS}
        for name, table in (common | dict(self.extra)).items():
            columns = COLUMNS.get(name, "")
            if missing := [column for column in columns.split() if column not in table.columns]:
                raise ValueError(f"table {name} lacks the columns {', '.join(missing)}")
            if table.empty and name not in MAY_BE_EMPTY:
                raise ValueError(f"table {name} is empty")

    @cached_property
    def n_features(self) -> int:
        return int(self.features["feature"].max()) + 1

    @cached_property
    def n_hidden(self) -> int:
        """Of the widest models; `instances` has each one's."""
        return int(self.weights["hidden"].max()) + 1

    @cached_property
    def best(self) -> pd.DataFrame:
        """The best instance of each point, in the order of the experiment's axes."""
        return self.instances[self.instances["best"]].sort_values("point", kind="stable", ignore_index=True)

    def at(self, point: int) -> pd.DataFrame:
        """All instances at one point, lowest loss first."""
        return self.instances.iloc[self._points_rows[point]].sort_values("rank", kind="stable", ignore_index=True)

    @cached_property
    def _points_rows(self) -> dict[Any, Any]:
        return dict(self.instances.groupby("point").indices)

    def features_of(self, instance: int) -> pd.DataFrame:
        """One row per feature, in order."""
        return self._features.iloc[self._features_rows[instance]].reset_index(drop=True)

    def per_feature(self, column: str, instances: np.ndarray) -> np.ndarray:
        """A column of the table of features for some instances, [instance, feature]."""
        known = self._features["instance"].to_numpy()[:: self.n_features]
        values = self._features[column].to_numpy().reshape(-1, self.n_features)
        return values[np.searchsorted(known, instances)]

    def weights_of(self, instance: int) -> np.ndarray:
        """W of one instance, [hidden, feature]."""
        return self._matrix_of(instance, "value")

    def weights_out_of(self, instance: int) -> np.ndarray:
        """W_out of one instance, [feature, hidden]; of a tied model, W^T."""
        W_out = self._matrix_of(instance, "value_out")
        return (self.weights_of(instance) if np.isnan(W_out).all() else W_out).T

    def gram_of(self, instance: int) -> np.ndarray:
        """W^T W of one instance, [feature, feature]; on the grid of weights an exact sum."""
        W = self.weights_of(instance)
        return matmul(W.T, W)

    def trajectory_of(self, instance: int) -> tuple[np.ndarray, np.ndarray]:
        """Steps of which weights were kept, and W at each of them, [step, hidden, feature]."""
        if instance not in self._trajectories_rows:
            raise ValueError(f"no trajectory of instance {instance}: it is kept of small experiments only")
        own = self.trajectories.iloc[self._trajectories_rows[instance]]
        steps = own["step"].unique()
        return steps, own["value"].to_numpy(dtype=float).reshape(len(steps), -1, self.n_features)

    @cached_property
    def _trajectories_rows(self) -> dict[Any, Any]:
        return dict(self.trajectories.groupby("instance").indices)

    def _matrix_of(self, instance: int, column: str) -> np.ndarray:
        if instance not in self._weights_rows:
            raise ValueError(f"no entries of instance {instance} in the table of weights")
        entries = self._weights[column].to_numpy()[self._weights_rows[instance]]
        return entries.reshape(-1, self.n_features)

    @cached_property
    def _features(self) -> pd.DataFrame:
        return self.features.sort_values(["instance", "feature"], ignore_index=True)

    @cached_property
    def _features_rows(self) -> dict[Any, Any]:
        return dict(self._features.groupby("instance").indices)

    @cached_property
    def _weights(self) -> pd.DataFrame:
        return self.weights.sort_values(["instance", "hidden", "feature"], ignore_index=True)

    @cached_property
    def _weights_rows(self) -> dict[Any, Any]:
        return dict(self._weights.groupby("instance").indices)


def read(folder: Path) -> Tables:
    """The tables in the folder that the measure stage leaves of an experiment, `data/tables/<key>`."""
    files = {name: folder / f"{name}.parquet" for name in COLUMNS}
    if missing := [str(file) for file in files.values() if not file.is_file()]:
        raise FileNotFoundError(
            f"{', '.join(missing)} not found: `dvc repro measure@{folder.name}` makes them, or `dvc pull` gets them"
        )
    extra = [file for file in sorted(folder.glob("*.parquet")) if file.stem not in COLUMNS]
    return Tables(
        **{name: pd.read_parquet(file) for name, file in files.items()},
        extra={file.stem: pd.read_parquet(file) for file in extra},
    )
