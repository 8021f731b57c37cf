"""What can be swept: the forms in which params.yaml writes an axis, and the points that they stand for.

Sets of features, which are an axis as well, have a module of their own (sets.py).

An instance is known by its coordinates, so every point has a label that depends on its own values only, not on its
place in a list: adding a point changes no other. Numbers are rounded to 10 significant digits, as people
write them.
"""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, replace
from decimal import Context, Decimal, DivisionByZero, InvalidOperation
from functools import lru_cache
from hashlib import sha256
from math import fsum, isqrt
from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag

from superposition.params.faults import Fault, Location, Strict, must, reads_as_number

MAX_INSTANCES = 1_000_000  # of one experiment; a phase diagram of 150 x 150 points with 10 seeds has 225000
# A feature is active where a 32-bit random word falls below density * 2^32, which takes a density of 1e-7 to 0.1 %.
MAX_SPARSITY = 0.9999999
# Gradients are proportional to importance and Adam squares them: beyond these, squares come near float32's 1e-38.
MIN_IMPORTANCE, MAX_IMPORTANCE = 1e-12, 1e6

SparsityValue = Annotated[
    float,
    Field(ge=0, le=MAX_SPARSITY),
    must(f"be a number, at least 0 and below 1 (at most {MAX_SPARSITY}: densities of rarer features would be coarse)"),
]
ImportanceValue = Annotated[
    float,
    Field(ge=MIN_IMPORTANCE, le=MAX_IMPORTANCE),
    must(f"be a number between {MIN_IMPORTANCE:g} and {MAX_IMPORTANCE:g}"),
]
MIN_DENSITY = 1e-7
# Of powers, before they are rounded to a float; those beyond all bounds are infinite.
_DIGITS = Context(prec=40, traps=[InvalidOperation, DivisionByZero])
SeedValue = Annotated[int, Field(ge=0, lt=2**32), must("be a whole number, at least 0 and below 2^32")]


class Range(Strict):
    """`num` points from `start` to `stop`, both included, at equal differences or (log) equal ratios."""

    start: float
    """The first point."""
    stop: float
    """The last point, included."""
    num: Annotated[
        int,
        Field(ge=2, le=MAX_INSTANCES),
        must(f"be a whole number between 2 and {MAX_INSTANCES} (a single point is written as itself)"),
    ]
    """How many points, both ends included."""
    spacing: Annotated[Literal["linear", "log"], must("be linear or log")] = "linear"
    """Equal steps (linear), or equal ratios (log)."""


class SparsityRange(Range):
    """Sparsities at equal steps, or (log) at equal ratios of the density 1 - S."""

    start: SparsityValue
    """The first sparsity."""
    stop: SparsityValue
    """The last sparsity, included."""


class ImportanceRange(Range):
    """Importances that all features share, at equal steps or (log) at equal ratios."""

    start: ImportanceValue
    """The first importance."""
    stop: ImportanceValue
    """The last importance, included."""


class SeedRange(Range):
    """Seeds at equal steps."""

    start: SeedValue
    """The first seed."""
    stop: SeedValue
    """The last seed, included."""
    spacing: Annotated[Literal["linear"], must("be linear")] = "linear"
    """Seeds are whole numbers at equal steps."""


class PerFeature(Strict):
    """Each feature has a sparsity of its own."""

    per_feature: Annotated[list[SparsityValue], must("be a list with one sparsity for each feature")]
    """S of each feature, as many numbers as features."""


class PowerSpread(Strict):
    """How steeply densities fall, and what they add up to."""

    exponent: Annotated[float, Field(ge=0, le=8), must("be a number from 0 to 8, the exponent a of i^-a")]
    """The exponent a: the density of feature i, counted from 1, is proportional to i^-a."""
    total: Annotated[float, Field(gt=0), must("be a number above 0, the sum of all densities")]
    """The sum of all densities: how many features are active in the mean."""


