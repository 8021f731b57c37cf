"""Run a command with what was typed to make after it: make test ARGS="-k 'norms or biases'"

    python -m scripts.typed python -m pytest

ARGS comes in the environment. It is split into words as a shell would split it, with its quotes, and nothing else in it
means anything: no variable, command, pattern or other end of a command. Exit status: the command's, or 2 where ARGS is
not to be split.
"""

import os
import shlex
import sys


def main() -> None:
    typed, command = os.environ.get("ARGS", ""), sys.argv[1:]
    try:
        command += shlex.split(typed)
    except ValueError as error:
        print(f"make: ARGS={typed}: {error}", file=sys.stderr)
        sys.exit(2)
    os.execvp(command[0], command)


if __name__ == "__main__":
    main()
