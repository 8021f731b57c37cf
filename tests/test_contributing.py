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
COMMANDS = re.compile(r"^```bash\n(.*?)^```$", re.S | re.M)
RECIPES = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8").partition("\n## Recipes\n")[2]
# Of all that there is, by which a recipe that is not complete would be found out; of the self-check what is not about
# processors and compilers.
SUBJECTS = ("results", "selfcheck", "docs", "json_schema", "params_command", "params_refused", "square")
NOT_OF_MACHINES = "not capability and not compiler and not fast_maths and not gpu"


def follow(text: str, copy: Path) -> set[str]:
    """Write what its blocks say into the files that they name."""
    touched = set()
    for block in BLOCK.finditer(text):
        file = copy / block["file"]
        if block["where"]:
            old = file.read_text(encoding="utf-8")
            wanted = block["line"].split()  # however it is indented
            (line,) = [one for one in old.splitlines(keepends=True) if one.split() == wanted]
            # The formatter decides on a block's indent, and on blank lines around it: those are not to be typed.
            own = line[: len(line) - len(line.lstrip())]
            text = indent(block["text"].rstrip("\n"), own) + "\n"
            if block["where"] == "before":
                new = text + ("" if own else "\n\n") + line
            else:
                new = line + ("\n" if line.endswith('"""\n') else "") + text
            file.write_text(old.replace(line, new), encoding="utf-8")
        else:
            assert not file.exists(), f"{file} is there already"
            file.parent.mkdir(exist_ok=True)
            file.write_text(block["text"], encoding="utf-8")
        touched.add(block["file"])
    return touched


def call(folder: Path, *command: str) -> None:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    # MAKEFLAGS: with this environment in place of one of the copy's own
    environment = os.environ | {"PATH": path, "PYTHONPATH": "src", "MAKEFLAGS": "RUNTIME= DEVELOPMENT="}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """Of all that git would keep, with the recipes followed."""
    copy = tmp_path_factory.mktemp("contributing") / "copy"
    listing = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    for file in subprocess.run(listing, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\0"):
        if (ROOT / file).is_file():
            (copy / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / file, copy / file)
    if (ROOT / ".mypy_cache").exists():  # what `make check` knows of other packages, which is most of its work
        shutil.copytree(ROOT / ".mypy_cache", copy / ".mypy_cache")
    assert follow(RECIPES, copy) == {
        "params.yaml",
        *(f"src/superposition/params/{file}.py" for file in ("axes", "models", "measures")),
        *("src/superposition/measures/crowding.py", "src/superposition/claims/square.py"),
        *("src/superposition/figures/square.py", "src/own/skip.py", "tests/test_square.py"),
    }
    for command in [line for block in COMMANDS.findall(RECIPES) for line in block.splitlines()]:
        call(copy, "bash", "-c", command)
    return copy


def test_an_experiment_three_models_a_law_a_measure_and_a_claim_with_its_figure(copy, tmp_path):
    """Of the new experiment alone, as the others take an hour."""
    for folder in ("src", "stages", "scripts"):
        shutil.copytree(copy / folder, tmp_path / folder)
    shutil.copy(copy / "requirements.txt", tmp_path)
    text = (copy / "params.yaml").read_text(encoding="utf-8")
    (tmp_path / "params.yaml").write_text(text[: text.index("\n  intro:\n") + 1], encoding="utf-8")
    words = ["check", "code", "generate", "train:square", "measure:square", "plot:square", "report"]
    call(tmp_path, sys.executable, "scripts/in_one_process.py", *words)
    instances = pd.read_parquet(tmp_path / "data/tables/square/instances.parquet")
    assert instances["model"].value_counts().to_dict() == {
        "shy": 16,
        "without_bias": 16,
        "skipping": 16,
    }  # 2 densities x 2 laws x 4 seeds
    assert instances["loss"].groupby(instances["model"]).mean().max() < 0.1
    assert len(pd.read_parquet(tmp_path / "data/tables/square/crowding.parquet")) == 48
    (claim,) = json.loads((tmp_path / "reports/claims.json").read_text(encoding="utf-8"))
    assert claim["id"] == "square.keep_apart"
    assert claim["verdict"] in ("holds", "holds_at_best", "fails")
    assert (tmp_path / "reports" / claim["figure"]).is_file()
    assert "Four features in two dimensions" in (tmp_path / "reports/index.html").read_text(encoding="utf-8")
    noted = json.loads((tmp_path / "data/code/measure/square.json").read_text(encoding="utf-8"))
    assert "src/superposition/measures/crowding.py" in noted
    assert "src/superposition/measures/recovery.py" not in noted
    for stage in ("train", "measure"):
        assert "src/own/skip.py" in json.loads(
            (tmp_path / f"data/code/{stage}/square.json").read_text(encoding="utf-8")
        )
    best = "superposition.load('square', '.').best(model='skipping', sparsity=0.9, importance=1.0)"
    reader = f"import superposition; assert ({best}([0.0, 0.0, 0.0, 1.0]) >= 0).all()"
    call(tmp_path, sys.executable, "-c", reader)


def test_new_digests_are_all_that_is_new_in_the_self_check(copy):
    before, after = (
        json.loads((root / "src/superposition/selfcheck/digests.json").read_text(encoding="utf-8"))
        for root in (ROOT, copy)
    )
    assert before.items() < after.items()
    assert after.keys() - before.keys() == {"linear models, crowding", "relu models, crowding"}


def test_tests_that_are_there_and_the_new_ones_are_green(copy):
    files = [f"tests/test_{name}.py" for name in SUBJECTS]
    call(copy, sys.executable, "-m", "pytest", "-q", "-n0", "-p", "no:cacheprovider", "-k", NOT_OF_MACHINES, *files)


@pytest.mark.parametrize(
    "tool", [["ruff", "format", "--check"], ["ruff", "check"], ["mypy"]], ids=lambda tool: " ".join(tool)
)
def test_recipes_are_as_clean_as_the_rest(copy, tool):
    touched = [
        "measures/crowding",
        "claims/square",
        "figures/square",
        "params/axes",
        "params/measures",
        "params/models",
    ]
    others = ["src/own/skip.py", *([] if tool == ["mypy"] else ["tests/test_square.py"])]  # as `make check` has it
    call(copy, sys.executable, "-m", *tool, *(f"src/superposition/{file}.py" for file in touched), *others)


def test_a_recipe_that_names_a_line_that_is_gone_is_noticed(tmp_path):
    (tmp_path / "a.py").write_text("x = 1\n", encoding="utf-8")
    with pytest.raises(ValueError, match="not enough values"):
        follow("```python a.py before y = 1\nz = 2\n```\n", tmp_path)
