import mpmath
import numpy as np
import pytest

from superposition.exact import functions
from superposition.exact.functions import PI

GENERATOR = np.random.default_rng(0)
COUNT = 2000


def spread(low: float, high: float) -> np.ndarray:
    return GENERATOR.uniform(low, high, COUNT)


def magnitudes(low: float, high: float) -> np.ndarray:
    return 10.0 ** spread(low, high)


# name, arguments, the same in arbitrary precision, and how many units in the last place it may be off
CASES = [
    ("exp", [spread(-700, 700)], mpmath.exp, 2),
    ("exp", [spread(-1e-3, 1e-3)], mpmath.exp, 1),
    ("log", [magnitudes(-300, 300)], mpmath.log, 1),
    ("log", [spread(0.5, 2)], mpmath.log, 2),
    ("log", [1 + spread(-1e-6, 1e-6)], mpmath.log, 1),
    ("log1p", [spread(-0.9, 3) * magnitudes(-12, 0)], mpmath.log1p, 4),
    ("log10", [magnitudes(-30, 30)], mpmath.log10, 3),
    ("sin", [spread(-7, 7)], mpmath.sin, 2),
    ("cos", [spread(-7, 7)], mpmath.cos, 2),
    ("cos", [spread(-6e6, 6e6)], mpmath.cos, 2),
    ("tan", [spread(-7, 7)], mpmath.tan, 4),
    ("arctan", [GENERATOR.standard_cauchy(COUNT)], mpmath.atan, 5),
    ("arctan2", [spread(-1, 1), spread(-1, 1)], mpmath.atan2, 5),
    ("arccos", [spread(-1, 1)], mpmath.acos, 5),
    ("power", [spread(0.01, 3), spread(-5, 5)], mpmath.power, 40),
    ("power", [spread(-3, 3), GENERATOR.integers(-8, 9, COUNT).astype(float)], mpmath.power, 8),
    ("hypot", [spread(-1, 1), spread(-1, 1)], mpmath.hypot, 2),
    ("normal_tail", [spread(-6, 6)], lambda x: mpmath.erfc(x / mpmath.sqrt(2)) / 2, 2000),
]


@pytest.mark.parametrize(("name", "arguments", "reference", "most"), CASES)
def test_close_to_arbitrary_precision(name, arguments, reference, most):
    found = getattr(functions, name)(*arguments)
    with mpmath.workprec(150):
        for value, *given in zip(found.tolist(), *(one.tolist() for one in arguments), strict=True):
            exact = reference(*map(mpmath.mpf, given))
            assert abs(value - exact) <= most * np.spacing(abs(float(exact))), given


def test_constants_are_correctly_rounded():
    with mpmath.workprec(150):
        assert float(mpmath.pi) == PI
        assert float(mpmath.log(2)) == functions.LOG_2
        assert float(mpmath.log(10)) == functions.LOG_10
        assert abs(functions.LOG_2_HIGH + mpmath.mpf(functions.LOG_2_LOW) - mpmath.log(2)) < mpmath.mpf(2) ** -80
        assert abs(functions.HALF_PI_HIGH + mpmath.mpf(functions.HALF_PI_LOW) - mpmath.pi / 2) < mpmath.mpf(2) ** -80


def test_edges():
    inf, nan = np.inf, np.nan
    np.testing.assert_array_equal(functions.exp([0, inf, -inf, nan, 710, -800]), [1, inf, 0, nan, inf, 0])
    np.testing.assert_array_equal(functions.log([1, 0, -1, inf, nan]), [0, -inf, nan, inf, nan])
    np.testing.assert_array_equal(functions.log1p([0, -1, inf, 1e-300]), [0, -inf, inf, 1e-300])
    np.testing.assert_array_equal(functions.log10([1e-300, 1e-3, 1, 1000, 1e22]), [-300, -3, 0, 3, 22])
    np.testing.assert_array_equal(functions.arctan2([0, 0, 0, 1, -1], [0, 1, -1, 0, 0]), [0, 0, PI, PI / 2, -PI / 2])
    np.testing.assert_array_equal(functions.arctan([inf, -inf, nan]), [PI / 2, -PI / 2, nan])
    np.testing.assert_array_equal(functions.arccos([1, -1, 2]), [0, PI, nan])
    np.testing.assert_array_equal(functions.power([0, 0, -2, 2], [0, 0.5, 3, -1]), [1, 0, -8, 0.5])
    np.testing.assert_array_equal(functions.normal_tail([0, inf, -inf]), [0.5, 0, 1])
    assert functions.cos(0.0) == 1


def test_an_element_does_not_depend_on_its_neighbours():
    x, y = spread(0.1, 3), np.where(np.arange(COUNT) % 2, spread(-3, 3), 2.0)
    np.testing.assert_array_equal(
        functions.power(x, y), [float(functions.power(a, b)) for a, b in zip(x, y, strict=True)]
    )


def test_angles_too_large_to_be_reduced_are_refused():
    with pytest.raises(ValueError, match=r"angles of up to 1e\+07 radians; at most"):
        functions.sin([0.0, 1e7])


def test_geometric_space_ends_where_it_is_told_to():
    found = functions.geometric_space(1.0, 1e-3, 61)
    assert found[0] == 1
    assert found[-1] == 1e-3
    np.testing.assert_allclose(found, np.geomspace(1, 1e-3, 61), rtol=1e-14)


def test_quantiles_undo_tails():
    p = magnitudes(-12, -0.001)
    # 1 - (1 - p) keeps p to 1e-16, of which a small p has few digits: the tail above is compared instead.
    np.testing.assert_allclose(functions.normal_tail(-functions.normal_quantile(p)), p, rtol=1e-12)
    assert functions.normal_quantile(0.5) == 0
