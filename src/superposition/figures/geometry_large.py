"""Dimensions per feature, as of 400 features."""

from superposition.figures.geometry import curve as figures
from superposition.figures.geometry import fits

__all__ = ["figures", "fits"]
