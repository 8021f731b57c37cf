"""The pages that are made of the templates beside this file."""

import re
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from superposition import palette

POWER = re.compile(r"\^(-?[0-9]+(?:\.[0-9]+)?|\([^()]*\)|\w)")
INDEX = re.compile(r"(?:(?<=\|)|(?<=\b[A-Za-z]))_([A-Za-z0-9])(?![A-Za-z0-9_])")  # of one letter, or a norm


def typeset(text: object) -> Markup:
    """Text with powers and indices as such: 0.9^i, 2^-24, W^T, ||W||_F, L_0. Names of several letters stay."""
    return Markup(INDEX.sub(r"<sub>\1</sub>", POWER.sub(r"<sup>\1</sup>", str(escape(text)))))


def colours() -> str:
    """The colours of a page as variables of CSS."""
    light, dark = (
        " ".join(f"--{name}: {one};" for name, one in each.items()) for each in (palette.LIGHT, palette.DARK)
    )
    return (
        f":root {{ color-scheme: light dark; {light} }}\n"
        f"@media screen and (prefers-color-scheme: dark) {{ :root {{ {dark} }} }}\n"
    )


def rendered(template: str, **values: Any) -> str:
    """The HTML text of a template, in which all text is escaped and what is not given is an error.

    `palette` and `colours` are there for all: colours have their names in one place. So is `typeset`.
    """
    templates = Environment(
        loader=FileSystemLoader(Path(__file__).parent, encoding="utf-8"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    templates.globals |= {"palette": palette, "colours": colours}
    templates.filters["typeset"] = typeset
    return templates.get_template(template).render(values)
