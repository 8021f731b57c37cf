"""Hash all that is there anew, whatever DVC remembers of it: make fsck.

DVC takes a file for unchanged if its time, inode and size are, and an object of its cache if it may not be written. A
disk that has flipped a bit, or somebody who has set the time of a file back, is not noticed by that. Here every object
of the cache is compared with its name, and every output with dvc.lock. What differs is removed, so that the next
`make repro` takes it from the cache or makes it anew. Exit status: 0 nothing differs, 1 something did.
"""

import hashlib
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from scripts.verify import read_yaml

OBJECTS = Path(".dvc", "cache", "files", "md5")


def md5(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "md5").hexdigest()


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


def of_folder(path: Path) -> str:
    """As DVC hashes a folder."""
    files = sorted((file.relative_to(path).as_posix(), file) for file in path.rglob("*") if file.is_file())
    text = json.dumps([{"md5": md5(file), "relpath": name} for name, file in files], sort_keys=True)
    return hashlib.md5(text.encode()).hexdigest() + ".dir"


def damaged_outputs(lock: dict[str, Any], objects: Path) -> Iterator[Path]:
    """Files, or folders of which no list is there, that are not what dvc.lock says; what is missing is not damaged."""
    for out in (out for stage in lock.get("stages", {}).values() for out in stage.get("outs", [])):
        files = listed(out, objects)
        path = Path(out["path"])
        if files is not None:
            yield from (file for file, was in files.items() if file.is_file() and md5(file) != was)
            yield from (file for file in path.rglob("*") if path.is_dir() and file.is_file() and file not in files)
        elif path.is_dir() and of_folder(path) != out["md5"]:
            yield path


def remove(path: Path) -> None:
    for file in [path] if path.is_file() else [file for file in path.rglob("*") if file.is_file()]:
        os.chmod(file, 0o600)
        file.unlink()


def main() -> int:
    found = damaged_objects(OBJECTS)
    for file in found:  # first: their lists are trusted next
        remove(file)
    outputs = list(damaged_outputs(read_yaml(Path("dvc.lock")), OBJECTS))
    for path in outputs:
        remove(path)
    for path in found + outputs:
        print(f"fsck: {path} was not what its hash says; removed", file=sys.stderr)
    if found or outputs:
        print("fsck: make repro gets or makes it anew", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
