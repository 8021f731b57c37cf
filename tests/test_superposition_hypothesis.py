"""Gain and cost of superposition: theory of pairs, split losses, claims on an ideal outcome and on wrong ones."""

from dataclasses import replace

import numpy as np
import pytest

from superposition.claims import evaluate
from superposition.figures import figures_of
from superposition.readings.split_losses import split_losses
from superposition.theory import tipping
from superposition.theory.expected_loss import expected_loss, independent
from superposition.theory.losses import ignored, without_superposition
from tests import hand_made
from tests.hand_made import HandMade

DENSITIES = (1.0, 0.65, 0.6, 0.55, 0.5, 0.4, 0.3, 0.1, 0.03, 0.01)
# Pairs at each density, from where theory has the first one tip: 0.64, 0.58 and 0.53.
PAIRS = {0.9: (0, 0, 1, 2, 2, 4, 5, 5, 5, 5), 0.75: (0, 0, 0, 1, 1, 2, 3, 5, 5, 5), 0.6: (0, 0, 0, 0, 1, 1, 1, 3, 4, 5)}


def with_errors(models, lowered=1.0):
    """Tables of models whose features are ignored, dedicated or in antipodal pairs, with the errors of those.

    Ignored: s/3 - s^2/4. In a pair: s^2/6, which the best weights and biases lower by a factor. Dedicated: 0.
    """
    made = hand_made.tables(models)
    rows = made.features.assign(own=True, without="nothing")
    s = rows["density"]
    pair = np.where(rows["superposition"] > 0.5, lowered * s**2 / 6, 0.0)
    rows["error"] = np.where(rows["norm"] > 0.5, pair, s / 3 - s**2 / 4)
    return replace(made, extra={"ablations": rows[["instance", "own", "density", "without", "feature", "error"]]})


def ideal(pairs=PAIRS):
    models = []
    for name in ("linear", "relu_output"):
        for ratio, each in pairs.items():
            importance = [ratio**i for i in range(20)]
            for density, own in zip(DENSITIES, each, strict=True):
                shared = own if name == "relu_output" else 0
                plain = without_superposition(np.full(20, density), np.array(importance), 5)
                models += [
                    HandMade(
                        hand_made.pairs_in(5, 20, 5 - shared, shared),
                        [0.0] * 20,
                        round(1 - density, 6),
                        importance,
                        f"{ratio:g}^i",
                        name,
                        seed,
                        loss=plain * (1 - 0.1 * own) * (1 + 0.01 * seed),
                    )
                    for seed in range(2)
                ]
    return with_errors(models, lowered=0.8)


def verdicts(tables):
    found = evaluate({"superposition_hypothesis": tables}).verdicts
    return {one["id"].removeprefix("superposition_hypothesis."): one for one in found}


def test_gain_and_cost_of_a_pair_are_those_of_its_models():
    s, r = 0.3, 0.6
    importance, groups, b = np.array([1.0, r]), independent([s, s]), np.zeros(2)
    # ReLU(x_1 - x_2) is off by the smaller value if both are active, of which the square has mean 1/6; so is the other:
    # 1.6 * 0.09 / 6 = 0.024
    paid = tipping.paid(np.array([s]), r)[0]
    assert paid == pytest.approx(0.024)
    assert expected_loss(np.array([[1.0, -1.0]]), b, importance, groups) == pytest.approx(paid, rel=1e-3)
    # The second feature's mean in its place: 0.6 * (0.1 - 0.0225) = 0.0465
    gained = tipping.gained(np.array([s]), r)[0]
    assert gained == pytest.approx(0.0465)
    assert expected_loss(np.array([[1.0, 0.0]]), np.array([0, s / 2]), importance, groups) == pytest.approx(gained)


@pytest.mark.parametrize(("r", "expected"), [(1.0, 4 / 7), (0.5, 4 / 9), (0.1, 0.16)])
def test_the_balance_tips_where_both_are_equal(r, expected):
    s = tipping.tipping_density(r)
    assert s == pytest.approx(expected)
    assert tipping.gained(np.array([s]), r) == pytest.approx(tipping.paid(np.array([s]), r))


def test_free_weights_and_biases_tip_a_little_earlier():
    # Less important features get shorter vectors, so that the cost of a dense pair falls.
    assert tipping.tipping_density(0.6) < tipping.tipping_density_of_minima(0.6) == pytest.approx(0.526, abs=0.003)


def test_pairs_that_pay_are_the_best_number_of_pairs():
    importance = 0.75 ** np.arange(20)
    for density in (1.0, 0.5, 0.4, 0.2, 0.05):
        s = np.full(20, density)
        losses = [
            (importance[5 - k : 5 + k].sum() * density**2 / 6 + ignored(s, importance)[5 + k :].sum()) / 20
            for k in range(6)
        ]
        assert tipping.pairs_that_pay(importance, density, 5) == int(np.argmin(losses))
        assert tipping.loss_with_pairs(importance, density, 5) == pytest.approx(min(losses))
    # Feature 6 shares with 5: 4 * 0.75 / 5.75 = 0.522 and 7 with 4: 4 * 0.422 / 4.11 = 0.411
    assert [tipping.pairs_that_pay(importance, s, 5) for s in (0.53, 0.51, 0.42, 0.40)] == [0, 1, 1, 2]
    assert tipping.pairs_that_pay(importance[:6], 0.01, 5) == 1  # as many as there are features


