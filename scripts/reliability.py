"""Run the tests of what docs/reliability.md promises, and write what came out into its table: make reliability.

make reliability                                   # hours: FAULTS=200 DOCUMENTS=2000 EDITS=8, or less
python -m scripts.reliability a.xml b.xml          # from reports that pytest has written (--junitxml) of this commit

Exit status: 0 all passed, 1 a test failed, 2 there are edits that are not committed.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

DOCUMENT = Path("docs", "reliability.md")
TABLE = re.compile(r"(?<=<!-- table -->\n).*?(?=<!-- end -->)", re.DOTALL)
# What is promised, and the files of its tests.
PROMISES = {
    "A dead run's locks do not stop the next; one that lives is named and waited for": "tests/test_alone.py",
    "A run that is interrupted anywhere goes on to the same hashes": "tests/faults/test_interruptions.py",
    "A stage ends with the DVC that started it; outputs are complete or not there": "tests/test_stage.py",
    "A machine that lacks or refuses something: one message, and the next run finishes": "tests/faults/test_machine.py",
    "Ctrl-C ends a stage with one line, training keeps what is done; checkpoints are not trusted": (
        "tests/test_sources.py tests/test_checkpoints.py"
    ),
    "While it trains the display moves every second, and Ctrl-C is heard within two": (
        "tests/test_calls.py tests/faults/test_in_time.py"
    ),
    "Refused parameters touch no earlier result": "tests/faults/test_refused.py",
    "Any params.yaml is read or refused in seconds": "tests/test_params_anything.py tests/test_params_document.py",
    "What is accepted can be computed, at the ends of each key": "tests/test_extremes.py tests/faults/test_accepted.py",
    "Each committed experiment, varied along each axis, is drawn and judged": "tests/test_variations.py",
    "What is damaged is made anew or refused; nothing planted is executed": (
        "tests/faults/test_damaged.py tests/test_inputs.py"
    ),
    "The compiled kernel is loaded only if it is what was compiled": "tests/test_compiled.py",
    "Damage that leaves no trace is found by make fsck, with what was made of it": "tests/test_fsck.py",
    "Stages depend on what they read, and on nothing else": (
        "tests/faults/test_stale.py tests/test_concerned.py tests/test_pipeline.py"
    ),
    "Wheels are verified by their hashes": "tests/test_environment.py",
    "Nothing is executed, no name leaves its folder, text stays text": "tests/test_no_one_let_in.py",
}
# Tests that measure time, and have the machine to themselves; others share it, a process for each core.
ALONE = ["tests/faults/test_in_time.py"]
PARALLEL = ("-n", "logical", "--maxprocesses", "4", "--dist", "worksteal")
PASSED = "{passed} of {all} tests passed"
# What one test is one of, where it is more than a test, and what it means that it passes; and what tests have measured.
FIGURES = {
    "tests/faults/test_in_time.py": (
        "Ctrl-C took {ended} s at most, and the display stood still for {moved} s; "
        "beside two other processes for each core {ended_busy} s and {moved_busy} s"
    ),
    "tests/faults/test_accepted.py": (
        "{documents} documents of {drawn} drawn were accepted, and all of them computed or told to be out of range"
    ),
    "tests/faults/test_interruptions.py": "{passed} of {all} interruptions ended in the same hashes",
    "tests/faults/test_machine.py": "{passed} of {all} lacks of a machine: one message, the next run finished",
    "tests/faults/test_damaged.py": "{passed} of {all} kinds of damage refused or made anew, none used",
    "tests/test_extremes.py": "{passed} of {all} values at the ends of keys computed, or refused before",
    "tests/test_variations.py": "{passed} of {all} variants drawn and judged",
    "tests/test_no_one_let_in.py": "{passed} of {all} attempts and modules without a way in",
}


@dataclass
class Outcome:
    """How many tests of a file passed, failed and were skipped, and what they have measured."""

    count: Counter[str] = field(default_factory=Counter)
    measured: dict[str, str] = field(default_factory=dict)


def outcomes(report: Path) -> dict[str, Outcome]:
    found: dict[str, Outcome] = {}
    for case in ElementTree.parse(report).iter("testcase"):
        file = case.attrib["classname"].replace(".", "/") + ".py"
        kinds = {child.tag for child in case}
        kind = "failed" if kinds & {"failure", "error"} else "skipped" if "skipped" in kinds else "passed"
        outcome = found.setdefault(file, Outcome())
        outcome.count[kind] += 1
        outcome.measured |= {one.attrib["name"]: one.attrib["value"] for one in case.iter("property")}
    return found


def table(found: dict[str, Outcome], commit: str) -> str:
    lines = [f"| promise | tests | at {commit} |", "|---|---|---|"]
    for promise, files in PROMISES.items():
        said = [figure(file, found.get(file, Outcome())) for file in files.split()]
        links = [f"[`{Path(file).stem}`](../{file})" for file in files.split()]
        lines.append(f"| {promise} | {', '.join(links)} | {', '.join(said)} |")
    return "\n".join(lines) + "\n"


def figure(file: str, outcome: Outcome) -> str:
    """What its tests measured, or else how many passed; a test that was skipped is none of them."""
    count = outcome.count
    if not count:
        return "not run"
    run, skipped = count["passed"] + count["failed"], f", {count['skipped']} skipped" if count["skipped"] else ""
    values = outcome.measured | {"passed": str(count["passed"]), "all": str(run)}
    try:
        said = FIGURES.get(file, PASSED).format_map(values)
    except KeyError:  # it has failed, or was skipped, before it had measured that
        said = PASSED.format_map(values)
    return said + skipped


def run(files: list[str], report: Path, *options: str) -> Path:
    """Run tests, which write a report."""
    command = [sys.executable, "-m", "pytest", "-q", f"--junitxml={report}", *options, *files]
    subprocess.run(command, env=os.environ | {"FAULTS": os.environ.get("FAULTS", "200"), "OMP_NUM_THREADS": "1"})
    return report


def git(*arguments: str) -> str:
    return subprocess.run(["git", *arguments], check=True, text=True, stdout=subprocess.PIPE).stdout.strip()


def main() -> int:
    parser = argparse.ArgumentParser(prog="make reliability", description="Fill in the table of docs/reliability.md.")
    parser.add_argument("reports", nargs="*", type=Path, help="of pytest, in place of running the tests")
    reports = parser.parse_args().reports
    if edited := git("status", "--porcelain", "--", ".", f":!{DOCUMENT}"):
        print(f"reliability: the table would name a commit that is not what was tested:\n{edited}", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as scratch:
        if not reports:
            files = [file for promise in PROMISES.values() for file in promise.split()]
            reports = [run([file for file in files if file not in ALONE], Path(scratch, "beside.xml"), *PARALLEL)]
            reports += [run(ALONE, Path(scratch, "alone.xml"))]
        found = {file: outcome for report in reports for file, outcome in outcomes(report).items()}
    commit = f"{git('rev-parse', '--short', 'HEAD')}, {git('log', '-1', '--format=%cs')}"
    text = DOCUMENT.read_text(encoding="utf-8")
    DOCUMENT.write_text(TABLE.sub(lambda _: table(found, commit), text), encoding="utf-8")
    return 1 if any(outcome.count["failed"] for outcome in found.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
