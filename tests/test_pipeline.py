"""The pipeline as DVC sees it: what stages depend on, what they import, and what reruns when something changes."""

import ast
import hashlib
import json
import os
import shlex
import shutil
import subprocess
import sys
from modulefinder import ModuleFinder
from pathlib import Path

import pytest
from dvc.repo import Repo
from ruamel.yaml import YAML

from stages import code
from superposition import imports
from superposition.imports import files
from superposition.report import explore, page
from superposition.report.live import SCRIPTS
from tests.checkout import SHORT, Small
from tests.documents import changed, write

ROOT = Path(__file__).parent.parent
STAGES = list(Repo(str(ROOT)).index.stages)
# Files of src/ that are no modules, and lie beside the one that reads them by its name.
LIVE = ("html.jinja", "css", *(f"{script}.js" for script in (*SCRIPTS, "own", "panel")))
PARTS = {
    "live": LIVE,
    "page": ("html.jinja", "claims.html.jinja", "section.html.jinja", "css", *(f"{name}.js" for name in page.SCRIPTS)),
    "explore": ("html.jinja", "css", *(f"{name}.js" for name in explore.SCRIPTS)),
}
OF_THE_PAGE = {f"src/superposition/report/{name}.{part}" for name, parts in PARTS.items() for part in parts}
COMPANIONS = {*OF_THE_PAGE, "src/superposition/training/kernel.cpp"}
# the self-check's, and make compare's
NOT_OF_STAGES = {"src/superposition/selfcheck/digests.json", "src/superposition/report/comparison.html.jinja"}


def script(stage) -> str:
    return next(word for word in shlex.split(stage.cmd) if word.startswith("stages/"))


def imported(file: str, *modules: str) -> set[str]:
    finder = ModuleFinder(path=[str(ROOT / "src")])
    finder.run_script(str(ROOT / file))
    for module in modules:
        finder.import_hook(module)
    files = {Path(m.__file__).resolve() for m in finder.modules.values() if m.__file__}
    return {f.relative_to(ROOT).as_posix() for f in files if f.is_relative_to(ROOT)}


@pytest.mark.parametrize("stage", STAGES, ids=lambda stage: stage.addressing)
def test_stages_depend_on_their_code(stage):
    declared = {dep.def_path for dep in stage.deps}
    name = Path(script(stage)).stem
    if name == "check":  # comes before everything else
        assert declared == imported("stages/check.py") | {"params.yaml", "requirements.txt"}
    elif name == "code":
        assert declared == {"src", "stages", "requirements.txt", "data/params.json"}
    else:
        of_each = f"{name}/{stage.name.partition('@')[2]}"
        assert f"data/code/{of_each if name in code.STAGES_OF_EACH else name}.json" in declared
        assert name in (*code.STAGES, *code.STAGES_OF_EACH)
        assert not {path for path in declared if path.startswith(("src", "stages"))}


def test_code_is_what_a_stage_imports_and_what_lies_beside_that(monkeypatch):
    monkeypatch.chdir(ROOT)
    claims = [f"superposition.claims.{file.stem}" for file in (ROOT / "src/superposition/claims").glob("*.py")]
    noted = {}
    for stage in (*code.STAGES, *code.STAGES_OF_EACH):
        noted[stage] = {file.as_posix() for file in files(Path("stages", f"{stage}.py"))}
        modules = claims if stage == "report" else []
        assert noted[stage] - COMPANIONS == imported(f"stages/{stage}.py", *modules) | {"requirements.txt"}
        assert not any(file.startswith("src/superposition/results/") for file in noted[stage])
    for stage, module in (("plot", "superposition.figures.geometry"), ("measure", "superposition.measures.recovery")):
        found = {file.as_posix() for file in files(Path("stages", f"{stage}.py"), module)}
        assert found - COMPANIONS == imported(f"stages/{stage}.py", module) | {"requirements.txt"}
        assert found > noted[stage]
    assert noted["train"] & COMPANIONS == {"src/superposition/training/kernel.cpp"}
    assert noted["report"] & COMPANIONS == OF_THE_PAGE
    others = {
        file.relative_to(ROOT).as_posix() for file in (ROOT / "src").rglob("*.*") if "__pycache__" not in file.parts
    }
    assert {file for file in others if not file.endswith(".py")} == COMPANIONS | NOT_OF_STAGES


