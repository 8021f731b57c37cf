"""params.yaml as a JSON schema, by which editors complete keys, show what they mean and mark what is wrong.

It is made from the models of `schema`, and says of each key and value what they do: type, bounds, choices, meaning.
What depends on several keys (params/rules.py) is not in it.

    python -m superposition.params schema > params.schema.json
"""

import json
from copy import deepcopy
from typing import Any

from pydantic.json_schema import models_json_schema

from superposition.params.faults import MUST
from superposition.params.inheritance import NESTED
from superposition.params.schema import Block, File

DIALECT = "https://json-schema.org/draft/2020-12/schema"
REQUIRED = ("model", "n_features", "n_hidden")  # of an experiment; all else has defaults

Node = dict[str, Any]


def as_text() -> str:
    """The schema as a file."""
    return json.dumps(json_schema(), indent=1, ensure_ascii=False) + "\n"


def json_schema() -> Node:
    """The schema of the whole file; a description ends with what a value must be."""
    definitions = mappings()
    file = definitions.pop("File")
    return {"$schema": DIALECT, "title": "params.yaml"} | _described(file | {"$defs": definitions})


def mappings() -> dict[str, Node]:
    """The schema of each mapping by its class; what a value must be stands under MUST.

    `Block` is an experiment as it is written, `FullScale` what differs at full scale. Mappings that are filled in from
    the defaults key by key have a twin with all keys optional, such as `OwnTraining`.
    """
    made: dict[str, Node] = models_json_schema([(File, "validation"), (Block, "validation")])[1]["$defs"]
    made = {name: _without_titles(node) for name, node in made.items()}
    block = made["Block"]
    for key in NESTED:
        name = block["properties"][key]["$ref"].rpartition("/")[2]
        twin = deepcopy(made[name])
        del twin["required"]
        made[f"Own{name}"] = twin
        block["properties"][key]["$ref"] = f"#/$defs/Own{name}"
    block["required"] = list(REQUIRED)
    larger = {key: node for key, node in block["properties"].items() if key != "full_scale"}
    made["FullScale"] = {
        "type": "object",
        "description": "What differs at the paper's full scale.",
        "properties": deepcopy(larger),
        "additionalProperties": False,
    }
    full_scale = block["properties"]["full_scale"]
    block["properties"]["full_scale"] = {
        "$ref": "#/$defs/FullScale",
        **{key: full_scale[key] for key in ("description", MUST)},
    }
    experiments = made["File"]["properties"]["experiments"]
    (pattern,) = experiments.pop("patternProperties")
    experiments |= {
        "propertyNames": {"pattern": pattern},
        "additionalProperties": {"$ref": "#/$defs/Block"},
        "minProperties": 1,
    }
    return made


def _without_titles(node: Any) -> Any:
    """Without the titles that pydantic makes of keys' names: they would hide them."""
    if isinstance(node, list):
        return [_without_titles(inner) for inner in node]
    if not isinstance(node, dict):
        return node
    return {key: _without_titles(inner) for key, inner in node.items() if key != "title" or not isinstance(inner, str)}


def _described(node: Any) -> Any:
    """What a value must be as a part of its description."""
    if isinstance(node, list):
        return [_described(inner) for inner in node]
    if not isinstance(node, dict):
        return node
    plain = {key: _described(inner) for key, inner in node.items() if key != MUST}
    said = node.get("description", "")
    if isinstance(said, str) and (said or MUST in node):
        must = [f"Must {node[MUST]}."] if MUST in node else []
        plain["description"] = " ".join([*said.split(), *must])
    return plain
