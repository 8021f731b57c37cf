"""python stages/measure.py EXPERIMENT: reads off trained weights what the figures and claims are about."""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from superposition.measures.tables import features_table, gram_table, instances_table, weights_table


def main(name: str) -> None:
    world, trained, out = (Path("data", name, part) for part in ("world", "trained", "tables"))
    out.mkdir(parents=True, exist_ok=True)
    instances = pd.read_parquet(world / "instances.parquet")
    features = pd.read_parquet(world / "features.parquet")
    history = pd.read_parquet(trained / "history.parquet")
    weights = np.load(trained / "weights.npz")

    def parameter(key: str) -> torch.Tensor:
        """Of all instances in order; instances of different models follow each other in both files."""
        return torch.from_numpy(np.concatenate([weights[f"{model}.{key}"] for model in instances["model"].unique()]))

    W, b = parameter("W").double(), parameter("b").double()
    loss = history[history["step"] == history["step"].max()].sort_values("instance")["loss"]
    instances = instances_table(instances, features, W, torch.from_numpy(loss.to_numpy()))
    tables = {
        "instances": instances,
        "features": features_table(instances, features, W, b),
        "gram": gram_table(instances, W),
        "weights": weights_table(W),
    }
    for key, table in tables.items():
        table.to_parquet(out / f"{key}.parquet", index=False, compression=None)


if __name__ == "__main__":
    main(sys.argv[1])
