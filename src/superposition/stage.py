"""What every stage does around its work, so that nothing is recorded that nobody waits for, or that other code made.

DVC notes a stage's outputs when its command has ended. Killed alone, it leaves that command running, whose outputs come
beside or over those of a later run: so a stage ends when the DVC that started it is gone. And DVC does not know what a
script imports: so a stage refuses to run other files than those that `code` has noted of it, and looks again when it is
done, as they may have been edited since. Outputs are put in place when they are complete.

None of this concerns a stage that is started by hand.

    python -m superposition.stage        # which files are not what data/code says of them; exit status 1 if any
"""

import hashlib
import json
import os
import shutil
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

EVERY = 0.2  # seconds between looks at whether DVC is still there
CODE, PARTIAL = Path("data", "code"), Path("data", "partial")
OURS = ("src", "stages")


def ancestors() -> tuple[int, ...]:
    """The parent; and its own, where the parent is the shell that DVC has given the command to."""
    parent = os.getppid()
    try:
        if sys.argv[0].encode() in Path(f"/proc/{parent}/cmdline").read_bytes():
            return parent, int(Path(f"/proc/{parent}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[1])
    except OSError:  # there is no /proc, or the parent has just ended
        pass
    return (parent,)


STARTED_BY = ancestors()


def by_dvc() -> bool:
    return "DVC_STAGE" in os.environ


def wanted() -> bool:
    """Whether the DVC that has started this process is there. Who adopts an orphan is of another process group."""
    try:
        return ancestors() == STARTED_BY and os.getpgid(STARTED_BY[-1]) == os.getpgrp()
    except OSError:
        return False


def called() -> str:
    """This stage, as messages name it."""
    return " ".join([Path(sys.argv[0]).stem, *sys.argv[1:]])


@contextmanager
def run() -> Iterator[None]:
    """Around a stage's work. What the system refuses (space, memory, permission) is said in one line."""
    if by_dvc():
        confirm()
        threading.Thread(target=_watch, daemon=True).start()
    try:
        yield
    except MemoryError as error:
        sys.exit(f"{called()}: out of memory{f': {error}' if str(error) else ''}")
    except OSError as error:
        sys.exit(f"{called()}: {error}")


@contextmanager
def reading() -> Iterator[None]:
    """Around the reading of inputs: that one is damaged, or another version's, is said in one line."""
    try:
        yield
    except (ValueError, KeyError, EOFError) as error:
        said = " ".join(str(error).split())
        sys.exit(f"{called()}: an input is damaged ({said}); make fsck removes it, make repro makes it anew")


@contextmanager
def placed(path: Path) -> Iterator[Path]:
    """Where to write a file or folder, which takes the place of what is at `path` when it is complete and wanted."""
    partial = PARTIAL / path.as_posix().replace("/", "-")
    _remove(partial)
    partial.parent.mkdir(parents=True, exist_ok=True)
    try:
        yield partial
        if by_dvc():
            confirm()
        if path.is_dir():
            _remove(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(partial, path)  # a file takes the place of another at once
    finally:
        _remove(partial)


def confirm() -> None:
    """Ends this process if what it makes must not be recorded."""
    if not wanted():
        sys.exit(f"{called()}: the DVC that has started this is gone, nothing is written")
    noted = noted_of(os.environ["DVC_STAGE"])
    if noted is None:
        return
    if found := [*changed(noted), *(f"{file} (new)" for file in others(noted))]:
        sys.exit(
            f"{called()}: {', '.join(found)}: not what the stage `code` has noted, so that DVC would record this with "
            "other code than it was made by; run make repro, or dvc repro without --single-item"
        )


def noted_of(stage: str) -> dict[str, str] | None:
    """The digests of the files that a stage runs, `measure@intro` or `report`; None of one that needs none."""
    name, _, experiment = stage.rpartition(":")[2].partition("@")
    for file in (CODE / name / f"{experiment}.json", CODE / f"{name}.json"):
        if file.is_file():
            return json.loads(file.read_text(encoding="utf-8"))
    return None


def changed(noted: Mapping[str, str]) -> list[str]:
    """The files that are not what was noted."""

    def digest(file: str) -> str:
        try:
            return hashlib.sha256(Path(file).read_bytes()).hexdigest()
        except FileNotFoundError:
            return "missing"

    return [file for file, was in noted.items() if digest(file) != was]


def others(noted: Mapping[str, str]) -> list[str]:
    """Files of this project that this process has loaded, and that were not noted: as one that shadows a library."""
    here = Path.cwd()
    loaded = {Path(file) for module in list(sys.modules.values()) if (file := getattr(module, "__file__", None))}
    inside = {(here / file).relative_to(here).as_posix() for file in loaded if (here / file).is_relative_to(here)}
    return sorted(file for file in inside if file.partition("/")[0] in OURS and file not in noted)


def _watch() -> None:
    while wanted():
        time.sleep(EVERY)
    os.write(2, f"{called()}: the DVC that has started this is gone, nothing is written\n".encode())
    os._exit(1)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def main() -> int:
    noted: dict[str, str] = {}
    for file in CODE.rglob("*.json"):
        noted |= json.loads(file.read_text(encoding="utf-8"))
    if found := changed(noted):
        print(f"{', '.join(sorted(found))}: edited since it was noted what stages run; run it again", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
