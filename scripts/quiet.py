"""DVC without its hint to push after each run: python -m scripts.quiet repro ...

What it says is `dvc push`, also where there is nowhere to push to. Results are published by make publish.
"""

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
    sys.exit(main())
