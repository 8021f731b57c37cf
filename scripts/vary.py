"""Compute one variant of one experiment, and nothing else: its figures, verdicts, metrics and page.

    make vary EXPERIMENT=intro SET="sparsity=[0,0.5,0.95] training.steps=2e3"
    make vary EXPERIMENT=intro SET="sparsity[0]=0.2" NAME=denser KEEP=1

What runs is this checkout as it is, with edits and new files, in a clone that stays in .vary/: one that was killed goes
on where it stopped, and nothing changes here. The clone shares DVC's cache, so that what was computed once is not
computed again. What came out is in variants/NAME to look at, and kept as an experiment of DVC's of that name: for
`make compare`, and for all commands of DVC's that take one. With KEEP=1 params.yaml gets the values, and this checkout
the results. Exit status: 0 done, 1 a stage failed, 2 a request that cannot be met; then nothing was written anywhere.
"""

import argparse
import csv
import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from copy import deepcopy
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from dvc.utils.serialize import modify_yaml

from scripts.compare import WORKSPACE, revision, variants
from scripts.settings import Setting, Unclear, apply, settings, shown
from scripts.verify import ended, git, isolated, refuse
from superposition.params import Experiment, Params, ParamsError
from superposition.params.document import parse
from superposition.params.experiments import resolve
from superposition.params.faults import among
from superposition.report import outputs, partial
from superposition.report.metrics import as_json, write_few
from superposition.report.page import cost
from superposition.report.summary import claims_text

PARAMS, CLONE, OUT = Path("params.yaml"), Path(".vary"), Path("variants")
AS = ("-c", "user.name=make vary", "-c", "user.email=vary@localhost")  # git wants to know who commits
LONGEST = 60  # characters of a name that is made of settings
MOST = 100  # of a given one


