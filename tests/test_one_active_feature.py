"""One active feature: what read-outs show of the others, and what bias and ReLU take away of it."""

import math

import numpy as np
import pytest
from scipy.optimize import minimize, minimize_scalar

from superposition.claims import evaluate
from superposition.figures import figures_of
from superposition.figures.svg import save
from superposition.readings.interference import filtered, is_pentagon, read_outs, silent_below
from superposition.readings.results import Tables
from superposition.theory.active_features import losses_by_active
from superposition.theory.polytopes import polygon
from tests import as_printed, hand_made
from tests.hand_made import HandMade

ALL = np.ones(5, dtype=bool)
NEAR = math.cos(2 * math.pi / 5)  # 0.309
FAR = math.cos(4 * math.pi / 5)  # -0.809
DENSITIES = (0.5, 0.3, 0.2, 0.15, 0.1, 0.05, 0.02, 0.01)
SQUARED, BIAS = 1.3, -0.35  # of a pentagon whose bias leaves 0.309 * 1.3 - 0.35 = 0.05 on neighbours


def one_active_feature(squared: float = SQUARED, bias: float = BIAS) -> Tables:
    """Antipodal pairs without a bias where features are dense, pentagons with one where they are sparse."""
    square = hand_made.directions([10, 100, 190, 280, 0], [1, 1, 1, 1, 0])
    pentagon = hand_made.directions([15, 159, 303, 87, 231], [squared**0.5] * 5)
    return hand_made.tables(
        [
            HandMade(
                W=square if density > 0.17 else pentagon,
                b=[0.0] * 4 + [density / 2] if density > 0.17 else [bias] * 5,
                sparsity=round(1 - density, 6),
                seed=seed,
                loss=0.01 * density + 0.001 * seed,
            )
            for density in DENSITIES
            for seed in range(2)
        ]
    )


def verdicts(tables: Tables) -> dict[str, str]:
    found = evaluate({"one_active_feature": tables}).verdicts
    return {str(v["id"]).removeprefix("one_active_feature."): str(v["verdict"]) for v in found}


def test_read_outs_of_a_pentagon():
    read = read_outs(polygon(5), np.full(5, -0.2))
    # features 1 and 5 are the neighbours of feature 0
    assert read["linear"][:, 0] == pytest.approx([1, NEAR, FAR, FAR, NEAR])
    assert read["bias"][:, 0] == pytest.approx([0.8, NEAR - 0.2, FAR - 0.2, FAR - 0.2, NEAR - 0.2])
    assert read["relu"][:, 0] == pytest.approx([1, NEAR, 0, 0, NEAR])
    assert read["both"][:, 0] == pytest.approx([0.8, NEAR - 0.2, 0, 0, NEAR - 0.2])
    assert read_outs(polygon(5), np.zeros(5), 0.5)["linear"][:, 0] == pytest.approx(read["linear"][:, 0] / 2)


def test_a_row_is_read_with_its_own_bias_while_the_column_is_active():
    read = read_outs(np.array([[1.0, 0.5]]), np.array([0.0, -0.1]))["both"]
    assert read.ravel() == pytest.approx([1, 0.5, 0.4, 0.15])


def test_shares_of_a_pentagon():
    share = filtered(polygon(5), np.full(5, -0.2), ALL)
    # 0.309^2 = 0.0955 and 0.809^2 = 0.6545, twice each
    assert share.relu == pytest.approx(0.6545 / 0.75, abs=1e-4)
    # 0.109^2 + 1.009^2 = 0.0119 + 1.0181 instead of 0.75
    assert share.bias == pytest.approx(1 - 1.03 / 0.75, abs=1e-3)
    assert share.both == pytest.approx(1 - 0.0119 / 0.75, abs=1e-3)


def test_a_pair_needs_no_bias_and_what_is_not_represented_does_not_count():
    W, b = np.array([[1.0, -1.0, 0.0]]), np.array([0.0, 0.0, 0.25])
    share = filtered(W, b, np.array([True, True, False]))
    assert (share.relu, share.bias, share.both) == (1, 0, 1)
    assert all(math.isnan(one) for one in filtered(np.eye(3), np.zeros(3), np.ones(3, dtype=bool)))


def test_a_pentagon_has_its_angles_and_not_just_five_features():
    assert is_pentagon(polygon(5), 5)
    assert not is_pentagon(polygon(5), 4)
    # two features at 0 and 60 degrees have a cosine of 0.5
    assert not is_pentagon(np.array(hand_made.directions([0, 60, 144, 216, 288], [1] * 5)), 5)
    assert not is_pentagon(polygon(6), 5)


