"""Stages end with the DVC that started them, run only noted code, and put outputs in place when they are complete."""

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from superposition import stage as around

ROOT = Path(__file__).parent.parent
# Writes a first half, and the second when it is told to.
SLOW = """\
import sys, time
from pathlib import Path
from superposition.stage import placed, run

def main():
    with placed(Path("out")) as out:
        out.mkdir()
        (out / "a").write_text("half")
        print("half", flush=True)
        while not Path("go").exists():
            time.sleep(0.02)
        (out / "b").write_text("whole")

if __name__ == "__main__":
    with run():
        main()
"""
# Starts the stage as DVC does, and waits for it; what it is told is the shell.
DVC = """\
import os, subprocess, sys
shell, command = sys.argv[1], "PYTHONPATH=src python stages/slow.py" + sys.argv[2]
subprocess.run([shell, "-c", command], env=os.environ | {"DVC_STAGE": "slow", "DVC_ROOT": os.getcwd()})
"""


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    """A copy with a stage `slow`, whose code is noted."""
    for file in (f"src/superposition/{name}.py" for name in ("__init__", "stage", "stopping")):
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / file, tmp_path / file)
    (tmp_path / "stages").mkdir()
    (tmp_path / "stages/slow.py").write_text(SLOW)
    (tmp_path / "dvc.py").write_text(DVC)
    monkeypatch.chdir(tmp_path)
    note()
    return tmp_path


def note() -> None:
    files = [*Path("src").rglob("*.py"), *Path("stages").rglob("*.py")]
    noted = {file.as_posix(): hashlib.sha256(file.read_bytes()).hexdigest() for file in files}
    Path("data/code").mkdir(parents=True, exist_ok=True)
    Path("data/code/slow.json").write_text(json.dumps(noted))


@pytest.fixture
def dvc(checkout):
    started = []

    def begin(shell: str = "sh", after: str = "") -> subprocess.Popen[str]:
        env = os.environ | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
        command = [sys.executable, "dvc.py", shell, after]
        process = subprocess.Popen(
            command, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
        )
        started.append(process)
        return process

    yield begin
    for process in started:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


@pytest.mark.parametrize("after", ["", "; true"], ids=["in DVC's child", "in its shell's child"])
@pytest.mark.parametrize("sent", [signal.SIGKILL, signal.SIGTERM])
def test_a_stage_ends_with_its_dvc_and_writes_nothing(checkout, dvc, sent, after):
    running = dvc(after=after)
    assert running.stdout.readline() == "half\n"
    family = psutil.Process(running.pid).children(recursive=True)
    assert family
    running.send_signal(sent)
    running.wait()
    assert psutil.wait_procs(family, timeout=20)[1] == []
    assert "slow: the DVC that has started this is gone, nothing is written" in running.stderr.read()
    Path("go").touch()
    assert not Path("out").exists()


def test_a_stage_that_is_an_orphan_before_it_looks_ends_too(checkout):
    """Started by a process that ends at once, in another group than who adopts it."""
    start = "import subprocess, sys; subprocess.Popen([sys.executable, 'stages/slow.py'])"
    env = os.environ | {"PYTHONPATH": "src", "DVC_STAGE": "slow"}
    Path("go").touch()
    command = [sys.executable, "-S", "-c", start]
    done = subprocess.run(command, env=env, capture_output=True, text=True, start_new_session=True)
    assert "the DVC that has started this is gone" in done.stderr
    assert not Path("out").exists()


def test_a_stage_whose_dvc_stays_puts_its_outputs_in_place_when_they_are_complete(checkout, dvc):
    Path("out").mkdir()
    Path("out/old").touch()
    running = dvc(after="; true")
    assert running.stdout.readline() == "half\n"
    assert [file.name for file in Path("out").iterdir()] == ["old"]
    Path("go").touch()
    assert running.wait() == 0
    assert sorted(file.name for file in Path("out").iterdir()) == ["a", "b"]
    assert list(Path("data/partial").iterdir()) == []


def test_started_by_hand_a_stage_outlives_who_started_it(checkout):
    env = os.environ | {"PYTHONPATH": "src"}
    command = ["sh", "-c", f"{sys.executable} stages/slow.py &"]
    subprocess.run(command, env=env, stdout=subprocess.DEVNULL, start_new_session=True)
    time.sleep(3 * around.EVERY)
    Path("go").touch()
    for _ in range(3000):
        if Path("out/b").exists():
            break
        time.sleep(0.02)
    assert Path("out/b").exists()


