"""Dictionaries as other libraries save them: what is read of their files, and what is refused."""

import base64
import json
import math
import pickle
import re
from pathlib import Path

import numpy as np
import pytest
import torch

from superposition.dictionaries import safetensors, saved
from superposition.dictionaries.refused import Refused

# By safetensors 0.8.0: a = [[1.5, -2], [0.25, 3]] in float32, b = [1.5, -2.5] in bfloat16, k = 3 in int32.
THEIRS = base64.b64decode(
    "yAAAAAAAAAB7Il9fbWV0YWRhdGFfXyI6eyJmb3JtYXQiOiJwdCJ9LCJhIjp7ImR0eXBlIjoiRjMyIiwic2hhcGUiOlsyLDJdLCJkYXRhX29mZnNl"
    "dHMiOlswLDE2XX0sImsiOnsiZHR5cGUiOiJJMzIiLCJzaGFwZSI6W10sImRhdGFfb2Zmc2V0cyI6WzE2LDIwXX0sImIiOnsiZHR5cGUiOiJCRjE2"
    "Iiwic2hhcGUiOlsyXSwiZGF0YV9vZmZzZXRzIjpbMjAsMjRdfX0gIAAAwD8AAADAAACAPgAAQEADAAAAwD8gwA=="
)
LATENTS, DIMENSIONS = 4, 3
GENERATOR = np.random.default_rng(7)
HIDDEN = GENERATOR.normal(size=(50, DIMENSIONS))
TENSORS = {
    "W_enc": GENERATOR.normal(size=(DIMENSIONS, LATENTS)).astype(np.float32),
    "W_dec": GENERATOR.normal(size=(LATENTS, DIMENSIONS)).astype(np.float32),
    "b_enc": GENERATOR.normal(size=LATENTS).astype(np.float32),
    "b_dec": GENERATOR.normal(size=DIMENSIONS).astype(np.float32),
}
THRESHOLD = np.array([0.5, 0.0, 1.0, -1.0], dtype=np.float32)


def saelens(folder: Path, tensors=TENSORS, **config) -> Path:
    """As sae.save_inference_model leaves it."""
    folder.mkdir()
    known = {"d_in": DIMENSIONS, "d_sae": LATENTS, "apply_b_dec_to_input": True, "normalize_activations": "none"}
    known |= {"architecture": "standard", "metadata": {"sae_lens_version": "6.54.12"}}
    (folder / saved.CONFIG).write_text(json.dumps(known | config), encoding="utf-8")
    safetensors.write(folder / saved.WEIGHTS, tensors, {"format": "pt"})
    return folder


def dictionary_learning(folder: Path, state: object, dict_class: str) -> Path:
    """As trainSAE leaves it."""
    folder.mkdir()
    (folder / saved.SETTINGS).write_text(json.dumps({"trainer": {"dict_class": dict_class}}), encoding="utf-8")
    torch.save(state, folder / saved.STATE)
    return folder


def relu_codes(centred: bool) -> np.ndarray:
    """In plain numpy, before anything is dropped: as the libraries' own `encode` has it."""
    W_enc, b_enc, b_dec = (TENSORS[name].astype(float) for name in ("W_enc", "b_enc", "b_dec"))
    return (HIDDEN - b_dec if centred else HIDDEN) @ W_enc + b_enc


def top(codes: np.ndarray, k: int) -> np.ndarray:
    kept = torch.tensor(codes).topk(k, dim=-1)
    return torch.zeros(codes.shape, dtype=torch.float64).scatter_(-1, kept.indices, kept.values.relu()).numpy()


# Files


def test_files_of_the_library_itself_are_read(tmp_path):
    (tmp_path / "theirs").write_bytes(THEIRS)
    found = safetensors.read(tmp_path / "theirs")
    assert {name: tensor.tolist() for name, tensor in found.items()} == {
        "a": [[1.5, -2.0], [0.25, 3.0]],
        "b": [1.5, -2.5],
        "k": 3,
    }


