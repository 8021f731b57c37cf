"""The trace that Adam leaves in models without a privileged basis."""

from superposition.figures.basis_alignment import fits_without_relu as fits
from superposition.figures.basis_alignment import trace as figures

__all__ = ["figures", "fits"]
