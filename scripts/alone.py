"""Run a DVC command when no other one is at work in this checkout: python -m scripts.alone [--now] dvc repro ...

DVC's own locks are of two kinds. `.dvc/tmp/lock` is the system's (flock), which ends with its owner; DVC gives it back
while a stage runs. What stages read and write is noted in a file meanwhile, `.dvc/tmp/rwlock`, by the number of the
process, and stays when that is killed. DVC takes a number that exists for the owner, be it a zombie or a process that
got the number later, and says "is busy"; and a file that was cut off while it was written stops every run. Here an
owner counts if it is alive and was started with the command that it noted. Others are forgotten, and stages that were
left running by a DVC that is gone are ended: nobody would note what they write.

DVC also writes dvc.lock in place, piece by piece, after each stage. One that was cut off there stops every command of
DVC's: the one from before that run is put back. What was computed meanwhile is in DVC's cache, and is not lost.

DVC hashes what a stage depends on when the stage has ended. Code that is edited just then is recorded with what `check`
and `code` had made before, which all that comes after goes by: so both run again where they would make something else
now.

An owner that lives is named and waited for; with --now that is an error. The command takes this process's place, and
holds a lock of the system's until it ends, however it does.
"""

import argparse
import fcntl
import hashlib
import json
import os
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO

import psutil
from ruamel.yaml import YAML, YAMLError

from superposition import sources

TMP, DATA = Path(".dvc", "tmp"), Path("data")
NOTES = (TMP / "rwlock", TMP / "exps" / "rwlock")
OURS, DVCS = TMP / "alone.lock", TMP / "lock"
LOCK, KEPT = Path("dvc.lock"), TMP / "dvc.lock.kept"
CURRENT = TMP / "current.sha256"  # of what `outdated` found nothing in when it last looked
EVERY = 0.5  # seconds
GRACE = 5.0  # seconds that a stage has to end when asked to


class Unreadable(Exception):
    """A file of owners that is no JSON of DVC's, as when its writer was killed, or the disk was full."""


def say(text: str) -> None:
    print(f"make: {text}", file=sys.stderr, flush=True)


def take(path: Path) -> TextIO | None:
    """The system's lock on a file, or None where another process holds it."""
    file = path.open("a+", encoding="utf-8")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        return None
    return file


def holder(path: Path) -> int | None:
    """The process that has noted its number in the lock that it holds."""
    text = path.read_text(encoding="utf-8", errors="replace").strip()
    return int(text) if text.isdecimal() else None


def described(pid: int | None) -> str:
    """A process as a person finds it."""
    try:
        process = psutil.Process(pid)
        since = time.strftime("%H:%M:%S", time.localtime(process.create_time()))
        stopped = ", stopped" if process.status() == psutil.STATUS_STOPPED else ""
        return f"PID {process.pid} ({shlex.join(process.cmdline())}; since {since}{stopped})"
    except (psutil.Error, TypeError):
        return f"PID {pid}" if pid else "another process"


def alive(owner: dict[str, Any]) -> bool:
    """Whether the process that has noted itself is still there, and not another one that got its number since."""
    try:
        process = psutil.Process(owner["pid"])
        if process.status() == psutil.STATUS_ZOMBIE:
            return False
        _, _, arguments = owner["cmd"].partition(" ")  # the program may be a module, which is called by its name
        return " ".join(process.cmdline()).endswith(arguments)
    except psutil.NoSuchProcess:
        return False
    except psutil.AccessDenied:  # somebody else's
        return True


def owners(note: Path) -> dict[str, dict[str, list[dict[str, Any]]]]:
    """What a file of DVC's says: for `read` and `write` the owners of each path."""
    try:
        noted = json.loads(note.read_text(encoding="utf-8"))
        found = {
            mode: {path: each if isinstance(each, list) else [each] for path, each in noted.get(mode, {}).items()}
            for mode in ("read", "write")
        }
        for owner in (owner for paths in found.values() for each in paths.values() for owner in each):
            if type(owner["pid"]) is not int or type(owner["cmd"]) is not str:
                raise Unreadable(note)
    except FileNotFoundError:
        return {"read": {}, "write": {}}
    except (ValueError, KeyError, TypeError, AttributeError):
        raise Unreadable(note) from None
    return found


