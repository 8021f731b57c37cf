"""Hash all that is there anew, whatever DVC remembers of it: make fsck.

DVC takes a file for unchanged if its time, inode and size are, and an object of its cache if it may not be written. A
disk that has flipped a bit, or somebody who has set the time of a file back, is not noticed by that. Here every object
of the cache is compared with its name, and every output with dvc.lock. What differs is removed, so that the next
`make repro` takes it from the cache or makes it anew. So is all that stages have made of it, here, in the cache and in
what DVC remembers of earlier runs: nobody knows whether it was damaged when they read it. Exit status: 0 nothing
differs, 1 something did.
"""

import json
import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

from scripts.verify import read_yaml
from superposition.inputs import hashed, md5

OBJECTS, RUNS = Path(".dvc", "cache", "files", "md5"), Path(".dvc", "cache", "runs")
Run = dict[str, Any]  # of a stage: what it read, and what it put out
Name = TypeVar("Name")


def damaged_objects(objects: Path) -> list[Path]:
    """Files of DVC's cache that are not what they are called by."""
    found = (file for file in sorted(objects.glob("??/*")) if file.is_file())
    return [file for file in found if md5(file) != file.parent.name + file.name.removesuffix(".dir")]


def listed(out: dict[str, Any], objects: Path) -> dict[Path, str] | None:
    """The files of an output with their hashes; None if the cache does not have the list of a folder."""
    path, name = Path(out["path"]), out["md5"]
    if not name.endswith(".dir"):
        return {path: name}
    try:
        files = json.loads((objects / name[:2] / name[2:]).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    return {path / entry["relpath"]: entry["md5"] for entry in files}


def damaged_outputs(stages: Mapping[str, Run], objects: Path) -> Iterator[Path]:
    """Files, or folders of which no list is there, that are not what dvc.lock says; what is missing is not damaged."""
    for out in (out for stage in stages.values() for out in stage.get("outs", [])):
        files = listed(out, objects)
        path = Path(out["path"])
        if files is not None:
            yield from (file for file, was in files.items() if file.is_file() and md5(file) != was)
            yield from (file for file in path.rglob("*") if path.is_dir() and file.is_file() and file not in files)
        elif path.is_dir() and hashed(path) != out["md5"]:
            yield path


def held(damaged: list[Path], runs: Iterable[Run], objects: Path) -> set[Path]:
    """The outputs of these runs that are among damaged objects of the cache; of a folder, files inside."""
    names = {file.parent.name + file.name for file in damaged}
    found = set()
    for out in (out for run in runs for out in run.get("outs", [])):
        if out["md5"] in names:  # of a folder, the list
            found.add(Path(out["path"]))
        elif files := listed(out, objects):
            found |= {path for path, name in files.items() if name in names}
    return found


def made_of(paths: set[Path], runs: Mapping[Name, Run]) -> dict[Name, Run]:
    """The runs that have read one of these, or what such runs have made, and so on."""
    found: dict[Name, Run] = {}
    tainted = set(paths)
    while more := {name: run for name, run in runs.items() if name not in found and reads(run, tainted)}:
        found |= more
        tainted |= {Path(out["path"]) for run in more.values() for out in run.get("outs", [])}
    return found


def reads(run: Run, paths: set[Path]) -> bool:
    deps = [Path(dep["path"]) for dep in run.get("deps", [])]
    return any(path.is_relative_to(dep) or dep.is_relative_to(path) for dep in deps for path in paths)


def remove(path: Path) -> None:
    for file in [path] if path.is_file() else [file for file in path.rglob("*") if file.is_file()]:
        os.chmod(file, 0o600)
        file.unlink()


def main() -> int:
    now: dict[str, Run] = read_yaml(Path("dvc.lock")).get("stages", {})
    earlier: dict[Path, Run] = {file: read_yaml(file) for file in sorted(RUNS.glob("??/*/*"))}
    objects = damaged_objects(OBJECTS)
    here, ever = (held(objects, runs.values(), OBJECTS) for runs in (now, earlier))
    for file in objects:  # before: their lists are trusted next
        remove(file)
    outputs = list(damaged_outputs(now, OBJECTS))
    for path in outputs:
        remove(path)
    for path in objects + outputs:
        print(f"fsck: {path} was not what its hash says; removed", file=sys.stderr)

    for file in made_of(ever | here | set(outputs), earlier):
        remove(file)
    for run in made_of(here | set(outputs), now).values():
        for out in run["outs"]:
            remove(OBJECTS / out["md5"][:2] / out["md5"][2:])  # from which DVC would have it again
            if (path := Path(out["path"])).exists():
                remove(path)
                print(f"fsck: {path} was made of that; removed", file=sys.stderr)
    if objects or outputs:
        print("fsck: make repro gets or makes it anew", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
