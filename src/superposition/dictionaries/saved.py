"""Dictionaries as other libraries save them: a folder of SAELens', one of dictionary_learning's, or a plain file.

    SAELens              FOLDER with cfg.json and sae_weights.safetensors, from `sae.save_inference_model(FOLDER)`:
                         architectures standard, topk, jumprelu, and batchtopk, which is saved as jumprelu
    dictionary_learning  FOLDER with config.json and ae.pt, from `trainSAE(..., save_dir=...)`, of the classes in
                         DICTIONARY_LEARNING; ae.pt is read by torch.load(weights_only=True), which runs no code
    plain                FILE.safetensors with `encoder` [dimension, latent] and `decoder` [latent, dimension], and if
                         they are there `encoder_bias` [latent], `decoder_bias` [dimension], and either `k`, a number,
                         or `threshold` [latent]: codes are f(h @ encoder + encoder_bias), h' codes @ decoder +
                         decoder_bias

f is a ReLU; of its values only the k largest of a sample are kept, or those above the latent's threshold. As written of
SAELens 6.54 and dictionary_learning 0.1.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import numpy as np
from jaxtyping import Float
from numpy import ndarray

from superposition.dictionaries import safetensors
from superposition.dictionaries.refused import Refused
from superposition.exact.sums import matmul

CONFIG, WEIGHTS = "cfg.json", "sae_weights.safetensors"  # SAELens'
SETTINGS, STATE = "config.json", "ae.pt"  # dictionary_learning's
# Of dictionary_learning: whether what is decoded begins with the decoder's bias taken off, and which of f's numbers
# decide. Of its two with a `k`, the one for batches encodes by its threshold.
DICTIONARY_LEARNING = {
    "AutoEncoder": (True, None),
    "AutoEncoderNew": (False, None),
    "AutoEncoderTopK": (True, "k"),
    "BatchTopKSAE": (True, "threshold"),
    "MatryoshkaBatchTopKSAE": (True, "threshold"),
    "JumpReluAutoEncoder": (False, "threshold"),
}
ARCHITECTURES = {"standard": None, "topk": "k", "jumprelu": "threshold"}  # SAELens', likewise
AS_INFERENCE = ("batchtopk", "matryoshka_batchtopk")  # which it saves as jumprelu, if told to
# Names that tensors of dictionary_learning's have, if not those of SAELens; True: to be transposed.
OTHER_NAMES = {
    "W_enc": ("encoder.weight", True),
    "W_dec": ("decoder.weight", True),
    "b_enc": ("encoder.bias", False),
}
OTHER_BIASES = ("b_dec", "bias", "decoder.bias")


@dataclass(frozen=True)
class Dictionary:
    """Codes f(h @ W_enc + b_enc), where h has lost b_dec if `centred`, and h' = codes @ W_dec + b_dec."""

    W_enc: Float[ndarray, "dimension latent"]
    W_dec: Float[ndarray, "latent dimension"]
    b_enc: Float[ndarray, " latent"]
    b_dec: Float[ndarray, " dimension"]
    centred: bool
    k: int | None = None  # of a sample's codes, how many are kept; null: all
    threshold: Float[ndarray, " latent"] | None = None  # below which a code is 0; null: 0

    def encode(self, hidden: Float[ndarray, "sample dimension"]) -> Float[ndarray, "sample latent"]:
        before = matmul(hidden - self.b_dec if self.centred else hidden, self.W_enc) + self.b_enc
        codes = np.maximum(before, 0.0)
        if self.threshold is not None:
            return np.where(before > self.threshold, codes, 0.0)
        if self.k is not None:  # of equal ones, the first
            last = np.argsort(-codes, axis=1, kind="stable")[:, self.k :]
            np.put_along_axis(codes, last, 0.0, axis=1)
        return codes