def test_strengths_up_to_which_a_feature_is_silent():
    W, b = np.array([[2.0, 1.0, 0.0]]), np.array([-1.0, 0.5, -0.1])
    assert silent_below(W, b)[:2].tolist() == [0.25, 0]  # 4 x - 1 > 0
    assert math.isnan(silent_below(W, b)[2])


def test_why_a_third_of_the_positive_interference_is_left():
    """What the remark on that claim says: the least loss of single features leaves 0.10 of ||W_i||^2 on neighbours."""

    def single(at):
        squared, bias = at
        return losses_by_active(squared**0.5 * polygon(5), np.full(5, bias), np.ones(5))[1]

    best = minimize(single, (1.3, -0.2), method="Nelder-Mead")
    squared, bias = best.x
    assert NEAR + bias / squared == pytest.approx(0.103, abs=1e-3)
    nothing_left = minimize_scalar(lambda squared: single((squared, -NEAR * squared)), bounds=(1, 2))
    assert nothing_left.fun / best.fun == pytest.approx(5 / 3, abs=0.02)


def test_claims_hold_on_pairs_and_pentagons():
    found = verdicts(one_active_feature())
    assert len(found) == 5
    assert set(found.values()) == {"holds"}


@pytest.mark.parametrize(
    ("squared", "bias", "failing"),
    [
        # 0.309 - 0.2 = 0.109 of the squared norm is left
        (1.0, -0.2, {"little_is_left", "the_feature_pays"}),
        (1.0, 0.0, {"only_together", "little_is_left", "the_feature_pays"}),
        # 1.3 - 0.6 = 0.7 at full strength
        (1.3, -0.6, {"the_feature_pays"}),
    ],
)
def test_claims_fail_on_pentagons_that_filter_otherwise(squared, bias, failing):
    found = verdicts(one_active_feature(squared, bias))
    assert {name for name, verdict in found.items() if verdict == "fails"} == failing


def test_claims_on_read_outs_fail_where_features_have_other_places():
    shown = hand_made.tables(
        [
            # a digon and a triangle instead of a pentagon, and of two digons a crooked one
            HandMade(
                hand_made.directions([0, 120, 240, 60, 180], [1.1] * 5)
                if density < 0.17
                else hand_made.directions([0, 60, 180, 240, 0], [1, 1, 1, 1, 0]),
                [-0.2] * 5,
                round(1 - density, 6),
            )
            for density in DENSITIES
        ]
    )
    found = verdicts(shown)
    assert found["positive_on_neighbours"] == found["negative_needs_no_bias"] == "fails"


def test_the_figure_shows_products_and_shares(tmp_path):
    figure = figures_of("one_active_feature", one_active_feature())["interference"]
    said = [text.get_text() for axes in figure.axes for text in axes.texts]
    # 1.3 cos 72 = 0.40 and 1.3 cos 144 = -1.05
    assert {"1: +1.30", "2: +0.40", "3: −1.05", "4: −1.05", "5: +0.40"} <= set(said)
    titles = [text.get_text() for text in figure.texts]
    assert "ReLU alone\ntakes away 87%" in titles
    model = next(axes for axes in figure.axes[1:] if len(axes.patches) == 5 and axes.patches[2].get_height() == 0
                 and axes.patches[0].get_height() < 1)  # fmt: skip
    # 1.3 - 0.35 and 0.40 - 0.35
    assert [bar.get_height() for bar in model.patches] == pytest.approx([0.95, 0.0517, 0, 0, 0.0517], abs=1e-3)
    save(figure, tmp_path / "a.svg")


def test_other_shapes_get_an_overview():
    assert "interference" not in figures_of("one_active_feature", as_printed.basic_results())
    no_pentagon = hand_made.tables([HandMade(np.zeros((2, 5)).tolist(), [0.0] * 5, s) for s in (0.5, 0.9)])
    assert "interference" not in figures_of("one_active_feature", no_pentagon)
    crooked = hand_made.directions([0, 60, 144, 216, 288], [1.1] * 5)
    no_regular_one = hand_made.tables([HandMade(crooked, [-0.2] * 5, s) for s in (0.5, 0.9)])
    assert "interference" not in figures_of("one_active_feature", no_regular_one)
