"""python stages/generate.py: resolves each block of params.yaml into its models' world, and what to measure of them."""

import json
from pathlib import Path
from typing import Any

import superposition.stopping  # noqa: F401 (before what takes seconds to load: ends the stage at Ctrl-C)
from superposition.stage import placed, reading, run

# isort: split
import numpy as np

from superposition import frames
from superposition.features.world import features, held_out_words, instances, training_words
from superposition.inputs import confirm_inputs
from superposition.params.experiments import Experiment, read_checked


def main() -> None:
    checked = Path("data", "params.json")
    confirm_inputs(checked)
    with reading():
        params = read_checked(checked)
    with placed(Path("data", "worlds")) as worlds, placed(Path("data", "measures")) as measures:
        measures.mkdir()
        for name, experiment in params.experiments.items():
            write(params.seed, name, experiment, worlds / name)
            settings = experiment.measures.model_dump(mode="json") | {"loss_error": experiment.loss_error}
            (measures / f"{name}.json").write_text(as_text(settings), encoding="utf-8")


def write(seed: int, name: str, experiment: Experiment, out: Path) -> None:
    out.mkdir(parents=True)
    table = instances(seed, name, experiment)
    frames.write(table, out / "instances.parquet")
    frames.write(features(experiment), out / "features.parquet")
    np.save(out / "held_out.npy", held_out_words(seed, name, experiment))
    if size := experiment.training.sample_size:
        np.save(out / "sample.npy", training_words(table["stream"], experiment, size))
    settings = experiment.training_settings() | {"values": experiment.values}
    (out / "training.json").write_text(as_text(settings), encoding="utf-8")


def as_text(settings: dict[str, Any]) -> str:
    return json.dumps(settings, indent=1, sort_keys=True) + "\n"


if __name__ == "__main__":
    with run():
        main()
