"""python stages/measure.py EXPERIMENT: reads off trained weights what the figures and claims are about."""

import json
import sys
from pathlib import Path

import superposition.stopping  # noqa: F401 (before what takes seconds to load: ends the stage at Ctrl-C)
from superposition.stage import placed, reading, run

# isort: split
import numpy as np
import pandas as pd

from superposition import frames
from superposition.inputs import confirm_inputs
from superposition.measures import parameters
from superposition.measures.all_tables import all_tables


def main(name: str) -> None:
    world, trained = (Path("data", part, name) for part in ("worlds", "trained"))
    confirm_inputs(Path("data/worlds"), Path("data/measures"), trained)
    with reading():
        settings = json.loads((world / "training.json").read_text(encoding="utf-8"))
        inputs = (
            pd.read_parquet(world / "instances.parquet"),
            pd.read_parquet(world / "features.parquet"),
            np.load(world / "held_out.npy"),
            settings,
            parameters.read(trained, [model["name"] for model in settings["models"]]),
            pd.read_parquet(trained / "history.parquet"),
            json.loads(Path("data/measures", f"{name}.json").read_text(encoding="utf-8")),
        )
    made = all_tables(*inputs)
    with placed(Path("data", "tables", name)) as out:
        out.mkdir()
        for key, table in made.items():
            frames.write(table, out / f"{key}.parquet")


if __name__ == "__main__":
    with run():
        main(sys.argv[1])
