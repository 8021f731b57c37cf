"""Run the tests of what docs/reliability.md promises, and write what came out into its table: make reliability.

make reliability                                   # hours: 200 interruptions; FAULTS=20 for less
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
# What one test is one of, where it is more than a test; and what it means that it passes.
FIGURES = {
    "tests/faults/test_interruptions.py": "{passed} of {all} interruptions ended in the same hashes",
    "tests/faults/test_machine.py": "{passed} of {all} lacks of a machine: one message, the next run finished",
    "tests/faults/test_damaged.py": "{passed} of {all} kinds of damage refused or made anew, none used",
    "tests/test_extremes.py": "{passed} of {all} values at the ends of keys computed, or refused before",
    "tests/test_variations.py": "{passed} of {all} variants drawn and judged",
    "tests/test_no_one_let_in.py": "{passed} of {all} attempts and modules without a way in",
}


def outcomes(report: Path) -> dict[str, Counter[str]]:
    """How many tests of each file passed, failed and were skipped."""
    found: dict[str, Counter[str]] = {}
    for case in ElementTree.parse(report).iter("testcase"):
        file = case.attrib["classname"].replace(".", "/") + ".py"
        kinds = {child.tag for child in case}
        kind = "failed" if kinds & {"failure", "error"} else "skipped" if "skipped" in kinds else "passed"
        found.setdefault(file, Counter())[kind] += 1
    return found


def table(found: dict[str, Counter[str]], commit: str) -> str:
    lines = [f"| promise | tests | at {commit} |", "|---|---|---|"]
    for promise, files in PROMISES.items():
        said = [figure(file, found.get(file, Counter())) for file in files.split()]
        links = [f"[`{Path(file).stem}`](../{file})" for file in files.split()]
        lines.append(f"| {promise} | {', '.join(links)} | {', '.join(said)} |")
    return "\n".join(lines) + "\n"


def figure(file: str, count: Counter[str]) -> str:
    """What its tests measured; a test that was skipped is none of them."""
    if not count:
        return "not run"
    run, skipped = count["passed"] + count["failed"], f", {count['skipped']} skipped" if count["skipped"] else ""
    return FIGURES.get(file, "{passed} of {all} tests passed").format(passed=count["passed"], all=run) + skipped


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
            reports = [Path(scratch, "report.xml")]
            files = [file for promise in PROMISES.values() for file in promise.split()]
            command = [sys.executable, "-m", "pytest", "-q", f"--junitxml={reports[0]}", *files]
            subprocess.run(command, env=os.environ | {"FAULTS": os.environ.get("FAULTS", "200")})
        found = {file: count for report in reports for file, count in outcomes(report).items()}
    commit = f"{git('rev-parse', '--short', 'HEAD')}, {git('log', '-1', '--format=%cs')}"
    text = DOCUMENT.read_text(encoding="utf-8")
    DOCUMENT.write_text(TABLE.sub(lambda _: table(found, commit), text), encoding="utf-8")
    return 1 if any(count["failed"] for count in found.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
