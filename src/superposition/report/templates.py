"""The pages that are made of the templates beside this file."""

from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from superposition import palette


def rendered(template: str, **values: Any) -> str:
    """The HTML text of a template, in which all text is escaped and what is not given is an error.

    `palette` is there for all: colours have their names in one place.
    """
    templates = Environment(
        loader=FileSystemLoader(Path(__file__).parent, encoding="utf-8"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    templates.globals["palette"] = palette
    return templates.get_template(template).render(values)
