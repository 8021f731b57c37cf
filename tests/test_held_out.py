"""Held-out losses: unbiased in every stratum, errors that are what they say, settled as far as is asked for."""

import json
from math import comb, expm1, log1p, sqrt

import numpy as np
import pandas as pd
import pytest
import torch

from superposition.exact.philox import stream_key, words
from superposition.measures import held_out, strata, tables
from superposition.measures.held_out import Point, losses
from superposition.measures.parameters import Parameters
from superposition.measures.strata import Stratum, chosen, drawn, units_of
from superposition.measures.tables import on_weight_grid
from superposition.training.compiled import compiler
from superposition.training.held_out import HeldOut

MODEL = {
    "name": "relu_output",
    "tied": True,
    "hidden": "linear",
    "output": "relu",
    "hidden_bias": False,
    "output_bias": True,
    "target": "identity",
    "hidden_l1": 0.0,
    "training_attack": 0.0,
}
LONG = {"arithmetic": "exact", "steps": 100_000, "batch_size": 1024}  # training of as many samples as anybody asks for
NAMES = {"seed": 0, "experiment": "here"}


def world(density, W=None, kind="independent", size=1, importance=None, seed=0, experiment="here"):
    """Models W [instance, hidden, feature] of one point (by default one that gives 0), as `losses` takes them."""
    density = np.asarray(density, dtype=float)
    n = len(density)
    W = np.zeros((1, 2, n)) if W is None else on_weight_grid(np.asarray(W))
    count = len(W)
    stream = json.dumps({"seed": seed, "experiment": experiment})
    instances = pd.DataFrame(
        {"instance": k, "model": "relu_output", "n_hidden": W.shape[1], "importance": "1", "sets": kind}
        | {"set_size": size, "seed": k, "values": "unit", "stream": stream}
        for k in range(count)
    )
    importance = np.ones(n) if importance is None else np.asarray(importance)
    at = {"instance": np.repeat(np.arange(count), n), "feature": np.tile(np.arange(n), count)}
    features = pd.DataFrame(at | {"importance": np.tile(importance, count), "density": np.tile(density, count)})
    nothing = np.full_like(W.transpose(0, 2, 1), np.nan)
    zeros = np.zeros((count, n)), np.zeros((count, W.shape[1]))
    return instances, features, Parameters(W, nothing, *zeros, steps=[0], path=W[None])


def judged(*arguments, relative_error=0.01, training=LONG, **more):
    instances, features, trained = world(*arguments, **more)
    points = tables.points(instances, features)
    settings = {"models": [MODEL], "training": training}
    return losses(instances, features, points, trained, settings, relative_error)


def point_of(*arguments, **more):
    instances, features, trained = world(*arguments, **more)
    own = features[features["instance"] == 0]
    return Point(held_out.Architecture(**MODEL), instances, own, trained, torch.float64)


def some_weights(count, m, n, seed=0):
    return np.random.default_rng(seed).normal(0, 1 / sqrt(n), (count, m, n))


@pytest.mark.parametrize("n", [1, 2, 5, 20, 100])
@pytest.mark.parametrize("p", [1.0, 0.5, 0.1, 0.01, 0.0001])
def test_strata_are_all_there_is(n, p):
    found = strata.strata(units_of(np.full(n, p), "independent", 1))
    assert sum(stratum.share for stratum in found) == pytest.approx(1, abs=1e-12)
    q = round(p * 2**32) / 2**32
    for stratum in found:
        assert stratum.share > 0
        assert stratum.active <= n
        if not stratum.or_more:
            expected = comb(n, stratum.active) * q**stratum.active * (1 - q) ** (n - stratum.active)
            assert stratum.share == pytest.approx(expected, rel=1e-9)
    assert len(found) > 1 or n * p >= 1


@pytest.mark.parametrize("kind", ["independent", "correlated", "anticorrelated"])
@pytest.mark.parametrize(
    "stratum", [Stratum(0, False, 0), Stratum(1, False, 0), Stratum(2, False, 0), Stratum(2, True, 0)]
)
def test_samples_have_as_many_active_units_as_their_stratum_says(kind, stratum):
    instances, features, trained = world(
        [0.2, 0.2, 0.1, 0.1, 0.4, 0.4], kind=kind, size=1 if kind == "independent" else 2
    )
    point = Point(held_out.Architecture(**MODEL), instances, features, trained, torch.float64)
    for found, active in drawn(stratum, point.units, NAMES, 0, 5000):
        x = point.law(torch.from_numpy(found)[None])[0].numpy() > 0
        by_unit = x.reshape(len(point.units.probability), -1, x.shape[1])
        if kind == "anticorrelated":
            assert by_unit.sum(axis=1).max() <= 1
        # A value below 2^-17 is 0 on the grid of inputs.
        assert (by_unit.any(axis=1) != active).mean() < 1e-3
        counts = active.sum(axis=0)
        assert (counts >= stratum.active).all() if stratum.or_more else (counts == stratum.active).all()


