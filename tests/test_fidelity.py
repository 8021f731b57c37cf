"""The comparison of exact with plain training: its plain half on known answers, and both halves for a few steps."""

import numpy as np
import pandas as pd
import pytest
import torch

from benchmarks import fidelity
from benchmarks.fidelity import Plain, active, densities, exactly_trained, judged, noted, plainly_trained, rows, sample


def block(**other) -> dict:
    return {"model": "relu_output", "n_features": 6, "n_hidden": 2, "sparsity": 0.7} | other


def drawn(**other) -> np.ndarray:
    return active(block(**other), 2, 50_000, torch.Generator().manual_seed(0)).flatten(0, 1).numpy()


def test_plain_features_are_what_the_keys_say():
    assert drawn().mean(0) == pytest.approx([0.3] * 6, abs=0.005)
    pairs = drawn(sets={"anticorrelated": 2}).reshape(-1, 3, 2)
    assert pairs.sum(2).max() == 1
    assert pairs.sum(2).mean(0) == pytest.approx([0.3] * 3, abs=0.005)
    triples = drawn(sets={"correlated": 3}).reshape(-1, 2, 3)
    assert set(triples.sum(2).ravel()) == {0, 3}
    assert triples.mean((0, 2)) == pytest.approx([0.3] * 2, abs=0.005)
    assert set(drawn(sets={"exactly": 2}, sparsity=0.0).sum(1)) == {2}
    ring = drawn(sets={"ring": 6, "width": 1.0})
    assert ring.mean(0) == pytest.approx([0.3] * 6, abs=0.005)
    assert (ring[:, 0] & ring[:, 1]).mean() == pytest.approx(0.9 * 0.9 / 6, abs=0.005)  # both near in a place of six
    assert not (ring[:, 0] & ring[:, 2:5].any(1)).any()
    falling = densities(block(sparsity={"power_law": {"exponent": 1.0, "total": 0.5}}))
    assert falling.sum() == pytest.approx(0.5)
    assert (falling[0] / falling[3]).item() == pytest.approx(4)


@pytest.mark.parametrize(
    ("values", "mean", "square"),
    [("unit", 1 / 2, 1 / 3), ("signed", 0, 1 / 3), ("constant", 1, 1), ({"normal": 3.0}, 0, 0.9733 / 9)],
)
def test_plain_values(values, mean, square):
    x = sample(block(values=values, sparsity=0.0), 1, 20_000, torch.Generator().manual_seed(0))
    assert x.mean().item() == pytest.approx(mean, abs=0.01)
    assert x.square().mean().item() == pytest.approx(square, abs=0.01)
    assert x.abs().max() <= 1


def test_plain_models_are_judged_by_what_they_compute():
    model = Plain(block(n_hidden=6), 2, torch.Generator())
    with torch.no_grad():
        model.W.copy_(torch.stack([torch.eye(6), torch.diag(torch.tensor([1.0, 1, 1, 0, 0, 0]))]))
    found = judged(block(n_hidden=6), model, 50_000)
    assert found["loss"] == pytest.approx([0, 0.3 / 3 / 2], abs=0.002)
    assert found["represented"] == [6, 3]
    assert found["frobenius"] == pytest.approx([6**0.5, 3**0.5])


def test_noise_and_dropout_disturb_training_alone():
    h = torch.ones(1, 40_000, 2)
    generator = torch.Generator().manual_seed(0)
    noisy = Plain(block(model={"name": "a", "hidden_noise": 0.5}), 1, generator).disturbed(h, generator)
    assert (noisy.min() >= 0.5, noisy.max() <= 1.5, noisy.std() > 0.28) == (True, True, True)
    dropped = Plain(block(model={"name": "a", "dropout": 0.25}), 1, generator).disturbed(h, generator)
    assert sorted(set(dropped.flatten().tolist())) == pytest.approx([0, 4 / 3])
    assert dropped.mean().item() == pytest.approx(1, abs=0.01)


@pytest.mark.parametrize(
    ("exact", "plain", "verdict"),
    [
        ([1.0, 1.1, 1.2], [1.15, 1.2, 1.3], "within"),
        ([1.0, 1.01, 1.02], [1.2, 1.21, 1.22], "beyond"),
        ([1.2, 1.21, 1.22], [1.0, 1.01, 1.02], "beyond"),
        ([1.0, 1.0, 1.0], [1.009, 1.009, 1.009], "within"),
        ([1.0, 1.0, 1.0], [1.02, 1.02, 1.02], "beyond"),
    ],
)
def test_verdicts(exact, plain, verdict):
    (row,) = rows("a", {"loss": exact}, {"loss": plain})
    assert row["verdict"] == verdict
    assert row["difference"] == pytest.approx(np.median(exact) - np.median(plain))


def test_rows_of_other_settings_stay(tmp_path):
    out, names = tmp_path / "fidelity.csv", list(fidelity.SETTINGS)
    for name, value in ((names[2], 1.0), (names[0], 2.0), (names[2], 3.0)):
        noted(rows(name, {"loss": [value]}, {"loss": [value]}), out)
    table = pd.read_csv(out)
    assert table[["setting", "exact"]].to_numpy().tolist() == [[names[0], 2.0], [names[2], 3.0]]


@pytest.mark.parametrize("name", fidelity.SETTINGS)
def test_both_sides_take_each_setting(name, monkeypatch):
    monkeypatch.setitem(fidelity.TRAINING, "steps", 3)
    monkeypatch.setitem(fidelity.TRAINING, "batch_size", 16)
    own = fidelity.SETTINGS[name]
    sides = [judged(own, trained(own, 2), 200) for trained in (exactly_trained, plainly_trained)]
    assert {len(values) for side in sides for values in side.values()} == {2}
    assert all(np.isfinite(values).all() for side in sides for values in side.values())


def test_both_sides_learn_the_same(monkeypatch):
    """Of four features that are always active, in two dimensions, two are left out, at a loss of 1/12 each."""
    monkeypatch.setitem(fidelity.TRAINING, "steps", 300)
    monkeypatch.setitem(fidelity.TRAINING, "batch_size", 128)
    own = block(sparsity=0.0, n_features=4)
    ours, theirs = (judged(own, trained(own, 3), 4000)["loss"] for trained in (exactly_trained, plainly_trained))
    assert np.median(ours) == pytest.approx(np.median(theirs), rel=0.05)
    assert np.median(ours) == pytest.approx(1 / 24, rel=0.1)
