"""A bias made of averages: what left-out features add, on weights of known answer, and what the claims make of it."""

from dataclasses import replace

import numpy as np
import pytest

from superposition.claims import evaluate
from superposition.figures import figures_of, svg
from superposition.readings.averaged_biases import averaged
from tests import as_printed, hand_made, layout
from tests.hand_made import HandMade


def verdicts(tables):
    return {one["id"].removeprefix("averaged_bias."): one for one in evaluate({"averaged_bias": tables}).verdicts}


def failing(tables):
    return {name for name, one in verdicts(tables).items() if one["verdict"] == "fails"}


def test_what_left_out_features_add():
    """Two of them with weights 0.1 and 0.3 on the first neuron, and -0.2 and 0 on the second; density 0.4."""
    W = [[1.0, 0.1, 0.3], [0.0, -0.2, 0.0]]
    made = hand_made.tables([HandMade(W, [0.0] * 3, 0.6, model="relu_hidden", active=0.7)])
    found = averaged(made, made.instances.iloc[0])
    assert found.average == pytest.approx([0.4 * 0.2, -0.2 * 0.2], rel=1e-5)  # 0.4 / 2 of each
    variance = 0.4 / 3 - 0.16 / 4
    assert found.deviation == pytest.approx(np.sqrt([0.1 * variance, 0.04 * variance]), rel=1e-5)
    assert found.steadiness == pytest.approx(found.average / found.deviation)
    assert (found.often, found.represented) == (pytest.approx(0.7), 1)


def test_the_average_is_that_of_all_samples():
    rng = np.random.default_rng(0)
    W = np.concatenate([np.eye(3), 0.02 * rng.normal(1, 0.5, size=(3, 57))], axis=1)
    made = hand_made.tables([HandMade(W.tolist(), [0.0] * 60, 0.7, model="relu_hidden")])
    found = averaged(made, made.instances.iloc[0])
    x = rng.random((57, 20000)) * (rng.random((57, 20000)) < 0.3)
    added = W[:, 3:] @ x
    assert found.average == pytest.approx(added.mean(axis=1), rel=0.02)
    assert found.deviation == pytest.approx(added.std(axis=1), rel=0.03)


def test_without_left_out_features_there_is_no_average():
    made = hand_made.tables([HandMade(np.eye(2).tolist(), [0.0] * 2, 0.7, model="relu_hidden")])
    assert averaged(made, made.instances.iloc[0]).steadiness.tolist() == [0.0, 0.0]


def test_claims_hold_on_averages():
    found = verdicts(as_printed.averaged_bias())
    assert {name: one["verdict"] for name, one in found.items()} == dict.fromkeys(
        ("simulated", "as_good_as_linear", "not_from_few"), "holds"
    )
    # 190 * 0.02 * 0.15 = 0.57; 0.02 sqrt(190 * 0.0775) = 0.0767
    assert found["simulated"]["measured"] == (
        "on for 95.0% of the data; mean 0.57 to 0.57, at least 7.4 standard deviations; 10 features represented"
    )


@pytest.mark.parametrize(
    ("table", "change", "expected"),
    [
        ("hidden", lambda own: own.assign(active=own["active"].clip(upper=0.85)), {"simulated"}),
        ("hidden", lambda own: own.assign(active=own["active"].clip(lower=0.95)), {"not_from_few"}),
        (
            "weights",
            lambda own: own.assign(value=own["value"].where(~np.isclose(own["value"], 0.02, atol=1e-5), 0.0)),
            {"simulated"},
        ),
        # few of the left-out features: 0.02 * 2 * 0.15 over 0.02 sqrt(2 * 0.0775) is less than 2
        ("weights", lambda own: own.assign(value=own["value"].where(own["feature"] < 12, 0.0)), {"simulated"}),
        (
            "instances",
            lambda own: own.assign(loss=own["loss"] * np.where(own["model"] == "relu_hidden", 1.06, 1)),
            {"as_good_as_linear"},
        ),
    ],
    ids=["off", "on", "no weights", "few weights", "a higher loss"],
)
def test_claims_fail_on_others(table, change, expected):
    shown = as_printed.averaged_bias()
    assert failing(replace(shown, **{table: change(getattr(shown, table))})) == expected


def test_the_figure_has_a_dot_for_each_neuron(tmp_path):
    figure = figures_of("averaged_bias", as_printed.averaged_bias())["averages"]
    on = np.concatenate([line.get_ydata() for line in figure.axes[1].lines if len(line.get_ydata()) == 5])
    assert sorted(on) == pytest.approx([0.1] * 10 + [0.95] * 10)
    svg.save(figure, tmp_path / "averages.svg")
    assert not layout.faults((tmp_path / "averages.svg").read_bytes())
    assert "averages" not in figures_of("averaged_bias", as_printed.hidden_bias())
