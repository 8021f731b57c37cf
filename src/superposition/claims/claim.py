"""What a claim is, and what evaluating one gives."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from superposition.readings.results import NotInThisRun, Tables

Verdict = Literal["holds", "fails", "differs_from_print"]


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
    check: Callable[..., Finding]  # of the experiment's tables, and of those of `beside`; raises NotInThisRun
    beside: tuple[str, ...] = ()  # other experiments that it is compared with
    remark: str = ""  # what is known about why it does not hold, or not with the paper's number


@dataclass(frozen=True)
class Evaluation:
    verdicts: list[dict[str, str | float]]
    untested: list[tuple[Claim, str]]  # with the reason
    remarks: dict[str, str]  # by id, on claims that do not hold


def verdict(claim: Claim, tables_by_experiment: Mapping[str, Tables]) -> dict[str, str | float]:
    """The claim and what was found, as `reports/claims.json` has it."""
    needed = (claim.experiment, *claim.beside)
    if missing := [name for name in needed if name not in tables_by_experiment]:
        raise NotInThisRun(f"it needs {', '.join(missing)} too, which is not among the experiments of this run")
    finding = claim.check(*(tables_by_experiment[name] for name in needed))
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
