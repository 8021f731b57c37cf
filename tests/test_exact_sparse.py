import warnings

import numpy as np
import pytest
from scipy.optimize import nnls
from sklearn.linear_model import orthogonal_mp

from superposition.exact import sparse
from superposition.exact.sparse import matching_pursuit, non_negative_least_squares

GENERATOR = np.random.default_rng(4)


def problem(m: int, n: int, active: int, samples: int = 30) -> tuple[np.ndarray, np.ndarray]:
    W, x = GENERATOR.normal(size=(m, n)) / np.sqrt(m), GENERATOR.random((n, samples))
    return W, W @ np.where(x.argsort(axis=0).argsort(axis=0) < active, GENERATOR.random((n, samples)), 0.0)


@pytest.mark.parametrize("active", [1, 4, 12])
@pytest.mark.parametrize(("m", "n"), [(4, 20), (12, 20), (20, 20), (30, 20), (1, 1)])
def test_non_negative_least_squares_are_those_of_scipy(m, n, active):
    W, h = problem(m, n, active)
    for right in (h, GENERATOR.normal(size=h.shape)):  # what some x >= 0 explains, and what none does
        theirs = np.stack([nnls(W, one)[0] for one in right.T], axis=1)
        np.testing.assert_allclose(non_negative_least_squares(W, right), theirs, atol=1e-9)


@pytest.mark.parametrize("active", [1, 4, 12])
@pytest.mark.parametrize("m", [4, 12, 20])
def test_a_row_that_weighs_little_is_heeded(m, active):
    # More features than dimensions explain h exactly; which of them do is up to a row of 0.001 each, all that tells
    # features apart that otherwise depend on each other.
    W, h = problem(m, 20, active)
    W, h = np.vstack([W, np.full((1, 20), 1e-3)]), np.vstack([h, np.zeros((1, h.shape[1]))])
    theirs = np.stack([nnls(W, one, maxiter=2000)[0] for one in h.T], axis=1)
    np.testing.assert_allclose(non_negative_least_squares(W, h), theirs, atol=1e-9)


@pytest.mark.parametrize("active", [1, 4, 12])
@pytest.mark.parametrize("m", [4, 12, 20, 30])
def test_matching_pursuit_is_that_of_scikit_learn(m, active):
    W, h = problem(m, 20, active)
    size = np.sqrt((W**2).sum(axis=0))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that what is left is nothing but rounding
        theirs = orthogonal_mp(W / size, h, tol=1e-16) / size[:, None]
    np.testing.assert_allclose(matching_pursuit(W, h), theirs, atol=1e-7)


@pytest.mark.parametrize("penalty", [0.0, 1e-3])
@pytest.mark.parametrize("m", [2, 3, 5])
def test_ties_and_features_that_meet_0_together(m, penalty):
    # Of small whole numbers: many features are the same, opposite or dependent, and several explain h alike.
    for _ in range(20):
        W = np.vstack([GENERATOR.integers(-1, 2, (m, 9)), np.full((1, 9), penalty)]).astype(float)
        h = np.vstack([GENERATOR.integers(-2, 3, (m, 40)), np.zeros((1, 40))]).astype(float)
        x = non_negative_least_squares(W, h)
        assert (x >= 0).all()
        least = np.array([nnls(W, one)[1] for one in h.T])
        np.testing.assert_allclose(np.sqrt(((W @ x - h) ** 2).sum(axis=0)), least, atol=1e-9)


@pytest.mark.parametrize("search", [non_negative_least_squares, matching_pursuit])
def test_a_sample_does_not_depend_on_others(search):
    W, h = problem(8, 20, 3)
    together = search(W, h)
    np.testing.assert_array_equal(search(W, h[:, 5:6]), together[:, 5:6])
    np.testing.assert_array_equal(search(W, h[:, ::-1]), together[:, ::-1])
    assert search(W, h[:, :0]).shape == (20, 0)


@pytest.mark.parametrize("search", [non_negative_least_squares, matching_pursuit])
def test_features_that_depend_on_others_and_nothing_at_all(search):
    # two that are the same, one opposite to them, one that is 0; a vector of 0 has no feature
    W = np.array([[1.0, 1.0, -1.0, 0.0], [0.0, 0.0, 0.0, 0.0]])
    found = search(W, np.array([[0.5, 0.0, 0.0], [0.0, 0.0, 1.0]]))
    np.testing.assert_array_equal(found, [[0.5, 0, 0], [0, 0, 0], [0, 0, 0], [0, 0, 0]])


def test_a_search_without_an_end_is_an_error(monkeypatch):
    monkeypatch.setattr(sparse, "ROUNDS", 0)
    with pytest.raises(ArithmeticError, match="3 searches take and drop"):
        non_negative_least_squares(*problem(3, 4, 1, samples=3))
