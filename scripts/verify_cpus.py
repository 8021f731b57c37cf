r"""Run the self-check and a short experiment on emulated processors, and compare with what this one computes.

    make verify-cpus                                      # needs qemu-x86_64 (Debian: apt-get install qemu-user)
    make verify-cpus ARGS="Haswell EPYC"                  # only these
    make verify-cpus ARGS="--arm SYSROOT"                 # ARM64 too

An emulated processor says of itself what the real one says, so that libraries take the code that they have for it:
where settings of the environment ask, it compels. It has no AVX-512, which QEMU lacks. Training takes the kernel that a
compiler makes for that processor. Emulation is ten to fifty times slower than the processor: minutes for each.

SYSROOT is a folder of an ARM64 system with Python and its packages, which is unpacked and not installed. On Debian:

    dpkg --add-architecture arm64 && apt-get update
    apt-get download {python3.11-minimal,libpython3.11-minimal,libpython3.11-stdlib,libc6,libgcc-s1,libstdc++6}:arm64 \
        {zlib1g,libexpat1,libffi8,libssl3,libbz2-1.0,liblzma5}:arm64
    for deb in *.deb; do dpkg -x $deb SYSROOT; done
    python -m pip install --target SYSROOT/site --no-deps --only-binary=:all: --platform manylinux_2_28_aarch64 \
        --platform manylinux_2_27_aarch64 numpy==...

Python packages without machine code are shared with this environment. With numpy alone, exact functions, sums and
linear algebra are checked; with torch too (a build without CUDA) the self-check.

Exit status: 0 all the same, or there is no QEMU; 1 something differs or failed; 2 a request that cannot be met.
"""

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from scripts import scratch_copies as copies
from scripts.verify import refuse

# QEMU's names, and the compiler's. Nehalem has SSE4.2; Haswell AVX2 and FMA; EPYC the same, by another maker.
CPUS = {"Nehalem": "nehalem", "Haswell": "haswell", "Skylake-Server": "skylake", "EPYC": "znver1"}
# QEMU 7.2 reads what a masked load leaves out, at whatever address, and ends with a segmentation fault where there is
# nothing. Compilers make such loads of conditions in loops, unless they are told not to.
UNMASKED = "-fno-tree-loop-if-convert"
WORDS = ["exact", "selfcheck", "generate", "train:short", "measure:short", "plot:short", "libraries"]
MOST_LINES = 12


@dataclass(frozen=True)
class Emulated:
    """An emulated processor, with a Python to run on it."""

    name: str
    python: list[str]
    words: list[str]
    environment: dict[str, str] = field(default_factory=dict)


def x86(name: str, scratch: Path) -> Emulated:
    """A processor of this machine's architecture, which runs this environment."""
    environment = {"XDG_CACHE_HOME": str(scratch / f"cache-{name}")}
    if compiler := next((found for each in ("c++", "g++", "clang++") if (found := shutil.which(each))), None):
        # What an emulated process starts runs on the real processor, and would compile for that.
        wrapper = scratch / f"c++-{name}"
        wrapper.write_text(f'#!/bin/sh\nexec "{compiler}" "$@" -march={CPUS[name]} {UNMASKED}\n', encoding="utf-8")
        wrapper.chmod(0o755)
        environment["CXX"] = str(wrapper)
    return Emulated(name, ["qemu-x86_64", "-cpu", name, sys.executable], WORDS, environment)


