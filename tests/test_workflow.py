"""What runs elsewhere, on a hosted CI, before a commit, in a container, is what this project runs."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

ROOT = Path(__file__).parent.parent
TARGETS = set(re.findall(r"^([.a-z-]+):.*##", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))


def made(text: str) -> set[str]:
    return set(re.findall(r"^\s*make ([.a-z-]+)", text, re.MULTILINE))


def read(file: str) -> Any:
    return YAML(typ="safe").load((ROOT / file).read_text(encoding="utf-8"))


def commands() -> list[str]:
    jobs = read(".github/workflows/ci.yml")["jobs"]
    return [step["run"] for job in jobs.values() for step in job["steps"] if "run" in step]


def test_the_workflow_makes_what_ci_makes_and_compares():
    makes = made((ROOT / ".ci/run").read_text(encoding="utf-8"))
    assert made("\n".join(commands())) == makes | {"compare"} <= TARGETS


@pytest.mark.skipif(not shutil.which("actionlint"), reason="there is no actionlint here; the workflow itself runs it")
def test_the_workflow_is_one():
    done = subprocess.run(["actionlint"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_a_pull_request_is_told_what_it_changes():
    job = read(".github/workflows/ci.yml")["jobs"]["compare"]
    assert job["if"] == "github.event_name == 'pull_request'"
    assert job["permissions"] == {"contents": "read", "pull-requests": "write"}
    said = "\n".join(step["run"] for step in job["steps"] if "run" in step)
    assert 'dvc exp diff "$BASE" HEAD --md' in said
    assert "gh pr comment" in said


def test_commands_of_the_workflow_are_bash_and_name_modules_that_exist():
    for command in commands():
        done = subprocess.run(["bash", "-n"], input=command, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        for module in re.findall(r"python -m ([\w.]+)", command):
            assert (ROOT / "src" / module.replace(".", "/") / "__main__.py").is_file()


def test_intro_is_verified_on_two_kinds_of_processor_and_the_page_is_kept():
    jobs = read(".github/workflows/ci.yml")["jobs"]
    runners = [one["runner"] for one in jobs["verify"]["strategy"]["matrix"]["include"]]
    assert len(runners) == 2
    assert [runner.endswith("-arm") for runner in runners] == [False, True]
    (kept,) = [step["with"]["path"] for step in jobs["page"]["steps"] if "with" in step]
    assert all((ROOT / path).exists() for path in kept.split())


def test_before_a_commit_runs_what_make_check_runs():
    (hook,) = read(".pre-commit-config.yaml")["repos"][0]["hooks"]
    assert (hook["entry"], hook["language"], hook["pass_filenames"]) == ("make check", "system", False)


def test_the_container_is_made_as_make_makes_it():
    container = json.loads((ROOT / ".devcontainer/devcontainer.json").read_text(encoding="utf-8"))
    assert made(container["postCreateCommand"]) <= TARGETS
    assert (ROOT / ".devcontainer" / container["build"]["dockerfile"]).is_file()


def test_what_is_typed_in_the_environment_finds_the_code(tmp_path):
    """The recipe's line, in an environment without packages, where the checkout has a name that shells read."""
    (line,) = re.findall(r"^\t@(echo .*superposition\.pth\")$", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M)
    here = tmp_path / 'it\'s "$(touch pwn)" `touch pwn`'
    here.mkdir()
    (here / "src").symlink_to(ROOT / "src")
    plain = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", ".venv"], cwd=here, check=True)
    command = [".venv/bin/python", "-c", "import superposition; print(superposition.__file__)"]
    assert subprocess.run(command, cwd=here, env=plain, capture_output=True).returncode != 0
    subprocess.run(["bash", "-ec", line.replace("$$", "$")], cwd=here, env=plain, check=True)
    done = subprocess.run(command, cwd=here, env=plain, check=True, capture_output=True, text=True)
    assert done.stdout.strip() == str(here / "src/superposition/__init__.py")
    assert sorted(path.name for path in here.iterdir()) == [".venv", "src"]
