"""Nothing that is read is executed, no name leaves its folder, no text becomes markup, and pins can be looked up."""

import ast
import json
import os
import re
import shutil
import subprocess
import sys
import threading
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import numpy as np
import pytest

from scripts import audit
from superposition.claims.claim import Evaluation
from superposition.params import ParamsError
from superposition.params.experiments import resolve
from superposition.report.captions import Caption
from superposition.report.explore import Panel, written
from superposition.report.full_scale import FullScale
from superposition.report.page import Section, page
from superposition.report.pictures import picture
from tests.documents import changed

ROOT = Path(__file__).parent.parent
SOURCES = [file for part in ("src", "stages", "scripts", "benchmarks") for file in (ROOT / part).rglob("*.py")]
NAMES = {"eval", "exec", "compile", "__import__"}
MODULES = {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "marshal", "shelve", "pty", "commands"}
CALLS = {
    *("os.system", "os.popen", "subprocess.getoutput", "subprocess.getstatusoutput", "torch.load", "pd.read_pickle"),
    *("yaml.load", "yaml.unsafe_load"),
}

EXCEPTIONS = {"UnpicklingError"}  # nothing but the name of an error


def executed(source: str) -> list[str]:
    """What in a source could execute what it reads, or give it to a shell."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found += [name.name for name in node.names if name.name.split(".")[0] in MODULES]
        elif isinstance(node, ast.ImportFrom):
            names = {name.name for name in node.names} - EXCEPTIONS
            found += [node.module] if names and (node.module or "").split(".")[0] in MODULES else []
        elif isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            given = {keyword.arg: ast.unparse(keyword.value) for keyword in node.keywords}
            safe = called == "torch.load" and given.get("weights_only") == "True"
            found += [called] if called in NAMES | CALLS and not safe else []
            found += [
                f"{called}({key}={given[key]})"
                for key in ("shell", "allow_pickle")
                if given.get(key, "False") != "False"
            ]
            found += (
                [f"YAML({given})"] if called == "YAML" and given.get("typ", "'rt'") not in ("'safe'", "'rt'") else []
            )
            found += [f"os.{node.func.attr}"] if called.startswith(("os.exec", "os.spawn")) else []
    return found


# `make repro` becomes DVC, so that its lock ends with it, and what is typed goes after a command: the Makefile's words
ALLOWED = {"scripts/alone.py": ["os.execvp"], "scripts/typed.py": ["os.execvp"]}


@pytest.mark.parametrize("file", SOURCES, ids=lambda file: file.relative_to(ROOT).as_posix())
def test_no_source_executes_what_it_reads(file):
    assert executed(file.read_text(encoding="utf-8")) == ALLOWED.get(file.relative_to(ROOT).as_posix(), [])


@pytest.mark.parametrize(
    "source",
    [
        "import pickle",
        "from pickle import loads",
        "eval('1')",
        "subprocess.run('ls', shell=True)",
        "np.load(f, allow_pickle=True)",
        "YAML(typ='unsafe')",
        "from pickle import UnpicklingError, loads",
        "torch.load(f)",
        "torch.load(f, weights_only=False)",
        "torch.load(f, weights_only=chosen)",
        "os.system('ls')",
    ],
)
def test_what_would_execute_something_is_found(source):
    assert executed(source)


def test_arrays_of_objects_are_not_loaded(tmp_path):
    np.save(tmp_path / "W.npy", np.array([{}]), allow_pickle=True)
    with pytest.raises(ValueError, match="allow_pickle=False"):
        np.load(tmp_path / "W.npy")


@pytest.mark.parametrize(
    "name", ["..", "../x", "a/b", "a\\b", ".", "", "a b", "A", "-x", "~", "a;ls", "$(ls)", "a\n", "a\x00", "a@b", "ä"]
)
def test_no_name_of_an_experiment_leaves_its_folder_or_reaches_a_shell(name):
    document = changed()
    document["experiments"] = {name: document["experiments"]["intro"]}
    with pytest.raises(ParamsError, match="experiments"):
        resolve(document)


HOSTILE = "</title><script>alert(1)</script><img src=x onerror='alert(2)'>\" onload=\"alert(3)"


def test_text_stays_text_on_the_page(tmp_path):
    file = tmp_path / "a.svg"
    file.write_text(
        f'<svg width="1pt" height="1pt"><text>{HOSTILE.replace("<", "&lt;")}</text></svg>', encoding="utf-8"
    )
    drawn = picture("intro", file)
    hostile_picture = replace(drawn, place=HOSTILE, name=HOSTILE, caption=Caption(HOSTILE, HOSTILE), source=HOSTILE)
    hostile = Section(
        key="intro",
        title=HOSTILE,
        section=HOSTILE,
        about=HOSTILE,
        formulas=[(HOSTILE, "")],
        parameters=[(HOSTILE, HOSTILE)],
        cost=HOSTILE,
        command=HOSTILE,
        figures=[hostile_picture],
        full_scale=FullScale(hostile_picture, [f"full_scale/intro/{HOSTILE}.svg"], 1),
        conditions=[],
        panels=[Panel(HOSTILE, HOSTILE, HOSTILE, written("</script><script>"))],
    )
    fields = ("id", "statement", "paper", "tolerance", "measured", "spread", "section", "figure", "fixed")
    verdict = dict.fromkeys(fields, HOSTILE) | {"verdict": "holds", "limit": "ours", "share": None}
    text = page([hostile], Evaluation(verdicts=[verdict], untested=[], remarks={HOSTILE: HOSTILE}))
    plain = page([], Evaluation(verdicts=[], untested=[], remarks={}))
    assert "&lt;script&gt;" in text
    for tag in ("<script>", "<img src=x", "</title>"):
        assert text.count(tag) == plain.count(tag)
    assert text.count("<script") == text.count("</script>") == plain.count("<script") + 1  # the panel's data
    assert '" onload' not in text


class Database(BaseHTTPRequestHandler):
    """Knows of one version."""

    def do_POST(self):
        queries = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["queries"]
        bad = {"package": {"name": "jinja2", "ecosystem": "PyPI"}, "version": "2.4.1"}
        results = [{"vulns": [{"id": "GHSA-1"}, {"id": "GHSA-2"}]} if query == bad else {} for query in queries]
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps({"results": results}).encode())

    def log_message(self, *arguments):
        pass


@pytest.fixture
def database():
    server = HTTPServer(("127.0.0.1", 0), Database)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


@pytest.mark.parametrize(
    ("text", "status", "said"),
    [
        ("jinja2==2.4.1 \\\n  --hash=sha256:1\n", 1, "jinja2 2.4.1: GHSA-1, GHSA-2\n1 pinned packages, 1 with"),
        ("# x\njinja2==3.1.6 ; python_version < '4'\ntorch==2.13.0+cpu\n", 0, "2 pinned packages, 0 with known"),
    ],
)
def test_pins_are_looked_up(tmp_path, monkeypatch, capsys, database, text, status, said):
    monkeypatch.chdir(tmp_path)
    for file in audit.FILES:
        Path(file).write_text("")
    Path("requirements.txt").write_text(text)
    monkeypatch.setattr(sys, "argv", ["audit", "--database", database])
    assert audit.main() == status
    assert capsys.readouterr().out.startswith(said)


def test_where_the_database_does_not_answer_nothing_is_known(monkeypatch, capsys):
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(sys, "argv", ["audit", "--database", "http://127.0.0.1:9"])
    assert audit.main() == 2
    assert "did not answer" in capsys.readouterr().err
    count = len(audit.pins([(ROOT / file).read_text(encoding="utf-8") for file in audit.FILES]))
    assert count > 100


@pytest.fixture
def typed(tmp_path):
    """What programs get of what is typed to make: python and dvc only say their words, each in brackets."""
    for name in ("python", "dvc"):
        (tmp_path / name).write_text('#!/bin/sh\nprintf "<%s>" "$@"; echo\n', encoding="utf-8")
        (tmp_path / name).chmod(0o755)
    shutil.copy(ROOT / "Makefile", tmp_path)

    def make(*words: str, **environment: str) -> list[str]:
        its = os.environ | {"PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}"} | environment
        command = ["make", "--no-print-directory", *words, "RUNTIME=", "SPEAKING=", "DEVELOPMENT="]
        return subprocess.run(
            command, cwd=tmp_path, env=its, capture_output=True, text=True, check=True
        ).stdout.splitlines()

    return make


@pytest.mark.parametrize(
    "what", ["; touch pwn", "`touch pwn`", "$(touch pwn)", "$(shell touch pwn)", "' \" ; touch pwn #"]
)
def test_what_is_typed_to_make_is_not_run(typed, tmp_path, what):
    said = typed("repro", f"EXPERIMENTS=intro {what}")
    words = what.split()
    assert said[0] == "".join(f"<{word}>" for word in ("-m", "superposition.params", "--experiments", "intro", *words))
    assert said[1].startswith("<-m><scripts.alone><python><-m><scripts.quiet><repro><plot@intro><plot@")
    assert typed("vary", f"EXPERIMENT={what}", f"SET=a={what}", f"NAME={what}") == [
        "".join(f"<{word}>" for word in ("-m", "scripts.vary", what, "--set", f"a={what}", "--name", what))
    ]
    assert typed("compare", f"A={what}", f"C={what}") == [f"<-m><scripts.compare><{what}><workspace><{what}>"]
    for target in ("verify", "verify-dispatch", "full"):
        assert typed(target, f"EXPERIMENTS={what}")[0].endswith("".join(f"<{word}>" for word in words))
    assert typed("grid", f"EXPERIMENT={what}", f"VARIANTS={what}") == [
        "".join(f"<{word}>" for word in ("-m", "scripts.grid", what, *words))
    ]
    assert typed("unpack", f"ARCHIVE={what}")[0].endswith(f"<scripts.archive><{what}>")
    assert typed("vary", "EXPERIMENT=a", f"KEEP={what}") == ["<-m><scripts.vary><a><--set><><--keep>"]
    for target in WITH_ARGS:
        assert typed(target, f"ARGS={what}")[0].startswith("<-m><scripts.typed><python><-m>")
    assert not (tmp_path / "pwn").exists()


# Those whose help or recipe has ARGS, which `scripts.typed` takes from the environment.
WITH_ARGS = ("undo", "test", "test-all", "verify-dispatch", "verify-cpus", "audit", "reliability", "bench")


@pytest.mark.parametrize(
    ("what", "words"),
    [
        ("", []),
        ("-k 'norms or biases' --lf", ["-k", "norms or biases", "--lf"]),
        ("; touch pwn", [";", "touch", "pwn"]),
        ("`touch pwn` && touch pwn", ["`touch", "pwn`", "&&", "touch", "pwn"]),
        ('"$(touch pwn)" $HOME ~ * # x', ["$(touch pwn)", "$HOME", "~", "*", "#", "x"]),
        ("a\nb\\ c", ["a", "b c"]),
        ("it's", None),
    ],
)
def test_of_what_is_typed_only_quotes_mean_something(tmp_path, what, words):
    command = [sys.executable, "-m", "scripts.typed", "printf", "<%s>", "own"]
    environment = os.environ | {"ARGS": what, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    if words is None:
        assert (done.returncode, done.stdout, done.stderr) == (2, "", "make: ARGS=it's: No closing quotation\n")
    else:
        assert (done.returncode, done.stdout) == (0, "".join(f"<{word}>" for word in ["own", *words]))
    assert list(tmp_path.iterdir()) == []


def test_every_variable_that_may_be_typed_is_handed_on_as_it_was():
    """What the Makefile, and what it says of itself, has of such names; but for those of the environment alone."""
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    head, _, rest = text.partition("\nexport $(TYPED)\n")
    (listed,) = re.findall(r"^TYPED = (.*)$", head, re.MULTILINE)
    names = set(listed.split())
    assert set(re.findall(r"^([A-Z]+) (?:\?=|=$|= \w+$)", head, re.MULTILINE)) == names
    assert set(re.findall(r"\b([A-Z]+)=", text)) - names == {"FAULTS", "DOCUMENTS", "PYTHONPATH"}
    assert re.findall(rf"(?<!\$)\$[({{](?:{'|'.join(names)})\b", rest) == []
    unquoted = [found[1] for found in re.finditer(r'(?<!")\$\$([A-Z]+)\b', rest)]
    assert sorted(unquoted) == ["EXPERIMENTS", "TORCH", "TORCH", "VARIANTS"]  # in arrays, and a test


def test_what_the_environment_has_of_such_names_is_not_taken(typed):
    assert typed("repro", EXPERIMENTS="intro", A="x")[1] == "<-m><scripts.alone><python><-m><scripts.quiet><repro>"
    assert typed("vary", "EXPERIMENT=a", KEEP="1") == ["<-m><scripts.vary><a><--set><>"]


def test_parameters_are_checked_before_dvc_reads_them(typed):
    """Which resolves aliases and nesting without a bound."""
    for target in ("repro", "status"):
        said = typed(target)
        assert said[0] == "<-m><superposition.params>"
        assert any("scripts.alone" in line for line in said[1:])
