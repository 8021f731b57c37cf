"""Closed-form losses against expectations by quadrature over the joint density of two features."""

import numpy as np
import pytest

from superposition.theory.losses import antipodal, ignored, without_superposition
from superposition.theory.phases import DEDICATED, IGNORED, SUPERPOSED, margin, phase

S = np.array([1.0, 0.3, 0.01])


def expectation(loss, density: float) -> float:
    """Mean of `loss(x, y)` over two independent features, by the midpoint rule on each of the four cases."""
    u = (np.arange(1000) + 0.5) / 1000
    x, y = np.meshgrid(u, u)
    both, one, other = loss(x, y).mean(), loss(u, 0 * u).mean(), loss(0 * u, u).mean()
    none = loss(np.zeros(1), np.zeros(1)).mean()
    return density**2 * both + density * (1 - density) * (one + other) + (1 - density) ** 2 * none


@pytest.mark.parametrize("s", S)
def test_ignored(s):
    assert ignored(np.array([s]), np.array([2.0]))[0] == pytest.approx(
        expectation(lambda x, y: 2 * (x - s / 2) ** 2, s), rel=1e-5
    )


@pytest.mark.parametrize("s", S)
def test_antipodal(s):
    # W = [1, -1]: h = x - y, outputs ReLU(h) and ReLU(-h)
    first = expectation(lambda x, y: (x - np.maximum(x - y, 0)) ** 2, s)
    assert antipodal(np.array([s]), np.ones(1))[0] == pytest.approx(first, rel=1e-5)


def test_the_boundary_of_the_phase_diagram():
    # n = 2, m = 1, equal importance: superposition pays below s = 4/7 (both losses are then equal)
    s = np.full(2, 4 / 7)
    assert antipodal(s, np.ones(2)).mean() == pytest.approx(without_superposition(s, np.ones(2), 1))


@pytest.mark.parametrize(
    ("n", "s", "r", "expected"),
    [
        # n = 2: the extra feature is ignored iff r < 2s / (4 - 5s), dedicated iff r > (4 - 5s) / (2s)
        (2, 0.3, 0.23, IGNORED),
        (2, 0.3, 0.25, SUPERPOSED),
        (2, 0.3, 4.1, SUPERPOSED),
        (2, 0.3, 4.3, DEDICATED),
        (2, 0.6, 0.99, IGNORED),
        (2, 0.6, 1.01, DEDICATED),
        # n = 3: ignored iff s > 4r / (2 + 5r), dedicated beyond r = 1
        (3, 0.25, 0.23, SUPERPOSED),
        (3, 0.32, 0.23, IGNORED),
        (3, 0.05, 1.01, DEDICATED),
        (3, 0.05, 0.99, SUPERPOSED),
    ],
)
def test_phases(n, s, r, expected):
    assert phase(n, np.array([s]), np.array([r]))[0] == expected


def test_the_margin_vanishes_on_a_boundary():
    s, r = np.array([4 / 7]), np.array([1.0])  # the triple point of n = 2
    assert margin(2, s, r)[0] == pytest.approx(0)
    with pytest.raises(ValueError, match="of 4 features"):
        phase(4, s, r)


def test_the_least_important_features_are_left_out():
    # s = 1: variance 1/12. Of importances 4, 1, 2 the features 4 and 2 are kept: 1/12 over 3 features
    assert without_superposition(np.ones(3), np.array([4.0, 1.0, 2.0]), 2) == pytest.approx(1 / 36)
    assert without_superposition(np.ones(2), np.ones(2), 5) == 0
