"""python stages/code.py: notes the files that each stage runs, for stages to depend on: data/code/STAGE.json.

DVC does not look at what a script imports. A stage that depends on its own file here reruns if a module that it imports
has changed, and for no other change; and dvc.lock need not list the modules of each. What only some experiments have is
in modules that are found by name: `train`, `measure` and `plot` have a file for each, STAGE/EXPERIMENT.json.
"""

import json
from functools import cache
from hashlib import sha256
from itertools import product
from pathlib import Path
from typing import Any

import superposition.stopping  # noqa: F401 (ends the stage at Ctrl-C)
from superposition.sources import confirm_unedited  # first: it sees to it that what comes now is what is there
from superposition.stage import placed, run

# isort: split
from superposition.imports import files, modules_of
from superposition.inputs import confirm_inputs

PARAMS = Path("data", "params.json")
STAGES, STAGES_OF_EACH = ("generate", "report"), ("train", "measure", "plot")


def main() -> None:
    confirm_inputs(PARAMS)
    with placed(Path("data", "code")) as folder:
        for name, digests in noted().items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(json.dumps(digests, indent=1, sort_keys=True) + "\n", encoding="utf-8")
        confirm_unedited()


def noted() -> dict[str, dict[str, str]]:
    """What each file of data/code has to say."""
    experiments = json.loads(PARAMS.read_text(encoding="utf-8"))["experiments"]
    found = {f"{stage}.json": files(Path("stages", f"{stage}.py")) for stage in STAGES}
    for stage, (name, block) in product(STAGES_OF_EACH, experiments.items()):
        found[f"{stage}/{name}.json"] = files(Path("stages", f"{stage}.py"), *own(stage, name, block))
    return {name: {file.as_posix(): digest(file) for file in each} for name, each in found.items()}


def own(stage: str, name: str, experiment: dict[str, Any]) -> list[str]:
    """Modules that a stage finds by the experiment's name, by the keys of its `measures`, or as its models."""
    scales = (experiment, experiment.get("full_scale") or {})
    measures = [f"superposition.measures.{key}" for block in scales for key in block.get("measures") or {}]
    models = modules_of(*(block.get("model") for block in scales))
    return {"train": models, "measure": measures + models, "plot": [f"superposition.figures.{name}"]}[stage]


@cache
def digest(file: Path) -> str:
    return sha256(file.read_bytes()).hexdigest()


if __name__ == "__main__":
    with run():
        main()
