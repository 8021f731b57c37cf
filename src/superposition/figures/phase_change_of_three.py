"""The phase diagram of three features."""

from superposition.figures.phase_diagram import figures, fits

__all__ = ["figures", "fits"]
