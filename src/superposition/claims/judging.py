"""A claim's verdict from its models, judged one by one: the one of the lowest loss decides, and all say how far."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from superposition.claims.claim import Finding
from superposition.readings.results import Tables
from superposition.readings.solutions import Setting, Solution, solutions

Model = TypeVar("Model")  # whatever a claim judges as one: a solution, or all those of one rank


@dataclass(frozen=True)
class Judged:
    """Whether one model shows what is claimed, the number to tell models apart by, and what to say of it."""

    holds: bool
    number: int | float
    text: str


def over_seeds(found: Sequence[Model], judge: Callable[[Model], Judged], unit: str) -> Finding:
    """The verdict on the first, which has the lowest loss, and how many of all do like it."""
    judged = [judge(solution) for solution in found]
    return Finding("holds" if judged[0].holds else "fails", judged[0].text, f"{_agreeing(judged)} {unit}")


def over_densities(
    tables: Tables, setting: Setting, wanted: Sequence[float], judge: Callable[[float, Solution], Judged], unit: str
) -> Finding:
    """As `over_seeds`, at each of several densities: it holds if it holds at all of them."""
    judged = {s: [judge(s, solution) for solution in solutions(tables, setting, s)] for s in wanted}
    return Finding(
        verdict="holds" if all(seeds[0].holds for seeds in judged.values()) else "fails",
        measured="; ".join(f"{s:g}: {seeds[0].text}" for s, seeds in judged.items()),
        spread="; ".join(f"{s:g}: {_agreeing(seeds)}" for s, seeds in judged.items()) + f" {unit}",
    )


def _agreeing(judged: Sequence[Judged]) -> str:
    numbers = [one.number for one in judged]
    lowest, highest = f"{min(numbers):.3g}", f"{max(numbers):.3g}"
    span = lowest if lowest == highest else f"{lowest} to {highest}"
    return f"{sum(bool(one.holds) for one in judged)} of {len(judged)} seeds, {span}"