def test_code_is_noted_for_each_experiment(tmp_path, monkeypatch):
    """An edit reruns what runs that code: a measure its experiments, a figure its own, training everything."""
    for folder in ("src", "stages"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "requirements.txt", tmp_path)
    (tmp_path / "data").mkdir()
    experiments = {
        "intro": {},
        "mine": {"measures": {"rotations": {"count": 19}, "attack": 0.3}},
        "sparse_recovery": {"measures": {"recovery": {"samples": 3}}},
        "geometry": {"full_scale": {"measures": {"packings": {}}}},
        "geometry_small": {},
        "own": {"model": ["linear", {"name": "mine", "module": "src/own/mine.py:Mine"}]},
        "own_at_full_scale": {"model": "linear", "full_scale": {"model": {"name": "a", "module": "src/own/mine.py:A"}}},
    }
    (tmp_path / "src/own").mkdir()
    (tmp_path / "src/own/mine.py").write_text("from own.common import part\n", encoding="utf-8")
    (tmp_path / "src/own/common.py").touch()
    (tmp_path / "data/params.json").write_text(json.dumps({"experiments": experiments}), encoding="utf-8")
    monkeypatch.chdir(tmp_path)

    def noted() -> dict[str, str]:
        imports.imported.cache_clear()
        code.digest.cache_clear()
        code.main()
        files = Path("data/code").rglob("*.json")
        return {file.relative_to("data/code").with_suffix("").as_posix(): file.read_text() for file in files}

    def changed_by(file: str) -> set[str]:
        before = noted()
        with Path("src", file if file.startswith("own/") else f"superposition/{file}").open(
            "a", encoding="utf-8"
        ) as text:
            text.write("// changed\n" if file.endswith(".cpp") else "# changed\n")
        after = noted()
        return {name for name in before if before[name] != after[name]}

    def of_each(stage: str) -> set[str]:
        return {f"{stage}/{name}" for name in experiments}

    assert changed_by("training/kernel.cpp") == of_each("train") | of_each("measure")  # which judges by it
    for file in ("own/mine.py", "own/common.py"):  # which that imports
        mine = ("own", "own_at_full_scale")
        assert changed_by(file) == {f"{stage}/{name}" for stage in ("train", "measure") for name in mine}
    assert changed_by("figures/style.py") == of_each("plot")
    assert changed_by("figures/intro.py") == {"plot/intro"}
    assert changed_by("figures/geometry.py") == {"plot/geometry", "plot/geometry_small"}
    assert changed_by("measures/recovery.py") == {"measure/sparse_recovery"}
    assert changed_by("measures/rotations.py") == {"measure/mine"}
    assert changed_by("measures/packings.py") == {"measure/geometry"}
    assert changed_by("measures/tables.py") == of_each("measure")
    assert changed_by("claims/intro.py") == {"report"}
    assert changed_by("readings/solutions.py") >= {"report"}


@pytest.mark.parametrize("stage", STAGES, ids=lambda stage: stage.addressing)
def test_every_stage_says_what_it_is(stage):
    assert stage.desc


def test_stages_that_do_not_train_import_neither_lightning_nor_what_they_do_not_use():
    light = {
        "check": {"torch", "pandas", "numpy"},
        "code": {"torch", "pandas", "numpy"},
        "plot": {"torch"},
        "report": {"torch", "seaborn", "matplotlib"},
    }
    for name in ("check", "code", "generate", "measure", "plot", "report"):
        modules = "import sys; sys.argv=['x']; import runpy; runpy.run_path('stages/%s.py', run_name='imported'); "
        code = modules % name + "print(*{m.split('.')[0] for m in sys.modules})"
        done = subprocess.run(
            [sys.executable, "-c", code],
            cwd=ROOT,
            env={"PYTHONPATH": "src"},
            capture_output=True,
            text=True,
            check=True,
        )
        assert not set(done.stdout.split()) & ({"pytorch_lightning", "dvc"} | light.get(name, set())), name


@pytest.mark.parametrize(
    ("package", "allowed"),
    [
        ("exact", set()),
        ("theory", {"exact"}),
        ("features", {"exact", "params"}),  # `world` resolves parameters
        ("models", {"exact"}),
        ("training", {"exact", "features", "imports", "models"}),  # which files decide its results
        ("measures", {"exact", "features", "models", "theory", "training"}),
        ("readings", {"exact", "features.values", "measures", "theory"}),  # what a law's values are on average
        ("figures", {"exact", "measures", "palette", "readings", "theory", "verdicts"}),
        ("claims", {"exact", "measures", "readings", "theory", "verdicts"}),
        # The bit budget; and sets in words, which lie with features since training reads them: were they a part of this
        # package, training would depend on all of it, and begin anew at any edit.
        ("params", {"exact", "features.groups"}),
        ("results", {"exact", "measures", "models", "params", "readings"}),
        ("dictionaries", {"exact", "features", "measures", "results"}),
        ("report", {"claims", "exact", "palette", "readings", "params", "verdicts"}),
    ],
)
def test_arrows_point_down(package, allowed):
    for file in (ROOT / "src/superposition" / package).glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("superposition."):
                imported = node.module.removeprefix("superposition.")
                names = {imported, imported.split(".")[0]}
                assert names & (allowed | {package}), f"{file.name} imports {node.module}"


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """A checkout in which everything is up to date."""
    small = Small(tmp_path_factory.mktemp("small"), short=SHORT | {"training": SHORT["training"] | {"steps": 20}})
    small.dvc("repro", check=True)
    return small


