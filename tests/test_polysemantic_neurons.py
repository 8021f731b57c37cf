"""Neurons of one and of several features: known responses, and claims on models put together by hand."""

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest

from superposition.claims import CLAIMS, evaluate
from superposition.figures import figures_of
from superposition.measures.neurons import monosemantic, polysemantic, responses
from superposition.measures.thresholds import NEURON_USED
from superposition.readings.results import Tables
from tests import as_printed, hand_made
from tests.hand_made import HandMade

IMPORTANCE = [0.75**i for i in range(10)]
DENSITIES = (1.0, 0.5, 0.15, 0.03)
WIDTHS = (5, 10)


def test_a_weight_below_zero_is_no_response():
    W = np.array([[1.0, -0.9, 0.0], [0.8, 0.7, -0.5], [-1.0, -1.0, 0.0]])
    assert responses(W).tolist() == [[1, 0, 0], [0.8, 0.7, 0], [0, 0, 0]]
    assert monosemantic(responses(W)).tolist() == [True, False, False]
    assert polysemantic(responses(W)).tolist() == [False, True, False]
    assert polysemantic(W).tolist() == [True, True, True]  # by weights, the first holds two features as well


def test_a_binary_code_makes_both_of_its_neurons_polysemantic():
    # (+, +), (+, -), (-, +): each neuron responds to two of three features.
    found = responses(np.array([[0.9, 0.9, -0.8], [0.9, -0.8, 0.9]]))
    assert polysemantic(found).tolist() == [True, True]


@pytest.mark.parametrize("m", [3, 5, 7, 9])
def test_of_more_features_than_neurons_some_share_a_neuron(m):
    # Pigeonholes: if each of ten features excites some neuron, two of them excite the same one.
    generator = np.random.default_rng(m)
    for _ in range(100):
        W = generator.normal(size=(m, 10)) * generator.integers(0, 2, size=(m, 10))
        W[generator.integers(0, m, 10), np.arange(10)] = NEURON_USED + generator.random(10) + 1e-6
        assert polysemantic(responses(W)).any()


def aligned(m: int) -> np.ndarray:
    return np.eye(m, 10)


def mixed(m: int) -> np.ndarray:
    """The two most important features have a neuron each, the rest shares the others."""
    W = np.zeros((m, 10))
    W[0, 0] = W[1, 1] = 1
    for feature in range(2, 10):
        W[2 + (feature - 2) % (m - 2), feature] = W[2 + (feature - 1) % (m - 2), feature] = 0.8
    return W


def pairs(m: int) -> np.ndarray:
    """Every feature excites a pair of neurons."""
    W = np.zeros((m, 10))
    for feature, pair in zip(range(10), combinations(range(m), 2), strict=False):
        W[list(pair), feature] = 0.8
    if m == 10:
        W = 0.8 * (np.eye(10) + np.roll(np.eye(10), 1, axis=0))
    return W


def rotated(m: int) -> np.ndarray:
    """The first m features, in directions that are no neuron's: 0.8 on one, 0.6 on the next."""
    return np.hstack([0.8 * np.eye(m) + 0.6 * np.roll(np.eye(m), 1, axis=0), np.zeros((m, 10 - m))])


def shown(enough=aligned) -> Tables:
    """What is claimed; `enough` makes the models that have a neuron for each feature."""
    by_density = dict(zip(DENSITIES, (rotated, aligned, mixed, pairs), strict=True))
    made = []
    for m in WIDTHS:
        for density, make in by_density.items():
            for seed in range(2):
                W = np.zeros((10, 10))
                W[:m] = (enough if m == 10 and density < 1 else make)(m)
                made.append(
                    HandMade(W.tolist(), [0.0] * 10, round(1 - density, 6), IMPORTANCE, "0.75^i", "relu_hidden", seed,
                             loss=0.01 + 0.001 * seed, n_hidden=m, active=0.98 if density == 1 else 0.4)
                )  # fmt: skip
    return hand_made.tables(made)


def verdicts(tables: Tables) -> dict[str, dict]:
    found = evaluate({"polysemantic_neurons": tables}).verdicts
    return {str(verdict["id"]).split(".")[1]: verdict for verdict in found}


def with_weights(tables: Tables, which, change) -> Tables:
    """With W [hidden, feature] of the instances for which `which` is true replaced by `change` of it."""
    weights = tables.weights.copy()
    for row in tables.instances[which(tables.instances)].to_dict("records"):
        own = weights["instance"] == row["instance"]
        weights.loc[own, "value"] = change(tables.weights_of(row["instance"])).ravel()
    return replace(tables, weights=weights)


def test_all_claims_hold_on_the_ideal():
    found = verdicts(shown())
    assert list(found) == [claim.id.split(".")[1] for claim in CLAIMS["polysemantic_neurons"]]
    assert {id: verdict["verdict"] for id, verdict in found.items()} == dict.fromkeys(found, "holds")
    # five neurons for ten features: none, three of five, all of them
    assert found["grows_with_sparsity"]["measured"] == "m = 5: 0%, 60%, 100% at 0.5, 0.15, 0.03"
    # features 1 and 2 alone, 3 to 10 shared
    assert found["important_features_last"]["measured"] == "m = 5, 0.15: 1.5 and 6.5"
    assert found["dense_neurons_are_linear"]["measured"] == "100% of models; on for 98.0% of the data"


