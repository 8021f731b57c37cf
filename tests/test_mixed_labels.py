"""Labels with a mixing matrix: claims and the figure, on weights and losses of known answer."""

import numpy as np
import pytest

from superposition.claims import evaluate
from superposition.figures import figures_of
from superposition.figures.svg import save
from superposition.readings.responses import MIXED
from superposition.readings.results import Tables
from tests import as_printed, hand_made, layout
from tests.hand_made import HandMade
from tests.test_error_power import codewords, own_neurons

N, DENSITY = 100, 0.01
PER_DENSITY = {"mixed_0": 0.0845, "mixed_0_25": 0.081, "mixed_0_5": 0.073, "mixed_1": 0.066, "mixed_2": 0.09}


def mixed(weights=None, **per_density: float) -> Tables:
    """Half of the features without the matrix, all of them with it, at these losses over the density."""
    found = {name: codewords(1.6) if scale else own_neurons() for name, scale in MIXED.items()} | (weights or {})
    models = [
        HandMade(
            W.tolist(), [0.0] * N, 1 - DENSITY, model=name, seed=seed, W_out=W_out.tolist(), law="signed",
            loss=(PER_DENSITY | per_density)[name] * DENSITY * (1 + seed / 1000),
        )
        for name, (W, W_out) in found.items()
        for seed in range(2)
    ]  # fmt: skip
    return hand_made.tables(models)


def failing(tables: Tables) -> set[str]:
    found = evaluate({"mixed_labels": tables}).verdicts
    return {str(one["id"]).partition(".")[2] for one in found if one["verdict"] != "holds"}


def test_claims_hold_on_what_the_source_says():
    assert failing(mixed()) == set()


@pytest.mark.parametrize(
    ("tables", "expected"),
    [
        (mixed(mixed_1=0.076), {"noise_lowers_the_loss", "the_gain_grows_with_the_noise"}),
        (mixed(mixed_0=0.0815), {"without_noise_half_is_served"}),
        (mixed(mixed_0=0.09), {"without_noise_half_is_served"}),
        (mixed(mixed_0_25=0.0849), {"the_gain_grows_with_the_noise"}),
        (mixed({"mixed_0": codewords(1.6)}), {"noise_serves_all", "noise_spreads_features"}),
        (mixed({"mixed_1": own_neurons()}), {"noise_serves_all", "noise_spreads_features"}),
        (mixed({"mixed_1": (codewords()[0], np.zeros((100, 50)))}), {"noise_serves_all", "noise_spreads_features"}),
    ],
    ids=["dear", "cheap", "too dear", "no order", "all without it", "half with it", "nothing with it"],
)
def test_claims_fail_on_others(tables, expected):
    assert failing(tables) == expected


def test_other_models_are_not_judged():
    assert len(evaluate({"mixed_labels": as_printed.computation()}).untested) == 5
    assert "mixing" not in figures_of("mixed_labels", as_printed.computation())


def test_the_figure_has_losses_over_the_density(tmp_path):
    figure = figures_of("mixed_labels", mixed())["mixing"]
    save(figure, tmp_path / "mixing.svg")
    assert not layout.faults((tmp_path / "mixing.svg").read_bytes())
    loss, own = figure.axes
    assert loss.lines[0].get_ydata() == pytest.approx([1 / 12] * 2)
    assert loss.lines[1].get_xdata() == pytest.approx(list(MIXED.values()))
    assert loss.lines[1].get_ydata() == pytest.approx(list(PER_DENSITY.values()))
    assert own.lines[0].get_ydata() == pytest.approx([1.0] * 50 + [0.0] * 50)
