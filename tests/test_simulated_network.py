"""Narrow networks that simulate a wide one: equivalent width, readouts, and what claims and figures make of them."""

from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np
import pandas as pd
import pytest

from superposition.claims import evaluate
from superposition.figures import figures_of
from superposition.measures import imitation
from superposition.measures.extra import extra_tables
from superposition.measures.trained import TrainedModel
from superposition.readings.results import Tables
from superposition.readings.simulation import (
    closest,
    directions,
    equivalent_widths,
    outputs_alone,
    simulated,
    strays,
)
from superposition.theory.equivalent_width import equivalent_width, monosemantic_losses, one_half
from tests import as_printed, hand_made
from tests.as_printed import halves
from tests.hand_made import HandMade, trained_model

N, WIDE = 10, 20
WIDTHS = (4, 8, WIDE)
RATIOS = {("1", 0.5): 1.0, ("1", 0.1): 1.5, ("1", 0.03): 2.0, ("0.8^i", 0.5): 1.0, ("0.8^i", 0.1): 1.2,
          ("0.8^i", 0.03): 1.5}  # fmt: skip
LEARNED = np.array([[1.0, 0, 1], [-1, 0, -1], [0, 1, 1], [0, -1, -1]])  # W of three features on four neurons
# 1+ is (1, 0, 0, 0), 1- (0, 1, 0, 0), 2+ and 2- are the other two, 3+ is (1, 0, 1, 0) and 3- (0, 1, 0, 1).
READ = np.array([[1.2, 1.2, -0.75, -0.75], [-0.75, -0.75, 1.2, 1.2], [0.6, 0.6, 0.6, 0.6]])
BIAS = -0.2


