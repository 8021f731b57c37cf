import math
from dataclasses import replace
from fractions import Fraction
from math import isqrt
from operator import mul

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from superposition.exact.functions import PI, cos, sin
from superposition.exact.grids import WEIGHT
from superposition.measures.activity import activity, activity_of_rectified
from superposition.measures.computation import canonical, kinds, primary_features, responses, stack_heights
from superposition.measures.dimensionality import dimensions_per_feature, feature_dimensionality, frobenius_squared
from superposition.measures.superposition import (
    count,
    dedicated,
    gram,
    norms,
    represented,
    squared_norms,
    superposition,
)
from superposition.measures.tables import (
    features_table,
    instances_table,
    learning_table,
    on_weight_grid,
    trajectories_table,
    weights_table,
    with_plain_zeros,
)
from superposition.readings.results import read
from tests import as_printed, hand_made
from tests.hand_made import HandMade, trained_model

EXACT = {"rtol": 0, "atol": 1e-9}


def weights(*rows):
    """One instance, rows are hidden dimensions."""
    return np.array([rows], dtype=float)


def on_grid(random, *shape):
    """Normal weights."""
    return on_weight_grid(random.normal(size=shape))


def polygon(n):
    turn = 2 * PI * np.arange(n) / n
    return np.stack([cos(turn), sin(turn)])[None]


def square_antiprism():
    """Two squares at heights +h and -h, one turned by 45 degrees, vertices on the unit sphere, h^2 = 1/3."""
    h, r = math.sqrt(1 / 3), math.sqrt(2 / 3)
    turn = PI / 2 * np.arange(4)
    turn = np.concatenate([turn, turn + PI / 4])
    return np.stack([r * cos(turn), r * sin(turn), np.array([h] * 4 + [-h] * 4)])[None]


def tetrahedron():
    return weights([1.0, 1, -1, -1], [1, -1, 1, -1], [1, -1, -1, 1]) / math.sqrt(3)


POLYTOPES = {
    # n unit vectors whose W W^T is n/m times the identity (tight frames) have D = 1 / (n/m) = m/n.
    "dedicated": (np.eye(3)[None], 1),
    "antipodal pair": (weights([1.0, -1.0]), 1 / 2),
    "triangle": (polygon(3), 2 / 3),
    "square": (polygon(4), 1 / 2),
    "pentagon": (polygon(5), 2 / 5),
    "tetrahedron": (tetrahedron(), 3 / 4),
    "square antiprism": (square_antiprism(), 3 / 8),
}


@pytest.mark.parametrize("name", POLYTOPES)
@pytest.mark.parametrize("scale", [1.0, 0.01, 1.2])
def test_each_polytope_has_its_dimensionality_and_superposition(name, scale):
    W, expected = POLYTOPES[name]
    n = W.shape[2]
    found = feature_dimensionality(scale * W)
    # D does scale: ||W_i||^2 / Sum_j (W_i_hat . W_j)^2 = s^2 |w|^2 / (s^2 Sum ...): the scale cancels.
    np.testing.assert_allclose(found, np.full((1, n), expected), **EXACT)
    # 1/D = (1 + superposition) for unit vectors; superposition grows with the scale squared.
    np.testing.assert_allclose(superposition(scale * W), scale**2 * (1 / found - 1), **EXACT)


def test_superposition_of_the_pentagon():
    # Sum_{j != i} cos^2 = 2 cos^2(72) + 2 cos^2(144) = 2 * 0.0954915 + 2 * 0.6545085 = 3/2, and 1 / (1 + 3/2) = 2/5.
    np.testing.assert_allclose(superposition(polygon(5)), np.full((1, 5), 1.5), **EXACT)


