"""What `make .venv` installs: torch too, only with a hash that is known."""

import hashlib
import os
import shutil
import subprocess
import sys
from importlib.metadata import distribution  # for whoever imports pip, setuptools cannot be imported any more
from pathlib import Path
from zipfile import ZipFile

import pytest

ROOT = Path(__file__).parent.parent
WHEEL = "torch-2.13.0-py3-none-any.whl"


def wheel(path: Path, content: str) -> str:
    """A package of one module in place of torch; returns its hash."""
    path.parent.mkdir(exist_ok=True)
    with ZipFile(path, "w") as archive:
        archive.writestr("torch.py", content)
        archive.writestr("torch-2.13.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: torch\nVersion: 2.13.0\n")
        archive.writestr(
            "torch-2.13.0.dist-info/WHEEL",
            "Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        )
        archive.writestr("torch-2.13.0.dist-info/RECORD", "")
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture
def listed(tmp_path: Path) -> str:
    """A project whose list has one wheel, which pip finds; its hash."""
    digest = wheel(tmp_path / "found" / WHEEL, "it = 'listed'\n")
    shutil.copy(ROOT / "Makefile", tmp_path)
    for name in ("requirements.txt", "requirements-torch.txt"):
        (tmp_path / name).write_text(f"torch==2.13.0 \\\n    --hash=sha256:{digest}\n", encoding="utf-8")
    for name in ("requirements-cuda.txt", "requirements-remote.txt", "requirements-dev.txt"):
        (tmp_path / name).touch()
    # An environment with this one's pip, to spare the seconds that installing it takes.
    python = tmp_path / "python"
    python.write_text(
        f"#!/bin/sh\n[ $1 = -c ] || {{ {sys.executable} $@ --without-pip &&"
        f" ln -s {distribution('pip').locate_file('pip')} .venv/lib/python*/site-packages; }}\n",
        encoding="utf-8",
    )
    python.chmod(0o755)
    return digest


def installed(folder: Path, torch: str = "", python: str = "$PWD/python") -> tuple[str, str]:
    """What the module of the environment says, nothing if there is none, and what `make` says."""
    environment = os.environ | {
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_NO_INDEX": "1",
        "PIP_FIND_LINKS": str(folder / "found"),
        "TORCH": torch,
        "MAKEFLAGS": "",
        "PYTHON": python.replace("$PWD", str(folder)),
    }
    command = [
        "bash",
        "-c",
        "make .venv/runtime-$(cat requirements{,-torch,-cuda}.txt | cksum | cut -d ' ' -f 1)",
    ]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    modules = list(folder.glob(".venv/lib/python*/site-packages/torch.py"))
    assert (done.returncode == 0) == bool(modules) == bool(list(folder.glob(".venv/runtime-*"))), done.stderr
    return (modules[0].read_text(encoding="utf-8") if modules else ""), done.stderr


def test_a_build_that_is_listed_is_installed(tmp_path: Path, listed: str) -> None:
    assert installed(tmp_path) == ("it = 'listed'\n", "")
    assert not (tmp_path / ".venv/torch").exists()


def test_a_build_of_another_content_is_refused(tmp_path: Path, listed: str) -> None:
    digest = wheel(tmp_path / "found" / WHEEL, "it = 'another'\n")
    module, said = installed(tmp_path)
    assert module == ""
    assert listed in said
    assert digest in said


def test_another_build_is_installed_with_a_word_that_it_is_not_verified(tmp_path: Path, listed: str) -> None:
    wheel(tmp_path / "other" / WHEEL, "it = 'another'\n")
    module, said = installed(tmp_path, f"other/{WHEEL}")
    assert module == "it = 'another'\n"
    assert said == "note: this build of torch is not verified: TORCH has no hash\n"


def test_another_build_is_verified_by_a_hash_of_its_own(tmp_path: Path, listed: str) -> None:
    digest = wheel(tmp_path / "other" / WHEEL, "it = 'another'\n")
    url = (tmp_path / "other" / WHEEL).as_uri()
    module, said = installed(tmp_path, f"{url}#sha256={listed}")
    assert module == ""
    assert digest in said
    assert installed(tmp_path, f"{url}#sha256={digest}") == ("it = 'another'\n", "")


@pytest.mark.parametrize(
    ("torch", "python"),
    [
        ("; touch pwn `touch pwn` $(touch pwn) $(shell touch pwn) 'x'", "$PWD/python"),
        ("", "$PWD/python; touch pwn"),
        ("", "$(touch pwn)`touch pwn`"),
        ("", "$(shell touch pwn)"),
    ],
)
def test_what_names_a_build_or_an_interpreter_is_not_run(tmp_path: Path, listed: str, torch: str, python: str) -> None:
    module, said = installed(tmp_path, torch, python)
    assert module == ""
    assert said
    assert not (tmp_path / "pwn").exists()


@pytest.mark.parametrize("name", ["", "-torch", "-cuda", "-remote", "-dev"])
def test_every_pin_has_hashes(name: str) -> None:
    lines = (ROOT / f"requirements{name}.txt").read_text(encoding="utf-8").splitlines()
    pins = [number for number, line in enumerate(lines) if "==" in line and not line.startswith((" ", "#"))]
    assert pins
    assert all(lines[number + 1].startswith("    --hash=sha256:") for number in pins)
