"""Training: what its bits do not depend on, guards, initial weights, and that it learns."""

import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from superposition.exact.ops import POWERS, SQUARED, snap
from superposition.exact.philox import stream_key
from superposition.models.mixing import mixing_matrix
from superposition.training import compiled, kernel
from superposition.training.held_out import SAMPLES
from superposition.training.initial import normal_weights, standard_deviation
from superposition.training.kernel import FastHeldOut, FastSteps, library
from superposition.training.run import build, snapshot_steps, train
from superposition.training.worlds import OutOfRange
from tests.worlds import (
    ABSOLUTE,
    BOUNDED,
    CLIPPED,
    GELU,
    HIDDEN,
    LEAKY,
    LINEAR,
    RECTIFYING,
    RELU,
    assert_same,
    fast,
    first_state,
    first_state_of,
    in_an_experiment,
    needs_a_compiler,
    plain,
    world,
)

ROOT = Path(__file__).parent.parent


def test_weights_and_biases_decay_by_their_own_numbers():
    """In one step of rate 0.01, beside one without decay: weights by 0.005 of them, biases by a tenth."""
    one, other = (
        build(HIDDEN, 2, world(HIDDEN, weight_decay={"weights": w, "biases": b}), fast=False)[0].steps
        for w, b in ((0.5, 10.0), (0.0, 0.0))
    )
    starts = {"W": 0, "b": 3, "b_hidden": 6}
    assert list(starts) == [name for name, _ in one.model.named_parameters()]
    start = [torch.full_like(t, 0.5) if k in (3, 6) else t for k, t in enumerate(first_state_of(one))]
    found, without = one.run(0, 1, tuple(start)), other.run(0, 1, tuple(start))
    for name, share in (("W", 0.005), ("b", 0.1), ("b_hidden", 0.1)):
        place = starts[name]
        np.testing.assert_allclose(without[place] - found[place], share * start[place], atol=2.0**-40)


def test_a_large_eps_makes_it_gradient_descent():
    """Of rate learning_rate / eps, here 0.1, and without momentum."""
    settings = {"betas": [0.0, 0.999], "eps": 2.0**14, "learning_rate": 0.1 * 2**14, "weight_decay": 0.0}
    steps = build(RELU, 2, world(RELU, **settings), fast=False)[0].steps
    state = first_state(build(RELU, 2, world(RELU, **settings), fast=False)[0])
    expected = [p.clone() for p in state[::3]]
    for step in range(20):
        slopes = steps.gradients(torch.tensor(step), expected)
        expected = [p - 0.1 * slope for p, slope in zip(expected, slopes, strict=True)]
    for ours, theirs in zip(steps.run(0, 20, state)[::3], expected, strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-4)


MIXED = replace(RECTIFYING, name="mixed", target="products", mixing={"gaussian": 0.1})


@pytest.mark.parametrize("power", POWERS)
@pytest.mark.parametrize(
    "model", [RELU, HIDDEN, ABSOLUTE, RECTIFYING, LEAKY, CLIPPED, MIXED, GELU, BOUNDED], ids=lambda a: a.name
)
def test_gradients_are_those_of_float64_autograd(model, power):
    """Of the loss as a formula: I |y - target|^p, mean over samples and features, and a multiple of |h|."""
    model = replace(model, loss_power=power, hidden_l1=0.05)
    w = world(model, n=8, m=3, batch_size=256, values="signed")
    steps = build(model, 3, in_an_experiment(w) if model.mixing else w, fast=False)[0].steps
    parameters = [p.detach() for p in steps.model.parameters()]
    ours = steps.gradients(torch.tensor(0), parameters)
    x = steps.source.batch(torch.tensor(0), torch.arange(256))
    leaves = [p.clone().requires_grad_() for p in parameters]
    named = dict(zip([name for name, _ in steps.model.named_parameters()], leaves, strict=True))
    relu = torch.relu
    functions = {"relu": relu, "leaky_relu": lambda z: torch.nn.functional.leaky_relu(z, 0.25)}
    functions |= {"linear": lambda z: z, "clipped_relu": lambda z: torch.nn.functional.hardtanh(z, 0, 1)}
    functions |= {"gelu": torch.nn.functional.gelu, "tanh": torch.tanh, "sigmoid": torch.sigmoid}
    h = named["W"] @ x + named.get("b_hidden", torch.zeros(1, 3, dtype=x.dtype)).unsqueeze(-1)
    h = functions[model.hidden](h)
    y = functions[model.output](named.get("W_out", named["W"].mT) @ h + named["b"].unsqueeze(-1))
    products = torch.stack([x[:, i] * x[:, (i + 1) % 8] for i in range(8)], 1)
    wanted = {"identity": x, "absolute": x.abs(), "relu": relu(x), "products": products}[model.target]
    if model.mixing:
        wanted = wanted + torch.from_numpy(mixing_matrix(model.mixing, 8, {"seed": 0, "experiment": "here"})) @ x
    error = (y - wanted).abs()
    # Beyond 1 the loss is straight, which some errors here are.
    powered = torch.where(error <= 1, error.clamp(max=1) ** power, 1 + power * (error - 1))
    loss = powered if power != SQUARED else error**2
    importance = (0.9 ** torch.arange(8)).double().view(1, 8, 1)
    ((importance * loss).sum() / (256 * 8) + 0.05 * h.abs().sum() / (256 * 8)).backward()
    for name, found, leaf in zip(named, ours, leaves, strict=True):
        scale = leaf.grad.abs().max().item()
        np.testing.assert_allclose(found, leaf.grad, atol=2e-4 * scale, err_msg=name)


