"""Features in one and two dimensions, as with uniform values."""

from superposition.figures.values_unit import figures, fits

__all__ = ["figures", "fits"]
