"""Bring back what is committed: params.yaml, dvc.lock, what the pipeline has made in reports/, and data/.

    make undo                  # says what it throws away, and does it
    make undo ARGS=--dry       # only says

Nothing is computed, and no other file is touched. Results in data/ come out of DVC's cache; those of the committed
parameters that were never computed here are not there afterwards either, but neither are those of other parameters in
their place. What a run made that is undone stays in DVC's cache and can be had again; an edited params.yaml is put into
.dvc/tmp/undone.yaml. Variants stay.
"""

import argparse
import io
import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from dvc.repo import Repo
from ruamel.yaml import YAML

from scripts.verify import git
from superposition.inputs import hashed
from superposition.report import outputs

PARAMS, LOCK, DATA = Path("params.yaml"), Path("dvc.lock"), Path("data")
# What the stages plot and report make. Costs and runs at full scale, which are in reports/ too, are made on their own.
REPORTS = (
    "reports/figures",
    "reports/curves",
    "reports/claims.json",
    "reports/metrics.json",
    "reports/metrics",
    "reports/index.html",
)
PATHS = (str(PARAMS), str(LOCK), *REPORTS)
KEPT = Path(".dvc", "tmp", "undone.yaml")
OF_EACH = ("trained", "tables")  # folders of data/ that have one for each experiment, known to DVC


def main() -> None:
    parser = argparse.ArgumentParser(prog="make undo", description="Bring back what is committed.")
    parser.add_argument("--dry", action="store_true", help="only say what would be thrown away")
    dry = parser.parse_args().dry
    edited = changed()
    outs = committed_outs()
    repo = Repo()
    other = {path: md5 for path, md5 in outs.items() if not Path(path).exists() or hashed(Path(path)) != md5}
    cached = {path for path, md5 in other.items() if complete(repo, md5)}
    gone = [Path(path) for path in other if path not in cached and Path(path).exists()]
    gone += unknown(set(outs))
    replaced = sorted(path for path in cached if Path(path).exists())

    would = "would be " if dry else ""
    for how, path in edited:
        print(f"undo: {path} {would}{'removed: it is not committed' if how == '??' else 'as it is committed again'}")
    for path in replaced:
        print(f"undo: {path} {would}as it is committed again, out of DVC's cache")
    for left in gone:
        print(
            f"undo: {left} {would}removed: it was computed with other parameters or code, or of an experiment that is "
            "gone"
        )
    if dry:
        if not (edited or replaced or gone):
            print("undo: nothing would be thrown away")
        return
    if any(path == str(PARAMS) for _, path in edited) and PARAMS.is_file():
        KEPT.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(PARAMS, KEPT)
        print(f"undo: params.yaml as it was is kept in {KEPT}")

    git("reset", "--quiet", "--", *PATHS)
    if tracked := git("ls-files", "--", *PATHS).splitlines():
        git("restore", "--", *(path for path in PATHS if any(Path(file).is_relative_to(path) for file in tracked)))
    git("clean", "-fdq", "--", *PATHS)
    outputs.remove_partial(Path())
    for left in gone:
        if left.is_dir():
            shutil.rmtree(left)
        else:
            left.unlink()
    for trained in [*gone, *map(Path, replaced)]:
        if trained.parent.name == "trained":  # what its training took is noted beside
            (DATA / "manifests" / f"{trained.name}.json").unlink(missing_ok=True)
    if cached:
        Repo().checkout(targets=sorted(cached), force=True)
    missing = len(other) - len(cached)
    rest = f"; {missing} of {len(outs)} results in data/ were not computed here: make repro computes them"
    print(f"undo: {'done' if edited or cached or gone else 'all is as committed'}{rest if missing else ''}")


def changed() -> list[tuple[str, str]]:
    """What is not as committed, with how git marks it."""
    command = ["git", "status", "--porcelain", "--no-renames", "--untracked-files=all", "-z", "--", *PATHS]
    said = subprocess.run(command, check=True, text=True, stdout=subprocess.PIPE).stdout
    return [(line[:2], line[3:]) for line in said.split("\0") if line]


def committed_outs() -> dict[str, str]:
    """What is in data/ by the committed dvc.lock, with its digest."""
    done = subprocess.run(["git", "show", f"HEAD:{LOCK}"], capture_output=True, text=True)
    lock: dict[str, Any] = YAML(typ="safe").load(io.StringIO(done.stdout)) if done.returncode == 0 else {}
    outs = (out for stage in lock.get("stages", {}).values() for out in stage.get("outs", []))
    return {out["path"]: out["md5"] for out in outs if Path(out["path"]).is_relative_to(DATA)}


def unknown(known: set[str]) -> Iterator[Path]:
    """Results of experiments that the commit does not have."""
    for part in OF_EACH:
        yield from (path for path in sorted((DATA / part).glob("*")) if path.as_posix() not in known)


def complete(repo: Repo, md5: str) -> bool:
    """Whether DVC's cache has a file, or a folder with all that is in it."""
    cache = repo.cache.local
    if not cache.exists(md5):
        return False
    if not md5.endswith(".dir"):
        return True
    listed = json.loads(Path(cache.oid_to_path(md5)).read_text(encoding="utf-8"))
    return all(cache.exists(entry["md5"]) for entry in listed)


if __name__ == "__main__":
    main()
