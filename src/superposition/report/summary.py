"""What came out, in the terminal: where the figures are, and the verdict on each claim.

python -m superposition.report.summary [EXPERIMENT ...]        # default: all that have results

Verdicts are those of reports/claims.json, where the report has been made. Of experiments that are named they are found
anew, and reports/partial is written: the page that has them, and no other.
"""

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from textwrap import wrap
from typing import TYPE_CHECKING, Any

from superposition.report import outputs
from superposition.verdicts import SEVERAL, counted, rests_on

if TYPE_CHECKING:
    from superposition.claims.claim import Claim

WIDTHS = (48, 20, 30, 13)  # with two spaces between them within 120 columns
HEADINGS = ("claim", "paper", "measured", "verdict")
PARAMS, TABLES, REPORTS = Path("data", "params.json"), Path("data", "tables"), Path("reports")


class NoResults(Exception):
    """There is nothing to sum up, or params.yaml does not say of what."""


def claims_text(verdicts: Sequence[Mapping[str, Any]], untested: Sequence[tuple["Claim", str]] = ()) -> str:
    """The claims as an aligned table, and a line for each one that these parameters do not test."""
    rows = [
        (
            verdict["statement"],
            verdict["paper"],
            verdict["measured"],
            f"{verdict['verdict'].replace('_', ' ')} {rests_on(verdict)}".strip(),
        )
        for verdict in verdicts
    ]
    lines = []
    if rows:
        counts = ", ".join(f"{count} {SEVERAL[verdict]}" for verdict, count in counted(verdicts).items())
        lines += [f"{len(rows)} {'claims' if len(rows) > 1 else 'claim'}: {counts}", ""]
        lines += [_line(HEADINGS), _line(["-" * width for width in WIDTHS])]
        for row in rows:
            cells = [wrap(str(cell), width) for cell, width in zip(row, WIDTHS, strict=True)]
            height = max(len(cell) for cell in cells)
            lines += [_line([cell[i] if i < len(cell) else "" for cell in cells]) for i in range(height)]
    for claim, reason in untested:
        lines += wrap(
            f"not tested: {claim.statement} Because: {reason}.",
            sum(int(width) for width in WIDTHS) + 6,
            subsequent_indent="  ",
        )
    return "\n".join(lines)


def summary(root: Path, names: Sequence[str]) -> str:
    """The text for a working copy of this repository; raises NoResults or FileNotFoundError."""
    if not names:
        outputs.remove_partial(root)
    keys, text = (None if names else reported(root)) or judged(root, names)
    page, others = root / REPORTS / "index.html", ""
    if names:
        page = root / outputs.PARTIAL / "index.html"
        others = " (reports/index.html is of the last run of all experiments)"
    made = [figure for key in keys for figure in sorted((root / REPORTS / "figures" / key).glob("*.svg"))]
    lines = ["figures  " + str(figure.relative_to(root)) for figure in made]
    if page.is_file():
        lines.append("page     " + str(page.relative_to(root)) + others)
    return "\n".join([*lines, "", text]).strip()


def reported(root: Path) -> tuple[list[str], str] | None:
    """The experiments that have results, and what the report says of their claims.

    None where it is of other experiments, or has left a claim untested, of which it keeps no reason.
    """
    if not (root / PARAMS).is_file():
        return None
    known = json.loads((root / PARAMS).read_text(encoding="utf-8"))["experiments"]
    keys = [key for key in known if (root / TABLES / key).is_dir()]
    there = outputs.read(root / REPORTS)
    metrics, verdicts = there["metrics.json"], there["claims.json"]
    all_tested = metrics.get("claims") == counted(verdicts) | {"not_tested": 0}
    if not all_tested or metrics["experiments"].keys() != set(keys):
        return None
    return keys, claims_text(verdicts)


def judged(root: Path, names: Sequence[str]) -> tuple[list[str], str]:
    """The same, found anew; of experiments that are named the page too. All claims take half a minute."""
    # Imported here, since it takes seconds, for which nobody waits whose run had nothing to do.
    from superposition.claims import evaluate
    from superposition.params import ParamsError
    from superposition.params import read as read_params
    from superposition.readings.results import read as read_tables
    from superposition.report import partial

    try:
        known = read_params(root / "params.yaml").experiments
    except ParamsError as error:
        raise NoResults(str(error)) from None
    if unknown := [name for name in names if name not in known]:
        raise NoResults(f"no experiment {', '.join(unknown)} in params.yaml, which has: {', '.join(known)}")
    keys = list(names) or [key for key in known if (root / TABLES / key).is_dir()]
    if not keys:
        raise NoResults(f"no results in {root / TABLES}/ yet: run make repro")
    found = partial.write(root, keys) if names else evaluate({key: read_tables(root / TABLES / key) for key in keys})
    return keys, claims_text(found.verdicts, found.untested)


def _line(cells: Sequence[str]) -> str:
    return "  ".join(f"{cell:<{width}}" for cell, width in zip(cells, WIDTHS, strict=True)).rstrip()


if __name__ == "__main__":
    try:
        print(summary(Path(), sys.argv[1:]))
    except (NoResults, FileNotFoundError) as error:
        sys.exit(f"error: {error}")