def test_all_claims_fail_on_models_that_learned_nothing():
    tables = shown()
    nothing = replace(
        tables,
        weights=tables.weights.assign(value=0.0),
        features=tables.features.assign(norm=0.0),
        instances=tables.instances.assign(n_represented=0),
    )
    assert {verdict["verdict"] for verdict in verdicts(nothing).values()} == {"fails"}


def test_enough_neurons_need_not_be_monosemantic():
    found = verdicts(shown(enough=pairs))
    assert found["a_neuron_for_each_feature"]["verdict"] == "fails"
    assert found["a_neuron_for_each_feature"]["measured"] == "0.5: 0; 0.15: 0; 0.03: 0 of 10 monosemantic"
    assert found["grows_with_sparsity"]["verdict"] == "holds"  # that is about fewer neurons


def sparse(rows):
    return (rows["n_hidden"] == 5) & np.isclose(rows["sparsity"], 0.97)


def middle(rows):
    return (rows["n_hidden"] == 5) & np.isclose(rows["sparsity"], 0.85)


def dense(rows):
    return np.isclose(rows["sparsity"], 0.0)


@pytest.mark.parametrize(
    ("claim", "which", "change"),
    [
        ("grows_with_sparsity", sparse, lambda W: mixed(len(W))),
        ("important_features_last", middle, lambda W: mixed(len(W))[:, ::-1]),
        ("dense_neurons_are_linear", dense, lambda W: aligned(len(W))),
    ],
)
def test_each_claim_fails_where_it_is_not_so(claim, which, change):
    found = verdicts(with_weights(shown(), which, change))
    assert {id for id, verdict in found.items() if verdict["verdict"] == "fails"} >= {claim}


def test_neurons_that_are_often_off_are_not_linear():
    tables = shown()
    found = verdicts(replace(tables, hidden=tables.hidden.assign(active=0.5)))
    assert found["dense_neurons_are_linear"]["verdict"] == "fails"


def test_claims_need_both_ends_of_each_axis():
    tables = shown()
    for keep in (tables.instances["n_hidden"] == 5, tables.instances["sparsity"] < 0.9):
        fewer = replace(tables, instances=tables.instances[keep])
        untested = evaluate({"polysemantic_neurons": fewer}).untested
        assert len(untested) == len(CLAIMS["polysemantic_neurons"])


def began(make=aligned, loss: float = 0.001) -> Tables:
    """Models that began with a neuron for each feature."""
    made = [
        HandMade(make(10).tolist(), [0.0] * 10, round(1 - density, 6), IMPORTANCE, "0.75^i", "relu_hidden", seed,
                 loss=loss, n_hidden=10)
        for density in DENSITIES
        for seed in range(2)
    ]  # fmt: skip
    return hand_made.tables(made)


@pytest.mark.parametrize(
    ("tables", "kept", "better"),
    [(began(), "holds", "holds"), (began(pairs), "fails", "holds"), (began(loss=0.0105), "holds", "fails")],
)
def test_what_begins_with_a_neuron_for_each_feature_may_keep_it(tables, kept, better):
    """Models from random weights have losses of 0.01 and 0.011."""
    evaluation = evaluate({"polysemantic_neurons": shown(), "dedicated_neurons": tables})
    found = {one["id"]: one for one in evaluation.verdicts if one["id"].startswith("dedicated_neurons.")}
    assert found["dedicated_neurons.kept"]["verdict"] == kept
    assert found["dedicated_neurons.better_than_what_is_found"]["verdict"] == better
    assert found["dedicated_neurons.better_than_what_is_found"]["measured"].startswith("1: ")


def test_what_began_is_compared_at_the_same_densities():
    tables = began()
    fewer = replace(tables, instances=tables.instances[tables.instances["sparsity"] < 0.9])
    untested = evaluate({"polysemantic_neurons": shown(), "dedicated_neurons": fewer}).untested
    assert [claim.id for claim, _ in untested] == ["dedicated_neurons.better_than_what_is_found"]


def test_the_figure_counts_neurons():
    figure = figures_of("polysemantic_neurons", shown())["responses"]
    said = [text.get_text() for text in figure.texts if " mono, " in text.get_text()]
    # by column: densities 1, 0.5, 0.15, 0.03, each with 5 and with 10 neurons
    assert said == ["0 mono, 5 poly", "0 mono, 10 poly", "5 mono, 0 poly", "10 mono, 0 poly",
                    "2 mono, 3 poly", "10 mono, 0 poly", "0 mono, 5 poly", "10 mono, 0 poly"]  # fmt: skip


def test_models_of_another_kind_get_an_overview():
    assert "responses" not in figures_of("polysemantic_neurons", as_printed.intro())
