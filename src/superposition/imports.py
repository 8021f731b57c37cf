"""Which files of this project a script runs, found in the import statements of each."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

EVERY = Path("requirements.txt")  # what all scripts run besides
FOUND_BY_LOOKING = "superposition.claims"  # whose modules the package imports without naming them


def files(script: Path, *modules: str) -> list[Path]:
    """A script, what it and these modules import of this project, and what lies beside them by their names."""
    found: set[Path] = set()
    todo = [script, *(place for module in modules for place in places(module))]
    while todo:
        file = todo.pop()
        if file not in found:
            found.add(file)
            todo += imported(file)
    beside = {near for file in found for near in file.parent.glob(f"{file.stem}.*")}
    return sorted(beside | {EVERY})


def modules_of(*axes: Any) -> list[str]:
    """The modules that models bring, of axes of models, by the names that they would be imported by."""
    every = [model for axis in axes for model in (axis if isinstance(axis, list) else [axis])]
    own = [model["module"] for model in every if isinstance(model, dict) and model.get("module")]
    return [".".join(Path(module.partition(":")[0]).with_suffix("").parts[1:]) for module in own]


@cache
def imported(file: Path) -> frozenset[Path]:
    """Files of this project that a file imports, at its head or anywhere else."""
    names = set(imports(ast.parse(file.read_bytes())))
    found = {place for name in names for place in places(name)}
    if any(name == FOUND_BY_LOOKING or name.startswith(f"{FOUND_BY_LOOKING}.") for name in names):
        found |= set(Path("src", *FOUND_BY_LOOKING.split(".")).glob("*.py"))
    return frozenset(found)


def imports(tree: ast.AST) -> Iterator[str]:
    """Names that may be modules: of `from a import b`, a and a.b."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.module, "a relative import, which is not followed"
            yield from (node.module, *(f"{node.module}.{name.name}" for name in node.names))


def places(module: str) -> Iterator[Path]:
    """The file of a module of this project, if it is one, and those of the packages that it is in."""
    parts = module.split(".")
    packages = (Path("src", *parts[:depth], "__init__.py") for depth in range(1, len(parts) + 1))
    yield from filter(Path.is_file, (*packages, Path("src", *parts).with_suffix(".py")))
