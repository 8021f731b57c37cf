"""Parts switched off: errors of an antipodal pair in closed form, claims on an ideal outcome and on wrong ones."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from superposition.claims import evaluate
from superposition.figures import figures_of
from superposition.measures.ablations import SAMPLES, errors, table
from superposition.params.experiments import read
from superposition.params.faults import ParamsError
from superposition.theory.losses import without_superposition
from tests import hand_made
from tests.hand_made import HandMade, trained_model

DENSITIES = (1.0, 0.3, 0.1, 0.03, 0.01)
DATA = (1.0, 0.3, 0.1, 0.03)
IMPORTANCE = 0.9 ** np.arange(20)
CROWDED = np.hstack([np.array(hand_made.pairs_in(5, 10, 0, 5)), 0.6 * np.eye(5), -0.6 * np.eye(5)]).tolist()


def trained(W, b, density, **other):
    n = len(b)
    return trained_model(W, b=np.array(b, dtype=float), density=np.full(n, density), **other)


@pytest.mark.parametrize("s", [1.0, 0.5, 0.1])
def test_a_pair_costs_the_square_of_the_density_with_the_relu_and_the_density_without(s):
    found = errors(trained([[1.0, -1.0]], [0, 0], s), ["nothing", "relu", "bias"], 2**17)
    # ReLU(x_1 - x_2): off by the smaller value if both are active, whose square has mean 1/6. Off by x_2 without it.
    assert found[0] == pytest.approx([s**2 / 6] * 2, rel=0.1)  # at 0.1, in 1300 samples
    assert found[1] == pytest.approx([s / 3] * 2, rel=0.03)
    assert found[2].tolist() == found[0].tolist()  # it has none


def test_a_bias_filters_small_interference_and_is_missed():
    # Both features on the same side, at 0.1: x_2 adds 0.1 x_2, and a bias of -0.1 takes away at least that.
    W = [[1.0, 0.1]]
    with_bias, without = errors(trained(W, [0, -0.1], 0.2), ["nothing", "bias"], 2**16)
    # Output 2: ReLU(0.1 x_1 + 0.01 x_2 - 0.1) is almost 0, so that x_2^2 is left: s/3. Without: 0.1 x_1 is let through,
    # (x_2 - 0.1 x_1 - 0.01 x_2)^2: s/3 (0.99^2 + 0.01) - 2 * 0.99 * 0.1 (s/2)^2
    assert with_bias[1] == pytest.approx(0.2 / 3, rel=0.02)
    assert without[1] == pytest.approx(0.2 / 3 * (0.99**2 + 0.01) - 0.198 * 0.01, rel=0.02)


def test_a_feature_of_its_own_dimension_has_no_error_and_an_ignored_one_its_variance():
    found = errors(trained([[1.0, 0.0]], [0, 0.25], 0.5), ["nothing", "relu"], 2**16)
    assert found[:, 0].tolist() == [0, 0]
    assert found[:, 1] == pytest.approx([1 / 6 - 1 / 16] * 2, rel=0.02)


def test_errors_depend_on_nothing_but_the_model_and_its_data():
    model = trained([[1.0, -1.0]], [0, 0], 0.5)
    settings = {"samples": 3 * SAMPLES // 2, "without": ["relu"], "densities": [0.5, 1.0]}
    alone, both = table([model], settings), table([replace(model, b=np.ones(2)), model], settings)
    assert both.iloc[len(alone) :].reset_index(drop=True).equals(alone)
    rows = alone.set_index(["own", "density", "without", "feature"])["error"]
    assert rows[True, 0.5].tolist() == rows[False, 0.5].tolist()  # data of the model's own density are its own data
    assert len(alone) == 3 * 2 * 2  # data, parts, features
    correlated = trained([[1.0, -1.0]], [0, 0], 0.5, sets="correlated", set_size=2)
    # Always both: 0.5 / 6
    assert errors(correlated, ["nothing"], 2**16)[0] == pytest.approx([0.5 / 6] * 2, rel=0.03)


def ideal(full_when_dense=0, unbiased=5, power=2.0, worth=1.0):
    """What the claims say, or something else: pairs of models that should have none, W of those without a bias, ..."""
    models = []
    for name in ("relu_output", "without_relu", "without_bias"):
        for density in DENSITIES:
            dense = density == 1
            W, ratio = hand_made.pairs_in(5, 20, 5, 0), 1.0
            if name == "relu_output" and dense:
                W = hand_made.pairs_in(5, 20, 5 - full_when_dense, full_when_dense)
            elif name == "relu_output":
                W, ratio = (CROWDED, 0.4) if density < 0.3 else (hand_made.pairs_in(5, 20, 0, 5), 0.7)
            elif name == "without_bias" and not dense:
                W, ratio = hand_made.pairs_in(5, 20, 5 - unbiased, unbiased), 0.6
            plain = without_superposition(np.full(20, density), IMPORTANCE, 5)
            models += [
                HandMade(W, [0.0] * 20, round(1 - density, 6), IMPORTANCE.tolist(), "0.9^i", name, seed,
                         loss=plain * ratio * (1 + 0.01 * seed))
                for seed in range(2)
            ]  # fmt: skip
    made = hand_made.tables(models)
    parts = []
    for own, density in ((True, None), *((False, density) for density in DATA)):
        for part in ("nothing", "relu", "bias"):
            rows = made.features.assign(own=own, without=part)
            rows["density"] = rows["density"] if density is None else density
            s = rows["density"]
            intact = (part == "nothing") | ((part == "bias") & (rows["model"] != "relu_output"))
            shared = np.where(intact, s**power / 6, worth * s / 3)
            kept = np.where(rows["superposition"] > 0.3, shared, 0.0)
            rows["error"] = np.where(rows["norm"] > 0.5, kept, s / 3 - s**2 / 4)
            parts.append(rows[["instance", "own", "density", "without", "feature", "error"]])
    return replace(made, extra={"ablations": pd.concat(parts, ignore_index=True)})


def verdicts(tables):
    found = evaluate({"noise_filters": tables}).verdicts
    return {one["id"].removeprefix("noise_filters."): one for one in found}


def test_claims_hold_on_the_ideal_outcome():
    found = verdicts(ideal())
    assert {name: one["verdict"] for name, one in found.items()} == dict.fromkeys(found, "holds")
    assert len(found) == 5
    assert found["filtered"]["measured"] == "density^2.00 with the ReLU, density^1.00 without"
    # 10 features with norm 1 and 10 with 0.6: 13.6 / 5
    assert found["without_bias"]["measured"].startswith("0.1: 2.00 instead of 2.72 in a dimension, loss 1.50 times")
    assert found["switched_off"]["spread"].startswith("2 of 2 ranks")


@pytest.mark.parametrize(
    ("wrong", "failing"),
    [
        ({"full_when_dense": 1}, "without_sparsity"),
        ({"unbiased": 0}, "without_bias"),  # no superposition at all
        ({"power": 1.5}, "filtered"),
        ({"worth": 0.1}, "switched_off"),
        ({"worth": 0.1}, "bias_switched_off"),
    ],
)
def test_claims_fail_on_other_outcomes(wrong, failing):
    assert verdicts(ideal(**wrong))[failing]["verdict"] == "fails"


def test_without_the_table_claims_about_it_are_not_tested():
    shown = replace(ideal(), extra={})
    untested = [claim.id for claim, _ in evaluate({"noise_filters": shown}).untested]
    assert untested == [f"noise_filters.{name}" for name in ("filtered", "switched_off", "bias_switched_off")]
    drawn = figures_of("noise_filters", shown)
    assert "switched_off" not in drawn
    assert "learning_curves" in drawn


def test_figures_are_drawn():
    assert set(figures_of("noise_filters", ideal())) == {"trained_without", "switched_off", "learning_curves"}


def params(tmp_path, ablations, model="relu_output"):
    text = (tmp_path / "params.yaml").write_text
    with open("params.yaml", encoding="utf-8") as file:
        head = file.read().split("\nexperiments:\n")[0]
    text(
        f"{head}\nexperiments:\n  mine: {{model: {model}, n_features: 4, n_hidden: 2, "
        f"measures: {{ablations: {ablations}}}}}\n",
        encoding="utf-8",
    )
    return read(tmp_path / "params.yaml").experiments["mine"].measures.ablations


def test_settings_are_read(tmp_path):
    assert params(tmp_path, "null") is None
    found = params(tmp_path, "{samples: 1000, without: [relu, bias], densities: [1.0, 0.01]}")
    assert (found.samples, found.without, found.densities) == (1000, ("relu", "bias"), (1.0, 0.01))
    assert params(tmp_path, "{samples: 1}").without == ()


@pytest.mark.parametrize(
    ("ablations", "model", "said"),
    [
        ("{samples: 0}", "relu_output", "measures.ablations.samples = 0: must be a whole number between 1 and 1000000"),
        ("{without: [relu]}", "relu_output", "measures.ablations.samples"),
        ("{samples: 9, without: [weights]}", "relu_output", "must be relu or bias"),
        ("{samples: 9, without: [bias, bias]}", "relu_output", "without[1] = 'bias': must be in the list once"),
        (
            "{samples: 9, without: [relu]}",
            "linear",
            "must be something that a model of the experiment has on its output",
        ),
        ("{samples: 9, densities: [0.0]}", "relu_output", "must be a number between 0.0001 and 1"),
        ("{samples: 9, densities: [0.5, 0.5]}", "relu_output", "densities[1] = 0.5: must be in the list once"),
        ("0.1", "relu_output", "must be null (not measured) or a mapping with at least samples"),
    ],
)
def test_wrong_settings_are_refused(tmp_path, ablations, model, said):
    with pytest.raises(ParamsError) as raised:
        params(tmp_path, ablations, model)
    assert said in str(raised.value)
