import numpy as np
import pytest

from superposition.measures.neurons import alignment, in_reading_order, monosemantic, polysemantic

HADAMARD = np.array([[1.0, 1, 1, 1], [1, -1, 1, -1], [1, 1, -1, -1], [1, -1, -1, 1]]) / 2
BINARY_CODE = np.array([[1.0, 1.0, -1.0], [1.0, -1.0, 1.0]])  # (+, +), (+, -), (-, +)


def test_features_on_neurons_of_their_own_are_aligned():
    W = np.hstack([np.eye(3), np.zeros((3, 2))])
    assert alignment(W).tolist() == [1, 1, 1, 0, 0]  # 0 where there is no direction
    assert monosemantic(W).tolist() == [True] * 3
    assert not polysemantic(W).any()


@pytest.mark.parametrize("scale", [0.8, 1.0, 3.0])
def test_a_basis_that_shares_all_neurons_alike_has_the_least_alignment(scale):
    # Orthogonal, so that a model without a ReLU could not tell it from the identity: (1/2)^2 / (4 (1/2)^2) = 1/4.
    np.testing.assert_allclose(alignment(scale * HADAMARD), [0.25] * 4)
    assert not monosemantic(scale * HADAMARD).any()
    assert polysemantic(scale * HADAMARD).all()


def test_alignment_is_the_share_of_the_strongest_neuron():
    # 0.6^2 / (0.6^2 + 0.8^2) and so on: 0.64, 0.64; signs do not count.
    np.testing.assert_allclose(alignment(np.array([[0.6, -0.8], [-0.8, 0.6]])), [0.64, 0.64])


def test_a_binary_code_makes_its_neurons_polysemantic_and_no_others():
    W = np.zeros((4, 5))
    W[0, 0] = W[1, 1] = 1
    W[2:, 2:] = BINARY_CODE
    assert monosemantic(W).tolist() == [True, True, False, False]
    assert polysemantic(W).tolist() == [False, False, True, True]
    np.testing.assert_allclose(alignment(W), [1, 1, 0.5, 0.5, 0.5])


def test_a_neuron_may_be_neither():
    # One feature beside a weight between the lines is not alone; without any above 0.3 a neuron is not used.
    W = np.array([[1.0, 0.2], [0.2, 0.2], [0.0, 0.0], [-1.0, 0.14], [0.4, 0.4]])
    assert monosemantic(W).tolist() == [False, False, False, True, False]
    assert polysemantic(W).tolist() == [True, False, False, False, True]


def test_both_kinds_ignore_the_order_of_neurons_and_features():
    generator = np.random.default_rng(0)
    W = generator.normal(size=(6, 8)) * generator.integers(0, 2, size=(6, 8))
    neurons, features = generator.permutation(6), generator.permutation(8)
    shuffled = W[neurons][:, features]
    assert monosemantic(shuffled).tolist() == monosemantic(W)[neurons].tolist()
    assert polysemantic(shuffled).tolist() == polysemantic(W)[neurons].tolist()
    np.testing.assert_allclose(alignment(shuffled), alignment(W)[features])


def test_monosemantic_neurons_are_drawn_first_and_by_feature():
    W = np.array([[0.9, 0.0, 0.8], [0.0, 0.0, 1.0], [0.0, -1.0, 0.0]])
    assert in_reading_order(W).tolist() == [2, 1, 0]