def network(width: int, dense: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """W, W_out and b of `WIDE` rows and columns: two neurons for each feature, or three features on each four."""
    if dense or width == WIDE:
        W = halves(N, width // 2)
        W = np.vstack([W, np.zeros((WIDE - width, N))])
        return W, np.abs(W).T, np.where(np.arange(N) < width // 2, 0, 0.1)
    W, W_out = np.zeros((WIDE, N)), np.zeros((N, WIDE))
    for block in range(width // 4):
        rows, columns = slice(4 * block, 4 * block + 4), slice(3 * block, 3 * block + 3)
        W[rows, columns], W_out[columns, rows] = LEARNED, READ
    return W, W_out, np.where(np.arange(N) < 3 * (width // 4), BIAS, 0.0)


def simulated_network() -> Tables:
    """What the paper describes; the second seed at each point has a loss that is a tenth higher."""
    curves = {"1": np.ones(N), "0.8^i": 0.8 ** np.arange(N)}
    models, shares = [], []
    for curve, density, width, seed in product(curves, (0.5, 0.1, 0.03), WIDTHS, (0, 1)):
        W, W_out, b = network(width, density == 0.5)
        equivalent = min(RATIOS[curve, density] * width, WIDE)
        loss = np.interp(equivalent, np.arange(WIDE + 1), monosemantic_losses(density, curves[curve]))
        models.append(
            HandMade(
                W.tolist(),
                b.tolist(),
                1 - density,
                curves[curve].tolist(),
                curve,
                "absolute_value",
                seed,
                float(loss) * (1 + 0.1 * seed),
                W_out.tolist(),
                n_hidden=width,
            )
        )
        linear = width / WIDE
        shares.append((linear, linear if density == 0.5 else min(1.0, 1.6 * linear)))
    rows = [
        {
            "instance": number,
            "teacher": 4,
            "feature": half // 2,
            "sign": 1 - 2 * (half % 2),
            "linear": linear,
            "rectified": rectified,
        }
        for number, (model, (linear, rectified)) in enumerate(zip(models, shares, strict=True))
        for half in range(WIDE)
        if model.n_hidden != WIDE
    ]
    return replace(hand_made.tables(models), extra={"imitation": pd.DataFrame(rows)})


def verdicts(tables: Tables) -> dict[str, dict[str, str | float]]:
    found = evaluate({"simulated_network": tables}).verdicts
    return {str(one["id"]).removeprefix("simulated_network."): one for one in found}


# ---- how wide a network without superposition would have to be


def test_losses_of_whole_features_are_those_of_the_others():
    # s = 1, importance 1 and 1/2, two features: variances 1/12 and 1/24. Half of a feature leaves 1/6 - 1/10 = 1/15.
    losses = monosemantic_losses(1.0, np.array([1.0, 0.5]))
    expected = np.array([1 / 12 + 1 / 24, 1 / 15 + 1 / 24, 1 / 24, 1 / 30, 0]) / 2
    np.testing.assert_allclose(losses, expected, atol=1e-15)


@pytest.mark.parametrize("density", [1.0, 0.5, 0.03])
def test_half_a_feature_is_computed_as_well_as_can_be(density):
    x = (np.arange(1000) + 0.5) / 1000
    a, b = np.meshgrid(np.linspace(0, 1.2, 241), np.linspace(0, 0.6, 241))
    on = ((a[..., None] * x + b[..., None] - x) ** 2).mean(-1)
    off = ((b[..., None] - x) ** 2).mean(-1)
    least = (density / 2 * (on + off) + (1 - density) * b**2).min()
    assert one_half(density) == pytest.approx(least, rel=1e-3)


@pytest.mark.parametrize("ratio", [1.0, 0.9, 0.3])
@pytest.mark.parametrize("density", [1.0, 0.2])
def test_no_other_allotment_of_neurons_is_better(ratio, density):
    importance = ratio ** np.arange(4)
    of = np.array([density / 3 - density**2 / 4, one_half(density), 0.0])  # with 0, 1, 2 neurons
    least = np.full(9, np.inf)
    for allotted in product(range(3), repeat=4):
        k = sum(allotted)
        least[k] = min(least[k], float(importance @ of[list(allotted)]) / 4)
    np.testing.assert_allclose(monosemantic_losses(density, importance), least, atol=1e-15)


def test_equivalent_width_is_the_width_of_a_network_without_superposition():
    importance = 0.8 ** np.arange(5)
    losses = monosemantic_losses(0.1, importance)
    assert [equivalent_width(float(loss), 0.1, importance) for loss in losses] == pytest.approx(range(11))
    assert equivalent_width(float(losses[4:6].mean()), 0.1, importance) == pytest.approx(4.5)
    assert equivalent_width(1.0, 0.1, importance) == 0


def test_importance_must_fall():
    with pytest.raises(ValueError, match="order of their importance"):
        monosemantic_losses(0.1, np.array([0.5, 1.0]))


def test_every_instance_has_its_equivalent_width():
    found = equivalent_widths(simulated_network())
    best = found[found["best"] & (found["n_hidden"] == 4)]
    for _, row in best.iterrows():
        assert row["ratio"] == pytest.approx(RATIOS[row["curve"], round(row["density"], 3)], rel=1e-6)
    assert found.groupby("point")["loss"].is_monotonic_increasing.all()


# ---- directions


def test_halves_have_directions_that_do_not_overlap_within_a_feature():
    # scaled to a largest input weight of 1: 2 becomes 1, and -1 becomes -1/2
    W, W_out = np.array([[2.0, 0.0], [-1.0, 1.0]]), np.ones((2, 2))
    np.testing.assert_allclose(directions(W, W_out), [[1, 0], [0, 1], [0, 1], [0, 0]])


def test_four_neurons_simulate_three_features():
    b = np.full(3, BIAS)
    assert simulated(LEARNED, READ, b).all()
    # 3+ alone: 2 * 0.6 - 0.2 = 1 of its own, 1.2 - 0.75 - 0.2 = 1/4 of the others; 1+ alone: 0.6 - 0.2 = 0.4 of 3
    np.testing.assert_allclose(outputs_alone(LEARNED, READ, b)[[0, 4]], [[1, 0, 0.4], [0.25, 0.25, 1]], atol=1e-12)
    np.testing.assert_allclose(strays(outputs_alone(LEARNED, READ, b)), [0.4] * 4 + [0.25] * 2)
    assert closest(directions(LEARNED, READ)) == pytest.approx(0.5**0.5)  # of 1+ and 3+


def test_one_half_alone_is_not_both():
    W, W_out = np.array([[1.0]]), np.array([[1.0]])
    assert simulated(W, W_out, np.zeros(1)).tolist() == [True, False]


def test_closest_of_one_direction_and_of_none():
    assert closest(np.ones((1, 3))) == 0
    assert closest(np.array([[1.0, 0.0], [0.0, 0.0]])) == 1


# ---- readouts


def model(W: np.ndarray, instance: int = 0, density: float = 0.5, **other: Any) -> TrainedModel:
    """Computes absolute values."""
    kind = {"model": "absolute_value", "hidden": "relu", "target": "absolute", "values": "signed"}
    here = {"instance": instance, "point": instance, "density": np.full(W.shape[1], density)}
    return trained_model(W, W_out=np.abs(W).T, **(kind | here | other))


def test_neurons_that_are_kept_are_read_without_error_and_others_not_at_all():
    wide, narrow = model(halves(3, 3), 0), model(3 * halves(3, 1), 1)
    found = imitation.table([wide, narrow], {"samples": 4096})
    assert found[["feature", "sign"]].to_numpy().tolist() == [[0, -1], [0, 1], [1, -1], [1, 1], [2, -1], [2, 1]]
    assert set(found["instance"]) == {1}
    assert set(found["teacher"]) == {0}
    for column in ("linear", "rectified"):
        np.testing.assert_allclose(found[column], [1, 1, 0, 0, 0, 0], atol=0.01)


def test_two_halves_on_one_neuron_are_told_apart_by_a_threshold_only():
    # h = (ReLU(x_1 - x_2), ReLU(x_2 - x_1), ReLU(x_1 + x_2), ReLU(-x_1 - x_2)) mixes two features on sparse data: 1+ is
    # on the first and third neuron, 2+ on the second and third. A linear readout gets about what dimensions allow.
    mixed = np.array([[1.0, -1], [-1, 1], [1, 1], [-1, -1]])
    x = np.zeros((2, 4000))
    x[0, :1000], x[1, 1000:2000] = np.linspace(-1, 1, 1000), np.linspace(-1, 1, 1000)
    h = imitation.with_constant(imitation.activations(model(mixed), x))
    t = np.maximum(x[0], 0)
    linear, rectified = imitation.shares(h, h, t, t)
    # ReLU((h_1 + h_3 - h_2 - h_4) / 2) = ReLU(x_1) where one feature is active
    assert rectified > 0.99
    assert linear < 0.8


def test_linear_readouts_of_all_neurons_share_the_dimensions():
    generator = np.random.default_rng(3)
    wide = model(halves(5, 5), 0, density=0.1)
    narrow = [model(np.round(generator.normal(size=(m, 5)), 4), k, density=0.1) for k, m in ((1, 2), (2, 5), (3, 7))]
    found = imitation.table([wide, *narrow], {"samples": 16384}).groupby("instance")["linear"].sum()
    # at most m; halves of a feature are a little correlated, and samples are finite
    assert (found <= 1.05 * np.array([2, 5, 7])).all()


def test_the_teacher_is_the_best_of_the_widest_on_the_densest_data():
    models = [
        model(halves(2, 2), 0, density=0.1),
        model(halves(2, 2), 1, density=0.5, best=False, seed=1),
        model(halves(2, 2), 2, density=0.5),
        model(halves(2, 1), 3, density=0.1),
        model(halves(2, 1), 4, density=0.5),
    ]
    found = extra_tables(models, {"imitation": {"samples": 1024}, "attack": None})["imitation"]
    assert set(found["instance"]) == {3, 4}
    assert set(found["teacher"]) == {2}


def test_a_dead_network_and_a_dead_neuron_have_nothing_to_read():
    wide = model(np.vstack([halves(2, 1), np.zeros((2, 2))]), 0)
    found = imitation.table([wide, model(np.zeros((1, 2)), 1)], {"samples": 1024})
    assert len(found) == 2  # neurons without input weights have no rows
    np.testing.assert_allclose(found[["linear", "rectified"]], 0, atol=0.01)
    silent = np.zeros(100)
    h = imitation.with_constant(np.zeros((1, 100)))
    assert imitation.shares(h, h, silent, silent) == (0.0, 0.0)


# ---- claims and figures


def test_claims_say_what_was_found():
    found = verdicts(simulated_network())
    assert found["wider_when_sparse"]["measured"] == "1.20 to 2.00 times"
    assert found["not_wider_when_dense"]["measured"] == "1.00 to 1.00 times"
    # 2 and 1.5, 1.5 and 1.2, 1 and 1
    assert found["grows_with_sparsity"]["measured"] == "mean of all widths 0.5: 1.00, 0.1: 1.35, 0.03: 1.75"
    assert found["readable_by_neurons"]["measured"] == (
        "48% of the variance on average, 30% by linear ones, 30% without superposition; least gain 0.12"
    )
    # 6 halves on 4 neurons, 12 on 8
    assert found["more_outputs_than_neurons"]["measured"] == (
        "6 to 12 halves; other outputs <= 0.40; cosines of their directions <= 0.71"
    )


def with_losses(tables: Tables, where: pd.Series, factor: float) -> Tables:
    instances = tables.instances.copy()
    instances.loc[where, "loss"] *= factor
    return replace(tables, instances=instances)


def test_claims_fail_where_superposition_does_not_pay():
    shown = simulated_network()
    rows = shown.instances
    narrow = rows["n_hidden"] == 8
    sparse = np.isclose(rows["sparsity"], 0.97)
    found = verdicts(with_losses(shown, narrow & sparse, 10))
    failed = {name for name, one in found.items() if one["verdict"] == "fails"}
    assert failed == {"wider_when_sparse", "grows_with_sparsity", "flat_importance_is_wider"}
    assert verdicts(with_losses(shown, rows["sparsity"] == 0.5, 0.5))["not_wider_when_dense"]["verdict"] == "fails"
    inexact = replace(shown, instances=rows.assign(loss=rows["loss"].where(rows["n_hidden"] != WIDE, 1e-3)))
    assert verdicts(inexact)["wide_network_is_exact"]["verdict"] == "fails"


def test_claims_fail_where_nothing_can_be_read():
    shown = simulated_network()
    found = verdicts(replace(shown, extra={"imitation": shown.extra["imitation"].assign(linear=0.1, rectified=0.1)}))
    assert found["readable_by_neurons"]["verdict"] == "fails"


def test_two_halves_in_one_direction_have_no_outputs_of_their_own():
    shown = simulated_network()
    weights = shown.weights.copy()
    # feature 3 lies where feature 1 does
    third, first = weights["feature"] == 2, weights["feature"] == 0
    weights.loc[third, ["value", "value_out"]] = weights.loc[first, ["value", "value_out"]].to_numpy()
    assert verdicts(replace(shown, weights=weights))["more_outputs_than_neurons"]["verdict"] == "fails"


def test_what_was_not_measured_is_not_tested():
    shown = simulated_network()
    untested = evaluate({"simulated_network": replace(shown, extra={})}).untested
    assert [claim.id for claim, _ in untested] == ["simulated_network.readable_by_neurons"]
    assert len(evaluate({"simulated_network": as_printed.absolute_value()}).untested) == 7


def test_figures_show_widths_readouts_and_the_map():
    shown = simulated_network()
    drawn = figures_of("simulated_network", shown)
    assert set(drawn) == {"equivalent_width", "readouts", "map", "learning_curves"}
    assert "readouts" not in figures_of("simulated_network", replace(shown, extra={}))
    assert "map" not in figures_of("simulated_network", as_printed.absolute_value())
    said = [text.get_text() for text in drawn["map"].texts]
    assert "density 0.03\n12 of 20 halves simulated" in said
    lines = {tuple(np.round(line.get_ydata(), 3)) for line in drawn["equivalent_width"].axes[0].lines}
    assert (8.0, 16.0, 20.0) in lines  # density 0.03: twice 4 and 8 neurons
