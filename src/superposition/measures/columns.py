"""How a measure of some experiments only describes itself, beside its `table`: for docs/data.md, `Result.describe` and
the self-check, which look for such measures, so that none of them has to be told of a new one.

    ROWS       what its table has one row of
    COLUMNS    of that table, in order
    EXAMPLE    settings that make little work, which the self-check measures with: by what its models have on the hidden
               layer, linear or relu
"""

from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import ModuleType

NO_UNIT = ""


@dataclass(frozen=True)
class Column:
    name: str
    dtype: str  # as pandas has it
    unit: str
    meaning: str


INSTANCE = Column("instance", "int64", NO_UNIT, "number of the model in the experiment, over all architectures, from 0")
FEATURE = Column("feature", "int64", NO_UNIT, "number of the feature, from 0")
N_HIDDEN = Column("n_hidden", "int64", NO_UNIT, "number of hidden dimensions m")


def of_some_experiments() -> dict[str, ModuleType]:
    """Modules of such measures, in the order of their names, which are the keys of `measures` in params.yaml."""
    names = sorted(file.stem for file in Path(__file__).parent.glob("[a-z]*.py"))
    every = {name: import_module(f"{__package__}.{name}") for name in names}
    return {name: module for name, module in every.items() if hasattr(module, "EXAMPLE")}
