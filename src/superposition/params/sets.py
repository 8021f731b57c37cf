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
    EXACTLY,
    INDEPENDENT,
    NEVER_EMPTY,
    NONE,
    PARENTS,
    RING,
    groups,
    in_words,
    may_be_empty,
    shortly,
    width_of,
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


ACTIVE = must("be a number of active features, a whole number of at least 1")
ActiveOfSet = Annotated[int, Field(ge=1), ACTIVE]


class Exactly(Strict):
    """Neighbouring features of which so many are active."""

    exactly: ActiveOfSet
    """How many features of a set are active, any of them as likely, or none is."""
    of: Annotated[int | None, Field(ge=2), must("be null (all features) or a whole number of at least 2")] = None
    """Features in a set; null: all n_features are one set."""


RingWidth = Annotated[
    float, Field(ge=0.01), must("be a number of places, at least 0.01 and less than half of those on the ring")
]


class Ring(Strict):
    """Neighbouring features on a circle, of which those near to a hidden point may be active."""

    ring: Annotated[int, Field(ge=2), must("be a number of features on each ring, a whole number of at least 2")]
    """Features on a ring, at equal distances; the last is next to the first."""
    width: RingWidth
    """How many places from the hidden point features may be active, all of them with the same probability."""


TIMES = Annotated[int, Field(ge=1), must("be a number of such sets in a row, a whole number of at least 1")]


class CorrelatedGroup(Correlated):
    """A set of features that are active together, or several in a row."""

    times: TIMES = 1
    """How many such sets there are in a row."""


class AnticorrelatedGroup(Anticorrelated):
    """A set of features that are never active together, or several in a row."""

    times: TIMES = 1
    """How many such sets there are in a row."""


class ExactlyGroup(Strict):
    """A set of features of which so many are active, or several in a row."""

    exactly: ActiveOfSet
    """How many features of a set are active, any of them as likely, or none is."""
    of: Annotated[int, Field(ge=2), SET_SIZE]
    """Features in a set."""
    times: TIMES = 1
    """How many such sets there are in a row."""


class RingGroup(Ring):
    """A ring, or several in a row."""

    times: TIMES = 1
    """How many such rings there are in a row."""


class IndependentGroup(Strict):
    """Features by themselves."""

    independent: Annotated[int, Field(ge=1), must("be a number of features, a whole number of at least 1")]
    """How many of them there are in a row."""


GROUP = (
    "{correlated: features}, {anticorrelated: features}, {exactly: active ones, of: features}, "
    "{ring: features, width: places} or {independent: features}"
)


def group_form(value: Any) -> str | None:
    """Which kind of sets an entry of `groups` is meant to have."""
    named = [
        key
        for key in (CORRELATED, ANTICORRELATED, EXACTLY, "ring", INDEPENDENT)
        if isinstance(value, dict) and key in value
    ]
    return f"<{named[0]}>" if len(named) == 1 else None


