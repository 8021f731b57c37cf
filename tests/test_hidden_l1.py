"""The penalty on hidden values: theory of single features, and what the measure stage says of it."""

from dataclasses import replace

import numpy as np
import pytest

from superposition.claims import evaluate
from superposition.measures.activity import penalty
from superposition.theory.hidden_l1 import kept_above, losses, norms
from tests import as_printed
from tests.hand_made import trained_model

DENSITY = 0.1


def objective(w, importance, penalty):
    """By quadrature over x in [0, 1] (midpoints), with the best of many biases."""
    x = (np.arange(500) + 0.5) / 500
    biases = np.linspace(0, 0.2, 201)
    on = ((np.maximum(w**2 * x[:, None] + biases, 0) - x[:, None]) ** 2).mean(0)
    errors = DENSITY * on + (1 - DENSITY) * biases**2
    return importance * errors.min() + penalty * w * DENSITY / 2


@pytest.mark.parametrize(("importance", "penalty"), [(1.0, 0.1), (0.5, 0.2), (1.0, 0.0), (0.2, 0.2), (0.3, 0.25)])
def test_norms_minimise_the_objective(importance, penalty):
    ws = np.linspace(0, 1.2, 601)
    best = ws[np.argmin([objective(w, importance, penalty) for w in ws])]
    assert norms(np.array([importance]), penalty, DENSITY)[0] == pytest.approx(best, abs=0.005)
    expected = objective(best, importance, penalty) - penalty * best * DENSITY / 2
    assert losses(np.array([importance]), penalty, DENSITY)[0] == pytest.approx(expected, abs=2e-4)


def test_at_the_threshold_it_makes_no_difference_whether_a_feature_is_kept():
    importance = kept_above(0.3, DENSITY)
    assert importance == pytest.approx(1.4895 * 0.3, rel=1e-3)  # s = 0.1: 0.1 / (2 (0.0333 - 0.0025) 1.08866)
    w = (2 / 3) ** 0.5
    assert objective(w, importance, 0.3) == pytest.approx(objective(0, importance, 0.3), rel=1e-3)
    kept = norms(importance * np.array([1.001, 0.999]), 0.3, DENSITY)
    assert kept == pytest.approx([w, 0], abs=0.01)


def test_the_penalty_that_is_measured_is_the_one_of_training():
    words = np.array([[2**31 - 1, 2**32 - 1], [2**32 - 1, 2**30]])  # x = (1, 0) and (0, 1/2)
    penalised = trained_model([[1.0, -0.5]], hidden_l1=0.4)
    # |h| = 1 and 1/4: 0.4 * 1.25 / 2 samples / 2 features; and 0.4 / 2 features times half their difference
    assert penalty(penalised, words) == pytest.approx((0.125, 0.075), abs=1e-4)
    # 1 and 0
    assert penalty(replace(penalised, hidden="relu"), words) == pytest.approx((0.1, 0.1), abs=1e-4)
    assert penalty(replace(penalised, hidden_l1=0.0), words) == (0, 0)
    assert penalty(penalised, words[:, :1])[1] == np.inf  # of one sample nothing is known


def test_models_are_judged_by_loss_and_penalty_together():
    shown = as_printed.hidden_l1()
    instances = shown.instances.copy()
    # the second seed, of a higher loss, has almost no penalty
    second = (instances["hidden_l1"] == 0.5) & (instances["seed"] == 1)
    instances.loc[second, "penalty"] = 0.0
    found = {v["id"]: v for v in evaluate({"hidden_l1": replace(shown, instances=instances)}).verdicts}
    # 37e-4 * 1.1 / 4e-4
    assert found["hidden_l1.removed"]["measured"].endswith("task loss 10.2 times")


def test_superposition_is_not_removed_where_nothing_is_left():
    shown = as_printed.hidden_l1()
    emptied = shown.instances["instance"][shown.instances["hidden_l1"] >= 0.15]  # from where there is none
    features = shown.features.copy()
    features.loc[features["instance"].isin(emptied), "norm"] = 0.0
    found = {v["id"]: v for v in evaluate({"hidden_l1": replace(shown, features=features)}).verdicts}
    assert found["hidden_l1.removed"]["verdict"] == "fails"
    assert "; 0 are left without superposition; " in found["hidden_l1.removed"]["measured"]
