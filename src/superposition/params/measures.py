"""What may be measured of some experiments only: the keys under `measures`, their bounds, and what they need beside.

A measure is a field of `Measures` (null, a number, or a mapping of its settings), and a function of faults if not every
experiment can have it. superposition/measures has a module of its name with a function `table`. Bounds are written
once, and make both the check and the message.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate
from math import comb
from typing import Annotated, Any, Literal

from annotated_types import GroupedMetadata, Interval
from pydantic import Field

from superposition.features.groups import RING, parents
from superposition.params.axes import AT_LEAST_ONE, placed
from superposition.params.faults import Fault, Location, Strict, among, must
from superposition.params.models import Model

MAX_SETS = 20_000  # of features, among which explanations are searched for, each tried on all vectors


class Bounds(GroupedMetadata):
    """From `low` to `high`, if there is an end: the check, and what is said of a value that does not meet it.

    Both are allowed, but `low` where values have to be `above` it, and `high` where they have to be `below` it.
    """

    def __init__(self, low: int | float, high: int | float | None = None, *, above: bool = False, below: bool = False):
        self.low, self.high, self.above, self.below = low, high, above, below

    @property
    def words(self) -> str:
        kind = "a whole number" if isinstance(self.low, int) else "a number"
        if self.high is not None and not (self.above or self.below):
            return f"{kind} between {_said(self.low)} and {_said(self.high)}"
        from_low = f"{kind} {'above' if self.above else 'of at least'} {_said(self.low)}"
        if self.high is None:
            return from_low
        return f"{from_low}{' and below' if self.below else ', at most'} {_said(self.high)}"

    def __iter__(self) -> Iterator[Any]:
        """What pydantic takes one by one."""
        low = {"gt" if self.above else "ge": self.low}
        high = {} if self.high is None else {"lt" if self.below else "le": self.high}
        yield Interval(**low, **high)
        yield must(f"be {self.words}")


def _said(number: int | float) -> str:
    return str(number) if isinstance(number, int) else f"{number:g}".replace("e+", "e")


Active = Annotated[int, Bounds(1)]
ATTACK = Bounds(0.0, 4.0, above=True)


class Recovery(Strict):
    """How many active features are recovered, of trained and of other projections."""

    active: Annotated[list[Active], Field(min_length=1), must("be a list of at least one number of active features")]
    """Numbers of active features."""
    samples: Annotated[int, Bounds(1, 10_000)]
    """Samples of each number."""
    tolerance: Annotated[float, Bounds(0.0, 1.0, above=True, below=True)]
    """Error of a recovered sample over its length, at most."""
    matrices: Annotated[int, Bounds(1, 1000)]
    """Projections of each other kind at each width."""


class Explanations(Strict):
    """Hidden vectors of few active features, of which all explanations are searched for."""

    # A list in YAML, which strict tuples refuse.
    active: Annotated[
        tuple[Active, ...], Field(strict=False, min_length=1), must("be a list of numbers of active features")
    ]
    """How many features are active, each among those that a model represents; at most n_features."""
    samples: Annotated[int, Bounds(1, 100_000)]
    """Vectors for each of these numbers."""
    tolerance: Annotated[float, Bounds(0.001, 0.5)]
    """How far from the vector an explanation may be, and the least strength of a feature that counts as active."""


class Rotations(Strict):
    """Random rotations of the hidden space, and the samples that judge a model before and after each."""

    count: Annotated[int, Bounds(19, 10_000)]
    """How many rotations; the smallest p-value is 1 / (count + 1)."""
    samples: Annotated[int, Bounds(1, 8192)]
    """Samples that outputs are of."""


Part = Annotated[Literal["relu", "bias"], must("be relu or bias")]
Density = Annotated[float, Bounds(0.0001, 1.0)]  # rarer features would hardly be seen in the samples


class Ablations(Strict):
    """What is switched off in trained models, and on which data; lists in YAML, which strict tuples refuse."""

    samples: Annotated[int, Bounds(1, 1_000_000)]
    """Samples that errors are of."""
    without: Annotated[tuple[Part, ...], Field(strict=False), must("be a list of relu and bias")] = ()
    """Parts of the output that are switched off one at a time."""
    densities: Annotated[tuple[Density, ...], Field(strict=False), must("be a list of densities")] = ()
    """Of data that models are fed besides data as in training."""


class Imitation(Strict):
    """How well the hidden layer of the widest models can be read from that of narrower ones."""

    samples: Annotated[int, Bounds(1024, 65536)]
    """Samples to fit readouts, and as many to judge them."""


# Optimised directions have sums that are exact up to 512 of them; bounds are for 3 dimensions and more.
FEW, LEAST = 512, 3
Dimensions = Annotated[int, Bounds(LEAST, FEW)]


class Optimised(Strict):
    """So many directions in so many dimensions, with the largest cosine made as small as it gets."""

    dimensions: Dimensions
    """Of the space."""
    counts: Annotated[list[Annotated[int, Bounds(2, FEW)]], Field(min_length=1), AT_LEAST_ONE]
    """Numbers of directions."""
    starts: Annotated[int, Bounds(1, 100)]
    """Random starts, the best of which is kept."""
    steps: Annotated[int, Bounds(100, 100_000)]
    """Steps of descent."""


class Packings(Strict):
    """How many directions fit, random ones and others."""

    limits: Annotated[list[Annotated[float, Bounds(0.01, 0.9)]], Field(min_length=1), AT_LEAST_ONE]
    """Cosines to stay below."""
    dimensions: Annotated[list[Dimensions], Field(min_length=1), AT_LEAST_ONE]
    """Numbers of dimensions."""
    trials: Annotated[int, Bounds(1, 1000)]
    """Times that random directions are drawn until two are close."""
    pairs: Annotated[float, Bounds(1.0, 1e11)]
    """Pairs of random directions for one limit and number of dimensions, about; where one trial needs many,
    there are fewer trials, at least 3."""
    tries: Annotated[int, Bounds(1, 1_000_000)]
    """Random directions of which some are kept greedily."""
    greedy_up_to: Annotated[int, Bounds(0, FEW)]
    """Dimensions up to which that is done."""
    grown_up_to: Annotated[int, Bounds(0, 64)]
    """Dimensions up to which as many as possible are made to fit."""
    optimised: Annotated[Optimised, must("be a mapping with dimensions, counts, starts and steps")]
    """Given numbers of directions, with a largest cosine as small as it gets."""


class Measures(Strict):
    """What is measured of some experiments only, beside what is measured of all; nothing where it is null."""

    attack: Annotated[Annotated[float, ATTACK] | None, must(f"be null (not measured) or {ATTACK.words}")] = None
    """The loss under attack, of tied models that are linear on h: to each sample, the perturbation along a column of
    W^T W that harms it most is added. Its L2 norm, relative to the mean norm of a sample."""
    recovery: Annotated[
        Recovery | None, must("be null (not measured) or a mapping with active, samples, tolerance and matrices")
    ] = None
    """How many active features come back from h, by the model's own read-out and by solvers, of its W and of other
    projections."""
    explanations: Annotated[
        Explanations | None, must("be null (not measured) or a mapping with active, samples and tolerance")
    ] = None
    """Which sets of few features explain a hidden vector W x, of models that are linear on h."""
    rotations: Annotated[Rotations | None, must("be null (not measured) or a mapping with count and samples")] = None
    """What random rotations of the hidden space do to outputs, loss and the alignment of features with its axes."""
    ablations: Annotated[Ablations | None, must("be null (not measured) or a mapping with at least samples")] = None
    """Errors of each feature with parts of the trained model switched off."""
    imitation: Annotated[Imitation | None, must("be null (not measured) or a mapping with samples")] = None
    """How well the hidden layer of the widest models, which is rectified, can be read from that of narrower ones."""
    packings: Annotated[Packings | None, must("be null (not measured) or a mapping of packings")] = None
    """How many directions fit into so many dimensions: random ones, others moved apart, and those of trained models."""


def measures_faults(points: Mapping[str, list[Any]], keys: dict[str, Any], measures: dict[str, Any]) -> Iterator[Fault]:
    """What measures need of the experiment that they do not find: of its axes' points, its keys and their own."""
    models: list[Model] = points.get("model", [])
    yield from _module_faults(models, measures)
    yield from _attack_faults(models, measures)
    yield from _recovery_faults(points, keys)
    yield from _explanation_faults(points, keys, measures)
    yield from _ablation_faults(models, points, measures)
    yield from _imitation_faults(points, measures)
    yield from _packings_faults(keys, measures)


