"""Correlated pairs of features in the plane over density: what state the models are in ("Superposition in Correlated
Features").

Models are picked out of the tables and ranked by their expected loss; `readings.pairs` has what is said of one model.
"""

import numpy as np
from jaxtyping import Bool, Float

from superposition.exact.sums import total
from superposition.measures.thresholds import REPRESENTED_NORM
from superposition.readings.pairs import STATES, state_of_pairs
from superposition.readings.planar import Planar, collapsed, models
from superposition.readings.ranking import ranked
from superposition.readings.results import NotInThisRun, Tables
from superposition.readings.solutions import SAME_DENSITY, Solution, of_shape
from superposition.theory.angles import angular_gaps

SIZE = 2  # features of a set
DIGITS = 6  # of a density, 1 less a sparsity
CORNER = 60.0  # degrees between the neighbours of a regular hexagon

States = dict[float, str]  # by density, ascending: a state of `readings.pairs`


def densities_of_pairs(tables: Tables) -> list[float]:
    """At which correlated features were trained, ascending; raises NotInThisRun."""
    own = tables.instances[tables.instances["sets"] == "correlated"]["density"].dropna()
    if own.empty:
        raise NotInThisRun("no correlated features in this run")
    return sorted({round(density, DIGITS) for density in own})


def six_features(tables: Tables, sets: str, density: float) -> list[Planar]:
    """Models of six equally important ones, the lowest expected loss first; raises NotInThisRun if there are none."""
    own = of_shape(tables, n_features=6, n_hidden=2)
    own = own[(own["model"] == "relu_output") & (own["values"] == "unit") & (own["sets"] == sets)]
    own = own[np.isclose(own["density"], density, rtol=SAME_DENSITY)]
    if sets == "correlated":
        own = own[own["set_size"] == SIZE]
    number = own["instance"].to_numpy()
    if own.empty or not np.allclose(tables.per_feature("importance", number), 1):
        raise NotInThisRun(f"no relu_output model of equally important {sets} features at density {density:g}")
    return models(tables, own)


def states_by_rank(tables: Tables) -> list[States]:
    """Of the model of the lowest loss at each density, of the next ones, ..."""
    found = {s: six_features(tables, "correlated", s) for s in densities_of_pairs(tables)}
    return ranked({s: [state_of_pairs(model) for model in here] for s, here in found.items()})


def in_order(states: States) -> bool:
    """Whether all states are there, and never one with fewer collapsed pairs at a higher density."""
    places = [STATES.index(state) if state in STATES else -1 for state in states.values()]
    return places == sorted(places) and set(places) == set(range(len(STATES)))


def state_at(states: States, density: float) -> str | None:
    """None where no model has this density."""
    return next((state for one, state in states.items() if abs(one / density - 1) < SAME_DENSITY), None)


def as_the_first(ranks: list[States]) -> dict[float, int]:
    """By density, how many of the ranks are in the state of the first."""
    return {s: [states[s] for states in ranks].count(state) for s, state in ranks[0].items()}


def norms_of_collapsed(model: Planar) -> Float[np.ndarray, "collapsed 2"]:
    """Of both features of each pair that shares one direction."""
    return model.norms.reshape(-1, SIZE)[collapsed(model.W)]


def is_hexagon(W: Float[np.ndarray, "2 feature"], off: float) -> bool:
    """Whether all are represented, with `off` degrees at most between their directions and a regular hexagon's."""
    long: Bool[np.ndarray, " feature"] = np.sqrt(total(W * W, axis=0)) > REPRESENTED_NORM
    return bool(long.all()) and bool((np.abs(angular_gaps(W) - CORNER) < off).all())


def dot_products(
    model: Solution, size: int
) -> tuple[Float[np.ndarray, " pair"], Float[np.ndarray, "first second"], Float[np.ndarray, " feature"]]:
    """Of two sets: within them, off the diagonal; between the features of one and of the other; squared norms."""
    gram = model.gram
    off = ~np.eye(size, dtype=bool)
    within = np.concatenate([gram[:size, :size][off], gram[size:, size:][off]])
    return within, gram[:size, size:], np.diagonal(gram)
