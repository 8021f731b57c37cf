"""Responses of neurons to single features: what is read off weights of known answer, and what the claims make of it."""

from functools import cache

import numpy as np
import pytest

from superposition.claims import evaluate
from superposition.figures import figures_of
from superposition.figures.svg import save
from superposition.readings import responses
from superposition.readings.responses import Layer
from superposition.readings.results import Tables
from tests import as_printed, hand_made, layout
from tests.hand_made import HandMade

N, M, DENSITY = 100, 50, 0.02
POWERS = ("power_2", "power_2_5", "power_3", "power_4")


def own_neurons(n: int = N, m: int = M) -> tuple[np.ndarray, np.ndarray]:
    """A neuron for each of the first features, and nothing for the others."""
    W = np.eye(m, n)
    return 2 * W, 0.5 * W.T


@cache
def codewords(scale: float = 1.6) -> tuple[np.ndarray, np.ndarray]:
    """Each feature on four neurons of its own choice, read by a multiple of the pseudo-inverse.

    Features of the second half have their neurons in the opposite order, so that responses to themselves are all alike:
    half of the multiple, as the trace of a projection of rank 50 is 50.
    """
    W, offsets = np.zeros((M, N)), np.array([0, 1, 2, 4])
    for k in range(M):
        W[(k + offsets) % M, k] = W[(k - offsets) % M, M + k] = 1.0
    return W, scale * np.linalg.pinv(W)


