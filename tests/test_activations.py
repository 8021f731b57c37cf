import numpy as np
import pytest

from superposition.measures.computation import primary_shares
from superposition.theory.activations import LEVELS, activation_chances


def test_one_feature_is_uniform():
    # h = 2 x: above 0 in half of the cases in which x is active, all levels up to 2 alike
    levels, chance, with_primary = activation_chances(np.array([0.0, -2.0]), 0.4, primary=1)
    assert levels[-1] == pytest.approx(2)
    assert chance.sum() == pytest.approx(0.2, rel=2 / LEVELS)
    assert chance[:-1] == pytest.approx(0.2 / (LEVELS - 1), rel=1e-6)
    np.testing.assert_allclose(with_primary, chance, atol=1e-12)


def test_two_equal_features():
    # h > 0 in half of the cases in which either is active, 1 - (1 - s)^2; the first is in s of s (2 - s): 1 / (2 - s)
    _, chance, with_primary = activation_chances(np.array([1.0, -1.0]), 0.5, primary=0)
    assert chance.sum() == pytest.approx((1 - 0.25) / 2, rel=0.01)
    assert with_primary.sum() / chance.sum() == pytest.approx(2 / 3, rel=0.01)


def test_it_is_the_convolution():
    random = np.random.default_rng(0)
    weights, density = random.uniform(-1, 1, 12) * np.array([1.0, 0.1, 1e-5, 0.0] * 3), 0.4
    _, chance, with_primary = activation_chances(weights, density, primary=0)
    # of each feature the mass in each cell, by the uniform distribution's own
    edges = (np.arange(-LEVELS, LEVELS + 1) - 0.5) * np.abs(weights).sum() / (LEVELS - 1)
    for own, found in ((1 - density, chance), (0.0, with_primary)):
        whole = np.eye(1, 2 * LEVELS, LEVELS)[0]
        for feature, width in enumerate(np.maximum(np.abs(weights), 1e-12)):
            cells = density * np.diff(np.clip(edges / width, -1, 1)) / 2
            cells[LEVELS] += 1 - density if feature else own
            whole = np.convolve(whole, cells)[LEVELS : 3 * LEVELS]
        assert found == pytest.approx(whole[LEVELS + 1 :], abs=1e-14)


def test_agrees_with_samples():
    random = np.random.Generator(np.random.Philox(0))
    weights, density = np.array([1.0, -0.5, 0.25, 0.1]), 0.3
    x = np.where(random.random((400_000, 4)) < density, random.uniform(-1, 1, (400_000, 4)), 0)
    h = x @ weights
    levels, chance, with_primary = activation_chances(weights, density, primary=0)
    for level in (0.2, 0.6, 1.0):
        assert chance[levels > level].sum() == pytest.approx((h > level).mean(), rel=0.05)
        assert with_primary[levels > level].sum() == pytest.approx(((h > level) & (x[:, 0] != 0)).mean(), rel=0.05)


def test_primary_shares_of_mono_and_polysemantic_neurons():
    W = np.array([[0.0, 3.0, 0.0], [1.0, 0.5, 0.0], [1.0, 1.0, 1.0]])
    alone, mixed, equal = primary_shares(W, 1e-4, [0, 1, 2])  # so sparse that features never meet
    assert alone == pytest.approx((1, 1))
    # above a tenth: 0.9 of the first feature's positive values, 0.8 of the second's; above 0.5 only the first's
    assert mixed == pytest.approx((1, 0.9 / 1.7), abs=0.005)
    assert equal == pytest.approx((1 / 3, 1 / 3), abs=0.01)
