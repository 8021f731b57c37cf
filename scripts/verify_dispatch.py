"""Run stages under every setting that makes libraries take another processor's code, and compare all outputs' bytes.

    make verify-dispatch                                  # small experiments: a few minutes
    make verify-dispatch EXPERIMENTS="a b"                # these, or all
    make verify-dispatch ARGS="--settings MKL GLIBC"      # only settings with one of these in their name
    make verify-dispatch EXPERIMENTS=all ARGS=--together  # several settings to a run: an hour on two cores, not a day

Libraries choose code by the processor, and their last bits with it. Variables of the environment make most of them
choose otherwise, so that one machine can stand in for many. What runs is the code of the working tree: generate,
measure, plot and report, from the same trained weights, and all stages of a short experiment. Weights are those of
data/trained where dvc.lock says the same of them, else they are trained first. Beside each verdict stands which
libraries computed other bits than in the reference: that tells whether the setting does anything on this processor.
Exit status: 0 all the same, 1 something differs or failed, 2 a request that cannot be met.
"""

import argparse
import functools
import locale
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path

from scripts import scratch_copies as copies
from scripts.verify import read_yaml, refuse
from superposition.inputs import hashed
from superposition.training import processor

DEFAULT = ["intro", "absolute_value", "several_active_features"]
MOST_LINES = 12  # of what differs in one setting
# Variables that are meant to make libraries take other code.
LIBRARIES = {
    *("MKL_CBWR", "MKL_ENABLE_INSTRUCTIONS", "ATEN_CPU_CAPABILITY", "NPY_DISABLE_CPU_FEATURES", "OPENBLAS_CORETYPE"),
    *("GLIBC_TUNABLES", "OFF_BY_AN_ULP"),
}
HOSTILE = """\
font.size: 17
axes.linewidth: 3
lines.linewidth: 5
figure.dpi: 33
savefig.dpi: 44
savefig.bbox: tight
path.simplify: False
axes.formatter.use_locale: True
axes.prop_cycle: cycler(color=["lime", "magenta"])
"""


@dataclass(frozen=True)
class Setting:
    """What one run has that the reference has not."""

    name: str
    environment: dict[str, str] = field(default_factory=dict)
    skip: str = ""  # why it cannot run here
    folder: str = ""  # of the copy, below the scratch folder; default the setting's number
    umask: int = -1


def flags() -> set[str]:
    """Vector units and the like that the processor has; nothing where the system does not tell."""
    return set(processor.instructions().split())


@functools.cache
def numpy_features() -> list[str]:
    """Vector units that NumPy has code for beyond its baseline, and this processor has; names change with NumPy."""
    code = (
        "import numpy._core._multiarray_umath as m\n"
        "print(*(name for name in m.__cpu_dispatch__ if m.__cpu_features__[name]))"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, env=copies.plain_environment(), capture_output=True, text=True, check=True)
    return done.stdout.split()


def settings(scratch: Path) -> list[Setting]:
    """All that can stand in for another machine; those that cannot run on this one say why."""
    return [*of_libraries(), *of_the_user(scratch)]


