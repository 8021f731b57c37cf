"""Values of an experiment as people write them: sparsity=[0,0.5,0.95] sparsity[0]=0.2 training.steps=1e3

What `make vary` is given, and what it makes of params.yaml. Values are YAML's, and stand for all that was under their
key. Unlike those of `dvc exp run -S` they may be elements of lists, need no + for a key that a block does not have yet,
and nothing is written anywhere until all of them are known to be valid.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from superposition.params import ParamsError
from superposition.params.document import value_in

MOST = 10_000  # characters of a text with settings
KEY = r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*|\[-?\d+\])*"
NEXT = re.compile(rf"(?:^|[\s;]+)(?=[~+]*{KEY}\s*=)")
QUOTED = re.compile(r"""(?<=[=\[{,:\s])(?:"(?:[^"\\]|\\.)*"|'(?:[^']|'')*')""")
ONE = re.compile(rf"(?P<key>{KEY})\s*=\s*(?P<value>.*)", re.DOTALL)
WHOLE = re.compile(r"[-+]?\d+(?:\.\d*)?[eE]\+?\d+")  # 1e3: a float for YAML, and a number of steps for people
EXAMPLE = 'SET="sparsity=[0,0.5,0.95] training.steps=2000"'


class Unclear(Exception):
    """Settings that cannot be meant; the message says what to write instead."""


@dataclass(frozen=True)
class Setting:
    """One of them: steps are the keys, and numbers of elements, that lead to its place in an experiment's block."""

    key: str  # as it was written
    steps: tuple[str | int, ...]
    value: Any

    def __str__(self) -> str:
        return f"{self.key}={shown(self.value)}"


def settings(text: str, experiment: str) -> list[Setting]:
    """The settings in a text, parted by space or semicolons."""
    if len(text) > MOST:
        raise Unclear(f"SET has {len(text)} characters; allowed: at most {MOST}")
    parts = [part for part in _parted(text.strip()) if part.strip()]
    if not parts:
        raise Unclear(f"SET is empty; write what is to be other, as {EXAMPLE}")
    found = [_setting(part.strip(), experiment) for part in parts]
    for number, one in enumerate(found):
        for other in found[:number]:
            depth = min(len(one.steps), len(other.steps))
            if one.steps[:depth] == other.steps[:depth]:
                raise Unclear(f"{other} and {one}: both say what {_path(one.steps[:depth])} is; write one of them")
    return found


def _parted(text: str) -> list[str]:
    """At what begins a setting, but not inside of quotes."""
    quoted = [found.span() for found in QUOTED.finditer(text)]
    ends = [found.span() for found in NEXT.finditer(text)]
    ends = [(start, end) for start, end in ends if not any(first < start < last for first, last in quoted)]
    starts = [0, *(end for _, end in ends)]
    return [text[start:end] for start, end in zip(starts, [*(start for start, _ in ends), len(text)], strict=True)]


def _setting(text: str, experiment: str) -> Setting:
    if text[0] in "+~":
        raise Unclear(f"{text}: + and ~ are DVC's; here key=value adds or replaces: {text.lstrip('+~')}")
    if not (found := ONE.fullmatch(text)):
        raise Unclear(f"{text}: must be key=value, as in {EXAMPLE}")
    key, written = found["key"].removeprefix(f"experiments.{experiment}."), found["value"].strip().rstrip(";")
    if key.split(".")[0] in ("experiments", "defaults", "seed", "scale"):
        raise Unclear(
            f"{key}: keys are those of the block of {experiment}, as {EXAMPLE}; what concerns other experiments is "
            "changed in params.yaml, and computed by make repro"
        )
    if not written:
        raise Unclear(f"{key}= has no value; write one, or null for none")
    try:
        value = _whole(value_in(written, key), value_in(WHOLE.sub(_as_whole, written), key))
    except ParamsError as error:
        raise Unclear(f"{error.faults[0]}; lists are [1, 2], mappings {{key: value}}, text 'in quotes'") from None
    steps = tuple(int(step) if step.lstrip("-").isdigit() else step for step in re.findall(r"\w+|-\d+", key))
    return Setting(key, steps, value)


