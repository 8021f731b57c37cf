"""How a fault in params.yaml is worded: one line with its key path, its value and what is allowed instead."""

import difflib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from pydantic import (
    BaseModel,
    ConfigDict,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    ValidationError,
    WrapValidator,
    field_validator,
    model_validator,
)
from pydantic_core import CoreSchema, PydanticCustomError

Location = tuple[str | int, ...]

NOTHING = object()  # stands for a value where there is none to show
MISSING = object()  # stands for the value of a key that was left out
FORM = re.compile(r"<\w+>")  # names a form of a value in pydantic's locations; it is no part of the file's key paths
WIDTH = 60  # characters of a key or a value that are shown
SHOWN = 20  # faults
NAMES = 40  # of a list that is part of a message
MUST = "must"  # key of a JSON schema under which stands what a value must be


# Keys that people look for, and what there is instead.
ABSENT = {
    "n_hidden_layers": "models have one hidden layer: n_hidden says how wide it is, hidden: relu makes it nonlinear; "
    "more layers are a model of your own, {name: ..., module: ...}",
    **{
        key: f"models have it: {{name: ..., {key}: ...}}"
        for key in (
            *("hidden", "output", "hidden_noise", "dropout", "hidden_l1", "loss_power", "target", "mixing", "tied"),
            *("training_attack", "negative_slope", "output_bias"),
        )
    },
    **dict.fromkeys(
        ("optimizer", "optimiser", "momentum", "sgd"),
        "it is AdamW; an eps far above all gradients, such as 100, makes it plain gradient descent of the rate "
        "learning_rate / eps and the momentum betas[0]; weight_decay goes by learning_rate alone, and is to be 0 or as "
        "much smaller",
    ),
}


class Written(str):
    """Text that is shown as it is: the name of the file, or a value that YAML does not take for what was meant."""

    def __repr__(self) -> str:
        return str(self)


@dataclass(frozen=True)
class Fault:
    """Something that params.yaml must not say: where, what is allowed there, and the value that stands there."""

    location: Location
    message: str
    value: Any = NOTHING
    known: tuple[str, ...] = ()  # keys that may have been meant

    @property
    def identity(self) -> tuple[Location, str, str]:
        """Faults that are the same for whoever reads them have the same one."""
        return self.location, self.message, "" if self.value is NOTHING else _shown(self.value)

    @property
    def path(self) -> str:
        """As it is printed: `experiments.intro.sparsity[1]`."""
        steps = [f"[{step}]" if isinstance(step, int) else "." + _plain(step) for step in self.location]
        return "".join(steps).removeprefix(".")

    def __str__(self) -> str:
        hint = ""
        if self.known and self.location[-1] in ABSENT:
            hint = f"; {ABSENT[str(self.location[-1])]}"
        elif self.known:  # looked for only now, as it takes long for many keys
            near = difflib.get_close_matches(str(self.location[-1])[:WIDTH], self.known, n=1)
            hint = f"; did you mean {near[0]}?" if near else f"; allowed: {', '.join(self.known)}"
        return f"{self.path}{'' if self.value is NOTHING else ' = ' + _shown(self.value)}: {self.message}{hint}"


