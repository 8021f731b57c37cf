"""DVC without hints that make no sense here: python -m scripts.quiet repro ...

After each run it says to push, also where there is nowhere to push to (results are published by make publish), and to
let it stage files, which this project has switched off so that `git add` stays with people.
"""

import logging
import sys
from typing import Any

from dvc.cli import main
from dvc.ui import ui

HINT = "Use `dvc push` to send your updates to remote storage."


def without_hint(*texts: Any, **options: Any) -> None:
    if texts != (HINT,):
        write(*texts, **options)


write = ui.write
if __name__ == "__main__":
    ui.write = without_hint
    logging.getLogger("dvc.repo.scm_context").setLevel(logging.WARNING)
    sys.exit(main())
