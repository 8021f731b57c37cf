"""python stages/check.py: refuses a params.yaml that is not valid, before any earlier result is touched."""

import sys
from pathlib import Path

from superposition.params.experiments import read
from superposition.params.faults import ParamsError


def main() -> int:
    try:
        read(Path("params.yaml"))
    except ParamsError as error:
        print(error, file=sys.stderr)
        return 2
    # The same content whatever is valid: what depends on this file waits for it, and does not rerun because of it.
    Path("data").mkdir(exist_ok=True)
    Path("data/checked").write_text("params.yaml is valid\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
