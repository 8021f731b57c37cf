"""Pin every package: requirements*.in -> requirements.txt, requirements-cuda.txt, requirements-dev.txt.

One resolution serves Python 3.11 to 3.14 and every platform (lines carry markers). It is then split: what only torch's
CUDA build needs and what only development needs stand in files of their own. Run as `make lock`.
"""

import re
import subprocess
import sys
from pathlib import Path

PIP_TORCH = "pip install --no-deps torch==2.13.0"

RUNTIME_HEADER = f"""\
# Every package that running the pipeline installs, pinned with hashes. Made by `make lock` from requirements.in.
# Python: tested on 3.11; resolves on 3.12, 3.13 and 3.14 too. All come as wheels but one, antlr4-python3-runtime.
#
# `make .venv` installs this file. By hand, the same in two steps:
#     {PIP_TORCH}
#     pip install --no-deps -r requirements.txt
# torch comes first, and by version, because its wheel differs by machine. The CPU build, the CUDA build (what PyPI
# gives on Linux, so on a machine with an NVIDIA card) and others are all 2.13.0, and pip would prefer a build whose
# hash is listed to the one that the machine asks for. Once torch is there, the second command leaves it alone.
# The one hash at torch's line is that of the CPU build for Python 3.11 on Linux x86-64; where pip finds that build, the
# second command alone is enough.
# The CUDA build needs requirements-cuda.txt as well; `make .venv` sees that from torch's own metadata.

"""

CUDA_HEADER = """\
# The libraries that torch's CUDA build needs on Linux, on top of requirements.txt. Made by `make lock`.
# `make .venv` installs them if the torch that pip has found asks for them; a CPU build does not.

"""

DEV_HEADER = """\
# What development needs on top of requirements.txt. Made by `make lock` from requirements-dev.in.

"""

# sha256 of torch-2.13.0+cpu-cp311-cp311-manylinux_2_28_x86_64.whl, which is not on PyPI: uv cannot look it up.
TORCH_CPU_HASH = "6746dbcbeb526eb61330b76b41ff1b4eb848951103a892eeb080dfa2b264667b"


def resolve(*arguments: str) -> dict[str, str]:
    """Resolve requirements files into their entries, each with its hashes, keyed by the pinned requirement."""
    uv = [sys.executable, "-m", "uv", "pip", "compile", "--quiet", "--universal", "--python-version", "3.11"]
    uv += ["--generate-hashes", "--no-header", "--no-annotate", "--upgrade", *arguments]
    text = subprocess.run(uv, check=True, text=True, stdout=subprocess.PIPE).stdout
    entries = re.split(r"^(?=\w)", text, flags=re.MULTILINE)[1:]
    return {entry.split(" \\")[0]: entry for entry in entries}


def write(path: str, header: str, entries: dict[str, str]) -> None:
    Path(path).write_text(header + "".join(entries.values()))
    print(f"{path}: {len(entries)} entries")


runtime = resolve("requirements.in")
# The development tools are resolved together with the rest, so that nothing is pinned twice.
Path("requirements.lock.tmp").write_text("\n".join(runtime))
try:
    both = resolve("requirements-dev.in", "--constraints", "requirements.lock.tmp")
finally:
    Path("requirements.lock.tmp").unlink()
pinned = {pin.split(" ;")[0] for pin in runtime}
dev = {pin: entry for pin, entry in both.items() if pin.split(" ;")[0] not in pinned}

cuda = {pin: runtime.pop(pin) for pin in list(runtime) if pin.startswith(("cuda-", "nvidia-", "triton=="))}
runtime["torch==2.13.0"] = f"torch==2.13.0 \\\n    --hash=sha256:{TORCH_CPU_HASH}\n"

write("requirements.txt", RUNTIME_HEADER, runtime)
write("requirements-cuda.txt", CUDA_HEADER, cuda)
write("requirements-dev.txt", DEV_HEADER, dev)
