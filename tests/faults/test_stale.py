"""Nothing stale: what a stage depends on is what it reads, and what it does not declare cannot change a byte.

That each source and each key concerns what it should is tested of the stages' own functions, in test_concerned; here,
of some, that `make status` says the same.

EDITS=1000 pytest tests/faults/test_stale.py     # of how many sources, at most all; each takes some fifteen seconds
"""

import json
import os
import random
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from stages import code
from superposition import imports
from tests.checkout import SHORT, Small

pytestmark = [pytest.mark.slow, pytest.mark.long]
EDITS = int(os.environ.get("EDITS", "8"))
STAGES = {"train@short", "measure@short", "plot@short", "report"}  # check, code and generate are run by make status
HOSTILE = """\
font.size: 17
font.family: serif
lines.linewidth: 5
savefig.dpi: 44
savefig.bbox: tight
svg.fonttype: none
svg.hashsalt: other
axes.formatter.use_locale: True
"""


def named(small: Small) -> set[str]:
    """The stages that `make status` names: lines without an indent that end with a colon."""
    said = small.run(*small.make("status"), check=True).stdout.splitlines()
    found = {line.removesuffix(":") for line in said if line.endswith(":") and not line[0].isspace()}
    assert found or "Data and pipelines are up to date." in said
    return found


@pytest.fixture
def edited(small, monkeypatch) -> Iterator[Callable[[str, str], tuple[set[str], set[str]]]]:
    """What an edit of a file concerns, which is taken back: by `make status`, and by what the stage `code` notes."""
    monkeypatch.chdir(small.root)
    imports.imported.cache_clear()  # no edit here is of an import
    notes = {
        "train.json": {"train@short"},
        "measure/short.json": {"measure@short"},
        "plot/short.json": {"plot@short"},
        "report.json": {"report"},
        "generate.json": set(),  # run by `make status`; its worlds stay the same
    }

    def noted() -> dict[str, dict[str, str]]:
        code.digest.cache_clear()
        return code.noted()

    before = noted()

    def edit(file: str, text: str) -> tuple[set[str], set[str]]:
        content = Path(file).read_bytes()
        Path(file).write_bytes(content + text.encode())
        try:
            after = noted()
            return named(small), {stage for note in notes if after[note] != before[note] for stage in notes[note]}
        finally:
            Path(file).write_bytes(content)

    yield edit
    imports.imported.cache_clear()
    code.digest.cache_clear()


def test_status_names_the_stages_that_an_edit_concerns(small, edited):
    for file, text, stages in (
        ("src/superposition/training/kernel.cpp", "// x\n", {"train@short", "measure@short"}),
        ("src/superposition/figures/style.py", "# x\n", {"plot@short"}),
        ("src/superposition/measures/all_tables.py", "# x\n", {"measure@short"}),
        ("src/superposition/report/page.html.jinja", "\n", {"report"}),
        ("src/superposition/figures/geometry.py", "# x\n", set()),
        ("stages/generate.py", "# x\n", set()),
        ("requirements.txt", "# x\n", STAGES),
    ):
        assert edited(file, text) == (stages, stages), file
    assert edited("reports/costs.csv", "x,1,1,1,x\n")[0] == {"report"}
    assert edited("params.yaml", "# x\n")[0] == set()
    assert named(small) == set()


def test_status_names_the_stages_whose_notes_change(edited):
    """Of some sources; DVC never names what follows from a stage that it names."""
    every = [file for part in ("src", "stages") for file in sorted(Path(part).rglob("*.*"))]
    sources = [file.as_posix() for file in every if "__pycache__" not in file.parts]
    for file in random.Random(0).sample(sources, min(EDITS, len(sources))):
        by_dvc, by_notes = edited(file, "\n")
        assert by_dvc == by_notes, file


def test_status_names_what_parameters_concern(small):
    """Of the stages that read them; DVC names no stage that only follows from those."""
    for key, value, concerned in (
        ("about", "Another text.", {"report"}),
        ("seeds", 3, {"train@short", "measure@short", "report"}),
        ("measures", {"attack": 0.2}, {"measure@short", "report"}),
        ("loss_error", 0.2, {"measure@short", "report"}),
    ):
        small.params = small.params | {"experiments": {"short": SHORT | {key: value}}}
        small.write_params()
        assert named(small) == concerned, key
    small.params = small.params | {"experiments": {"short": SHORT}}
    small.write_params()
    assert named(small) == set()


