"""Targets of several features: products of neighbours, and matrices that mix other features in."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from superposition.measures.held_out import losses
from superposition.measures.trained import TARGETS, trained_models
from superposition.models.mixing import mixing_matrix, mixing_of
from superposition.models.toy_model import Architecture, ToyModel
from superposition.params.models import Model
from tests.test_held_out import LONG, MODEL, some_weights, world

NAMES = {"seed": 0, "experiment": "here"}
KINDS = [{"embedding": 400, "scale": 1.0}, {"gaussian": 0.05}, {"symmetric": 0.05}]


@pytest.mark.parametrize("mixing", KINDS, ids=str)
def test_entries_have_a_standard_deviation_of_a_twentieth(mixing):
    """1 / sqrt(400), the spread of dot products of random directions; five standard errors of n (n - 1) entries."""
    n = 100
    M = mixing_matrix(mixing, n, NAMES)
    others = M[~np.eye(n, dtype=bool)]
    assert (np.diag(M) == 0).all()
    distinct = len(others) / (1 if "gaussian" in mixing else 2)
    assert others.std() == pytest.approx(0.05, rel=5 / (2 * distinct) ** 0.5)
    assert others.mean() == pytest.approx(0, abs=5 * 0.05 / distinct**0.5)
    assert (M == M.T).all() == ("gaussian" not in mixing)
    assert (np.rint(M * 2.0**18) == M * 2.0**18).all()


def test_the_scale_of_an_embedding_is_a_factor():
    whole, half = (mixing_matrix({"embedding": 50, "scale": scale}, 20, NAMES) for scale in (1.0, 0.5))
    np.testing.assert_allclose(half, whole / 2, atol=2.0**-19)
    assert np.linalg.matrix_rank(whole + np.eye(20), tol=1e-3) == 20
    few = mixing_matrix({"embedding": 3, "scale": 1.0}, 20, NAMES)
    assert np.linalg.matrix_rank(few + np.eye(20), tol=1e-3) == 3


def test_models_of_an_experiment_have_one_matrix():
    first, second, other = (
        mixing_of({"gaussian": 0.1}, 5, json.dumps({"seed": 0, "experiment": name, "instance": {"seed": seed}}))
        for name, seed in (("here", 0), ("here", 1), ("there", 0))
    )
    np.testing.assert_array_equal(first, second)
    assert (first != other).any()
    assert mixing_of(None, 5, "{}") is None
    with pytest.raises(ValueError, match="is to have the matrix that its mixing says"):
        ToyModel(Architecture(**MODEL, mixing={"gaussian": 0.1}), 1, 5, 2, torch.float64)


def test_products_are_of_neighbours():
    x = np.array([[1.0, 0.5], [0.5, 0.0], [0.25, 1.0]])
    expected = [[0.5, 0.0], [0.125, 0.0], [0.25, 0.5]]
    assert TARGETS["products"](x).tolist() == expected
    model = ToyModel(Architecture(**MODEL | {"target": "products"}), 1, 3, 2, torch.float64)
    assert model.target(torch.from_numpy(x)[None])[0].tolist() == expected


@pytest.mark.parametrize("mixing", KINDS, ids=str)
@pytest.mark.parametrize("target", ["identity", "relu", "products"])
def test_what_is_measured_is_the_target_of_training(target, mixing):
    instances, features, parameters = world(np.full(6, 0.5), some_weights(2, 2, 6))
    settings = Model(name="relu_output", target=target, mixing=mixing).model_dump()
    table = instances.assign(point=0, best=True)
    trained = trained_models(table, features, parameters, [settings])[1]
    model = ToyModel(Architecture(**settings), 1, 6, 2, torch.float64, mixing_of(mixing, 6, instances["stream"][0]))
    x = np.round(np.random.default_rng(0).uniform(-1, 1, (6, 50)) * 2**16) / 2**16
    wanted = trained.wanted(x)
    np.testing.assert_array_equal(wanted, model.target(torch.from_numpy(x)[None])[0].numpy())
    assert (wanted != replace(trained, mixing=None).wanted(x)).mean() > 0.9


@pytest.mark.parametrize(("target", "mixing"), [("products", None), ("identity", {"gaussian": 0.3})])
def test_losses_of_a_model_that_gives_nothing(target, mixing):
    """E[t^2] of independent features that are uniform on [0, 1] where they are active: p^2 / 9 of products.

    Of mixed features, E[(x_i + sum_j M_ij x_j)^2] = variance * |row|^2 + (mean * sum of row)^2.
    """
    p, n = 0.3, 6
    instances, features, parameters = world(np.full(n, p))
    models = [MODEL | {"target": target, "mixing": mixing}]
    found = losses(instances, features, [0], parameters, {"models": models, "training": LONG}, 0.005).iloc[0]
    expected = p * p / 9
    if mixing:
        rows = np.eye(n) + mixing_matrix(mixing, n, NAMES)
        expected = float(np.mean((p / 3 - p * p / 4) * (rows**2).sum(1) + (p / 2 * rows.sum(1)) ** 2))
    assert abs(found["loss"] - expected) < 4 * found["standard_error"]