def read(path: Path, dimensions: int) -> Dictionary:
    """A dictionary of vectors of so many dimensions, in float64.

    Raises:
        Refused: for what is no dictionary, or does not fit; the message names the file and what is wrong in it.
    """
    if path.name in (CONFIG, WEIGHTS, SETTINGS, STATE):
        path = path.parent
    if not path.exists():
        raise Refused(f"{path}: there is no such file or folder")
    if path.is_file():
        if path.suffix != ".safetensors":
            raise Refused(
                f"{path}: must be a folder with {CONFIG} and {WEIGHTS} (SAELens) or {SETTINGS} and {STATE} "
                "(dictionary_learning), or a .safetensors file; pickles are not read"
            )
        return _plain(path, safetensors.read(path), dimensions)
    if (path / CONFIG).is_file():
        return _of_saelens(path, dimensions)
    if (path / STATE).is_file():
        return _of_dictionary_learning(path, dimensions)
    raise Refused(f"{path}: has neither {CONFIG} (SAELens) nor {STATE} (dictionary_learning)")


def _of_saelens(folder: Path, dimensions: int) -> Dictionary:
    config = _json(folder / CONFIG)
    if not (folder / WEIGHTS).is_file():
        raise Refused(f"{folder}: has {CONFIG}, and no {WEIGHTS}")
    tensors = safetensors.read(folder / WEIGHTS)
    name = config.get("architecture", "standard")
    # Before SAELens 6, topk was a standard one with another activation.
    old = config.get("activation_fn", config.get("activation_fn_str", "relu"))
    k = config.get("k", (config.get("activation_fn_kwargs") or {}).get("k"))
    if old != "relu":
        if old != "topk" or name not in ("standard", "topk"):
            raise Refused(f"{folder / CONFIG}: activation_fn = {old!r}: must be relu or topk")
        name = "topk"
    if name in AS_INFERENCE:
        raise Refused(f"{folder / CONFIG}: architecture = {name!r}: save it by save_inference_model, as jumprelu")
    if name not in ARCHITECTURES:
        raise Refused(f"{folder / CONFIG}: architecture = {name!r}: must be among {', '.join(ARCHITECTURES)}")
    for key, plain in (("normalize_activations", "none"), ("reshape_activations", "none")):
        if config.get(key, plain) not in (plain, None):
            raise Refused(
                f"{folder / CONFIG}: {key} = {config[key]!r}: must be {plain!r}; fold it into the weights first"
            )
    if config.get("finetuning_scaling_factor"):
        raise Refused(f"{folder / CONFIG}: finetuning_scaling_factor = true: must be false")
    found = _checked(
        folder / WEIGHTS,
        tensors,
        dimensions,
        bool(config.get("apply_b_dec_to_input", True)),
        ARCHITECTURES[name],
        k,
        f"{folder / CONFIG}: k",
    )
    # Codes in units of the decoder's lengths, as training has them.
    return _rescaled(found) if name == "topk" and config.get("rescale_acts_by_decoder_norm") else found


def _rescaled(one: Dictionary) -> Dictionary:
    length = np.sqrt(np.square(one.W_dec).sum(axis=1))
    at_least = np.maximum(length, 1e-8)  # as SAELens has it
    return Dictionary(
        one.W_enc * at_least, one.W_dec / at_least[:, None], one.b_enc * at_least, one.b_dec, one.centred, one.k
    )


def _of_dictionary_learning(folder: Path, dimensions: int) -> Dictionary:
    import torch  # which takes a while

    if not (folder / SETTINGS).is_file():
        raise Refused(f"{folder}: has {STATE}, and no {SETTINGS}, which says of what class it is")
    trainer = _json(folder / SETTINGS).get("trainer")
    name = trainer.get("dict_class") if isinstance(trainer, dict) else None
    if name not in DICTIONARY_LEARNING:
        raise Refused(
            f"{folder / SETTINGS}: trainer.dict_class = {name!r}: must be among {', '.join(DICTIONARY_LEARNING)}"
        )
    try:
        state = torch.load(folder / STATE, map_location="cpu", weights_only=True)
    except (UnpicklingError, RuntimeError, EOFError, ValueError, KeyError):
        raise Refused(f"{folder / STATE}: is no file of tensors alone; what could run code is not read") from None
    if not isinstance(state, Mapping) or not all(isinstance(value, torch.Tensor) for value in state.values()):
        raise Refused(f"{folder / STATE}: must have tensors by their names")
    tensors = {
        str(key): (value.float() if value.is_floating_point() else value).detach().cpu().numpy()
        for key, value in state.items()
    }
    for ours, (theirs, turned) in OTHER_NAMES.items():
        if theirs in tensors and ours not in tensors:
            tensors[ours] = tensors[theirs].T if turned else tensors[theirs]
    if bias := next((name for name in OTHER_BIASES if name in tensors), None):
        tensors["b_dec"] = tensors[bias]
    centred, decides = DICTIONARY_LEARNING[name]
    if decides == "threshold" and np.ndim(tensors.get("threshold", [])) == 0 and "b_enc" in tensors:
        tensors["threshold"] = np.broadcast_to(tensors["threshold"], tensors["b_enc"].shape)
    return _checked(folder / STATE, tensors, dimensions, centred, decides, tensors.get("k"), f"{folder / STATE}: k")


