"""python stages/code.py: notes the files that each stage runs, for stages to depend on: data/code/STAGE.json.

DVC does not look at what a script imports. A stage that depends on its own file here reruns if any of the modules that
it imports has changed, and for no other change; and dvc.lock need not list those modules once for each experiment. What
is measured and drawn of one experiment only is in modules that are found by name: `measure` and `plot` have a file for
each experiment, data/code/STAGE/EXPERIMENT.json.
"""

import hashlib
import json
from functools import cache
from pathlib import Path
from typing import Any

from superposition.imports import PACKAGE, files
from superposition.stage import placed, run

STAGES = ("generate", "train", "report")
STAGES_OF_EACH = ("measure", "plot")


def main() -> None:
    experiments = json.loads(Path("data/params.json").read_text(encoding="utf-8"))["experiments"]
    noted = {f"{stage}.json": files(script(stage)) for stage in STAGES}
    for stage in STAGES_OF_EACH:
        for name, experiment in experiments.items():
            noted[f"{stage}/{name}.json"] = files(script(stage), *own(stage, name, experiment))
    with placed(Path("data", "code")) as folder:
        for name, found in noted.items():
            out = folder / name
            out.parent.mkdir(parents=True, exist_ok=True)
            text = json.dumps({file.as_posix(): digest(file) for file in found}, indent=1, sort_keys=True)
            out.write_text(text + "\n", encoding="utf-8")


def own(stage: str, name: str, experiment: dict[str, Any]) -> list[str]:
    """Modules that a stage finds by the experiment's name, or by the keys of its `measures`."""
    if stage == "plot":
        return [f"{PACKAGE}.figures.{name}"]
    blocks = (experiment, experiment.get("full_scale") or {})
    return [f"{PACKAGE}.measures.{key}" for block in blocks for key in block.get("measures") or {}]


def script(stage: str) -> Path:
    return Path("stages", f"{stage}.py")


@cache
def digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


if __name__ == "__main__":
    with run():
        main()
