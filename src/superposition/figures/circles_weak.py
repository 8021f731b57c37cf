"""Directions with weak decay, as with strong decay."""

from superposition.figures.circles import figures, fits

__all__ = ["figures", "fits"]