def forget_the_dead(note: Path) -> set[int]:
    """Take owners that are gone out of a file of DVC's; the numbers of those that are alive."""
    if not note.exists():
        return set()
    guard = None
    while not (guard := take(note.with_name("rwlock.lock"))):  # DVC holds it for as long as it writes
        time.sleep(0.05)
    with guard:
        try:
            noted = owners(note)
        except Unreadable:
            say(f"{note} is cut off or not DVC's; removed")
            note.unlink(missing_ok=True)
            return set()
        kept = {
            mode: {path: left for path, each in paths.items() if (left := [owner for owner in each if alive(owner)])}
            for mode, paths in noted.items()
        }
        if kept != noted:
            every = [owner for paths in noted.values() for each in paths.values() for owner in each]
            gone = {owner["pid"]: owner["cmd"] for owner in every if not alive(owner)}
            for pid, command in gone.items():
                say(f"PID {pid} ({command}) has ended without giving its locks back; they are forgotten")
            partial = note.with_suffix(".partial")
            partial.write_text(
                json.dumps({"write": {path: each[0] for path, each in kept["write"].items()}, "read": kept["read"]}),
                encoding="utf-8",
            )
            partial.replace(note)
        return {owner["pid"] for paths in kept.values() for each in paths.values() for owner in each}


def stages(root: Path) -> Iterator[psutil.Process]:
    """Processes of stages that DVC has started in this checkout; those of queued experiments run in copies of it."""
    for process in psutil.process_iter():
        try:
            if "DVC_STAGE" in process.environ() and Path(process.cwd()) == root:
                yield process
        except (psutil.Error, OSError):
            continue


def dvc_above(process: psutil.Process) -> int | None:
    """The DVC that has started a stage, directly or by a shell; None if it is gone."""
    for above in process.parents():
        try:
            words = above.cmdline()
        except psutil.Error:
            continue
        # dvc, python dvc, python -m dvc, python -m scripts.quiet
        if any(Path(word).name in ("dvc", "scripts.quiet") for word in words[:3]):
            return above.pid
    return None


def end(left: list[psutil.Process]) -> None:
    """End stages that nobody waits for."""
    for process in left:
        say(f"{described(process.pid)} was left behind by a DVC that is gone; it is ended")
        process.terminate()
    for process in psutil.wait_procs(left, timeout=GRACE)[1]:
        process.kill()


def at_work() -> set[int | None]:
    """Other DVCs in this checkout; None for one that cannot be told."""
    found: set[int | None] = set()
    if DVCS.exists() and not (lock := take(DVCS)):
        found.add(holder(DVCS))
    elif DVCS.exists() and lock:
        lock.close()
    running = {process: dvc_above(process) for process in stages(Path.cwd())}
    found |= {dvc for dvc in running.values() if dvc}
    end([process for process, dvc in running.items() if dvc is None])
    for note in NOTES:
        found |= forget_the_dead(note)
    return found


def whole(lock: Path) -> bool:
    """Whether all of it is there: of one that was cut off the last line has no end, or the last stage lacks a part."""
    text = lock.read_text(encoding="utf-8", errors="replace")
    try:
        stages = YAML(typ="safe").load(text)["stages"].values()
        return text.endswith("\n") and all(stage["cmd"] and stage["outs"] for stage in stages)
    except (YAMLError, KeyError, TypeError, AttributeError):
        return False


