"""What is run beside the pipeline: costs, and experiments at full scale."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from scripts import costs, full_scale, verify
from superposition.params import read

ROOT = Path(__file__).parent.parent


def test_costs_are_those_of_the_manifests_in_order(tmp_path, monkeypatch):
    (tmp_path / "params.yaml").write_bytes((ROOT / "params.yaml").read_bytes())
    monkeypatch.chdir(tmp_path)
    names = list(read(Path("params.yaml")).experiments)
    with pytest.raises(SystemExit, match=r"data/manifests/intro.json.*not found"):
        costs.main()
    for folder in ("data/manifests", "reports"):
        (tmp_path / folder).mkdir(parents=True)
    for number, name in enumerate(names):
        about = {
            "experiment": name,
            "instances": 2,
            "model_steps": 20,
            "seconds": number,
            "device": "2 cores, X",
            "y": 1,
        }
        (tmp_path / "data" / "manifests" / f"{name}.json").write_text(json.dumps(about), encoding="utf-8")
    costs.main()
    lines = (tmp_path / "reports" / "costs.csv").read_text(encoding="utf-8").splitlines()
    assert lines[:2] == ["experiment,instances,model_steps,seconds,device", f'{names[0]},2,20,0,"2 cores, X"']
    assert [line.split(",")[0] for line in lines[1:]] == names


def test_the_clone_at_full_scale_is_head_but_for_the_scale(tmp_path, monkeypatch):
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(full_scale, "CLONE", tmp_path / "clone")
    commit = full_scale.git("rev-parse", "HEAD")
    for _ in range(2):  # the second time there is a clone
        full_scale.prepare(commit)
        changed = subprocess.run(["git", "diff", "--unified=0"], cwd=tmp_path / "clone", capture_output=True, text=True)
        lines = [line for line in changed.stdout.splitlines() if line[:1] in "+-" and line[:3] not in ("+++", "---")]
        assert [line.split(" #")[0] for line in lines] == ["-scale: default", "+scale: full"]
    read(tmp_path / "clone" / "params.yaml")


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("nope", "no experiment nope in params.yaml, which has: intro,"),
        ("intro", "intro without a full_scale in params.yaml, as notebook, phase_change,"),
    ],
)
def test_full_scale_refuses_what_has_none(name, reason):
    command = [sys.executable, "-m", "scripts.full_scale", "geometry", name]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stderr.startswith(f"full scale: {reason}")


def test_full_scale_refuses_parameters_that_are_not_valid(tmp_path):
    text = (ROOT / "params.yaml").read_text(encoding="utf-8")
    (tmp_path / "params.yaml").write_text(text.replace("scale: default", "scale: huge", 1), encoding="utf-8")
    environment = os.environ | {"PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'src'}"}
    command = [sys.executable, "-m", "scripts.full_scale", "geometry"]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == 2
    assert "scale = 'huge': must be default or full" in done.stderr


def test_many_stages_are_named_in_short():
    stages = ["code", "train@a", "train@b", "plot@a", "plot@b", "report"]
    assert verify.in_short(["train@a", "train@b", "plot@b", "report"], stages) == "all 2 of train, plot@b, report"
    assert verify.in_short(["train@a"], ["train@a"]) == "train@a"


def test_ctrl_c_is_left_to_the_command():
    """Which a terminal sends to both; here the command does."""
    in_order = (
        "import os, signal, sys, time\n"
        "def stop(*_): time.sleep(0.5); sys.exit(3)\n"  # longer than subprocess.run waits before it kills
        "signal.signal(signal.SIGINT, stop)\n"
        "os.kill(os.getppid(), signal.SIGINT)\n"
        "signal.raise_signal(signal.SIGINT)\n"
    )
    assert verify.ended([sys.executable, "-c", in_order], Path(), None) == (3, True)
    assert verify.ended([sys.executable, "-c", ""], Path(), None) == (0, False)
    with pytest.raises(KeyboardInterrupt):  # as before
        signal.raise_signal(signal.SIGINT)
