"""DVC without hints that make no sense here, and without reading anything twice: python -m scripts.quiet repro ...

After each run it says to push, also where there is nowhere to push to (results are published by make publish), and to
let it stage files, which this project has switched off so that `git add` stays with people.

It parses dvc.lock, dvc.yaml and the parameters two or three times, slowly, which is a quarter of a run that has nothing
to do: of the same text, it gets a copy of what came out before.
"""

import logging
import sys
from copy import deepcopy
from functools import lru_cache
from typing import Any

from dvc.cli import main
from dvc.ui import ui
from dvc.utils import strictyaml
from dvc.utils.serialize import _yaml

HINT = "Use `dvc push` to send your updates to remote storage."


def without_hint(*texts: Any, **options: Any) -> None:
    if texts != (HINT,):
        write(*texts, **options)


def parse_yaml(text: str, path: str, typ: str = "safe") -> Any:
    """What DVC's own makes of it; what is going to be written (`rt`) has comments, and is parsed anew."""
    if typ != "safe":
        return parse(text, path, typ)
    try:
        return deepcopy(parsed(text))
    except _yaml.YAMLFileCorruptedError:
        return parse(text, path)  # whose error names the file


@lru_cache(maxsize=8)
def parsed(text: str) -> Any:
    return parse(text, "")


write, parse = ui.write, _yaml.parse_yaml
if __name__ == "__main__":
    ui.write = without_hint
    strictyaml.parse_yaml = _yaml.parse_yaml = parse_yaml
    logging.getLogger("dvc.repo.scm_context").setLevel(logging.WARNING)
    sys.exit(main())
