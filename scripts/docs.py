"""Write what is documented from the code: docs/data.md, docs/parameters.md and params.schema.json.

    make docs

A test holds the committed files to what this would write.
"""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from superposition.params.document import parse
from superposition.params.faults import MUST
from superposition.params.json_schema import as_text, mappings
from superposition.results.dictionary import ARRAYS, FILES, HISTORY, TABLES, WORLDS, Table, of_measures

NOTE = "<!-- `make docs` writes this file; do not edit it. -->"

# Mappings of params.yaml in the order of the document. What is in none of these is a measure's.
KEYS = {
    "File": "The file",
    "Defaults": "`defaults`, and what an experiment says otherwise",
    "Initial": "`initial`",
    "Training": "`training`",
    "Block": "An experiment: a block under `experiments`",
    "Model": "`model`: a model of your own",
    "Measures": "`measures`",
}
FORMS = (
    *("SparsityRange", "LastSparsity", "LastSparsityRange", "PerFeature", "PowerLawSparsity", "PowerSpread"),
    *("ImportanceRange", "Geometric", "Listed", "Last", "LastRange"),
    *(
        "Correlated",
        "Anticorrelated",
        "Exactly",
        "Groups",
        "CorrelatedGroup",
        "AnticorrelatedGroup",
        "ExactlyGroup",
        "IndependentGroup",
        "RingGroup",
        "HasParents",
        "Ring",
        "NeverEmpty",
    ),
    "SeedRange",
    *("Embedding", "Gaussian", "Symmetric"),
    *("Exponential", "PowerLaw", "PowerExponent", "Normal", "HalfNormal", "UnitLength"),
)
# Repeat what is said already: all keys of an experiment, optional.
TWINS = ("FullScale", "OwnInitial", "OwnTraining")


def documents(params: Path) -> dict[str, str]:
    """The text of each file by its path. `params`: the params.yaml whose defaults are shown."""
    defaults = parse(params)["defaults"]
    return {"docs/data.md": data(), "docs/parameters.md": parameters(defaults), "params.schema.json": as_text()}


def data() -> str:
    """Every table, column and array."""
    parts = [
        NOTE,
        "# Data",
        "What the stages leave, for each experiment NAME. Tables are parquet, uncompressed; arrays are NumPy's "
        "`.npy`. `superposition.load` reads them (README.md); its `describe` shows what is said here. A "
        "trained model is an *instance*, known by its number in every table. Missing values are NaN.",
        "h = f(W x + c) are hidden values, y = g(W_out h + b) outputs, of features x; W_out is W^T in tied models. "
        "W_i is column i of W, the direction of feature i; W_i_hat is W_i / |W_i|. x is between -1 and 1. Of a class "
        "of one's own, W is its parameter of that name; what else tables have of it is what it has by their names.",
        "## Tables",
    ]
    parts += [part for name, table in (TABLES | of_measures()).items() for part in _table(name, table)]
    parts += [
        "## Arrays",
        "Axes are named in order. Where arithmetic is exact, weights and biases are multiples of 2^-18.",
    ]
    parts.append(
        "Weights are one file for each architecture MODEL. *place* counts the instances of that architecture in the "
        "order of their numbers, so that it is not `instance` where an experiment has several. "
        "`superposition.results` and the table `weights` have weights by instance. Of a class of one's own there is a "
        "file for each parameter, by the name that it has there; `load(...)` reads them (`parameters` of a model)."
    )
    parts.append(
        grid(
            ("file", "axes", "dtype", "unit", "meaning"),
            ((f"`{a.file}`", a.shape, a.dtype, a.unit, a.meaning) for a in ARRAYS),
        )
    )
    parts += ["## What training starts from, and its losses"]
    parts += [part for name, table in (WORLDS | {"history": HISTORY}).items() for part in _table(name, table)]
    parts += ["## Other files", grid(("file", "what it holds"), ((f"`{file}`", what) for file, what in FILES.items()))]
    return "\n\n".join(parts) + "\n"


def _table(name: str, table: Table) -> list[str]:
    only = f", of experiments with `{table.only}`" if table.only else ""
    columns = ((f"`{c.name}`", c.dtype, c.unit, c.meaning) for c in table.columns)
    return [
        f"### {name}",
        f"`{table.file}`{only}. One row per {table.rows}.",
        grid(("column", "dtype", "unit", "meaning"), columns),
    ]


def parameters(defaults: dict[str, Any]) -> str:
    """Every key of params.yaml."""
    found = mappings()
    shown = {"Defaults": defaults, "Initial": defaults["initial"], "Training": defaults["training"]}
    parts = [
        NOTE,
        "# Parameters",
        "The keys of [`params.yaml`](../params.yaml), which says at length what they mean and where each value comes "
        "from. Here each has its meaning, what it must be, and its default: of keys under `defaults`, the value "
        "there. Editors read the same from [`params.schema.json`](../params.schema.json).",
        "`python -m superposition.params` checks the file. What keys must be beside each other is said "
        "by its messages, and stands in [`params/rules.py`](../src/superposition/params/rules.py).",
    ]
    for name, title in KEYS.items():
        node = found[name]
        inherited = found["Defaults"]["properties"] if name == "Block" else {}
        parts += [f"## {title}", node["description"], _keys(node, shown.get(name, {}), inherited)]
    parts += ["## Settings of measures"]
    for name in sorted(found.keys() - {*KEYS, *FORMS, *TWINS}):
        parts += [f"### `{name.lower()}`", found[name]["description"], _keys(found[name], {}, ())]
    parts += ["## Forms of values", "Of points and axes of sparsity, importance, sets and seeds."]
    for name in FORMS:
        node = found[name]
        form = ", ".join(key if key in node["required"] else f"[{key}]" for key in node["properties"])
        parts += [f"### `{{{form}}}` ({_spaced(name)})", node["description"], _keys(node, {}, ())]
    return "\n\n".join(parts) + "\n"


def _keys(node: dict[str, Any], defaults: dict[str, Any], left_out: Iterable[str]) -> str:
    rows = []
    for key, one in node["properties"].items():
        if key not in left_out:
            default = defaults[key] if key in defaults else one.get("default", _REQUIRED)
            if default is _REQUIRED:
                shown = "required" if key in node.get("required", ()) else ""
            else:
                shown = "" if default in ("", {}) or isinstance(default, dict) else f"`{json.dumps(default)}`"
            rows.append((f"`{key}`", " ".join(one["description"].split()), one[MUST], shown))
    return grid(("key", "meaning", "must", "default"), rows)


_REQUIRED = object()


def _spaced(name: str) -> str:
    return "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in name).strip()


def grid(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table in Markdown."""
    lines = [head, ["---"] * len(head), *([cell.replace("|", "\\|") for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def main() -> None:
    for file, text in documents(Path("params.yaml")).items():
        Path(file).parent.mkdir(exist_ok=True)
        Path(file).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