def projection(n: int = 20, m: int = 5) -> tuple[np.ndarray, np.ndarray]:
    """A^T A, the same for all features: rows of A are a constant and the cosines and sines of whole turns.

    As a layer: W = B A, where B adds so much of the constant to all other rows that no weight is negative.
    """
    turns = 2 * np.pi * np.outer(np.arange(1, m // 2 + 1), np.arange(n)) / n
    A = np.concatenate([np.full((1, n), 2**-0.5), np.cos(turns), np.sin(turns)]) * (2 / n) ** 0.5
    B = np.eye(m)
    B[1:, 0] = 1.5
    return B @ A, A.T @ np.linalg.inv(B)


def model(name: str, weights, loss: float, seed: int = 0, n: int = N) -> HandMade:
    W, W_out = weights
    return HandMade(
        W.tolist(), [0.0] * n, round(1 - DENSITY, 6), model=name, seed=seed, loss=loss, W_out=W_out.tolist(),
        law="signed",
    )  # fmt: skip


HALF = DENSITY / 12


def large(by_power=None, loss: float = 1.01 * HALF, others: float = 1.4 * HALF) -> Tables:
    """Half of the features with squares, all with higher powers, the better the higher."""
    found = {"power_2": own_neurons()} | {name: codewords(1.4 + k / 10) for k, name in enumerate(POWERS[1:])}
    return hand_made.tables(
        [
            model(name, weights, (loss if name == "power_2" else others) * (1 + seed / 100), seed)
            for name, weights in (found | (by_power or {})).items()
            for seed in range(2)
        ]
    )


def small(fourth=None, squared=None) -> Tables:
    drawn = {"power_2": squared or own_neurons(20, 5), "power_4": fourth or projection()}
    return hand_made.tables(
        [model(name, weights, 0.001 + seed, seed, 20) for name, weights in drawn.items() for seed in range(2)]
    )


def failing(experiment: str, tables: Tables) -> set[str]:
    found = evaluate({experiment: tables}).verdicts
    return {str(one["id"]).partition(".")[2] for one in found if one["verdict"] != "holds"}


def test_responses_of_a_neuron_of_its_own():
    layer = Layer(*own_neurons(), 0.0)
    assert np.diagonal(layer.responses).tolist() == [1.0] * M + [0.0] * (N - M)
    assert layer.errors.tolist() == [0.0] * M + [1 / 3] * (N - M)  # of x^2, mean 1/3
    assert np.count_nonzero(layer.codewords, axis=1).tolist() == [1] * M + [0] * (N - M)
    assert responses.variation(layer.errors) == pytest.approx(1)
    negative = Layer(-2 * np.eye(M, N), 0.5 * np.eye(N, M), 0.0)  # which a ReLU never lets through
    assert not negative.responses.any()
    assert not negative.codewords.any()


def test_codewords_are_the_neurons_of_a_tenth_of_the_largest_contribution():
    W = np.array([[1.0], [1.0], [0.5], [-1.0]])
    W_out = np.array([[1.0, 0.099, 0.2, 5.0]])  # contributions 1, 0.099, 0.1 and, as it is off, none
    assert Layer(W, W_out, 0.0).codewords.tolist() == [[True, False, True, False]]


def test_distance_from_a_projection():
    W, W_out = projection()
    assert responses.from_projection(W_out @ W) == pytest.approx(15)
    assert responses.from_projection(3 * W_out @ W) == pytest.approx(15)
    assert responses.from_projection(np.ones((20, 20))) == pytest.approx(19)  # rank 1
    assert responses.from_projection(np.zeros((20, 20))) == 20


def test_cosine_with_the_pseudo_inverse_is_numpys():
    W, W_out = np.random.default_rng(0).normal(size=(2, 7, 12))
    inverse = np.linalg.pinv(W)
    expected = (inverse * W_out.T).sum() / np.linalg.norm(inverse) / np.linalg.norm(W_out)
    assert responses.cosine_with_inverse(Layer(W, W_out.T, 0.0)) == pytest.approx(expected)
    assert responses.cosine_with_inverse(Layer(W, 3 * inverse, 0.0)) == pytest.approx(1)
    assert responses.cosine_with_inverse(Layer(np.zeros((7, 12)), inverse, 0.0)) == 0


def test_claims_hold_on_what_the_sources_say():
    assert failing("error_power", large()) == set()
    assert failing("error_power_small", small()) == set()


@pytest.mark.parametrize(
    ("tables", "expected"),
    [
        (large(loss=1.1 * HALF), {"squared_loss_is_that_of_half"}),
        (large(others=1.05 * HALF), {"serving_all_costs_squares"}),
        (
            large({"power_2": codewords()}),
            {"squared_errors_serve_half", "errors_fall_with_the_power", "own_neurons_with_squares"},
        ),
        (
            large({"power_4": own_neurons()}),
            {
                "higher_powers_serve_all",
                "errors_fall_with_the_power",
                "several_neurons_for_each",
                "serving_all_costs_squares",
            },
        ),
        (
            large({"power_4": (codewords()[0], 3.2 * np.linalg.pinv(codewords()[0]))}),
            {"higher_powers_serve_all", "errors_fall_with_the_power"},
        ),
        (large({"power_4": (codewords()[0], codewords()[0].T / 4)}), {"read_out_is_the_inverse"}),
    ],
    ids=[
        "more loss",
        "less loss",
        "codewords with squares",
        "own neurons with fourth powers",
        "too much",
        "read by the transpose",
    ],
)
def test_claims_fail_on_others(tables, expected):
    assert expected <= failing("error_power", tables)
    assert not failing("error_power", tables) - expected - {"errors_fall_with_the_power", "higher_powers_serve_all"}


def test_claims_about_few_features_fail_on_others():
    assert failing("error_power_small", small(fourth=own_neurons(20, 5))) == {"diagonals"}
    assert failing("error_power_small", small(squared=projection())) == {"diagonals"}
    narrow = own_neurons(20, 4)
    padded = tuple(np.pad(one, [(0, 1), (0, 0)] if one.shape[0] == 4 else [(0, 0), (0, 1)]) for one in narrow)
    assert failing("error_power_small", small(squared=padded)) == {"projections"}


def test_other_models_are_not_judged():
    assert len(evaluate({"error_power": as_printed.computation()}).untested) == 8
    assert len(evaluate({"error_power_small": large()}).untested) == 2
    assert "responses" not in figures_of("error_power", as_printed.computation())


def test_the_figure_orders_responses_and_shows_them(tmp_path):
    for experiment, tables in (("error_power", large()), ("error_power_small", small())):
        figure = figures_of(experiment, tables)["responses"]
        save(figure, tmp_path / "responses.svg")
        assert not layout.faults((tmp_path / "responses.svg").read_bytes())
        first = figure.axes[0].lines[0].get_ydata()
        served = 50 if experiment == "error_power" else 5
        assert first == pytest.approx([1.0] * served + [0.0] * (len(first) - served))