def test_noise_and_dropout_are_what_they_are_said_to_be():
    model = replace(HIDDEN, hidden_noise=0.25, dropout=0.2)
    steps = build(model, 8, world(model, m=8, batch_size=64, count=2), fast=False)[0].steps
    h = torch.full((2, 8, 20_000), 0.5, dtype=torch.float64)
    samples, now = torch.arange(20_000), torch.tensor(3)
    assert steps.disturbance is not None
    found = steps.disturbance(h, samples, now)
    kept = found != 0
    # 0.5 is more than the noise, so that what is 0 was dropped; of 320,000 values
    assert kept.double().mean().item() == pytest.approx(0.8, abs=4 * (0.8 * 0.2 / 320_000) ** 0.5)
    noise = found[kept] / steps.disturbance.factor - 0.5
    assert steps.disturbance.factor == 1.25
    assert noise.abs().max().item() == pytest.approx(0.25, rel=1e-3)
    assert noise.mean().item() == pytest.approx(0, abs=4 * 0.25 / (3 * 256_000) ** 0.5)
    assert noise.square().mean().item() == pytest.approx(0.25**2 / 3, rel=0.01)
    assert torch.equal(found, snap(found, 16))
    # What is drawn depends on the sample and the step, and on nothing else; the two are drawn apart.
    assert torch.equal(steps.disturbance(h[:, :3, 7:9], samples[7:9], now), found[:, :3, 7:9])
    assert not torch.equal(steps.disturbance(h, samples, now + 1), found)
    below = (noise < 0).double().mean().item()
    assert below == pytest.approx(0.5, abs=0.01)


def test_gradients_with_noise_and_dropout_are_those_of_float64():
    """Of the loss as a formula, of the very h that was drawn; the penalty is on h before."""
    model = replace(GELU, hidden_noise=0.2, dropout=0.3, hidden_l1=0.05)
    steps = build(model, 3, world(model, n=8, m=3, batch_size=256, values="signed"), fast=False)[0].steps
    parameters = [p.detach() for p in steps.model.parameters()]
    ours = steps.gradients(torch.tensor(5), parameters)
    samples = torch.arange(256)
    x = steps.source.batch(torch.tensor(5), samples)
    leaves = [p.clone().requires_grad_() for p in parameters]
    named = dict(zip([name for name, _ in steps.model.named_parameters()], leaves, strict=True))
    gelu = torch.nn.functional.gelu
    h = gelu(named["W"] @ x + named["b_hidden"].unsqueeze(-1))
    assert steps.disturbance is not None
    zero = steps.disturbance(torch.full_like(h, 1.0), samples, torch.tensor(5))  # factor (1 + noise)
    factor = torch.where(zero == 0, 0.0, steps.disturbance.factor)
    noise = torch.where(zero == 0, 0.0, zero / steps.disturbance.factor - 1)
    y = gelu(named["W"].mT @ (factor * (h + noise)) + named["b"].unsqueeze(-1))
    importance = (0.9 ** torch.arange(8)).double().view(1, 8, 1)
    loss = (importance * (y - x) ** 2).sum() + 0.05 * h.abs().sum()
    (loss / (256 * 8)).backward()
    for name, found, leaf in zip(named, ours, leaves, strict=True):
        np.testing.assert_allclose(found, leaf.grad, atol=2e-4 * leaf.grad.abs().max().item(), err_msg=name)


