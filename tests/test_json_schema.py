"""params.schema.json: that it is current, that it takes what params.yaml says, and refuses what the program refuses."""

import json
import re
import subprocess
import sys
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from dvc.utils.serialize import modify_yaml
from ruamel.yaml import YAML

from superposition.params import PRESETS, ParamsError
from superposition.params.experiments import resolve
from superposition.params.faults import MUST
from superposition.params.json_schema import as_text, json_schema, mappings
from tests.documents import DOCUMENT, changed

ROOT = Path(__file__).parent.parent
SCHEMA = json_schema()
TYPES = {"object": dict, "array": list, "string": str, "boolean": bool, "null": type(None)}
# What the validator below knows. A keyword that it does not know would go unchecked.
SAID = {"$schema", "$defs", "title", "description", "default"}


def faults(node: dict[str, Any], value: Any, at: str = "") -> list[str]:
    """Where a value is not what a schema says: the keywords of JSON Schema that pydantic uses."""
    found = []

    def wrong_if(wrong: bool, keyword: str) -> None:
        found.extend([f"{at}: {keyword} {node[keyword]}"] if wrong else [])

    number = isinstance(value, int | float) and not isinstance(value, bool)
    for keyword, said in node.items():
        match keyword:
            case "$ref":
                found += faults(SCHEMA["$defs"][said.rpartition("/")[2]], value, at)
            case "type" if said in ("number", "integer"):
                wrong_if(not number or (said == "integer" and value != int(value)), keyword)
            case "type":
                wrong_if(not isinstance(value, TYPES[said]), keyword)
            case "enum":
                wrong_if(value not in said, keyword)
            case "const":
                wrong_if(value != said, keyword)
            case "oneOf" | "anyOf":
                fitting = sum(not faults(choice, value, at) for choice in said)
                wrong_if(fitting != 1 if keyword == "oneOf" else fitting == 0, keyword)
            case "minimum" | "maximum" | "exclusiveMinimum" | "exclusiveMaximum":
                if number:
                    too_small = value < said or (value == said and "exclusive" in keyword)
                    too_large = value > said or (value == said and "exclusive" in keyword)
                    wrong_if(too_small if "Min" in keyword or keyword == "minimum" else too_large, keyword)
            case "minLength" | "maxLength" | "pattern":
                if isinstance(value, str):
                    length = (
                        len(value) >= said if keyword == "minLength" else keyword == "pattern" or len(value) <= said
                    )
                    wrong_if(not length or (keyword == "pattern" and not re.search(said, value)), keyword)
            case "minItems" | "maxItems" | "items" | "prefixItems":
                if isinstance(value, list):
                    wrong_if(keyword == "minItems" and len(value) < said, keyword)
                    wrong_if(keyword == "maxItems" and len(value) > said, keyword)
                    each = [said] * len(value) if keyword == "items" else said if keyword == "prefixItems" else []
                    for place, (inner, one) in enumerate(zip(each, value, strict=False)):
                        found += faults(inner, one, f"{at}[{place}]")
            case "required" | "properties" | "additionalProperties" | "propertyNames" | "minProperties":
                if isinstance(value, dict):
                    wrong_if(keyword == "required" and any(key not in value for key in said), keyword)
                    wrong_if(keyword == "minProperties" and len(value) < said, keyword)
                    others = value.keys() - node.get("properties", {}).keys()
                    wrong_if(keyword == "additionalProperties" and said is False and bool(others), keyword)
                    for key, one in value.items():
                        if keyword == "propertyNames":
                            found += faults(said, key, f"{at}.{key}")
                        elif keyword == "properties" and key in said:
                            found += faults(said[key], one, f"{at}.{key}")
                        elif keyword == "additionalProperties" and said and key in others:
                            found += faults(said, one, f"{at}.{key}")
            case _:
                assert keyword in SAID, f"a keyword that is not checked: {keyword}"
    return found


def test_the_committed_schema_is_current():
    assert (ROOT / "params.schema.json").read_text(encoding="utf-8") == as_text(), "run make docs"
    command = [sys.executable, "-m", "superposition.params", "schema"]
    done = subprocess.run(command, cwd=ROOT, env={"PYTHONPATH": "src"}, capture_output=True, text=True, check=True)
    assert done.stdout == as_text()


def test_the_committed_parameters_are_what_the_schema_says():
    document = YAML(typ="safe").load((ROOT / "params.yaml").read_text(encoding="utf-8"))
    assert len(document["experiments"]) > 30
    assert faults(SCHEMA, document) == []
    assert faults(SCHEMA, DOCUMENT) == []


def test_editors_find_the_schema_and_dvc_leaves_it_there(tmp_path):
    line = "# yaml-language-server: $schema=params.schema.json"
    text = (ROOT / "params.yaml").read_text(encoding="utf-8")
    assert text.splitlines()[0] == line
    copy = tmp_path / "params.yaml"
    copy.write_text(text, encoding="utf-8")
    with modify_yaml(str(copy)) as document:  # as `dvc exp run -S` does
        document["experiments"]["intro"]["sparsity"] = [0.0, 0.5]
    assert copy.read_text(encoding="utf-8").splitlines()[:2] == text.splitlines()[:2]


