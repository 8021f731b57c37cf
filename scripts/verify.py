"""Recompute experiments from nothing and compare every output's hash with the committed dvc.lock.

    make verify                        # intro: a few minutes
    make verify EXPERIMENTS="a b"      # these
    make verify EXPERIMENTS=all        # every stage, the report too

It prints a line for each output, then one for each kind of stage, which tells where bits have changed with another
release of PyTorch, NumPy, SciPy or matplotlib; packages whose version is not requirements.txt's are named.

What is checked is HEAD, in a fresh clone: no DVC cache, no run cache, no dvc.lock to start from. The clone uses this
interpreter's packages and its own code. Exit status: 0 all the same, 1 something differs or a stage failed, 2 a request
that cannot be checked.
"""

import argparse
import importlib.metadata
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

from packaging.requirements import Requirement
from ruamel.yaml import YAML

Lock = dict[str, Any]  # dvc.lock's stages by name


def read_yaml(path: Path) -> dict[str, Any]:
    return YAML(typ="safe").load(path) or {} if path.exists() else {}


def git(*arguments: str) -> str:
    return subprocess.run(["git", *arguments], check=True, text=True, stdout=subprocess.PIPE).stdout.strip()


def ended(command: Sequence[str], folder: Path, environment: Mapping[str, str] | None) -> tuple[int, bool]:
    """The exit status of a command, and whether Ctrl-C was pressed, which the command is left to end at, in order."""
    stopped: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, _: stopped.append(number))
    try:
        with subprocess.Popen(command, cwd=folder, env=environment) as running:
            return running.wait(), bool(stopped)
    finally:
        signal.signal(signal.SIGINT, before)


def refuse(reason: str, program: str = "verify") -> NoReturn:
    print(f"{program}: {reason}", file=sys.stderr)
    sys.exit(2)


def isolated(scratch: Path) -> dict[str, str]:
    """The environment for a clone's stages: DVC's own settings and caches of this machine are kept out."""
    return os.environ | {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": "src",
        "DVC_NO_ANALYTICS": "1",
        "DVC_GLOBAL_CONFIG_DIR": str(scratch / "global"),
        "DVC_SYSTEM_CONFIG_DIR": str(scratch / "system"),
        "DVC_SITE_CACHE_DIR": str(scratch / "site"),
    }


def recompute(clone: Path, targets: list[str], scratch: Path) -> None:
    """Run the targets and all that they need."""
    command = [sys.executable, "-m", "dvc", "repro", "--force", "--no-run-cache", *targets]
    if subprocess.run(command, cwd=clone, env=isolated(scratch)).returncode != 0:
        print("verify: a stage failed, see above", file=sys.stderr)
        sys.exit(1)


def hashes(lock: Lock, stage: str, kind: str = "outs") -> dict[str, str]:
    return {entry["path"]: entry[entry["hash"]] for entry in lock.get(stage, {}).get(kind, [])}


def compare(committed: Lock, recomputed: Lock, stages: list[str]) -> int:
    """Print one line per output, and one per kind of stage; the number of outputs that are not `same`."""
    rows = [("stage", "output", "", "dvc.lock", "recomputed")]
    for stage in stages:
        before, after = hashes(committed, stage), hashes(recomputed, stage)
        for path in sorted(before | after):
            old, new = before.get(path, "missing"), after.get(path, "missing")
            rows.append((stage, path, "same" if old == new else "DIFFERENT", old[:8], new[:8]))
    widths = [max(len(row[column]) for row in rows) for column in range(5)]
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
    print()
    kinds = [row[0].partition("@")[0] for row in rows[1:]]
    for kind in dict.fromkeys(kinds):
        same = [row[2] == "same" for row, its_kind in zip(rows[1:], kinds, strict=True) if its_kind == kind]
        print(f"{kind}: {sum(same)} of {len(same)} outputs same")
    return sum(row[2] == "DIFFERENT" for row in rows)


def other_versions(requirements: Path) -> list[str]:
    """Packages that are installed here in another version than the one that is pinned."""
    found = []
    for line in requirements.read_text(encoding="utf-8").splitlines():
        if (
            line[:1].isalpha()
            and (pin := Requirement(line.rstrip("\\ ")))
            and (not pin.marker or pin.marker.evaluate())
        ):
            try:
                version = importlib.metadata.version(pin.name)
            except importlib.metadata.PackageNotFoundError:
                version = "missing"
            if version == "missing" or not pin.specifier.contains(version, prereleases=True):
                found.append(f"{pin.name} {version} ({pin.specifier})")
    return found


