"""The page that says what differs between two or more runs: one HTML file that asks for nothing else.

Parameters, verdicts and metrics that changed are tables with a column for each run; figures that changed lie side by
side, or on top of each other with a slider between them.
"""

import base64
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from superposition.report.templates import rendered

ABSENT = "–"


@dataclass(frozen=True)
class Run:
    """What one run left."""

    name: str
    about: str  # in a line
    parameters: Mapping[str, Any]
    metrics: Mapping[str, Any]
    claims: Sequence[Mapping[str, Any]]
    figures: Mapping[str, bytes] = field(repr=False)  # by path; those that all runs have alike may be left out


@dataclass(frozen=True)
class Row:
    """Something of which not all runs say the same."""

    key: str
    values: list[Any]  # of each run


def compared(runs: Sequence[Run]) -> str:
    """The HTML text."""
    claims = [{claim["id"]: claim for claim in run.claims} for run in runs]
    statements = {id: claim["statement"] for own in claims for id, claim in own.items()}
    verdicts = rows([{id: claim["verdict"] for id, claim in own.items()} for own in claims])
    changed = {row.key for row in verdicts}
    measured = rows([{id: claim["measured"] for id, claim in own.items()} for own in claims])
    return rendered(
        "comparison.html.jinja",
        runs=runs,
        parameters=rows([dict(flat(run.parameters)) for run in runs]),
        metrics=rows([dict(flat(run.metrics.get("experiments", {}))) for run in runs]),
        verdicts=verdicts,
        measured=[row for row in measured if row.key not in changed],
        claims=claims,
        statements=statements,
        figures=rows([run.figures for run in runs]),
        data_uri=data_uri,
        written=written,
    )


def rows(values: Sequence[Mapping[str, Any]]) -> list[Row]:
    """What is not the same in all, in the order of the first that has it; None where it is not there."""
    keys = dict.fromkeys(key for own in values for key in own)
    found = (Row(key, [own.get(key) for own in values]) for key in keys)
    return [row for row in found if any(value != row.values[0] for value in row.values)]


def flat(value: Any, key: str = "") -> Iterator[tuple[str, Any]]:
    """What a document says, by paths; a list is one value."""
    if isinstance(value, Mapping):
        for step, inner in value.items():
            yield from flat(inner, f"{key}.{step}" if key else str(step))
    else:
        yield key, value


def written(value: Any) -> str:
    if value is None:
        return ABSENT
    if isinstance(value, list):
        return ", ".join(map(written, value))
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}: {written(inner)}" for key, inner in value.items()) + "}"
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def data_uri(svg: bytes) -> str:
    return f"data:image/svg+xml;base64,{base64.b64encode(svg).decode()}"
