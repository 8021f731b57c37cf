import numpy as np
import pytest
from scipy.stats import kstest, kstwo, mannwhitneyu, spearmanr

from superposition.claims.chance import distance_tail, larger, rank_correlation, uniformity


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def test_rank_correlation_of_whole_numbers():
    assert rank_correlation([1.0, 5.0, 7.0], [0.1, 0.2, 9.0]) == 1
    assert rank_correlation([1.0, 5.0, 7.0], [3.0, 2.0, 1.0]) == -1
    # Ranks 1 2 3 and 2 1 3: 1 - 6 (1 + 1 + 0) / (3 (9 - 1)).
    assert rank_correlation([1.0, 5.0, 7.0], [4.0, 2.0, 6.0]) == 0.5
    assert np.isnan(rank_correlation([1.0, 2.0], [3.0, 3.0]))


@pytest.mark.parametrize("values", [3, 10, 1000])
def test_rank_correlation_is_scipys(rng, values):
    x = rng.integers(0, values, 40)
    y = x + rng.integers(0, values, 40)
    assert rank_correlation(x, y) == pytest.approx(spearmanr(x, y).statistic, rel=1e-13)


@pytest.mark.parametrize(("sizes", "values"), [((20, 17), 30), ((6, 27), 100), ((40, 40), 5), ((1, 9), 3)])
def test_larger_is_scipys(rng, sizes, values):
    for shift in (0, 1, values // 2, -2):
        x, y = rng.integers(0, values, sizes[0]) + shift, rng.integers(0, values, sizes[1])
        theirs = mannwhitneyu(x, y, alternative="greater", method="asymptotic").pvalue
        assert larger(x, y) == pytest.approx(theirs, rel=1e-12)


def test_equal_numbers_are_not_larger():
    assert larger(np.ones(3), np.ones(4)) == 1


@pytest.mark.parametrize("n", [1, 2, 10, 80, 140, 300])
def test_the_tail_is_scipys(n):
    exact = 1e-9 if n <= 140 else 1e-5  # beyond, SciPy has an asymptotic expansion
    # n d^2 of 0.01, p close to 1, to 40, p = 2 e^-80; 3.99 and 4.01 are where the ways of computing it change.
    for squared in (0.01, 0.1, 0.3, 1.0, 2.0, 3.99, 4.01, 10.0, 40.0):
        if (d := (squared / n) ** 0.5) < 1:
            assert distance_tail(n, d) == pytest.approx(kstwo.sf(d, n), rel=exact)


def test_the_tail_of_one_and_two_numbers():
    # One number is off by the larger of x and 1 - x: by d or more with probability 2 (1 - d).
    assert distance_tail(1, 0.75) == 0.5
    assert distance_tail(1, 0.5) == distance_tail(2, 0.25) == 1
    assert distance_tail(3, 1.0) == 0
    # Two numbers are both above d or both below 1 - d, d > 1/2.
    assert distance_tail(2, 0.75) == pytest.approx(2 * 0.25**2, rel=1e-14)


def test_uniformity_is_scipys(rng):
    for n in (20, 80, 140):
        for power in (1.0, 1.2, 2.0):
            shares = np.ceil(rng.random(n) ** power * 200) / 200  # as of 199 rotations, with ties
            assert uniformity(shares) == pytest.approx(kstest(shares, "uniform").pvalue, rel=1e-9)
