"""How the features of an instance are in sets, in words. Nothing but Python: parameters are checked with it."""

from collections.abc import Sequence
from typing import NamedTuple

INDEPENDENT, CORRELATED, ANTICORRELATED = "independent", "correlated", "anticorrelated"
EXACTLY = "exactly"  # and how many features of a set are active
RING = "ring of width"  # and how many places from the hidden one features may be active

PARENTS = "parents"
DECIMALS = 10  # of densities: 1 - 0.9 is then 0.1
NONE = "-"  # stands for the parent of a feature that has none
NEVER_EMPTY = ", never empty"  # after the words for sets, given that a sample has an active feature


class Parents(NamedTuple):
    """Of each feature its parent, -1 if it has none, and how likely it is while that is active, and while it is not."""

    of: tuple[int, ...]
    active: tuple[float, ...]
    inactive: tuple[float, ...]

    def densities(self, own: Sequence[float]) -> list[float]:
        """How often each feature is active, `own` being the densities of those without a parent."""
        found: list[float] = []
        for parent, density, on, off in zip(self.of, own, self.active, self.inactive, strict=True):
            found.append(density if parent < 0 else found[parent] * on + (1 - found[parent]) * off)
        return [round(density, DECIMALS) for density in found]


def may_be_empty(kind: str) -> str:
    """The same sets where samples without an active feature are left in."""
    return kind.removesuffix(NEVER_EMPTY)


def parents(kind: str) -> Parents | None:
    """What a kind says of parents, if it is about them: "parents - 0 0, active 0.5 0.2, inactive 0 0"."""
    if not kind.startswith(PARENTS):
        return None
    named, on, off = (part.split()[1:] for part in may_be_empty(kind).split(", "))
    of = tuple(-1 if one == NONE else int(one) for one in named)
    each = [iter(map(float, numbers)) for numbers in (on, off)]
    active, inactive = (tuple(0.0 if parent < 0 else next(one) for parent in of) for one in each)
    return Parents(of, active, inactive)


def active_of(kind: str) -> int:
    """How many features of a set are active where not only one or all of them may be; else 0."""
    return int(kind.split()[1]) if kind.startswith(EXACTLY) else 0


def width_of(kind: str) -> float:
    """Of a ring, how many places from the hidden one features may be active; 0 of other sets."""
    return float(kind.removeprefix(RING)) if kind.startswith(RING) else 0.0


def groups(kind: str, size: int, n_features: int) -> list[tuple[str, int]]:
    """The kind and size of each set in order; a feature that is independent is a set of one.

    Sets that are alike are said by their kind and size. Of others the size is 0 and the kind a list, such as "2 x
    correlated 2, exactly 2 in 5, independent 4", of which the last are 4 features by themselves.
    """
    kind = may_be_empty(kind)
    if kind.startswith(PARENTS):
        return [(INDEPENDENT, 1)] * n_features
    if size:
        return [(kind, size)] * (n_features // size)
    found: list[tuple[str, int]] = []
    for part in kind.split(", "):
        *times, named = part.split(" x ")
        own, features = named.replace(" in ", " ").rsplit(" ", 1)
        one = [(INDEPENDENT, 1)] * int(features) if own == INDEPENDENT else [(own, int(features))]
        found += one * int(times[0] if times else 1)
    return found


def in_words(every: list[tuple[str, int]]) -> tuple[str, int]:
    """The kind and size that stand for these sets."""
    if len(set(every)) == 1:
        return every[0]
    runs: list[tuple[str, int, int]] = []  # with how many in a row
    for kind, size in every:
        times = runs.pop()[2] if runs and runs[-1][:2] == (kind, size) else 0
        runs.append((kind, size, times + 1))
    parts = [
        f"{kind} {times}" if kind == INDEPENDENT else f"{f'{times} x ' if times > 1 else ''}{shortly(kind, size)}"
        for kind, size, times in runs
    ]
    return ", ".join(parts), 0


def shortly(kind: str, size: int) -> str:
    """A set: "correlated 2", "exactly 2 in 5"."""
    return f"{kind}{' in' if ' ' in kind else ''} {size}"
