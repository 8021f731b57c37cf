"""The kernel in C++ has the bits of the plain form of a step, in each setting that it knows."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from superposition.exact.ops import POWERS, SQUARED
from superposition.features.sets import draws
from superposition.training import kernel, processor
from superposition.training.kernel import library
from superposition.training.worlds import OutOfRange
from tests.worlds import (
    ABSOLUTE,
    ALONE,
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
    in_an_experiment,
    needs_a_compiler,
    plain,
    world,
)

# Few and many hidden dimensions, whole vectors and parts of them, features and samples that fill no block.
SHAPES = [(6, 3, 64), (5, 2, 100), (1, 1, 64), (33, 20, 96), (20, 9, 64), (70, 67, 130)]


@needs_a_compiler
@pytest.mark.parametrize(("n", "m", "batch_size"), SHAPES)
@pytest.mark.parametrize("model", [RELU, LINEAR, HIDDEN, ABSOLUTE], ids=lambda a: a.name)
def test_the_kernel_has_the_bits_of_the_plain_form(model, n, m, batch_size, tmp_path):
    w = world(model, n=n, m=m, batch_size=batch_size, values="signed" if model is ABSOLUTE else "unit", steps=20)
    assert_same(fast(w, tmp_path / "a"), plain(w, tmp_path / "b"))


@needs_a_compiler
@pytest.mark.parametrize(("n", "m", "batch_size"), [(6, 3, 100), (12, 4, 64), (24, 20, 96)])
def test_the_kernel_on_sets_of_features(n, m, batch_size, tmp_path):
    sets = [*ALONE, ("correlated", 2), ("anticorrelated", 3), ("correlated", n)]
    w = world(RELU, n=n, m=m, batch_size=batch_size, sets=sets)
    assert_same(fast(w, tmp_path / "a"), plain(w, tmp_path / "b"))
    words = np.random.default_rng(1).integers(0, 2**32, (4, n + n // 2, 150), dtype=np.uint32)
    finite = replace(world(RELU, n=n, m=m, sets=sets, sample_size=150), sample=words)
    assert_same(fast(finite, tmp_path / "c"), plain(finite, tmp_path / "d"))


@needs_a_compiler
@pytest.mark.parametrize(("n", "m"), [(7, 3), (22, 12)])
def test_the_kernel_where_sets_differ_and_on_rare_features(n, m, tmp_path):
    mixed = f"2 x correlated 2, independent {n - 6}, anticorrelated 2"
    w = world(RELU, n=n, m=m, batch_size=100, sets=[(mixed, 0), *ALONE], values="exponential 5", steps=20)
    # All of them, and every second one of an instance with others
    for instance, every in ((1, 1), (3, 2)):
        w.features.loc[(w.features["instance"] == instance) & (w.features["feature"] % every == 0), "density"] = 9e-5
    density = torch.tensor(w.features["density"].to_numpy().reshape(4, n))
    count = draws(density, w.instances["sets"].tolist(), w.instances["set_size"].tolist())
    words = np.random.default_rng(0).integers(0, 2**32, (4, count, 100), dtype=np.uint32)
    words[:, n:, ::2] >>= 14  # at which rare features are active
    stream = replace(w, held_out=words[0])
    assert_same(fast(stream, tmp_path / "a"), plain(stream, tmp_path / "b"))
    finite = replace(stream, settings=w.settings | {"training": w.settings["training"] | {"sample_size": 100}})
    finite = replace(finite, sample=words)
    trained = fast(finite, tmp_path / "c")
    assert_same(trained, plain(finite, tmp_path / "d"))
    words[:, n:] = 2**32 - 1  # at which no set and no rare feature is active
    other = fast(finite, tmp_path / "e").weights["relu_output.W"]
    assert [bool((a != b).any()) for a, b in zip(trained.weights["relu_output.W"], other, strict=True)] == [
        *(True, True, True, True)
    ]


@needs_a_compiler
@pytest.mark.parametrize(("n", "m"), [(6, 3), (22, 12)])
def test_the_kernel_on_features_that_have_parents(n, m, tmp_path):
    tree = (
        f"parents - 0 0 1 - {' '.join('4' * (n - 5))}, active 1 0.5 {'0 ' * (n - 4)}, inactive 0.25 0 {'1 ' * (n - 4)}"
    )
    w = world(RELU, n=n, m=m, batch_size=100, sets=[*ALONE, (tree, 0)], values="exponential 5", steps=20)
    trained = fast(w, tmp_path / "a")
    assert_same(trained, plain(w, tmp_path / "b"))
    alone = fast(replace(w, instances=w.instances.assign(sets="independent", set_size=1)), tmp_path / "c")
    same = [np.array_equal(a, b) for a, b in zip(*(t.weights["relu_output.W"] for t in (trained, alone)), strict=True)]
    assert same == [True, False, True, False]


@needs_a_compiler
@pytest.mark.parametrize(("n", "m"), [(6, 3), (33, 20)])
def test_the_kernel_where_so_many_of_a_set_are_active_and_no_sample_is_empty(n, m, tmp_path):
    """All kinds of sets side by side, and words that are equal or at the ends of their range."""
    mixed = f"exactly 2 in 4, correlated 2, independent {n - 6}" if n > 6 else "exactly 2 in 4, correlated 2"
    tree = f"parents - 0 {'0 ' * (n - 2)}, active {'0.5 ' * (n - 1)}, inactive 0 {'0.1 ' * (n - 2)}"
    sets = [(mixed, 0), (f"{mixed}, never empty", 0), ("independent, never empty", 1), (f"{tree}, never empty", 0)]
    w = world(RELU, n=n, m=m, batch_size=100, sets=sets, values="exponential 5", steps=20)
    w.features.loc[(w.features["instance"] == 2) & (w.features["feature"] % 2 == 0), "density"] = 9e-5
    density = torch.tensor(w.features["density"].to_numpy().reshape(4, n))
    count = draws(density, w.instances["sets"].tolist(), w.instances["set_size"].tolist())
    words = np.random.default_rng(0).integers(0, 2**32, (4, count, 100), dtype=np.uint32)
    words[:, :, ::9] = 2**32 - 1
    words[:, :, 1::9] = 0
    stream = replace(w, held_out=words[0])
    trained = fast(stream, tmp_path / "a")
    assert_same(trained, plain(stream, tmp_path / "b"))
    finite = replace(stream, settings=w.settings | {"training": w.settings["training"] | {"sample_size": 100}})
    finite = replace(finite, sample=words)
    assert_same(fast(finite, tmp_path / "c"), plain(finite, tmp_path / "d"))
    alone = fast(replace(stream, instances=w.instances.assign(sets="independent", set_size=1)), tmp_path / "e")
    pairs = zip(*(t.weights["relu_output.W"] for t in (trained, alone)), strict=True)
    assert not any(np.array_equal(one, other) for one, other in pairs)


@needs_a_compiler
@pytest.mark.parametrize(("n", "m"), [(6, 3), (33, 20)])
def test_the_kernel_on_features_on_rings(n, m, tmp_path):
    sets = [*ALONE, (f"ring of width {n / 4}", n), (f"ring of width 1 in {n - 2}, correlated 2", 0)]
    w = world(RELU, n=n, m=m, count=3, batch_size=100, sets=sets, steps=20)
    trained = fast(w, tmp_path / "a")
    assert_same(trained, plain(w, tmp_path / "b"))
    alone = fast(replace(w, instances=w.instances.assign(sets="independent", set_size=1)), tmp_path / "c")
    same = [np.array_equal(a, b) for a, b in zip(*(t.weights["relu_output.W"] for t in (trained, alone)), strict=True)]
    assert same == [True, False, False]


@needs_a_compiler
@pytest.mark.parametrize(
    "values", ["constant", "exponential 5", "power_law 2 0.01", "normal 3", "half_normal 3", "unit of unit length"]
)
@pytest.mark.parametrize(("n", "m"), [(6, 3), (33, 20)])
def test_the_kernel_on_other_laws_of_values(values, n, m, tmp_path):
    sets = [*ALONE, ("correlated", 3), ("anticorrelated", 3)]
    w = world(RELU, n=n, m=m, batch_size=100, values=values, sets=sets, steps=20)
    trained = fast(w, tmp_path / "a")
    assert_same(trained, plain(w, tmp_path / "b"))
    assert trained.history["loss"].gt(0).all()


@needs_a_compiler
@pytest.mark.parametrize(("n", "m"), [(6, 3), (33, 20)])
@pytest.mark.parametrize("model", [RELU, HIDDEN, ABSOLUTE], ids=lambda a: a.name)
def test_the_kernel_with_a_penalty_on_hidden_values(model, n, m, tmp_path):
    w = world(replace(model, hidden_l1=0.1), n=n, m=m, batch_size=100)
    assert_same(fast(w, tmp_path / "a"), plain(w, tmp_path / "b"))


@needs_a_compiler
@pytest.mark.parametrize(("model", "n", "m", "gain"), [(LINEAR, 6, 3, 0.6), (RECTIFYING, 33, 20, 0.2)])
@pytest.mark.parametrize("power", [power for power in POWERS if power != SQUARED])
def test_the_kernel_with_other_powers_of_the_error(power, model, n, m, gain, tmp_path):
    """Of weights so large that some errors are above 1."""
    w = world(replace(model, loss_power=power), n=n, m=m, batch_size=100, values="signed", steps=20)
    w.settings["initial"] = w.settings["initial"] | {"rule": "normal", "gain": gain}
    assert_same(fast(w, tmp_path / "a"), plain(w, tmp_path / "b"))


@needs_a_compiler
@pytest.mark.parametrize(("n", "m"), [(6, 3), (33, 20)])
@pytest.mark.parametrize("model", [HIDDEN, ABSOLUTE], ids=lambda a: a.name)
@pytest.mark.parametrize("decay", [{"weights": 0.5, "biases": 0.0}, {"weights": -1.0, "biases": 2.0}], ids=repr)
def test_the_kernel_with_decays_of_weights_and_of_biases(decay, model, n, m, tmp_path):
    w = world(model, n=n, m=m, batch_size=100, steps=20, weight_decay=decay, schedule="linear", floor=0.25)
    assert_same(fast(w, tmp_path / "a"), plain(w, tmp_path / "b"))


@needs_a_compiler
@pytest.mark.parametrize(("n", "m"), [(3, 7), (9, 33)])
def test_the_kernel_on_tied_models_with_more_neurons_than_features(n, m, tmp_path):
    w = world(HIDDEN, n=n, m=m, batch_size=100, steps=20)
    assert_same(fast(w, tmp_path / "a"), plain(w, tmp_path / "b"))


@needs_a_compiler
@pytest.mark.parametrize(("n", "m"), [(6, 3), (33, 20)])
def test_the_kernel_on_a_rectified_target(n, m, tmp_path):
    w = world(RECTIFYING, replace(RECTIFYING, name="linear", output="linear"), n=n, m=m, values="signed")
    assert_same(fast(w, tmp_path / "a"), plain(w, tmp_path / "b"))


@needs_a_compiler
@pytest.mark.parametrize(("n", "m"), [(6, 3), (33, 20)])
@pytest.mark.parametrize(
    "model",
    [form for one in (LEAKY, CLIPPED, GELU, BOUNDED) for form in (one, replace(one, hidden_l1=0.1, loss_power=3.0))],
)
def test_the_kernel_with_other_activations(model, n, m, tmp_path):
    w = world(model, n=n, m=m, batch_size=100, values="signed", steps=20)
    w.features["importance"] = (0.3 ** w.features["feature"]).clip(1e-12)  # fainter than the grid that all share
    assert_same(fast(w, tmp_path / "a"), plain(w, tmp_path / "b"))


@needs_a_compiler
@pytest.mark.parametrize(("n", "m"), [(6, 3), (33, 20)])
@pytest.mark.parametrize(
    "model",
    [
        replace(RECTIFYING, target="products"),
        replace(ABSOLUTE, mixing={"gaussian": 0.1}, loss_power=4.0),
        replace(LEAKY, mixing={"embedding": 50, "scale": 1.0}),
        replace(CLIPPED, target="products", mixing={"symmetric": 0.1}),
    ],
    ids=repr,
)
def test_the_kernel_with_targets_of_several_features(model, n, m, tmp_path):
    w = in_an_experiment(world(model, n=n, m=m, batch_size=100, values="signed", steps=20))
    trained = fast(w, tmp_path / "a")
    assert_same(trained, plain(w, tmp_path / "b"))
    without = replace(model, target="identity", mixing=None)
    w = in_an_experiment(world(without, n=n, m=m, batch_size=100, values="signed", steps=20))
    other = fast(w, tmp_path / "c")
    assert (trained.weights[f"{model.name}.W"] != other.weights[f"{model.name}.W"]).any()


DISTURBED = [
    replace(form, name=f"{form.name}_{number}", hidden_noise=noise, dropout=dropout, hidden_l1=penalty)
    for form in (RELU, ABSOLUTE, GELU)
    for number, (noise, dropout, penalty) in enumerate(((0.25, 0.0, 0.0), (0.0, 0.4, 0.0), (1e-4, 0.1, 0.05)))
]


@needs_a_compiler
@pytest.mark.parametrize(("n", "m"), [(6, 3), (33, 20)])
def test_the_kernel_with_noise_and_dropout(n, m, tmp_path):
    """Also on a fixed sample, of which a step's noise does not depend on where it is in it."""
    w = world(*DISTURBED, n=n, m=m, count=2, batch_size=100, values="signed", steps=20)
    trained = fast(w, tmp_path / "a")
    assert_same(trained, plain(w, tmp_path / "b"))
    words = np.random.default_rng(1).integers(0, 2**32, (len(w.instances), n, 130), dtype=np.uint32)
    settings = w.settings | {"training": w.settings["training"] | {"sample_size": 130}}
    finite = replace(w, settings=settings, sample=words)
    assert_same(fast(finite, tmp_path / "c"), plain(finite, tmp_path / "d"))
    for model in DISTURBED:
        calm = replace(model, hidden_noise=0.0, dropout=0.0)
        other = fast(world(calm, n=n, m=m, count=2, batch_size=100, values="signed", steps=20), tmp_path / model.name)
        key = f"{model.name}.W"
        assert not np.array_equal(trained.weights[key], other.weights[key])


