"""Two sets of ten features in ten dimensions."""

from superposition.figures.correlated_sets import bases as figures
from superposition.figures.correlated_sets import fits_bases as fits

__all__ = ["figures", "fits"]
