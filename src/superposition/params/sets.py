"""The axis of sets: which features are active together, or never together, or by their parents.

What params.yaml says of them, and the points that it stands for; axes.py has the other axes.
"""

from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag

from superposition.features.groups import (
    ANTICORRELATED,
    CORRELATED,
    INDEPENDENT,
    NONE,
    PARENTS,
    groups,
    in_words,
)
from superposition.params.axes import AT_LEAST_ONE, BY_FORM, digits, placed, repeated, wrong_length
from superposition.params.faults import Fault, Strict, must

LONGEST = 80  # characters of a label
SET_SIZE = must("be a number of features in each set, a whole number of at least 2")


class Correlated(Strict):
    """Neighbouring features that are active together."""

    correlated: Annotated[int, Field(ge=2), SET_SIZE]
    """Features in a set: all of them are active, or none is."""


class Anticorrelated(Strict):
    """Neighbouring features that are never active together."""

    anticorrelated: Annotated[int, Field(ge=2), SET_SIZE]
    """Features in a set: one of them is active, each as often, or none is."""


TIMES = Annotated[int, Field(ge=1), must("be a number of such sets in a row, a whole number of at least 1")]


class CorrelatedGroup(Correlated):
    """A set of features that are active together, or several in a row."""

    times: TIMES = 1
    """How many such sets there are in a row."""


class AnticorrelatedGroup(Anticorrelated):
    """A set of features that are never active together, or several in a row."""

    times: TIMES = 1
    """How many such sets there are in a row."""


class IndependentGroup(Strict):
    """Features by themselves."""

    independent: Annotated[int, Field(ge=1), must("be a number of features, a whole number of at least 1")]
    """How many of them there are in a row."""


GROUP = "{correlated: features}, {anticorrelated: features} or {independent: features}"


def group_form(value: Any) -> str | None:
    """Which kind of sets an entry of `groups` is meant to have."""
    named = [key for key in (CORRELATED, ANTICORRELATED, INDEPENDENT) if isinstance(value, dict) and key in value]
    return f"<{named[0]}>" if len(named) == 1 else None


Group = Annotated[
    Annotated[CorrelatedGroup, Tag("<correlated>")]
    | Annotated[AnticorrelatedGroup, Tag("<anticorrelated>")]
    | Annotated[IndependentGroup, Tag("<independent>")],
    Discriminator(group_form),
    must(f"be {GROUP}"),
]


class Groups(Strict):
    """Sets of different kinds or sizes, in the order of their features."""

    groups: Annotated[list[Group], Field(min_length=1), must(f"be a list of {GROUP}")]
    """The sets in order, which have n_features features together."""


PROBABILITY = must("be a probability, a number from 0 to 1")
Probability = Annotated[float, Field(ge=0, le=1), PROBABILITY]
EACH = must("be a probability, or a list with one for each feature that has a parent")
Probabilities = Annotated[
    Annotated[Probability, Tag("<number>")] | Annotated[list[Probability], Tag("<list>")], BY_FORM, EACH
]
PARENT = must("be null, or the number of an earlier feature, counted from 0")


class HasParents(Strict):
    """Features that are active with one probability while another is, and with another while it is not."""

    parents: Annotated[
        list[Annotated[Annotated[int, Field(ge=0)] | None, PARENT]],
        must("be a list with a parent for each feature, null or the number of an earlier feature"),
    ]
    """The parent of each feature, a number counted from 0, or null; as many as features."""
    active: Probabilities
    """How likely a feature is to be active while its parent is: one number, or one for each that has a parent."""
    inactive: Probabilities
    """How likely it is while its parent is not."""


SETS_POINT = (
    "independent, {correlated: features in each set}, {anticorrelated: features in each set}, "
    "{groups: [sets in order]} or {parents: [one for each feature], active: ..., inactive: ...}"
)
SetsPoint = Annotated[
    Annotated[Literal["independent"], Tag("<independent>")]
    | Annotated[Correlated, Tag("<correlated>")]
    | Annotated[Anticorrelated, Tag("<anticorrelated>")]
    | Annotated[Groups, Tag("<groups>")]
    | Annotated[HasParents, Tag("<parents>")],
    BY_FORM,
    must(f"be {SETS_POINT}"),
]
SetsAxis = Annotated[
    Annotated[Literal["independent"], Tag("<independent>")]
    | Annotated[Correlated, Tag("<correlated>")]
    | Annotated[Anticorrelated, Tag("<anticorrelated>")]
    | Annotated[Groups, Tag("<groups>")]
    | Annotated[HasParents, Tag("<parents>")]
    | Annotated[list[SetsPoint], Field(min_length=1), AT_LEAST_ONE, Tag("<list>")],
    BY_FORM,
    must(f"be {SETS_POINT}, or a list of those"),
]