def say(text: str) -> None:
    print(f"vary: {text}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(prog="make vary", description="Compute one variant of one experiment.")
    parser.add_argument("experiment", nargs="?", default="", metavar="EXPERIMENT")
    parser.add_argument("--set", default="", metavar="KEY=VALUE ...", help="keys of its block, and other values")
    parser.add_argument("--name", default="", help="of the variant; default: what was set")
    parser.add_argument("--keep", action="store_true", help="write it into params.yaml, and the results into data/")
    wanted = parser.parse_args()
    try:
        before = parse(PARAMS)
        base = resolve(before).experiments
        if not wanted.experiment or wanted.experiment not in base:
            none = "no EXPERIMENT is named" if not wanted.experiment else f"no experiment {wanted.experiment}"
            refuse(f"{none}; params.yaml has {among(list(base))}", "vary")
        chosen = settings(wanted.set, wanted.experiment)
        varied, replaced = with_settings(before, wanted.experiment, chosen)
        experiment = resolved(varied, chosen).experiments[wanted.experiment]
    except Unclear as error:
        refuse(str(error), "vary")
    except ParamsError as error:
        refuse(f"refused, and nothing is changed:\n{error}", "vary")
    name = wanted.name or named(wanted.experiment, chosen)
    if not re.fullmatch(r"[A-Za-z0-9][\w.,=-]*(?<!\.)(?<!\.lock)", name) or ".." in name:
        refuse(f"NAME={name}: must be letters, digits and any of _ - = , .", "vary")
    if len(name) > MOST or name.endswith((".html", ".svg", ".csv")):
        refuse(f"NAME={name}: must have at most {MOST} characters and no ending of a file beside variants", "vary")
    if name == WORKSPACE or (name not in variants() and revision(name)):
        refuse(
            f"NAME={name}: is what make compare calls {'this checkout' if name == WORKSPACE else 'a commit'}", "vary"
        )

    for setting, old in zip(chosen, replaced, strict=True):
        say(f"{wanted.experiment}.{setting.key} = {shown(setting.value)} (was {shown(old)})")
    say(what_runs(wanted.experiment, base[wanted.experiment], experiment))
    with alone():
        prepare(snapshot())
        write(CLONE / PARAMS, wanted.experiment, chosen)
        repro(CLONE, wanted.experiment)
        text = present(wanted.experiment, name)
        keep(name, f"vary: {wanted.experiment} {' '.join(map(str, chosen))}")
    if wanted.keep:
        write(PARAMS, wanted.experiment, chosen)
        repro(Path(), wanted.experiment)
        partial.write(Path(), [wanted.experiment])
    print(text)
    print()
    say(f"{name} is an experiment of DVC's now; beside what is committed: make compare A=HEAD B={name}")
    if wanted.keep:
        say("params.yaml and data/ have it too; back to what is committed: make undo")


def with_settings(document: dict[str, Any], name: str, chosen: Sequence[Setting]) -> tuple[dict[str, Any], list[Any]]:
    """A document with other values in one experiment, and what they replace."""
    varied = deepcopy(document)
    block = varied["experiments"][name]
    replaced = [apply(setting, block, varied["defaults"]) for setting in chosen]
    if block == document["experiments"][name]:
        raise Unclear(f"{', '.join(map(str, chosen))} is what {name} has already")
    return varied, replaced


def resolved(document: dict[str, Any], chosen: Sequence[Setting]) -> Params:
    try:
        return resolve(document)
    except ParamsError as error:
        raise Unclear(f"{' '.join(map(str, chosen))} is refused, and nothing is changed:\n{error}") from None


def named(experiment: str, chosen: Sequence[Setting]) -> str:
    """A name that says what was set: intro-sparsity=0,0.5,0.95."""
    text = "-".join([experiment, *map(str, chosen)])
    plain = re.sub(r"[^\w.,=-]+", "-", text.replace(", ", ",").replace("[", "").replace("]", "")).strip("-.")
    if len(plain) <= LONGEST:
        return plain
    return f"{plain[: LONGEST - 9].rstrip('-.,=')}-{hashlib.sha256(text.encode()).hexdigest()[:8]}"


def what_runs(name: str, before: Experiment, after: Experiment) -> str:
    """What a variant takes, by what the experiment took when `make costs` noted it."""
    models = sum(1 for _ in after.points())
    text = f"{name} alone is trained ({models} models), measured and drawn"
    try:
        with Path("reports", "costs.csv").open(newline="", encoding="utf-8") as rows:
            (noted,) = (row for row in csv.DictReader(rows) if row["experiment"] == name)
    except (FileNotFoundError, ValueError):
        return f"{text}; how long it takes is not known yet"
    seconds = float(noted["seconds"]) * cost(after) / cost(before)
    about = "1 s" if seconds < 1 else f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.0f} min"
    return f"{text}; training takes about {about} on {noted['device']}, all around it half a minute"


