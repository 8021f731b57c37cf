"""Whether what a stage reads is what dvc.lock says that the stages before it have put out.

DVC takes a file for what it was if its time, inode and size are, and an object of its cache if it may not be written:
what a disk has damaged, or somebody has planted, it would hand on, and record what is made of it as good for ever. So a
stage hashes what it reads, as DVC does, which takes a second for some hundred megabytes.
"""

import hashlib
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML, YAMLError

from superposition.stage import by_dvc, called

LOCK = Path("dvc.lock")


def confirm_inputs(*outs: Path) -> None:
    """Ends this process if one of these outputs is not what an earlier stage put out; started by hand, it does not."""
    if not by_dvc():
        return
    said = put_out()
    if unknown := [str(out) for out in outs if out.as_posix() not in said]:
        sys.exit(f"{called()}: {LOCK} does not have {', '.join(unknown)}; run make repro, which makes it first")
    if damaged := [str(out) for out in outs if hashed(out) != said[out.as_posix()]]:
        sys.exit(
            f"{called()}: {', '.join(damaged)}: not what {LOCK} says of it; "
            "make fsck removes what is damaged, make repro makes it anew"
        )


def put_out() -> dict[str, str]:
    """The hashes of all outputs that dvc.lock has."""
    try:
        lock: Mapping[str, Any] = YAML(typ="safe").load(LOCK) or {}
    except (FileNotFoundError, YAMLError):
        sys.exit(f"{called()}: {LOCK} is missing or cut off; run make repro, which puts it back")
    stages = lock.get("stages", {}).values()
    return {out["path"]: out[out["hash"]] for stage in stages for out in stage.get("outs", [])}


def hashed(path: Path) -> str:
    """A file or folder, as DVC notes it; nothing is said of what is not there."""
    if not path.is_dir():
        return md5(path) if path.is_file() else "missing"
    files = sorted((file.relative_to(path).as_posix(), file) for file in path.rglob("*") if file.is_file())
    listed = json.dumps([{"md5": md5(file), "relpath": name} for name, file in files], sort_keys=True)
    return hashlib.md5(listed.encode()).hexdigest() + ".dir"


def md5(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "md5").hexdigest()
