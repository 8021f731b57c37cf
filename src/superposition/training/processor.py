"""What /proc/cpuinfo says of this machine's processor; systems without it say less."""

import platform
from pathlib import Path

CPUINFO = Path("/proc/cpuinfo")


def name() -> str:
    return _field("model name") or platform.machine()


def instructions() -> str:
    """Which ones it has: what is compiled for one processor may not run on another."""
    return _field("flags") or _field("Features") or platform.processor()


def _field(key: str) -> str:
    """Of the first core; empty where nothing is said."""
    try:
        lines = CPUINFO.read_text(encoding="utf-8").splitlines()
    except OSError:
        return ""
    found = (line.partition(":")[2].strip() for line in lines if line.partition(":")[0].strip() == key)
    return next(found, "")