OF_FORMULAS = ("attack", "recovery", "explanations", "rotations", "imitation")  # of h = f(W x + c), y = g(V h + b)


def _module_faults(models: list[Model], measures: dict[str, Any]) -> Iterator[Fault]:
    """Of a module of somebody's own it is known what it makes of data, and nothing of h."""
    own = among([model.name for model in models if model.module])
    if not own:
        return
    for key in OF_FORMULAS:
        if measures.get(key) is not None:
            yield Fault(("measures", key), f"must be null for models that have a module ({own})")
    if measures.get("ablations") is not None and measures["ablations"].without:
        yield Fault(("measures", "ablations", "without"), f"must be empty for models that have a module ({own})")


def attackable(model: Model) -> bool:
    """Attacks point along columns of W^T W, which is what a model computes if it is tied and hides nothing."""
    return model.module is None and model.tied and model.hidden == "linear" and model.reproduces


def _attack_faults(models: list[Model], measures: dict[str, Any]) -> Iterator[Fault]:
    for model in models:
        if measures.get("attack") is None or model.module:
            continue
        if not attackable(model):
            allowed = (
                f"must be null for models that are not tied, linear on h and of target identity, unmixed ({model.name})"
            )
            yield Fault(("measures", "attack"), allowed)
        elif model.output not in ("linear", "relu"):
            allowed = f"must be null for models whose output is neither linear nor relu ({model.name})"
            yield Fault(("measures", "attack"), allowed)


