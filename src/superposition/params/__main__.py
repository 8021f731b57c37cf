"""Checks ./params.yaml before any stage runs, or prints its JSON schema.

python -m superposition.params [--experiments NAME ...]
python -m superposition.params schema
"""

import argparse
import sys
from pathlib import Path

from superposition.params import Fault, ParamsError
from superposition.params.document import parse
from superposition.params.experiments import notes, resolve
from superposition.params.faults import among
from superposition.params.json_schema import as_text


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m superposition.params", description="Check ./params.yaml.")
    parser.add_argument(
        "what", nargs="?", choices=["check", "schema"], default="check", help="schema: print its schema"
    )
    parser.add_argument("--experiments", nargs="+", default=[], metavar="NAME", help="names that it has to define")
    arguments = parser.parse_args()
    if arguments.what == "schema":
        print(as_text(), end="")
        return 0
    wanted = arguments.experiments
    try:
        document = parse(Path("params.yaml"))
        known = resolve(document).experiments
        if unknown := [name for name in wanted if name not in known]:
            raise ParamsError([Fault(("--experiments",), f"must be among {among(list(known))}", ", ".join(unknown))])
    except ParamsError as error:
        print(error, file=sys.stderr)
        return 2
    for note in notes(document):
        print(note, file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
