"""Rotations of the hidden space: what they must leave alone and what not, and claims on models of known alignment."""

from dataclasses import replace
from math import pi

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.stats import kstest

from superposition.claims import CLAIMS, evaluate
from superposition.exact.philox import words
from superposition.figures import figures_of
from superposition.measures import rotations
from superposition.measures.trained import TrainedModel
from superposition.readings.basis import alignments, chance_in_two_dimensions, share_above
from superposition.readings.results import Tables
from tests import hand_made
from tests.hand_made import HandMade

TURN = np.array([[0.6, -0.8], [0.8, 0.6]])  # by 53 degrees
IMPORTANCE = [0.75**i for i in range(10)]
DENSITIES = (0.7, 0.03)


def model(W, hidden="linear", **other) -> TrainedModel:
    W = np.array(W, dtype=float)
    n = W.shape[1]
    fields = {
        "instance": 0,
        "point": 0,
        "seed": 0,
        "best": True,
        "model": "mine",
        "output": "relu",
        "target": "identity",
        "W_out": W.T,
        "b": np.zeros(n),
        "b_hidden": np.zeros(len(W)),
        "density": np.ones(n),
        "importance": np.ones(n),
        "values": "unit",
        "sets": "independent",
        "set_size": 1,
    }
    return TrainedModel(W=W, hidden=hidden, **(fields | other))


def test_a_linear_model_does_not_notice_a_rotation():
    x = np.array([[1.0, 0.5, 0.0], [0.25, 1.0, 0.0]])
    turned = rotations.rotated(model(np.eye(2)), TURN)
    np.testing.assert_allclose(turned.W, TURN, atol=2**-19)
    np.testing.assert_allclose(turned.outputs(x), x, atol=2**-14)


def test_no_rotation_changes_what_a_linear_hidden_layer_computes():
    # Hidden values are rounded to 2^-16 and rotated weights to 2^-18. Each of five hidden values is off by 2^-17 at
    # most, before and after the rotation, and meets a weight; with norms of 1.2 that makes 2 * sqrt(5) * 1.2 * 2^-17 =
    # 4e-5. The weights' own rounding, 2^-19 each, meets hidden values and ten inputs: 8e-5 at most.
    W = np.random.default_rng(0).normal(size=(5, 10))
    shown = model(1.2 * W / np.sqrt((W**2).sum(axis=0)), density=np.full(10, 0.5))
    found = rotations.table([shown], {"count": 199, "samples": 1024})
    assert found["change"].max() < 2.0**-13
    np.testing.assert_allclose(found["loss"], found["loss"][0], rtol=1e-4)


def test_a_relu_cuts_a_rotated_model():
    # x = (0, 1) goes to h = (-0.8, 0.6), of which the ReLU leaves (0, 0.6): y = 0.6 (0.8, 0.6).
    turned = rotations.rotated(model(np.eye(2), hidden="relu"), TURN)
    np.testing.assert_allclose(turned.outputs(np.array([[0.0], [1.0]])), [[0.48], [0.36]], atol=2**-14)


def test_untied_weights_and_hidden_biases_turn_too():
    x = np.array([[1.0, 0.5], [0.25, 1.0]])
    shown = model([[1.0, 0.5], [0.0, 1.0]], W_out=np.array([[1.0, -0.5], [0.0, 1.0]]), b_hidden=np.array([0.25, -0.5]))
    np.testing.assert_allclose(rotations.rotated(shown, TURN).outputs(x), shown.outputs(x), atol=2**-14)


def test_rotations_are_orthogonal_and_each_models_own():
    shown = model(np.eye(5))
    found = rotations.rotations(shown, 50)
    np.testing.assert_allclose(found @ found.mT, np.broadcast_to(np.eye(5), (50, 5, 5)), atol=2**-17)
    assert np.array_equal(found[:20], rotations.rotations(shown, 20))  # more of them change none
    assert not np.array_equal(found, rotations.rotations(replace(shown, seed=1), 50))
    assert {-1, 1} == set(np.round(np.linalg.det(found)).astype(int).tolist())


def test_signs_of_the_decomposition_do_not_matter():
    # Q R = A with a positive diagonal of R is unique; A = a rotation times such an R gives the rotation back.
    upper = np.array([[2.0, 0.5], [0.0, 0.25]])
    np.testing.assert_allclose(rotations.orthogonal(TURN @ upper), TURN, atol=2**-20)
    np.testing.assert_allclose(rotations.orthogonal(-TURN @ upper), -TURN, atol=2**-20)


