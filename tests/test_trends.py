"""Trends by ranges of half a decade, against known answers, on coarse grids and on fine ones."""

import numpy as np
import pytest

from superposition.readings.trends import falls, medians, never_falls, never_rises, range_of


def test_ranges_are_around_the_papers_densities():
    assert [range_of(s) for s in (1.0, 0.3, 0.1, 0.03, 0.01, 0.003, 0.001)] == [0, -1, -2, -3, -4, -5, -6]
    # edges at 10^-0.25 = 0.562 and 10^-0.75 = 0.178
    assert [range_of(s) for s in (0.57, 0.56, 0.18, 0.17)] == [0, -1, -1, -2]
    assert (range_of(0.0), range_of(3.0), range_of(100.0)) == (None, 1, 4)


def test_medians_come_in_the_order_of_the_points():
    assert medians({1.0: 5, 0.5: 6, 0.4: 9, 0.3: 7, 0.1: 8}) == [5, 7, 8]
    assert medians({0.0: 8, 0.003: 8, 0.01: 6, 0.02: 4, 0.04: 2}) == [
        8,
        8,
        6,
        3,
    ]  # 0.02 is nearer to 0.032 than to 0.01


def test_on_the_papers_grid_each_density_is_a_range():
    counts = dict(zip((1.0, 0.3, 0.1, 0.03, 0.01, 0.003, 0.001), (5, 7, 9, 10, 12, 13, 12), strict=True))
    assert not never_falls(counts)  # by one, at the last
    assert never_falls(counts | {0.001: 13})
    assert never_rises({s: -count for s, count in counts.items() if s > 0.001})


@pytest.mark.parametrize("points", [7, 25, 100, 400])
def test_a_finer_grid_is_not_harder(points):
    """Counts that rise by four in half a decade and waver by one; and the same that fall by two in one of them."""
    s = np.geomspace(1, 1e-3, points)
    wavering = np.round(-8 * np.log10(s)) + np.arange(points) % 2
    rising = dict(zip(s.tolist(), wavering.tolist(), strict=True))
    assert never_falls(rising)
    assert not never_rises(rising)
    sparsest = {x: count - 6 * (range_of(x) == -6) for x, count in rising.items()}
    assert not never_falls(sparsest)


def test_what_stays_does_not_fall():
    assert falls({1.0: 0.9, 0.3: 0.5, 0.25: 0.6, 0.1: 0.2})
    assert not falls({1.0: 0.9, 0.3: 0.5, 0.1: 0.5})
    assert never_rises({1.0: 0.9, 0.3: 0.5, 0.1: 0.5})
