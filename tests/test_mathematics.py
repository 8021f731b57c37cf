"""Formulas of "Mathematical Understanding" against answers that can be worked out by hand."""

import numpy as np
import pytest

from superposition.theory.active_features import (
    interference_of_one,
    lattice_loss,
    losses_by_active,
    weights_of_active,
)
from superposition.theory.linear_loss import GAUSSIAN, SKEWED, benefit_and_interference, descend, expected_loss
from superposition.theory.losses import antipodal
from superposition.theory.polytopes import polygon
from superposition.theory.thomson import energy, relax, signed_basis

PAIR = np.array([[1.0, -1.0]])
EVEN = np.ones(2)


def test_the_linear_loss_by_hand():
    # W_1 = (1), W_2 = (2): benefits 0 and 3 * (1 - 4)^2, interference (1 + 3) * 2^2
    assert benefit_and_interference(np.array([[1.0, 2.0]]), np.array([1.0, 3.0])) == pytest.approx((27, 16))
    assert benefit_and_interference(np.zeros((1, 2)), np.array([1.0, 3.0])) == (4, 0)


@pytest.mark.parametrize("features", [GAUSSIAN, SKEWED])
def test_features_have_mean_0_and_variance_1_and_the_expectation_is_the_formula(features):
    values, chance = (np.array(part) for part in features)
    assert (chance.sum(), chance @ values, chance @ values**2) == pytest.approx((1, 0, 1))
    W = np.array([[0.3, -0.7, 0.2], [0.9, 0.1, -0.4]])
    importance = np.array([1.0, 0.5, 2.0])
    assert expected_loss(W, importance, *features) == pytest.approx(sum(benefit_and_interference(W, importance)))


def test_descent_goes_down_the_gradient():
    importance = np.array([1.0, 0.5, 2.0])
    W = np.array([[0.3, -0.7, 0.2], [0.9, 0.1, -0.4]])
    step = descend(W[None], importance, steps=1, rate=1e-3)[0] - W
    for place in np.ndindex(W.shape):
        nudge = np.zeros_like(W)
        nudge[place] = 1e-5
        up, down = (sum(benefit_and_interference(W + sign * nudge, importance)) for sign in (1, -1))
        assert step[place] == pytest.approx(-1e-3 * (up - down) / 2e-5, rel=1e-6)


def test_one_feature():
    # Not represented, b = 1/2: off by 1/2 if it is 0, and by x - 1/2 if not; Int (x - 1/2)^2 dx = 1/12
    assert losses_by_active(np.zeros((1, 1)), np.array([0.5]), np.ones(1)) == pytest.approx([1 / 4, 1 / 12])
    # W = 1, b = -1/2: x below 1/2, where the ReLU is shut, and 1/2 above it. 1/24 + 1/8
    assert losses_by_active(np.ones((1, 1)), np.array([-0.5]), np.ones(1)) == pytest.approx([0, 1 / 24 + 1 / 8])
    assert losses_by_active(np.ones((1, 1)), np.zeros(1), np.ones(1)) == pytest.approx([0, 0], abs=1e-15)


def test_an_antipodal_pair_is_off_only_if_both_are_active():
    # Either is then off by the smaller of the two, whose square has mean 1/6.
    losses = losses_by_active(PAIR, np.zeros(2), EVEN, nodes=20)
    assert losses == pytest.approx([0, 0, 1 / 3], rel=1e-3)
    total = losses @ weights_of_active(2, 0.3)
    assert total == pytest.approx(antipodal(np.full(2, 0.3), EVEN).sum(), rel=1e-3)
    assert lattice_loss(PAIR, np.zeros(2), EVEN, 0.3) == pytest.approx(total, rel=0.005)


def test_all_sets_of_active_features_make_up_all_inputs():
    # 1, 3, 3, 1 sets of 0, 1, 2, 3 of three features
    assert weights_of_active(3, 0.2) @ [1, 3, 3, 1] == pytest.approx(1)
    assert weights_of_active(3, 1.0).tolist() == [0, 0, 0, 1]


def test_one_feature_disturbs_others_only_where_dot_products_are_positive():
    assert interference_of_one(PAIR, np.zeros(2), EVEN) == 0
    # Either puts x on the other: Int x^2 dx = 1/3, twice. With b = -1/2, Int_{1/2}^1 (x - 1/2)^2 dx = 1/24
    assert interference_of_one(np.ones((1, 2)), np.zeros(2), EVEN) == pytest.approx(2 / 3)
    assert interference_of_one(np.ones((1, 2)), np.full(2, -0.5), EVEN) == pytest.approx(2 / 24)


def test_energies():
    assert energy(polygon(3)) == 0
    # Each corner of a pentagon has two neighbours at 72 degrees.
    assert energy(polygon(5)) == pytest.approx(10 * np.cos(np.radians(72)) ** 2)
    assert energy(np.array([[1.0, 1.0]])) == 2
    assert all(energy(signed_basis(n, 3)) == 0 for n in range(1, 7))
    with pytest.raises(ValueError, match="there are only 6"):
        signed_basis(7, 3)


def test_relaxed_points_are_the_known_optima():
    assert energy(relax(4, 2)) == pytest.approx(0, abs=1e-9)
    assert energy(relax(5, 2)) == pytest.approx(energy(polygon(5)))
    # Three points on a line: two coincide.
    assert energy(relax(3, 1)) == 2
