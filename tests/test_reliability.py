"""The table of docs/reliability.md says what tests did."""

import sys
from pathlib import Path

from scripts import reliability

ROOT = Path(__file__).parent.parent
REPORT = """\
<testsuites><testsuite>
<testcase classname="tests.test_fsck" name="a"/>
<testcase classname="tests.test_fsck" name="b"><failure message="x"/></testcase>
<testcase classname="tests.faults.test_stale" name="c[1]"><skipped/></testcase>
<testcase classname="tests.test_pipeline" name="d"/>
<testcase classname="tests.faults.test_interruptions" name="e[0]"/>
<testcase classname="tests.faults.test_interruptions" name="e[1]"/>
<testcase classname="tests.faults.test_interruptions" name="e[2]"/>
<testcase classname="tests.faults.test_interruptions" name="e[3]"><error/></testcase>
<testcase classname="tests.faults.test_in_time" name="f[0]"><properties><property name="ended" value="0.31"/>
<property name="moved" value="0.42"/></properties></testcase>
<testcase classname="tests.faults.test_in_time" name="f[1]"><properties><property name="ended_busy" value="1.5"/>
<property name="moved_busy" value="0.8"/></properties></testcase>
<testcase classname="tests.faults.test_accepted" name="g"><failure message="x"/></testcase>
</testsuite></testsuites>
"""


def test_every_promise_has_tests():
    files = {file for promise in reliability.PROMISES.values() for file in promise.split()}
    assert all((ROOT / file).is_file() for file in files)
    assert {f"tests/faults/{file.name}" for file in (ROOT / "tests/faults").glob("test_*.py")} <= files


def test_the_table_is_made_from_reports(tmp_path, monkeypatch):
    document, report = tmp_path / "reliability.md", tmp_path / "report.xml"
    document.write_text("Before\n<!-- table -->\n| old |\n<!-- end -->\nAfter\n")
    report.write_text(REPORT)
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(reliability, "DOCUMENT", document)
    monkeypatch.setattr(sys, "argv", ["reliability", str(report)])
    monkeypatch.setattr(reliability, "git", lambda *words: "" if words[0] == "status" else "abc")
    assert reliability.main() == 1
    text = document.read_text()
    assert text.startswith("Before\n<!-- table -->\n| promise | tests | at ")
    assert text.endswith(" |\n<!-- end -->\nAfter\n")
    assert "[`test_fsck`](../tests/test_fsck.py) | 1 of 2 tests passed |" in text
    assert "| 0 of 0 tests passed, 1 skipped, not run, 1 of 1 tests passed |" in text
    assert "| 3 of 4 interruptions ended in the same hashes |" in text
    assert "Ctrl-C took 0.31 s at most, and the display stood still for 0.42 s; beside two other processes" in text
    assert "for each core 1.5 s and 0.8 s |" in text
    assert "| not run, 0 of 1 tests passed |" in text  # what it would have measured is not known
    assert "| old |" not in text


def test_edits_that_are_not_committed_are_refused(tmp_path, monkeypatch, capsys):
    """The table names a commit."""
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(reliability, "git", lambda *words: " M stages/plot.py" if words[0] == "status" else "abc")
    monkeypatch.setattr(reliability, "DOCUMENT", tmp_path / "none.md")
    monkeypatch.setattr(sys, "argv", ["reliability", "no report"])
    assert reliability.main() == 2
    assert "stages/plot.py" in capsys.readouterr().err