class PowerLawSparsity(Strict):
    """Densities 1 - S fall from feature to feature as a power of its number."""

    power_law: Annotated[PowerSpread, must("be a mapping with exponent and total")]
    """The exponent of the law, and the sum of all densities."""


class LastSparsity(Strict):
    """The last feature has another sparsity than the others."""

    last: SparsityValue
    """S of the last feature."""
    others: SparsityValue
    """S of all others."""


class Geometric(Strict):
    """Importance falls from feature to feature by the same ratio."""

    geometric: Annotated[float, Field(gt=0), must("be a number above 0, the ratio r of I_i = r^i")]
    """The ratio r: feature i, counted from 0, has importance I_i = r^i."""


class Listed(Strict):
    """Each feature has an importance of its own."""

    listed: Annotated[list[ImportanceValue], must("be a list with one importance for each feature")]
    """I of each feature, as many numbers as features."""


class Last(Strict):
    """The last feature has another importance than the rest, whose importance is 1."""

    last: ImportanceValue
    """I of the last feature; that of the others is 1."""


FORM_OF_KEY = dict.fromkeys(("start", "stop", "num"), "<range>")
FORM_OF_KEY |= {
    key: f"<{key}>"
    for key in (
        "per_feature",
        "power_law",
        "geometric",
        "listed",
        "last",
        "correlated",
        "anticorrelated",
        "exactly",
        "ring",
        "never_empty",
        "groups",
        "parents",
    )
}


def form(value: Any) -> str | None:
    """Which form of an axis or of one of its points a value of params.yaml is meant to have."""
    if isinstance(value, list):
        return "<list>"
    if isinstance(value, dict):
        named = {FORM_OF_KEY[key] for key in value if key in FORM_OF_KEY}
        return named.pop() if len(named) == 1 else None
    if value == "independent":
        return "<independent>"
    return "<number>" if isinstance(value, (int, float)) or reads_as_number(value) else None


BY_FORM = Discriminator(form)
AT_LEAST_ONE = must("hold at least one point")


class LastSparsityRange(Strict):
    """A sweep of the last feature's sparsity."""

    last: Annotated[
        Annotated[SparsityValue, Tag("<number>")] | Annotated[SparsityRange, Tag("<range>")],
        BY_FORM,
        must("be a number, at least 0 and below 1, or {start, stop, num, spacing}"),
    ]
    """S of the last feature: a number, or a sweep."""
    others: SparsityValue
    """S of all others."""


SPARSITY_POINT = (
    "a number, at least 0 and below 1, {last: number, others: number}, {per_feature: [one number for each feature]} or "
    "{power_law: {exponent: ..., total: ...}}"
)
SparsityPoint = Annotated[
    Annotated[SparsityValue, Tag("<number>")]
    | Annotated[LastSparsity, Tag("<last>")]
    | Annotated[PerFeature, Tag("<per_feature>")]
    | Annotated[PowerLawSparsity, Tag("<power_law>")],
    BY_FORM,
    must(f"be {SPARSITY_POINT}"),
]
SparsityAxis = Annotated[
    Annotated[SparsityValue, Tag("<number>")]
    | Annotated[LastSparsityRange, Tag("<last>")]
    | Annotated[PerFeature, Tag("<per_feature>")]
    | Annotated[PowerLawSparsity, Tag("<power_law>")]
    | Annotated[list[SparsityPoint], Field(min_length=1), AT_LEAST_ONE, Tag("<list>")]
    | Annotated[SparsityRange, Tag("<range>")],
    BY_FORM,
    must(f"be {SPARSITY_POINT}, or a list of those, or {{start, stop, num, spacing}}"),
]


class LastRange(Strict):
    """A sweep of the last feature's importance."""

    last: Annotated[
        Annotated[ImportanceValue, Tag("<number>")] | Annotated[ImportanceRange, Tag("<range>")],
        BY_FORM,
        must("be a positive number or {start, stop, num, spacing}"),
    ]
    """I of the last feature, a number or a sweep; that of the others is 1."""