def arm(sysroot: Path) -> Emulated:
    """ARM64, with what its Python can import."""
    pythons = sorted(path for path in (sysroot / "usr" / "bin").glob("python3.*") if path.suffix[1:].isdigit())
    if not pythons:
        refuse(f"{sysroot} has no usr/bin/python3.*", "verify-cpus")
    paths = ["src", str(sysroot / "site"), sysconfig.get_path("purelib")]
    environment = {"QEMU_LD_PREFIX": str(sysroot), "PYTHONPATH": os.pathsep.join(paths)}
    python = ["qemu-aarch64", str(pythons[-1])]

    def imports(package: str) -> bool:
        command = [*python, "-c", f"import {package}"]
        done = subprocess.run(command, env=copies.plain_environment(**environment), capture_output=True)
        return done.returncode == 0

    if not imports("numpy"):
        refuse(f"the Python of {sysroot} cannot import numpy from {sysroot / 'site'}", "verify-cpus")
    words = ["exact", "selfcheck"] if imports("torch") else ["exact"]
    return Emulated("ARM64", python, words, environment)


def digests_unlike(word: str, reference: Path, other: Path) -> list[str]:
    one, two = (json.loads((copy / f"{word}.json").read_text(encoding="utf-8")) for copy in (reference, other))
    return [f"{word}, {name}: {one[name]} became {two.get(name)}" for name in one if one[name] != two.get(name)]


def main() -> int:
    parser = argparse.ArgumentParser(prog="make verify-cpus", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("cpus", nargs="*", metavar="CPU", help=f"default: {' '.join(CPUS)}")
    parser.add_argument("--arm", type=Path, metavar="SYSROOT", help="an unpacked ARM64 system with Python and numpy")
    options = parser.parse_args()
    if unknown := [name for name in options.cpus if name not in CPUS]:
        refuse(f"no processor {', '.join(unknown)}; there are {', '.join(CPUS)}", "verify-cpus")
    wanted = options.cpus or ([] if options.arm else list(CPUS))
    if wanted and platform.machine() != "x86_64":
        refuse(f"this environment is one of {platform.machine()}, not of x86_64", "verify-cpus")
    for needed in ["qemu-x86_64"] * bool(wanted) + ["qemu-aarch64"] * bool(options.arm):
        if not shutil.which(needed):
            print(f"verify-cpus: skipped, there is no {needed} (Debian: apt-get install qemu-user)")
            return 0

    scratch = Path(tempfile.mkdtemp(prefix="cpus-"))
    try:
        emulated = [x86(name, scratch) for name in wanted] + ([arm(options.arm.resolve())] if options.arm else [])
        reference = scratch / "reference"
        copies.code_copy(Path.cwd(), reference, [])
        words = WORDS if wanted else emulated[0].words
        if failure := copies.run(words, reference, copies.plain_environment()):
            print(f"verify-cpus: this processor failed, {failure}", file=sys.stderr)
            return 1
        print(f"{'processor':16}             s  other bits from", flush=True)
        wrong = 0
        for each in emulated:
            start, copy = time.monotonic(), scratch / each.name
            copies.code_copy(Path.cwd(), copy, [])
            failure = copies.run(each.words, copy, copies.plain_environment(**each.environment), each.python)
            lines = [line for word in ("exact", "selfcheck") if (copy / f"{word}.json").exists()
                     for line in digests_unlike(word, reference, copy)]  # fmt: skip
            changed = ""
            if failure:
                lines.append(failure)
            elif each.words == WORDS:
                lines += copies.differences(reference, copy)
                changed = ", ".join(copies.changed_libraries(reference, copy)) or "no library"
            else:
                changed = f"not looked at; only {' and '.join(each.words)} can run"
            verdict = "FAILED" if failure else "DIFFERENT" if lines else "same"
            print(f"{each.name:16}  {verdict:9} {time.monotonic() - start:4.0f}  {changed}", flush=True)
            for line in lines[:MOST_LINES] + [f"... and {len(lines) - MOST_LINES} more"] * (len(lines) > MOST_LINES):
                print(f"    {line}", flush=True)
            wrong += bool(lines)
        if wanted:
            print("QEMU has no AVX-512: no emulated processor had it.")
        print(f"{wrong} of {len(emulated)} processors differ." if wrong else "All compute the same bytes as this one.")
        return 1 if wrong else 0
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
