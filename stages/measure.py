"""python stages/measure.py EXPERIMENT: reads off trained weights what the figures and claims are about."""

import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd

from superposition.measures import parameters, tables
from superposition.measures.activity import activity_of_rectified, penalty
from superposition.measures.attacks import attacks_table
from superposition.measures.extra import extra_tables
from superposition.measures.trained import trained_models


def main(name: str) -> None:
    world, trained, out = (Path("data", part, name) for part in ("worlds", "trained", "tables"))
    out.mkdir(parents=True, exist_ok=True)
    instances, features = (pd.read_parquet(world / f"{frame}.parquet") for frame in ("instances", "features"))
    settings = json.loads((world / "training.json").read_text(encoding="utf-8"))
    wanted = json.loads(Path("data/measures", f"{name}.json").read_text(encoding="utf-8"))
    architectures = settings["models"]
    held_out = np.load(world / "held_out.npy")
    history = pd.read_parquet(trained / "history.parquet")
    loss = history[history["step"] == history["step"].max()].sort_values("instance")["loss"]
    read = parameters.read(trained, [architecture["name"] for architecture in architectures])
    W, W_out, b, b_hidden, steps, path = read
    measured = tables.instances_table(instances, features, W, loss.to_numpy(), architectures)
    models = trained_models(measured, features, read, architectures)
    measured = measured.join(attacks_table(models, held_out, wanted["attack"]))
    measured["penalty"] = [penalty(model, held_out) for model in models]
    active = activity_of_rectified(models, held_out, W.shape[1])
    made = {
        "instances": measured,
        "features": tables.features_table(measured, features, W, b),
        "weights": tables.weights_table(W, W_out),
        "history": history,
        "learning": tables.learning_table(steps, path),
        "trajectories": tables.trajectories_table(steps, path),
        "hidden": tables.hidden_table(b_hidden, active),
    } | extra_tables(models, wanted)
    for key, table in made.items():
        table = tables.of_own_widths(table, measured) if "hidden" in table else table
        table.to_parquet(out / f"{key}.parquet", index=False, compression=None)


if __name__ == "__main__":
    main(sys.argv[1])