def test_other_code_than_was_noted_is_refused(checkout, dvc):
    with Path("src/superposition/__init__.py").open("a") as file:
        file.write("# edited\n")
    Path("go").touch()
    running = dvc()
    assert running.stdout.readline() == ""
    assert running.stderr.read().startswith("slow: src/superposition/__init__.py: not what the stage `code` has noted")
    assert not Path("out").exists()
    note()
    running = dvc()
    assert running.stdout.readline() == "half\n"
    running.wait()
    assert Path("out/b").exists()


def test_code_that_changes_while_a_stage_runs_is_refused_at_its_end(checkout, dvc):
    running = dvc()
    assert running.stdout.readline() == "half\n"
    with Path("stages/slow.py").open("a") as file:
        file.write("# edited\n")
    Path("go").touch()
    assert running.stderr.read().startswith("slow: stages/slow.py: not what the stage `code` has noted")
    assert not Path("out").exists()
    assert list(Path("data/partial").iterdir()) == []


@pytest.mark.parametrize("file", ["src/shutil.py", "stages/shutil.py"])
def test_a_file_of_ours_that_shadows_a_library_is_refused(checkout, dvc, file):
    Path(file).write_text(Path(shutil.__file__).read_text())
    Path("go").touch()
    assert f"{file} (new): not what the stage `code` has noted" in dvc().stderr.read()
    assert not Path("out").exists()


@pytest.mark.parametrize(
    ("error", "status", "said"),
    [
        ("OSError(28, 'No space left on device', 'out/a')", 1, "slow: [Errno 28] No space left on device: 'out/a'\n"),
        ("MemoryError()", 1, "slow: out of memory\n"),
        ("MemoryError('Unable to allocate 9 TiB')", 1, "slow: out of memory: Unable to allocate 9 TiB\n"),
    ],
)
def test_what_the_system_refuses_is_said_in_one_line(checkout, error, status, said):
    Path("stages/slow.py").write_text(SLOW.replace('print("half", flush=True)', f"raise {error}"))
    command = [sys.executable, "stages/slow.py"]
    done = subprocess.run(command, env=os.environ | {"PYTHONPATH": "src"}, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (status, said)
    assert not Path("out").exists()
    assert list(Path("data/partial").iterdir()) == []


@pytest.mark.parametrize("place", ["def main():", 'print("half", flush=True)'], ids=["while it imports", "at work"])
def test_interrupted_it_says_so_in_one_line(checkout, place):
    text = SLOW.replace("import sys, time\n", "import os, signal, sys, time\nimport superposition.stopping\n")
    indent = " " * 8 * place.startswith("print")
    Path("stages/slow.py").write_text(text.replace(place, f"os.kill(os.getpid(), signal.SIGINT)\n{indent}{place}"))
    command = [sys.executable, "stages/slow.py"]
    done = subprocess.run(command, env=os.environ | {"PYTHONPATH": "src"}, capture_output=True, text=True)
    said = "slow: stopped, nothing is written; make repro makes it anew\n"
    assert (done.returncode, done.stderr) == (130, said)


@pytest.mark.parametrize(
    "error", ["ValueError('not a\\nParquet file')", "KeyError('not a Parquet file')", "EOFError()"]
)
def test_an_input_that_cannot_be_read_is_said_in_one_line(checkout, error):
    text = SLOW.replace("import placed, run", "import reading, run")
    head, _, tail = text.partition("    with placed")
    text = f"{head}    with reading():\n        raise {error}\n\n" + tail[tail.index("if __name__") :]
    Path("stages/slow.py").write_text(text)
    command = [sys.executable, "stages/slow.py"]
    done = subprocess.run(command, env=os.environ | {"PYTHONPATH": "src"}, capture_output=True, text=True)
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith("slow: an input is damaged (")
    assert ("not a Parquet file" in line) == ("EOF" not in error)


def test_at_the_end_of_a_run_it_is_said_which_code_was_edited(checkout, capsys):
    assert around.main() == 0
    with Path("stages/slow.py").open("a") as file:
        file.write("# edited\n")
    Path("src/superposition/__init__.py").unlink()
    assert around.main() == 1
    assert capsys.readouterr().err.startswith("src/superposition/__init__.py, stages/slow.py: edited since")


def test_whose_code_is_noted(checkout):
    """Of a stage of each experiment its own file, else the stage's; as DVC names it in a folder below, too."""
    Path("data/code/measure").mkdir()
    for name in ("measure/intro", "train"):
        Path(f"data/code/{name}.json").write_text(json.dumps({"file": name}))
    found = {name: around.noted_of(name) for name in ("measure@intro", "train@intro", "../dvc.yaml:train@a", "check")}
    assert found == {
        "measure@intro": {"file": "measure/intro"},
        "train@intro": {"file": "train"},
        "../dvc.yaml:train@a": {"file": "train"},
        "check": None,
    }