@contextmanager
def alone() -> Iterator[None]:
    """One at a time; a second one waits."""
    lock = Path(".dvc", "tmp", "vary.lock")
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("a", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            say("waiting for another make vary in this checkout")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def snapshot(root: Path = Path()) -> str:
    """A commit of a checkout as it is, with edits and new files, on HEAD. Its index and branch stay as they are."""
    with TemporaryDirectory() as folder:
        index = Path(folder, "index")
        known = root / git("-C", str(root), "rev-parse", "--git-path", "index")
        if known.is_file():
            shutil.copy(known, index)  # what git knows of files that have not changed
        environment = os.environ | {"GIT_INDEX_FILE": str(index)}

        def run(*arguments: str) -> str:
            command = ["git", "-C", str(root), *AS, *arguments]
            done = subprocess.run(command, env=environment, check=True, text=True, stdout=subprocess.PIPE)
            return done.stdout.strip()

        run("add", "--all")
        return run("commit-tree", run("write-tree"), "-p", "HEAD", "-m", "vary: the checkout as it was")


def prepare(commit: str) -> None:
    """The clone, with this checkout's files, DVC's cache and what it computed last."""
    if not (CLONE / ".git").is_dir():
        shutil.rmtree(CLONE, ignore_errors=True)
        git("clone", "--quiet", "--local", "--no-checkout", ".", str(CLONE))
    git("push", "--quiet", "--force", str(CLONE), f"{commit}:refs/vary/base")
    git("-C", str(CLONE), "checkout", "--quiet", "--force", "--detach", "refs/vary/base")
    git("-C", str(CLONE), "clean", "-ffdq")
    cache = subprocess.run(
        [sys.executable, "-m", "dvc", "cache", "dir"], check=True, text=True, stdout=subprocess.PIPE
    ).stdout.strip()
    config = f"[core]\n    autostage = true\n[cache]\n    dir = {cache}\n"
    (CLONE / ".dvc" / "config.local").write_text(config, encoding="utf-8")


def write(file: Path, name: str, chosen: Sequence[Setting]) -> None:
    """Put the values into a params.yaml, which is otherwise left as it is."""
    with modify_yaml(file) as document:
        for setting in chosen:
            apply(setting, document["experiments"][name], document["defaults"])


def repro(root: Path, name: str) -> None:
    command = [sys.executable, "-m", "scripts.alone", sys.executable, "-m", "scripts.quiet", "repro", f"plot@{name}"]
    environment = isolated(root.resolve() / ".dvc" / "tmp") if root == CLONE else None
    status, stopped = ended(command, root, environment)
    if status != 0:
        as_it_was = "; params.yaml is as it was" if root == CLONE else ""
        if stopped:
            say(f"stopped{as_it_was}; the same command goes on where training was")
            sys.exit(130)
        say(f"{name} failed, see above{as_it_was}")
        sys.exit(1)


def present(experiment: str, name: str) -> str:
    """What there is to look at, in variants/NAME; and what the terminal says."""
    evaluation = partial.write(CLONE, [experiment])
    said = outputs.read(CLONE / outputs.PARTIAL)
    everything = partial.merged(outputs.read(CLONE / "reports"), said)
    for file, text in everything.items():
        (CLONE / "reports" / file).write_text(as_json(text), encoding="utf-8")
    (CLONE / "reports" / "metrics").mkdir(exist_ok=True)
    write_few(everything["metrics.json"], CLONE / "reports" / "metrics")
    out = OUT / name
    shutil.rmtree(out, ignore_errors=True)
    shutil.copytree(CLONE / "reports" / "figures" / experiment, out)
    shutil.copytree(CLONE / outputs.PARTIAL, out, dirs_exist_ok=True)
    lines = ["", *(f"figures  {figure}" for figure in sorted(out.glob("*.svg"))), f"page     {out / 'index.html'}"]
    points = said["metrics.json"]["experiments"][experiment]
    for point in (value for value in points.values() if isinstance(value, dict)):
        lines.append(
            f"metrics  {point.get('at', 'mean of all points')}: "
            f"held-out loss {point['loss']:.4g}, {point['n_represented']:g} features represented"
        )
    return "\n".join([*lines, "", claims_text(evaluation.verdicts, evaluation.untested)])


def keep(name: str, message: str) -> None:
    """The clone's files as an experiment of DVC's: a commit on HEAD, under refs/exps/HEAD/NAME."""
    git("-C", str(CLONE), "add", "--all")
    tree, head = git("-C", str(CLONE), "write-tree"), git("rev-parse", "HEAD")
    commit = git("-C", str(CLONE), *AS, "commit-tree", tree, "-p", head, "-m", message)
    git("-C", str(CLONE), "update-ref", "refs/vary/made", commit)
    reference = f"refs/exps/{head[:2]}/{head[2:]}/{name}"
    git("fetch", "--quiet", "--no-tags", "--no-write-fetch-head", str(CLONE), f"+refs/vary/made:{reference}")


if __name__ == "__main__":
    main()
