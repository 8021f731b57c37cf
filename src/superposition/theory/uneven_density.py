"""Five features in two dimensions of which the last has another density (Elhage et al. 2022, "Non-Uniform
Superposition"): the least loss of each geometry, mean over features.

`s` is the density of the first four features, `last` that of the fifth. In the geometries made of digons no two of the
remaining features interfere but the two of a digon, and losses have a closed form; weights and biases that trade a
little of it lower them by up to 4 %. The pentagon has none, and is found by minimisation.
"""

import numpy as np
from jaxtyping import Float

from superposition.theory.expected_loss import Minimum, independent, minimum
from superposition.theory.losses import ignored
from superposition.theory.polytopes import polygon

N_FEATURES = 5
Densities = Float[np.ndarray, " point"]


def digon(one: Densities, other: Densities) -> Densities:
    """Sum over two features in opposite directions: only if both are active, each is off by the smaller value, whose
    square has mean 1/6.
    """
    return one * other / 3


def square_without_last(s: float, last: Densities) -> Densities:
    """Two digons of the first four features."""
    even = np.full_like(last, s)
    return (2 * digon(even, even) + ignored(last, np.ones_like(last))) / N_FEATURES


def square_without_another(s: float, last: Densities) -> Densities:
    """Two digons, one of them with the last feature; one of the others is dropped."""
    even = np.full_like(last, s)
    return (digon(even, even) + digon(even, last) + ignored(even, np.ones_like(last))) / N_FEATURES


def triangle(s: float, last: Densities) -> Densities:
    """A digon and a feature of its own dimension, whichever is better; two of the first four are dropped."""
    even = np.full_like(last, s)
    return (np.minimum(digon(even, even), digon(even, last)) + 2 * ignored(even, np.ones_like(last))) / N_FEATURES


def pentagons(s: float, last: Densities) -> list[Minimum]:
    """The pentagon at each density of the last feature: regular at `s`, and followed from there in both directions.

    Losses are means over features. Where the last feature is so rare that no pentagon is a minimum, it is left out of
    what is found there.
    """
    importance = np.ones(N_FEATURES)
    turn = np.roll(polygon(N_FEATURES), -1, axis=1)
    regular = minimum(1.1 * turn, np.full(N_FEATURES, -0.2), importance, independent([s] * N_FEATURES))
    found = {}
    for side in (last[last >= s], last[last < s][::-1]):
        at = regular
        for density in side.tolist():
            at = minimum(at.W, at.b, importance, independent([s] * (N_FEATURES - 1) + [density]))
            found[density] = Minimum(at.W, at.b, at.loss / N_FEATURES)
    return [found[density] for density in last.tolist()]
