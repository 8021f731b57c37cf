"""Run experiments at the paper's full scale, beside the results of the default one.

    make full EXPERIMENTS="geometry phase_change"

What runs is HEAD, with `scale: full`, in a clone that stays in .full_scale/: a run that was killed goes on where it
stopped, and what is up to date is not computed again. Figures, verdicts and the cost go to reports/full_scale/NAME/.
Exit status: 0 done, 1 a stage failed, 2 a request that cannot be met.
"""

import argparse
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

from scripts.verify import ended, git, isolated, read_yaml, refuse
from superposition.claims import evaluate
from superposition.params import ParamsError
from superposition.params import read as read_params
from superposition.readings.results import read as read_tables
from superposition.report.metrics import as_json
from superposition.verdicts import SEVERAL

CLONE, KEPT = Path(".full_scale"), Path("reports", "full_scale")


def prepare(commit: str) -> None:
    """HEAD in the clone, at full scale."""
    if not CLONE.is_dir():
        subprocess.run(["git", "clone", "--quiet", "--local", ".", str(CLONE)], check=True)
    subprocess.run(["git", "-C", str(CLONE), "fetch", "--quiet", "origin"], check=True)
    subprocess.run(["git", "-C", str(CLONE), "checkout", "--quiet", "--force", "--detach", commit], check=True)
    params = CLONE / "params.yaml"
    text, count = re.subn(r"^scale: default\b", "scale: full", params.read_text(encoding="utf-8"), flags=re.MULTILINE)
    if count != 1:
        refuse("params.yaml of HEAD does not say `scale: default`", "full scale")
    params.write_text(text, encoding="utf-8")


def keep(name: str, commit: str) -> None:
    """Copy what people read of an experiment."""
    out = KEPT / name
    shutil.rmtree(out, ignore_errors=True)
    shutil.copytree(CLONE / "reports" / "figures" / name, out)
    evaluation = evaluate({name: read_tables(CLONE / "data" / "tables" / name)})
    (out / "claims.json").write_text(as_json(evaluation.verdicts), encoding="utf-8")
    manifest = json.loads((CLONE / "data" / "manifests" / f"{name}.json").read_text(encoding="utf-8"))
    about = {"commit": commit} | {key: manifest[key] for key in ("device", "instances", "model_steps", "seconds")}
    (out / "run.json").write_text(as_json(about), encoding="utf-8")
    counts = ", ".join(f"{count} {SEVERAL[verdict]}" for verdict, count in evaluation.counts.items())
    print(f"full scale: {out} ({counts})")


def main() -> None:
    parser = argparse.ArgumentParser(prog="make full", description="Run experiments at the paper's full scale.")
    parser.add_argument("experiments", nargs="+", metavar="EXPERIMENT")
    wanted = parser.parse_args().experiments
    try:
        known = read_params(Path("params.yaml")).experiments
    except ParamsError as error:
        refuse(f"params.yaml is not valid:\n{error}", "full scale")
    if unknown := [name for name in wanted if name not in known]:
        refuse(f"no experiment {', '.join(unknown)} in params.yaml, which has: {', '.join(known)}", "full scale")
    larger = [name for name, block in read_yaml(Path("params.yaml"))["experiments"].items() if block.get("full_scale")]
    if same := [name for name in wanted if name not in larger]:
        refuse(f"{', '.join(same)} without a full_scale in params.yaml, as {', '.join(larger)} have", "full scale")
    if git("status", "--porcelain"):
        print("Note: the working tree has changes that are not committed; what runs is HEAD.", flush=True)
    commit = git("rev-parse", "HEAD")
    prepare(commit)
    for name in wanted:
        repro = [sys.executable, "-m", "scripts.quiet", "repro", f"plot@{name}"]
        command = [sys.executable, "-m", "scripts.alone", *repro]
        status, stopped = ended(command, CLONE, isolated(CLONE.resolve() / ".dvc" / "tmp"))
        if status != 0:
            how = "was stopped" if stopped else "failed, see above"
            print(f"full scale: {name} {how}; run it again to go on", file=sys.stderr)
            sys.exit(130 if stopped else 1)
        keep(name, commit)


if __name__ == "__main__":
    main()