def test_what_is_written_is_read_and_has_the_form_of_the_library(tmp_path):
    tensors = {"a": np.array([[1.5, -2.0], [0.25, 3.0]], dtype=np.float32), "k": np.array(3, dtype=np.int32)}
    tensors |= {"none": np.zeros((0, 2)), "turned": np.arange(6.0).reshape(2, 3).T, "yes": np.array([True, False])}
    safetensors.write(tmp_path / "ours", tensors, {"format": "pt"})
    found = safetensors.read(tmp_path / "ours")
    assert list(found) == list(tensors)
    for name, tensor in tensors.items():
        assert found[name].dtype == tensor.dtype
        np.testing.assert_array_equal(found[name], tensor)
    content = (tmp_path / "ours").read_bytes()
    length = int.from_bytes(content[:8], "little")
    assert length % 8 == 0
    header, theirs = json.loads(content[8 : 8 + length]), json.loads(THEIRS[8:208])
    assert header["__metadata__"] == theirs["__metadata__"]
    assert header["a"] == theirs["a"]
    assert [path.name for path in tmp_path.iterdir()] == ["ours"]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"1234567",
        THEIRS[:100],
        THEIRS[:-1],
        pickle.dumps({"a": 1}),
        (9).to_bytes(8, "little") + b'{"a": [ }',
        (2).to_bytes(8, "little") + b"[]",
        THEIRS.replace(b'"F32"', b'"C64"'),
        THEIRS.replace(b'"shape":[2,2]', b'"shape":[2,3]'),
    ],
)
def test_what_is_no_such_file_is_refused(tmp_path, content):
    (tmp_path / "file").write_bytes(content)
    with pytest.raises(Refused, match="file: no file of the safetensors format, or cut off"):
        safetensors.read(tmp_path / "file")


# Formats


@pytest.mark.parametrize("centred", [True, False])
def test_a_standard_one_of_saelens(tmp_path, centred):
    one = saved.read(saelens(tmp_path / "sae", apply_b_dec_to_input=centred), DIMENSIONS)
    np.testing.assert_allclose(one.encode(HIDDEN), np.maximum(relu_codes(centred), 0), atol=1e-12)
    np.testing.assert_array_equal(one.W_dec, TENSORS["W_dec"])
    np.testing.assert_array_equal(one.b_dec, TENSORS["b_dec"])


@pytest.mark.parametrize("k", [1, 2, LATENTS])
def test_topk_of_saelens(tmp_path, k):
    one = saved.read(saelens(tmp_path / "sae", architecture="topk", k=k), DIMENSIONS)
    np.testing.assert_allclose(one.encode(HIDDEN), top(relu_codes(True), k), atol=1e-12)
    assert (np.count_nonzero(one.encode(HIDDEN), axis=1) <= k).all()


def test_topk_of_training_chooses_by_the_decoders_lengths(tmp_path):
    one = saved.read(saelens(tmp_path / "sae", architecture="topk", k=2, rescale_acts_by_decoder_norm=True), DIMENSIONS)
    length = np.linalg.norm(TENSORS["W_dec"].astype(float), axis=1)
    chosen = top(relu_codes(True) * length, 2)
    np.testing.assert_allclose(one.encode(HIDDEN), chosen, atol=1e-12)
    np.testing.assert_allclose(one.encode(HIDDEN) @ one.W_dec, (chosen / length) @ TENSORS["W_dec"], atol=1e-12)
    assert ((chosen != 0) != (top(relu_codes(True), 2) != 0)).any()


def test_topk_before_release_6_of_saelens(tmp_path):
    old = {"activation_fn_str": "topk", "activation_fn_kwargs": {"k": 1}, "metadata": None}
    one = saved.read(saelens(tmp_path / "sae", **old), DIMENSIONS)
    np.testing.assert_allclose(one.encode(HIDDEN), top(relu_codes(True), 1), atol=1e-12)


def test_jumprelu_of_saelens(tmp_path):
    folder = saelens(tmp_path / "sae", TENSORS | {"threshold": THRESHOLD}, architecture="jumprelu")
    before = relu_codes(True)
    np.testing.assert_allclose(
        saved.read(folder / saved.WEIGHTS, DIMENSIONS).encode(HIDDEN),
        np.maximum(before, 0) * (before > THRESHOLD),
        atol=1e-12,
    )


