"""Neurons with two features by chance: what is counted on weights of known answer, and what claims make of it."""

from dataclasses import replace

import numpy as np
import pytest

from superposition.claims import evaluate
from superposition.figures import figures_of
from superposition.figures.svg import save
from superposition.readings import incidental
from superposition.readings.results import Tables
from tests import as_printed, hand_made, layout
from tests.hand_made import HandMade

N, WIDTHS = 32, (64, 128, 256)
# Neurons with two features, by seed; by chance 3.9, 1.9 and 1.0.
SHARED = {64: (4, 4, 4), 128: (1, 2, 3), 256: (0, 1, 2)}


def weights(m: int, shared: int, sign: float = -1.0, own: float = 1.0) -> np.ndarray:
    """A neuron for each feature, but for pairs of the first ones, which share one."""
    W = np.zeros((m, N))
    W[np.arange(N), np.arange(N)] = own
    for k in range(shared):
        W[2 * k + 1, 2 * k + 1] = 0.0
        W[2 * k, 2 * k + 1] = sign * own
    return W


def incidental_polysemanticity(shared=SHARED, sign: float = -1.0, own: float = 1.0, turned: int = 0) -> Tables:
    """Features begin with a small weight where they end, the first `turned` of them with a larger one elsewhere."""
    widest = max(shared)
    models, first = [], []
    for m, counts in shared.items():
        for seed, count in enumerate(counts):
            W = np.pad(weights(m, count, sign, own), ((0, widest - m), (0, 0)))
            start = 0.2 * W
            start[m - 1, :turned] = 0.3
            first.append(start)
            models.append(
                HandMade(
                    W=W.tolist(), b=[0.0] * N, seed=seed, model="penalised", sets="anticorrelated", set_size=N,
                    hidden_l1=0.001, n_hidden=m, law="constant",
                )
            )  # fmt: skip
    path = np.stack([np.stack(first), np.stack([np.array(model.W) for model in models])])
    return hand_made.tables(models, steps=(0, 10), path=path)


def failing(tables: Tables) -> set[str]:
    found = evaluate({"incidental_polysemanticity": tables}).verdicts
    assert len(found) == 5
    return {str(one["id"]).partition(".")[2] for one in found if one["verdict"] != "holds"}


def test_neurons_with_two_features_are_counted_with_their_signs():
    run = incidental.Run(weights(64, 3), 0.2 * weights(64, 3))
    assert run.shared.tolist() == [0, 2, 4]
    assert (run.opposite, np.count_nonzero(run.settled), np.count_nonzero(run.as_at_first)) == (3, N, N)
    alike = incidental.Run(weights(64, 3, sign=1.0), weights(64, 0))
    assert (len(alike.shared), alike.opposite) == (3, 0)
    assert np.count_nonzero(alike.as_at_first) == N - 3  # three had a neuron of their own before
    three = weights(64, 1)
    three[0, 5] = 0.9
    assert incidental.Run(three, three).opposite == 0  # two positive ones and a negative one
    assert not incidental.Run(three, three).settled[5]  # it is on two neurons


def test_what_chance_makes():
    """Of features on random neurons with random signs, pairs on the same neuron with different signs."""
    drawn = np.random.default_rng(0)
    neurons, signs = drawn.integers(512, size=(4000, N)), drawn.integers(2, size=(4000, N))
    same = (neurons[:, :, None] == neurons[:, None]) & (signs[:, :, None] != signs[:, None])
    assert same.sum() / 2 / 4000 == pytest.approx(incidental.by_chance(N, 512), rel=0.06)


def test_claims_hold_on_what_the_source_says():
    assert failing(incidental_polysemanticity()) == set()


@pytest.mark.parametrize(
    ("tables", "expected"),
    [
        (incidental_polysemanticity(own=0.4), {"one_neuron_each", "as_many_as_by_chance", "fewer_with_more_neurons",
                                               "opposite_signs", "decided_before_training"}),
        (incidental_polysemanticity(sign=1.0), {"opposite_signs"}),
        (incidental_polysemanticity(turned=8), {"decided_before_training"}),
        (incidental_polysemanticity({64: (4, 4), 128: (4, 4), 256: (4, 4)}),
         {"as_many_as_by_chance", "fewer_with_more_neurons"}),
        (incidental_polysemanticity({64: (0, 0), 128: (0, 0), 256: (0, 0)}),
         {"as_many_as_by_chance", "fewer_with_more_neurons", "opposite_signs"}),
    ],
    ids=["on none", "of one sign", "other neurons at first", "as many everywhere", "none"],
)  # fmt: skip
def test_claims_fail_on_others(tables, expected):
    assert failing(tables) == expected


def test_models_without_a_penalty_or_first_weights_are_not_judged():
    made = incidental_polysemanticity()
    without = replace(made, instances=made.instances.assign(hidden_l1=0.0))
    later = replace(made, trajectories=made.trajectories[:0])
    for tables in (without, later, as_printed.intro()):
        assert len(evaluate({"incidental_polysemanticity": tables}).untested) == 5
        assert "neurons" not in figures_of("incidental_polysemanticity", tables)
    narrow = incidental_polysemanticity({32: (4, 4)})
    assert len(evaluate({"incidental_polysemanticity": narrow}).untested) == 5


def test_the_figure_has_means_beside_chance(tmp_path):
    figure = figures_of("incidental_polysemanticity", incidental_polysemanticity())["neurons"]
    save(figure, tmp_path / "neurons.svg")
    assert not layout.faults((tmp_path / "neurons.svg").read_bytes())
    chance, trained = figure.axes[0].lines[:2]
    assert chance.get_ydata() == pytest.approx([32 * 31 / 4 / m for m in WIDTHS])
    assert trained.get_ydata() == pytest.approx([4, 2, 1])
    nothing = incidental_polysemanticity({64: (0, 0), 128: (0, 0)}, own=0.1)
    save(figures_of("incidental_polysemanticity", nothing)["neurons"], tmp_path / "nothing.svg")
    assert not layout.faults((tmp_path / "nothing.svg").read_bytes())