def _plain(path: Path, tensors: Mapping[str, ndarray], dimensions: int) -> Dictionary:
    both = {"W_enc": "encoder", "W_dec": "decoder", "b_enc": "encoder_bias", "b_dec": "decoder_bias"}
    if unknown := set(tensors) - {*both.values(), "k", "threshold"}:
        raise Refused(f"{path}: tensor {sorted(unknown)[0]!r}: must be among {', '.join(both.values())}, k, threshold")
    for ours, name in both.items():
        if name not in tensors and ours.startswith("W"):
            raise Refused(f"{path}: has no tensor {name!r}")
    decoder = tensors["decoder"]
    shape = decoder.shape if decoder.ndim == 2 else (0, 0)
    zeros = {"b_enc": np.zeros(shape[0]), "b_dec": np.zeros(shape[1])}
    named = zeros | {ours: tensors[name] for ours, name in both.items() if name in tensors}
    if {"k", "threshold"} <= set(tensors):
        raise Refused(f"{path}: has k and threshold, of which one is to decide")
    decides = next((name for name in ("k", "threshold") if name in tensors), None)
    others = {name: tensors[name] for name in ("threshold",) if name in tensors}
    return _checked(path, {**named, **others}, dimensions, False, decides, tensors.get("k"), f"{path}: k", both)


def _checked(
    path: Path,
    tensors: Mapping[str, ndarray],
    dimensions: int,
    centred: bool,
    decides: str | None,
    k: Any,
    says_k: str,
    names: Mapping[str, str] | None = None,
) -> Dictionary:
    """Of tensors with SAELens' names; `names`: what they are called in the file, if not so."""
    wanted = ["W_dec", "W_enc", "b_enc", "b_dec", *(["threshold"] if decides == "threshold" else [])]
    called = {name: (names or {}).get(name, name) for name in wanted}
    for name in wanted:
        if name not in tensors:
            raise Refused(f"{path}: has no tensor {called[name]!r}; there are {', '.join(sorted(tensors)) or 'none'}")
    latents = len(tensors["W_dec"]) if tensors["W_dec"].ndim else 0
    shapes = {
        "W_dec": (max(1, latents), dimensions),
        "W_enc": (dimensions, latents),
        "b_enc": (latents,),
        "b_dec": (dimensions,),
        "threshold": (latents,),
    }
    found = {}
    for name in wanted:
        shape, right = tensors[name].shape, shapes[name]
        if shape != right:
            of = f"{latents} latents and the toy model's {dimensions} hidden dimensions"
            raise Refused(f"{path}: {called[name]} of shape {list(shape)}: must be {list(right)}, of {of}")
        found[name] = np.asarray(tensors[name], dtype=np.float64)
        if not np.isfinite(found[name]).all():
            place = [int(axis) for axis in np.argwhere(~np.isfinite(found[name]))[0]]
            value = found[name][tuple(place)]
            raise Refused(f"{path}: {called[name]}{place} = {value}: must be a finite number")
    weights = found["W_enc"], found["W_dec"], found["b_enc"], found["b_dec"], centred
    if decides != "k":
        return Dictionary(*weights, threshold=found.get("threshold"))
    number = k.item() if isinstance(k, ndarray) and k.size == 1 else k
    if isinstance(number, bool) or not isinstance(number, int) or not 1 <= number <= latents:
        raise Refused(f"{says_k} = {number!r}: must be a whole number from 1 to {latents}, the latents")
    return Dictionary(*weights, k=number)


def _json(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise Refused(f"{path}: no JSON ({error})") from None
    if not isinstance(found, dict):
        raise Refused(f"{path}: must be a mapping")
    return found