@pytest.mark.parametrize(
    ("dict_class", "centred", "names"),
    [
        ("AutoEncoder", True, {"b_dec": "bias"}),
        ("AutoEncoderNew", False, {"b_dec": "decoder.bias"}),
        ("AutoEncoderTopK", True, {}),
        ("BatchTopKSAE", True, {}),
        ("JumpReluAutoEncoder", False, None),
    ],
)
def test_those_of_dictionary_learning(tmp_path, dict_class, centred, names):
    tensors = {name: torch.tensor(tensor) for name, tensor in TENSORS.items()}
    if names is None:
        state = tensors | {"threshold": torch.tensor(THRESHOLD)}
    else:
        state = {
            "encoder.weight": tensors["W_enc"].T,
            "encoder.bias": tensors["b_enc"],
            "decoder.weight": tensors["W_dec"].T,
            names.get("b_dec", "b_dec"): tensors["b_dec"],
        }
        if "TopK" in dict_class:
            state |= {"k": torch.tensor(2, dtype=torch.int), "threshold": torch.tensor(0.5)}
    one = saved.read(dictionary_learning(tmp_path / "ae", state, dict_class), DIMENSIONS)
    before = relu_codes(centred)
    wanted = {
        "AutoEncoderTopK": top(before, 2),
        "BatchTopKSAE": np.maximum(before, 0) * (before > 0.5),
        "JumpReluAutoEncoder": np.maximum(before, 0) * (before > THRESHOLD),
    }.get(dict_class, np.maximum(before, 0))
    np.testing.assert_allclose(one.encode(HIDDEN), wanted, atol=1e-12)
    np.testing.assert_array_equal(one.W_dec, TENSORS["W_dec"])
    np.testing.assert_array_equal(one.b_dec, TENSORS["b_dec"])


@pytest.mark.parametrize("others", [{}, {"k": np.array(2)}, {"threshold": THRESHOLD}])
def test_a_plain_file(tmp_path, others):
    plain = {"encoder": TENSORS["W_enc"], "decoder": TENSORS["W_dec"], "encoder_bias": TENSORS["b_enc"]}
    safetensors.write(tmp_path / "plain.safetensors", plain | others, {})
    one = saved.read(tmp_path / "plain.safetensors", DIMENSIONS)
    before = relu_codes(False)
    wanted = top(before, 2) if "k" in others else np.maximum(before, 0) * (before > others.get("threshold", 0))
    np.testing.assert_allclose(one.encode(HIDDEN), wanted, atol=1e-12)
    assert not one.b_dec.any()


# What is refused


