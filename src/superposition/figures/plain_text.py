"""What is written in mathtext as plain text, so that a reader can search for it and copy it: $10^{-1}$ is 10⁻¹."""

import re
from collections.abc import Iterator

from matplotlib._mathtext_data import tex2uni

TOKEN = re.compile(r"\\[A-Za-z]+|\\.|.", re.DOTALL)
RAISED = str.maketrans("0123456789+-=()niT", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ⁿⁱᵀ")
LOWERED = str.maketrans("0123456789+-=()ijkmnx", "₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎ᵢⱼₖₘₙₓ")
SCRIPTS = {"^": RAISED, "_": LOWERED}
SPACES = (",", ":", ";", " ", "quad", "qquad")
FACES = ("mathdefault", "mathrm", "mathbf", "mathit")  # how letters look, which plain text does not say


def plain(text: str) -> str:
    """A text in which formulas stand between dollars."""
    parts = re.split(r"(?<!\\)\$", text)
    words = "".join(_formula(part) if number % 2 else part for number, part in enumerate(parts))
    return re.sub(r"\s+", " ", words.replace("\\$", "$")).strip()


def _formula(tex: str) -> str:
    return "".join(_parts(iter(TOKEN.findall(tex))))


def _parts(tokens: Iterator[str]) -> Iterator[str]:
    """What a formula says, up to its end or the brace that closes it."""
    for token in tokens:
        if token == "}":
            return
        yield _one(token, tokens)


def _one(token: str, tokens: Iterator[str]) -> str:
    """What a token says, with those that belong to it."""
    if token == "{":
        return "".join(_parts(tokens))
    if token in SCRIPTS:
        said = _next(tokens)
        if all(ord(letter) in SCRIPTS[token] for letter in said):
            return said.translate(SCRIPTS[token])
        return token + _bracketed(said)
    if not token.startswith("\\"):
        return token
    name = token[1:]
    if name in FACES:
        return _next(tokens)
    if name in SPACES:
        return " "
    if name == "frac":
        return f"{_bracketed(_next(tokens))}/{_bracketed(_next(tokens))}"
    if name == "sqrt":
        return f"√{_bracketed(_next(tokens))}"
    return chr(tex2uni[name]) if name in tex2uni else name  # functions have none: cos


def _next(tokens: Iterator[str]) -> str:
    return _one(next(token for token in tokens if token != " "), tokens)


def _bracketed(said: str) -> str:
    return said if len(said) == 1 else f"({said})"
