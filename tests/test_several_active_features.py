"""Several active features: explanations of vectors, against ones that are worked out and against plain fractions."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import combinations

import numpy as np
import pandas as pd
import pytest
import torch

from superposition.claims import evaluate
from superposition.figures import figures_of
from superposition.figures.svg import save
from superposition.measures.explanations import active_samples, table
from superposition.measures.parameters import Parameters
from superposition.measures.trained import TrainedModel, trained_models
from superposition.params import ParamsError, read
from superposition.readings.ambiguity import by_active, lost
from superposition.readings.results import Tables
from superposition.theory.explanations import exact_fit, explanations, independent
from superposition.theory.polytopes import polygon
from tests import as_printed, hand_made
from tests.documents import changed, write
from tests.hand_made import HandMade

SETTINGS = {"active": [1, 2, 3, 4], "samples": 400, "tolerance": 0.05}


def found(W: Sequence[Sequence[float]], h: Sequence[float], tolerance: float = 0.05) -> set[tuple[int, ...]]:
    sets, by = explanations(np.array(W, dtype=float), np.array(h, dtype=float)[:, None], tolerance)
    return {features for features, one in zip(sets, by[:, 0], strict=True) if one}


# --- explanations ----------------------------------------------------------------------------------------------------

THREE = [[1.0, 0.0, 1.0], [0.0, 1.0, -0.5]]  # features 0 and 1 along the axes, 2 at (1, -1/2)


def test_a_vector_with_exactly_two_explanations():
    # (0.5, 0.5) = 0.5 W_0 + 0.5 W_1 = 0.5 W_2 + 0.75 W_1; of W_0 and W_2 it takes -1 of W_2, and none is along it
    assert found(THREE, [0.5, 0.5]) == {(0, 1), (1, 2)}


def test_strengths_are_at_most_one():
    # 0.5 W_2 + (0.8 + 0.25) W_1 would take more than 1 of W_1
    assert found(THREE, [0.5, 0.8]) == {(0, 1)}


def test_a_simplex_leaves_no_choice():
    W = polygon(3)
    assert found(W, 0.6 * W[:, 0]) == {(0,)}
    assert found(W, 0.6 * W[:, 0] + 0.4 * W[:, 1]) == {(0, 1)}
    # the three directions add up to 0: 0.3 of each is nothing
    assert found(W, 0.8 * W[:, 0] + 0.5 * W[:, 1] + 0.3 * W[:, 2]) == {(0, 1)}


def test_half_a_hexagon_has_three():
    # directions at 0, 60, 120 and 180 degrees, h at 90: one on the right of it and one on the left
    W = polygon(6)[:, :4]
    assert found(W, [0.0, 0.5]) == {(1, 2), (0, 2), (1, 3)}


def test_one_of_an_antipodal_pair_does_for_both():
    assert found([[1.0, -1.0]], [0.5 - 0.2]) == {(0,)}
    assert found([[1.0, -1.0]], [0.5 - 0.48]) == set()  # less than the tolerance of 0.05: no feature is active


def test_explanations_may_be_off_by_the_tolerance():
    turn = 0.08
    W = [[1.0, np.cos(turn)], [0.0, np.sin(turn)]]
    # 0.5 of one is 0.5 sin 0.08 = 0.040 away from what is along the other, 0.9 of it 0.072
    assert found(W, [0.5, 0.0]) == {(0,), (1,)}
    assert found(W, [0.9, 0.0]) == {(0,)}


def test_numbers_on_their_limits_are_decided_exactly():
    square = np.eye(2)
    tiny = 2.0**-45
    assert found(square, [1.0, 0.125], 0.125) == {(0,)}  # 0.125 away: within, so the second adds nothing
    assert found(square, [1.0, 0.125 + tiny], 0.125) == {(0, 1)}
    assert found(square, [1.0 + tiny, 0.5], 0.125) == set()
    assert found(square, [0.5, 1.0], 0.125) == {(0, 1)}
    # one direction of length 1/2: 0.0625 / 0.5 = 0.125
    assert found([[0.5]], [0.0625], 0.125) == {(0,)}
    assert found([[0.5]], [0.0625 - tiny], 0.125) == set()


def test_counts_are_those_of_fractions_alone():
    rng = np.random.default_rng(0)
    W = np.round(rng.normal(0, 0.6, (3, 6)) * 2**18) / 2**18
    x = np.where(rng.random((6, 30)) < 0.5, np.round(rng.random((6, 30)) * 2**16) / 2**16, 0)
    h = W @ x
    sets, by = explanations(W, h, 0.05)
    limit = Fraction(0.05)
    for sample in range(h.shape[1]):
        fits = set()
        for features in sets:
            if independent(W[:, features], 0.05):
                fit = exact_fit(W[:, features], h[:, sample])
                if all(limit <= c <= 1 for c in fit.strengths) and fit.squared_distance <= limit**2:
                    fits.add(features)
        least = {f for f in fits if not any(set(part) < set(f) for part in fits)}
        assert {features for features, one in zip(sets, by[:, sample], strict=True) if one} == least
    assert by.any(axis=1).sum() > 15


def test_the_nearest_strengths_in_fractions():
    # of (1, 2) along (1, 1): 3/2, at a distance of 1 / sqrt 2
    fit = exact_fit(np.array([[1.0], [1.0]]), np.array([1.0, 2.0]))
    assert fit.strengths == [Fraction(3, 2)]
    assert fit.squared_distance == Fraction(1, 2)


def test_directions_that_are_nearly_the_same_are_dependent():
    W = np.array([[1.0, 0.75], [0.0, 1.0]])  # a right triangle of sides 3, 4 and 5: the sine is 0.8
    assert independent(W, 0.79)
    assert not independent(W, 0.81)
    assert not independent(np.array([[1.0, -2.0], [0.0, 0.0]]), 0.001)
    assert not independent(np.zeros((2, 1)), 0.001)


def test_a_tolerance_that_floating_point_cannot_tell_from_zero_is_refused():
    with pytest.raises(ValueError, match=r"must be at least 0.001"):
        explanations(np.eye(2), np.zeros((2, 1)), 0.0)


@pytest.mark.parametrize("corners", [4, 5, 6, 8])
def test_one_active_feature_is_never_ambiguous_unless_directions_are_nearly_the_same(corners):
    """Interference, but no ambiguity: what no trained model has failed, and so no claim."""
    W = polygon(corners)
    for feature in range(corners):
        for strength in (0.1, 0.5, 1.0):
            # sets of at most as many features as are active
            alone = {one for one in found(W, strength * W[:, feature]) if len(one) == 1}
            assert alone == {(feature,)}
    twice = np.hstack([W, W[:, :1]])
    assert {one for one in found(twice, 0.5 * W[:, 0]) if len(one) == 1} == {(0,), (corners,)}


# --- the table -------------------------------------------------------------------------------------------------------


def test_samples_have_as_many_active_features_as_they_should():
    x = active_samples(6, 3, 2000, 0.1, {"model": 0})
    assert ((x > 0).sum(axis=0) == 3).all()
    assert x[x > 0].min() >= 0.1
    assert x.max() <= 1
    assert np.array_equal(x * 2**16, np.round(x * 2**16))
    # standard deviations sqrt(0.25 / 2000) = 0.011 and 0.26 / sqrt(6000) = 0.0034
    assert (x > 0).mean(axis=1) == pytest.approx([0.5] * 6, abs=0.05)
    assert x[x > 0].mean() == pytest.approx(0.55, abs=0.015)
    assert not np.array_equal(x, active_samples(6, 3, 2000, 0.1, {"model": 1}))
    assert np.array_equal(x[:, :10], active_samples(6, 3, 10, 0.1, {"model": 0}))


def models_of(models: Sequence[HandMade]) -> list[TrainedModel]:
    made = hand_made.tables(models)
    _, features = hand_made.world(models)
    W = np.array([model.W for model in models], dtype=float)
    parameters = Parameters(
        W=W,
        W_out=np.full_like(W.mT, np.nan),
        b=np.array([model.b for model in models], dtype=float),
        b_hidden=np.zeros_like(W[:, :, 0]),
        steps=[0],
        path=W[None],
    )
    settings = [
        one | {"hidden": "linear", "output": "relu", "target": "identity", "negative_slope": 1.0}
        for one in hand_made.settings(models)
    ]
    return trained_models(made.instances, features, parameters, settings)


def measured(models: Sequence[HandMade]) -> Mapping[str, pd.DataFrame]:
    """The tables that only this experiment has."""
    return {"explanations": table(models_of(models), SETTINGS)}


PENTAGON = HandMade((1.1 * polygon(5)).tolist(), [-0.2] * 5)


def test_the_table_of_a_pentagon():
    own = table(models_of([PENTAGON]), SETTINGS)
    assert " ".join(own.columns) == "instance active sample explanations rivals true power error"
    assert len(own) == 4 * 400
    one, two, three = (own[own["active"] == k] for k in (1, 2, 3))
    assert (one["explanations"] == 1).all()
    assert (one["rivals"] == 0).all()
    assert one["true"].all()
    # Between any two directions that are not neighbours there is a third; of neighbours, too, other pairs enclose the
    # vector, if strengths of at most 1 suffice.
    assert two["true"].mean() > 0.95
    assert two["explanations"].max() == 3
    assert (two["explanations"] - two["rivals"] == two["true"]).all()
    assert not three["true"].any()  # three directions in the plane are dependent


def test_errors_are_those_of_a_plain_computation():
    own = table(models_of([PENTAGON]), SETTINGS)
    x = active_samples(5, 2, 400, 0.05, {"seed": 0, "experiment": "here", "model": PENTAGON.seed})
    W, b = 1.1 * polygon(5), -0.2
    error = ((np.maximum(W.T @ W @ x + b, 0) - x) ** 2).sum(axis=0)
    two = own[own["active"] == 2]
    np.testing.assert_allclose(two["error"], error, atol=1e-4)
    np.testing.assert_allclose(two["power"], (x**2).sum(axis=0), rtol=1e-12)


def test_only_represented_features_are_active_unless_they_are_too_few():
    wide = HandMade([[*row, 0.0, 0.0] for row in PENTAGON.W], [-0.2] * 5 + [0.025] * 2)
    pd.testing.assert_series_equal(
        table(models_of([wide]), SETTINGS)["rivals"], table(models_of([PENTAGON]), SETTINGS)["rivals"]
    )
    nothing = table(models_of([HandMade([[0.0] * 5] * 2, [0.0] * 5)]), SETTINGS)
    assert (nothing["explanations"] == 0).all()
    assert not nothing["true"].any()
    np.testing.assert_allclose(nothing["error"], nothing["power"])


def test_a_model_is_measured_alone_as_among_others_and_with_any_number_of_threads():
    together = table(models_of([replace(PENTAGON, seed=1), PENTAGON]), SETTINGS)
    second = together[together["instance"] == 1].reset_index(drop=True).assign(instance=0)
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(3)
        pd.testing.assert_frame_equal(table(models_of([PENTAGON]), SETTINGS), second)
    finally:
        torch.set_num_threads(before)


# --- claims and figures ----------------------------------------------------------------------------------------------


def several_active_features() -> Tables:
    """A pentagon in two dimensions, three antipodal pairs in three and four in four; biases make single features
    imperfect, too.
    """
    models = []
    for m in (2, 3, 4):
        W = np.zeros((4, 10))
        W[:m, : max(5, 2 * m)] = 1.1 * polygon(5) if m == 2 else np.repeat(np.eye(m), 2, axis=1) * ([1.0, -1.0] * m)
        models += [
            HandMade(W.tolist(), [-0.1] * 10, 0.95, seed=seed, loss=0.01 + 0.001 * seed, n_hidden=m)
            for seed in range(2)
        ]
    return replace(hand_made.tables(models), extra=measured(models))


def verdicts(tables: Tables) -> dict[str, str]:
    judged = evaluate({"several_active_features": tables}).verdicts
    return {str(v["id"]).removeprefix("several_active_features."): str(v["verdict"]) for v in judged}


def test_claims_hold_on_polytopes():
    assert set(verdicts(several_active_features()).values()) == {"holds"}
    assert len(verdicts(several_active_features())) == 3


def changed_table(change) -> Tables:
    shown = several_active_features()
    own = shown.extra["explanations"]
    return replace(shown, extra={"explanations": change(own.copy())})


def test_claims_fail_where_vectors_are_never_ambiguous():
    flat = changed_table(lambda own: own.assign(explanations=1, rivals=0))
    assert verdicts(flat) == {
        "more_with_more_active": "fails",
        "later_with_more_dimensions": "fails",
        "reconstructed_worse": "fails",
    }


def test_claims_fail_where_rivals_cost_nothing():
    assert verdicts(changed_table(lambda own: own.assign(error=0.1 * own["power"])))["reconstructed_worse"] == "fails"


def test_claims_are_not_tested_without_the_measure_or_at_other_densities():
    shown = several_active_features()
    assert verdicts(replace(shown, extra={})) == {}
    assert verdicts(replace(shown, features=shown.features.assign(density=0.2))) == {}


def test_shares_are_of_vectors_with_at_most_as_many_active_features_as_dimensions():
    shown = several_active_features()
    counts = by_active(shown).groupby("n_hidden")["active"].max()
    assert counts.to_dict() == {2: 2, 3: 3, 4: 4}
    # pairs of an octahedron that are opposite: 3 of 15; triples with such a pair: 12 of 20
    own = by_active(shown).query("n_hidden == 3").groupby("active")["rivals"].mean()
    assert own.tolist() == pytest.approx([0, 3 / 15, 12 / 20], abs=0.05)
    assert set(lost(shown)["kind"]) == {"unique", "rivals"}


def test_the_figure_draws_a_vector_with_its_explanations(tmp_path):
    figure = figures_of("several_active_features", several_active_features())["explanations"]
    titles = [text.get_text() for text in figure.texts]
    assert sum(title.startswith("what was active") for title in titles) == 1
    assert sum(title.startswith("a rival") for title in titles) == 2
    assert {"0.70 of", "0.50 of"} <= {
        part[:7] for part in next(t for t in titles if t.startswith("what was")).split("\n")[1].split(" and ")
    }
    save(figure, tmp_path / "a.svg")


def test_other_shapes_get_an_overview():
    assert "explanations" not in figures_of("several_active_features", as_printed.intro())
    without = replace(several_active_features(), extra={})
    assert "explanations" not in figures_of("several_active_features", without)


# --- parameters ------------------------------------------------------------------------------------------------------


def faults(tmp_path, *changes):
    asked = [("experiments.intro.measures", {"explanations": SETTINGS | {"active": [1, 2]}}), *changes]
    with pytest.raises(ParamsError) as caught:
        read(write(tmp_path / "params.yaml", changed(*asked)))
    return str(caught.value)


def test_the_measure_is_read(tmp_path):
    asked = ("experiments.intro.measures", {"explanations": SETTINGS | {"active": [1, 3]}})
    own = read(write(tmp_path / "params.yaml", changed(asked))).experiments["intro"].measures.explanations
    assert own is not None
    assert (own.active, own.samples, own.tolerance) == ((1, 3), 400, 0.05)


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("active", [], "must be a list of numbers of active features"),
        ("active", [0], "must be a whole number of at least 1"),
        ("active", [1, 4], "must be at most n_features = 3"),
        ("active", [2, 2], "must be in the list once"),
        ("samples", 0, "must be a whole number between 1 and 100000"),
        ("tolerance", 0.0, "must be a number between 0.001 and 0.5"),
        ("tolerance", 0.6, "must be a number between 0.001 and 0.5"),
        ("tolerence", 0.1, "did you mean tolerance?"),
    ],
)
def test_settings_are_checked(tmp_path, key, value, said):
    assert said in faults(tmp_path, (f"experiments.intro.measures.explanations.{key}", value))


def test_explanations_are_of_linear_hidden_vectors_of_few_features(tmp_path):
    assert "not linear on h and of target identity, unmixed (relu_hidden)" in faults(
        tmp_path, ("experiments.intro.model", ["relu_output", "relu_hidden"])
    )
    assert "must be null where values are not unit" in faults(tmp_path, ("experiments.intro.values", "signed"))
    shape = [("experiments.intro.n_features", 40), ("experiments.intro.n_hidden", 4)]
    # 40 + 780 + 9880 + 91390
    assert "more than 20000 sets" in faults(tmp_path, *shape)
    assert sum(len(list(combinations(range(40), size))) for size in (1, 2, 3, 4)) == 102090