IMPORTANCE_POINT = "a positive number, {geometric: ratio}, {last: number} or {listed: [one number for each feature]}"
ImportancePoint = Annotated[
    Annotated[ImportanceValue, Tag("<number>")]
    | Annotated[Geometric, Tag("<geometric>")]
    | Annotated[Last, Tag("<last>")]
    | Annotated[Listed, Tag("<listed>")],
    BY_FORM,
    must(f"be {IMPORTANCE_POINT}"),
]
ImportanceAxis = Annotated[
    Annotated[ImportanceValue, Tag("<number>")]
    | Annotated[Geometric, Tag("<geometric>")]
    | Annotated[LastRange, Tag("<last>")]
    | Annotated[Listed, Tag("<listed>")]
    | Annotated[list[ImportancePoint], Field(min_length=1), AT_LEAST_ONE, Tag("<list>")]
    | Annotated[ImportanceRange, Tag("<range>")],
    BY_FORM,
    must(f"be {IMPORTANCE_POINT}, or a list of those, or {{start, stop, num, spacing}}"),
]

NumberOfSeeds = Annotated[
    int, Field(ge=1, le=MAX_INSTANCES), must(f"be a whole number of seeds between 1 and {MAX_INSTANCES}")
]
SeedAxis = Annotated[
    Annotated[NumberOfSeeds, Tag("<number>")]
    | Annotated[list[SeedValue], Field(min_length=1), AT_LEAST_ONE, Tag("<list>")]
    | Annotated[SeedRange, Tag("<range>")],
    BY_FORM,
    must("be a whole number of seeds, a list of seeds, or {start, stop, num}"),
]

WIDTH = must("be a whole number between 1 and 100000")
Width = Annotated[int, Field(ge=1, le=100_000), WIDTH]
WidthAxis = Annotated[
    Annotated[Width, Tag("<number>")] | Annotated[list[Width], Field(min_length=1), AT_LEAST_ONE, Tag("<list>")],
    BY_FORM,
    must("be a whole number between 1 and 100000, or a list of those"),
]


@dataclass(frozen=True)
class Sparsity:
    """A point of the sparsity axis: the probability that a feature is zero."""

    label: str  # "0.9", "last 0.5, others 0.9", "power law 1.5, total 1" or "per feature ..."
    uniform: float | None  # the sparsity that all features share, if they do
    per_feature: tuple[float, ...]  # [feature]


@dataclass(frozen=True)
class Importance:
    """A point of the importance axis: the weight of each feature's squared error in the loss."""

    label: str  # "1", "0.9^i", "last 0.1" or "listed ..."
    curve: tuple[float, ...]  # [feature]


def size(axis: Any) -> int:
    """How many points an axis has, without making them; of seeds, if it lists them."""
    if isinstance(axis, LastRange | LastSparsityRange):
        axis = axis.last
    if isinstance(axis, Range):
        return axis.num
    if isinstance(axis, list):
        return len(axis)
    return 1


def placed(axis: Any) -> list[tuple[Location, Any]]:
    """The points of an axis, each with its place in the axis."""
    if isinstance(axis, list):
        return [((i,), point) for i, point in enumerate(axis)]
    return [((), axis)]


def sparsities(axis: Any, n_features: int) -> tuple[list[Sparsity], list[Fault]]:
    """The points of a valid SparsityAxis, and what is wrong with them at this number of features."""
    points, faults = [], []
    for where, point in _spread_sparsity(axis):
        if isinstance(point, LastSparsity):
            last, others = _rounded(point.last), _rounded(point.others)
            label = f"last {digits(last)}, others {digits(others)}"
            values = (others,) * (n_features - 1) + (last,)
            points.append((where, Sparsity(label=label, uniform=None, per_feature=values)))
        elif isinstance(point, PerFeature):
            faults += wrong_length((*where, "per_feature"), point.per_feature, n_features)
            values = tuple(map(_rounded, point.per_feature))
            points.append((where, Sparsity(label=f"per feature {_listing(values)}", uniform=None, per_feature=values)))
        elif isinstance(point, PowerLawSparsity):
            found, fault = _falling(point.power_law, n_features)
            faults += [replace(one, location=(*where, "power_law", *one.location)) for one in fault]
            points += [(where, one) for one in found]
        else:
            value = _rounded(point)
            points.append((where, Sparsity(label=digits(value), uniform=value, per_feature=(value,) * n_features)))
    return [point for _, point in points], faults + repeated([(where, p.per_feature) for where, p in points])