def test_who_is_active_is_as_likely_as_given_how_many():
    p = np.array([0.5, 0.1, 0.2, 0.05])
    units = units_of(p, "independent", 1)
    decisions = np.random.default_rng(0).integers(0, 2**32, (4, 200_000))
    every = np.array(np.meshgrid(*[[0, 1]] * 4, indexing="ij")).reshape(4, -1)
    weight = np.prod(np.where(every == 1, p[:, None], 1 - p[:, None]), axis=0)
    for stratum in (Stratum(1, False, 0), Stratum(2, False, 0), Stratum(2, True, 0), Stratum(3, False, 0)):
        counts = every.sum(axis=0)
        kept = (counts >= stratum.active) if stratum.or_more else (counts == stratum.active)
        expected = weight[kept] / weight[kept].sum()
        active = chosen(stratum, units, decisions)
        found = [(active == which[:, None]).all(axis=0).mean() for which in every.T[kept]]
        assert np.abs(np.array(found) - expected).max() < 5 * sqrt(0.25 / 200_000)
        assert sum(found) == pytest.approx(1)


@pytest.mark.parametrize("density", [0.3, 1e-4, 2e-6])
def test_losses_where_sets_differ_and_features_are_rare(density):
    """A model that gives nothing, and of each kind of sets a third of E[x^2] of a feature that is always active."""
    kind = "correlated 2, anticorrelated 3, independent 2"
    each = density * np.array([1, 0.5, 1, 1, 1, 1, 0.9])
    found = judged(each, kind=kind, size=0).iloc[0]
    expected = float(np.sum(each[[0, 1, 2, 5, 6]])) / 3 / 7
    assert abs(found["loss"] - expected) < 4 * found["standard_error"] + 1e-3 * expected
    assert found["standard_error"] <= 0.01 * found["loss"]
    assert found["loss"] == pytest.approx(expected, rel=0.04)


def test_losses_of_features_that_have_parents():
    """As plain samples have them: features are not active independently, so that there is one stratum."""
    kind = "parents - 0 0, active 0.5 0.9, inactive 0 0.2"
    density, W = [0.1, 0.05, 0.27], some_weights(1, 2, 3)
    assert strata.strata(point_of(density, W, kind=kind, size=0).units) == [Stratum(0, True, 1.0)]
    found = judged(density, kind=kind, size=0).iloc[0]
    assert abs(found["loss"] - sum(density) / 9) < 4 * found["standard_error"]
    assert found["standard_error"] <= 0.01 * found["loss"]
    point = point_of(density, W, kind=kind, size=0)
    ((drawn_words, active),) = list(drawn(point.strata[0], point.units, NAMES, 0, 4096))
    x = point.law(torch.from_numpy(drawn_words)[None])[0].numpy()
    assert ((x > 0) != active).mean() < 1e-3
    assert active.mean(axis=1) == pytest.approx(density, abs=0.03)


def test_losses_where_exactly_two_of_a_set_are_active():
    """A model that gives nothing: a third of E[x^2] of the features that are active, two of five in 0.2 of samples."""
    found = judged(np.full(5, 0.2), kind="exactly 2", size=5).iloc[0]
    assert abs(found["loss"] - 0.2 * 0.4 / 3) < 4 * found["standard_error"]
    assert found["standard_error"] <= 0.01 * found["loss"]
    assert judged(np.ones(5), kind="exactly 2", size=5)["loss"].iloc[0] == pytest.approx(0.4 / 3, rel=0.04)


@pytest.mark.parametrize(("kind", "size"), [("independent", 1), ("correlated", 3), ("exactly 2", 3)])
@pytest.mark.parametrize("density", [0.5, 0.03, 1e-6])
def test_losses_of_samples_that_are_never_empty(kind, size, density):
    """Those of the plain law over the probability that a sample is not empty."""
    instances, features, _ = arguments = world(np.full(6, density), some_weights(1, 2, 6), kind=kind, size=size)
    plain, never = (
        losses(table, features, [0], arguments[2], {"models": [MODEL], "training": LONG}, 0.01).iloc[0]
        for table in (instances, instances.assign(sets=f"{kind}, never empty"))
    )
    some = -expm1(6 / size * log1p(-density))
    # A zero at an empty sample is right but for the bias, which is 0.
    expected, error = plain["loss"] / some, plain["standard_error"] / some
    assert abs(never["loss"] - expected) < 4 * (never["standard_error"] + error)
    assert never["standard_error"] <= 0.01 * never["loss"]