class ParamsError(ValueError):
    """Everything that is wrong with a params.yaml, one line per fault; of many only the first, and how many more."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = list({fault.identity: fault for fault in faults}.values())
        lines = [str(fault) for fault in self.faults[:SHOWN]]
        if more := len(self.faults) - SHOWN:
            lines += [f"and {more} more"] if more > 0 else []
        super().__init__("\n".join(lines))


@dataclass(frozen=True)
class Stranger:
    """The value of a key that the mapping does not have, and the keys that it has."""

    value: Any
    known: tuple[str, ...]


class Strict(BaseModel):
    """A mapping of params.yaml: strict about keys and types, and frozen.

    The text under a field is its meaning, for the schema and the documentation.

    With a `context` (a dict) for validation, every valid field is noted there under its class, so that rules about
    several keys can be checked although another key is wrong.
    """

    model_config = ConfigDict(
        strict=True, frozen=True, extra="forbid", allow_inf_nan=False, use_attribute_docstrings=True
    )

    @model_validator(mode="before")
    @classmethod
    def mark(cls, data: Any) -> Any:
        """Gives missing and unknown keys values that tell the wording of the fault what it needs to know."""
        if not isinstance(data, dict):
            return data
        known = cls.model_fields
        missing = {key: MISSING for key, field in known.items() if field.is_required() and key not in data}
        unknown = {str(key): Stranger(value, tuple(known)) for key, value in data.items() if key not in known}
        return {key: value for key, value in data.items() if key in known} | missing | unknown

    @field_validator("*")
    @classmethod
    def note(cls, value: Any, info: Any) -> Any:  # a ValidationInfo: a protocol, which the tests' beartype cannot check
        if info.context is not None:
            info.context.setdefault(cls, {})[info.field_name] = value
        return value


@dataclass(frozen=True)
class must:  # noqa: N801 (it reads as a word: Annotated[int, must("be a whole number")])
    """Words whatever is wrong with a value as "must ...", unless something inside it is wrong and says so itself."""

    allowed: str

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return WrapValidator(self.judge).__get_pydantic_core_schema__(source, handler)

    def __get_pydantic_json_schema__(self, checked: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {**handler(checked), MUST: self.allowed}

    def judge(self, value: Any, check: Callable[[Any], Any]) -> Any:
        try:
            return check(value)
        except ValidationError as error:
            lines = error.errors(include_url=False)
            # What is missing inside is the end of a list that is too short: that is the list's fault.
            if any(line["loc"] and line["type"] != "missing" for line in lines):
                raise
            hint = ""
            if _is_number_as_text(value, lines):
                hint = " (this is text: write a number, without quotes)"
            elif lines[0]["type"] == "int_type" and isinstance(value, float) and value.is_integer():
                hint = f" (this is a number with a point or an exponent: write {int(value)})"
            elif lines[0]["type"] == "string_type" and isinstance(value, int | float):
                hint = " (this is no text: write it in quotes)"
            raise PydanticCustomError("must", "{sentence}", {"sentence": f"must {self.allowed}{hint}"}) from None


def faults_of(error: ValidationError) -> list[Fault]:
    """Pydantic's findings as faults, located relative to the value that was validated."""
    faults = []
    for line in error.errors(include_url=False):
        where = tuple(step for step in line["loc"] if not FORM.fullmatch(str(step)))
        value, message = line["input"], line["msg"]
        if isinstance(value, Stranger):
            faults.append(Fault(where, "is an unknown key", value.value, value.known))
            continue
        if value is MISSING:
            value, message = NOTHING, f"is missing; {message}"
        elif where[-1:] == ("[key]",):  # it is the key that is wrong, not its value
            where, value = where[:-1], NOTHING
        faults.append(Fault(where, message, value))
    return faults


def _is_number_as_text(value: Any, lines: Sequence[Any]) -> bool:
    """Whether a number was expected and `value` is text that reads as one, like '1e-3'."""
    return lines[0]["type"] in ("float_type", "int_type") and reads_as_number(value)


def reads_as_number(value: Any) -> bool:
    if not isinstance(value, str):
        return False
    try:
        float(value)
    except ValueError:
        return False
    return True


def among(names: Sequence[str]) -> str:
    """A list of names, of many only the first and how many more."""
    more = f" and {len(names) - NAMES} more" if len(names) > NAMES else ""
    return ", ".join(name if len(name) <= WIDTH else name[: WIDTH - 4] + " ..." for name in names[:NAMES]) + more


def _plain(step: str) -> str:
    if isinstance(step, Written):
        return step
    shown = step if len(step) <= WIDTH else step[: WIDTH - 4]
    return (shown if re.fullmatch(r"[\w./-]+", shown) else repr(shown)) + ("" if shown is step else " ...")


def _shown(value: Any) -> str:
    words = {None: "null", True: "true", False: "false"}
    text = words[value] if value is None or isinstance(value, bool) else repr(_beginning(value))
    return text if len(text) <= WIDTH else text[: WIDTH - 4] + " ..."


def _beginning(value: Any) -> Any:
    """As much of a value as may be shown."""
    if isinstance(value, str):
        return type(value)(value[: WIDTH + 1])
    if isinstance(value, list | tuple):
        return type(value)(map(_beginning, value[:WIDTH]))
    if isinstance(value, dict):
        return {_beginning(key): _beginning(inner) for key, inner in islice(value.items(), WIDTH)}
    return value
