"""The pipeline as DVC sees it: what stages depend on, what they import, and what reruns when something changes."""

import ast
import shlex
import subprocess
import sys
from modulefinder import ModuleFinder
from pathlib import Path

import pytest
from dvc.repo import Repo

ROOT = Path(__file__).parent.parent
STAGES = list(Repo(str(ROOT)).index.stages)
# What a module reads beside itself.
COMPANIONS = {
    "src/superposition/report/page.py": "src/superposition/report/page.html.jinja",
    "src/superposition/training/kernel.py": "src/superposition/training/kernel.cpp",
}


def script(stage) -> Path:
    return ROOT / next(word for word in shlex.split(stage.cmd) if word.startswith("stages/"))


def imported(file: Path) -> set[str]:
    finder = ModuleFinder(path=[str(ROOT / "src")])
    finder.run_script(str(file))
    files = {Path(m.__file__).resolve() for m in finder.modules.values() if m.__file__}
    return {f.relative_to(ROOT).as_posix() for f in files if f.is_relative_to(ROOT)}


def declared(stage) -> set[str]:
    return {dep.def_path for dep in stage.deps if not dep.def_path.startswith(("data/", "reports/"))}


@pytest.mark.parametrize("stage", STAGES, ids=lambda stage: stage.addressing)
def test_deps_are_what_the_stage_imports(stage):
    code = imported(script(stage))
    expected = code | {COMPANIONS[file] for file in code & COMPANIONS.keys()} | {"requirements.txt"}
    assert declared(stage) - {"params.yaml"} == expected


def test_companions_exist_and_are_read():
    for module, companion in COMPANIONS.items():
        source = (ROOT / module).read_text(encoding="utf-8")
        assert (ROOT / companion).is_file()
        # by its name, or by the module's own with another suffix
        assert Path(companion).name in source or f'with_suffix("{Path(companion).suffix}")' in source


@pytest.mark.parametrize("stage", STAGES, ids=lambda stage: stage.addressing)
def test_every_stage_says_what_it_is(stage):
    assert stage.desc


def test_stages_that_do_not_train_import_neither_lightning_nor_what_they_do_not_use():
    light = {"check": {"torch", "pandas", "numpy"}, "plot": {"torch"}, "report": {"torch", "seaborn", "matplotlib"}}
    for name in ("check", "generate", "measure", "plot", "report"):
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
        ("theory", set()),
        ("features", {"exact", "params"}),  # `world` resolves parameters
        ("models", {"exact"}),
        ("training", {"exact", "features", "models"}),
        ("measures", {"exact", "features", "models", "theory"}),
        ("figures", {"measures", "theory"}),
        ("claims", {"measures", "theory"}),
        ("params", {"exact"}),  # the bit budget
        ("report", {"claims", "measures", "params"}),
    ],
)
def test_arrows_point_down(package, allowed):
    for file in (ROOT / "src/superposition" / package).glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("superposition."):
                assert node.module.split(".")[1] in allowed | {package}, f"{file.name} imports {node.module}"


def test_stage_scripts_are_thin():
    for file in (ROOT / "stages").glob("*.py"):
        assert len(file.read_text(encoding="utf-8").splitlines()) <= 60, file.name
