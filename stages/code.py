"""python stages/code.py: notes the files that each stage runs, data/code/STAGE.json, for stages to depend on.

DVC does not look at what a script imports. A stage that depends on its own file here reruns if any of the modules that
it imports has changed, and for no other change; and dvc.lock need not list those modules once for each experiment.
"""

import hashlib
import json
from modulefinder import ModuleFinder
from pathlib import Path

STAGES = ("generate", "train", "measure", "plot", "report")
EVERY = "requirements.txt"  # what all stages run besides
LOOKED_THROUGH = {"superposition.claims"}  # packages that import whatever modules they find in themselves


def main() -> None:
    out = Path("data/code")
    out.mkdir(parents=True, exist_ok=True)
    for stage in STAGES:
        digests = {str(file): hashlib.sha256(file.read_bytes()).hexdigest() for file in files(stage)}
        text = json.dumps(digests, indent=1, sort_keys=True) + "\n"
        (out / f"{stage}.json").write_text(text, encoding="utf-8")


def files(stage: str) -> list[Path]:
    """The stage's script, the modules of this project that it imports, and what lies beside a module by its name."""
    finder = ModuleFinder(path=["src"])
    finder.run_script(f"stages/{stage}.py")
    for package in LOOKED_THROUGH & finder.modules.keys():
        for file in Path("src", *package.split(".")).glob("*.py"):
            finder.import_hook(f"{package}.{file.stem}")
    found = (getattr(module, "__file__", None) for module in finder.modules.values())  # None: built into Python
    modules = (Path(name).resolve() for name in found if name)
    beside = {file.relative_to(Path.cwd()) for module in modules for file in module.parent.glob(f"{module.stem}.*")}
    return sorted(beside | {Path(EVERY)})


if __name__ == "__main__":
    main()
