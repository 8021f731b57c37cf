"""Checkouts of this project with small experiments, in which the whole pipeline takes some seconds."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from tests.documents import changed, write

ROOT = Path(__file__).parent.parent
FILES = (
    ".dvc/config",
    ".dvc/.gitignore",
    ".dvc/plots/curves.json",
    ".dvcignore",
    ".gitignore",
    "dvc.yaml",
    "Makefile",
    "reports/costs.csv",
)
# Of each, fewer than make anything slow; with a measure of its own, as a stage `measure` has others then.
SHORT: dict[str, Any] = {
    "model": "relu_output",
    "n_features": 5,
    "n_hidden": 2,
    "sparsity": [0.0, 0.9],
    "seeds": 4,
    "held_out": 512,
    "measures": {"attack": 0.3},
    "training": {"steps": 400, "batch_size": 256, "snapshots": 4},
}
HERE = Path("data"), Path("reports"), Path("dvc.lock")


def code(folder: Path, *files: str) -> Path:
    """`folder` with the code, and other files of this checkout."""
    for part in ("src", "stages", "scripts"):
        shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
    for file in files:
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / file, folder / file)
    return folder


def computed(folder: Path, experiments: dict[str, dict[str, Any]]) -> Path:
    """A checkout in `folder`, and what generate, train and measure make of these experiments, in one process."""
    code(folder, "dvc.yaml", "requirements.txt")
    write(folder / "params.yaml", changed(("experiments", experiments)))
    words = ["check", "generate", *(f"{stage}:{name}" for name in experiments for stage in ("train", "measure"))]
    command = [sys.executable, "scripts/in_one_process.py", *words]
    done = subprocess.run(command, cwd=folder, env=os.environ | {"PYTHONPATH": "src"}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return folder


class Small:
    """A repository of one short experiment, and commands in it. Its caches are its own, but for the compiled kernel."""

    def __init__(self, root: Path, **experiments: dict[str, Any]) -> None:
        self.root = code(root / "checkout", *FILES, *(file.name for file in ROOT.glob("requirements*.txt")))
        (self.root / "reports/full_scale").mkdir()
        (self.root / "reports/full_scale/README.md").touch()
        self.params = YAML(typ="safe").load((ROOT / "params.yaml").read_text(encoding="utf-8"))
        self.params["experiments"] = experiments or {"short": SHORT}
        self.write_params()
        (root / "gitconfig").write_text("[user]\nname = Somebody\nemail = somebody@example.org\n", encoding="utf-8")
        # DVC's notes of hashes, and its settings, of this machine are kept out.
        self.environment = os.environ | {
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "DVC_NO_ANALYTICS": "1",
            "DVC_SITE_CACHE_DIR": str(root / "site"),
            "DVC_GLOBAL_CONFIG_DIR": str(root / "global"),
            "DVC_SYSTEM_CONFIG_DIR": str(root / "system"),
            "GIT_CONFIG_GLOBAL": str(root / "gitconfig"),
        }
        self.environment.pop("PYTHONPATH", None)
        for command in ("init -q", "add -A", "commit -q -m first"):
            self.run("git", *command.split(), check=True)

    def write_params(self) -> None:
        (self.root / "params.yaml").write_text(json.dumps(self.params, indent=1), encoding="utf-8")

    def start(self, *command: str, **more: Any) -> subprocess.Popen[str]:
        options = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True} | more
        environment = self.environment | options.pop("env", {})
        return subprocess.Popen(command, cwd=self.root, env=environment, **options)

    def run(self, *command: str, check: bool = False, **more: Any) -> subprocess.CompletedProcess[str]:
        environment = self.environment | more.pop("env", {})
        done = subprocess.run(command, cwd=self.root, env=environment, capture_output=True, text=True, **more)
        assert not check or done.returncode == 0, done.stdout + done.stderr
        return done

    def make(self, target: str, *variables: str) -> list[str]:
        """The command for a target, with this environment in place of one of the checkout's own."""
        return ["make", "--no-print-directory", target, "RUNTIME=", "SPEAKING=", "DEVELOPMENT=", *variables]

    def dvc(self, *arguments: str, check: bool = False, **more: Any) -> subprocess.CompletedProcess[str]:
        return self.run(sys.executable, "-m", "dvc", *arguments, check=check, **more)

    def status(self) -> dict[str, Any]:
        """What `dvc status` says, by stage."""
        return json.loads(self.dvc("status", "--json", check=True).stdout)

    def contents(self) -> dict[str, str]:
        """Digests of all that the pipeline makes, but what no hash depends on."""
        found = [file for part in HERE for file in ((self.root / part).rglob("*") if part.suffix == "" else [part])]
        files = [self.root / file for file in found if (self.root / file).is_file()]
        return {
            file.relative_to(self.root).as_posix(): hashlib.sha256(file.read_bytes()).hexdigest()
            for file in sorted(files)
            if "manifests" not in file.parts
        }