def test_random_directions_in_the_plane_are_uniform():
    found = rotations.rotations(model(np.eye(2)), 2000)
    aligned = (found[:, :, 0] ** 2).max(axis=1)
    assert kstest(aligned, chance_in_two_dimensions).pvalue > 0.01
    # The mean of max(cos^2, sin^2) over the circle is 1/2 + 1/pi.
    assert aligned.mean() == pytest.approx(1 / 2 + 1 / pi, abs=0.01)


def test_in_five_dimensions_squares_have_the_moments_of_a_random_direction():
    # Of a uniform direction in m dimensions, E[sum u^4] = 3 / (m + 2).
    found = rotations.rotations(model(np.eye(5)), 2000)
    assert (found[:, :, 0] ** 4).sum(axis=1).mean() == pytest.approx(3 / 7, abs=0.01)


def test_the_chance_of_an_alignment_in_the_plane():
    # None is below 1/2, all are at most 1; at 30 degrees, cos^2 = 3/4, a third of 45 degrees is nearer to 45.
    assert chance_in_two_dimensions(np.array([0.5, 0.75, 1.0])) == pytest.approx([0, 1 / 3, 1])


def test_the_loss_is_that_of_the_samples():
    x = np.array([[1.0, 0.0], [0.5, 0.5]])
    shown = model([[1.0, 0.0]], importance=np.array([1.0, 0.5]))
    # Feature 1 comes back, feature 2 does not: 1/2 (1/4 + 1/4) over 4 numbers
    assert rotations.loss(shown, x, shown.outputs(x)) == 0.0625


def test_errors_that_sums_have_no_room_for_are_refused():
    x = np.ones((1, 1))
    with pytest.raises(ArithmeticError, match="errors of instance 0 reach 9"):
        rotations.loss(model([[1.0]]), x, 10 * x)


def test_the_table_has_the_trained_model_first():
    shown = [model(np.eye(2), instance=3), model(np.eye(2), hidden="relu", instance=4)]
    found = rotations.table(shown, {"count": 19, "samples": 64})
    assert found["instance"].tolist() == [3] * 20 + [4] * 20
    assert found["rotation"].tolist() == [*range(20)] * 2
    trained, turned = found[found["rotation"] == 0], found[found["rotation"] > 0]
    assert trained["alignment"].tolist() == [1, 1]
    assert trained["change"].tolist() == [0, 0]
    assert trained["loss"].max() < 1e-12
    linear, rectified = turned[turned["instance"] == 3], turned[turned["instance"] == 4]
    assert linear["change"].max() < 2**-14
    assert linear["loss"].max() < 1e-9
    assert rectified["loss"].median() > 0.01  # single rotations may be close to an exchange of neurons
    assert turned["alignment"].between(0.5, 1).all()
    pd.testing.assert_frame_equal(found, rotations.table(shown, {"count": 19, "samples": 64}))


def test_samples_are_those_of_the_models_density():
    key = torch.tensor([[1, 2]])
    drawn = words(key, 4, torch.arange(4096), torch.tensor(0))[0].numpy()
    x = model(np.eye(2), density=np.array([0.25, 1.0])).draw(drawn)
    assert (x > 0).mean(axis=1) == pytest.approx([0.25, 1.0], abs=0.03)


def test_shares_count_the_trained_model_itself():
    # 0.9 is reached by itself and by one of three rotations: 2 of 4
    rows = pd.DataFrame({"rotation": [2, 0, 1, 3], "alignment": [0.95, 0.9, 0.5, 0.6]})
    assert share_above(rows) == 0.5


def aligned_as(share: float) -> np.ndarray:
    """Five features in five dimensions, of which each has this share on its own and the rest on one other."""
    a, b = share**0.5, (1 - share) ** 0.5
    W = np.zeros((5, 10))
    W[:, :5] = a * np.eye(5) + b * np.roll(np.eye(5), 1, axis=0)
    return W


def ideal(trace: bool = False) -> Tables:
    """Linear models at every percentile of chance; ReLU ones at the top where dense and in the middle where sparse.

    With `trace`, linear models lie in the upper half of the shares.
    """
    made, tables = [], []
    for name in ("relu_output",) if trace else ("relu_output", "relu_hidden"):
        for density in DENSITIES:
            for seed in range(20):
                relu_share = 1.0 if density == 0.7 else 0.6
                W = aligned_as(0.6 if name == "relu_output" else relu_share)
                instance = len(made)
                made.append(
                    HandMade(W.tolist(), [0.0] * 10, round(1 - density, 6), IMPORTANCE, "0.75^i", name, seed,
                             loss=0.01 + 0.001 * seed)
                )  # fmt: skip
                # 99 rotations; as many of them are above the trained model as its percentile says
                share = (seed + 0.5) / 20 if name == "relu_output" else (0.0 if density == 0.7 else 0.5)
                above = round(99 * (0.5 + share / 2 if trace else share))
                alignment = float(relu_share if name == "relu_hidden" else 0.6)
                rows = {
                    "instance": instance,
                    "rotation": range(100),
                    "loss": [0.01] + [0.01 if name == "relu_output" else 0.05] * 99,
                    "change": [0.0] + [3e-5 if name == "relu_output" else 1.0] * 99,
                    "alignment": [alignment] + [0.65] * above + [0.5] * (99 - above),
                }
                tables.append(pd.DataFrame(rows))
    return replace(hand_made.tables(made), extra={"rotations": pd.concat(tables, ignore_index=True)})


