"""Every place of an experiment where a value may stand, found in the schema, and the ends of what may stand there."""

import math
from collections.abc import Callable, Iterator
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, NamedTuple, Union, get_args, get_origin

import annotated_types as limits
from pydantic import AfterValidator, BaseModel
from pydantic.fields import FieldInfo

from superposition.params import PRESETS, axes, models, sets, values
from superposition.params import measures as of_measures
from superposition.params.schema import Block, DecayOfEach

ANY = 1e308  # beside 5e-324: floats that are bounded on one side only
# What a mapping needs beside one key of its own, of experiments with three features.
BESIDE: dict[type[BaseModel], dict[str, Any]] = {
    axes.SparsityRange: {"start": 0.0, "stop": 0.5, "num": 2},
    axes.ImportanceRange: {"start": 0.5, "stop": 1.0, "num": 2},
    axes.SeedRange: {"start": 2, "stop": 4, "num": 3},
    axes.LastSparsity: {"last": 0.5, "others": 0.9},
    axes.LastSparsityRange: {"last": 0.5, "others": 0.9},
    axes.PowerSpread: {"exponent": 1.0, "total": 1.0},
    sets.CorrelatedGroup: {"correlated": 2},
    sets.AnticorrelatedGroup: {"anticorrelated": 2},
    sets.Exactly: {"exactly": 1},
    sets.ExactlyGroup: {"exactly": 1, "of": 2},
    sets.Ring: {"ring": 2, "width": 0.5},
    sets.RingGroup: {"ring": 2, "width": 0.5},
    sets.HasParents: {"parents": [None, 0, 1], "active": 0.5, "inactive": 0.1},
    values.PowerExponent: {"exponent": 2.0, "least": 0.1},
    DecayOfEach: {"weights": 0.1, "biases": 0.1},
    models.Embedding: {"embedding": 2},
    models.Model: {"name": "own"},
    of_measures.Recovery: {"active": [1], "samples": 1, "tolerance": 0.1, "matrices": 1},
    of_measures.Explanations: {"active": [1], "samples": 1, "tolerance": 0.1},
    of_measures.Rotations: {"count": 19, "samples": 1},
    of_measures.Ablations: {"samples": 1},
    of_measures.Packings: {
        "limits": [0.5], "dimensions": [3], "trials": 1, "pairs": 10.0, "tries": 1, "greedy_up_to": 1,
        "grown_up_to": 1, "optimised": {"dimensions": 3, "counts": [2], "starts": 1, "steps": 100},
    },
    of_measures.Optimised: {"dimensions": 3, "counts": [2], "starts": 1, "steps": 100},
}  # fmt: skip
# Lists of features with a value among others; in lists elsewhere it is alone.
AMONG: dict[str, Callable[[Any], list[Any]]] = {
    "per_feature": lambda value: [0.5, value, 0.9],
    "listed": lambda value: [1.0, value, 0.5],
    "parents": lambda value: [None, 0, value],
    "active": lambda value: [value, 0.5],
    "inactive": lambda value: [0.5, value],
    "groups": lambda value: [value, {"independent": 1}, {"correlated": 2}],
    "betas": lambda value: [value, value],
}


Put = Callable[[Any], dict[str, Any]]  # makes of a value the keys of a block that hold it


class Place(NamedTuple):
    """Where it is, what may stand there by itself, and what makes keys of an experiment of a value for it."""

    path: str
    kind: Any  # int, float, bool, str, NoneType, or the words that may stand here
    said: list[Any]  # the limits
    put: Put

    @property
    def is_number(self) -> bool:
        return self.kind in (int, float)

    def ends(self) -> list[Any]:
        """The words that may stand here; of numbers the least and the most and what is just beyond, or all of a few."""
        if isinstance(self.kind, tuple):
            return list(self.kind)
        if self.kind is str:
            return ["x"]
        if not self.is_number:
            return [None] if self.kind is NoneType else [False, True]
        if listed := [one.json_schema_extra["enum"] for one in self.said if getattr(one, "json_schema_extra", None)]:
            return listed[0]
        low, high = self.bound("ge"), self.bound("le")
        above, below = self.bound("gt"), self.bound("lt")
        if self.kind is int:
            least = low if low is not None else (above or 0) + 1
            most = high if high is not None else below - 1 if below is not None else 2**53
            return [least - 1, least, most, most + 1]
        least = low if low is not None else math.nextafter(above or 0.0, math.inf)
        most = high if high is not None else math.nextafter(below, -math.inf) if below is not None else ANY
        beyond = [] if most == ANY else [math.nextafter(most, math.inf)]
        return [math.nextafter(least, -math.inf), least, most, *beyond]

    def bound(self, name: str) -> Any:
        return next((getattr(one, name) for one in self.said if getattr(one, name, None) is not None), None)


def places() -> Iterator[Place]:
    for key, field in Block.model_fields.items():
        if key != "full_scale":  # which has the same keys
            yield from _places(field.annotation, [field], key, _at(key))


def _places(kind: Any, metadata: Any, path: str, put: Put) -> Iterator[Place]:
    said = list(_plain(metadata))
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is Annotated:
        yield from _places(arguments[0], [*said, *arguments[1:]], path, put)
    elif origin in (Union, UnionType):
        for one in arguments:
            yield from _places(one, [], path, put)
    elif origin in (list, tuple):
        around = AMONG.get("" if path.startswith("measures") else path.rpartition(".")[2], lambda value: [value])
        yield from _places(arguments[0], [], f"{path}[]", lambda value: put(around(value)))
    elif origin is Literal:
        yield Place(path, arguments, said, put)
    elif isinstance(kind, type) and issubclass(kind, BaseModel):
        for key, field in kind.model_fields.items():
            yield from _places(field.annotation, [field], f"{path}.{key}", _at(key, BESIDE.get(kind, {}), put))
    elif kind is str and any(isinstance(one, AfterValidator) for one in said):
        yield Place(path, tuple(PRESETS), said, put)
    else:
        yield Place(path, kind, said, put)


def _at(key: str, beside: dict[str, Any] | None = None, put: Put = dict) -> Put:
    """Puts a value at a key of a mapping, beside what that needs, and the mapping where `put` does."""
    return lambda value: put((beside or {}) | {key: value})


def _plain(metadata: Any) -> Iterator[Any]:
    """Limits one by one, of fields and of groups of them."""
    for one in metadata:
        if isinstance(one, FieldInfo):
            yield one
            yield from _plain(one.metadata)
        elif isinstance(one, limits.GroupedMetadata):
            yield from _plain(list(one))
        else:
            yield one