def test_losses_are_split_by_what_is_represented():
    s, importance = 0.5, [1.0, 0.8, 0.5]
    shown = with_errors([HandMade([[1.0, -1.0, 0.0]], [0.0] * 3, 1 - s, importance)])
    (row,) = split_losses(shown).to_dict("records")
    # (1 + 0.8) * 0.25 / 6 / 3 features, and 0.5 * (1/6 - 1/16) / 3
    assert row["interference"] == pytest.approx(0.025)
    assert row["missing"] == pytest.approx(0.5 * (1 / 6 - 1 / 16) / 3)
    assert row["total"] == row["interference"] + row["missing"]


def test_claims_hold_on_the_ideal_outcome():
    found = verdicts(ideal())
    assert {name: one["verdict"] for name, one in found.items()} == dict.fromkeys(found, "holds")
    assert len(found) == 4
    assert found["tipping_point"]["measured"].startswith("0.9^i: 0.62 (0.6 to 0.65), theory 0.64 (0.55); 0.75^i: ")
    assert found["importance_delays"]["measured"] == "0.9^i: 0.6, 0.75^i: 0.55, 0.6^i: 0.5"
    # One pair of 0.6^i at 0.5: 0.8 (1 + 0.6) 0.25/6 over 0.6 (1/6 - 1/16)
    assert found["cheap_when_sparse"]["measured"].split("0.6^i: ")[1].startswith("0.85")


@pytest.mark.parametrize(
    ("pairs", "failing"),
    [
        # superposition begins too early for one curve, and for all at once
        (PAIRS | {0.9: (0, 1, 1, 2, 2, 4, 5, 5, 5, 5)}, {"tipping_point"}),
        (dict.fromkeys(PAIRS, PAIRS[0.9]), {"tipping_point", "importance_delays"}),
        # fewer features where sparser
        (PAIRS | {0.75: (0, 0, 0, 1, 1, 2, 3, 1, 5, 5)}, {"more_features_with_sparsity"}),
        (
            dict.fromkeys(PAIRS, (0,) * 10),
            {"more_features_with_sparsity", "tipping_point", "importance_delays", "cheap_when_sparse"},
        ),
    ],
)
def test_claims_fail_on_other_outcomes(pairs, failing):
    found = verdicts(ideal(pairs))
    assert failing <= {name for name, one in found.items() if one["verdict"] == "fails"}


def test_a_coarser_grid_does_not_make_the_tipping_point_easier():
    """Anything lies between 1 and 0.3; their geometric mean, 0.55, is not near where the first curve tips."""
    fine = ideal()
    kept = fine.instances[fine.instances["density"].round(6).isin([1.0, 0.3, 0.1, 0.03, 0.01])]
    parts = {
        name: getattr(fine, name)[getattr(fine, name)["instance"].isin(kept["instance"])]
        for name in ("features", "weights")
    }
    found = verdicts(replace(fine, instances=kept, extra={}, **parts))["tipping_point"]
    assert found["measured"].startswith("0.9^i: 0.55 (0.3 to 1), theory 0.64")
    assert found["verdict"] == "fails"


def test_interference_that_stays_expensive_fails():
    shown = ideal()
    errors = shown.extra["ablations"].merge(shown.features[["instance", "feature", "norm", "model"]])
    kept = (errors["norm"] > 0.5) & (errors["model"] == "relu_output")
    errors = errors.drop(columns=["norm", "model"])
    s = errors["density"]
    dear = replace(shown, extra={"ablations": errors.assign(error=errors["error"].where(~kept, 0.4 * s / 3))})
    assert verdicts(dear)["cheap_when_sparse"]["verdict"] == "fails"


def test_claims_need_errors_and_both_models():
    shown = ideal()
    without = evaluate({"superposition_hypothesis": replace(shown, extra={})})
    assert [claim.id for claim, _ in without.untested] == ["superposition_hypothesis.cheap_when_sparse"]
    other = hand_made.tables([HandMade([[1.0, -1.0]], [0.0] * 2)])
    assert len(evaluate({"superposition_hypothesis": other}).untested) == 4


def test_the_figure_is_drawn_and_other_shapes_get_an_overview():
    assert set(figures_of("superposition_hypothesis", ideal())) == {"balance", "learning_curves"}
    only = ideal()
    kept = only.instances["model"] == "relu_output"
    fewer = replace(only, instances=only.instances[kept].reset_index(drop=True))
    assert "balance" not in figures_of("superposition_hypothesis", replace(fewer, extra={}))
