"""Scores of dictionaries whose answer is known, and what they do not depend on."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linear_sum_assignment
from sklearn.metrics import precision_recall_fscore_support

from superposition.dictionaries.scores import agreement, cosines, matched, scores, unexplained_variance

PENTAGON = np.array([[math.cos(2 * math.pi * k / 5), math.sin(2 * math.pi * k / 5)] for k in range(5)])
COS_72 = math.cos(math.radians(72))
# Every feature alone, and every two neighbours; the last sample is empty.
VALUES = np.vstack([np.eye(5), np.eye(5) + np.roll(np.eye(5), 1, axis=1), np.zeros((1, 5))])


def of(decoder, codes, truth=PENTAGON, values=VALUES, **others):
    return scores(np.asarray(decoder), np.asarray(codes), truth, values, values @ truth, **others)


def test_the_truth_itself():
    found = of(PENTAGON, VALUES)
    assert found.pop("unexplained_variance") == pytest.approx(0, abs=1e-30)
    assert found == {
        "mmcs": 1,
        "matched_cosine": 1,
        "recovered": 1,
        "dead": 0,
        "l0": 15 / 11,
        "precision": 1,
        "recall": 1,
        "f1": 1,
        "absorption": 0,
    }


def test_lengths_of_directions_do_not_count_and_codes_make_up_for_them():
    sizes = np.array([1e-3, 0.1, 1, 3, 1e3])
    found = of(PENTAGON * sizes[:, None], VALUES / sizes)
    assert found["mmcs"] == found["matched_cosine"] == found["f1"] == 1
    assert found["unexplained_variance"] == pytest.approx(0, abs=1e-25)
    assert cosines(PENTAGON[:1] * 1e-200, PENTAGON * 1e200)[0].tolist() == cosines(PENTAGON, PENTAGON)[0].tolist()


def test_the_opposite_direction_is_another():
    found = of(-PENTAGON, -VALUES)
    # Of the pentagon turned by 180 degrees, the nearest direction is 36 degrees away.
    assert found["mmcs"] == pytest.approx(math.cos(math.radians(36)))
    assert found["recovered"] == 0
    assert found["unexplained_variance"] == pytest.approx(0, abs=1e-30)  # all the same


def test_duplicates_are_counted_once():
    # Two latents of one direction, and none of the last one: the pairing leaves it the second, at 72 degrees.
    decoder = PENTAGON[[0, 0, 1, 2, 3]]
    found = of(decoder, VALUES[:, [0, 0, 1, 2, 3]])
    assert found["mmcs"] == pytest.approx((4 + COS_72) / 5)
    assert found["matched_cosine"] == pytest.approx((4 + COS_72) / 5)
    assert found["recovered"] == 4 / 5
    assert of(PENTAGON[[0, 0]], VALUES[:, [0, 0]])["recovered"] == 1 / 5


def test_latents_beyond_the_features_change_only_what_counts_latents():
    extra, silent = np.vstack([PENTAGON, PENTAGON[:2]]), np.hstack([VALUES, np.zeros((11, 2))])
    found, truth = of(extra, silent), of(PENTAGON, VALUES)
    assert found["dead"] == 2 / 7
    assert found | {"dead": 0} == truth


def test_a_dictionary_smaller_than_the_truth():
    found = of(PENTAGON[:2], VALUES[:, :2])
    # Features 2 and 4 lie at 72 degrees from 1 and 0, feature 3 at 144 from both.
    assert found["mmcs"] == pytest.approx((2 + 2 * COS_72 + math.cos(math.radians(144))) / 5)
    assert found["matched_cosine"] == 2 / 5
    assert found["recall"] == found["precision"] == found["f1"] == 2 / 5
    assert found["absorption"] == 0


def test_no_latents_and_no_active_features():
    found = of(PENTAGON[:0], VALUES[:, :0])
    assert (found["mmcs"], found["matched_cosine"], found["f1"], found["l0"]) == (0, 0, 0, 0)
    assert math.isnan(found["dead"])
    nothing = of(PENTAGON, np.zeros((3, 5)), values=np.zeros((3, 5)))
    assert nothing["dead"] == 1
    assert all(math.isnan(nothing[name]) for name in ("precision", "recall", "f1", "absorption"))


def test_a_feature_without_a_direction():
    truth = np.vstack([PENTAGON[:4], np.zeros((1, 2))])
    assert of(PENTAGON[:4], VALUES[:, :4], truth)["mmcs"] == 4 / 5


def test_one_to_one_is_not_each_for_itself():
    # Both features are nearest to the first latent: (0.9, 0.8) and (0.85, 0) are best paired crosswise.
    assert matched(np.array([[0.9, 0.8], [0.85, 0.0]])).tolist() == [1, 0]


def test_absorption_is_that_of_a_parent_by_its_child():
    truth = np.eye(3)[:2]  # parent and child, which is never alone
    values = np.array([[1.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 0.0]])
    absorbing = np.array([[1.0, 0.0, 0.0], [1.0, 1.0, 0.0]])  # at 45 degrees to both
    codes = np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0], [0.0, 0.0]])
    found = of(absorbing, codes, truth, values)
    # The parent's latent is silent in one of three samples; the child's speaks whenever it should.
    assert found["absorption"] == pytest.approx((1 / 3 + 0) / 2)
    assert found["recall"] == pytest.approx((2 / 3 + 1) / 2)
    assert found["unexplained_variance"] == 0
    assert of(absorbing, codes, truth, values, absorbs=0.71)["absorption"] == 0  # cos 45 is 0.707
    # Silence that nothing makes up for is no absorption.
    assert of(absorbing, codes * [1, 0], truth, values)["absorption"] == 0
    # Neither is a latent of another direction.
    assert of(truth, codes, truth, values)["absorption"] == 0


def test_detection_is_that_of_scikit_learn():
    generator = np.random.default_rng(3)
    values, codes = (np.where(generator.random((60, 5)) < 0.4, 1.0, 0.0) for _ in range(2))
    theirs = precision_recall_fscore_support(values != 0, codes != 0, average="macro", zero_division=0)
    found = of(PENTAGON, codes, values=values)
    assert [found[name] for name in ("precision", "recall", "f1")] == pytest.approx(list(theirs[:3]))


def test_a_latent_that_never_speaks_has_no_precision():
    found = of(PENTAGON, VALUES * [0, 1, 1, 1, 1])
    assert (found["precision"], found["recall"], found["f1"], found["dead"]) == (4 / 5, 4 / 5, 4 / 5, 1 / 5)


def test_unexplained_variance():
    hidden = np.array([[0.0, 0.0], [2.0, 4.0]])  # around (1, 2): 2 (1 + 4) = 10
    assert unexplained_variance(hidden, np.array([[1.0, 2.0], [1.0, 2.0]])) == 1
    assert unexplained_variance(hidden, np.array([[0.0, 1.0], [2.0, 4.0]])) == 1 / 10
    assert math.isnan(unexplained_variance(hidden[:1], hidden[:1]))
    off = np.array([3.0, -1.0])
    with_bias = scores(PENTAGON, VALUES, PENTAGON, VALUES, VALUES @ PENTAGON + off, bias=off)
    assert with_bias["unexplained_variance"] == pytest.approx(0, abs=1e-30)


def test_agreement_of_two_dictionaries():
    assert agreement(PENTAGON, PENTAGON[[3, 1, 4, 0, 2]] * 7) == 1
    assert agreement(PENTAGON, PENTAGON[:2]) == agreement(PENTAGON[:2], PENTAGON) == 1
    assert agreement(np.eye(2), np.array([[1.0, 1.0], [1.0, -1.0]])) == pytest.approx(math.sqrt(0.5))  # crosswise
    assert agreement(np.eye(2), -np.eye(2)) == 0  # crosswise, too


@pytest.mark.parametrize(
    ("name", "shape"), [("decoder", (5, 3)), ("codes", (11, 4)), ("truth", (4, 2)), ("values", (3, 5)), ("bias", (5,))]
)
def test_shapes_that_do_not_go_together(name, shape):
    given = {"decoder": PENTAGON, "codes": VALUES, "truth": PENTAGON, "values": VALUES, "hidden": VALUES @ PENTAGON}
    with pytest.raises(ValueError, match=r"^\w+ of shape \[.*\]: must be \[.*\], as the others are"):
        scores(**given | {name: np.zeros(shape)})


DIRECTIONS = st.integers(0, 2**32 - 1)


def problem(seed: int, features: int, latents: int):
    """Directions, and codes and values of which some are 0."""
    generator = np.random.default_rng(seed)
    truth, decoder = generator.normal(size=(features, 3)), generator.normal(size=(latents, 3))
    values, codes = (generator.random((20, n)) * (generator.random((20, n)) < 0.3) for n in (features, latents))
    return decoder, codes, truth, values


@settings(max_examples=30, deadline=None)
@given(DIRECTIONS, st.integers(1, 6), st.integers(1, 6))
def test_nothing_depends_on_the_order_of_features_latents_samples_and_on_rotations(seed, features, latents):
    decoder, codes, truth, values = problem(seed, features, latents)
    generator = np.random.default_rng(seed)
    f, k, s = (generator.permutation(n) for n in (features, latents, 20))
    rotation = np.linalg.qr(generator.normal(size=(3, 3)))[0]
    before = of(decoder, codes, truth, values)
    after = of(decoder[k] @ rotation, codes[s][:, k], truth[f] @ rotation, values[s][:, f])
    assert after == pytest.approx(before, rel=1e-9, abs=1e-9, nan_ok=True)


@settings(max_examples=30, deadline=None)
@given(DIRECTIONS, st.integers(1, 6), st.integers(1, 6))
def test_what_always_holds(seed, features, latents):
    decoder, codes, truth, values = problem(seed, features, latents)
    found = of(decoder, codes, truth, values)
    assert found["matched_cosine"] <= found["mmcs"] + 1e-12 if latents >= features else True
    assert found["recovered"] <= 1
    assert -1 <= found["mmcs"] <= 1
    assert 0 <= found["dead"] <= 1
    assert 0 <= found["l0"] <= latents
    if values.any():
        assert 0 <= found["f1"] <= max(found["precision"], found["recall"]) <= 1
        # What is absorbed is not recalled.
        assert (
            math.isnan(found["absorption"]) or features > latents or found["absorption"] <= 1 - found["recall"] + 1e-12
        )
    # Another latent cannot make a feature's nearest one farther.
    more = of(np.vstack([decoder, truth[:1]]), np.hstack([codes, values[:, :1]]), truth, values)
    assert more["mmcs"] >= found["mmcs"]
    assert more["recovered"] >= 1 / features
    assert agreement(decoder, truth) == agreement(truth, decoder)


@settings(max_examples=30, deadline=None)
@given(DIRECTIONS, st.integers(1, 6), st.integers(1, 6))
def test_the_pairing_is_as_good_as_that_of_scipy(seed, features, latents):
    decoder, _, truth, _ = problem(seed, features, latents)
    plain = (truth / np.linalg.norm(truth, axis=1)[:, None]) @ (decoder / np.linalg.norm(decoder, axis=1)[:, None]).T
    np.testing.assert_allclose(cosines(truth, decoder), plain, atol=1e-11)
    latent = matched(cosines(truth, decoder))
    pairs = latent >= 0
    assert pairs.sum() == min(features, latents) == len(set(latent[pairs]))
    best = plain[linear_sum_assignment(plain, maximize=True)].sum()
    assert plain[np.arange(features)[pairs], latent[pairs]].sum() == pytest.approx(best)
