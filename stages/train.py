"""python stages/train.py EXPERIMENT: trains all instances of an experiment's world; goes on where it was killed."""

import json
import shutil
import sys
from pathlib import Path

import numpy as np
import pandas as pd

from superposition.training.checkpoints import folder as checkpoint_folder
from superposition.training.manifest import manifest
from superposition.training.run import train
from superposition.training.worlds import OutOfRange, World

CODE = ("exact", "features", "models", "training")  # what decides the results, besides the world


def main(name: str) -> None:
    read, out = Path("data/worlds", name), Path("data/trained", name)
    world = World(
        instances=pd.read_parquet(read / "instances.parquet"),
        features=pd.read_parquet(read / "features.parquet"),
        settings=json.loads((read / "training.json").read_text(encoding="utf-8")),
        held_out=np.load(read / "held_out.npy"),
        sample=np.load(read / "sample.npy") if (read / "sample.npy").exists() else None,
    )
    code = [file for part in CODE for file in Path("src/superposition", part).glob("*.*")]
    checkpoints = checkpoint_folder(Path(".checkpoints"), [*code, Path("requirements.txt"), *read.iterdir()])
    try:
        trained = train(name, world, checkpoints)
    except OutOfRange as error:
        sys.exit(f"{name}: {error}")
    for folder, arrays in (("weights", trained.weights), ("snapshots", trained.snapshots)):
        (out / folder).mkdir(parents=True, exist_ok=True)
        for key, array in arrays.items():
            np.save(out / folder / f"{key}.npy", array)
    trained.history.to_parquet(out / "history.parquet", index=False, compression=None)
    shutil.rmtree(checkpoints)

    beside = Path("data/manifests", f"{name}.json")
    beside.parent.mkdir(exist_ok=True)
    about = manifest(name, len(world.instances), world.settings, trained.seconds)
    beside.write_text(json.dumps(about, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
