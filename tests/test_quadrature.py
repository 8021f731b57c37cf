"""Gauss-Legendre rules against numpy's, which come from a library's eigenvalues, and against integrals by hand."""

import numpy as np
import pytest

from superposition.theory.quadrature import cube_rule, legendre_rule


@pytest.mark.parametrize("nodes", [*range(1, 13), 20, 24])
def test_rules_are_those_of_numpy(nodes):
    points, weights = np.polynomial.legendre.leggauss(nodes)
    found = legendre_rule(nodes)
    np.testing.assert_allclose(found[0], (points + 1) / 2, rtol=0, atol=4e-16)
    np.testing.assert_allclose(found[1], weights / 2, rtol=2e-13)


def test_polynomials_of_degree_2n_minus_1_are_integrated_exactly():
    points, weights = legendre_rule(4)
    assert weights @ points**7 == pytest.approx(1 / 8, rel=1e-14)
    assert abs(weights @ points**8 - 1 / 9) > 1e-6


def test_the_unit_cube():
    points, weights = cube_rule(2, 3)
    assert points.shape == (9, 2)
    assert weights @ (points[:, 0] ** 2 * points[:, 1] ** 3) == pytest.approx(1 / 12)
    points, weights = cube_rule(0, 3)
    assert (points.shape, weights.tolist()) == ((1, 0), [1.0])
