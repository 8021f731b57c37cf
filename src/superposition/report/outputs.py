"""What the report has written, and what `partial` has of some experiments; no library is needed to read it."""

import json
import shutil
from pathlib import Path
from typing import Any

PARTIAL = Path("reports", "partial")
FILES = ("claims.json", "metrics.json")


def read(folder: Path) -> dict[str, Any]:
    """Verdicts and metrics in a folder, by file."""
    found = {name: folder / name for name in FILES}
    empty: dict[str, Any] = {"claims.json": [], "metrics.json": {}}
    return {name: _read(file) if file.is_file() else empty[name] for name, file in found.items()}


def remove_partial(root: Path) -> None:
    """What is there is of an earlier run."""
    shutil.rmtree(root / PARTIAL, ignore_errors=True)


def _read(file: Path) -> Any:
    return json.loads(file.read_text(encoding="utf-8"))