def test_strata_of_samples_that_are_never_empty_are_all_there_is():
    units = units_of(np.array([0.02, 0.05, 0.01]), "independent, never empty", 1)
    found = strata.strata(units)
    assert [stratum.active for stratum in found] == [1, 2, 3]
    assert sum(stratum.share for stratum in found) == pytest.approx(1, abs=1e-12)
    one = 0.02 * 0.95 * 0.99 + 0.98 * 0.05 * 0.99 + 0.98 * 0.95 * 0.01
    assert found[0].share == pytest.approx(one / (1 - 0.98 * 0.95 * 0.99), rel=1e-6)


def test_losses_of_features_on_a_ring():
    """A model that gives nothing; and one that gives each feature what its neighbour is, which are active together."""
    found = judged(np.full(8, 0.1), kind="ring of width 1", size=8).iloc[0]
    assert abs(found["loss"] - 0.1 / 3) < 4 * found["standard_error"]
    assert found["standard_error"] <= 0.01 * found["loss"]
    neighbour = np.roll(np.eye(8), 1, axis=1)
    instances, features, parameters = world(np.full(8, 0.1), neighbour[None], kind="ring of width 1", size=8)
    untied = parameters._replace(W=np.eye(8)[None], W_out=neighbour[None])
    settings = {"models": [MODEL | {"tied": False}], "training": LONG}
    found = losses(instances, features, [0], untied, settings, 0.01).iloc[0]
    # E[(x - x')^2] = 2 E[x^2] - 2 E[x x'], both being active in 0.4^2 / 8 of the samples
    assert abs(found["loss"] - (2 * 0.1 / 3 - 2 * 0.16 / 8 / 4)) < 4 * found["standard_error"]


def test_losses_of_features_that_have_parents_in_samples_that_are_never_empty():
    kind = "parents - 0 0, active 0.5 0.9, inactive 0 0.2, never empty"
    found = judged([0.1, 0.05, 0.27], kind=kind, size=0).iloc[0]
    expected = 0.42 / 9 / (1 - 0.9 * 0.8)
    assert abs(found["loss"] - expected) < 4 * found["standard_error"]


def test_the_rarest_feature_of_a_correlated_set_has_to_be_seen():
    units = units_of(np.array([0.5, 0.01, 0.2, 0.2]), "correlated", 2)
    assert units.probability == pytest.approx([0.5, 0.2])
    assert units.rarest == pytest.approx([0.01, 0.2])
    ((_, active),) = list(drawn(Stratum(0, True, 1.0), units, NAMES, 0, 4096))
    assert active.mean(axis=1) == pytest.approx([0.01, 0.2], abs=0.02)
    assert units_of(np.full(4, 0.2), "anticorrelated", 2).rarest == pytest.approx([0.2, 0.2])


@pytest.mark.parametrize("density", [1.0, 0.3, 0.03, 0.001])
@pytest.mark.parametrize(("kind", "size"), [("independent", 1), ("correlated", 3), ("anticorrelated", 3)])
def test_a_model_that_gives_nothing_loses_what_there_is(density, kind, size):
    """E[x^2] is a third of how often a feature is active."""
    found = judged(np.full(6, density), kind=kind, size=size).iloc[0]
    expected = density / 3 / (size if kind == "anticorrelated" else 1)
    assert abs(found["loss"] - expected) < 4 * found["standard_error"] + 1e-5 * expected
    assert found["standard_error"] <= 0.01 * found["loss"]


def test_the_error_is_how_far_losses_are_off():
    """Of 16 features of density 0.2 / i, for which a fixed sample of 8192 is off by a tenth."""
    density, W = 0.2 / np.arange(1, 17), some_weights(1, 5, 16)
    found = pd.concat([judged(density, W, seed=seed, relative_error=0.02) for seed in range(60)])
    off = (found["loss"] - found["loss"].mean()) / found["standard_error"]
    assert 0.7 < off.std() < 1.4
    key = torch.tensor([stream_key({"other": "samples"})])
    point = point_of(density, W)
    drawn_anew = words(key, 16, torch.arange(2**18), torch.tensor(0))[0]
    sums = HeldOut(drawn_anew, point.law, point.importance, point.unit)
    plain = sums.loss(sums.sums(point.model))[0]
    assert found["loss"].mean() == pytest.approx(plain, rel=0.015)