def with_rotations(shown: Tables, which: str, **columns) -> Tables:
    """With other columns of the rows of one model's rotations."""
    turned = shown.extra["rotations"].copy()
    own = turned["instance"].map(shown.instances.set_index("instance")["model"]) == which
    for column, change in columns.items():
        turned.loc[own & (turned["rotation"] > 0), column] = change
    return replace(shown, extra={"rotations": turned})


def verdicts(shown: Tables, experiment: str = "basis_alignment") -> dict[str, str]:
    found = evaluate({experiment: shown}).verdicts
    return {str(verdict["id"]).split(".")[1]: str(verdict["verdict"]) for verdict in found}


def test_all_claims_hold_on_the_ideal():
    assert list(verdicts(ideal())) == [claim.id.split(".")[1] for claim in CLAIMS["basis_alignment"]]
    assert set(verdicts(ideal()).values()) == {"holds"}
    assert verdicts(ideal(trace=True), "basis_alignment_adam") == {"trace": "holds"}


def test_all_claims_fail_on_models_that_learned_nothing():
    shown = ideal()
    features = shown.features.assign(norm=0.0)
    turned = shown.extra["rotations"].assign(alignment=0.0, loss=0.01, change=0.0)
    nothing = replace(
        shown,
        instances=shown.instances.assign(n_represented=0),
        features=features,
        weights=shown.weights.assign(value=0.0),
        extra={"rotations": turned},
    )
    assert set(verdicts(nothing).values()) == {"fails"}
    assert verdicts(nothing, "basis_alignment_adam") == {"trace": "fails"}


@pytest.mark.parametrize(
    ("claim", "model", "columns"),
    [
        ("relu_models_break", "relu_hidden", {"loss": 0.015}),  # less than doubled
        ("linear_alignment_is_chance", "relu_output", {"alignment": 0.4}),  # all of them beyond chance
        ("relu_aligns_when_dense", "relu_hidden", {"alignment": 1.0}),  # rotations do it too
        ("privileged_is_not_aligned", "relu_hidden", {"alignment": 0.5}),  # beyond chance
        ("privileged_is_not_aligned", "relu_hidden", {"loss": 0.01}),  # nothing is privileged
    ],
)
def test_each_claim_fails_where_it_is_not_so(claim, model, columns):
    assert verdicts(with_rotations(ideal(), model, **columns))[claim] == "fails"


def test_models_that_are_blind_to_the_axes_have_no_trace_of_them():
    assert verdicts(ideal(), "basis_alignment_adam") == {"trace": "fails"}


def test_what_is_measured_is_said():
    found = {v["id"]: v for v in evaluate({"basis_alignment": ideal()}).verdicts}
    assert (
        found["basis_alignment.relu_models_break"]["measured"] == "0.7: 5.0 (5.00 at least); 0.03: 5.0 (5.00 at least)"
    )
    # 1 of 100, the trained model itself
    assert found["basis_alignment.relu_aligns_when_dense"]["measured"] == "1.000, by chance 0.50 (p = 0.01)"


def test_claims_need_the_measure_and_enough_models():
    shown = ideal()
    without = evaluate({"basis_alignment": replace(shown, extra={})})
    assert len(without.untested) == len(CLAIMS["basis_alignment"])
    assert {reason for _, reason in without.untested} == {
        "this run did not measure rotations: its measures.rotations is null"
    }


def test_alignments_are_one_row_for_each_model():
    found = alignments(ideal())
    assert len(found) == 80
    assert set(found[found["model"] == "relu_hidden"]["median"]) == {5.0}


def test_figures_are_drawn_where_they_fit():
    assert set(figures_of("basis_alignment", ideal())) == {"rotations", "learning_curves"}
    assert set(figures_of("basis_alignment_adam", ideal(trace=True))) == {"trace", "learning_curves"}
    assert "rotations" not in figures_of("basis_alignment", replace(ideal(), extra={}))
    assert "rotations" not in figures_of("basis_alignment", ideal(trace=True))
