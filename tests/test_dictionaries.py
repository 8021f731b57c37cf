"""Ground truth of toy models, and the command that scores other libraries' dictionaries by it."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy.optimize import minimize

from superposition import dictionary
from superposition.dictionaries import safetensors
from superposition.dictionaries.ground_truth import EXPORT, HELD_OUT, GroundTruth
from superposition.dictionaries.refused import Refused
from superposition.dictionaries.scores import scores
from superposition.results import load
from tests.checkout import computed

ROOT = Path(__file__).parent.parent
TOYS = {
    "model": ["relu_output", {"name": "hidden_relu", "hidden": "relu"}],
    "n_features": 6,
    "n_hidden": 3,
    "sparsity": [0.0, 0.8],
    "importance": 1.0,
    "seeds": 2,
    "held_out": 256,
    "training": {"steps": 400, "batch_size": 256, "learning_rate": 0.03, "snapshots": 2},
}
SIGNED = TOYS | {
    "model": {"name": "biased", "tied": False, "output": "linear", "hidden_bias": True},
    "values": "signed",
    "sparsity": 0.8,
    "seeds": 1,
}
RECIPE = {"model": "relu_output", "n_features": 14, "n_hidden": [8, 10], "sparsity": 0.8, "seeds": 1}
RECIPE |= {"importance": 1.0, "held_out": 256, "training": TOYS["training"]}
AT = ["model=relu_output", "sparsity=0.8"]


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    return computed(tmp_path_factory.mktemp("checkout"), {"toys": TOYS, "signed": SIGNED, "sparse_recovery": RECIPE})


@pytest.fixture(scope="module")
def toy(checkout):
    return GroundTruth(load("toys", checkout).best(model="relu_output", sparsity=0.8))


@pytest.fixture
def inside(checkout, monkeypatch):
    monkeypatch.chdir(checkout)


# The truth


def test_hidden_vectors_are_sums_of_true_directions(toy, checkout):
    for truth in (toy, GroundTruth(load("signed", checkout).best())):
        features = truth.features(EXPORT, 300)
        off = truth.hidden(features) - truth.values(features) @ truth.truth
        missing = features[:, ~truth.represented] @ truth.model.W.T[~truth.represented]
        np.testing.assert_allclose(off, missing, atol=2e-5)  # of the grid of hidden values, 2^-17 each
        assert (truth.values(features) >= 0).all()
        assert len(truth.truth) == len(truth.numbers) == (2 if truth.signed else 1) * truth.represented.sum()
    assert not toy.signed
    assert truth.signed
    assert features.min() < -0.9
    assert truth.model.b_hidden.any()


def test_samples_are_as_in_training_and_others_for_each_purpose(toy):
    features = toy.features(EXPORT, 5000)
    assert np.count_nonzero(features, axis=0) / 5000 == pytest.approx(0.2, abs=0.02)
    assert features[features != 0].mean() == pytest.approx(0.5, abs=0.02)
    np.testing.assert_array_equal(toy.features(EXPORT, 4500), features[:4500])  # however many are drawn together
    assert (toy.features(HELD_OUT, 100) != features[:100]).any()


def test_the_read_out_is_that_of_the_model(toy):
    features = toy.features(HELD_OUT, 200)
    decoder, codes = toy.read_out(features)
    outputs = np.maximum(toy.hidden(features) @ toy.model.W + toy.model.b, 0)[:, toy.represented]
    np.testing.assert_allclose(codes, outputs, atol=1e-12)
    np.testing.assert_allclose((decoder * toy.truth).sum(axis=1), 1)


@pytest.mark.parametrize("penalty", [0.01, 0.2])
def test_the_lasso_is_the_least(toy, penalty):
    hidden = toy.hidden(toy.features(HELD_OUT, 20))
    codes = toy.lasso(hidden, penalty)

    def loss(x, h):
        return ((x @ toy.truth - h) ** 2).sum() / 2 + penalty * x.sum()

    assert (codes >= 0).all()
    for x, h in zip(codes, hidden, strict=True):
        theirs = minimize(loss, np.full(len(x), 0.1), (h,), bounds=[(0, None)] * len(x), tol=1e-12)
        assert loss(x, h) <= theirs.fun + 1e-5


def test_models_without_a_truth_are_refused(checkout):
    toys = load("toys", checkout)
    with pytest.raises(Refused, match="model hidden_relu: hidden = relu: must be linear"):
        GroundTruth(toys.best(model="hidden_relu", sparsity=0.8))


# The command


def run(capsys, *words: object) -> tuple[int, str, str]:
    status = dictionary.main([str(word) for word in words])
    captured = capsys.readouterr()
    return status, captured.out, captured.err


def test_what_is_exported(toy, inside, tmp_path, capsys):
    for folder in ("one", "two"):
        status, said, _ = run(capsys, "export", "toys", "--at", *AT, "--samples", 500, "--to", tmp_path / folder)
        assert status == 0
        assert str(tmp_path / folder / "vectors.safetensors") in said
    for file in ("vectors.safetensors", "model.json"):
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes()
    tensors = safetensors.read(tmp_path / "one/vectors.safetensors")
    assert {tensor.dtype.name for tensor in tensors.values()} == {"float32"}
    features = toy.features(EXPORT, 500)
    for name, wanted in (
        ("hidden", toy.hidden(features)),
        ("values", toy.values(features)),
        ("truth", toy.truth),
    ):
        np.testing.assert_array_equal(tensors[name], wanted.astype(np.float32))
    about = json.loads((tmp_path / "one/model.json").read_text(encoding="utf-8"))
    assert about["tensors"] == {name: list(tensor.shape) for name, tensor in tensors.items()}
    assert (about["experiment"], about["n_hidden"], about["samples"]) == ("toys", 3, 500)
    assert about["density"] == [pytest.approx(0.2)] * len(toy.truth)


def test_the_truth_as_a_file_has_the_scores_of_the_read_out(toy, inside, tmp_path, capsys):
    read_out = {"encoder": toy.truth.T, "decoder": toy.truth, "encoder_bias": toy.model.b[toy.represented]}
    safetensors.write(tmp_path / "truth.safetensors", read_out, {})
    half = {name: tensor[..., :2] if name != "decoder" else tensor[:2] for name, tensor in read_out.items()}
    safetensors.write(tmp_path / "half.safetensors", half, {})
    words = ("score", tmp_path / "truth.safetensors", tmp_path / "half.safetensors", "--of", "toys", "--at", *AT)
    status, said, _ = run(capsys, *words, "--samples", 400, "--json")
    assert status == 0
    found = json.loads(said)
    whole, part, model, lasso, chance = found["scores"].values()
    assert list(found["scores"])[2:] == ["toy model", "true lasso", "chance"]
    assert (whole["mmcs"], whole["agreement"], part["agreement"]) == (1, 1, 1)
    same = ("mmcs", "matched_cosine", "recovered", "dead", "l0", "precision", "recall", "f1", "absorption")
    assert {name: whole[name] for name in same} == {name: model[name] for name in same}
    assert part["matched_cosine"] == pytest.approx(2 / len(toy.truth))
    assert lasso["f1"] >= model["f1"] > part["f1"]
    assert set(chance) == {"mmcs", "matched_cosine", "recovered"}
    assert chance["mmcs"] < 1
    features = toy.features(HELD_OUT, 400)
    hidden = toy.hidden(features)
    assert lasso == scores(toy.truth, toy.lasso(hidden, toy.penalty), toy.truth, toy.values(features), hidden)

    status, said, _ = run(capsys, *words, "--samples", 400)
    head, _, names, *rows = said.splitlines()
    assert head.startswith(f"toys, relu_output model {toy.model.instance}: {len(toy.truth)} directions in 3 dimensions")
    assert names.split() == [*whole]
    assert [row[:17].strip() for row in rows] == [*found["scores"]]
    assert rows[1].split()[1:] == [f"{value:.3f}" for value in part.values()]
    assert rows[4].split() == ["chance", *(f"{value:.3f}" for value in chance.values())]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("export", "toys", "--to", "x"), "toys has more than one point there; say which model"),
        (("export", "nothing", "--to", "x"), "has no experiment nothing"),
        (("export", "toys", "--at", "sparsity=0.7", "--to", "x"), "no model with sparsity 0.7"),
        (("export", "toys", "--at", "colour=1", "--to", "x"), "no axis colour"),
        (("export", "toys", "--at", "sparsity", "--to", "x"), "--at sparsity: must be axis=value"),
        (("export", "toys", "--at", "importance={", "--to", "x"), "is no value of params.yaml"),
        (("export", "toys", "--at", *AT, "--samples", "0", "--to", "x"), "--samples 0: must be from 1 to 10000000"),
        (("export", "toys", "--at", *AT, "--to", "params.yaml"), "--to params.yaml: is a file, must be a folder"),
        (("score", "x", "--of", "toys", "--at", *AT), "x: there is no such file or folder"),
    ],
)
def test_requests_that_cannot_be_met(inside, capsys, words, message):
    status, said, told = run(capsys, *words)
    assert (status, said) == (2, "")
    assert message in told
    assert told.startswith("error: ")
    assert told.count("\n") == 1
    assert not Path("x").exists()


def test_it_is_not_imported_unless_it_is_asked_for(checkout):
    code = (
        "import sys, superposition; superposition.load('toys').best(model='relu_output', sparsity=0).W; "
        "assert not any('dictionaries' in name for name in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], cwd=checkout, env={"PYTHONPATH": "src"}, check=True)


def test_the_recipe_of_the_documentation(checkout):
    """docs/dictionaries.md, block for block, of a smaller experiment of that name."""
    text = (ROOT / "docs/dictionaries.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```(bash|python)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    assert [language for language, _ in blocks] == ["bash", "python", "bash"]
    environment = os.environ | {"PYTHONPATH": "src", "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    for language, block in blocks:
        words = ["bash", "-ec", block.replace("source .venv/bin/activate\n", "")]
        words = words if language == "bash" else [sys.executable, "-c", block]
        done = subprocess.run(words, cwd=checkout, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
    names, *rows = done.stdout.splitlines()[2:]
    ours, *_, chance = (dict(zip(names.split(), map(float, row[15:].split()), strict=False)) for row in rows)
    assert ours["mmcs"] > chance["mmcs"] + 0.1
    assert ours["f1"] > 0.5