def stale(committed: Lock, recomputed: Lock, stages: list[str]) -> list[str]:
    """Stages whose command, parameters or source files are not those that the committed dvc.lock was made with."""
    made = {path for stage in recomputed if stage != "code" for path in hashes(recomputed, stage)}

    def inputs(lock: Lock, stage: str) -> tuple[Any, ...]:
        # What `code` notes of sources stands for them.
        sources = {path: md5 for path, md5 in hashes(lock, stage, "deps").items() if path not in made}
        return lock.get(stage, {}).get("cmd"), lock.get(stage, {}).get("params"), sources

    return [stage for stage in stages if inputs(committed, stage) != inputs(recomputed, stage)]


def in_short(named: list[str], stages: list[str]) -> str:
    """Some of these stages; one word for all of a kind."""

    def of_kind(kind: str, among: list[str]) -> list[str]:
        return [stage for stage in among if stage.partition("@")[0] == kind]

    parts: list[str] = []
    for kind in dict.fromkeys(stage.partition("@")[0] for stage in named):
        own = of_kind(kind, named)
        parts += [f"all {len(own)} of {kind}"] if len(own) > 1 and own == of_kind(kind, stages) else own
    return ", ".join(parts)


def main() -> int:
    """Verify what the command line names."""
    parser = argparse.ArgumentParser(description="Recompute HEAD in a fresh clone and compare with its dvc.lock.")
    parser.add_argument("experiments", nargs="*", help="experiments of params.yaml, or all (default: intro)")
    parser.add_argument("--keep", action="store_true", help="leave the clone where it is")
    arguments = parser.parse_args()
    chosen = arguments.experiments or ["intro"]

    start = time.monotonic()
    root = git("rev-parse", "--show-toplevel")
    print(f"Checking HEAD, {git('log', '-1', '--format=%h %s')}", flush=True)
    if git("status", "--porcelain"):
        print("Note: the working tree has changes that are not committed; they are not checked.", flush=True)

    scratch = Path(tempfile.mkdtemp(prefix="verify-"))
    try:
        clone = scratch / "clone"
        git("clone", "--quiet", "--local", root, str(clone))
        committed: Lock = read_yaml(clone / "dvc.lock").get("stages", {})
        known = list(read_yaml(clone / "params.yaml").get("experiments", {}))
        if unknown := [name for name in chosen if name not in [*known, "all"]]:
            refuse(f"HEAD has no experiment {', '.join(unknown)}; it has {', '.join(known)}, or say all")
        names = known if "all" in chosen else chosen
        if absent := [f"plot@{name}" for name in names if f"plot@{name}" not in committed]:
            refuse(f"the committed dvc.lock lacks {', '.join(absent)}: run make repro, then commit dvc.lock")

        # Started without a dvc.lock, DVC writes one of just what ran: the targets and all that they need.
        (clone / "dvc.lock").unlink()
        recompute(clone, [] if "all" in chosen else [f"plot@{name}" for name in names], scratch)
        recomputed: Lock = read_yaml(clone / "dvc.lock")["stages"]
        stages = list(recomputed)
        if "all" in chosen:
            stages += [stage for stage in committed if stage not in recomputed]

        print()
        # The digests of sources are no results.
        different = compare(committed, recomputed, [stage for stage in stages if stage != "code"])
        if others := other_versions(clone / "requirements.txt"):
            print(f"\nNote: installed are not the versions of requirements.txt: {', '.join(others)}.")
        if outdated := stale(committed, recomputed, stages):
            print(f"\nNote: dvc.lock was made with other code or parameters for {in_short(outdated, stages)}.")
        verdict = f"{different} outputs differ from the committed dvc.lock" if different else "All outputs are the same"
        print(f"\n{verdict}: {len(stages)} stages in {time.monotonic() - start:.0f} s.")
        return 1 if different else 0
    finally:
        if arguments.keep:
            print(f"The clone is kept: {scratch / 'clone'}")
        else:
            shutil.rmtree(scratch, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
