"""What a claim is, and what evaluating one gives."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

from superposition.claims.chance import share_interval
from superposition.readings.results import NotInThisRun, Tables
from superposition.verdicts import Verdict, counted, numbered

# Whose number decides, which is another matter than whose statement it is: of that `paper` speaks.
#   text    what the paper's words say: an order, all or none, or a number that is to be met
#   figure  values read off its figure are to be met
#   rule    the paper's own way to decide, where nothing else is asked
#   theory  values of a formula, or of exact losses, are to be met
#   ours    everything else: how large a part is most of it, how near to an ideal of the paper's (at right angles, one
#           half, the same, no error) is near enough, what no one else gives a number for
# How near to a value is near enough is this project's everywhere, and in the tolerance; so is from which norm on a
# feature counts as represented, and the like (measures/thresholds.py).
Limit = Literal["text", "figure", "rule", "theory", "ours"]
LIMITS: tuple[Limit, ...] = get_args(Limit)
Fixed = Literal["before", "after"]  # the first result was seen


@dataclass(frozen=True)
class Share:
    """How many single runs meet a claim's criterion, of how many; of one about cells or features, those it is about."""

    met: int
    of: int
    what: str = "seeds"  # or ranks, models, cells: what one run is

    @property
    def is_half(self) -> bool:
        return 2 * self.met >= self.of

    def reaches(self, least: float) -> bool:
        """Whether at least this part of them do."""
        return self.met >= least * self.of

    @property
    def interval(self) -> tuple[float, float]:
        """Where the share of all runs that there could be is, with 95 % confidence."""
        return share_interval(self.met, self.of)

    def __str__(self) -> str:
        return f"{self.met} of {numbered(self.of, self.what)}"


@dataclass(frozen=True)
class Finding:
    """What a claim's check found.

    `holds`: the criterion is met by the model of the lowest loss, and by at least half of the single runs.
    `holds_at_best`: by the model of the lowest loss, and by fewer. `differs_from_print`: what the paper says is so, but
    not as it prints it: with another number, range or case; the claim's remark says why.
    """

    verdict: Verdict
    measured: str
    spread: str  # how single runs behave
    share: Share | None = (
        None  # of single runs that meet the criterion; None where none can: formulas, means of several
    )


# The spread of claims about formulas. They stay, since the paper makes them, and say that no run can change them.
FORMULA = "no trained models: of a formula in the paper, which no run changes"


def plain(holds: bool) -> Verdict:
    """The verdict where there is no best model: on formulas, and on what all runs together show."""
    return "holds" if holds else "fails"


def how_far(at_best: bool, share: Share) -> Verdict:
    """The verdict on a criterion that the model of the lowest loss meets or not, and a share of the single runs."""
    if not at_best:
        return "fails"
    return "holds" if share.is_half else "holds_at_best"


@dataclass(frozen=True)
class Claim:
    """A statement with the check that decides it; `claims_of` says whose it is."""

    check: Callable[..., Finding]  # of the experiment's tables, and of those of `beside`; raises NotInThisRun
    statement: str  # in the paper's words, shortened, and what it is judged on
    paper: str | float  # the value that the paper gives or its figure shows, or that it says nothing of it
    tolerance: str  # when the measured value counts as the paper's
    limit: Limit  # whose number decides
    fixed: Fixed  # whether they were fixed before or after a first result was seen
    figure: str = ""  # where to see it: a name in the experiment's folder, or folder/name
    name: str = ""  # default the check's
    beside: tuple[str, ...] = ()  # other experiments that it is compared with
    remark: str = ""  # why it does not hold, or not with the paper's number; with no numbers but those of the finding
    known: str = ""  # what is known of that from other settings, runs, formulas and papers, printed after the remark
    id: str = ""  # this and what follows is filled in by `claims_of`
    section: str = ""  # of the paper
    experiment: str = ""  # the block of params.yaml that tests it


def claims_of(experiment: str, section: str, figure: str, *claims: Claim, topic: str = "") -> tuple[Claim, ...]:
    """Claims that one experiment tests, in one section of the paper, to be seen in `figure` if they say no other.

    A claim is known as `topic.name`, where the topic is the experiment, unless it says otherwise.
    """
    return tuple(
        replace(
            claim,
            id=f"{topic or experiment}.{claim.name or claim.check.__name__}",
            section=section,
            experiment=experiment,
            figure=_path(claim.figure or figure, experiment),
        )
        for claim in claims
    )


def _path(figure: str, experiment: str) -> str:
    """Of a figure, relative to reports/."""
    return f"figures/{figure if '/' in figure else f'{experiment}/{figure}'}.svg"


@dataclass(frozen=True)
class Evaluation:
    verdicts: list[dict[str, Any]]
    untested: list[tuple[Claim, str]]  # with the reason
    remarks: dict[str, str]  # by id, on claims that do not hold: the remark, and what is known

    @property
    def counts(self) -> dict[Verdict, int]:
        """How many claims got each verdict."""
        return counted(self.verdicts)


def verdict(claim: Claim, tables_by_experiment: Mapping[str, Tables]) -> dict[str, Any]:
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
        "share": _written(finding.share),
        "tolerance": claim.tolerance,
        "limit": claim.limit,
        "fixed": claim.fixed,
        "verdict": finding.verdict,
        "figure": claim.figure,
    }


def _written(share: Share | None) -> dict[str, str | int | float] | None:
    if share is None:
        return None
    low, high = (round(end, 3) for end in share.interval)
    return {"met": share.met, "of": share.of, "what": share.what, "low": low, "high": high}
