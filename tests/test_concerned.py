"""An edit concerns exactly the stages that depend on it: of a source by what imports it, of a key by what it is in."""

import json
import re
import shutil
from copy import deepcopy
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from stages import code, generate
from superposition import imports
from superposition.params.document import as_json
from superposition.params.experiments import Experiment
from superposition.params.measures import Measures
from superposition.params.schema import Block, Defaults, File, Initial, Training
from tests.documents import DOCUMENT
from tests.few_steps import too_large
from tests.test_extremes import PLACES, document, ends, needs, put, resolved, resolved_or_refused
from tests.test_pipeline import COMPANIONS, NOT_OF_STAGES, ROOT, imported

EXPERIMENTS: dict[str, dict[str, Any]] = {
    "intro": {},
    "geometry": {"measures": {"rotations": {}, "recovery": {}}, "full_scale": {"measures": {"packings": {}}}},
    "no_figure_of_its_own": {"measures": {"ablations": {}, "imitation": {}, "explanations": {}}},
}


def own(stage: str, name: str) -> list[str]:
    if stage == "plot":
        return [f"superposition.figures.{name}"] if (ROOT / f"src/superposition/figures/{name}.py").exists() else []
    if stage == "train":  # whose own modules are those of models: test_pipeline.py
        return []
    block = EXPERIMENTS[name]
    keys = [*block.get("measures", {}), *block.get("full_scale", {}).get("measures", {})]
    return [f"superposition.measures.{key}" for key in keys]


@pytest.mark.slow
def test_each_source_concerns_what_imports_it(tmp_path, monkeypatch):
    """Every file of src/ and stages/, edited one after another; found by Python's own module finder."""
    claims = [f"superposition.claims.{file.stem}" for file in (ROOT / "src/superposition/claims").glob("*.py")]
    run = {
        f"{stage}.json": imported(f"stages/{stage}.py", *(claims if stage == "report" else [])) for stage in code.STAGES
    }
    for stage in code.STAGES_OF_EACH:
        for name in EXPERIMENTS:
            run[f"{stage}/{name}.json"] = imported(f"stages/{stage}.py", *own(stage, name))
    for files in run.values():  # a companion is read by the module that it lies beside
        files |= {"requirements.txt"} | {file for file in COMPANIONS if f"{file.partition('.')[0]}.py" in files}
    for part in ("src", "stages"):
        shutil.copytree(ROOT / part, tmp_path / part, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "requirements.txt", tmp_path)
    monkeypatch.chdir(tmp_path)
    code.PARAMS.parent.mkdir()
    code.PARAMS.write_text(json.dumps({"experiments": EXPERIMENTS}))
    imports.imported.cache_clear()

    def noted() -> dict[str, dict[str, str]]:
        code.digest.cache_clear()
        return code.noted()

    before, found = noted(), 0
    for file in sorted([*Path("src").rglob("*"), *Path("stages").glob("*"), Path("requirements.txt")]):
        if not file.is_file():
            continue
        text = file.read_bytes()
        file.write_bytes(text + b"\n")  # which concerns nobody, but changes its digest
        now = noted()
        file.write_bytes(text)
        concerned = {name for name in before if now[name] != before[name]}
        assert concerned == {name for name, files in run.items() if file.as_posix() in files}, file
        found += bool(concerned)
    assert found > 150
    assert not any(file in files for files in run.values() for file in NOT_OF_STAGES)
    imports.imported.cache_clear()
    code.digest.cache_clear()


TRAINED, MEASURED, NEITHER = {"data/worlds"}, {"data/measures"}, set()  # what train and measure, or measure, depend on
# Every key of an experiment: another value, and what that changes.
KEYS: dict[str, tuple[Any, set[str]]] = {
    "title": ("Another", NEITHER),
    "section": ("Another", NEITHER),
    "about": ("Another.", NEITHER),
    "model": ("linear", TRAINED),
    "n_features": (4, TRAINED),
    "n_hidden": (1, TRAINED),
    "sparsity": (0.5, TRAINED),
    "importance": (0.5, TRAINED),
    "sets": ({"correlated": 3}, TRAINED),
    "values": ("signed", TRAINED),
    "seeds": (3, TRAINED),
    "held_out": (128, TRAINED),
    "loss_error": (0.5, MEASURED),
    "measures": ({"attack": 0.5}, MEASURED),
    "full_scale": ({"seeds": 9}, NEITHER),
    "initial.rule": ("normal", TRAINED),
    "initial.gain": (2.0, TRAINED),
    "initial.bias": (0.5, TRAINED),
    "initial.hidden_bias": (0.5, TRAINED),
    "training.steps": (3, TRAINED),
    "training.batch_size": (4, TRAINED),
    "training.sample_size": (16, TRAINED),
    "training.learning_rate": (0.5, TRAINED),
    "training.schedule": ("linear", TRAINED),
    "training.floor": (0.5, TRAINED),
    "training.warmup_steps": (1, TRAINED),
    "training.betas": ([0.5, 0.5], TRAINED),
    "training.eps": (0.5, TRAINED),
    "training.weight_decay": (0.5, TRAINED),
    "training.control_variate": (0.5, TRAINED),
    "training.arithmetic": ("float32", TRAINED),
    "training.snapshots": (1, TRAINED),
}
MINE: dict[str, Any] = {
    "model": {"name": "own"},
    "n_features": 3,
    "n_hidden": 2,
    "seeds": 2,
    "held_out": 64,
}
BESIDE = {"initial.hidden_bias": {"model": {"name": "own", "hidden_bias": True}}}  # what a key needs
STEPS: dict[str, Any] = {"schedule": "cosine", "steps": 2, "batch_size": 8, "snapshots": 2}


