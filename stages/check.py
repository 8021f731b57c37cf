"""python stages/check.py: refuses a params.yaml that is not valid, before any earlier result is touched.

What it says goes to data/params.json, which later stages read: without comments, whose change reruns nothing.
"""

import json
import sys
from pathlib import Path

from superposition.params.experiments import parse, read
from superposition.params.faults import ParamsError


def main() -> int:
    try:
        read(Path("params.yaml"))
    except ParamsError as error:
        print(error, file=sys.stderr)
        return 2
    Path("data").mkdir(exist_ok=True)
    said = json.dumps(parse(Path("params.yaml")), indent=1, ensure_ascii=False) + "\n"
    Path("data/params.json").write_text(said, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