def ran(small: Small) -> set[str]:
    """The stages that `dvc repro` runs."""
    said = small.dvc("repro", check=True).stdout
    return {line.split("'")[1] for line in said.splitlines() if line.startswith("Running stage ")}


@pytest.mark.slow
def test_where_nothing_has_changed_nothing_is_computed(small):
    before = {file: file.stat().st_mtime_ns for file in sorted((small.root / "data").rglob("*"))}
    assert before
    assert ran(small) == set()
    assert {file: file.stat().st_mtime_ns for file in sorted((small.root / "data").rglob("*"))} == before
    assert small.status() == {}


@pytest.mark.slow
def test_what_is_named_after_an_edit_is_what_reruns(small):
    with (small.root / "src/superposition/models/toy_model.py").open("a", encoding="utf-8") as text:
        text.write("# changed\n")
    assert set(small.status()) == {"code"}  # `dvc status` cannot know more
    small.run(*small.make("status"), check=True)
    concerned = {"train@short", "measure@short"}  # which compute with models
    assert set(small.status()) == concerned
    assert ran(small) == concerned  # a comment changes no weight and no table: nothing below these runs
    assert small.status() == {}


def test_what_dvc_has_to_read_stays_small():
    """DVC reads all of dvc.lock for every command, which would be long with files of code in each stage."""
    experiments = sum(stage.addressing.startswith("train@") for stage in STAGES)
    assert (ROOT / "dvc.lock").stat().st_size < 4096 * experiments


def test_stage_scripts_are_thin():
    for file in (ROOT / "stages").glob("*.py"):
        assert len(file.read_text(encoding="utf-8").splitlines()) <= 60, file.name


def test_what_was_checked_last_is_not_deleted_before_the_next_check():
    (out,) = next(stage for stage in STAGES if stage.addressing == "check").outs
    assert (out.def_path, out.persist) == ("data/params.json", True)


def everything(directory: Path) -> dict[str, str]:
    """All files but the parameters and what tools keep for themselves."""
    own = ("/params.yaml", "/.git/", "/.dvc/tmp/", "/__pycache__/")
    files = [file for file in directory.rglob("*") if file.is_file() and not any(part in str(file) for part in own)]
    return {str(file): hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


@pytest.mark.slow
def test_dvc_leaves_everything_as_it_was_when_parameters_are_refused(tmp_path):
    """The check stage as it is, and one that depends on it, in a repository of their own."""
    root, settings = tmp_path / "copy", tmp_path / "gitconfig"
    settings.write_text("[user]\nname = Somebody\nemail = somebody@example.org\n", encoding="utf-8")
    environment = os.environ | {"DVC_NO_ANALYTICS": "1", "GIT_CONFIG_GLOBAL": str(settings)}

    def call(*command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True)

    def dvc(*arguments: str) -> subprocess.CompletedProcess[str]:
        return call(sys.executable, "-m", "dvc", *arguments)

    shutil.copytree(ROOT / "src", root / "src", ignore=shutil.ignore_patterns("__pycache__"))
    for file in ("stages/check.py", "requirements.txt", ".gitignore", ".dvc/config"):
        (root / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / file, root / file)
    stages = YAML(typ="safe").load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))["stages"]
    after = {"cmd": "cat data/params.json > copied; echo x >> runs", "deps": ["data/params.json"], "outs": ["copied"]}
    (root / "dvc.yaml").write_text(json.dumps({"stages": {"check": stages["check"], "after": after}}), encoding="utf-8")
    write(root / "params.yaml", changed())
    for command in ("git init -q", "git add -A", "git commit -q -m first"):
        assert call(*command.split()).returncode == 0

    def runs() -> int:
        return len((root / "runs").read_text(encoding="utf-8").split())

    assert dvc("repro").returncode == 0
    before = everything(root)
    for change in (("seed", -1), ("experiments.intro.title", "a\x7fb"), ("experiments.intro.seeds", 2_000_000)):
        write(root / "params.yaml", changed(change))
        for arguments in (("repro",), ("repro", "--force"), ("repro", "after"), ("exp", "run")):
            done = dvc(*arguments)
            assert done.returncode != 0
            assert change[0].rpartition(".")[0] in done.stderr
            assert everything(root) == before
    write(root / "params.yaml", changed())
    assert dvc("repro").returncode == 0
    assert everything(root) == before
    assert runs() == 1
    write(root / "params.yaml", changed(("seed", 1)))
    assert dvc("repro").returncode == 0
    assert runs() == 2
