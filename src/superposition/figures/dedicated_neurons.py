"""What each neuron responds to, of models that begin with one for each feature."""

from superposition.figures.polysemantic_neurons import figures, fits

__all__ = ["figures", "fits"]
