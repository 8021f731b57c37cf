"""Three sets of two features in the plane."""

from superposition.figures.correlated_sets import fits_pairs as fits
from superposition.figures.correlated_sets import three_sets as figures

__all__ = ["figures", "fits"]
