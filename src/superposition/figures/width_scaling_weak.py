"""Losses over width, as of models that represent all features."""

from superposition.figures.width_scaling import figures, fits

__all__ = ["figures", "fits"]
