"""python stages/check.py: refuses a params.yaml that is not valid, before any earlier result is touched.

What it says goes to data/params.json, which later stages read: without comments, whose change reruns nothing.
"""

import os
import sys
from pathlib import Path

import superposition.stopping  # noqa: F401 (ends the stage at Ctrl-C)
from superposition.sources import confirm_unedited  # first: it sees to it that what comes now is what is there
from superposition.stage import placed, run

# isort: split
from superposition.params.document import as_json, parse
from superposition.params.experiments import notes, resolve
from superposition.params.faults import ParamsError

# DVC writes what `-S` says into params.yaml before it asks this stage, and leaves it there.
UNDO = "If `dvc exp run -S` wrote this, `make undo` takes it back, with edits that are not committed."


def main() -> int:
    try:
        document = parse(Path("params.yaml"))
        resolve(document)
    except ParamsError as error:
        print(error, file=sys.stderr)
        if "DVC_EXP_NAME" in os.environ and os.environ.get("DVC_ROOT") == os.getcwd():  # not in a copy of the checkout
            print(UNDO, file=sys.stderr)
        return 2
    for note in notes(document):
        print(note, file=sys.stderr)
    with placed(Path("data", "params.json")) as out:
        out.write_text(as_json(document), encoding="utf-8")
        confirm_unedited()
    return 0


if __name__ == "__main__":
    with run():
        sys.exit(main())
