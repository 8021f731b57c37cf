"""That `check` and `code` run the sources that are there, and that DVC records them with these.

They are the two stages whose code nobody has noted before. Imported before other modules of ours are, this one

- makes Python compare each compiled module of ours with its source. By default it compares the time, in whole seconds,
  and the size: an edit that changes neither would run as it was before. What says so in its head stays so, also when
  Python compiles it anew; what has not been compiled yet gets it when one of these stages runs the next time, which is
  before anything can be recorded of an edit.
- notes what the sources were, so that at its end a stage can tell whether they were edited while it ran. DVC hashes
  them when it has ended: an edit in the milliseconds between is recorded with what was made before it, until `make
  repro` or `make status`, which look again, run it anew.
"""

import hashlib
import os
import py_compile
import struct
import sys
from importlib.util import cache_from_source
from pathlib import Path
from py_compile import PycInvalidationMode

from superposition.stage import OURS, called

CHECKED = 0b11  # the flags of a compiled module that is compared with a hash of its source


def compare_by_content() -> None:
    """Compile anew what of ours was compiled otherwise; where nothing may be written, nothing was edited either."""
    for source in sorted(file for part in OURS for file in Path(part).rglob("*.py")):
        compiled = Path(cache_from_source(str(source)))
        if compiled.is_file() and os.access(compiled.parent, os.W_OK) and flags(compiled) != CHECKED:
            compiled.unlink()
            py_compile.compile(str(source), invalidation_mode=PycInvalidationMode.CHECKED_HASH, quiet=2)


def flags(compiled: Path) -> int:
    """Of a compiled module: four bytes that say by which Python, and four of flags; 0 where it is shorter."""
    head = compiled.read_bytes()[4:8]
    return int(struct.unpack("<I", head)[0]) if len(head) == 4 else 0


def digests() -> dict[str, str]:
    """Of all sources."""
    files = (file for part in OURS for file in Path(part).rglob("*"))
    return {
        file.as_posix(): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in (*files, Path("requirements.txt"))
        if file.is_file() and "__pycache__" not in file.parts
    }


def confirm_unedited() -> None:
    """Ends this process if sources were edited since it began."""
    now = digests()
    if SEEN and (edited := sorted(file for file in SEEN | now if SEEN.get(file) != now.get(file))):
        sys.exit(f"{called()}: {', '.join(edited)}: edited while this ran, nothing is written; run it again")


SEEN: dict[str, str] = {}
if Path(sys.argv[0]).parent.name == "stages":
    SEEN = digests()
    compare_by_content()
