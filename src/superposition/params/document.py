"""params.yaml as a document: what may stand in the file, before anyone asks what it means.

The file is read once, from front to back, and never further than the bounds below, so that none takes long to refuse,
whatever it nests or repeats. What is accepted is what DVC reads (YAML 1.2), and comes back the same from JSON, which is
how later stages get it.
"""

import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

from ruamel.yaml import YAML, YAMLError
from ruamel.yaml.error import MarkedYAMLError
from ruamel.yaml.events import (
    AliasEvent,
    CollectionEndEvent,
    CollectionStartEvent,
    DocumentStartEvent,
    MappingStartEvent,
    NodeEvent,
)
from ruamel.yaml.nodes import ScalarNode

from superposition.params.faults import NOTHING, Fault, Location, ParamsError, Written
from superposition.params.scalars import IN_FILE, MERGE, STRANGE, strange, value_of, wrong_key

# The paper's experiments take 105 kB, mostly comments, for 2300 keys and values, nested 7 deep. A file at these bounds
# is read in about a second.
MAX_BYTES = 600_000
MAX_VALUES = 10_000  # keys and values; *name counts as all that it stands for
MAX_DEPTH = 20
STAND_IN = "\ufffd"  # for what the parser would stop at


def parse(path: Path) -> dict[str, Any]:
    """The mapping in a YAML file; raises ParamsError if it holds none, or what it must not hold."""
    name = Written(path)
    try:
        with path.open("rb") as file:
            read = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise ParamsError([Fault((name,), f"cannot be read: {error.strerror}")]) from None
    if len(read) > MAX_BYTES:
        raise ParamsError([Fault((name,), f"has more than {MAX_BYTES} bytes; allowed: at most that many")])
    try:
        text = read.decode("utf-8-sig")  # the mark that some editors set at the beginning says no more than that
    except UnicodeDecodeError as error:
        line = read.count(b"\n", 0, error.start) + 1
        bad = f"is not UTF-8: byte 0x{read[error.start]:02x} in line {line}; must be saved as UTF-8"
        raise ParamsError([Fault((name,), bad)]) from None
    return _Reader(name, text.replace("\r\n", "\n").replace("\r", "\n")).document()


def value_in(text: str, name: str) -> Any:
    """What would stand in such a file after a key of that name, and comes from elsewhere."""
    return _Reader(Written(name), text, place=(Written(name),)).read()


def as_json(document: dict[str, Any]) -> str:
    """A document as later stages get it."""
    return json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


@dataclass
class _Open:
    """A list or mapping whose end has not been read yet."""

    location: Location
    value: Any
    anchor: str | None
    size: int = 1  # with the keys and values inside
    key: str | None = None  # in a mapping: the one whose value comes next
    lines: dict[str, int] = field(default_factory=dict)  # where the keys stand
    merged: list[dict[str, Any]] = field(default_factory=list)


