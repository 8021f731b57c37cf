"""Results of an experiment in Python, by its name: parameters, tables, and trained models by values on its axes.

    import superposition

    result = superposition.load("intro")
    model = result.best(sparsity=0.9)
    model.W                     # [hidden, feature]
    model(np.eye(5))            # outputs for each feature alone
    result.instances            # a table of all models, as pandas' DataFrame

What is read is what was computed last; `make status` tells whether params.yaml says something else by now.
"""

from superposition.results.absent import NotThere
from superposition.results.experiment import Result, load
from superposition.results.model import Model

__all__ = ["Model", "NotThere", "Result", "load"]