def test_held_out_losses_are_without_noise_and_dropout(tmp_path):
    """Of weights that did not move."""
    model, still = replace(RELU, hidden_noise=0.5, dropout=0.5), {"learning_rate": 1e-300, "steps": 2}
    disturbed, calm = (plain(world(one, **still), tmp_path / str(one.dropout)) for one in (model, RELU))
    pd.testing.assert_frame_equal(disturbed.history, calm.history, check_exact=True)


def test_a_penalty_on_hidden_values_has_the_gradient_of_its_formula():
    steps = build(replace(RELU, hidden_l1=0.3), 2, world(RELU, batch_size=16), fast=False)[0].steps
    without = build(RELU, 2, world(RELU, batch_size=16), fast=False)[0].steps
    W, b = (p.detach() for p in steps.model.parameters())
    ours, theirs = (s.gradients(torch.tensor(0), (W, b))[0] for s in (steps, without))
    x = steps.source.batch(torch.tensor(0), torch.arange(16))
    leaf = W.clone().requires_grad_()
    # per sample 0.3 |h|, mean over 16 samples and 5 features, as the loss is
    (0.3 * (leaf @ x).abs().sum() / (16 * 5)).backward()
    np.testing.assert_allclose(ours - theirs, leaf.grad, atol=1e-5)
    assert leaf.grad.abs().max() > 0.01


ON_A_GPU = pytest.param(
    "cuda", marks=[pytest.mark.gpu, pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")]
)


@needs_a_compiler
@pytest.mark.parametrize("device", ["cpu", ON_A_GPU])
@pytest.mark.parametrize(
    ("model", "n", "m"),
    [
        (RELU, 20, 5),
        (ABSOLUTE, 6, 3),
        (replace(LEAKY, loss_power=2.5), 6, 3),
        (replace(BOUNDED, hidden_noise=0.1, dropout=0.2), 6, 3),
    ],
    ids=["relu_output", "absolute", "leaky", "bounded, with noise and dropout"],
)
def test_the_compiled_loop_has_the_bits_of_the_plain_form(model, n, m, device):
    """The form that GPUs take; of 20 features, since one call of Philox has words for 4."""
    w = world(model, n=n, m=m)
    here = build(model, m, w, fast=False)[0].steps
    there = build(model, m, w, fast=False)[0].steps.to(device)
    start, moved = (steps.state(lambda p: (torch.zeros_like(p), torch.zeros_like(p))) for steps in (here, there))
    for ours, theirs in zip(there.compiled(moved)(0, 30, moved), here.run(0, 30, start), strict=True):
        assert torch.equal(ours.cpu(), theirs)


@needs_a_compiler
def test_neither_threads_nor_calls_change_a_bit():
    module = build(RELU, 5, world(RELU, n=20, m=5, count=5), fast=False)[0]
    start = first_state(module)
    expected = FastSteps(module.steps, 1).run(0, 30, start)
    for threads, stops in ((2, [30]), (7, [1, 12, 30])):
        state, first = start, 0
        for stop in stops:
            state, first = FastSteps(module.steps, threads).run(first, stop, state), stop
        assert all(torch.equal(a, b) for a, b in zip(state, expected, strict=True))


def test_without_a_compiler_training_takes_the_plain_form_and_says_so_once(tmp_path, monkeypatch):
    w, expected = world(RELU), plain(world(RELU), tmp_path / "a")
    library.cache_clear()
    monkeypatch.setattr(compiled.shutil, "which", lambda _: None)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)  # which would take a form that needs no compiler
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        trained = [fast(w, tmp_path / "b"), fast(w, tmp_path / "c")]
    library.cache_clear()
    assert [str(warning.message) for warning in said if "compiler" in str(warning.message)] == [
        "no C++ compiler found: training takes the plain form, to the same bits but slower"
    ]
    for one in trained:
        assert_same(one, expected)


