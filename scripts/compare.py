"""Write what differs between runs into one page, variants/comparison.html, and in short into the terminal.

    make compare A=HEAD B=intro-sparsity=0,0.5,0.95      # by the name that make vary gave it
    make compare A=HEAD~1 B=HEAD                         # commits
    make compare                                         # HEAD and this checkout, which is called workspace
    make compare A=HEAD B=one C=another                  # up to four

Nothing is computed: figures, verdicts and metrics are in git, in the commits of branches and of DVC's experiments. Of
this checkout, what `make repro EXPERIMENTS=...` said last is laid over what the last run of all experiments said, and
what was edited since is named. Exit status: 0 done, 2 a request that cannot be met.
"""

import argparse
import io
import json
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from dvc.repo import Repo
from ruamel.yaml import YAML

from scripts.verify import git, read_yaml, refuse
from superposition.params import ParamsError, read_checked
from superposition.params import read as read_params
from superposition.params.experiments import resolve
from superposition.report import outputs, partial
from superposition.report.comparison import Run, compared, flat, rows, written

WORKSPACE = "workspace"
OUT = Path("variants", "comparison.html")
FIGURES, REPORTS = Path("reports", "figures"), Path("reports")
MOST = 20  # lines of a table in the terminal


def variants() -> dict[str, str]:
    """The commits of DVC's experiments by their names; of one name, that of the youngest."""
    form = "--format=%(objectname) %(refname)"
    listed = git("for-each-ref", "--sort=committerdate", form, "refs/exps").splitlines()
    found = [line.split(" ", 1) for line in listed]
    return {name.split("/", 4)[4]: commit for commit, name in found if name.count("/") == 4}


def revision(name: str) -> str | None:
    """The commit that git knows by a name, if it does."""
    done = subprocess.run(
        ["git", "rev-parse", "--verify", "--quiet", f"{name}^{{commit}}"], capture_output=True, text=True
    )
    return done.stdout.strip() if done.returncode == 0 else None


def commit_of(name: str) -> str:
    known = variants()
    if name in known:
        return known[name]
    if (commit := revision(name)) is None:
        named = f"; there are {', '.join(known)}" if known else ", of which there are none: make vary makes them"
        refuse(f"{name} is no commit and no variant{named}", "compare")
    return commit


def committed(name: str) -> tuple[Run, dict[str, str]]:
    """What a commit has, and the digests of its figures by path; the figures themselves are read where they differ."""
    commit = commit_of(name)

    def text(path: str) -> str:
        done = subprocess.run(["git", "show", f"{commit}:{path}"], capture_output=True, text=True, encoding="utf-8")
        return done.stdout if done.returncode == 0 else ""

    listed = git("ls-tree", "-r", "-z", commit, f"{FIGURES}/").split("\0")
    entries = (line.split("\t", 1) for line in listed if line)
    run = Run(
        name=name,
        about=git("log", "-1", "--format=%h %s", commit),
        parameters=YAML(typ="safe").load(io.StringIO(text("params.yaml"))) or {},
        metrics=json.loads(text("reports/metrics.json") or "{}"),
        claims=json.loads(text("reports/claims.json") or "[]"),
        figures={},
    )
    return run, {path: about.split()[2] for about, path in entries}


def here() -> tuple[Run, dict[str, str]]:
    """What this checkout has."""
    said = outputs.read(REPORTS)
    if (outputs.PARTIAL / "claims.json").is_file():
        said = partial.merged(said, outputs.read(outputs.PARTIAL))
    parameters = read_yaml(Path("params.yaml"))
    files = sorted(file.as_posix() for file in FIGURES.rglob("*.svg"))
    hashed = subprocess.run(
        ["git", "hash-object", "--stdin-paths"], input="\n".join(files), text=True, check=True, stdout=subprocess.PIPE
    )
    digests = dict(zip(files, hashed.stdout.split(), strict=True))
    return Run(WORKSPACE, "this checkout", parameters, said["metrics.json"], said["claims.json"], {}), digests


def with_figures(run: Run, paths: list[str], digests: dict[str, str]) -> Run:
    def read(path: str) -> bytes:
        if run.name == WORKSPACE:
            return Path(path).read_bytes()
        return subprocess.run(["git", "cat-file", "blob", digests[path]], check=True, stdout=subprocess.PIPE).stdout

    return replace(run, figures={path: read(path) for path in paths if path in digests})


def runs(names: list[str]) -> list[Run]:
    """What is compared, with the figures that differ."""
    found = [here() if name == WORKSPACE else committed(name) for name in names]
    differing = [row.key for row in rows([digests for _, digests in found])]
    return [with_figures(run, differing, digests) for run, digests in found]


def not_computed() -> Iterator[str]:
    """What of this checkout is not as params.yaml and the code are now, in lines."""
    committed = subprocess.run(["git", "show", "HEAD:params.yaml"], capture_output=True, text=True, encoding="utf-8")
    try:
        now = read_params(Path("params.yaml")).experiments
        noted = Path("data", "params.json")
        then = (
            read_checked(noted).experiments
            if noted.is_file()
            else resolve(YAML(typ="safe", pure=True).load(committed.stdout)).experiments
        )
    except ParamsError as error:
        yield f"params.yaml is not valid, and not computed:\n{error}"
        return
    changed = Repo().status()
    other = {name for name, experiment in now.items() if then.get(name) != experiment}
    other |= {stage.partition("@")[2] for stage, faults in changed.items() if "@" in stage and modified(faults)}
    if other:
        names = " ".join(name for name in now if name in other)
        yield f'not computed as params.yaml and the code are now: {names}; make repro EXPERIMENTS="{names}" does'
    if modified(changed.get("code", [])):
        yield "src/ or stages/ are other than when stages ran last: make status says what that concerns"


def modified(faults: Sequence[str | Mapping[str, Mapping[str, str]]]) -> bool:
    """Whether DVC says that something is other than it was. What is not there at all, as in a clone, is no edit."""
    said = [
        state for fault in faults if isinstance(fault, Mapping) for paths in fault.values() for state in paths.values()
    ]
    return "modified" in said


def in_short(title: str, documents: list[dict[str, Any]]) -> None:
    differing = rows(documents)
    print(f"{title}: {len(differing)} differ")
    for row in differing[:MOST]:
        print(f"  {row.key}: {' -> '.join(map(written, row.values))}")
    if len(differing) > MOST:
        print(f"  ... and {len(differing) - MOST} more")


def main() -> None:
    parser = argparse.ArgumentParser(prog="make compare", description="What differs between runs, as one page.")
    parser.add_argument("names", nargs="+", metavar="NAME", help=f"a variant, a commit, or {WORKSPACE}")
    names = parser.parse_args().names
    if len(names) < 2 or len(set(names)) < len(names):
        refuse(f"{', '.join(names)}: must be two or more names that differ", "compare")
    found = runs(names)
    OUT.parent.mkdir(exist_ok=True)
    OUT.write_text(compared(found), encoding="utf-8")
    in_short("parameters", [dict(flat(run.parameters)) for run in found])
    in_short("verdicts", [{claim["id"]: claim["verdict"] for claim in run.claims} for run in found])
    in_short("metrics", [dict(flat(run.metrics.get("experiments", {}))) for run in found])
    print(f"figures: {len(rows([run.figures for run in found]))} differ")
    print(f"page     {OUT}")
    if WORKSPACE in names:
        for line in not_computed():
            print(f"note: {WORKSPACE}: {line}")


if __name__ == "__main__":
    main()