def test_norms_and_gram_of_a_small_matrix():
    W = weights([3.0, 0.0, 1.0], [4.0, 2.0, 0.0])
    # W^T W: |w1|^2 = 25, w1.w2 = 8, w1.w3 = 3, |w2|^2 = 4, w2.w3 = 0, |w3|^2 = 1
    assert gram(W)[0].tolist() == [[25, 8, 3], [8, 4, 0], [3, 0, 1]]
    assert norms(W)[0].tolist() == [5, 2, 1]
    # (8^2 + 3^2) / 25, 8^2 / 4, 3^2 / 1
    np.testing.assert_allclose(superposition(W)[0], np.array([73 / 25, 16, 9]), **EXACT)
    # 25^2 / (25^2 + 73), 4^2 / (4^2 + 64), 1 / (1 + 9)
    np.testing.assert_allclose(feature_dimensionality(W)[0], np.array([625 / 698, 0.2, 0.1]), **EXACT)
    assert frobenius_squared(W).item() == 30
    assert dimensions_per_feature(W).item() == 2 / 30


def test_a_feature_without_a_direction_has_neither():
    W = weights([1.0, 0.0], [0.0, 0.0])
    assert superposition(W)[0].tolist() == [0, 0]
    assert feature_dimensionality(W)[0].tolist() == [1, 0]
    nothing = np.zeros((2, 3, 4))
    assert not superposition(nothing).any()
    assert not feature_dimensionality(nothing).any()
    assert dimensions_per_feature(nothing).tolist() == [math.inf, math.inf]


def test_one_feature_in_one_dimension():
    W = weights([0.75])
    assert norms(W).item() == 0.75
    assert superposition(W).item() == 0
    assert feature_dimensionality(W).item() == 1


def test_counts_features_that_are_represented_and_those_in_directions_of_their_own():
    # Feature 1 is alone, 2 and 3 are an antipodal pair, 4 is too short to count.
    W = weights([1.0, 0.0, 0.0, 0.3], [0.0, 1.0, -1.0, 0.0])
    assert represented(W)[0].tolist() == [True, True, True, False]
    assert dedicated(W)[0].tolist() == [True, False, False, False]  # 0.3^2 = 0.09 < 0.1
    assert count(represented(W)).tolist() == [3]


def test_rescaling_neurons_changes_no_output():
    W = np.array([[2.0, -0.5], [0.25, -1.0], [0.0, 0.0]])
    W_out = np.array([[0.5, 1.0, 1.0], [3.0, 2.0, 4.0]])
    scaled, scaled_out = canonical(W, W_out)
    assert scaled.tolist() == [[1.0, -0.25], [0.25, -1.0], [0.0, 0.0]]
    assert scaled_out.tolist() == [[1.0, 1.0, 1.0], [6.0, 2.0, 4.0]]
    for value in (-1.0, 0.5):
        b = np.array([0.1, -0.2])
        np.testing.assert_allclose(responses(scaled, scaled_out, b, value), responses(W, W_out, b, value), rtol=1e-15)


def test_stack_heights_and_what_they_are_called():
    W = np.array([[2.0, 0.0, 0.0], [0.0, -1.0, 0.05], [0.25, 0.0, 1.0], [1.0, 1.0, -1.0], [0.0, 0.0, 0.0]])
    assert stack_heights(W).tolist() == [1.0, 1.05, 1.25, 3.0, 0.0]
    assert primary_features(W).tolist() == [0, 1, 2, 0, 0]
    assert kinds(stack_heights(W)) == ["mono", "mono", "slightly", "poly", "mono"]
    assert kinds(np.array([1.1, 1.5])) == ["slightly", "slightly"]


def test_responses_to_each_feature_alone():
    # |x_1| = ReLU(x_1) + ReLU(-x_1); of x_2 only the positive half is there, and its bias takes 1/4 off
    W, W_out = np.array([[1.0, 0.0], [-1.0, 0.0], [0.0, 2.0]]), np.array([[1.0, 1.0, 7.0], [9.0, 9.0, 0.5]])
    b = np.array([0.0, -0.25])
    assert responses(W, W_out, b, 1.0).tolist() == [1.0, 0.75]
    assert responses(W, W_out, b, -0.5).tolist() == [0.5, 0.0]