def _falling(law: PowerSpread, n_features: int) -> tuple[list[Sparsity], list[Fault]]:
    """The point that a power law of densities stands for, or what is wrong with it at this number of features."""
    exponent, total = _rounded(law.exponent), _rounded(law.total)
    powers = _powers(n_features, -exponent)
    whole = fsum(powers)
    first, last = total * powers[0] / whole, total * powers[-1] / whole
    if first > 1 or last < MIN_DENSITY:
        at = f"the first one is {first:.4g}, the last {last:.4g}"
        wrong = f"must keep all densities between {MIN_DENSITY:g} and 1; {at}"
        return [], [Fault(("total",), wrong, law.total)]
    values = tuple(_rounded(1 - total * power / whole) for power in powers)
    label = f"power law {digits(exponent)}, total {digits(total)}"
    return [Sparsity(label=label, uniform=values[0] if len(set(values)) == 1 else None, per_feature=values)], []


def importances(axis: Any, n_features: int) -> tuple[list[Importance], list[Fault]]:
    """The points of a valid ImportanceAxis, and what is wrong with them at this number of features."""
    points, faults = [], []
    for where, point in _spread_importance(axis):
        if isinstance(point, Last):
            value = _rounded(point.last)
            curve = (1.0,) * (n_features - 1) + (value,)
            label = f"last {digits(value)}"
        elif isinstance(point, Listed):
            faults += wrong_length((*where, "listed"), point.listed, n_features)
            curve = tuple(map(_rounded, point.listed))
            label = f"listed {_listing(curve)}"
        elif isinstance(point, Geometric):
            ratio = _rounded(point.geometric)
            if not MIN_IMPORTANCE <= _power(ratio, n_features - 1) <= MAX_IMPORTANCE:
                allowed = f"must keep r^(n_features - 1) between {MIN_IMPORTANCE:g} and {MAX_IMPORTANCE:g}"
                faults.append(Fault((*where, "geometric"), f"{allowed}; n_features = {n_features}", point.geometric))
                continue
            curve = tuple(_rounded(_power(ratio, i)) for i in range(n_features))
            label = f"{digits(ratio)}^i"
        else:
            curve = (_rounded(point),) * n_features
            label = digits(point)
        points.append((where, Importance(label=label, curve=curve)))
    return [point for _, point in points], faults + repeated([(where, p.curve) for where, p in points])


def widths(axis: int | list[int]) -> tuple[list[int], list[Fault]]:
    """The points of a valid WidthAxis, and what is wrong with them."""
    points = placed(axis)
    return [point for _, point in points], repeated(points)


def seeds(axis: int | list[int] | SeedRange) -> tuple[list[int], list[Fault]]:
    """The points of a valid SeedAxis, and what is wrong with them."""
    if isinstance(axis, int):
        return list(range(axis)), []
    if isinstance(axis, SeedRange):
        step, rest = divmod(axis.stop - axis.start, axis.num - 1)
        if rest or not step:
            return [], [Fault(("num",), "must divide stop - start into equal whole steps other than 0", axis.num)]
        return [axis.start + step * i for i in range(axis.num)], []
    return axis, repeated([((i,), seed) for i, seed in enumerate(axis)])


def _spread(axis: Any, even: Callable[[Range], list[float]]) -> list[tuple[Location, Any]]:
    """As `placed`, with a range spread out; its points have no places of their own."""
    return [((), point) for point in even(axis)] if isinstance(axis, Range) else placed(axis)


