"""What a claim is, and what evaluating one gives."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from superposition.measures.results import Tables

Verdict = Literal["holds", "fails", "differs_from_print"]


class NotTested(Exception):
    """The experiment was run with other parameters than those that the claim is about."""


@dataclass(frozen=True)
class Finding:
    """What a claim's check found.

    `verdict` is on the models with the lowest loss among the seeds, `spread` says how single seeds behave.
    `differs_from_print` means that what the paper says is so, but not with the number that it prints.
    """

    verdict: Verdict
    measured: str
    spread: str


@dataclass(frozen=True)
class Claim:
    id: str
    section: str  # of the paper
    statement: str  # in the paper's words, shortened
    paper: str | float  # the value that the paper gives or its figure shows
    tolerance: str  # when the measured value counts as the paper's
    figure: str  # where to see it, relative to reports/
    experiment: str  # the block of params.yaml that tests it
    check: Callable[[Tables], Finding]  # raises NotTested


@dataclass(frozen=True)
class Evaluation:
    verdicts: list[dict[str, str | float]]
    untested: list[tuple[Claim, str]]  # with the reason


def verdict(claim: Claim, tables: Tables) -> dict[str, str | float]:
    """The claim and what was found, as `reports/claims.json` has it."""
    finding = claim.check(tables)
    return {
        "id": claim.id,
        "section": claim.section,
        "statement": claim.statement,
        "paper": claim.paper,
        "measured": finding.measured,
        "spread": finding.spread,
        "tolerance": claim.tolerance,
        "verdict": finding.verdict,
        "figure": claim.figure,
    }