def of_libraries() -> list[Setting]:
    here, x86 = flags(), platform.machine().lower() in ("x86_64", "amd64")
    avx2, avx512 = ({"avx2", "fma"}, {"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"})

    def needs(*wanted: str) -> str:
        if not x86:
            return "not an x86-64 processor"
        lacking = sorted(set(wanted) - here)
        return f"this processor has no {lacking[0]}" if lacking else ""

    found = [
        Setting("MKL_CBWR=COMPATIBLE", {"MKL_CBWR": "COMPATIBLE"}, needs()),
        Setting("MKL_CBWR=AVX2", {"MKL_CBWR": "AVX2"}, needs(*avx2)),
        Setting("MKL_CBWR=AVX512", {"MKL_CBWR": "AVX512"}, needs(*avx512)),
        Setting("MKL_ENABLE_INSTRUCTIONS=SSE4_2", {"MKL_ENABLE_INSTRUCTIONS": "SSE4_2"}, needs("sse4_2")),
        Setting("MKL_ENABLE_INSTRUCTIONS=AVX2", {"MKL_ENABLE_INSTRUCTIONS": "AVX2"}, needs(*avx2)),
        Setting("ATEN_CPU_CAPABILITY=default", {"ATEN_CPU_CAPABILITY": "default"}),
        Setting("ATEN_CPU_CAPABILITY=avx2", {"ATEN_CPU_CAPABILITY": "avx2"}, needs(*avx2)),
    ]
    features = numpy_features()
    wide = [name for name in features if "512" in name or name == "X86_V4"]
    for title, names in (("without AVX-512", wide), ("baseline", features)):
        skip = "" if names else f"NumPy takes no code here that goes beyond {title.removeprefix('without ')}"
        variable = {"NPY_DISABLE_CPU_FEATURES": " ".join(names)}
        found.append(Setting(f"NPY_DISABLE_CPU_FEATURES ({title}: {' '.join(names) or 'none'})", variable, skip))
    for core, wanted in (("Nehalem", {"sse4_2"}), ("Haswell", avx2), ("Zen", avx2), ("SkylakeX", avx2 | avx512)):
        found.append(Setting(f"OPENBLAS_CORETYPE={core}", {"OPENBLAS_CORETYPE": core}, needs(*wanted)))
    name, version = platform.libc_ver()
    old = name == "glibc" and [int(part) for part in version.split(".")[:2]] < [2, 33]  # which has other names for them
    tunable = "glibc.cpu.hwcaps=" + ",".join(f"-{unit}{'_Usable' * old}" for unit in ("AVX2", "FMA", "FMA4", "AVX512F"))
    skip = needs("fma") if name == "glibc" else "no glibc"
    found.append(Setting(f"GLIBC_TUNABLES={tunable}", {"GLIBC_TUNABLES": tunable}, skip))
    return found


def of_the_user(scratch: Path) -> list[Setting]:
    home = scratch / "home"
    (home / ".config" / "matplotlib").mkdir(parents=True)
    (home / ".config" / "matplotlib" / "matplotlibrc").write_text(HOSTILE, encoding="utf-8")
    empty = scratch / "empty"
    empty.mkdir()
    at_home = {"HOME": str(home), "XDG_CONFIG_HOME": "", "XDG_CACHE_HOME": ""}
    no_compiler = {"CXX": "/nonexistent", "PATH": str(empty), "XDG_CACHE_HOME": str(scratch / "cache")}
    return [
        # Not every processor has a library that takes other code for these settings: these stand in for one that does.
        *(Setting(f"libraries off by an ulp, {how}", {"OFF_BY_AN_ULP": how}) for how in ("up", "down", "mixed")),
        Setting("OMP_NUM_THREADS=2", {"OMP_NUM_THREADS": "2"}),
        Setting("OMP_NUM_THREADS=3", {"OMP_NUM_THREADS": "3"}),
        Setting("PYTHONHASHSEED=0", {"PYTHONHASHSEED": "0"}),
        Setting("PYTHONHASHSEED=12345", {"PYTHONHASHSEED": "12345"}),
        turkish(scratch),
        Setting("LC_ALL=POSIX, not in UTF-8", {"LC_ALL": "POSIX", "PYTHONUTF8": "0"}),
        Setting("TZ=Pacific/Kiritimati", {"TZ": "Pacific/Kiritimati"}),
        Setting("umask 077", umask=0o077),
        Setting("another HOME, with a matplotlibrc", at_home),
        Setting("a deeper working folder", folder="a folder/with spaces/and ümlauts/deep/below"),
        Setting("no C++ compiler, empty cache", no_compiler),
        Setting("PYTHONOPTIMIZE=2", {"PYTHONOPTIMIZE": "2"}),
        Setting("PANDAS_FUTURE_INFER_STRING=0", {"PANDAS_FUTURE_INFER_STRING": "0"}),
        Setting("MPLBACKEND of a Jupyter that is not there", {"MPLBACKEND": "module://matplotlib_inline.absent"}),
    ]


