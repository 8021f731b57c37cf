"""Ctrl-C and its like during training: one exception wherever it comes, so that what is done can be kept."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Stopped(BaseException):
    """Somebody wants this process to end. No KeyboardInterrupt, for which Lightning would end it in its own way."""

    def __init__(self, number: int) -> None:
        self.status = 128 + number  # as a shell names the signal
        self.done = "before the first step"


@contextmanager
def stoppable() -> Iterator[None]:
    """Signals raise `Stopped`; once, as what is done is being kept from then on, which takes no second."""
    before = {number: signal.getsignal(number) for number in SIGNALS}

    def stop(number: int, frame: FrameType | None) -> None:
        for each in SIGNALS:
            signal.signal(each, signal.SIG_IGN)
        raise Stopped(number)

    try:
        for number, handler in before.items():
            if handler is not signal.SIG_IGN:  # which nohup asks for
                signal.signal(number, stop)
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