@pytest.fixture
def made(tmp_path, monkeypatch):
    """What generate makes of `mine` in a document, by digests."""
    monkeypatch.chdir(tmp_path)
    Path("data").mkdir()

    def make(document: dict[str, Any]) -> dict[str, str]:
        Path("data/params.json").write_text(as_json(document), encoding="utf-8")
        generate.main()
        files = [*Path("data/worlds/mine").iterdir(), Path("data/measures/mine.json")]
        return {file.as_posix(): sha256(file.read_bytes()).hexdigest() for file in files}

    return make


def documents(**mine: Any) -> dict[str, Any]:
    document = deepcopy(DOCUMENT)
    document["defaults"]["training"] |= STEPS
    document["experiments"] = {"mine": MINE | mine, "other": MINE}
    return document


def parts(one: dict[str, str], other: dict[str, str]) -> set[str]:
    changed = {file for file in one | other if one.get(file) != other.get(file)}
    return {"/".join(file.split("/")[:2]) for file in changed}


@pytest.mark.parametrize("key", KEYS)
def test_each_key_concerns_what_it_is_in(made, key):
    """In the experiment's block, where it says so itself, or in the defaults where it does not."""
    (value, concerned), beside = KEYS[key], BESIDE.get(key, {})
    first, _, second = key.partition(".")
    document = documents(**beside)
    before = made(document)
    document["experiments"]["mine"][first] = {second: value} if second else value
    assert parts(before, made(document)) == concerned
    if first in Defaults.model_fields and first not in MINE:
        document = documents(**beside)
        if second:
            document["defaults"][first][second] = value
        else:
            document["defaults"][first] = value
        assert parts(before, made(document)) == concerned


def test_all_keys_are_among_them():
    nested = {"initial": Initial, "training": Training}
    of_blocks = {key for key in Block.model_fields if key not in nested}
    assert set(KEYS) == of_blocks | {f"{key}.{inner}" for key, model in nested.items() for inner in model.model_fields}
    assert set(File.model_fields) == {"seed", "scale", "defaults", "experiments"}


# Every end of these places says what holds without it, too, as null does.
IN_SETS = {f"{sets}{inner}" for sets in ("sets", "sets[]") for inner in ("", ".of", ".never_empty.of")}
# And of these none is accepted in samples that are never empty.
OF_RINGS = {f"{sets}.never_empty.groups[].{key}" for sets in ("sets", "sets[]") for key in ("ring", "width", "times")}
SILENT = {
    *IN_SETS,
    *OF_RINGS,
    *("model.module", "model[].module"),
    *(f"measures.{key}" for key in Measures.model_fields if key != "attack"),
}
CONCERNED = {"title": NEITHER, "section": NEITHER, "about": NEITHER, "measures": MEASURED, "loss_error": MEASURED}


@pytest.mark.slow
def test_each_place_concerns_what_it_is_in(made):
    """Each key of each form of a value, at the first of its ends that says something else than without it."""
    silent = set()
    for place in PLACES:
        change, first = needs(place), re.split(r"[.\[]", place.path)[0]
        before = resolved(change)
        for value in ends(place):
            found = resolved_or_refused(put(place, value))
            if isinstance(found, Experiment) and found != before and not too_large(found):
                one, other = made(document(change)), made(document(put(place, value)))
                assert parts(one, other) == CONCERNED.get(first, TRAINED), place.path
                break
        else:
            silent.add(place.path)
    assert silent == SILENT


def test_what_is_not_in_the_block(made):
    """The seed of all, the scale where it says something, and other experiments."""
    before = made(documents())
    assert parts(before, made(documents() | {"seed": 1})) == TRAINED
    assert parts(before, made(documents() | {"scale": "full"})) == NEITHER
    assert parts(before, made(documents(full_scale={"seeds": 3}) | {"scale": "full"})) == TRAINED
    document = documents()
    document["experiments"] |= {"other": MINE | {"seeds": 5}, "third": MINE}
    assert parts(before, made(document)) == NEITHER
