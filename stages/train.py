"""python stages/train.py EXPERIMENT: trains all instances of an experiment's world; goes on where it was stopped."""

import json
import os
import shutil
import sys
from pathlib import Path

import superposition.stopping  # noqa: F401 (before what takes seconds to load: ends the stage at Ctrl-C)
from superposition.stage import called, placed, reading, run

# isort: split
from superposition.exact.watch import NotExact
from superposition.imports import modules_of
from superposition.inputs import confirm_inputs
from superposition.models.own import Unusable
from superposition.training.checkpoints import deciding
from superposition.training.checkpoints import folder as checkpoint_folder
from superposition.training.interruption import Stopped, stoppable
from superposition.training.manifest import manifest
from superposition.training.run import train
from superposition.training.worlds import OutOfRange, read, write


def main(name: str) -> None:
    inputs = Path("data/worlds", name)
    confirm_inputs(inputs.parent)
    with reading():
        world = read(inputs)
    code = deciding(Path("stages/train.py"), *modules_of(world.settings["models"]))
    checkpoints = checkpoint_folder(Path(".checkpoints"), [*code, *inputs.iterdir()])
    try:
        with stoppable():
            trained = train(name, world, checkpoints)
    except (OutOfRange, NotExact, Unusable) as error:
        sys.exit(f"{name}: {error}")
    except Stopped as stopped:
        print(f"{called()}: stopped {stopped.done}; make repro goes on from there", file=sys.stderr, flush=True)
        os._exit(stopped.status)  # at once: on a busy machine it takes Python seconds to take PyTorch down
    with placed(Path("data/trained", name)) as out:
        write(trained, out)
    with placed(Path("data/manifests", f"{name}.json")) as beside:
        about = manifest(name, len(world.instances), world.settings, trained.seconds)
        beside.write_text(json.dumps(about, indent=1) + "\n", encoding="utf-8")
    shutil.rmtree(checkpoints)


if __name__ == "__main__":
    with run():
        main(sys.argv[1])
