"""The penalty on hidden values: theory of single features, and what the measure stage says of it."""

from dataclasses import replace

import numpy as np
import pytest

from superposition.claims import activation_frequency as claims
from superposition.claims import evaluate
from superposition.figures import activation_frequency as figures
from superposition.figures import svg
from superposition.measures.activity import penalty
from superposition.theory.activation_frequency import dedicated, digon
from superposition.theory.hidden_l1 import kept_above, losses, norms
from tests import as_printed, layout
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


def test_what_a_dimension_saves_for_each_activation():
    """By quadrature over two features, of which a digon's outputs are ReLU(x - y) and ReLU(y - x)."""
    s, x = 0.4, (np.arange(400) + 0.5) / 400
    together = np.minimum(*np.meshgrid(x, x))  # what either output is off by where both are active
    alone = s / 3 - s * s / 4  # without weights, and the mean as output
    saved = 2 * alone - 2 * s * s * (together**2).mean()
    assert digon(np.array([s]))[0] == pytest.approx(saved / (1 - (1 - s) ** 2), rel=1e-4)
    assert dedicated(np.array([s]))[0] == pytest.approx(alone / s)
    sparse = np.array([1e-3])
    assert (1 - digon(sparse) / dedicated(sparse))[0] == pytest.approx(3 * 1e-6 / 8, rel=2e-3)
    assert digon(np.array([4 / 7]))[0] * (1 - (3 / 7) ** 2) == pytest.approx((dedicated(np.array([4 / 7])) * 4 / 7)[0])


@pytest.mark.parametrize("better", [1.01, 0.9])
def test_a_digon_that_is_better_or_stays_worse_is_not_the_papers(monkeypatch, better):
    shown = as_printed.hidden_l1()
    assert claims.dedicated_dimensions_save_more(shown).verdict == "holds"
    monkeypatch.setattr(claims, "digon", lambda s: better * digon(s))
    assert claims.dedicated_dimensions_save_more(shown).verdict == "fails"


def test_the_figure_of_activations(tmp_path):
    svg.save(figures.figure(), tmp_path / "saved.svg")
    assert not layout.faults((tmp_path / "saved.svg").read_bytes())