def _recovery_faults(points: Mapping[str, list[Any]], keys: dict[str, Any]) -> Iterator[Fault]:
    """Decoders look for x >= 0 with W x = h, of models that differ in nothing but width and seed."""
    recovery = getattr(keys.get("measures"), "recovery", None)
    if recovery is None:
        return
    at = ("measures", "recovery")
    for key in ("model", "sparsity", "importance", "sets"):
        if len(points.get(key, [])) > 1:
            yield Fault(at, f"must be null where {key} is an axis")
    for model in points.get("model", []):
        if model.hidden != "linear" or model.hidden_bias or not model.reproduces:
            allowed = "must be null for models that are not linear on h, without a bias there and of target identity"
            yield Fault(at, f"{allowed}, unmixed ({model.name})")
    if keys.get("values", "unit") != "unit":
        yield Fault(at, "must be null where values are not unit: what is recovered is uniform on [0, 1]")
    n = keys.get("n_features")
    for place, active in enumerate(recovery.active):
        if n is not None and active > n:
            yield Fault((*at, "active", place), f"must be at most n_features = {n}", active)


def _explanation_faults(
    points: Mapping[str, list[Any]], keys: dict[str, Any], measures: dict[str, Any]
) -> Iterator[Fault]:
    """Explanations are of h = W x, with strengths from 0 to 1, by all sets of at most n_hidden features."""
    wanted, here = measures.get("explanations"), ("measures", "explanations")
    if wanted is None:
        return
    for model in points.get("model", []):
        if model.hidden != "linear" or model.hidden_bias or not model.reproduces:
            allowed = "must be null for models that are not linear on h and of target identity, unmixed"
            yield Fault(here, f"{allowed} ({model.name})")
    if keys.get("values", "unit") != "unit":
        yield Fault(here, "must be null where values are not unit: what is explained is uniform")
    n = keys.get("n_features")
    yield from _listed_twice(wanted.active, (*here, "active"))
    for number, active in enumerate(wanted.active):
        if n is not None and active > n:
            yield Fault((*here, "active", number), f"must be at most n_features = {n}", active)
    if n is not None and points.get("n_hidden"):
        sizes = range(1, min(n, max(points["n_hidden"])) + 1)
        if any(sets > MAX_SETS for sets in accumulate(comb(n, size) for size in sizes)):
            yield Fault(here, f"must be null where features make more than {MAX_SETS} sets of at most n_hidden of them")


def _ablation_faults(models: list[Model], points: Mapping[str, list[Any]], measures: dict[str, Any]) -> Iterator[Fault]:
    """One of the models at least must have what is switched off; the others have it off already."""
    ablations = measures.get("ablations")
    if ablations is None or not models:
        return
    if ablations.densities and any(parents(sets.kind) or RING in sets.kind for sets in points.get("sets", [])):
        at = ("measures", "ablations", "densities")
        yield Fault(at, "must be empty where features have parents or are on rings, which limit how dense they are")
    parts = {
        "relu": any(model.output == "relu" for model in models),
        "bias": any(model.output_bias for model in models),
    }
    for number, part in enumerate(ablations.without):
        if not parts[part]:
            location = ("measures", "ablations", "without", number)
            yield Fault(location, "must be something that a model of the experiment has on its output", part)
    for key in ("without", "densities"):
        yield from _listed_twice(getattr(ablations, key), ("measures", "ablations", key))


def _listed_twice(values: Sequence[Any], where: Location) -> Iterator[Fault]:
    seen = set()
    for number, value in enumerate(values):
        if value in seen:
            yield Fault((*where, number), "must be in the list once", value)
        seen.add(value)


def _imitation_faults(points: Mapping[str, list[Any]], measures: dict[str, Any]) -> Iterator[Fault]:
    """Neurons of the widest models are read from narrower ones: there must be neurons, and narrower models."""
    if measures.get("imitation") is None:
        return
    where = ("measures", "imitation")
    if len(points.get("n_hidden", [0, 1])) < 2:
        yield Fault(where, "must be null where n_hidden is not an axis")
    if linear := [model.name for model in points.get("model", []) if not model.module and model.hidden != "relu"]:
        yield Fault(where, f"must be null for models without a ReLU on the hidden layer ({among(linear)})")


def _packings_faults(keys: dict[str, Any], measures: dict[str, Any]) -> Iterator[Fault]:
    """Optimised directions have sums that are exact up to 512 of them; bounds are for 3 dimensions and more."""
    if measures.get("packings") is None:
        return
    if keys.get("n_features", 1) > FEW:
        allowed = f"must be null for more than {FEW} features, which are too many to compare with"
        yield Fault(("measures", "packings"), allowed)
    for where, m in placed(keys.get("n_hidden", [])):
        if m < LEAST:
            yield Fault(("n_hidden", *where), f"must be at least {LEAST} to have measures.packings", m)