class _Reader:
    """Builds a document from the parser's events, on a stack of its own: depth is no recursion."""

    def __init__(self, file: str, text: str, place: Location = ()) -> None:
        self.file, self.text, self.place = file, text, place
        self.yaml = YAML(typ="safe", pure=True)
        self.root: Any = NOTHING
        self.size = 0
        self.open: list[_Open] = []
        self.anchors: dict[str, tuple[Any, int] | None] = {}  # None for what has not ended
        self.faults: list[Fault] = []
        self.strange = [match.start() for match in IN_FILE.finditer(text)][::-1]  # not yet read, the first one last
        self.outside: int | None = None  # the first strange character that is in no key or value

    def document(self) -> dict[str, Any]:
        root = self.read()
        if not isinstance(root, dict):
            what = "is empty" if root is None else f"holds a {type(root).__name__}"
            self.stop(f"{what}; must be a mapping with seed, defaults and experiments")
        return root

    def read(self) -> Any:
        try:
            # Stand-ins let the parser go on to the key that has a strange character.
            for event in self.yaml.parse(IN_FILE.sub(STAND_IN, self.text)):
                self.take(event)
        except YAMLError as error:
            self.faults.append(Fault((self.file,), self.no_yaml(error)))
        self.skip(len(self.text))
        if self.outside is not None:
            line = self.text.count("\n", 0, self.outside) + 1
            self.fault(strange(self.text[self.outside], f" in line {line}"), at=(self.file,))
        if self.faults:
            raise ParamsError(self.faults)
        return None if self.root is NOTHING else self.root

    def fault(self, message: str, value: Any = NOTHING, at: Location | None = None) -> None:
        self.faults.append(Fault((self.here() if at is None else at) or (self.file,), message, value))

    def stop(self, message: str, value: Any = NOTHING) -> NoReturn:
        """Reads no further, as the rest is too much or cannot be told."""
        self.fault(message, value)
        raise ParamsError(self.faults)

    def here(self) -> Location:
        """Where a value belongs that comes next."""
        if not self.open:
            return self.place
        around = self.open[-1]
        step = len(around.value) if isinstance(around.value, list) else around.key
        return around.location if step is None else (*around.location, step)

    def no_yaml(self, error: YAMLError) -> str:
        place, said = "", str(error)
        if isinstance(error, MarkedYAMLError) and error.problem_mark is not None:
            place = f" in line {error.problem_mark.line + 1}, column {error.problem_mark.column + 1}"
            said = f"{error.context}, {error.problem}" if error.context else str(error.problem)
        inside = Fault(self.here(), "").path
        return f"is not valid YAML{place}{inside and ' (' + inside + ')'}: {' '.join(said.split())}"

    def take(self, event: Any) -> None:
        if isinstance(event, DocumentStartEvent):
            if event.version or event.tags:
                self.stop("has a directive (a line that begins with %); must be YAML 1.2 without any")
            if self.root is not NOTHING:
                self.stop("has several documents, parted by ---; must be one")
        elif isinstance(event, CollectionEndEvent):
            self.end(self.open.pop())
        elif isinstance(event, CollectionStartEvent):
            self.begin(event)
        elif isinstance(event, NodeEvent) and self.open and self.open[-1].key is None and not self.in_list():
            self.key(event)
        elif isinstance(event, AliasEvent):
            value, size = self.named(event.anchor)
            self.count(size)
            self.put(value, size)
        elif isinstance(event, NodeEvent):
            self.count(1)
            value = self.scalar(event)
            if event.anchor:
                self.anchors[event.anchor] = value, 1
            self.put(value, 1)

    def in_list(self) -> bool:
        return isinstance(self.open[-1].value, list)

    def count(self, size: int) -> None:
        self.size += size
        if self.size > MAX_VALUES:
            self.stop(
                f"is beyond the {MAX_VALUES} keys and values that a file may hold (*name counts as all its values)"
            )

    def begin(self, event: Any) -> None:
        self.no_tag(event)
        if self.open and self.open[-1].key is None and not self.in_list():
            self.stop(f"has a list or mapping as a key, in line {event.start_mark.line + 1}; must be text")
        if len(self.open) == MAX_DEPTH:
            self.stop(f"is nested too deep; allowed: at most {MAX_DEPTH} lists and mappings, one in another")
        self.count(1)
        if event.anchor:
            self.anchors[event.anchor] = None
        self.open.append(_Open(self.here(), {} if isinstance(event, MappingStartEvent) else [], event.anchor))

    def end(self, ended: _Open) -> None:
        value = ended.value
        if ended.merged:  # a key of its own wins, then one of the first that is merged
            value = {key: value for mapping in reversed(ended.merged) for key, value in mapping.items()} | value
        if ended.anchor:
            self.anchors[ended.anchor] = value, ended.size
        self.put(value, ended.size)

    def put(self, value: Any, size: int) -> None:
        if not self.open:
            self.root = value
            return
        around = self.open[-1]
        around.size += size
        if isinstance(around.value, list):
            around.value.append(value)
            return
        if around.key == MERGE:
            merged = value if isinstance(value, list) else [value]
            if not all(isinstance(mapping, dict) for mapping in merged):
                self.fault("must be a mapping, or a list of mappings, to merge", value)
            else:
                around.merged += merged
        else:
            around.value[around.key] = value
        around.key = None

    def named(self, anchor: str) -> tuple[Any, int]:
        if anchor not in self.anchors:
            self.stop("must stand for something that is marked before, with &", f"*{anchor}")
        found = self.anchors[anchor]
        if found is None:
            self.stop("must not stand for something that it is a part of", f"*{anchor}")
        return found

    def key(self, event: Any) -> None:
        around, line = self.open[-1], event.start_mark.line + 1
        if isinstance(event, AliasEvent):
            self.stop(f"has an alias as a key, in line {line}; must be text", f"*{event.anchor}")
        self.count(1)
        around.size += 1
        key, kind = self.text_of(event), self.kind(event)
        at = (*around.location, key)
        if wrong := wrong_key(key, kind):
            self.fault(wrong, at=at)
        if key in around.lines:
            self.fault(f"must be there once; it is in line {around.lines[key]} and in line {line}", at=at)
        around.lines[key] = line
        around.key = key
        if event.anchor:
            self.anchors[event.anchor] = key, 1

    def scalar(self, event: Any) -> Any:
        text, kind = self.text_of(event), self.kind(event)
        value, wrong = value_of(text, kind)
        if wrong:
            self.fault(wrong, text if kind == "str" else Written(text))
        return value

    def kind(self, event: Any) -> str:
        """What YAML takes a scalar for: str, int, float, bool, null, timestamp, merge or value."""
        self.no_tag(event)
        if not event.implicit[0]:
            return "str"  # in quotes, or a block of text
        tag = str(self.yaml.resolver.resolve(ScalarNode, event.value, event.implicit))
        return tag.rpartition(":")[2]

    def no_tag(self, event: Any) -> None:
        if event.ctag is not None:
            self.stop(f"has a tag, in line {event.start_mark.line + 1}; must be without any", _tag(event))

    def text_of(self, event: Any) -> str:
        """A scalar's text, with the characters in place that had stand-ins."""
        start, end = event.start_mark.index, event.end_mark.index
        self.skip(start)
        if not (self.strange and self.strange[-1] < end):
            return event.value
        while self.strange and self.strange[-1] < end:
            self.strange.pop()
        replaced = iter(re.findall(f"[{STRANGE}{STAND_IN}]", self.text[start:end]))
        return re.sub(STAND_IN, lambda stand_in: next(replaced, stand_in[0]), event.value)

    def skip(self, end: int) -> None:
        """Notes strange characters before this place that no key or value has claimed."""
        while self.strange and self.strange[-1] < end:
            place = self.strange.pop()
            self.outside = place if self.outside is None else self.outside


def _tag(event: Any) -> str:
    return str(event.tag).replace("tag:yaml.org,2002:", "!!")
