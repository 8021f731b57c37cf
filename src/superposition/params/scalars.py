"""What a single text, number or key of params.yaml may be: what everyone who reads the file takes for the same."""

import re
from math import isinf
from typing import Any

MAX_TEXT = 10_000  # characters; what a text may have is less, and depends on its key
MAX_NUMBER = 40  # characters

# Control characters but for tabs and ends of lines, separators of lines, overrides of the direction of text, halves of
# surrogate pairs, the byte order mark, and what Unicode says is no character. YAML allows some of them only as escapes,
# some not at all, and takes some for ends of lines; others make a line look as what it is not.
STRANGE = "\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufdd0-\ufdef\ufeff" + "".join(
    f"{chr(plane + 0xFFFE)}{chr(plane + 0xFFFF)}" for plane in range(0, 0x110000, 0x10000)
)
IN_FILE, IN_TEXT = re.compile(f"[{STRANGE}]"), re.compile(f"[{STRANGE}\t\r]")
IN_KEY = re.compile(r"[][<>]")  # which have a meaning in key paths
MERGE = "<<"  # the key of mappings that are merged into the one around it


def strange(character: str, where: str = "") -> str:
    return (
        f"has the character U+{ord(character):04X}{where}; must be without control characters, separators of lines, "
        "overrides of the direction of text and what is no character"
    )


def wrong_text(text: str) -> str | None:
    """What is wrong with a text, whatever its key."""
    if len(text) > MAX_TEXT:
        return f"has {len(text)} characters; allowed: at most {MAX_TEXT}"
    return strange(found[0]) if (found := IN_TEXT.search(text)) else None


def wrong_key(text: str, kind: str) -> str | None:
    """What is wrong with a key that YAML takes for a scalar of this kind."""
    if kind == "merge" or text == "=":
        return None
    if kind != "str":
        return "is a key that YAML takes for a number, a date, a boolean or null; must be in quotes"
    if found := IN_KEY.search(text):
        return f"is a key with {found[0]}; must be without any of [ ] < >"
    return wrong_text(text)


def value_of(text: str, kind: str) -> tuple[Any, str | None]:
    """The value that YAML takes a text for that is a scalar of this kind, and what is wrong with it.

    Numbers are YAML 1.2's, with underscores between digits: 1_000, 0x1f, 0o17, 1e-3, .inf.
    """
    if kind == "null":
        return None, None
    if kind == "bool":
        return text.lower() == "true", None
    if kind in ("int", "float"):
        return _number(text, kind)
    if kind == "timestamp":
        return text, "is a date for YAML; must be in quotes, if it is to be text"
    if kind in ("value", "merge"):
        return text, "has a meaning of its own for YAML; must be in quotes, if it is to be text"
    return text, wrong_text(text)


def _number(text: str, kind: str) -> tuple[int | float, str | None]:
    if len(text) > MAX_NUMBER:
        return 0, f"has {len(text)} characters; allowed: numbers of at most {MAX_NUMBER}"
    if kind == "int" and re.fullmatch(r"[-+]?0[0-9_]+", text):
        return 0, "begins with 0, which some read as octal; must begin with another digit, or with 0o"
    plain = text.replace("_", "").lower()
    try:
        value = int(plain, 0) if kind == "int" else float(re.sub(r"\.(?=inf|nan)", "", plain))
    except ValueError:
        return 0, "is no number, although YAML takes it for one; must be in quotes, if it is to be text"
    if kind == "float" and (isinf(value) or not value) and re.search("[1-9]", plain.partition("e")[0]):
        return 0, "is out of range; allowed: 0, and sizes from about 1e-323 to 1e308"
    return value, None