def _whole(as_written: Any, as_whole: Any) -> Any:
    """Whole numbers where there is a number with an exponent; texts as they were written."""
    if isinstance(as_written, Mapping) and isinstance(as_whole, Mapping) and as_written.keys() == as_whole.keys():
        return {key: _whole(value, as_whole[key]) for key, value in as_written.items()}
    if isinstance(as_written, list) and isinstance(as_whole, list):
        return [_whole(*both) for both in zip(as_written, as_whole, strict=True)]
    return as_whole if isinstance(as_written, float) else as_written


def _as_whole(number: re.Match[str]) -> str:
    """1e3 as 1000, where that is what it is: YAML's number with an exponent is no whole one."""
    before, after = number.string[: number.start()], number.string[number.end() :]
    alone = (not before or before[-1] in " [{,:") and (not after or after[0] in " ]},")
    value = float(number[0])
    return str(int(value)) if alone and value.is_integer() and abs(value) < 2**53 else number[0]


def _plain(value: Any) -> Any:
    """Of YAML 1.2's mappings and lists those of Python."""
    if isinstance(value, Mapping):
        return {key: _plain(inner) for key, inner in value.items()}
    return [_plain(inner) for inner in value] if isinstance(value, list) else value


def apply(setting: Setting, block: dict[str, Any], defaults: Mapping[str, Any]) -> Any:
    """Put a value in its place in an experiment's block; what was there, or what the defaults have for it.

    An element is one of the list that the experiment has or inherits, and then the block gets a list of its own.
    """
    here: Any = block
    inherited: Any = defaults
    steps = setting.steps
    for depth, step in enumerate(steps[:-1]):
        known = _under(inherited, step)
        if isinstance(steps[depth + 1], int):  # a list has no part of its own: all of it stands in the block
            if step not in here and known is not None:
                here[step] = _plain(known)
        elif isinstance(step, str) and step not in here:
            if known is not None and not isinstance(known, Mapping):
                raise Unclear(_no_key(setting, depth + 1, known))
            here[step] = {}
        _check(setting, depth, here)
        here, inherited = here[step], known
    _check(setting, len(steps) - 1, here)
    last = steps[-1]
    before = here[last] if isinstance(last, int) or last in here else _under(inherited, last)
    here[last] = setting.value
    return before


def _under(inherited: Any, step: str | int) -> Any:
    return inherited.get(step) if isinstance(inherited, Mapping) else None


def _check(setting: Setting, depth: int, here: Any) -> None:
    """Whether there is what a step leads to."""
    step, steps = setting.steps[depth], setting.steps
    place = _path(steps[:depth])
    if isinstance(step, int):
        if not isinstance(here, list):
            raise Unclear(f"{setting.key}: {place} is {shown(here)}, which has no elements; write {place}=[...]")
        if not -len(here) <= step < len(here):
            raise Unclear(
                f"{setting.key}: {place} has {len(here)} elements, {place}[0] to {place}[{len(here) - 1}]; a longer "
                f"list is written as a whole: {place}={shown([*here, setting.value])}"
            )
    elif isinstance(here, list):
        element = f"{place}[0].{step}=..., or " if any(isinstance(one, Mapping) for one in here) else ""
        raise Unclear(f"{setting.key}: {place} is a list; write {element}all of it, {place}=[...]")
    elif not isinstance(here, Mapping):
        raise Unclear(_no_key(setting, depth, here))
    elif depth + 1 < len(steps) and step not in here:
        raise Unclear(f"{setting.key}: {_path(steps[: depth + 1])} is not there, so that it has no elements")


def _no_key(setting: Setting, depth: int, value: Any) -> str:
    place, key = _path(setting.steps[:depth]), setting.steps[depth]
    instead = f"{place}={{{key}: {shown(setting.value)}}}"
    return f"{setting.key}: {place} is {shown(value)}, which has no keys; write {instead}"


def _path(steps: tuple[str | int, ...]) -> str:
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps).removeprefix(".")


def shown(value: Any) -> str:
    """A value as it may be written, in one line."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}: {shown(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(shown, value)) + "]"
    words = {None: "null", True: "true", False: "false"}
    return words[value] if value is None or isinstance(value, bool) else str(value)