@dataclass(frozen=True)
class Sets:
    """A point of the axis of sets: which features are active together, or never together."""

    kind: str  # "independent", "correlated" or "anticorrelated", or a list (features/groups.py)
    size: int  # features in each set; 1 if independent, 0 if sets differ or features have parents

    @property
    def label(self) -> str:
        if self.size > 1:
            return f"{self.kind} in sets of {self.size}"
        short = len(self.kind) <= LONGEST
        return self.kind if short else f"{self.kind[:LONGEST]} ... #{sha256(self.kind.encode()).hexdigest()[:8]}"

    def exclusive(self, n_features: int) -> list[tuple[int, int]]:
        """The first feature of each anti-correlated set, and the one after its last."""
        found, first = [], 0
        for kind, size in groups(self.kind, self.size, n_features):
            found += [(first, first + size)] if kind == ANTICORRELATED else []
            first += size
        return found


def sets(axis: Any, n_features: int) -> tuple[list[Sets], list[Fault]]:
    """The points of a valid SetsAxis, and what is wrong with them at this number of features."""
    points, faults = [], []
    for where, point in placed(axis):
        if isinstance(point, HasParents):
            kind, size = _parents_in_words(point), 0
            if found := _parent_faults(point, n_features):
                faults += [replace(fault, location=(*where, *fault.location)) for fault in found]
                continue
        elif isinstance(point, Groups):
            every = _in_order(point)
            if (has := sum(size * times for _, size, times in every)) != n_features:
                fault = f"must be of n_features = {n_features} features together, not {has}"
                faults.append(Fault((*where, "groups"), fault))
                continue
            kind, size = in_words([(kind, size) for kind, size, times in every for _ in range(times)])
        else:
            kind, size = (point, 1) if isinstance(point, str) else next(iter(point.model_dump().items()))
            if n_features % size:
                fault = f"must divide n_features = {n_features} into sets of equal size"
                faults.append(Fault((*where, kind), fault, size))
        points.append((where, Sets(kind=kind, size=size)))
    return [point for _, point in points], faults + repeated(points)


def _parents_in_words(point: HasParents) -> str:
    named = " ".join(NONE if parent is None else str(parent) for parent in point.parents)
    children = sum(parent is not None for parent in point.parents)

    def each(shares: float | list[float]) -> str:
        return " ".join(map(digits, shares if isinstance(shares, list) else [shares] * children))

    return f"{PARENTS} {named}, active {each(point.active)}, inactive {each(point.inactive)}"


def _parent_faults(point: HasParents, n_features: int) -> list[Fault]:
    faults = wrong_length((PARENTS,), point.parents, n_features)
    children = [number for number, parent in enumerate(point.parents) if parent is not None]
    faults += [
        Fault((PARENTS, number), f"must be null or an earlier feature, from 0 to {number - 1}", point.parents[number])
        if number
        else Fault((PARENTS, 0), "must be null: no feature is earlier", point.parents[0])
        for number in children
        if (point.parents[number] or 0) >= number
    ]
    if not children:
        faults.append(Fault((PARENTS,), "must give at least one feature a parent; without, sets are independent"))
    for key in ("active", "inactive"):
        shares = getattr(point, key)
        if isinstance(shares, list) and len(shares) != len(children):
            allowed = f"must hold {len(children)} numbers, one for each feature that has a parent, not {len(shares)}"
            faults.append(Fault((key,), allowed, shares))
    return faults


def _in_order(point: Groups) -> list[tuple[str, int, int]]:
    """Kind, size and number of each entry's sets."""
    return [
        (INDEPENDENT, 1, group.independent)
        if isinstance(group, IndependentGroup)
        else (CORRELATED, group.correlated, group.times)
        if isinstance(group, CorrelatedGroup)
        else (ANTICORRELATED, group.anticorrelated, group.times)
        for group in point.groups
    ]
