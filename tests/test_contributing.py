"""The recipes of CONTRIBUTING.md, followed to the letter in a copy, through all stages."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from textwrap import indent

import pandas as pd
import pytest

ROOT = Path(__file__).parent.parent
BLOCK = re.compile(
    r"^```(?:python|yaml) (?P<file>\S+?)(?: (?P<where>before|after) (?P<line>.+?))?\n(?P<text>.*?)^```$", re.S | re.M
)


def follow(text: str, copy: Path) -> set[str]:
    """Write what its blocks say into the files that they name."""
    touched = set()
    for block in BLOCK.finditer(text):
        file = copy / block["file"]
        if block["where"]:
            old = file.read_text(encoding="utf-8")
            (line,) = [one for one in old.splitlines(keepends=True) if one.strip() == block["line"]]
            # The formatter decides on blank lines around a block and on its indent: those are not to be typed.
            own = line[: len(line) - len(line.lstrip())]
            text = indent(block["text"].strip("\n"), own) + "\n"
            gap = "" if own else "\n\n"
            if block["where"] == "after":
                gap = "\n" if line.endswith('"""\n') else ""
            new = text + gap + line if block["where"] == "before" else line + gap + text
            file.write_text(old.replace(line, new), encoding="utf-8")
        elif file.name == "params.yaml":
            head, _, _ = file.read_text(encoding="utf-8").partition("\nexperiments:\n")
            file.write_text(f"{head}\nexperiments:\n{block['text']}", encoding="utf-8")
        else:
            assert not file.exists(), f"{file} is there already"
            file.write_text(block["text"], encoding="utf-8")
        touched.add(block["file"])
    return touched


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    copy = tmp_path_factory.mktemp("contributing")
    for folder in ("src", "stages", "scripts"):
        shutil.copytree(ROOT / folder, copy / folder, ignore=shutil.ignore_patterns("__pycache__"))
    for file in ("params.yaml", "requirements.txt", "pyproject.toml"):
        shutil.copy(ROOT / file, copy)
    if (ROOT / ".mypy_cache").exists():  # what `make check` knows of other packages, which is most of its work
        shutil.copytree(ROOT / ".mypy_cache", copy / ".mypy_cache")
    assert len(follow((ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"), copy)) == 6
    return copy


def test_an_experiment_a_model_a_law_a_measure_and_a_claim_with_its_figure(copy):
    words = ["check", "code", "generate", "train:square", "measure:square", "plot:square", "report"]
    command = [sys.executable, "scripts/in_one_process.py", *words]
    done = subprocess.run(command, cwd=copy, env=os.environ | {"PYTHONPATH": "src"}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    table = pd.read_parquet(copy / "data/tables/square/crowding.parquet")
    assert len(table) == 16  # 2 densities x 2 curves of importance x 4 seeds
    (claim,) = json.loads((copy / "reports/claims.json").read_text(encoding="utf-8"))
    assert claim["id"] == "square.keep_apart"
    assert claim["verdict"] in ("holds", "holds_at_best", "fails")
    assert (copy / "reports" / claim["figure"]).is_file()
    assert "Four features in two dimensions" in (copy / "reports/index.html").read_text(encoding="utf-8")
    noted = json.loads((copy / "data/code/measure/square.json").read_text(encoding="utf-8"))
    assert "src/superposition/measures/crowding.py" in noted
    assert "src/superposition/measures/recovery.py" not in noted


@pytest.mark.parametrize(
    "tool", [["ruff", "format", "--check"], ["ruff", "check"], ["mypy"]], ids=lambda tool: " ".join(tool)
)
def test_recipes_are_as_clean_as_the_rest(copy, tool):
    touched = ["measures/crowding.py", "claims/square.py", "figures/square.py", "params/measures.py", "params/axes.py"]
    command = [sys.executable, "-m", *tool, *(f"src/superposition/{file}" for file in touched)]
    done = subprocess.run(command, cwd=copy, env=os.environ | {"PYTHONPATH": "src"}, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_recipe_that_names_a_line_that_is_gone_is_noticed(tmp_path):
    (tmp_path / "a.py").write_text("x = 1\n", encoding="utf-8")
    with pytest.raises(ValueError, match="not enough values"):
        follow("```python a.py before y = 1\nz = 2\n```\n", tmp_path)
