"""What an experiment left behind in a checkout."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Unpack

import pandas as pd
from pydantic import ValidationError

from superposition.params.faults import Strict, faults_of
from superposition.params.measures import Measures
from superposition.params.models import Model as Architecture
from superposition.params.schema import Initial, Training
from superposition.readings.results import COLUMNS, Tables, read
from superposition.results import points
from superposition.results.absent import NotThere, listed, not_there
from superposition.results.dictionary import TABLES, of_measures
from superposition.results.model import Model

MARK = "dvc.yaml"  # a file that the root of a checkout has


class Settings(Strict):
    """What an experiment was trained with, and what was measured of it, besides its axes; keys as in params.yaml."""

    n_features: int
    n_hidden: int  # of the widest models
    values: str  # the law of active features (features/values.py)
    models: list[Architecture]
    initial: Initial
    training: Training
    measures: Measures


@dataclass(frozen=True, eq=False, repr=False)
class Result:
    """An experiment as it was computed last: `settings`, `axes`, tables, and trained models.

    docs/data.md says what the columns of the tables are. Nothing is read before it is asked for.
    """

    name: str
    root: Path  # of the checkout

    @cached_property
    def settings(self) -> Settings:
        """Number of features, architectures, training, ...: what models were made with, in the keys of params.yaml."""
        data = self.root / "data"
        made = json.loads((data / "worlds" / self.name / "training.json").read_text(encoding="utf-8"))
        measured = json.loads((data / "measures" / f"{self.name}.json").read_text(encoding="utf-8"))
        known = {key: value for key, value in measured.items() if key in Measures.model_fields}
        try:
            return Settings.model_validate(made | {"measures": known})
        except ValidationError as error:
            raise LookupError(
                f"{self.name} was computed by another version of this code ({faults_of(error)[0]}): "
                f"`make repro EXPERIMENTS={self.name}` computes it anew"
            ) from None

    @cached_property
    def tables(self) -> Tables:
        """All tables, as claims and figures read them (superposition.readings)."""
        return read(self.root / "data" / "tables" / self.name)

    @property
    def instances(self) -> pd.DataFrame:
        """One row per model: where it stands on each axis, its loss and rank, and measures of all its features."""
        return self.tables.instances

    @property
    def features(self) -> pd.DataFrame:
        """One row per model and feature: importance, density, norm, superposition, dimensionality, bias."""
        return self.tables.features

    @property
    def weights(self) -> pd.DataFrame:
        """One row per model, hidden dimension and feature: the weight between them."""
        return self.tables.weights

    @property
    def hidden(self) -> pd.DataFrame:
        """One row per model and hidden dimension: its bias, and how often it is active."""
        return self.tables.hidden

    @property
    def history(self) -> pd.DataFrame:
        """One row per model and step at which it was judged: its held-out loss then."""
        return self.tables.history

    @property
    def learning(self) -> pd.DataFrame:
        """One row per model, step and feature: its norm and dimensionality then."""
        return self.tables.learning

    @property
    def trajectories(self) -> pd.DataFrame:
        """One row per model, step and weight, of small experiments; of others none."""
        return self.tables.trajectories

    def table(self, name: str) -> pd.DataFrame:
        """A table by its name: one of the above, or one of those that only some experiments have, as `rotations`."""
        every = {key: getattr(self.tables, key) for key in COLUMNS} | dict(self.tables.extra)
        if name not in every:
            raise not_there(f"{self.name} has no table", name, every)
        return every[name]

    def describe(self, name: str) -> pd.DataFrame:
        """What the columns of a table are: one row each, with its type, its unit and its meaning."""
        own = self.table(name)
        table = TABLES.get(name) or of_measures().get(name)
        known = {column.name: asdict(column) for column in (table.columns if table else ())}
        unknown = {"dtype": "", "unit": "", "meaning": ""}
        return pd.DataFrame([unknown | {"name": column} | known.get(column, {}) for column in own.columns]).set_index(
            "name"
        )

    @cached_property
    def axes(self) -> Mapping[str, list[Any]]:
        """The values on each axis; the models of an experiment are all combinations of them."""
        return points.axes(self.instances)

    def models(self, **point: Unpack[points.Point]) -> list[Model]:
        """All models at these values, in the order of the axes, and at the same point the best first.

        A value is a number, one of the forms of params.yaml, such as {"geometric": 0.9}, or what `axes` has; a list
        stands for several values, and an axis that is left out for all of its values.

        Raises:
            NotThere: for an axis or a value that there is none of; the message says which there are.
        """
        rows = self.instances.loc[points.matching(self.instances, point, self.tables.n_features)]
        return [self._model(row) for _, row in rows.sort_values(["point", "rank"]).iterrows()]

    def best(self, **point: Unpack[points.Point]) -> Model:
        """The model of the lowest held-out loss at one point; `models` says how a point is written.

        Raises:
            NotThere: as `models` does, and where these values leave more than one point: losses at different points
                have different units, and cannot be compared.
        """
        rows = self.instances.loc[points.matching(self.instances, point, self.tables.n_features)]
        if rows["point"].nunique() > 1:
            left = {axis: values for axis, values in points.axes(rows).items() if axis != "seed" and len(values) > 1}
            several = "; ".join(f"{axis}: {listed(values)}" for axis, values in left.items())
            raise NotThere(f"{self.name} has more than one point there; say which {several}")
        return self._model(rows.sort_values("rank").iloc[0])

    def _model(self, row: pd.Series) -> Model:
        architecture = self._architectures[row["model"]]
        place = int(row["instance"]) - int(
            self.instances.loc[self.instances["model"] == row["model"], "instance"].min()
        )
        return Model(self.tables, row, architecture, self.settings.training.arithmetic, self.root, self.name, place)

    @cached_property
    def _architectures(self) -> dict[str, Architecture]:
        found = {model.name: model for model in self.settings.models}
        if unknown := set(self.instances["model"]) - found.keys():
            raise LookupError(
                f"the tables of {self.name} have the models {listed(sorted(unknown))}, which its parameters lack "
                f"by now: `make repro EXPERIMENTS={self.name}` computes it anew"
            )
        return found

    def __repr__(self) -> str:
        values = [f"  {axis:10} {listed(values)}" for axis, values in self.axes.items()]
        extra = f", {listed(self.tables.extra)}" if self.tables.extra else ""
        head = f"{self.name}: {len(self.instances)} models, {self.tables.n_features} features"
        return "\n".join([head, *values, f"  tables     {listed(COLUMNS)}{extra}"])


def load(name: str, root: str | Path | None = None) -> Result:
    """What an experiment of params.yaml left behind, when it was computed last or came with `dvc pull`.

    Args:
        name: of the experiment, as in params.yaml.
        root: of the checkout; by default the one that the working directory is in.

    Raises:
        NotThere: for a name that the checkout does not have.
        FileNotFoundError: for results that are not there; the message names the command that makes them.
    """
    checkout = _checkout() if root is None else Path(root).resolve()
    data = checkout / "data"
    if not (data / "worlds" / name / "training.json").is_file() or not (data / "measures" / f"{name}.json").is_file():
        known = _experiments(checkout)
        if name not in known:
            raise not_there(f"{checkout} has no experiment", name, known)
        raise _missing(name, checkout)
    if not (data / "tables" / name).is_dir():
        raise _missing(name, checkout)
    return Result(name, checkout)


def _checkout() -> Path:
    """The nearest folder around the working directory that is the root of a checkout."""
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / MARK).is_file() and (folder / "params.yaml").is_file():
            return folder
    raise FileNotFoundError(
        f"{here} is in no checkout of this project: say where one is, load(..., root='/path/to/it')"
    )


def _missing(name: str, checkout: Path) -> FileNotFoundError:
    return FileNotFoundError(
        f"{name} has no results in {checkout / 'data'}: `make repro EXPERIMENTS={name}` computes them there, "
        f"or `dvc pull` gets them, where there is a DVC remote that has them"
    )


def _experiments(checkout: Path) -> list[str]:
    """The names that params.yaml has."""
    from superposition.params.document import parse

    if not (checkout / "params.yaml").is_file():
        raise FileNotFoundError(f"{checkout} is no checkout of this project: it has no params.yaml")
    return list(parse(checkout / "params.yaml").get("experiments") or {})
