"""Pin every package: requirements*.in -> requirements.txt and requirements-{torch,cuda,remote,dev}.txt.

One resolution serves Python 3.11 to 3.14 and every platform (lines carry markers). It is then split: torch's builds,
what only its CUDA build needs, what speaks to remotes and what only development needs stand in files of their own. Run
as `make lock`.
"""

import re
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

TORCH = "torch==2.13.0"

RUNTIME_HEADER = f"""\
# Every package that running the pipeline installs, pinned with hashes. Made by `make lock` from requirements.in.
# Python: tested on 3.11; resolves on 3.12, 3.13 and 3.14 too. All come as wheels but one, antlr4-python3-runtime.
#
# `make .venv` installs this file. By hand, the same in two steps:
#     pip install --no-deps {TORCH}
#     pip install --no-deps -r requirements.txt
# torch comes first, and by version, because its wheel differs by machine. The CPU build, the CUDA build (what PyPI
# gives on Linux, so on a machine with an NVIDIA card) and others are all 2.13.0, and pip would prefer a build whose
# hash is listed to the one that the machine asks for. Once torch is there, the second command leaves it alone.
# The one hash at torch's line is that of the CPU build for Python 3.11 on Linux x86-64; where pip finds that build, the
# second command alone is enough.
# The CUDA build needs requirements-cuda.txt as well; `make .venv` sees that from torch's own metadata.

"""

TORCH_HEADER = """\
# Every build of torch that `make .venv` installs unless TORCH names another one: PyPI's, and the CPU builds for Linux.
# Made by `make lock`. pip downloads the build that it finds for the machine, then installs it if it is one of these.

"""

CUDA_HEADER = """\
# The libraries that torch's CUDA build needs on Linux, on top of requirements.txt. Made by `make lock`.
# `make .venv` installs them if the torch that pip has found asks for them; a CPU build does not.

"""

REMOTE_HEADER = """\
# What DVC needs on top of requirements.txt for remotes on S3-compatible and SSH servers. Made by `make lock` from
# requirements-remote.in. `make publish` and `make pull` install it if a remote's address asks for it.

"""

DEV_HEADER = """\
# What development needs on top of requirements.txt and requirements-remote.txt. Made by `make lock` from
# requirements-dev.in.

"""

# sha256 of torch's CPU builds for Linux, torch-2.13.0+cpu-PYTHON-PYTHON-manylinux_2_28_PROCESSOR.whl. They are not on
# PyPI: uv cannot look them up. The first is of the file itself, the others are what two public lock files agree on.
TORCH_CPU = {
    "cp311 x86_64": "6746dbcbeb526eb61330b76b41ff1b4eb848951103a892eeb080dfa2b264667b",
    "cp311 aarch64": "84453b69508ec79902f899c5ed9495acb9e2bbe9fda5f1d5d6f19e3c3842e1a7",
    "cp312 x86_64": "4ca4a9394b0c771238a4f73590fdbbc4debad85ed0fa63d026ae1b085da7d6e2",
    "cp312 aarch64": "6f307c2c32d764ffc6ff6893b801fad6d4752f3e67966cb8abf1843427c02604",
    "cp313 x86_64": "3fbf9c9d1f3c10c2d59d04aca426dee9ccc6ceb32d255c61e93acc3b4f75fae6",
    "cp313 aarch64": "0b8f7d0423027ae8b90c7977c627f3379f325363a08224dffad9b4b2d684a83d",
    "cp314 x86_64": "d20fa53ee744502fa4c69818a720b05ca0d37abd055d4f6e66cae155114bc691",
    "cp314 aarch64": "ca021f9eb2f8345c83fa03e3a04587308afb8df71bd472670b3ece00df58621c",
}


def resolve(*arguments: str) -> dict[str, str]:
    """Resolve requirements files into their entries, each with its hashes, keyed by the pinned requirement."""
    uv = [sys.executable, "-m", "uv", "pip", "compile", "--quiet", "--universal", "--python-version", "3.11"]
    uv += ["--generate-hashes", "--no-header", "--no-annotate", "--upgrade", *arguments]
    text = subprocess.run(uv, check=True, text=True, stdout=subprocess.PIPE).stdout
    entries = re.split(r"^(?=\w)", text, flags=re.MULTILINE)[1:]
    return {entry.split(" \\")[0]: entry for entry in entries}


def beyond(file: str, pinned: dict[str, str]) -> dict[str, str]:
    """What a requirements file needs beside what is pinned already: together, so that nothing is pinned twice."""
    constraints = Path("requirements.lock.tmp")
    constraints.write_text("\n".join(pinned))
    try:
        both = resolve(file, "--constraints", str(constraints))
    finally:
        constraints.unlink()
    known = {pin.split(" ;")[0] for pin in pinned}
    return {pin: entry for pin, entry in both.items() if pin.split(" ;")[0] not in known}


def with_hashes(pin: str, hashes: Iterable[str]) -> str:
    return " \\\n    ".join([pin, *(f"--hash=sha256:{digest}" for digest in sorted(hashes))]) + "\n"


def write(path: str, header: str, entries: dict[str, str]) -> None:
    Path(path).write_text(header + "".join(entries.values()))
    print(f"{path}: {len(entries)} entries")


runtime = resolve("requirements.in")
remote = beyond("requirements-remote.in", runtime)
dev = beyond("requirements-dev.in", runtime | remote)

cuda = {pin: runtime.pop(pin) for pin in list(runtime) if pin.startswith(("cuda-", "nvidia-", "triton=="))}
on_pypi = re.findall(r"sha256:(\w+)", runtime[TORCH])
torch = {TORCH: with_hashes(TORCH, [*on_pypi, *TORCH_CPU.values()])}
runtime[TORCH] = with_hashes(TORCH, [TORCH_CPU["cp311 x86_64"]])

write("requirements.txt", RUNTIME_HEADER, runtime)
write("requirements-torch.txt", TORCH_HEADER, torch)
write("requirements-cuda.txt", CUDA_HEADER, cuda)
write("requirements-remote.txt", REMOTE_HEADER, remote)
write("requirements-dev.txt", DEV_HEADER, dev)
