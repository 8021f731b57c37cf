"""Attacks: where they go, what they do to losses, and training against them."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from superposition.claims import CLAIMS, evaluate, verdict
from superposition.measures.attacks import attacks_table, under_attack
from superposition.models.attacks import attack_norm, attacks
from superposition.models.toy_model import Architecture
from superposition.readings.results import NotInThisRun
from superposition.readings.shared import in_superposition
from superposition.readings.vulnerability import vulnerability
from superposition.theory.attacks import READ_OFF, linear_excess
from superposition.training.run import build
from tests import as_printed, hand_made
from tests.hand_made import HandMade, trained_model
from tests.worlds import RELU, assert_same, fast, plain, world

F64 = torch.float64
GRID = 2.0**-15  # a little more than what rounding does to inputs and directions


def tensor(*rows):
    return torch.tensor(rows, dtype=F64)


def samples(n, count, density, seed=0):
    """On the input grid."""
    rng = np.random.default_rng(seed)
    x = np.where(rng.random((n, count)) < density, rng.random((n, count)), 0)
    return torch.from_numpy(np.round(x * 2**16) / 2**16)


def test_the_norm_is_relative_to_the_mean_of_the_samples():
    x = tensor([0.5, 0.0], [0.0, 1.0])  # norms 1/2 and 1
    assert attack_norm(x.unsqueeze(0), 0.5).tolist() == [0.375]


def test_an_attack_goes_along_a_column_of_the_gram_matrix():
    pair = attacks(tensor([1.0, -1.0, 0.0]).unsqueeze(0), torch.tensor([0.1], dtype=F64))[0]
    step = 0.1 / math.sqrt(2)
    expected = tensor([step, -step, 0.0], [-step, step, 0.0], [0.0, 0.0, 0.0])  # the third feature has no direction
    np.testing.assert_allclose(pair, expected.T, atol=GRID)


def test_a_dedicated_feature_lets_an_attack_through_and_a_pair_doubles_it():
    x, importance = tensor([1.0], [0.0]), torch.ones(2, dtype=F64)
    alone = under_attack(torch.eye(2, dtype=F64), torch.zeros(2, dtype=F64), x, importance, True, 0.1)
    # x of norm 1: a step of 0.1 along one feature, 0.01 / 2 features
    assert alone.norm == pytest.approx(0.1, abs=GRID)
    assert (alone.clean, alone.attacked) == pytest.approx((0.0, 0.005), abs=GRID)
    assert alone.attacked == pytest.approx(linear_excess(np.array([0.1]), 2)[0], abs=GRID)
    pair = under_attack(tensor([1.0, -1.0]), torch.zeros(2, dtype=F64), x, importance, True, 0.1)
    # W^T W stretches (1, -1) / sqrt 2 by 2; the ReLU takes away the half of it that is negative: 2 * 0.01 / 2
    assert pair.attacked == pytest.approx(0.01, abs=GRID)


@pytest.mark.parametrize("rectified", [True, False])
def test_losses_are_those_of_a_plain_computation(rectified):
    rng = np.random.default_rng(1)
    W, b, x = torch.from_numpy(rng.normal(0, 0.5, (3, 8))), torch.from_numpy(rng.normal(0, 0.1, 8)), samples(8, 50, 0.4)
    importance = torch.from_numpy(0.7 ** np.arange(8))
    norm = 0.3 * x.norm(dim=0).mean()
    columns = W.T @ W
    worst = []
    for sample in x.T:
        losses = []
        for column in columns:
            y = W.T @ (W @ (sample + norm * column / column.norm())) + b
            losses.append((importance * ((y.relu() if rectified else y) - sample) ** 2).mean())
        worst.append(max(losses))
    found = under_attack(W, b, x, importance, rectified, 0.3)
    assert found.attacked == pytest.approx(float(sum(worst)) / 50, rel=1e-4)
    y = W.T @ (W @ x) + b.unsqueeze(1)
    clean = (importance.unsqueeze(1) * ((y.relu() if rectified else y) - x) ** 2).mean()
    assert found.clean == pytest.approx(float(clean), rel=1e-4)


def test_what_attacks_add_to_the_linear_optimum():
    n, m, density = 12, 3, 0.5
    basis, _ = np.linalg.qr(np.random.default_rng(2).normal(size=(n, m)))
    W = torch.from_numpy(basis.T.copy())
    x = samples(n, 400, density)
    b = x.mean(1) - W.T @ (W @ x.mean(1))
    found = under_attack(W, b, x, torch.ones(n, dtype=F64), False, 0.5)
    added = found.attacked - found.clean
    assert added == pytest.approx(linear_excess(np.array([found.norm]), n)[0], rel=1e-3)


def test_measured_losses_have_the_same_bits_with_any_number_of_threads():
    rng = np.random.default_rng(3)
    arguments = (
        torch.from_numpy(rng.normal(0, 0.3, (10, 300))),
        torch.from_numpy(rng.normal(0, 0.1, 300)),
        samples(300, 5, 0.3),
        torch.ones(300, dtype=F64),
        True,
        0.1,
    )
    before = torch.get_num_threads()
    try:
        found = []
        for threads in (1, 3):
            torch.set_num_threads(threads)
            found.append(under_attack(*arguments))
    finally:
        torch.set_num_threads(before)
    assert found[0] == found[1]


def test_sums_that_could_round_are_refused():
    x, ones = samples(4, 10, 0.5), torch.ones(4, dtype=F64)
    with pytest.raises(ArithmeticError, match="sums of squared errors may round"):
        under_attack(torch.eye(4, dtype=F64), torch.zeros(4, dtype=F64), x, 1e9 * ones, True, 0.1)


def test_the_table_has_a_row_for_each_instance_and_nothing_where_attacks_are_off():
    linear = {"model": "linear", "output": "linear", "density": np.ones(2)}
    models = [trained_model([[1.0, -1.0]]), trained_model([[1.0, 0.0]], b=np.array([0.0, 0.25]), **linear)]
    words = np.random.default_rng(0).integers(0, 2**32, (2, 20))
    off = attacks_table(models, words, None)
    assert list(off.columns) == ["attack_norm", "clean_loss", "attacked_loss"]
    assert len(off) == 2
    assert off.isna().all(axis=None)
    on = attacks_table(models, words, 0.1)
    assert (on["attacked_loss"] > on["clean_loss"]).all()
    alone = attacks_table(models[:1], words, 0.1)
    assert alone.iloc[0].equals(on.iloc[0])


def test_vulnerability_is_relative_to_a_linear_model():
    made = hand_made.tables(
        [
            HandMade([[1.0, 0.0]], [0.0, 0.0], sparsity=0.0, attack=(0.2, 0.1, 0.12)),  # 0.2^2 / 2 = 0.02
            HandMade([[1.0, -1.0]], [0.0, 0.0], sparsity=0.5, attack=(0.2, 0.1, 0.15)),
        ]
    )
    found = vulnerability(made)
    assert found["x"].tolist() == [1, 2]
    assert found["vulnerability"].tolist() == pytest.approx([1, 2.5])
    assert found["over_dense"].tolist() == pytest.approx([1, 2.5])
    assert found["features_per_dimension"].tolist() == pytest.approx([1, 2])


def test_features_in_superposition_are_represented_ones_that_share():
    # a pair, a feature of its own, and two that are too short to count
    W = [[1.0, -1.0, 0.0, 0.4, -0.4], [0.0, 0.0, 1.0, 0.0, 0.0]]
    made = hand_made.tables([HandMade(W, [0.0] * 5), HandMade(np.zeros((2, 5)).tolist(), [0.0] * 5)])
    assert in_superposition(made, np.array([0, 1, 0])).tolist() == [2, 0, 2]


def attacked(factor: float = 1.0, each: float | None = None):
    """21 densities: features per dimension as in the figure, and `factor` times its vulnerability, or `each`."""
    random = np.random.default_rng(0).standard_normal((30, 400))
    random /= np.linalg.norm(random)
    models = []
    for x in sorted([*READ_OFF, 1.1, 1.9, 2.75, 4.5]):
        high, features = (np.interp(x, list(READ_OFF), column) for column in zip(*READ_OFF.values(), strict=True))
        norm, clean = 1.15 / x**0.5, 0.09 / x
        attack = (norm, clean, clean + (each or factor * high) * norm**2 / 400)
        W = (30 * features) ** 0.5 * random
        models.append(HandMade(W.tolist(), [0.0] * 400, 1 - 1 / x, attack=attack))
    return hand_made.tables(models)


ON_ATTACKS = {claim.id: claim for claim in CLAIMS["geometry"] if claim.id.startswith("adversarial.")}


def geometry_verdicts(made):
    return {id.removeprefix("adversarial."): verdict(claim, {"geometry": made}) for id, claim in ON_ATTACKS.items()}


def failing(made) -> set[str]:
    return {name for name, verdict in geometry_verdicts(made).items() if verdict["verdict"] == "fails"}


def test_claims_on_attacks_state_both_baselines():
    found = geometry_verdicts(attacked())
    assert len(found) == 5
    assert failing(attacked()) == set()
    assert all("over the dense model" in verdict["measured"] for verdict in found.values())
    # 3.35 / 1.05 and 8.4 / 1.05; over the dense model 2.25 and 10 times less, with inputs
    assert found["rises"]["measured"] == "3.19 at 2.25, 8.00 at 10 (1.42 and 0.80 over the dense model)"
    assert found["follows_the_curve"]["measured"].startswith("0% off, at most ")


def test_a_curve_of_another_height_is_told_from_one_of_another_shape():
    assert failing(attacked(factor=0.8)) == {"follows_the_curve"}
    assert failing(attacked(factor=0.95)) == set()
    assert failing(attacked(each=3.0)) == {
        "tracks_features_per_dimension",
        "follows_the_curve",
        "rises",
        "rises_beyond_the_plateau",
    }


def test_claims_fail_on_models_that_attacks_harm_no_more_than_a_linear_one():
    assert len(failing(attacked(each=1.0))) == 5


def test_claims_are_not_tested_where_attacks_were_not_measured():
    shown = as_printed.geometry()
    without = replace(shown, instances=shown.instances.assign(attacked_loss=np.nan))
    for claim in ON_ATTACKS.values():
        with pytest.raises(NotInThisRun, match="attack: null"):
            verdict(claim, {"geometry": without})


def adversarial_training(length: float):
    """Antipodal pairs until radius 0.4, of this `length` there, and then a dimension for each feature."""
    shown = {0.0: (0, 4, 1.0), 0.2: (0, 4, 0.95), 0.4: (0, 4, length), 0.6: (4, 0, 0.7), 1.0: (1, 0, 0.6)}
    models = [
        HandMade(
            (size * np.array(hand_made.pairs_in(4, 20, dedicated, pairs))).tolist(),
            [0.0] * 20,
            0.7,
            model=f"attacked_{radius:g}".replace(".", "_"),
            training_attack=radius,
        )
        for radius, (dedicated, pairs, size) in shown.items()
    ]
    return {v["id"]: v for v in evaluate({"adversarial_training": hand_made.tables(models)}).verdicts}


def test_training_against_attacks_is_judged_by_features_per_dimension():
    found = adversarial_training(length=0.8)  # 8 0.8^2 / 4 = 1.28
    assert {v["verdict"] for v in found.values()} == {"holds"}
    eliminates = found["adversarial_training.eliminates"]
    assert eliminates["measured"] == "0.6; features in superposition 0: 8; 0.2: 8; 0.4: 8; 0.6: 0; 1: 0"
    shorter = adversarial_training(length=0.6)  # 0.72
    assert shorter["adversarial_training.eliminates"]["verdict"] == "fails"
    assert shorter["adversarial_training.eliminates"]["measured"].startswith("0.4; ")
    longer = adversarial_training(length=0.97)
    assert longer["adversarial_training.reduces"]["verdict"] == "fails"


ATTACKED = replace(RELU, name="attacked", training_attack=0.5)


def test_training_under_attack_has_the_same_bits_with_any_number_of_threads_and_in_any_form(tmp_path):
    w = world(ATTACKED, n=6, m=3, steps=20)
    trained = plain(w, tmp_path / "a")
    assert_same(fast(w, tmp_path / "b"), trained)
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(3)
        assert_same(plain(w, tmp_path / "c"), trained)
    finally:
        torch.set_num_threads(before)


def test_an_attacked_instance_does_not_depend_on_its_neighbours(tmp_path):
    together = plain(world(ATTACKED, steps=10), tmp_path / "a")
    alone = plain(world(ATTACKED, count=1, steps=10), tmp_path / "b")
    np.testing.assert_array_equal(together.weights["attacked.W"][0], alone.weights["attacked.W"][0])


def test_an_attack_of_no_size_changes_nothing(tmp_path):
    none = plain(world(RELU, steps=10), tmp_path / "a")
    tiny = replace(RELU, training_attack=1e-9)  # rounds to 0 on the input grid
    assert_same(plain(world(tiny, steps=10), tmp_path / "b"), none)
    assert not np.array_equal(
        plain(world(replace(RELU, training_attack=0.5), steps=10), tmp_path / "c").weights["relu_output.W"],
        none.weights["relu_output.W"],
    )


def test_the_gradient_under_attack_is_that_of_ordinary_autograd():
    steps = build(ATTACKED, 2, world(ATTACKED, batch_size=32), fast=False)[0].steps
    W, b = (p.detach() for p in steps.model.parameters())
    chosen = torch.arange(32)
    x = steps.source.batch(torch.tensor(0), chosen)
    seen = steps.attack(x, W, chosen, torch.tensor(0))
    size = (seen - x).norm(dim=1)
    np.testing.assert_allclose(size, steps.attack.norm.unsqueeze(1).expand_as(size), atol=1e-4)
    leaves = [p.clone().requires_grad_() for p in (W, b)]
    y = torch.relu(leaves[0].mT @ (leaves[0] @ seen) + leaves[1].unsqueeze(-1))
    importance = torch.tensor([round(0.9**i, 10) for i in range(5)], dtype=F64)
    (importance.view(1, -1, 1) * (y - x) ** 2).mean((1, 2)).sum().backward()
    for ours, leaf in zip(steps.gradients(torch.tensor(0), (W, b)), leaves, strict=True):
        np.testing.assert_allclose(ours, leaf.grad, atol=1e-5)
        assert leaf.grad.abs().max() > 0.001


def test_attacks_meet_all_features_alike():
    steps = build(ATTACKED, 2, world(ATTACKED, batch_size=4096, count=1), fast=False)[0].steps
    chosen = torch.arange(4096)
    identity = torch.eye(5, dtype=F64)[:2].unsqueeze(0)  # features 1 and 2 have a direction, 3 to 5 none
    x = torch.zeros(1, 5, 4096, dtype=F64)
    seen = steps.attack(x, identity, chosen, torch.tensor(0))
    shares = (seen[0] > 0).double().mean(1)
    # standard deviation sqrt(0.2 * 0.8 / 4096) = 0.006
    np.testing.assert_allclose(shares, [0.2, 0.2, 0, 0, 0], atol=0.025)


def test_architectures_say_nothing_of_attacks_unless_they_are_told():
    assert Architecture("mine", True, "linear", "relu", False, True, "identity", 0.0).training_attack == 0
