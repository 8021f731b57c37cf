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
    assert reliability.main() == 1
    text = document.read_text()
    assert text.startswith("Before\n<!-- table -->\n| promise | tests | at ")
    assert text.endswith(" |\n<!-- end -->\nAfter\n")
    assert "[`test_fsck`](../tests/test_fsck.py) | 1 failed 1 passed |" in text
    assert "| 1 skipped, 1 passed |" in text
    assert "| old |" not in text