def _spread_sparsity(axis: Any) -> list[tuple[Location, Any]]:
    """As `_spread`, with a sweep of the last feature's sparsity spread out into points of one."""
    if isinstance(axis, LastSparsityRange):
        spread = _spread(axis.last, _even_sparsities)
        return [((), LastSparsity(last=value, others=axis.others)) for _, value in spread]
    return _spread(axis, _even_sparsities)


def _spread_importance(axis: Any) -> list[tuple[Location, Any]]:
    """As `_spread`, with a sweep of the last feature's importance spread out into points of one."""
    if isinstance(axis, LastRange):
        return [((), Last(last=value)) for _, value in _spread(axis.last, _even)]
    return _spread(axis, _even)


def _even(axis: Range) -> list[float]:
    shares = [i / (axis.num - 1) for i in range(axis.num - 1)]
    if axis.spacing == "log":
        found = [axis.start * _power(axis.stop / axis.start, share) for share in shares]
    else:
        found = [axis.start + (axis.stop - axis.start) * share for share in shares]
    return [_rounded(x) for x in (*found, axis.stop)]  # which rounding errors of a large start may miss


def _even_sparsities(axis: Range) -> list[float]:
    """A log range of sparsities is even in the density 1 - S, as the paper's sweeps are."""
    if axis.spacing == "log":
        densities = axis.model_copy(update={"start": 1 - axis.start, "stop": 1 - axis.stop})
        return [1 - density for density in _even(densities)]
    return _even(axis)


def wrong_length(where: Location, values: Sequence[object], n_features: int) -> list[Fault]:
    """A fault unless there is one value for each feature."""
    if len(values) == n_features:
        return []
    return [
        Fault(where, f"must hold n_features = {n_features} values, one for each feature, not {len(values)}", values)
    ]


def repeated(points: Sequence[tuple[Location, Hashable]]) -> list[Fault]:
    """A fault for each point that is the same as an earlier one; one in all for a range, whose points have no place."""
    first: dict[Hashable, Location] = {}
    faults: dict[Location, Fault] = {}
    for where, point in points:
        if point not in first:
            first[point] = where
        elif where:
            faults[where] = Fault(
                where, f"must differ from the other points of the axis; it repeats [{first[point][0]}]"
            )
        else:
            faults[where] = Fault(where, "must have points that differ in their first 10 digits")
    return list(faults.values())


def _power(base: float, exponent: float | int) -> float:
    """base^exponent in decimal arithmetic, which is Python's own: a library's `pow` differs between machines."""
    return float(_DIGITS.power(Decimal(base), Decimal(exponent)))


@lru_cache(maxsize=8)  # of two scales, mostly the same
def _powers(last: int, exponent: float) -> tuple[float, ...]:
    """i^exponent of i = 1 .. last, where only primes are raised to a power, which takes long; others are products."""
    factor = list(range(last + 1))  # the smallest one, which is a prime
    for prime in range(2, isqrt(last) + 1):
        if factor[prime] == prime:
            for multiple in range(prime * prime, last + 1, prime):
                factor[multiple] = min(factor[multiple], prime)
    found = [Decimal(1), Decimal(1)]
    for i in range(2, last + 1):
        prime = factor[i]
        if prime == i:
            found.append(_DIGITS.power(Decimal(i), Decimal(exponent)))
        else:
            found.append(_DIGITS.multiply(found[prime], found[i // prime]))
    return tuple(map(float, found[1:]))


def _rounded(x: float) -> float:
    return float(f"{x:.10g}") + 0.0  # + 0.0 turns -0.0 into 0.0


def digits(x: float) -> str:
    """As people write it; 0 for -0.0 too."""
    return f"{x + 0.0:.10g}"


def _listing(values: Sequence[float]) -> str:
    """The values themselves, or for many of them a beginning and a digest of all."""
    if len(values) <= 8:
        return ", ".join(map(digits, values))
    digest = sha256(", ".join(map(digits, values)).encode()).hexdigest()
    return f"{', '.join(map(digits, values[:3]))}, ... #{digest[:8]}"
