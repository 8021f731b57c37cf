"""Expected losses of small models against formulas, sampled inputs and finite differences."""

import numpy as np
import pytest

from superposition.theory.expected_loss import (
    Group,
    anticorrelated,
    correlated,
    expected_loss,
    independent,
    loss_and_gradients,
    minimum,
)
from superposition.theory.losses import antipodal, ignored
from superposition.theory.polytopes import polygon
from superposition.theory.uneven_density import (
    digon,
    pentagons,
    square_without_another,
    square_without_last,
    triangle,
)
from tests.test_mathematics import lattice_loss

PAIR = np.array([[1.0, -1.0]])
EVEN = np.ones(2)


def some_model(n, seed=0):
    random = np.random.default_rng(seed)
    return random.normal(size=(2, n)) * 0.7, random.normal(size=n) * 0.2, random.uniform(0.5, 1, n)


def test_groups_and_their_probabilities():
    found = {group.features: group.probability for group in independent([0.1, 0.3])}
    assert found == pytest.approx({(): 0.63, (0,): 0.07, (1,): 0.27, (0, 1): 0.03})
    assert correlated(4, 2, 0.5) == [Group(features, 0.25) for features in ((), (2, 3), (0, 1), (0, 1, 2, 3))]
    assert anticorrelated(2, 2, 0.5) == [Group((), 0.5), Group((0,), 0.25), Group((1,), 0.25)]
    assert independent([1.0]) == [Group((0,), 1.0)]  # what never happens is left out


def test_nothing_represented_costs_the_variance():
    b = np.full(2, 0.15)
    expected = ignored(np.full(2, 0.3), EVEN).sum()  # s = 0.3, b = s/2
    assert expected_loss(np.zeros((1, 2)), b, EVEN, independent([0.3, 0.3])) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("groups", "loss"),
    [
        (independent([0.3, 0.3]), 2 * 0.3**2 / 6),
        (correlated(2, 2, 0.3), 0.3 * 2 / 6),  # both or none, and each is off by the smaller one, E min^2 = 1/6
        (anticorrelated(2, 2, 0.3), 0.0),
    ],
)
def test_an_antipodal_pair(groups, loss):
    assert expected_loss(PAIR, np.zeros(2), EVEN, groups) == pytest.approx(loss, rel=1e-3, abs=1e-12)


@pytest.mark.parametrize("density", [0.05, 0.3])
def test_it_is_the_mean_over_evenly_spread_inputs(density):
    W, b, importance = some_model(5)
    found = expected_loss(W, b, importance, independent([density] * 5))
    assert found == pytest.approx(lattice_loss(W, b, importance, density), rel=2e-3)


@pytest.mark.parametrize("kind", ["correlated", "anticorrelated"])
def test_it_is_the_mean_over_sampled_sets(kind):
    W, b, importance = some_model(6)
    random = np.random.default_rng(1)
    on = random.random((2**18, 3)) < 0.4
    first = random.random((2**18, 3)) < 0.5 if kind == "anticorrelated" else True
    second = ~first if kind == "anticorrelated" else True
    x = random.random((2**18, 6)) * np.stack([on & first, on & second], axis=2).reshape(-1, 6)
    sampled = ((x - np.maximum(x @ W.T @ W + b, 0)) ** 2 @ importance).mean()
    groups = {"correlated": correlated, "anticorrelated": anticorrelated}[kind](6, 2, 0.4)
    assert expected_loss(W, b, importance, groups) == pytest.approx(sampled, rel=0.01)


def test_several_models_at_once_are_each_as_alone():
    models = [some_model(4, seed)[:2] for seed in range(3)]
    groups = correlated(4, 2, 0.2)
    together = expected_loss(np.stack([W for W, _ in models]), np.stack([b for _, b in models]), np.ones(4), groups)
    assert together == pytest.approx([float(expected_loss(W, b, np.ones(4), groups)) for W, b in models])


def test_permuting_sets_and_turning_the_plane_change_nothing():
    W, b, _ = some_model(6)
    groups = correlated(6, 2, 0.3)
    order = [2, 3, 0, 1, 4, 5]
    turn = np.array([[0.6, -0.8], [0.8, 0.6]])
    loss = expected_loss(W, b, np.ones(6), groups)
    assert expected_loss(turn @ W, b, np.ones(6), groups) == pytest.approx(loss)
    assert expected_loss(W[:, order], b[order], np.ones(6), groups) == pytest.approx(loss, rel=1e-3)


@pytest.mark.parametrize("groups", [independent([0.1, 0.2, 0.3, 0.5, 0.9]), anticorrelated(5, 5, 0.7)])
def test_gradients_are_those_of_the_loss(groups):
    W, b, importance = some_model(5)
    loss, of_W, of_b = loss_and_gradients(W, b, importance, groups)
    assert loss == expected_loss(W, b, importance, groups)
    for feature, nudge in enumerate(1e-6 * np.eye(5)):
        up, down = (expected_loss(W, b + sign * nudge, importance, groups) for sign in (1, -1))
        assert of_b[feature] == pytest.approx((up - down) / 2e-6, abs=1e-8)
        for row, own in enumerate(np.eye(2)):
            step = np.outer(own, nudge)
            up, down = (expected_loss(W + sign * step, b, importance, groups) for sign in (1, -1))
            assert of_W[row, feature] == pytest.approx((up - down) / 2e-6, abs=1e-8)


def test_a_minimum_is_lower_than_all_around_it():
    groups = independent([0.05] * 5)
    found = minimum(1.1 * polygon(5), np.full(5, -0.2), np.ones(5), groups)
    random = np.random.default_rng(0)
    for _ in range(20):
        W = found.W + 1e-2 * random.normal(size=(2, 5))
        b = found.b + 1e-2 * random.normal(size=5)
        assert expected_loss(W, b, np.ones(5), groups) > found.loss
    # the regular pentagon of density 0.05: mean loss 0.00178, all norms alike
    assert found.loss / 5 == pytest.approx(1.781e-3, rel=1e-3)
    assert np.sqrt((found.W**2).sum(axis=0)) == pytest.approx(np.full(5, 1.135), abs=1e-3)


def test_closed_forms_of_digons():
    s, last = 0.05, np.array([0.01, 0.2])
    assert digon(np.array([s]), np.array([s])) == pytest.approx(2 * antipodal(np.array([s]), np.ones(1)))
    cases = {
        square_without_last: ([0, 90, 180, 270], [1, 1, 1, 1, 0]),
        square_without_another: ([90, 180, 270, 0], [1, 1, 1, 0, 1]),
    }
    right = np.array([[1.0, 0, -1, 0], [0, 1.0, 0, -1]])
    for form, (_, kept) in cases.items():
        for density, loss in zip(last.tolist(), form(s, last).tolist(), strict=True):
            W = np.zeros((2, 5))
            W[:, np.flatnonzero(kept)] = right
            b = np.where(kept, 0, [s / 2] * 4 + [density / 2])
            exact = expected_loss(W, b, np.ones(5), independent([s] * 4 + [density])) / 5
            assert loss == pytest.approx(exact, rel=2e-3)
    assert (triangle(s, last) > square_without_another(s, last)).all()


def test_the_pentagon_and_the_digons_are_equally_good_at_0_27_times_the_density():
    last = 0.05 * np.array([0.25, 0.29])
    pentagon = np.array([found.loss for found in pentagons(0.05, last)])
    digons = square_without_last(0.05, last)
    assert (pentagon > digons).tolist() == [True, False]
