"""Whatever params.yaml says, it is accepted or refused by its keys: documents drawn from the schema, or broken."""

import io
import json
from collections import Counter
from copy import deepcopy
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import annotated_types as limits
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import AfterValidator, BaseModel
from pydantic.fields import FieldInfo
from ruamel.yaml import YAML

from superposition.params import PRESETS, ParamsError, read_checked
from superposition.params.document import as_json, parse
from superposition.params.experiments import resolve
from superposition.params.faults import SHOWN
from superposition.params.measures import Measures
from superposition.params.models import Model
from superposition.params.schema import Block, Defaults, File, Initial, Training
from tests.documents import DOCUMENT

READABLE = st.characters(codec="utf-8", categories=("L", "M", "N", "P", "S", "Zs"))


def drawn(kind: Any, metadata: Any = ()) -> st.SearchStrategy[Any]:
    """Values that the schema allows for a type with these limits, by themselves; mostly small ones."""
    said = [inner for one in metadata for inner in (one.metadata if isinstance(one, FieldInfo) else []) + [one]]
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is Annotated:
        return drawn(arguments[0], [*said, *arguments[1:]])
    if origin in (Union, UnionType):
        return st.one_of([drawn(argument) for argument in arguments])
    if origin is Literal:
        return st.sampled_from(arguments)
    least = next((one.min_length for one in said if isinstance(one, limits.MinLen)), 0)
    if origin is list or (origin is tuple and arguments[-1] is Ellipsis):
        return st.lists(drawn(arguments[0]), min_size=least, max_size=3)
    if origin is tuple:
        return st.tuples(*map(drawn, arguments)).map(list)
    if origin is dict:
        return st.just({})
    if kind is NoneType:
        return st.none()
    if kind is bool:
        return st.booleans()
    if kind is str:
        return text(said)
    if kind in (int, float):
        listed = [one.json_schema_extra["enum"] for one in said if getattr(one, "json_schema_extra", None)]
        return st.sampled_from(listed[0]) if listed else number(kind, said)
    assert issubclass(kind, BaseModel), kind
    return mapping(kind)


def text(said: list[Any]) -> st.SearchStrategy[str]:
    if any(isinstance(one, AfterValidator) for one in said):
        return st.sampled_from(sorted(PRESETS))
    most = next(one.max_length for one in said if isinstance(one, limits.MaxLen))
    pattern = next(one.pattern for one in said if hasattr(one, "pattern"))
    return st.from_regex(pattern, alphabet=READABLE | st.just("\n")).map(lambda found: found[:most])


def number(kind: type, said: list[Any]) -> st.SearchStrategy[Any]:
    lows = [getattr(one, "ge", getattr(one, "gt", None)) for one in said if isinstance(one, limits.Ge | limits.Gt)]
    highs = [getattr(one, "le", getattr(one, "lt", None)) for one in said if isinstance(one, limits.Le | limits.Lt)]
    low, high = (lows or [0])[0], (highs or [1e9])[0]
    if kind is int:
        return st.integers(low, min(high, low + 8)) | st.integers(low, int(high))
    return st.floats(low, high) | st.sampled_from([low, high]) | st.integers(int(low) + 1, max(int(high), int(low) + 1))


def mapping(model: type[BaseModel]) -> st.SearchStrategy[dict[str, Any]]:
    fields = {key: drawn(field.annotation, field.metadata) for key, field in model.model_fields.items()}
    required = {key: fields.pop(key) for key, field in model.model_fields.items() if field.is_required()}
    return st.fixed_dictionaries(required, optional=fields)


SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(["1e-3", "no", "0x1"])
ANYTHING = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
INTRO = ("experiments", "intro")
MAPPINGS: dict[tuple[str, ...], type[BaseModel]] = {
    (): File,
    ("defaults",): Defaults,
    ("defaults", "initial"): Initial,
    ("defaults", "training"): Training,
    INTRO: Block,
    (*INTRO, "model"): Model,
    (*INTRO, "initial"): Initial,
    (*INTRO, "training"): Training,
    (*INTRO, "measures"): Measures,
    (*INTRO, "full_scale"): Block,
}
VALUES = {
    (model, key): drawn(field.annotation, field.metadata)
    for model in set(MAPPINGS.values())
    for key, field in model.model_fields.items()
    if model is not File or key in ("seed", "scale")
}
PIECES = [
    "*a",
    "&a ",
    "- ",
    ": ",
    "\t",
    "!!int ",
    "<<: ",
    "? ",
    "|",
    ">",
    "\r\n",
    "\ufeff",
    "%",
    "---\n",
    "'",
    '"',
    "{",
    "]",
]


@st.composite
def documents(draw: st.DrawFn, valid: dict[str, Any] = DOCUMENT) -> dict[str, Any]:
    """A valid document, of which some values are others, allowed by themselves or not, or missing."""
    document = deepcopy(valid)
    for _ in range(draw(st.integers(0, 3))):
        place = draw(st.sampled_from(list(MAPPINGS)))
        changed: Any = document
        for step in place:
            if not isinstance(changed.get(step), dict):
                changed[step] = {"name": "mine"} if step == "model" else {}
            changed = changed[step]
        key = draw(st.sampled_from(list(MAPPINGS[place].model_fields)) | st.text(max_size=8))
        change = draw(st.sampled_from([*["allowed"] * 6, "anything", "missing"]))
        if change == "missing":
            changed.pop(key, None)
        else:
            allowed = VALUES.get((MAPPINGS[place], key), ANYTHING)
            changed[key] = draw(allowed if change == "allowed" else ANYTHING)
    return document


@st.composite
def files(draw: st.DrawFn) -> bytes:
    """A document as a file, in one of several forms, into which something may have slipped."""
    document = draw(documents())
    if draw(st.booleans()):
        written = json.dumps(document, ensure_ascii=draw(st.booleans()))
    else:
        stream = io.StringIO()
        yaml = YAML(typ="safe")
        yaml.default_flow_style = draw(st.booleans())
        yaml.allow_unicode = draw(st.booleans())
        yaml.dump(document, stream)
        written = stream.getvalue()
    if draw(st.integers(0, 3)) == 0:
        start = draw(st.integers(0, len(written)))
        slip = draw(st.sampled_from(PIECES) | st.text(max_size=3))
        written = written[:start] + slip + written[start + draw(st.integers(0, 3)) :]
    return written.encode("utf-8", "surrogatepass")


def refusal(file: Path) -> ParamsError | None:
    try:
        resolve(parse(file))
    except ParamsError as error:
        return error
    return None


def is_accepted(content: bytes, directory: Path) -> bool:
    """Whether a file is accepted; asserts that what is refused is refused by its keys, and the rest read alike."""
    file, stored = directory / "params.yaml", directory / "params.json"
    file.write_bytes(content)
    if error := refusal(file):
        lines = str(error).split("\n")
        assert error.faults
        assert all(fault.path and fault.message for fault in error.faults)
        assert all(line.isprintable() and len(line) < 3000 for line in lines)
        assert len(lines) == len(set(lines)) == min(len(error.faults), SHOWN + 1)
        return False
    document = parse(file)
    stored.write_text(as_json(document), encoding="utf-8")
    assert read_checked(stored) == resolve(document)
    assert YAML(typ="safe").load(file.read_text(encoding="utf-8")) == document  # as DVC reads it
    return True


@pytest.mark.parametrize("number", [300, pytest.param(3000, marks=pytest.mark.long)])
def test_any_file_is_accepted_or_refused_by_its_keys(tmp_path: Path, number: int) -> None:
    outcomes: Counter[bool] = Counter()

    @settings(max_examples=number, deadline=None, suppress_health_check=list(HealthCheck))
    @given(files())
    def attempt(content: bytes) -> None:
        outcomes[is_accepted(content, tmp_path)] += 1

    attempt()
    assert len(outcomes) == 2