@needs_a_compiler
@pytest.mark.parametrize("seconds", [0.0, 1e-4, 60.0])  # that a call is to take
@pytest.mark.parametrize("samples", [1, SAMPLES, 5 * SAMPLES, 9 * SAMPLES + 77])
def test_calls_change_no_bit_of_held_out_losses(samples, seconds, monkeypatch):
    w = world(RELU, n=20, m=5)
    words = np.random.default_rng(0).integers(0, 2**32, (20, samples), dtype=np.uint32)
    module = build(RELU, 5, replace(w, held_out=words), fast=False)[0]
    monkeypatch.setattr(kernel, "SECONDS", seconds)
    found = FastHeldOut(module.held_out, threads=2).sums(module.steps.model)
    assert torch.equal(found, module.held_out.sums(module.steps.model))


@needs_a_compiler
@pytest.mark.parametrize(("seconds", "expected"), [(0.0, [1] * 20), (1e9, [1, 19])])
def test_held_out_losses_are_computed_in_calls_of_so_many_seconds(seconds, expected, monkeypatch):
    """Between them Python sees signals."""
    module = build(RELU, 2, replace(world(RELU), held_out=np.zeros((5, 20 * SAMPLES), dtype=np.uint32)), fast=False)[0]
    parts = []

    def noted(words):
        parts.append(words.shape[1] // SAMPLES)
        return words.to(torch.uint32)

    monkeypatch.setattr(kernel, "SECONDS", seconds)
    monkeypatch.setattr(kernel, "random_words", noted)
    FastHeldOut(module.held_out, threads=1).sums(module.steps.model)
    assert parts == expected


def test_where_nothing_is_compiled_training_takes_the_plain_form(tmp_path, monkeypatch):
    """Whatever is wrong with the compiler: tests/test_compiled.py."""
    monkeypatch.setenv("CXX", str(tmp_path / "missing"))
    library.cache_clear()
    with pytest.warns(UserWarning, match=r"^CXX is .*missing, which is no program: training takes the plain form"):
        trained = fast(world(RELU), tmp_path / "a")
    library.cache_clear()
    assert_same(trained, plain(world(RELU), tmp_path / "b"))


@pytest.mark.parametrize("threads", [1, 2])
def test_threads_of_pytorch_change_no_bit(threads, tmp_path):
    w, before = world(RELU, n=20, m=5), torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        trained = plain(w, tmp_path)
    finally:
        torch.set_num_threads(before)
    torch.set_num_threads(1)
    try:
        assert_same(plain(w, tmp_path / "one"), trained)
    finally:
        torch.set_num_threads(before)


@pytest.mark.parametrize("form", [plain, fast])
def test_an_instance_is_the_same_alone_and_in_any_ensemble(form, tmp_path):
    w = world(RELU, LINEAR, count=3)
    whole = form(w, tmp_path / "whole")
    for number in w.instances["instance"]:
        one = w.instances[w.instances["instance"] == number]
        settings = w.settings | {"models": [m for m in w.settings["models"] if m["name"] == one["model"].item()]}
        alone = form(replace(w, instances=one, settings=settings), tmp_path / str(number))
        for key, weights in alone.weights.items():
            np.testing.assert_array_equal(weights[0], whole.weights[key][number % 3])
        assert alone.history["loss"].tolist() == whole.history["loss"][whole.history["instance"] == number].tolist()


@pytest.mark.parametrize("model", [RELU, replace(RELU, tied=False, hidden="relu", hidden_bias=True)])
def test_models_of_several_widths_train_as_they_do_alone(model, tmp_path):
    narrow, wide = world(model, m=2, count=2), world(model, m=3, count=2)
    shifted = [frame.assign(instance=frame["instance"] + 2) for frame in (wide.instances, wide.features)]
    instances, features = (
        pd.concat(pair, ignore_index=True) for pair in zip((narrow.instances, narrow.features), shifted, strict=True)
    )
    both = train("test", replace(wide, instances=instances, features=features), tmp_path / "both", visible=False)
    alone = [train("test", w, tmp_path / str(m), visible=False) for m, w in ((2, narrow), (3, wide))]
    for key, weights in both.weights.items():
        np.testing.assert_array_equal(weights[2:], alone[1].weights[key])
        own = alone[0].weights[key]
        found = weights[:2][tuple(map(slice, own.shape))]
        np.testing.assert_array_equal(found, own)
        # What a narrow model lacks is 0.
        assert np.abs(weights[:2]).sum() == pytest.approx(np.abs(own).sum())
    losses = both.history.groupby("instance")["loss"].agg(list)
    assert losses[1] == alone[0].history.groupby("instance")["loss"].agg(list)[1]
    assert losses[3] == alone[1].history.groupby("instance")["loss"].agg(list)[1]


def test_the_order_of_instances_changes_no_bit(tmp_path):
    w = world(RELU)
    turned = replace(w, instances=w.instances.iloc[::-1])
    ours, theirs = plain(w, tmp_path / "a"), plain(turned, tmp_path / "b")
    for key in ("relu_output.W", "relu_output.b"):
        np.testing.assert_array_equal(ours.weights[key], theirs.weights[key][::-1])


def test_loss_of_the_zero_model_is_the_importance_weighted_second_moment():
    w = world(RELU, count=1)
    module = build(RELU, w.settings["n_hidden"], w, fast=False)[0]
    with torch.no_grad():
        module.steps.model.W.zero_()
    x = module.held_out.distribution(module.held_out.words.unsqueeze(0))[0]
    importance = torch.tensor(w.features["importance"].to_numpy())
    # mean over 100 samples and 5 features of I_i x_i^2; near 1/3 of the mean importance
    expected = (importance.unsqueeze(1) * x**2).mean().item()
    assert module.held_out.loss(module.held_out.sums(module.steps.model))[0] == pytest.approx(expected, rel=1e-6)
    assert expected == pytest.approx(importance.mean().item() / 3, rel=0.2)


def test_float32_learns_the_same_through_the_same_code(tmp_path):
    exact = plain(world(RELU, steps=300), tmp_path / "a")
    float32 = plain(world(RELU, steps=300, arithmetic="float32"), tmp_path / "b")
    np.testing.assert_allclose(float32.weights["relu_output.W"], exact.weights["relu_output.W"], atol=5e-3)


def test_importance_over_ten_orders(tmp_path):
    """Adam makes features of importance 1e-10 learn, so exact arithmetic must not round their gradients away."""
    few = {"n": 100, "m": 20, "count": 2, "steps": 300, "batch_size": 128}
    worlds = [world(LINEAR, arithmetic=arithmetic, **few) for arithmetic in ("exact", "float32")]
    learned = []
    for k, w in enumerate(worlds):
        w.features["importance"] = (0.8 ** w.features["feature"]).round(22)
        learned.append(plain(w, tmp_path / str(k)).weights["linear.W"])
    norms = [np.sqrt((W**2).sum(1)) for W in learned]
    start = np.sqrt((plain(worlds[0], tmp_path / "0").snapshots["linear.W"][0] ** 2).sum(1))
    np.testing.assert_allclose(norms[0], norms[1], atol=0.02)
    assert np.abs(norms[0] - start)[:, 90:].max() > 0.05  # the faintest features moved


def test_learning_finds_the_two_most_important_features(tmp_path):
    # Dense features: the optimum is principal components, the first two features with norm 1 and the rest with 0.
    trained = plain(world(RELU, count=1, steps=4000, batch_size=128), tmp_path)
    norms = np.sqrt((trained.weights["relu_output.W"][0] ** 2).sum(0))
    np.testing.assert_allclose(norms, [1, 1, 0, 0, 0], atol=0.05)


def test_a_finite_sample_is_learned_by_heart(tmp_path):
    w = world(LINEAR, n=4, m=4, count=1, sample_size=16, batch_size=16, steps=800)
    words = np.random.default_rng(1).integers(0, 2**32, (1, 4, 16), dtype=np.uint32)
    trained = plain(replace(w, sample=words), tmp_path)
    assert trained.history["loss"].iloc[-1] < trained.history["loss"].iloc[0] / 100  # n = m: the identity


def test_divergence_names_the_instance(tmp_path):
    w = world(RELU, learning_rate=50.0)
    with pytest.raises(OutOfRange, match=r"0\.5 \(sparsity\), 0\.9\^i \(importance\), independent, seed 1") as said:
        plain(w, tmp_path)
    assert "hidden gradient 32" in str(said.value)
    assert str(said.value).endswith("or set training.arithmetic: float32")
    with pytest.raises(OutOfRange, match=r"training diverged: .*initial\.gain$"):
        plain(world(RELU, learning_rate=1e30, arithmetic="float32"), tmp_path)


def test_snapshots_in_float32_are_of_their_steps(tmp_path):
    """Steps change parameters in place; a snapshot that shares their memory would change with them."""
    trained = plain(world(RELU, arithmetic="float32"), tmp_path)
    W = trained.snapshots["relu_output.W"]
    assert all((W[k] != W[-1]).any() for k in range(len(W) - 1))
    np.testing.assert_array_equal(W[-1], trained.weights["relu_output.W"])


@needs_a_compiler
def test_a_feature_without_a_word_is_never_active(tmp_path):
    """Of 600 that are never active together, at a density of 2^-23, there is a word for 512."""
    w = world(RELU, n=600, count=24, sets=[("anticorrelated", 600)], steps=3, batch_size=16, snapshots=1)
    w.features["importance"] = 1.0
    assert_same(fast(w, tmp_path / "a"), plain(w, tmp_path / "b"))


def test_one_feature_one_hidden_dimension_one_instance(tmp_path):
    trained = plain(world(RELU, n=1, m=1, count=1, steps=400), tmp_path)
    assert abs(trained.weights["relu_output.W"].item()) == pytest.approx(1, abs=0.1)


@pytest.mark.parametrize(("steps", "count", "expected"), [(1, 5, [1]), (100, 1, [100]), (100, 3, [1, 10, 100])])
def test_snapshot_steps(steps, count, expected):
    assert snapshot_steps(steps, count) == expected


@pytest.mark.parametrize("instances", [1, 50])
@pytest.mark.parametrize(
    ("rule", "expected"),
    [("xavier", (2 / 420) ** 0.5), ("notebook", (2 / (401 * 20)) ** 0.5), ("normal", 1.0)],
)
def test_initial_scale_does_not_depend_on_the_number_of_instances(rule, expected, instances):
    keys = torch.tensor([stream_key({"rule": rule, "instance": i}) for i in range(instances)])
    deviation = standard_deviation(rule, 1.0, 400, 20)
    assert deviation == pytest.approx(expected)
    W = normal_weights(keys, 20, 400, deviation)
    # the standard error of a standard deviation of N values is 1 / sqrt(2 N) of it; five of those
    assert W.std().item() == pytest.approx(expected, rel=5 / (2 * W.numel()) ** 0.5)
    assert W.mean().item() == pytest.approx(0, abs=5 * expected / W.numel() ** 0.5)
    alone = normal_weights(keys[:1], 20, 400, deviation)
    assert torch.equal(alone[0], W[0])


@pytest.mark.parametrize(("n", "m"), [(5, 2), (3, 3), (2, 4)])
def test_training_may_start_at_a_dimension_for_each_feature_and_at_biases(n, m):
    w = world(HIDDEN, ABSOLUTE, n=n, m=m, count=2)
    w.settings["initial"] = {"rule": "identity", "gain": 0.7, "bias": -0.25, "hidden_bias": 0.1}
    for model in (HIDDEN, ABSOLUTE):
        start = dict(build(model, m, w, fast=False)[0].steps.model.named_parameters())
        # to the nearest steps of the weights' grid
        for values in start["W"].detach():
            np.testing.assert_allclose(values, 0.7 * np.eye(m, n), atol=2.0**-19)
        np.testing.assert_allclose(start["b"].detach(), -0.25)
        if model is HIDDEN:
            np.testing.assert_allclose(start["b_hidden"].detach(), 0.1, atol=2.0**-19)
        else:
            np.testing.assert_array_equal(start["W_out"].detach(), start["W"].detach().mT)
        for values in start.values():
            assert torch.equal(snap(values.detach(), 18), values)


def test_it_trains_as_a_job_of_a_cluster_too(tmp_path, monkeypatch):
    """Lightning would take these for processes that are to train together, and refuse one device."""
    straight = plain(world(RELU), tmp_path / "alone")
    for name, value in {"NTASKS": "4", "JOB_NAME": "sweep", "JOB_ID": "7", "PROCID": "1", "LOCALID": "1"}.items():
        monkeypatch.setenv(f"SLURM_{name}", value)
    assert_same(plain(world(RELU), tmp_path / "job"), straight)