SHAPES = st.tuples(st.integers(1, 6), st.integers(1, 30), st.integers(0, 2**31))


@given(SHAPES)
@settings(max_examples=60, deadline=None)
def test_dimensionalities_add_up_to_at_most_the_hidden_dimensions(shape):
    m, n, seed = shape
    W = np.random.default_rng(seed).normal(size=(3, m, n))
    assert (feature_dimensionality(W).sum(axis=1) <= min(m, n) + 1e-9).all()


@given(SHAPES)
@settings(max_examples=60, deadline=None)
def test_measures_are_those_of_the_weights_as_fractions(shape):
    """To the last bit: norms are correctly rounded roots, and all else is off by no more than its few roundings."""
    m, n, seed = shape
    W = on_grid(np.random.default_rng(seed), 2, m, n)
    for instance, columns in enumerate([[Fraction(w) for w in column] for column in one.T.tolist()] for one in W):
        products = [[sum(map(mul, first, second)) for second in columns] for first in columns]
        squared = [products[i][i] for i in range(n)]
        assert gram(W)[instance].tolist() == [[float(product) for product in row] for row in products]
        assert norms(W)[instance].tolist() == [root(square) for square in squared]
        assert squared_norms(W)[instance].tolist() == [float(square) for square in squared]
        others = [sum(p * p for p in row) - row[i] ** 2 for i, row in enumerate(products)]
        shared = [float(other / square) if square else 0.0 for other, square in zip(others, squared, strict=True)]
        np.testing.assert_allclose(superposition(W)[instance], shared, rtol=2e-15)
        D = [float(s * s / (s * s + o)) if s else 0.0 for s, o in zip(squared, others, strict=True)]
        np.testing.assert_allclose(feature_dimensionality(W)[instance], D, rtol=2e-15)
        assert frobenius_squared(W)[instance] == float(sum(squared))


def root(square: Fraction) -> float:
    """The square root of a multiple of 2^-36, correctly rounded: by a root of integers, cut off far below."""
    digits = 60
    return float(Fraction(isqrt(int(square * 2**36) << 2 * digits), 2 ** (18 + digits)))


def test_norms_are_rounded_correctly_where_libraries_differ():
    # Many: of random norms about one in six comes out otherwise of a library that is right to an ulp only.
    W = on_grid(np.random.default_rng(0), 40, 3, 100)
    assert [norms(W).ravel().tolist()] == [[root(Fraction(square)) for square in squared_norms(W).ravel().tolist()]]


@given(SHAPES)
@settings(max_examples=60, deadline=None)
def test_the_order_of_features_and_dimensions_changes_no_bit_of_norms(shape):
    m, n, seed = shape
    random = np.random.default_rng(seed)
    W = on_grid(random, 2, m, n)
    features, dimensions = random.permutation(n), random.permutation(m)
    mixed = W[:, dimensions][:, :, features]
    np.testing.assert_array_equal(norms(mixed), norms(W)[:, features])
    np.testing.assert_array_equal(frobenius_squared(mixed), frobenius_squared(W))
    for measure in (superposition, feature_dimensionality):
        np.testing.assert_allclose(measure(mixed), measure(W)[:, features], rtol=1e-14)


def test_an_instance_does_not_depend_on_its_neighbours():
    W = on_grid(np.random.default_rng(1), 4, 3, 7)
    W[2] *= 1000
    for measure in (norms, superposition, feature_dimensionality, frobenius_squared):
        np.testing.assert_array_equal(measure(W)[1:2], measure(W[1:2]))


def test_products_of_weights_at_the_edge_of_their_grid_are_exact():
    largest = WEIGHT.limit - 2.0**-WEIGHT.fraction_bits
    W = np.full((1, 64, 2), largest)
    assert gram(W)[0, 0, 1].item() == math.fsum([largest * largest] * 64)