Group = Annotated[
    Annotated[CorrelatedGroup, Tag("<correlated>")]
    | Annotated[AnticorrelatedGroup, Tag("<anticorrelated>")]
    | Annotated[ExactlyGroup, Tag("<exactly>")]
    | Annotated[RingGroup, Tag("<ring>")]
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


MAY_BE_EMPTY = (
    "independent, {correlated: features in each set}, {anticorrelated: features in each set}, "
    "{exactly: active features, of: features in each set}, {groups: [sets in order]} or "
    "{parents: [one for each feature], active: ..., inactive: ...}"
)
Independent = Annotated[Literal["independent"], Tag("<independent>")]
InSets = (
    Annotated[Correlated, Tag("<correlated>")]
    | Annotated[Anticorrelated, Tag("<anticorrelated>")]
    | Annotated[Exactly, Tag("<exactly>")]
    | Annotated[Groups, Tag("<groups>")]
    | Annotated[HasParents, Tag("<parents>")]
)
MayBeEmpty = Annotated[Independent | InSets, BY_FORM, must(f"be {MAY_BE_EMPTY}")]


class NeverEmpty(Strict):
    """Samples that have an active feature."""

    never_empty: MayBeEmpty
    """Which features are active together; what is drawn is this law, given that at least one feature is active."""


SETS_POINT = f"{MAY_BE_EMPTY}, {{ring: features on each ring, width: places}}, or {{never_empty: one of the others}}"
Others = Annotated[Ring, Tag("<ring>")] | Annotated[NeverEmpty, Tag("<never_empty>")]
SetsPoint = Annotated[Independent | InSets | Others, BY_FORM, must(f"be {SETS_POINT}")]
SetsAxis = Annotated[
    Independent | InSets | Others | Annotated[list[SetsPoint], Field(min_length=1), AT_LEAST_ONE, Tag("<list>")],
    BY_FORM,
    must(f"be {SETS_POINT}, or a list of those"),
]


@dataclass(frozen=True)
class Sets:
    """A point of the axis of sets: which features are active together, or never together."""

    kind: str  # "independent", "correlated", "anticorrelated" or "exactly 2", or a list (features/groups.py)
    size: int  # features in each set; 1 if independent, 0 if sets differ or features have parents

    @property
    def label(self) -> str:
        kind = may_be_empty(self.kind)
        if self.size > 1:
            return f"{kind} in sets of {self.size}{self.kind.removeprefix(kind)}"
        short = len(self.kind) <= LONGEST
        return self.kind if short else f"{self.kind[:LONGEST]} ... #{sha256(self.kind.encode()).hexdigest()[:8]}"

    @property
    def briefly(self) -> str:
        """The same in fewer words."""
        kind = may_be_empty(self.kind)
        return (shortly(kind, self.size) if self.size > 1 else kind) + self.kind.removeprefix(kind)

    def exclusive(self, n_features: int) -> list[tuple[str, range]]:
        """The kind and the features of each set with one density: of all but correlated ones."""
        found, first = [], 0
        for kind, size in groups(self.kind, self.size, n_features):
            if kind not in (CORRELATED, INDEPENDENT):
                found.append((kind, range(first, first + size)))
            first += size
        return found


def sets(axis: Any, n_features: int) -> tuple[list[Sets], list[Fault]]:
    """The points of a valid SetsAxis, and what is wrong with them at this number of features."""
    points, faults = [], []
    for where, point in placed(axis):
        inner, within = (point.never_empty, ("never_empty",)) if isinstance(point, NeverEmpty) else (point, ())
        found, wrong = _one(inner, n_features)
        if within and any(width_of(kind) for one in found for kind, _ in groups(one.kind, one.size, n_features)):
            # Which feature is the first that is active depends on the hidden point.
            wrong = [*wrong, Fault(("groups",), "must have no ring where samples are never empty")]
        faults += [replace(fault, location=(*where, *within, *fault.location)) for fault in wrong]
        points += [(where, Sets(f"{one.kind}{NEVER_EMPTY}" if within else one.kind, one.size)) for one in found]
    return [point for _, point in points], faults + repeated(points)


def _one(point: Any, n_features: int) -> tuple[list[Sets], list[Fault]]:
    """What a point stands for, if that can be told, and what is wrong with it."""
    if isinstance(point, HasParents):
        faults = _parent_faults(point, n_features)
        return ([] if faults else [Sets(_parents_in_words(point), 0)]), faults
    if isinstance(point, Groups):
        faults = [
            replace(fault, location=("groups", number, *fault.location))
            for number, group in enumerate(point.groups)
            for fault in _kind_faults(group, n_features)
        ]
        every = [_kind(group, n_features) for group in point.groups]
        if (has := sum(size * times for _, size, times in every)) != n_features:
            faults.append(Fault(("groups",), f"must be of n_features = {n_features} features together, not {has}"))
        if faults:
            return [], faults
        return [Sets(*in_words([(kind, size) for kind, size, times in every for _ in range(times)]))], []
    faults = _kind_faults(point, n_features)
    kind, size, _ = _kind(point, n_features)
    if not faults and n_features % size:
        key = "of" if isinstance(point, Exactly) else "ring" if isinstance(point, Ring) else kind
        faults.append(Fault((key,), f"must divide n_features = {n_features} into sets of equal size", size))
    return [Sets(kind, size)], faults


def _kind(point: Any, n_features: int) -> tuple[str, int, int]:
    """Kind, size and number of the sets of an entry of `groups`, or of a point that says them shortly."""
    times = getattr(point, "times", 1)
    if isinstance(point, str):
        return point, 1, times
    if isinstance(point, IndependentGroup):
        return INDEPENDENT, 1, point.independent
    if isinstance(point, Correlated):
        return CORRELATED, point.correlated, times
    if isinstance(point, Anticorrelated):
        return ANTICORRELATED, point.anticorrelated, times
    if isinstance(point, Ring):
        return f"{RING} {digits(point.width)}", point.ring, times
    size = point.of or n_features
    # One or all of them have names already, under which they are the same points.
    special = {size: CORRELATED, 1: ANTICORRELATED}
    return special.get(point.exactly, f"{EXACTLY} {point.exactly}"), size, times


def _kind_faults(point: Any, n_features: int) -> list[Fault]:
    if isinstance(point, Ring) and 2 * point.width >= point.ring:
        return [Fault(("width",), f"must be less than {point.ring / 2:g}, half of the places on the ring", point.width)]
    if not isinstance(point, Exactly | ExactlyGroup):
        return []
    if point.of is None and n_features < 2:
        return [Fault((EXACTLY,), "must be of at least two features", point.exactly)]
    if point.exactly > (size := point.of or n_features):
        return [Fault((EXACTLY,), f"must be at most {size}, the features in a set", point.exactly)]
    return []


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
