"""As of the smaller models, without linear ones."""

from superposition.figures.basic_results import figures
from superposition.figures.basic_results import fits_without_linear as fits

__all__ = ["figures", "fits"]
