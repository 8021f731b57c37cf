"""Ctrl-C, SIGTERM and SIGHUP end a stage at once, with one line, whenever they come; training has ways of its own.

Imported before libraries are: they take seconds to load, and some make other errors of a KeyboardInterrupt. What was
being written is not in place yet, and is removed when the stage runs again.
"""

import os
import signal
import sys
from pathlib import Path
from types import FrameType

from superposition.stage import called


def _stop(number: int, frame: FrameType | None) -> None:
    os.write(2, f"{called()}: stopped, nothing is written; make repro makes it anew\n".encode())
    os._exit(128 + number)  # as a shell says it


if Path(sys.argv[0]).parent.name == "stages":
    for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(each) is not signal.SIG_IGN:  # which nohup asks for
            signal.signal(each, _stop)