def test_what_one_may_write():
    """Each form that params.yaml names, of one experiment."""
    for change in [
        ("scale", "full"),
        ("experiments.intro.sparsity", {"per_feature": [0.1, 0.2, 0.3]}),
        ("experiments.intro.sparsity", [0, {"last": 0.5, "others": 0.9}]),
        ("experiments.intro.sparsity", {"last": {"start": 0.0, "stop": 0.9, "num": 3}, "others": 0.9}),
        ("experiments.intro.sparsity", {"start": 0.0, "stop": 0.99, "num": 3, "spacing": "log"}),
        ("experiments.intro.importance", {"geometric": 0.7}),
        ("experiments.intro.importance", [{"listed": [1, 1, 2]}, {"last": 0.1}, 1e-3]),
        ("experiments.intro.sets", "independent"),
        ("experiments.intro.sets", ["independent", {"correlated": 3}]),
        ("experiments.intro.seeds", [0, 7]),
        ("experiments.intro.seeds", {"start": 0, "stop": 90, "num": 10}),
        ("experiments.intro.n_hidden", [1, 2]),
        ("experiments.intro.model", ["linear", {"name": "mine", "hidden": "relu", "hidden_l1": 0.1}]),
        ("experiments.intro.training", {"steps": 10, "sample_size": 4096}),
        ("experiments.intro.initial", {"gain": 0.1}),
        ("experiments.intro.measures", {"attack": 0.1, "rotations": None, "ablations": {"samples": 10}}),
        ("experiments.intro.full_scale", {"seeds": 30, "training": {"steps": 20000}}),
        ("experiments.intro.about", "One paragraph.\n"),
    ]:
        assert faults(SCHEMA, changed(change)) == [], change
        resolve(changed(change))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("seed", -1),
        ("seed", "0"),
        ("scale", "large"),
        ("sed", 0),
        ("experiments", {}),
        ("experiments.Intro", {"model": "linear", "n_features": 3, "n_hidden": 2}),
        ("experiments.intro.model", "relu"),
        ("experiments.intro.model", {"hidden": "relu"}),
        ("experiments.intro.model", {"name": "mine", "hidden": "softmax"}),
        ("experiments.intro.model", []),
        ("experiments.intro.n_features", 0),
        ("experiments.intro.n_features", 2.5),
        ("experiments.intro.n_hidden", [2, 0]),
        ("experiments.intro.sparsity", 1.0),
        ("experiments.intro.sparsity", [0.5, -0.1]),
        ("experiments.intro.sparsity", {"start": 0.0, "stop": 0.9}),
        ("experiments.intro.sparsity", {"start": 0.0, "stop": 0.9, "num": 3, "spacing": "even"}),
        ("experiments.intro.sparsity", {"geometric": 0.5}),
        ("experiments.intro.importance", 0.0),
        ("experiments.intro.importance", {"geometrc": 0.5}),
        ("experiments.intro.sets", {"correlated": 1}),
        ("experiments.intro.seeds", 0),
        ("experiments.intro.sparsty", 0.5),
        ("experiments.intro.training", {"step": 10}),
        ("experiments.intro.training", {"betas": [0.9]}),
        ("experiments.intro.training", {"betas": [0.9, 1.0]}),
        ("experiments.intro.training", {"schedule": "step"}),
        ("experiments.intro.training", {"learning_rate": 0}),
        ("experiments.intro.measures", {"attack": 5}),
        ("experiments.intro.measures", {"rotations": {"count": 18, "samples": 10}}),
        ("experiments.intro.measures", {"rotations": {"count": 19}}),
        ("experiments.intro.measures", {"ablations": {"samples": 10, "without": ["gelu"]}}),
        ("experiments.intro.full_scale", {"sparsity": 2}),
        ("experiments.intro.full_scale", {"full_scale": {"seeds": 3}}),
        ("experiments.intro.about", "Two\nparagraphs."),
        ("experiments.intro.title", ""),
        ("defaults.seeds", "many"),
        ("defaults.training", {"steps": 10}),
    ],
)
def test_what_the_program_refuses_the_schema_refuses(path, value):
    document = changed((path, value))
    with pytest.raises(ParamsError):
        resolve(document)
    assert faults(SCHEMA, document)


@pytest.mark.parametrize("key", ["model", "n_features", "n_hidden"])
def test_what_an_experiment_must_have(key):
    document = deepcopy(DOCUMENT)
    del document["experiments"]["intro"][key]
    (fault,) = faults(SCHEMA, document)
    assert fault.startswith(".experiments.intro: required")


def test_every_key_says_what_it_means_and_what_it_must_be():
    for mapping, node in mappings().items():
        assert node["description"], mapping
        assert node["additionalProperties"] is False, mapping
        for key, one in node["properties"].items():
            assert one.get("description"), f"{mapping}.{key} has no text under it"
            assert MUST in one or one.get("type") == "number", f"{mapping}.{key}"  # `Range` itself is not written
    assert f'"{MUST}":' not in json.dumps(SCHEMA)  # no keyword of JSON Schema: it is a part of descriptions there
    assert SCHEMA["$defs"]["Block"]["properties"]["n_features"]["description"].endswith(
        "Must be a whole number between 1 and 100000."
    )
    assert set(SCHEMA["$defs"]["Block"]["properties"]["model"]["oneOf"][0]["enum"]) == set(PRESETS)
