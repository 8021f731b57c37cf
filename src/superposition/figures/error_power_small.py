"""Responses of fewer features, as of a hundred."""

from superposition.figures.error_power import figures, fits

__all__ = ["figures", "fits"]