@pytest.mark.parametrize(
    ("key", "value", "concerned"),
    [
        ("about", "Another text.", {"report"}),
        ("seeds", 3, {"train@short", "measure@short", "plot@short", "report"}),
        ("measures", {"attack": 0.2}, {"measure@short", "plot@short", "report"}),
        ("training", SHORT["training"] | {"steps": 401}, {"train@short", "measure@short", "plot@short", "report"}),
    ],
)
def test_a_key_runs_the_stages_that_it_concerns(small, key, value, concerned):
    """`check`, `code` and `generate` are for all keys."""
    small.params = small.params | {"experiments": {"short": SHORT | {key: value}}}
    small.write_params()
    done = small.run(*small.make("repro"), check=True)
    ran = {line.split("'")[1] for line in done.stdout.splitlines() if line.startswith("Running stage ")}
    assert concerned - {"plot@short"} <= ran - {"check", "code", "generate"} <= concerned


def test_a_single_stage_cannot_record_other_code_than_was_noted(small):
    before = (small.root / "dvc.lock").read_bytes()
    with (small.root / "src/superposition/measures/all_tables.py").open("a") as file:
        file.write("# x\n")
    done = small.dvc("repro", "--single-item", "--force", "measure@short")
    assert done.returncode != 0
    assert "src/superposition/measures/all_tables.py: not what the stage `code` has noted" in done.stderr
    assert (small.root / "dvc.lock").read_bytes() == before
    small.dvc("repro", "measure@short", check=True)
    assert small.status() == {}


AUDITED = """\
import runpy, sys
opened = set()
sys.addaudithook(lambda event, arguments: event == "open" and opened.add((str(arguments[0]), str(arguments[1]))))
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
print(*(f"{path}\\t{mode}" for path, mode in opened), sep="\\n")
"""


@pytest.mark.parametrize("stage", ["check", "code", "generate", "train@short", "measure@short", "plot@short", "report"])
def test_what_a_stage_opens_is_declared(small, stage):
    """Of what is in the checkout, and is opened by Python."""
    name, _, experiment = stage.partition("@")
    lock = json.loads(small.run(sys.executable, "-c", TO_JSON).stdout)["stages"][stage]
    declared = [entry["path"] for kind in ("deps", "outs") for entry in lock.get(kind, [])] + list(
        lock.get("params", [])
    )
    own = small.root / "data/code" / (f"{name}/{experiment}.json" if experiment else f"{name}.json")
    noted = list(json.loads(own.read_text())) if own.exists() else []
    script = [f"stages/{name}.py", *([experiment] if experiment else [])]
    done = small.run(sys.executable, "-c", AUDITED, *script, env={"PYTHONPATH": "src"}, check=True)
    opened = {Path(line.split("\t")[0]) for line in done.stdout.splitlines() if "\t" in line}
    inside = {(small.root / path).resolve() for path in opened}
    paths = {path.relative_to(small.root.resolve()) for path in inside if path.is_relative_to(small.root.resolve())}
    written = {Path(path) for path in ("data/partial", ".checkpoints", f"data/manifests/{experiment}.json")}
    allowed = {*map(Path, declared), *map(Path, noted), *written}
    if name == "check":  # compares all sources at its end with those at its beginning, and makes nothing else of them
        allowed |= {Path("src"), Path("stages")}
    undeclared = {
        path.as_posix()
        for path in paths
        # A name that is not there was opened by its folder's descriptor, as rmtree does.
        if (small.root / path).exists()
        and "__pycache__" not in path.parts
        and not any(path.is_relative_to(place) for place in allowed)
    }
    assert undeclared == set()


TO_JSON = "import json; from ruamel.yaml import YAML; print(json.dumps(YAML(typ='safe').load(open('dvc.lock'))))"


def test_the_environment_cannot_change_a_byte(small):
    """Of anything that is made, training included, by DVC."""
    before = small.contents()
    home = small.root.parent / "home"
    (home / ".config/matplotlib").mkdir(parents=True)
    for place in (home / ".config/matplotlib/matplotlibrc", small.root / "matplotlibrc", home / "rc"):
        place.write_text(HOSTILE)
    hostile = {
        "HOME": str(home),
        "MATPLOTLIBRC": str(home / "rc"),
        "XDG_CACHE_HOME": os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache"),  # the compiled kernel
        "TZ": "Pacific/Kiritimati",
        "LC_ALL": "POSIX",
        "PYTHONUTF8": "0",
        "PYTHONHASHSEED": "7",
        "PYTHONOPTIMIZE": "2",
        "PYTHONWARNINGS": "ignore",
        "SOURCE_DATE_EPOCH": "1",
        "COLUMNS": "20",
        "OMP_NUM_THREADS": "3",
        "SHELL": "/bin/sh",
    }
    small.dvc("repro", "--force", "--no-run-cache", env=hostile, umask=0o077, check=True)
    assert small.contents() == before