class Planted:
    """Writes a file where it is unpickled."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def __reduce__(self):
        return Path.write_text, (self.file, "executed")


def test_no_pickle_is_executed(tmp_path):
    planted, told = (
        Planted(tmp_path / "executed"),
        "ae.pt: is no file of tensors alone; what could run code is not read",
    )
    with pytest.raises(Refused, match=told):
        saved.read(dictionary_learning(tmp_path / "one", planted, "AutoEncoder"), DIMENSIONS)
    with pytest.raises(Refused, match=told):
        saved.read(dictionary_learning(tmp_path / "two", {"bias": planted}, "AutoEncoder"), DIMENSIONS)
    (tmp_path / "two" / saved.STATE).write_bytes(pickle.dumps(planted))
    with pytest.raises(Refused, match=told):
        saved.read(tmp_path / "two" / saved.STATE, DIMENSIONS)
    for name in ("sae.pt", "sae.pkl", "sae.bin"):
        (tmp_path / name).write_bytes(pickle.dumps(planted))
        with pytest.raises(Refused, match="pickles are not read"):
            saved.read(tmp_path / name, DIMENSIONS)
    assert not (tmp_path / "executed").exists()


@pytest.mark.parametrize(
    ("tensors", "config", "message"),
    [
        ({}, {"architecture": "gated"}, "architecture = 'gated': must be among standard, topk, jumprelu"),
        ({}, {"architecture": "batchtopk"}, "architecture = 'batchtopk': save it by save_inference_model"),
        ({}, {"architecture": "topk"}, "k = None: must be a whole number from 1 to 4, the latents"),
        ({}, {"architecture": "topk", "k": 5}, "k = 5: must be a whole number from 1 to 4"),
        ({}, {"architecture": "topk", "k": 1.5}, "k = 1.5: must be a whole number"),
        ({}, {"architecture": "jumprelu"}, "has no tensor 'threshold'; there are W_dec, W_enc, b_dec, b_enc"),
        ({}, {"activation_fn_str": "tanh-relu"}, "activation_fn = 'tanh-relu': must be relu or topk"),
        ({}, {"normalize_activations": "layer_norm"}, "normalize_activations = 'layer_norm': must be 'none'"),
        ({}, {"finetuning_scaling_factor": True}, "finetuning_scaling_factor = true: must be false"),
        ({"W_dec": np.zeros((4, 5))}, {}, "W_dec of shape [4, 5]: must be [4, 3], of 4 latents and the toy model's 3"),
        ({"W_enc": TENSORS["W_enc"].T}, {}, "W_enc of shape [4, 3]: must be [3, 4]"),
        ({"W_dec": np.zeros(3)}, {}, "W_dec of shape [3]: must be [3, 3]"),
        ({"W_dec": np.zeros((0, 3)), "W_enc": np.zeros((3, 0))}, {}, "W_dec of shape [0, 3]: must be [1, 3]"),
        ({"b_enc": np.array([0, math.nan, 0, 0])}, {}, "b_enc[1] = nan: must be a finite number"),
        ({"W_dec": np.full((4, 3), math.inf)}, {}, "W_dec[0, 0] = inf: must be a finite number"),
    ],
)
def test_a_folder_of_saelens_that_is_wrong(tmp_path, tensors, config, message):
    with pytest.raises(Refused, match=re.escape(message)):
        saved.read(saelens(tmp_path / "sae", TENSORS | tensors, **config), DIMENSIONS)


@pytest.mark.parametrize(
    ("tensors", "message"),
    [
        ({"encoder": TENSORS["W_enc"]}, "has no tensor 'decoder'"),
        ({"encoder": TENSORS["W_enc"], "decoder": TENSORS["W_enc"]}, "decoder of shape [3, 4]: must be [3, 3]"),
        ({"encoder": np.full((3, 4), math.nan), "decoder": TENSORS["W_dec"]}, "encoder[0, 0] = nan: must be a finite"),
        ({"weights": np.zeros(3)}, "tensor 'weights': must be among encoder, decoder, encoder_bias, decoder_bias, k"),
        (
            {"encoder": TENSORS["W_enc"], "decoder": TENSORS["W_dec"], "k": np.array(2), "threshold": THRESHOLD},
            "has k and threshold, of which one is to decide",
        ),
    ],
)
def test_a_plain_file_that_is_wrong(tmp_path, tensors, message):
    safetensors.write(tmp_path / "plain.safetensors", tensors, {})
    with pytest.raises(Refused, match=re.escape(message)):
        saved.read(tmp_path / "plain.safetensors", DIMENSIONS)


def test_folders_that_are_none(tmp_path):
    for folder, message in (
        (tmp_path / "missing", "there is no such file or folder"),
        (tmp_path, "has neither cfg.json (SAELens) nor ae.pt (dictionary_learning)"),
    ):
        with pytest.raises(Refused, match=re.escape(message)):
            saved.read(folder, DIMENSIONS)
    folder = saelens(tmp_path / "sae")
    (folder / saved.WEIGHTS).unlink()
    with pytest.raises(Refused, match=r"has cfg\.json, and no sae_weights"):
        saved.read(folder, DIMENSIONS)
    for text, message in (("{", "no JSON"), ("[]", "must be a mapping")):
        (folder / saved.CONFIG).write_text(text, encoding="utf-8")
        with pytest.raises(Refused, match=message):
            saved.read(folder, DIMENSIONS)
    folder = dictionary_learning(tmp_path / "ae", {"bias": torch.zeros(3)}, "GatedAutoEncoder")
    with pytest.raises(Refused, match=r"trainer.dict_class = 'GatedAutoEncoder': must be among AutoEncoder, "):
        saved.read(folder, DIMENSIONS)
    (folder / saved.SETTINGS).unlink()
    with pytest.raises(Refused, match=r"has ae.pt, and no config.json, which says of what class it is"):
        saved.read(folder, DIMENSIONS)
