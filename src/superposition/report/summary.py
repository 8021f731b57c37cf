"""What came out, in the terminal: where the figures are, and the verdict on each claim.

python -m superposition.report.summary [EXPERIMENT ...]        # default: all that have results

Verdicts are those of reports/claims.json, where the report has been made. Of experiments that are named they are found
anew, and reports/partial is written: the page that has them, and no other.
"""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from textwrap import wrap

from superposition.claims import CLAIMS, evaluate
from superposition.claims.claim import SEVERAL, Evaluation, rests_on
from superposition.params import Params, ParamsError
from superposition.params import read as read_params
from superposition.readings.results import Tables
from superposition.readings.results import read as read_tables
from superposition.report import partial

WIDTHS = (48, 20, 30, 13)  # with two spaces between them within 120 columns
HEADINGS = ("claim", "paper", "measured", "verdict")


class NoResults(Exception):
    """There is nothing to sum up."""


def claims_text(evaluation: Evaluation) -> str:
    """The claims as an aligned table, and a line for each one that these parameters do not test."""
    rows = [
        (
            verdict["statement"],
            verdict["paper"],
            verdict["measured"],
            f"{verdict['verdict'].replace('_', ' ')} {rests_on(verdict)}".strip(),
        )
        for verdict in evaluation.verdicts
    ]
    lines = []
    if rows:
        counts = ", ".join(f"{count} {SEVERAL[verdict]}" for verdict, count in evaluation.counts.items())
        lines += [f"{len(rows)} {'claims' if len(rows) > 1 else 'claim'}: {counts}", ""]
        lines += [_line(HEADINGS), _line(["-" * width for width in WIDTHS])]
        for row in rows:
            cells = [wrap(str(cell), width) for cell, width in zip(row, WIDTHS, strict=True)]
            height = max(len(cell) for cell in cells)
            lines += [_line([cell[i] if i < len(cell) else "" for cell in cells]) for i in range(height)]
    for claim, reason in evaluation.untested:
        lines += wrap(
            f"not tested: {claim.statement} Because: {reason}.",
            sum(int(width) for width in WIDTHS) + 6,
            subsequent_indent="  ",
        )
    return "\n".join(lines)


def chosen(params: Params, names: Sequence[str], data: Path) -> list[str]:
    """The experiments to speak of: those named, or all that have results."""
    if unknown := [name for name in names if name not in params.experiments]:
        known = ", ".join(params.experiments)
        raise NoResults(f"no experiment {', '.join(unknown)} in params.yaml, which has: {known}")
    found = list(names) or [key for key in params.experiments if (data / key).is_dir()]
    if not found:
        raise NoResults(f"no results in {data}/ yet: run make repro")
    return found


def summary(root: Path, names: Sequence[str]) -> str:
    """The text for a working copy of this repository; raises NoResults or FileNotFoundError."""
    params = read_params(root / "params.yaml")
    keys = chosen(params, names, root / "data" / "tables")
    if names:
        evaluation = partial.write(root, keys)
        page, others = (
            root / partial.FOLDER / "index.html",
            " (reports/index.html is of the last run of all experiments)",
        )
    else:
        partial.remove(root)
        evaluation = reported(root, keys) or evaluate(_tables(root, keys))
        page, others = root / "reports" / "index.html", ""
    made = [figure for key in keys for figure in sorted((root / "reports" / "figures" / key).glob("*.svg"))]
    lines = ["figures  " + str(figure.relative_to(root)) for figure in made]
    if page.is_file():
        lines.append("page     " + str(page.relative_to(root)) + others)
    return "\n".join([*lines, "", claims_text(evaluation)]).strip()


def reported(root: Path, keys: Sequence[str]) -> Evaluation | None:
    """What the report says of these experiments; None where it does not speak of all claims about them.

    To judge them anew takes half a minute, in which nothing else comes out.
    """
    file = root / "reports" / "claims.json"
    if not file.is_file():
        return None
    there = {one["id"]: one for one in json.loads(file.read_text(encoding="utf-8"))}
    claims = [claim.id for key in keys for claim in CLAIMS.get(key, ())]
    return Evaluation([there[id] for id in claims], [], {}) if there.keys() >= set(claims) else None


def _tables(root: Path, keys: Sequence[str]) -> dict[str, Tables]:
    return {key: read_tables(root / "data" / "tables" / key) for key in keys}


def _line(cells: Sequence[str]) -> str:
    return "  ".join(f"{cell:<{width}}" for cell, width in zip(cells, WIDTHS, strict=True)).rstrip()


if __name__ == "__main__":
    try:
        print(summary(Path(), sys.argv[1:]))
    except (NoResults, FileNotFoundError, ParamsError) as error:
        sys.exit(f"error: {error}")
