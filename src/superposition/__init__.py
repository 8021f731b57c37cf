"""Toy Models of Superposition (Elhage et al. 2022) as a pipeline that gives the same bits on every machine.

import superposition

result = superposition.load("geometry")     # what an experiment left behind: see superposition.results
"""

from importlib import import_module
from typing import Any


def __getattr__(name: str) -> Any:
    """`load`, once it is asked for: every stage runs this file, and must not depend on how results are read."""
    if name == "load":
        return import_module("superposition.results").load
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
