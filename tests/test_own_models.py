"""Models of classes that others wrote: trained and measured as ours, and refused where they are none."""

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from superposition.exact.grids import ERROR, HIDDEN
from superposition.exact.watch import NotExact, Watch
from superposition.measures.all_tables import all_tables
from superposition.measures.parameters import read as read_parameters
from superposition.models.own import Unusable, model_of
from superposition.training.run import build, train
from superposition.training.worlds import write
from tests.documents import faults, intro
from tests.worlds import RELU, assert_same, plain, world

HEAD = """
import torch
from torch import nn
from superposition.exact.grids import ERROR, HIDDEN
from superposition.exact.ops import on_grid, product, weights


class Mine(nn.Module):
    def __init__(self, instances, n_features, n_hidden, dtype):
        super().__init__()

        def zeros(*shape):
            return nn.Parameter(torch.zeros(instances, *shape, dtype=dtype))

        self.W = zeros(n_hidden, n_features)
        self.b = zeros(n_features)
"""
SAME = (
    HEAD
    + """
    def forward(self, x):
        W = weights(self.W)
        h = on_grid(product(W, x), HIDDEN)
        return torch.relu(product(W.mT, h) + weights(self.b).unsqueeze(-1))
"""
)
DEEP = (
    HEAD
    + """
        self.V = zeros(n_hidden, n_hidden)
        self.c = zeros(n_hidden)

    def forward(self, x):
        W = weights(self.W)
        h = torch.relu(on_grid(product(W, x), HIDDEN))
        more = on_grid(product(weights(self.V), h) + weights(self.c).unsqueeze(-1), HIDDEN, ERROR)
        h = on_grid(h + torch.relu(more), HIDDEN, ERROR)
        return torch.relu(product(W.mT, h) + weights(self.b).unsqueeze(-1))
"""
)
MODULE = "src/own/mine.py:Mine"
MINE = replace(RELU, module=MODULE)


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A checkout of nothing but a file, in which this process is."""
    (tmp_path / "src/own").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)

    def written(text: str) -> Path:
        file = tmp_path / "src/own/mine.py"
        file.write_text(text, encoding="utf-8")
        return file

    return written


def test_the_same_model_has_the_same_bits(here, tmp_path):
    here(SAME)
    assert_same(plain(world(MINE), tmp_path / "a"), plain(world(RELU), tmp_path / "b"))


def test_what_is_fast_leaves_it_in_its_plain_form(here, tmp_path):
    here(DEEP)
    trained = [train("test", world(MINE, steps=10), tmp_path / str(fast), False, fast) for fast in (True, False)]
    assert_same(*trained)
    assert trained[0].weights["relu_output.V"].shape == (4, 2, 2)
    assert all(np.abs(array).max() > 0 for array in trained[0].weights.values())


def test_gradients_of_a_deep_model_are_those_of_float64(here):
    here(DEEP)
    steps = build(MINE, 3, world(MINE, n=8, m=3, batch_size=256), fast=False)[0].steps
    start = [p.detach().clone() for p in steps.model.parameters()]
    ours = steps.gradients(torch.tensor(0), start)
    x = steps.source.batch(torch.tensor(0), torch.arange(256))
    named = {name: p.requires_grad_() for (name, _), p in zip(steps.model.named_parameters(), start, strict=True)}
    h = torch.relu(named["W"] @ x)
    h = h + torch.relu(named["V"] @ h + named["c"].unsqueeze(-1))
    y = torch.relu(named["W"].mT @ h + named["b"].unsqueeze(-1))
    importance = (0.9 ** torch.arange(8)).double().view(1, 8, 1)
    ((importance * (y - x) ** 2).sum() / (256 * 8)).backward()
    for (name, p), found in zip(named.items(), ours, strict=True):
        np.testing.assert_allclose(found, p.grad, atol=2e-4 * p.grad.abs().max().item(), err_msg=name)
    assert set(named) == {"W", "b", "V", "c"}


def test_models_of_several_widths_end_in_zeros(here, tmp_path):
    here(DEEP)
    w = world(MINE, m=3, steps=5)
    narrow = w.instances.assign(n_hidden=2)
    narrow["instance"] += 4
    more = w.features.assign(instance=w.features["instance"] + 4)
    both = replace(w, instances=pd.concat([w.instances, narrow]), features=pd.concat([w.features, more]))
    found = plain(both, tmp_path).weights
    assert found["relu_output.V"].shape == (8, 3, 3)
    assert found["relu_output.c"].shape == (8, 3)
    assert not found["relu_output.V"][4:, 2].any()
    assert not found["relu_output.V"][4:, :, 2].any()
    assert found["relu_output.V"][4:, :2, :2].all()


def forward(body: str, more: str = "") -> str:
    return f"{HEAD}{more}\n    def forward(self, x):\n        {body}\n"


UNUSABLE = {
    "x = 1\n": "has no class Mine that is derived from torch.nn.Module",
    "class Mine:\n    pass\n": "has no class Mine that is derived from torch.nn.Module",
    HEAD.replace("self.W =", "self.U ="): r"has no parameter W, \[instance, hidden, feature\]",
    HEAD.replace(
        "zeros(n_hidden, n_features)", "zeros(n_features, n_hidden)"
    ): r"W is of shape \[4, 5, 2\]; must be \[4",
    HEAD.replace("zeros(n_features)", "zeros(n_hidden)"): r"b is of shape \[4, 2\]; must be \[4, 5\]",
    HEAD + "        self.s = zeros()\n": r"s is of shape \[4\]; must have 4 \(instances\) and one or two axes more",
    HEAD.replace("torch.zeros(", "torch.ones("): "W does not start at zero",
    HEAD.replace("dtype=dtype", "dtype=torch.float16"): "W is of torch.float16; must be of torch.float64",
    forward(
        "return on_grid(product(weights(self.W), x), HIDDEN)"
    ): r"gives \[4, 2, 64\] of .* for features \[4, 5, 64\]",
    forward("return weights(self.W).mT @ (weights(self.W) @ x)"): "bmm would round: products of",
    forward("return torch.tanh(x * self.b.unsqueeze(-1) + self.W[:, 0].unsqueeze(-1))"): "tanh has other bits on other",
    forward("return x * torch.rand(1, dtype=x.dtype) + self.b.unsqueeze(-1)"): "rand has other bits on other machines",
    forward("return x - x.mean(1, keepdim=True)"): "mean has other bits on other machines",
    forward("return x + weights(self.b).unsqueeze(-1)"): "no output depends on W",
    forward("return x"): "no output depends on any parameter",
    forward("return product(weights(self.W).mT, product(weights(self.W), x)) + self.b.unsqueeze(-1)"): "would round",
    forward(
        "h = on_grid(product(weights(self.W), x), HIDDEN)\n"
        "        return product(weights(self.W).mT, h).flip(0) + weights(self.b).unsqueeze(-1)"
    ): "the outputs of an instance depend on other instances",
    forward(
        "return product(weights(self.W).mT, on_grid(product(weights(self.W), x), HIDDEN)).amax(2, keepdim=True) + x"
        " + weights(self.b).unsqueeze(-1)"
    ): "the outputs of a sample depend on other samples",
}


@pytest.mark.parametrize("text", UNUSABLE, ids=UNUSABLE.values())
def test_what_is_no_model_is_refused_before_it_is_trained(text, here):
    here(text)
    with pytest.raises(Unusable, match=f"^src/own/mine.py:Mine: .*{UNUSABLE[text]}"):
        build(MINE, 2, world(MINE), fast=False)


def test_a_file_that_is_gone_is_named(here):
    with pytest.raises(Unusable, match=r"^src/own/mine\.py:Mine: src/own/mine\.py is no file$"):
        model_of(MINE, 1, 5, 2, torch.float64, "{}")


def test_in_float32_anything_that_keeps_instances_apart_will_do(here, tmp_path):
    here(forward("W = self.W\n        return torch.tanh(W.mT @ torch.sigmoid(W @ x)) + self.b.unsqueeze(-1)"))
    w = world(MINE, arithmetic="float32", steps=200, learning_rate=0.05)
    first, *_, last = plain(w, tmp_path).history.groupby("step")["loss"].mean()
    assert last < 0.8 * first


def test_a_watch_lets_pass_what_is_exact_and_nothing_else():
    whole = torch.arange(1.0, 9.0, dtype=torch.float64).view(1, 2, 4)
    third = whole / 3
    with Watch():
        assert torch.bmm(whole, whole.mT).sum().item() == 30 + 2 * 70 + 174
        assert (third + third).shape == whole.shape  # each element is rounded once
        assert torch.arange(9).sum() == 36  # of whole numbers
        narrow = whole.float().sum
        for sum_of in (narrow, third.sum, third.exp, third.mean, lambda: torch.bmm(third, whole.mT)):
            with pytest.raises(NotExact):
                sum_of()
    # 1 + 2^-52 is a number of 53 bits, and 1 + 2^-53 is none.
    fine, finer = (torch.tensor([[1.0, 2.0**-k]], dtype=torch.float64) for k in (52, 53))
    with Watch():
        assert fine.sum().item() > 1
        finer[:, :1].sum()
        with pytest.raises(NotExact, match="2 terms of 53 bits, where there is room for 52"):
            finer.sum()


def test_gradients_on_the_grid_of_errors_fit():
    """In products with hidden values, summed over the largest batch."""
    assert ERROR.bits + HIDDEN.bits + 12 == 53


def test_what_is_measured_of_it_is_what_is_measured_of_the_same_model_of_ours(here, tmp_path):
    """But for what is known of h, and of a bias that nobody says it has."""
    here(SAME)
    found = []
    for model in (MINE, RELU):
        w, folder = world(model, steps=20), tmp_path / str(model.module is None)
        trained = plain(w, folder)
        write(trained, folder / "trained")
        parameters = read_parameters(folder / "trained", ["relu_output"])
        ablations = {"samples": 300, "without": [], "densities": [0.5]}
        wanted = {"attack": None, "loss_error": 0.1, "ablations": ablations}
        instances = w.instances.assign(stream='{"seed": 0, "experiment": "test"}')
        found.append(all_tables(instances, w.features, w.held_out, w.settings, parameters, trained.history, wanted))
    mine, ours = found
    assert mine.keys() == ours.keys()
    for name in mine:
        pd.testing.assert_frame_equal(mine[name], ours[name], check_exact=True)
    assert mine["ablations"]["error"].gt(0).all()


@pytest.fixture
def file(here, tmp_path):
    here(DEEP)
    return tmp_path / "params.yaml"


def test_an_experiment_may_have_such_a_model(file):
    found = intro(file, ("model", ["linear", {"name": "mine", "module": MODULE, "target": "relu", "loss_power": 4.0}]))
    assert [model.module for model in found.models] == [None, MODULE]
    assert intro(file, ("model", {"name": "mine", "module": MODULE}), ("n_hidden", 9)).widths == (9,)
    packed = {"ablations": {"samples": 8, "densities": [0.1]}}
    assert intro(file, ("model", {"name": "mine", "module": MODULE}), ("measures", packed)).measures.ablations


NAMED = "experiments.intro.model.module"


@pytest.mark.parametrize(
    ("module", "expected"),
    [
        *(
            (bad, "must be null or a Python file in src and a class of it, such as src/own/skip.py:Skip")
            for bad in (
                *("own/mine.py:Mine", "src/own/mine.py", "/src/own/mine.py:Mine", "src/../src/own/mine.py:Mine", 5),
                *("src/own/mine.txt:Mine", "src/own/mine.py:", "src/own/my mine.py:Mine", "src/own/mine.py:Mine\n"),
            )
        ),
        ("src/own/other.py:Mine", "must name a file that is there"),
        ("src/own.py:Mine", "must name a file that is there"),
        ("src/own/mine.py:Yours", "must name a class of src/own/mine.py, which has Mine"),
        ("src/own/pipe.py:Mine", "must name a file that is there"),  # to be read from, it would be waited for
        ("src/own/link.py:Mine", "must name a file in src of this checkout, and no link that leads out of it"),
        ("src/own/large.py:Mine", "must name a file of at most 200000 bytes"),
        ("src/own/broken.py:Mine", "must name a Python file: "),
        ("src/own/deep.py:Mine", "must name a Python file: "),
        ("src/own/null.py:Mine", "must name a Python file: "),
        ("src/own/relative.py:Mine", "must name a file without relative imports"),
        ("src/own/bare.py:Mine", "must name a class that is derived from torch.nn.Module"),
    ],
)
def test_what_names_no_class_is_refused(module, expected, file, tmp_path):
    own = tmp_path / "src/own"
    os.mkfifo(own / "pipe.py")
    (tmp_path / "elsewhere.py").write_text(DEEP, encoding="utf-8")
    (own / "link.py").symlink_to(tmp_path / "elsewhere.py")
    (own / "large.py").write_text(DEEP + "#" * 200_000, encoding="utf-8")
    (own / "broken.py").write_text("class Mine(nn.Module:\n", encoding="utf-8")
    (own / "deep.py").write_text("-" * 150_000 + "1\n", encoding="utf-8")
    (own / "null.py").write_bytes(b"\x00")
    (own / "relative.py").write_text("from . import mine\nclass Mine(mine.Mine):\n    pass\n", encoding="utf-8")
    (own / "bare.py").write_text("class Mine:\n    pass\n", encoding="utf-8")
    (line,) = faults(file, ("experiments.intro.model", {"name": "mine", "module": module}))
    assert line.startswith(f"{NAMED} = ")
    assert expected in line


def test_a_file_is_read_and_never_run_before_training(file, tmp_path):
    (tmp_path / "src/own/mine.py").write_text(f"open('touched', 'w')\nwhile True: pass\n{DEEP}", encoding="utf-8")
    assert intro(file, ("model", {"name": "mine", "module": MODULE})).models[0].module == MODULE
    assert not (tmp_path / "touched").exists()


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"model.hidden": "relu"}, "model.hidden = 'relu': must be left out where there is a module"),
        ({"model.tied": True}, "model.tied = true: must be left out where there is a module"),
        ({"model.training_attack": 0.1}, "model.training_attack = 0.1: must be left out where there is a module"),
        (
            {"training": {"weight_decay": {"weights": -1.0, "biases": 0.0}}},
            "training.weight_decay.weights = -1.0: must be at least 0 for models that have a module (mine)",
        ),
        ({"training": {"control_variate": 0.1}}, "not so: mine"),
        ({"measures": {"attack": 0.3}}, "measures.attack: must be null for models that have a module (mine)"),
        (
            {"measures": {"rotations": {"count": 19, "samples": 8}}},
            "measures.rotations: must be null for models that have a module (mine)",
        ),
        (
            {"measures": {"ablations": {"samples": 8, "without": ["bias"]}}},
            "measures.ablations.without: must be empty for models that have a module (mine)",
        ),
    ],
    ids=str,
)
def test_what_does_not_go_with_a_module_is_refused(changes, expected, file):
    model = ("experiments.intro.model", {"name": "mine", "module": MODULE})
    found = faults(file, model, *((f"experiments.intro.{key}", value) for key, value in changes.items()))
    assert len(found) == 1
    assert expected in found[0]
