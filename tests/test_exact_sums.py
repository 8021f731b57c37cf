from fractions import Fraction

import numpy as np
import pytest

from superposition.exact import sums

GENERATOR = np.random.default_rng(1)


def uneven(*shape: int) -> np.ndarray:
    """Numbers of very different magnitudes, of which few sums can do without rounding."""
    return GENERATOR.normal(size=shape) * np.exp(3 * GENERATOR.normal(size=shape))


@pytest.mark.parametrize("axis", [None, 0, 1, -1, (0, 2), (1,)])
def test_totals_and_means_are_numpys_but_for_the_last_bits(axis):
    x = uneven(5, 6, 7)
    for own, theirs in ((sums.total, np.sum), (sums.mean, np.mean)):
        np.testing.assert_allclose(own(x, axis), theirs(x, axis=axis), rtol=1e-12, atol=1e-12)
        assert own(x, axis).shape == theirs(x, axis=axis).shape
    if not isinstance(axis, tuple):
        np.testing.assert_allclose(sums.deviation(x, axis), np.std(x, axis=axis), rtol=1e-12)
        np.testing.assert_allclose(sums.product(x, axis), np.prod(x, axis=axis), rtol=1e-12)


def test_a_total_adds_halves():
    # (1 + 1) + (2^53 - 2^53): in order, from the left, 2^53 + 1 would round.
    assert sums.total([1.0, 2.0**53, 1.0, -(2.0**53)]) == 2.0
    assert sums.total([True, False, True]) == 2
    assert sums.total([]) == 0
    assert np.isnan(sums.mean([]))
    np.testing.assert_array_equal(sums.total(np.zeros((3, 0)), axis=1), np.zeros(3))


def test_small_ones():
    x = uneven(31)
    np.testing.assert_allclose(sums.running_total(x), np.cumsum(x), rtol=1e-12)
    np.testing.assert_allclose(sums.quantile(x, [0.0, 0.1, 0.5, 1.0]), np.quantile(x, [0.0, 0.1, 0.5, 1.0]), rtol=1e-12)
    np.testing.assert_allclose(sums.variance(x, ddof=1), np.var(x, ddof=1), rtol=1e-12)
    np.testing.assert_allclose(sums.line(np.arange(31), x), np.polyfit(np.arange(31), x, 1), rtol=1e-9)
    assert sums.weighted_mean([1.0, 4.0], [2.0, 1.0]) == 2.0
    np.testing.assert_allclose(sums.dot(x, x), x @ x, rtol=1e-12)


def test_interpolation():
    at, x, y = np.linspace(-1, 4, 51), [0.0, 1.0, 3.0], [5.0, 2.0, 9.0]
    np.testing.assert_allclose(sums.interpolate(at, x, y), np.interp(at, x, y), rtol=1e-14)
    np.testing.assert_array_equal(sums.interpolate(x, x, y), y)
    np.testing.assert_array_equal(sums.interpolate([-1, 4], x, y, left=0, right=np.nan), [0, np.nan])


@pytest.mark.parametrize("shape", [(5, 7, 3), (40, 300, 20), (3, 5000, 4), (2, 100_000, 2), (1, 1, 1)])
def test_a_product_of_matrices_is_the_same_in_any_order(shape):
    rows, terms, columns = shape
    a, b = uneven(rows, terms), uneven(terms, columns)
    found = sums.matmul(a, b)
    order = GENERATOR.permutation(terms)
    np.testing.assert_array_equal(found, sums.matmul(a[:, order], b[order]))
    np.testing.assert_array_equal(found[:1, :1], sums.matmul(a[:1], b[:, :1]))  # a row and a column alone
    exact = sum(Fraction(x) * Fraction(y) for x, y in zip(a[0].tolist(), b[:, 0].tolist(), strict=True))
    largest = np.abs(a[0]).max() * np.abs(b[:, 0]).max()
    assert abs(float(Fraction(float(found[0, 0])) - exact)) <= 2.0**-51 * max(largest, abs(float(exact)))


def test_products_on_grids_are_exact():
    a, b = (np.round(GENERATOR.normal(size=shape) * 2**18) / 2**18 for shape in ((30, 400), (400, 20)))
    exact = sum(Fraction(x) * Fraction(y) for x, y in zip(a[3].tolist(), b[:, 4].tolist(), strict=True))
    assert Fraction(float(sums.matmul(a, b)[3, 4])) == exact


def test_grids_that_are_known_make_no_difference():
    a, b = (np.round(GENERATOR.normal(size=shape) * 2**12) / 2**12 for shape in ((3, 4000), (4000, 2)))
    np.testing.assert_array_equal(sums.matmul(a, b, (12, 12)), sums.matmul(a, b))
    wide = a * 2.0**20  # too large for one exact sum: cut into parts as if nothing had been said
    np.testing.assert_array_equal(sums.matmul(wide, b * 2.0**20, (12, 12)), sums.matmul(wide, b * 2.0**20))


def test_matrix_products_take_vectors_and_batches_as_numpy_does():
    a, b = uneven(6, 4, 5), uneven(6, 5, 3)
    for x, y in ((a, b), (a[0], b[0, :, 0]), (a[0, 0], b[0]), (a[0, 0], b[0, :, 0]), (a, b[0])):
        np.testing.assert_allclose(sums.matmul(x, y), x @ y, rtol=1e-9, atol=1e-9)
        assert sums.matmul(x, y).shape == (x @ y).shape
    assert sums.matmul(np.zeros((2, 0)), np.zeros((0, 3))).tolist() == [[0] * 3] * 2


def test_numbers_that_are_not_finite_are_refused():
    with pytest.raises(ArithmeticError, match="not finite"):
        sums.matmul(np.array([[np.nan]]), np.ones((1, 1)))
