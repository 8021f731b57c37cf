"""Worlds and the values of features: what instances are known by, and the law their data follows."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from superposition.exact.philox import stream_key
from superposition.features.distribution import Distribution
from superposition.features.source import FiniteSample, Stream
from superposition.features.world import features, held_out_words, instances, training_words
from superposition.params import Sets, read
from superposition.params.experiments import resolve
from tests.documents import DOCUMENT

PARAMS = """
seed: 3
scale: default
defaults:
  sparsity: 0.0
  importance: 1.0
  sets: independent
  values: unit
  seeds: 2
  held_out: 16
  loss_error: 0.01
  initial: {rule: xavier, gain: 1.0, bias: 0.0, hidden_bias: 0.0}
  training: {steps: 10, batch_size: 8, sample_size: null, learning_rate: 0.001, schedule: constant, floor: 0.0,
             warmup_steps: 0, betas: [0.9, 0.999], eps: 1.0e-8, weight_decay: 0.01, arithmetic: exact, snapshots: 3}
experiments:
  small: {model: [linear, relu_output], n_features: 3, n_hidden: 2, sparsity: SPARSITY, importance: {geometric: 0.5}}
"""


def small(tmp_path: Path, sparsity: str = "[0.0, 0.9]"):
    file = tmp_path / "params.yaml"
    file.write_text(PARAMS.replace("SPARSITY", sparsity), encoding="utf-8")
    return read(file).experiments["small"]


def test_one_row_per_instance_and_feature(tmp_path):
    experiment = small(tmp_path)
    table, rows = instances(3, "small", experiment), features(experiment)
    # 2 models x 2 sparsities x 2 seeds
    assert table["model"].tolist() == ["linear"] * 4 + ["relu_output"] * 4
    assert table["sparsity"].tolist() == [0.0, 0.0, 0.9, 0.9] * 2
    assert table["seed"].tolist() == [0, 1] * 4
    assert rows["importance"].tolist() == [1.0, 0.5, 0.25] * 8
    assert rows["density"].tolist() == ([1.0] * 6 + [0.1] * 6) * 2


def test_hidden_dimensions_are_an_axis(tmp_path):
    file = tmp_path / "params.yaml"
    text = PARAMS.replace("SPARSITY", "0.9")
    file.write_text(text.replace("n_hidden: 2", "n_hidden: [2, 1]"), encoding="utf-8")
    experiment = read(file).experiments["small"]
    several, one = instances(3, "small", experiment), instances(3, "small", small(tmp_path, "0.9"))
    # 2 models x 2 widths x 2 seeds
    assert several["n_hidden"].tolist() == [2, 2, 1, 1] * 2
    assert several["stream"].is_unique
    assert several["stream"][several["n_hidden"] == 2].tolist() == one["stream"].tolist()
    assert experiment.training_settings()["n_hidden"] == 2


def test_a_point_more_changes_no_other_instance(tmp_path):
    few, many = (instances(3, "small", small(tmp_path, s)) for s in ("0.9", "[0.5, 0.9, 0.2]"))
    assert set(few["stream"]) < set(many["stream"])
    assert many["stream"].is_unique
    assert set(instances(4, "small", small(tmp_path))["stream"]).isdisjoint(many["stream"])  # another base seed
    assert set(instances(3, "other", small(tmp_path))["stream"]).isdisjoint(many["stream"])


def test_points_with_a_sparsity_per_feature_are_told_apart(tmp_path):
    experiment = small(tmp_path, "[{per_feature: [0.1, 0.2, 0.3]}, {per_feature: [0.1, 0.2, 0.4]}]")
    table = instances(3, "small", experiment)
    assert table["sparsity"].isna().all()
    assert table["stream"].is_unique
    np.testing.assert_allclose(features(experiment)["density"][:3], [0.9, 0.8, 0.7], rtol=0, atol=0)


def test_words_of_samples(tmp_path):
    experiment = small(tmp_path)
    assert held_out_words(3, "small", experiment).shape == (3, 16)
    sample = training_words(instances(3, "small", experiment)["stream"], experiment, 5)
    assert sample.shape == (8, 3, 5)
    assert len(np.unique(sample)) == sample.size


def test_words_of_sets_follow_those_of_features(tmp_path):
    alone = small(tmp_path, "0.9")
    together = alone.model_copy(update={"sets": (Sets("independent", 1), Sets("correlated", 3))})
    words, more = (held_out_words(3, "small", experiment) for experiment in (alone, together))
    assert more.shape == (4, 16)
    np.testing.assert_array_equal(more[:3], words)
    one, other = (instances(3, "small", experiment) for experiment in (alone, together))
    assert set(one["stream"]) < set(other["stream"])
    assert other["sets"].tolist() == ["independent", "independent", "correlated", "correlated"] * 2


def in_sets(kind: str, size: int, density: float, n: int = 6, values: str = "unit") -> np.ndarray:
    """Values [feature, sample] of 200000 samples."""
    law = Distribution(torch.full((2, n), density), values, torch.float64, ["independent", kind], [1, size])
    drawn = torch.randint(0, 2**32, (1, law.draws, 200_000), generator=torch.Generator().manual_seed(0))
    return law(drawn.expand(2, -1, -1))[1].numpy()


@pytest.mark.parametrize("values", ["unit", "signed"])
def test_correlated_features_are_active_together(values):
    x = in_sets("correlated", 3, 0.2, values=values)
    active = x != 0
    assert (active[:3].sum(0) % 3 == 0).mean() > 0.9999  # a value may be rounded to 0
    assert active.mean(1) == pytest.approx(0.2, abs=0.005)
    assert (active[0] & active[3]).mean() == pytest.approx(0.04, abs=0.003)  # sets are independent
    first, second = x[:2, active[0] & active[1]]
    assert np.corrcoef(first, second)[0, 1] == pytest.approx(0, abs=0.02)  # and so are values
    assert first.mean() == pytest.approx(0.5 if values == "unit" else 0, abs=0.01)
    assert first.min() < (0.001 if values == "unit" else -0.999) < 0.999 < first.max()


def test_of_anticorrelated_features_one_is_active():
    x = in_sets("anticorrelated", 3, 0.6)
    active = x != 0
    assert active[:3].sum(0).max() == 1
    assert active[:3].any(0).mean() == pytest.approx(0.6, abs=0.005)
    assert active.mean(1) == pytest.approx(0.2, abs=0.005)
    assert (active[0] & active[3]).mean() == pytest.approx(0.04, abs=0.003)
    assert x[0][active[0]].mean() == pytest.approx(0.5, abs=0.01)


def test_where_sets_differ_each_is_as_it_would_be_alone():
    density = [0.2] * 3 + [0.6] * 3 + [0.1] * 2
    law = Distribution(
        torch.tensor([density]), "unit", torch.float64, ["correlated 3, anticorrelated 3, independent 2"], [0]
    )
    assert law.draws == 8 + 2
    drawn = torch.randint(0, 2**32, (1, law.draws, 200_000), generator=torch.Generator().manual_seed(0))
    active = law(drawn)[0].numpy() != 0
    assert (active[:3].sum(0) % 3 == 0).mean() > 0.9999
    assert active[3:6].sum(0).max() == 1
    assert active.mean(1) == pytest.approx([0.2] * 3 + [0.2] * 3 + [0.1] * 2, abs=0.005)
    for first, second in ((0, 3), (0, 6), (3, 6), (6, 7)):
        assert np.corrcoef(active[first], active[second])[0, 1] == pytest.approx(0, abs=0.01)


def test_rarer_features_of_a_correlated_set_are_active_where_the_others_are():
    law = Distribution(torch.tensor([[0.2, 0.1]]), "unit", torch.float64, ["correlated"], [2])
    drawn = torch.randint(0, 2**32, (1, law.draws, 200_000), generator=torch.Generator().manual_seed(0))
    x = law(drawn)[0].numpy()
    active = x != 0
    assert active.mean(1) == pytest.approx([0.2, 0.1], abs=0.005)
    assert active[0][active[1]].mean() > 0.9999
    assert x[1][active[1]].mean() == pytest.approx(0.5, abs=0.01)


def test_features_that_have_parents():
    """A hierarchy of three generations, beside a feature that is rarer while its parent is active."""
    kind = "parents - 0 1 0, active 0.5 0.8 0.1, inactive 0 0 0.6"
    law = Distribution(torch.tensor([[0.2, 1, 1, 1]]), "unit", torch.float64, [kind], [0])
    drawn = torch.randint(0, 2**32, (1, law.draws, 200_000), generator=torch.Generator().manual_seed(0))
    x = law(drawn)[0].numpy()
    active = x != 0
    assert active.mean(1) == pytest.approx([0.2, 0.1, 0.08, 0.02 + 0.48], abs=0.005)
    assert active[0][active[1]].mean() > 0.9999  # a value may be rounded to 0
    assert active[1][active[2]].mean() > 0.9999
    assert active[1][active[0]].mean() == pytest.approx(0.5, abs=0.01)
    assert active[2][active[1]].mean() == pytest.approx(0.8, abs=0.01)
    assert active[3][active[0]].mean() == pytest.approx(0.1, abs=0.01)
    assert active[3][~active[0]].mean() == pytest.approx(0.6, abs=0.01)
    assert [one[one != 0].mean() for one in x] == pytest.approx([0.5] * 4, abs=0.01)
    assert np.corrcoef(x[0, active[3] & active[0]], x[3, active[3] & active[0]])[0, 1] == pytest.approx(0, abs=0.03)


def test_the_world_of_features_that_have_parents():
    block = {"model": "relu_output", "n_features": 4, "n_hidden": 2, "sparsity": 0.9, "seeds": 1, "held_out": 5}
    tree = {"parents": [None, 0, 0, 1], "active": 0.5, "inactive": [0.0, 0.2, 0.1]}
    block["sets"] = ["independent", tree]
    (experiment,) = resolve(DOCUMENT | {"experiments": {"small": block}}).experiments.values()
    table, density = instances(3, "small", experiment), features(experiment)["density"].tolist()
    assert density[:4] == [0.1] * 4
    # 0.1 / 2, 0.1 / 2 + 0.9 * 0.2 and 0.05 / 2 + 0.95 * 0.1
    assert density[4:] == [0.1, 0.05, 0.23, 0.12]
    assert table["sparsity"].isna().tolist() == [False, True]
    assert table["sets"].tolist() == ["independent", "parents - 0 0 1, active 0.5 0.5 0.5, inactive 0 0.2 0.1"]
    assert held_out_words(3, "small", experiment).shape == (7, 5)


def test_a_rare_feature_has_a_word_more():
    """Below a density of 1e-4, own words are values alone, and words after all others say who is active."""
    law = distribution([0.5, 5e-5, 1e-4, 1e-7])
    assert law.draws == 6
    below = [round(density * 2**32) for density in (0.5, 5e-5, 1e-4, 1e-7)]
    own = [[2**30, 2**31], [2**30, 2**30], [below[2] // 2, below[2]], [2**31, 2**31]]
    given = torch.tensor([[*own, [below[1] - 1, below[1]], [below[3] - 1, below[3]]]])
    active, inactive = law(given)[0].T.tolist()
    assert active == [0.5, 0.25, 0.5, 0.5]
    assert inactive == [0, 0, 0, 0]
    assert features_words("[0.9, 0.99995]") == features_words("0.99995") == 6
    assert features_words("0.9999") == 3


def features_words(sparsity: str) -> int:
    """Held-out words of a sample of three features."""
    document = {"model": "relu_output", "n_features": 3, "n_hidden": 2, "sparsity": json.loads(sparsity)}
    (experiment,) = resolve(DOCUMENT | {"experiments": {"small": document}}).experiments.values()
    return len(held_out_words(3, "small", experiment))


def distribution(density: list[float], values: str = "unit", dtype: torch.dtype = torch.float64) -> Distribution:
    return Distribution(torch.tensor([density], dtype=torch.float64), values, dtype, ["independent"], [1])


def test_values_of_given_words():
    # density 1/2: words below 2^31 are active, and their quotient by 2^31 is the value
    given = torch.tensor([[[0, 2**30, 2**31 - 1, 2**31, 2**32 - 1]]])
    assert distribution([0.5])(given).tolist() == [[[0.0, 0.5, 1.0, 0.0, 0.0]]]
    assert distribution([0.5], "signed")(given).tolist() == [[[-1.0, 0.0, 1.0, 0.0, 0.0]]]
    assert distribution([1.0])(given).tolist() == [[[0.0, 0.25, 0.5, 0.5, 1.0]]]


@pytest.mark.parametrize("values", ["unit", "signed"])
@pytest.mark.parametrize("density", [1.0, 0.3, 0.01])
def test_law_of_the_data(values, density):
    source = Stream(torch.tensor([stream_key({"law": 1})]), distribution([density] * 8, values))
    x = source.batch(torch.tensor(0), torch.arange(60_000))
    active = x[x != 0]
    count = x.numel()
    assert len(active) / count == pytest.approx(density, abs=5 * (density * (1 - density) / count) ** 0.5 + 1e-4)
    # uniform: mean 1/2 or 0, variance 1/12 or 1/3; five standard errors
    mean, variance = (0.5, 1 / 12) if values == "unit" else (0.0, 1 / 3)
    assert active.mean().item() == pytest.approx(mean, abs=5 * (variance / len(active)) ** 0.5)
    assert active.var().item() == pytest.approx(variance, rel=0.1)


def test_a_stream_and_its_parts():
    source = Stream(torch.tensor([stream_key({"a": 1})]), distribution([0.5] * 3))
    whole = source.batch(torch.tensor(4), torch.arange(10))
    parts = [source.batch(torch.tensor(4), part) for part in torch.arange(10).split(3)]
    assert torch.equal(torch.cat(parts, -1), whole)
    assert not torch.equal(source.batch(torch.tensor(5), torch.arange(10)), whole)


def test_a_finite_sample_is_gone_through_in_order():
    # 5 samples, batches of 2: steps see 0 1, 2 3, 4 0, 1 2
    given = torch.arange(5).view(1, 1, 5) * 2**29
    source = FiniteSample(given, 2, distribution([1.0]))
    seen = [source.batch(torch.tensor(step), torch.arange(2)).flatten().tolist() for step in range(4)]
    assert seen == [[0.0, 0.125], [0.25, 0.375], [0.5, 0.0], [0.125, 0.25]]