def turkish(scratch: Path) -> Setting:
    """A locale with a decimal comma and other rules for the letter i, made here where the system lacks it."""
    name = "tr_TR.UTF-8"
    try:
        before = locale.setlocale(locale.LC_CTYPE)
        locale.setlocale(locale.LC_CTYPE, name)
        locale.setlocale(locale.LC_CTYPE, before)
        return Setting(f"LC_ALL={name}", {"LC_ALL": name})
    except locale.Error:
        pass
    if shutil.which("localedef"):
        folder = scratch / "locales"
        folder.mkdir()
        subprocess.run(["localedef", "-i", "tr_TR", "-f", "UTF-8", str(folder / name)], capture_output=True)
        if (folder / name).is_dir():
            return Setting(f"LC_ALL={name}", {"LC_ALL": name, "LOCPATH": str(folder)})
    return Setting("LC_ALL=C.UTF-8 (there is no tr_TR.UTF-8 here)", {"LC_ALL": "C.UTF-8"})


def together(found: list[Setting]) -> list[Setting]:
    """As few runs as possible in which each setting is made once, beside others that are about other variables."""
    groups: list[list[Setting]] = []
    for each in found:

        def apart(group: list[Setting], each: Setting = each) -> bool:
            said = set().union(*(other.environment for other in group))
            folders = bool(each.folder) and any(other.folder for other in group)
            masks = each.umask >= 0 and any(other.umask >= 0 for other in group)
            return not said & set(each.environment) and not folders and not masks

        group = next(filter(apart, groups), None)
        if group is None:
            groups.append([each])
        else:
            group.append(each)
    return [
        Setting(
            name=f"run {number}: {'; '.join(each.name for each in group)}",
            environment={variable: value for each in group for variable, value in each.environment.items()},
            folder=next((each.folder for each in group if each.folder), ""),
            umask=max(each.umask for each in group),
        )
        for number, group in enumerate(groups, 1)
    ]


def stages(names: list[str]) -> list[str]:
    """All words for the driver after `generate` and training."""
    return [f"{stage}:{name}" for stage in ("measure", "plot") for name in names] + ["report", "libraries"]


def make_reference(root: Path, copy: Path, names: list[str]) -> None:
    """The copy that all others are compared with, trained weights included."""
    copies.code_copy(root, copy, names)
    environment = copies.plain_environment()
    lock = read_yaml(root / "dvc.lock").get("stages", {})

    def listed(stage: str, path: str) -> str | None:
        entries = [entry for kind in ("deps", "outs") for entry in lock.get(stage, {}).get(kind, [])]
        return next((entry.get("md5") for entry in entries if entry["path"] == path), None)

    failure = copies.run(["generate"], copy, environment)
    train = ["short"]
    for name in names if not failure else []:
        paths = [f"data/{part}/{name}" for part in ("worlds", "trained")]
        there = [copy / paths[0], root / paths[1]]
        if all(listed(f"train@{name}", path) == hashed(at) for path, at in zip(paths, there, strict=True)):
            (copy / paths[1]).symlink_to(there[1].resolve())
        else:
            train.append(name)
    if train[1:]:
        print(f"Training {', '.join(train[1:])}: data/trained is not what dvc.lock says of them.", flush=True)
    words = [f"train:{name}" for name in train] + stages([*names, "short"])
    if failure := failure or copies.run(words, copy, environment):
        print(f"verify-dispatch: the reference failed, {failure}", file=sys.stderr)
        sys.exit(1)