def test_dense_losses_are_those_that_training_saw():
    W = some_weights(3, 2, 5)
    found = judged(np.full(5, 0.9), W, importance=[1, 0.9, 0.8, 0.7, 3.0])
    assert (found["held_out_samples"] == 8192).all()
    point = point_of(np.full(5, 0.9), W, importance=[1, 0.9, 0.8, 0.7, 3.0])
    key = torch.tensor([stream_key(NAMES | {"purpose": "held out"})])
    judge = HeldOut(words(key, 5, torch.arange(8192), torch.tensor(0))[0], point.law, point.importance, point.unit)
    assert found["loss"].tolist() == judge.loss(judge.sums(point.model)).tolist()


def test_as_many_samples_as_are_asked_for_and_no_more():
    density, W = np.full(8, 0.01), some_weights(2, 3, 8)
    errors, samples = [], []
    for asked in (0.1, 0.005, 0.002):
        found = judged(density, W, relative_error=asked)
        errors.append((found["standard_error"] / found["loss"]).max())
        samples.append(found["held_out_samples"].iloc[0])
        assert errors[-1] <= asked
    assert samples[0] < samples[1] < samples[2] < 3e6
    short = {"arithmetic": "exact", "steps": 1000, "batch_size": 200}
    found = judged(density, W, relative_error=0.001, training=short)
    assert 45_000 < found["held_out_samples"].iloc[0] <= held_out.SHARE * 200_000
    assert (found["standard_error"] > 0.001 * found["loss"]).all()


def test_the_best_of_a_point_is_sure_or_does_not_matter():
    """Of two models that differ little, more samples are taken than either needs by itself."""
    density, W = np.full(6, 0.05), some_weights(1, 2, 6)
    alone = judged(density, W)["held_out_samples"].iloc[0]
    pair = np.concatenate([W, W[:, :, ::-1]])  # other features, so that samples are harder on one or the other
    pair[1] += 2.0**-10
    found = judged(density, pair)
    assert (found["held_out_samples"] > alone).all()
    point = point_of(density, pair)
    point.settle(0.01, 10**9)
    better = int(np.argmin(point.loss))
    unsure = held_out.SURE * np.sqrt(point.contributions(better).sum(axis=0))[1 - better]
    apart = abs(np.diff(point.loss)[0])
    assert unsure <= max(apart, 0.01 * point.loss.min())
    assert point.behind[better] == 0
    assert point.behind[1 - better] == pytest.approx(held_out.SURE * apart / unsure)


def test_models_that_are_the_same_are_not_behind_each_other():
    W = some_weights(1, 2, 6)
    assert judged(np.full(6, 0.05), np.concatenate([W, W]))["behind"].tolist() == [0, 0]


def test_samples_of_a_point_do_not_depend_on_other_points():
    density, W = np.full(4, 0.1), some_weights(2, 2, 4)
    alone = judged(density, W)
    instances, features, trained = world(density, np.concatenate([W, W]))
    features["density"] = np.where(features["instance"] < 2, 0.1, 0.02)
    points = tables.points(instances, features)
    assert points == [0, 0, 1, 1]
    both = losses(instances, features, points, trained, {"models": [MODEL], "training": LONG}, 0.01)
    pd.testing.assert_frame_equal(both.iloc[:2], alone)
    assert both["held_out_samples"].iloc[2] != alone["held_out_samples"].iloc[0]


@pytest.mark.skipif(not compiler(), reason="no C++ compiler here: nothing is compiled")
@pytest.mark.parametrize("arithmetic", ["exact", "float32"])
def test_the_plain_form_has_the_same_bits(arithmetic, monkeypatch):
    arguments = np.full(5, 0.1), some_weights(2, 3, 5)
    training = LONG | {"arithmetic": arithmetic}
    fast = judged(*arguments, relative_error=0.03, training=training)
    monkeypatch.setattr(held_out, "library", lambda: None)
    plain = judged(*arguments, relative_error=0.03, training=training)
    if arithmetic == "exact":
        pd.testing.assert_frame_equal(fast, plain, check_exact=True)
    else:
        pd.testing.assert_frame_equal(fast, plain, rtol=1e-4)


def test_what_no_sample_settles_ends():
    broken, zero = some_weights(2, 2, 4), np.zeros((1, 2, 4))
    broken[0, 0, 0] = 7.9  # sums leave the range in which they are exact
    instances, features, trained = world(np.full(4, 0.5), broken)
    trained = trained._replace(W=trained.W * np.array([4.0, 1.0])[:, None, None])
    found = losses(instances, features, [0, 0], trained, {"models": [MODEL], "training": LONG}, relative_error=0.01)
    assert np.isnan(found["loss"].iloc[0])
    assert found["loss"].iloc[1] > 0
    # Never wrong: data that are always 0 would need infinitely many samples to be known to a share of their loss.
    perfect = np.eye(2)[None]
    assert judged([0.5, 0.5], perfect)["loss"].tolist() == [0.0]
    assert judged(np.full(4, 0.001), zero)["loss"].iloc[0] > 0
