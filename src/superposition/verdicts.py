"""The words of verdicts, and what is read off them as reports/claims.json has them.

Words and numbers alone, so that they can be shown without the libraries that judge.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any, Literal, get_args

Verdict = Literal["holds", "holds_at_best", "fails", "differs_from_print"]
VERDICTS: tuple[Verdict, ...] = get_args(Verdict)
SEVERAL: dict[Verdict, str] = {
    "holds": "hold",
    "holds_at_best": "hold at best",
    "fails": "fail",
    "differs_from_print": "differ from print",
}
FEW_RUNS = 3  # of fewer, half of them says little: a verdict that rests on them says how many there are

SINGULAR = r"s\b"  # what is left out of a word to make it one


def numbered(count: int, what: str) -> str:
    """As 1 rank, 2 ranks, 2 models of these shapes."""
    return f"{count} {re.sub(SINGULAR, '', what, count=1) if count == 1 else what}"


def counted(claims: Iterable[Mapping[str, Any]]) -> dict[Verdict, int]:
    """How many got each verdict."""
    given = [one["verdict"] for one in claims]
    return {verdict: given.count(verdict) for verdict in VERDICTS}


def rests_on(claim: Mapping[str, Any]) -> str:
    """What to say beside a verdict that rests on few single runs, as `of 2 ranks only`; nothing where they are more."""
    share = claim["share"]
    return f"of {numbered(share['of'], share['what'])} only" if share and share["of"] < FEW_RUNS else ""