def one(setting: Setting, number: int, root: Path, scratch: Path, names: list[str]) -> tuple[str, float, list[str]]:
    """What became of a setting, the seconds that it took, and what there is to say of it."""
    reference, copy = scratch / "reference", scratch / (setting.folder or f"{number:02}")
    copies.code_copy(root, copy, names)
    for name in names:
        (copy / "data" / "trained" / name).symlink_to((reference / "data" / "trained" / name).resolve())
    start = time.monotonic()
    words = ["generate", "train:short", *stages([*names, "short"])]
    environment = copies.plain_environment(**setting.environment)
    environment = {variable: value for variable, value in environment.items() if value}
    failure = copies.run(words, copy, environment, umask=setting.umask)
    seconds = time.monotonic() - start
    if failure:
        return "FAILED", seconds, [failure]
    lines = copies.differences(reference, copy)
    more = [f"... and {len(lines) - MOST_LINES} more"] if len(lines) > MOST_LINES else []
    changed = ", ".join(copies.changed_libraries(reference, copy)) or "no library"
    return "DIFFERENT" if lines else "same", seconds, [changed, *lines[:MOST_LINES], *more]


def main() -> int:
    parser = argparse.ArgumentParser(prog="make verify-dispatch", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("experiments", nargs="*", help=f"of params.yaml, all, or short (default: {' '.join(DEFAULT)})")
    parser.add_argument("--settings", nargs="+", default=[""], help="only those with one of these in their name")
    parser.add_argument("--together", action="store_true", help="several settings to a run, where they can be combined")
    parser.add_argument("--keep", action="store_true", help="leave the copies where they are")
    options = parser.parse_args()
    root = Path.cwd()
    known = list(read_yaml(root / "params.yaml").get("experiments", {}))
    asked = options.experiments or [name for name in DEFAULT if name in known]
    if unknown := [name for name in asked if name not in [*known, "all", "short"]]:
        refuse(f"no experiment {', '.join(unknown)}; there are {', '.join(known)}, or say all", "verify-dispatch")
    names = known if "all" in asked else [name for name in asked if name != "short"]

    start = time.monotonic()
    scratch = Path(tempfile.mkdtemp(prefix="dispatch-"))
    try:
        all_settings = settings(scratch)
        chosen = [each for each in all_settings if any(part in each.name for part in options.settings)]
        if not chosen:
            refuse(f"no such setting; there are: {'; '.join(each.name for each in all_settings)}", "verify-dispatch")
        print(f"Experiments: {', '.join([*names, 'short'])}", flush=True)
        make_reference(root, scratch / "reference", names)
        runs = [each for each in chosen if not each.skip]
        count = len(runs)
        skipped = [each for each in chosen if each.skip]
        if options.together:
            runs = together(runs)
            for each in runs:
                print(each.name, flush=True)
            runs = [replace(each, name=each.name.partition(":")[0]) for each in runs]
        width = max(len(each.name) for each in [*runs, *skipped])
        verdicts, idle = [], 0
        print(f"{'setting':{width}}             s  other bits from", flush=True)
        for each in skipped:
            print(f"{each.name:{width}}  skipped: {each.skip}", flush=True)
        cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        with ThreadPoolExecutor(min(cores, 8)) as pool:  # of processes, each with hundreds of MB
            jobs = [pool.submit(one, each, i, root, scratch, names) for i, each in enumerate(runs)]
            for each, job in zip(runs, jobs, strict=True):
                verdict, seconds, said = job.result()
                verdicts.append(verdict)
                idle += said[0] == "no library" and each.environment.keys() <= LIBRARIES
                print(f"{each.name:{width}}  {verdict:9} {seconds:4.0f}  {said[0]}", flush=True)
                for line in said[1:]:
                    print(f"    {line}", flush=True)
        wrong = sum(verdict != "same" for verdict in verdicts)
        compared = f"{len(copies.outputs(scratch / 'reference'))} files, {time.monotonic() - start:.0f} s"
        what = f"{len(runs)} runs of {count} settings" if options.together else f"{count} settings"
        verdict = f"{wrong} of {what} differ" if wrong else f"All {what} give the same bytes"
        if idle and not options.together:
            verdict += f", {idle} of which change no library's on this processor"
        print(f"\n{verdict}{f', {len(skipped)} skipped' if skipped else ''}: {compared}.")
        return 1 if wrong else 0
    finally:
        if options.keep:
            print(f"The copies are kept: {scratch}")
        else:
            shutil.rmtree(scratch, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