@needs_a_compiler
@pytest.mark.parametrize("machine", ["x86-64", "haswell", "skylake-avx512", "another"])
@pytest.mark.parametrize(("n", "m"), [(6, 3), (33, 20)])
def test_every_kind_of_vector_unit_gives_the_same_bits(machine, n, m, tmp_path, monkeypatch):
    needed = {"x86-64": "sse2", "haswell": "avx2", "skylake-avx512": "avx512f", "another": ""}[machine]
    if needed not in processor.instructions():
        # What it cannot execute another machine tests, and `make verify-cpus` where it can be emulated.
        pytest.skip(f"this processor has no {needed}")
    # What is neither of these takes the parts of the code that no x86 processor does.
    flags = ["-U__SSE2__", "-U__AVX2__", "-U__AVX512F__"] if machine == "another" else [f"-march={machine}"]
    monkeypatch.setattr(kernel, "FLAGS", [*kernel.FLAGS, *flags])
    library.cache_clear()
    w = world(HIDDEN, n=n, m=m, batch_size=100)
    trained = fast(w, tmp_path / "a")
    library.cache_clear()
    assert_same(trained, plain(w, tmp_path / "b"))


@needs_a_compiler
def test_the_kernel_in_float32_is_near_the_plain_form(tmp_path):
    for m in (5, 20):
        w = world(RELU, n=33, m=m, arithmetic="float32")
        ours, theirs = fast(w, tmp_path / f"a{m}"), plain(w, tmp_path / f"b{m}")
        np.testing.assert_allclose(ours.weights["relu_output.W"], theirs.weights["relu_output.W"], atol=1e-5)
        np.testing.assert_allclose(ours.history["loss"], theirs.history["loss"], rtol=1e-4)


@needs_a_compiler
@pytest.mark.parametrize("m", [2, 12])
@pytest.mark.parametrize(("sample_size", "batch_size"), [(150, 64), (64, 64), (70, 70), (5, 3)])
def test_the_kernel_on_a_finite_sample_and_with_faint_importance(m, sample_size, batch_size, tmp_path):
    words = np.random.default_rng(1).integers(0, 2**32, (4, 30, sample_size), dtype=np.uint32)
    w = replace(world(RELU, n=30, m=m, sample_size=sample_size, batch_size=batch_size), sample=words)
    w.features["importance"] = (0.5 ** w.features["feature"]).clip(1e-12)
    assert_same(fast(w, tmp_path / "a"), plain(w, tmp_path / "b"))


@needs_a_compiler
def test_the_kernel_says_what_diverged(tmp_path):
    for form in (fast, plain):
        with pytest.raises(OutOfRange, match=r"0\.5 \(sparsity\), 0\.9\^i \(importance\), independent, seed 1"):
            form(world(RELU, n=30, m=12, learning_rate=50.0), tmp_path / form.__name__)
