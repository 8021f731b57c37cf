"""Every block of docs/examples.md is accepted, made into a world, and trained for some steps."""

import re
from copy import deepcopy
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from superposition.params.document import parse
from superposition.params.experiments import resolve
from tests.few_steps import few_steps

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs/examples.md").read_text(encoding="utf-8")
CODE = re.compile(r"^```python (src/\S+)\n(.*?)^```$", re.S | re.M)
SNIPPETS = re.findall(r"^```yaml\n(.*?)^```$", PAGE, re.S | re.M)
EXAMPLES = {name: block for text in SNIPPETS for name, block in YAML(typ="safe").load(text).items()}
DOCUMENT = parse(ROOT / "params.yaml")
# What people ask for, and keys that an example has to have for it.
KINDS = (
    *("groups", "correlated", "anticorrelated", "per_feature", "parents", "exactly", "never_empty", "ring"),
    *("module", "products", "absolute", "mixing", "gelu", "tanh", "sigmoid", "leaky_relu", "clipped_relu"),
    *("constant", "normal", "half_normal", "unit_length", "power_law", "hidden_noise", "dropout"),
    *("bias", "hidden_bias", "identity", "hidden_l1", "loss_power", "sample_size", "listed", "eps"),
)


def words(value) -> set[str]:
    """All keys and texts of a block."""
    if isinstance(value, dict):
        return set(value).union(*map(words, value.values()))
    if isinstance(value, list):
        return set().union(*map(words, value))
    return {value} if isinstance(value, str) else set()


def test_no_example_is_there_twice():
    names = [name for text in SNIPPETS for name in YAML(typ="safe").load(text)]
    assert len(names) == len(set(names)) == len(EXAMPLES)
    assert PAGE.count("```yaml") == len(SNIPPETS)
    assert PAGE.count("```python") == len(CODE.findall(PAGE))


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_has_an_example(kind):
    assert kind in set().union(*map(words, EXAMPLES.values()))


def test_a_tied_model_has_more_neurons_than_features():
    wide = EXAMPLES["wide"]
    assert max(wide["n_hidden"]) > wide["n_features"]
    assert not any("tied" in model for model in wide["model"])


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_trains(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for file, text in CODE.findall(PAGE):
        Path(file).parent.mkdir(parents=True, exist_ok=True)
        Path(file).write_text(text, encoding="utf-8")
    block = deepcopy(EXAMPLES[name]) | {"seeds": 2, "held_out": 64}
    experiment = resolve(DOCUMENT | {"experiments": {"mine": block}}).experiments["mine"]
    assert few_steps(experiment, tmp_path, monkeypatch)
