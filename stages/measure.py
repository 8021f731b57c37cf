"""python stages/measure.py EXPERIMENT: reads off trained weights what the figures and claims are about."""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from superposition.measures.tables import features_table, instances_table, weights_table


def main(name: str) -> None:
    world, trained, out = (Path("data", part, name) for part in ("worlds", "trained", "tables"))
    out.mkdir(parents=True, exist_ok=True)
    instances = pd.read_parquet(world / "instances.parquet")
    features = pd.read_parquet(world / "features.parquet")
    history = pd.read_parquet(trained / "history.parquet")
    weights = {file.stem: np.load(file) for file in (trained / "weights").glob("*.npy")}

    models = instances["model"].unique()  # in order: instances of a model follow each other, here and in the weights
    W = torch.from_numpy(np.concatenate([weights[f"{model}.W"] for model in models])).double()
    # No output weights are stored of tied models.
    out_weights = [weights.get(f"{model}.W_out", np.full_like(weights[f"{model}.W"].mT, np.nan)) for model in models]
    W_out = torch.from_numpy(np.concatenate(out_weights)).double()
    biases = [weights.get(f"{model}.b", np.zeros_like(weights[f"{model}.W"][:, 0])) for model in models]
    b = torch.from_numpy(np.concatenate(biases)).double()
    loss = history[history["step"] == history["step"].max()].sort_values("instance")["loss"]
    instances = instances_table(instances, features, W, torch.tensor(loss.to_numpy()))
    tables = {
        "instances": instances,
        "features": features_table(instances, features, W, b),
        "weights": weights_table(W, W_out),
        "history": history,
    }
    for key, table in tables.items():
        table.to_parquet(out / f"{key}.parquet", index=False, compression=None)


if __name__ == "__main__":
    main(sys.argv[1])