def test_rounds_weights_to_their_grid_and_refuses_diverged_ones():
    W = np.array([[[0.1, 2.0**-18]]], dtype=np.float32)
    assert on_weight_grid(W).dtype == np.float64
    assert on_weight_grid(W)[0, 0].tolist() == [26214 / 2**18, 2.0**-18]  # 0.1 * 2^18 = 26214.4
    with pytest.raises(ValueError, match=r"instances \[1\] are not finite"):
        on_weight_grid(np.array([[[1.0]], [[math.nan]]]))


def test_the_best_instance_has_the_lowest_loss_among_seeds_of_the_same_point():
    models = [
        HandMade([[1.0, 0.0]], [0, 0], sparsity=sparsity, seed=seed, loss=loss)
        for sparsity, seed, loss in [(0.0, 0, 3.0), (0.0, 1, 2.0), (0.5, 0, 1.0), (0.5, 1, 1.0), (0.5, 2, 4.0)]
    ]
    table = hand_made.tables(models).instances
    assert table["point"].tolist() == [0, 0, 1, 1, 1]
    assert table["best"].tolist() == [False, True, True, False, False]  # of equals the lowest seed


def test_points_with_a_sparsity_per_feature_are_told_apart():
    models = [
        HandMade([[1.0, 0.0]], [0, 0], sparsity=sparsity, seed=seed, loss=1.0 + seed)
        for sparsity in ([0.1, 0.2], [0.3, 0.4])
        for seed in (0, 1)
    ]
    table = hand_made.tables(models).instances
    assert table["sparsity"].isna().all()
    assert table["point"].tolist() == [0, 0, 1, 1]
    assert table["best"].sum() == 2


def test_tables_say_what_the_measures_say():
    found = as_printed.intro()
    assert found.instances["n_represented"].tolist() == [2] * 3 + [4] * 3 + [5, 5, 4]
    assert found.instances["n_dedicated"].tolist() == [2] * 3 + [0] * 6
    coordinates = ["instance", "model", "n_hidden", "sparsity", "importance_curve", "sets", "seed", "best"]
    measured = ["feature", "importance", "density", "norm", "superposition", "dimensionality", "bias"]
    assert list(found.features.columns) == coordinates + measured
    pentagon = found.best["instance"].tolist()[2]
    assert found.features_of(pentagon)["bias"].tolist() == [-0.2] * 5
    products = found.gram_of(pentagon)
    np.testing.assert_array_equal(products, products.T)
    np.testing.assert_allclose(np.sqrt(products.diagonal()), found.features_of(pentagon)["norm"], rtol=1e-12)
    assert len(found.weights) == 9 * 2 * 5


def test_output_weights_are_stored_of_untied_models_and_known_of_tied_ones():
    W, W_out = [[1.0, 0.5, 0.0], [0.0, 0.25, -1.0]], [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]
    models = [HandMade(W, [0] * 3), HandMade(W, [0] * 3, model="absolute_value", W_out=W_out)]
    found = hand_made.tables(models)
    assert found.weights_out_of(0).tolist() == np.transpose(W).tolist()
    assert found.weights_out_of(1).tolist() == W_out
    assert found.weights["value_out"].isna().tolist() == [True] * 6 + [False] * 6


def test_tables_say_how_weights_were_learned():
    W = np.zeros((3, 2, 2, 2))  # three snapshots of two instances
    W[1, 0, 0, 0], W[2, 0] = 0.5, np.eye(2)
    learning, path = learning_table([0, 10, 20], W), trajectories_table([0, 10, 20], W)
    own = learning[(learning["instance"] == 0) & (learning["feature"] == 0)]
    assert own["step"].tolist() == [0, 10, 20]
    assert own["norm"].tolist() == [0, 0.5, 1]
    assert own["dimensionality"].tolist() == [0, 1, 1]
    assert path.query("instance == 0 and hidden == 0 and feature == 0")["value"].tolist() == [0, 0.5, 1]
    assert len(path) == W.size
    many = np.zeros((3, 1000, 20, 20))
    assert trajectories_table([0, 10, 20], many).empty
    assert len(learning_table([0], many[:1])) == 20_000


