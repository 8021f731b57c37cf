"""python stages/check.py: refuses a params.yaml that is not valid, before any earlier result is touched.

What it says goes to data/params.json, which later stages read: without comments, whose change reruns nothing.
"""

import sys
from pathlib import Path

from superposition.params.document import as_json, parse
from superposition.params.experiments import resolve
from superposition.params.faults import ParamsError


def main() -> int:
    try:
        document = parse(Path("params.yaml"))
        resolve(document)
    except ParamsError as error:
        print(error, file=sys.stderr)
        return 2
    out = Path("data/params.json")
    out.parent.mkdir(exist_ok=True)
    partial = out.with_suffix(".partial")
    partial.write_text(as_json(document), encoding="utf-8")
    partial.replace(out)  # whole, or what it was
    return 0


if __name__ == "__main__":
    sys.exit(main())
