"""A claim's verdict from its models, judged one by one: the one of the lowest loss decides, and all say how far."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from superposition.claims.claim import Finding, Share, how_far
from superposition.readings.results import NotInThisRun, Tables
from superposition.readings.solutions import Setting, Solution, solutions

Model = TypeVar("Model")  # whatever a claim judges as one: a solution, or all those of one rank


@dataclass(frozen=True)
class Judged:
    """Whether one model shows what is claimed, the number to tell models apart by, and what to say of it."""

    holds: bool
    number: int | float
    text: str


def over_seeds(found: Sequence[Model], judge: Callable[[Model], Judged], unit: str, what: str = "seeds") -> Finding:
    """The verdict on the first, which has the lowest loss, and how many of all do like it."""
    judged = [judge(solution) for solution in found]
    if not judged:
        raise NotInThisRun("no models of this setting at every point")
    share = _share(judged, what)
    return Finding(how_far(judged[0].holds, share), judged[0].text, f"{_agreeing(judged, what)} {unit}", share)


def over_ranks(found: Sequence[Model], judge: Callable[[Model], Judged], unit: str) -> Finding:
    """As `over_seeds`, of sweeps: the models of the lowest loss at each point, those of the next one, ..."""
    return over_seeds(found, judge, unit, "ranks")


def over_densities(
    tables: Tables, setting: Setting, wanted: Sequence[float], judge: Callable[[float, Solution], Judged], unit: str
) -> Finding:
    """As `over_seeds`, at each of several densities: it holds if it holds at all of them.

    The share is that of the density at which the fewest seeds do like the best one.
    """
    judged = {s: [judge(s, solution) for solution in solutions(tables, setting, s)] for s in wanted}
    least = min((_share(seeds, "seeds") for seeds in judged.values()), key=lambda share: share.met / share.of)
    return Finding(
        verdict=how_far(all(seeds[0].holds for seeds in judged.values()), least),
        measured="; ".join(f"{s:g}: {seeds[0].text}" for s, seeds in judged.items()),
        spread="; ".join(f"{s:g}: {_agreeing(seeds, 'seeds')}" for s, seeds in judged.items()) + f" {unit}",
        share=least,
    )


def _share(judged: Sequence[Judged], what: str) -> Share:
    return Share(sum(bool(one.holds) for one in judged), len(judged), what)


def _agreeing(judged: Sequence[Judged], what: str) -> str:
    numbers = [one.number for one in judged]
    lowest, highest = f"{min(numbers):.3g}", f"{max(numbers):.3g}"
    span = lowest if lowest == highest else f"{lowest} to {highest}"
    return f"{_share(judged, what)}, {span}"
