"""How numbers are said in statements, tolerances and findings."""

from collections.abc import Iterable, Mapping


def listed(numbers: Iterable[int | float]) -> str:
    """As 1, 0.3, 0.1."""
    return ", ".join(f"{number:g}" for number in numbers)


def each(values: Mapping[float, int | float]) -> str:
    """As 1: 5; 0.3: 3."""
    return "; ".join(f"{key:g}: {value:g}" for key, value in values.items())


def in_turn(values: Mapping[float, int | float]) -> str:
    """As 5, 3 at 1, 0.3."""
    return f"{listed(values.values())} at {listed(values)}"