def test_share_of_samples_at_which_a_neuron_is_active():
    # sums -x, x - 0.5 and 0; x from 0 to 1 at equal steps, or 0 in half of the samples
    words = (np.arange(10_000) * 2**32 // 10_000)[None]
    b_hidden = np.array([0.0, -0.5, 0.0])
    dense, sparse = (
        trained_model([[-1.0], [1.0], [0.0]], b_hidden=b_hidden, hidden="relu", density=np.array([density]))
        for density in (1.0, 0.5)
    )
    assert activity(dense, words) == pytest.approx([0, 0.5, 0], abs=1e-3)
    assert activity(sparse, words) == pytest.approx([0, 0.25, 0], abs=1e-3)
    narrow = trained_model([[1.0]], hidden="relu", density=np.array([0.25]))
    found = activity_of_rectified([dense, trained_model([[1.0]] * 3), narrow], words, 3)
    np.testing.assert_allclose(found, [[0, 0.5, 0], [np.nan] * 3, [0.25, np.nan, np.nan]], atol=1e-3)


def test_diverged_output_weights_are_refused():
    W, W_out = np.zeros((1, 2, 1)), np.array([[[1.0, math.nan]]])
    with pytest.raises(ValueError, match=r"instances \[0\] are not finite"):
        weights_table(W, W_out)


def test_tables_do_not_depend_on_the_order_of_the_worlds_rows():
    models = [HandMade([[1.0, -0.5]], [0, 0], seed=seed, loss=seed + 1.0) for seed in range(3)]
    instances, features = hand_made.world(models)
    W = np.array([model.W for model in models])
    b, loss = np.zeros((3, 2)), np.array([1.0, 2.0, 3.0])
    first = instances_table(instances, features, W, loss, hand_made.settings(models))
    second = instances_table(instances[::-1], features[::-1], W, loss, hand_made.settings(models))
    pd.testing.assert_frame_equal(first, second)
    pd.testing.assert_frame_equal(features_table(first, features, W, b), features_table(second, features[::-1], W, b))


def test_refuses_a_world_of_another_shape():
    instances, features = hand_made.world([HandMade([[1.0, 0.0]], [0, 0])])
    two, wide = np.zeros((2, 1, 2)), np.zeros((1, 1, 3))
    with pytest.raises(ValueError, match="weights of 2 instances"):
        instances_table(instances, features, two, np.zeros(2), [])
    with pytest.raises(ValueError, match="not 3 for each of 1"):
        instances_table(instances, features, wide, np.zeros(1), [])


def test_tables_come_back_from_disk(tmp_path):
    made = as_printed.intro()
    hand_made.write(made, tmp_path / "intro")
    found = read(tmp_path / "intro")
    for name in ("instances", "features", "weights", "history"):
        pd.testing.assert_frame_equal(getattr(found, name), getattr(made, name), check_dtype=False)


def test_missing_files_and_columns_are_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"intro/instances.parquet.*dvc repro measure@intro"):
        read(tmp_path / "intro")
    made = as_printed.intro()
    with pytest.raises(ValueError, match="table weights lacks the columns value"):
        replace(made, weights=made.weights.drop(columns="value"))


def test_tables_have_plain_zeros():
    table = pd.DataFrame({"x": [-0.0, 1.5, np.nan], "y": np.array([-0.0, 2, 3], dtype=np.float32), "n": [1, 2, 3]})
    plain = with_plain_zeros(table)
    assert [np.signbit(plain[column][0]) for column in ("x", "y")] == [False, False]
    pd.testing.assert_frame_equal(plain, table)