def mend() -> None:
    """Puts back the dvc.lock from before the run that was killed while DVC wrote it, or else the committed one."""
    if not LOCK.exists():
        return
    if KEPT.exists() and KEPT.read_bytes() == LOCK.read_bytes():
        return  # seen to be whole then; it takes long to read
    if whole(LOCK):
        partial = KEPT.with_suffix(".partial")
        shutil.copyfile(LOCK, partial)
        partial.replace(KEPT)
        return
    partial = LOCK.with_suffix(".partial")
    if KEPT.exists() and whole(KEPT):
        shutil.copyfile(KEPT, partial)
        source = "the one from before that run"
    else:
        partial.write_bytes(subprocess.run(["git", "show", f"HEAD:{LOCK}"], capture_output=True).stdout)
        source = "the committed one"
    partial.replace(LOCK)
    say(f"{LOCK} was cut off while DVC wrote it; {source} is put back")


def outdated() -> list[str]:
    """Of `check` and `code` those that have made something else of the files here than they would now."""
    noted = DATA / "code"
    if not (LOCK.exists() and (DATA / "params.json").exists() and noted.exists()):
        return []  # DVC runs them
    seen = digest(noted)
    if CURRENT.exists() and CURRENT.read_text(encoding="utf-8", errors="replace") == seen:
        return []
    from stages import code
    from superposition.params.document import as_json, parse

    try:
        if as_json(parse(Path("params.yaml"))) != code.PARAMS.read_text(encoding="utf-8"):
            return ["check", "code"]
        files = {file.relative_to(noted).as_posix(): file.read_text(encoding="utf-8") for file in noted.rglob("*.json")}
        if {name: json.loads(text) for name, text in files.items()} != code.noted():
            return ["code"]
    except (ValueError, SyntaxError):  # refused parameters, code that cannot be read: which is for those stages to say
        return []
    if digest(noted) == seen:  # else something was edited just now
        CURRENT.write_text(seen, encoding="utf-8")
    return []


def digest(noted: Path) -> str:
    """Of all that decides what `outdated` finds: what `check` and `code` read, and what they have made."""
    files = (Path("params.yaml"), DATA / "params.json", *noted.rglob("*.json"))
    of_each = sources.digests() | {file.as_posix(): hashlib.sha256(file.read_bytes()).hexdigest() for file in files}
    return hashlib.sha256(json.dumps(of_each, sort_keys=True).encode()).hexdigest()


def run_again(stages: list[str]) -> None:
    """Whatever DVC has recorded of them."""
    done = subprocess.run(["dvc", "repro", "--quiet", "--force", "--single-item", *stages])
    if done.returncode != 0:
        sys.exit(done.returncode)


def refuse_links() -> None:
    """DVC keeps nothing of what lies behind a link, and says so only when it has been computed."""
    if DATA.is_symlink():
        say(f"{DATA} is a link, in which DVC keeps nothing; must be a folder (for a cache elsewhere: dvc cache dir)")
        sys.exit(1)


def wait_for(found: set[int | None], now: bool, said: set[int | None]) -> None:
    if now:
        say(f"{', '.join(map(described, found))} is at work in this checkout; try again when it has ended")
        sys.exit(1)
    for pid in found - said:
        say(f"waiting for {described(pid)}, which is at work in this checkout")
    said |= found
    time.sleep(EVERY)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m scripts.alone", description="Run a DVC command alone.")
    parser.add_argument("--now", action="store_true", help="fail where another one is at work, instead of waiting")
    parser.add_argument("command", nargs=argparse.REMAINDER)
    options = parser.parse_args()
    said: set[int | None] = set()
    try:
        TMP.mkdir(parents=True, exist_ok=True)
        while not (ours := take(OURS)):
            wait_for({holder(OURS)}, options.now, said)
        while found := at_work():
            wait_for(found, options.now, said)
        mend()
        refuse_links()
    except OSError as error:
        say(f"{error.filename or TMP}: {error.strerror}")
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
    ours.truncate(0)
    ours.write(str(os.getpid()))
    ours.flush()
    if again := outdated():
        run_again(again)
    os.set_inheritable(ours.fileno(), True)  # to the command, but not to what that starts
    os.execvp(options.command[0], options.command)


if __name__ == "__main__":
    main()
