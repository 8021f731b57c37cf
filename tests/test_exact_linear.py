import numpy as np
import pytest
import scipy.optimize

from superposition.exact import linear

GENERATOR = np.random.default_rng(2)


def normal(*shape: int) -> np.ndarray:
    return GENERATOR.normal(size=shape)


def test_solve_agrees_with_lapack_and_with_itself_in_a_batch():
    A, b = normal(6, 5, 5), normal(6, 5, 3)
    found = linear.solve(A, b)
    np.testing.assert_allclose(found, np.linalg.solve(A, b), rtol=1e-9)
    np.testing.assert_array_equal(found[2], linear.solve(A[2], b[2]))
    np.testing.assert_array_equal(found[..., 1], linear.solve(A, b[..., 1]))
    # a pivot of 0, which only an exchange of rows gets past: x = 2, y = 3
    np.testing.assert_array_equal(linear.solve(np.array([[0.0, 1.0], [1.0, 0.0]]), np.array([3.0, 2.0])), [2, 3])


def test_singular_systems_are_refused():
    with pytest.raises(ArithmeticError, match="2 equations is singular"):
        linear.solve(np.ones((2, 2)), np.ones(2))


def test_orthonormal_columns_are_those_of_qr():
    A = normal(4, 6, 6)
    Q = linear.orthonormal(A)
    np.testing.assert_allclose(np.swapaxes(Q, 1, 2) @ Q, np.broadcast_to(np.eye(6), (4, 6, 6)), atol=1e-14)
    theirs, R = np.linalg.qr(A)
    np.testing.assert_allclose(Q, theirs * np.sign(np.diagonal(R, axis1=1, axis2=2))[:, None, :], atol=1e-12)


@pytest.mark.parametrize("shape", [(7, 4), (4, 7), (5, 5), (3, 1), (3, 0)])
def test_singular_values(shape):
    A = normal(*shape)
    np.testing.assert_allclose(linear.singular_values(A), np.linalg.svd(A, compute_uv=False), atol=1e-13)


def test_singular_values_of_dependent_columns():
    A = normal(6, 2) @ normal(2, 4)
    np.testing.assert_allclose(linear.singular_values(A), np.linalg.svd(A, compute_uv=False), atol=1e-13)


def test_eigenvalues():
    A = normal(9, 9)
    np.testing.assert_allclose(linear.eigenvalues(A + A.T), np.linalg.eigvalsh(A + A.T), atol=1e-12)
    np.testing.assert_array_equal(linear.eigenvalues(np.diag([3.0, -1.0, 0.0])), [-1, 0, 3])
    np.testing.assert_allclose(linear.eigenvalues(np.array([[0.0, 1.0], [1.0, 0.0]])), [-1, 1], atol=1e-15)


@pytest.mark.parametrize("shape", [(3, 7), (7, 3)])
def test_shortest_solution_is_the_pseudo_inverses(shape):
    A, b = normal(*shape), normal(shape[0], 2)
    np.testing.assert_allclose(linear.shortest_solution(A, b), np.linalg.pinv(A) @ b, atol=1e-11)


def test_minimise_finds_rosenbrocks_minimum():
    def loss(x: np.ndarray) -> tuple[float, np.ndarray]:
        value = 100 * (x[1] - x[0] ** 2) ** 2 + (1 - x[0]) ** 2
        slope = np.array([-400 * x[0] * (x[1] - x[0] ** 2) - 2 * (1 - x[0]), 200 * (x[1] - x[0] ** 2)])
        return float(value), slope

    x, value = linear.minimise(loss, np.array([-1.2, 1.0]))
    np.testing.assert_allclose(x, [1, 1], atol=1e-9)
    assert value < 1e-18


def test_minimise_agrees_with_scipy_in_many_dimensions():
    A = normal(30, 12)
    b = normal(30)

    def loss(x: np.ndarray) -> tuple[float, np.ndarray]:
        left = np.maximum(A @ x - b, 0)
        return float(left @ left + 0.1 * x @ x), 2 * A.T @ left + 0.2 * x

    x, value = linear.minimise(loss, np.zeros(12))
    theirs = scipy.optimize.minimize(loss, np.zeros(12), jac=True, method="L-BFGS-B", options={"ftol": 1e-15})
    assert value <= theirs.fun + 1e-12
    np.testing.assert_allclose(x, theirs.x, atol=1e-5)


def test_root_and_least():
    assert linear.root(lambda x: x * x - 2, 0.0, 2.0) == pytest.approx(2**0.5, abs=1e-15)
    assert linear.root(lambda x: x, 0.0, 2.0) == 0
    with pytest.raises(ArithmeticError, match="no change of sign between 1 and 2"):
        linear.root(lambda x: x, 1.0, 2.0)
    at, value = linear.least(lambda x: (x - 0.3) ** 2 + 1, 0.0, 10.0)
    assert at == pytest.approx(0.3, abs=1e-7)
    assert value == pytest.approx(1, abs=1e-14)
