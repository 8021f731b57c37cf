"""The committed params.yaml, and the command that checks one."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from superposition.params import read
from superposition.params.experiments import notes, resolve
from tests.documents import DOCUMENT, changed, write
from tests.work import calls

ROOT = Path(__file__).parent.parent


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "params.yaml"


def test_the_committed_experiments_are_the_papers() -> None:
    experiments = read(ROOT / "params.yaml").experiments
    first, basic = experiments["intro"], experiments["basic_results"]
    assert ([model.name for model in first.models], first.n_features, first.n_hidden) == (["relu_output"], 5, 2)
    assert [point.uniform for point in first.sparsities] == [0.0, 0.8, 0.9]
    assert [point.label for point in first.importances] == ["0.9^i"]
    assert len(first.seeds) == 10
    assert ([model.name for model in basic.models], basic.n_features) == (["linear", "relu_output"], 20)
    densities = [1.0, 0.3, 0.1, 0.03, 0.01, 0.003, 0.001]
    assert [1 - point.per_feature[0] for point in basic.sparsities] == pytest.approx(densities)
    assert basic.importances[0].curve[:3] == (1.0, 0.7, 0.49)
    assert len(basic.seeds) == 5


def keys_of(value: Any) -> Iterator[str]:
    """Of a block, at any depth."""
    if isinstance(value, dict):
        yield from value
    for inside in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from keys_of(inside)


def test_what_a_key_means_stands_once() -> None:
    """At the head, for every key that there is; blocks do not repeat it, nor what a key may be."""
    head, blocks = (ROOT / "params.yaml").read_text().split("\nexperiments:\n")
    for above, line in zip(["", *head.splitlines()], head.splitlines(), strict=False):
        assert not re.match(r" *\w+:", line) or "#" in line or above.lstrip().startswith("#"), line
    experiments = YAML(typ="safe").load(ROOT / "params.yaml")["experiments"]
    unknown = {key for block in experiments.values() for key in keys_of(block)} - set(re.findall(r"\w+", head))
    assert not unknown
    again = r"for the report|at least \d|where exact|above 0\b(?!\.)|0 to 0\.9999|1 to 1000000|1 to n_features"
    assert [line for line in blocks.splitlines() if "#" in line and re.search(again, line.partition("#")[2])] == []


def test_the_committed_file_reads_alike_in_yaml_1_1_and_1_2() -> None:
    old = YAML(typ="safe")
    old.version = (1, 1)
    text = (ROOT / "params.yaml").read_text()
    assert old.load(text) == YAML(typ="safe").load(text)


def test_a_large_file_is_checked_in_time(file: Path) -> None:
    work = {}
    for points in (1000, 4000):
        log = {"start": 0, "stop": 0.9, "num": points, "spacing": "log"}
        write(file, changed(*((f"experiments.{key}.sparsity", log) for key in DOCUMENT["experiments"])))
        params, work[points] = calls(lambda: read(file))
        assert len(params.experiments["other"].sparsities) == points
    assert work[4000] < 5 * work[1000]  # not as the square


def run(directory: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "superposition.params", *arguments],
        cwd=directory,
        env={"PYTHONPATH": str(ROOT / "src")},
        capture_output=True,
        text=True,
    )


def test_the_command_is_silent_about_a_valid_file() -> None:
    for arguments in [(), ("--experiments", "intro", "basic_results")]:
        done = run(ROOT, *arguments)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_the_command_reports_every_fault(file: Path) -> None:
    write(file, changed(("seed", "0"), ("experiments.intro.sparsity", 1.2)))
    done = run(file.parent)
    assert (done.returncode, done.stdout) == (2, "")
    assert [line.split(":")[0] for line in done.stderr.splitlines()] == [
        "seed = '0'",
        "experiments.intro.sparsity = 1.2",
    ]


def test_the_command_reports_unknown_experiments(file: Path) -> None:
    write(file, DOCUMENT)
    done = run(file.parent, "--experiments", "intro", "into", "x")
    assert (done.returncode, done.stderr) == (2, "--experiments = 'into, x': must be among intro, other\n")


def test_checking_loads_none_of_the_heavy_packages() -> None:
    code = (
        "import sys, superposition.params; print([m for m in ('torch', 'numpy', 'pandas', 'dvc') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": str(ROOT / "src")},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "[]\n"


@pytest.mark.parametrize(
    ("importance", "said"),
    [([1.0, 0.5, 0.1], 1), ([1.0, 0.5], 0), ([1.0, 0.5, {"geometric": 0.9}], 0), ({"listed": [1.0, 0.5, 0.1]}, 0)],
)
def test_a_list_of_as_many_importances_as_features_is_noted(importance, said: int) -> None:
    """It is an axis, which is what lists are, and not a curve, which is what it looks like."""
    document = changed(("experiments.intro.importance", importance))
    assert resolve(document).experiments["intro"].n_features == 3
    found = notes(document)
    assert len(found) == said
    assert all("importance: is an axis of 3 points" in line and "{listed: [1.0, 0.5, ...]}" in line for line in found)
