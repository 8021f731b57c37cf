"""How a request is refused that results cannot meet: one line with what there is, and with what may have been meant."""

import difflib
from collections.abc import Iterable
from typing import Any

SHOWN = 40  # names or values


class NotThere(LookupError):
    """An experiment, a table, an axis or a value on it that there is none of; the message says which there are."""


def not_there(what: str, wanted: Any, present: Iterable[Any]) -> NotThere:
    """`what`: such as "no table"; `present`: the names or values that there are."""
    known = list(present)
    near = _nearest(wanted, known)
    there = f"there are {listed(known)}" if known else "there is none"
    meant = "" if near is None else f"; did you mean {said(near)}?"
    return NotThere(f"{what} {said(wanted)}: {there}{meant}")


def listed(values: Iterable[Any]) -> str:
    """All of a few, or the first of many and how many more."""
    names = [said(value) for value in values]
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more


def said(value: Any) -> str:
    return f"{value:.10g}" if isinstance(value, float) else str(value)


def _nearest(wanted: Any, known: list[Any]) -> Any:
    """The number that is closest, or the text that is most alike, if any is."""
    numbers = [value for value in known if isinstance(value, int | float)]
    if isinstance(wanted, int | float) and numbers:
        return min(numbers, key=lambda value: abs(value - wanted))
    texts = {said(value): value for value in known}
    return next((texts[text] for text in difflib.get_close_matches(said(wanted), texts, n=1)), None)
