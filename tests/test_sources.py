"""What `check` and `code` run is what is there, and what is recorded of them was made by it."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from scripts import alone
from superposition import sources
from tests.checkout import FILES, ROOT, Small, code
from tests.documents import changed, write

# A stage that says which code it runs; `late` is done between its work and its end.
STAGE = """\
from superposition.sources import confirm_unedited
from superposition.stage import placed, run
from superposition.said import SAID
from pathlib import Path

with run(), placed(Path("out")) as out:
    out.write_text(SAID)
    late = Path("late")
    if late.exists():
        Path("src/superposition/said.py").write_text(late.read_text())
    confirm_unedited()
"""


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    for file in ("__init__", "stage", "sources"):
        (tmp_path / "src/superposition").mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / f"src/superposition/{file}.py", tmp_path / "src/superposition")
    (tmp_path / "stages").mkdir()
    (tmp_path / "stages/it.py").write_text(STAGE)
    (tmp_path / "requirements.txt").touch()
    say(tmp_path, "one")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def say(checkout: Path, what: str) -> None:
    """Of one length and one time, whatever it is."""
    file = checkout / "src/superposition/said.py"
    file.write_text(f'SAID = "{what}"\n')
    os.utime(file, (1_700_000_000, 1_700_000_000))


def run(*command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"} | environment
    return subprocess.run(
        [sys.executable, *command], env=environment | {"PYTHONPATH": "src"}, capture_output=True, text=True
    )


@pytest.mark.parametrize("before", ["another program", "the stage itself"])
def test_an_edit_that_time_and_size_do_not_show_is_run(checkout, before):
    if before == "another program":
        run("-c", "import superposition.said")
    else:
        run("stages/it.py")
    say(checkout, "two")
    if before == "another program":  # by default Python takes what it compiled before
        assert run("-c", "import superposition.said as it; print(it.SAID)").stdout == "one\n"
    done = run("stages/it.py")
    assert (done.returncode, Path("out").read_text()) == (0, "two"), done.stderr
    say(checkout, "six")
    assert run("-c", "import superposition.said as it; print(it.SAID)").stdout == "six\n"  # and so it stays


def test_what_is_compiled_by_content_is_not_compiled_again(checkout):
    run("-c", "import superposition.said")
    run("stages/it.py")
    (compiled,) = Path("src/superposition/__pycache__").glob("said.*")
    assert sources.flags(compiled) == sources.CHECKED
    before = compiled.stat()
    run("stages/it.py")
    assert compiled.stat() == before or compiled.stat().st_mtime_ns == before.st_mtime_ns


def test_what_was_edited_while_it_ran_is_not_put_in_place(checkout):
    Path("late").write_text('SAID = "two"\n')
    done = run("stages/it.py")
    said = "it: src/superposition/said.py: edited while this ran, nothing is written; run it again\n"
    assert (done.returncode, done.stderr) == (1, said)
    assert not Path("out").exists()
    assert run("stages/it.py").returncode == 0
    assert Path("out").read_text() == "two"


@pytest.fixture
def noted(tmp_path, monkeypatch):
    """A checkout in which check and code have run; what DVC is asked for is written down in its place."""
    folder = code(tmp_path / "checkout", *FILES, "requirements.txt")
    monkeypatch.chdir(folder)
    write(folder / "params.yaml", changed())
    for stage in ("check", "code"):
        done = run(f"stages/{stage}.py")
        assert done.returncode == 0, done.stderr
    Path("dvc.lock").write_text("stages: {}\n")
    monkeypatch.setitem(sys.modules, "stages", __import__("stages"))
    from stages import code as of_stages
    from superposition import imports

    of_stages.digest.cache_clear()
    imports.imported.cache_clear()
    yield folder
    of_stages.digest.cache_clear()
    imports.imported.cache_clear()


def test_what_check_and_code_would_make_otherwise_now_runs_again(noted):
    """Whatever dvc.lock says: an edit just as they ended is in it, with what they had made before."""
    from stages import code as of_stages

    alone.TMP.mkdir(parents=True)
    assert alone.outdated() == []
    with Path("src/superposition/frames.py").open("a") as file:
        file.write("# edited late\n")
    of_stages.digest.cache_clear()
    assert alone.outdated() == ["code"]
    write(Path("params.yaml"), changed(("seed", 7)))
    assert alone.outdated() == ["check", "code"]
    write(Path("params.yaml"), changed(("seed", -1)))
    Path("params.yaml").write_text("[")
    assert alone.outdated() == []  # for check to refuse


def test_what_was_up_to_date_is_not_looked_into_again_until_something_changes(noted, monkeypatch):
    """A file of src that nothing imports, or what `code` has made: whatever could matter."""
    from stages import code as of_stages

    looked = []
    own = of_stages.noted
    monkeypatch.setattr(of_stages, "noted", lambda: looked.append(1) or own())
    alone.TMP.mkdir(parents=True)

    def looks() -> bool:
        looked.clear()
        assert alone.outdated() == []
        return bool(looked)

    assert [looks(), looks()] == [True, False]
    Path("src/superposition/new.txt").write_text("of no stage")
    assert [looks(), looks()] == [True, False]
    params = Path("params.yaml")
    params.write_text(params.read_text() + "# a comment\n")
    assert [looks(), looks()] == [True, False]
    alone.CURRENT.write_text("cut off")
    assert [looks(), looks()] == [True, False]
    made = next(file for file in Path("data/code").rglob("*.json"))
    made.write_text("{}")
    assert alone.outdated() == ["code"]
    assert alone.outdated() == ["code"]  # which is not kept


def test_a_link_in_place_of_data_is_refused_at_once(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "elsewhere").mkdir()
    Path("data").symlink_to("elsewhere")
    with pytest.raises(SystemExit):
        alone.refuse_links()
    assert capsys.readouterr().err.startswith("make: data is a link, in which DVC keeps nothing; must be a folder")


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("stage", ["generate", "measure mine", "plot mine", "report"])
def test_what_ends_a_stage_while_it_loads_its_libraries_is_said_in_one_line(stage, sent):
    """As soon as it has begun to load numpy; the others load nothing that takes long."""
    name, *experiment = stage.split()
    command = [sys.executable, f"stages/{name}.py", *experiment]
    its = os.environ | {"PYTHONPATH": "src"}
    process = subprocess.Popen(command, cwd=ROOT, env=its, stderr=subprocess.PIPE, text=True)
    while process.poll() is None and not any(
        "numpy" in each.path for each in psutil.Process(process.pid).memory_maps()
    ):
        time.sleep(0.005)
    process.send_signal(sent)
    said = process.communicate()[1]
    assert (process.returncode, said) == (
        128 + sent,
        f"{stage}: stopped, nothing is written; make repro makes it anew\n",
    )


@pytest.mark.slow
@pytest.mark.long
def test_an_edit_just_as_code_ended_is_made_good(tmp_path):
    """By make repro, whose DVC takes what is recorded for good."""
    small = Small(tmp_path)
    program = tmp_path / "bin/python"
    program.parent.mkdir()
    program.write_text(
        f'#!/bin/bash\n{sys.executable} "$@"; r=$?\n'
        'case "$*" in *stages/code.py*) [ -e ../armed ] && { rm ../armed; '
        "echo '# late' >> src/superposition/features/world.py; };; esac\nexit $r\n"
    )
    program.chmod(0o755)
    (tmp_path / "armed").touch()
    path = {"PATH": f"{program.parent}{os.pathsep}{small.environment['PATH']}"}
    assert small.run("dvc", "repro", "generate", env=path).returncode != 0  # refuses what was not noted
    assert not (tmp_path / "armed").exists()
    small.run(*small.make("repro"), check=True)
    assert small.status() == {}
