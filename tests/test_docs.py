"""What is documented from the code is what the code says."""

from pathlib import Path

import pytest

from scripts import docs
from superposition.results.dictionary import ARRAYS, FILES, TABLES

ROOT = Path(__file__).parent.parent
DOCUMENTS = docs.documents(ROOT / "params.yaml")


@pytest.mark.parametrize("file", DOCUMENTS)
def test_documents_are_current(file):
    assert (ROOT / file).read_text(encoding="utf-8") == DOCUMENTS[file], "run make docs"


def test_every_key_table_array_and_file_is_there():
    for name, node in docs.mappings().items():
        if name not in docs.TWINS:
            assert all(f"| `{key}` | " in DOCUMENTS["docs/parameters.md"] for key in node["properties"]), name
    for table in TABLES.values():
        assert f"`{table.file}`" in DOCUMENTS["docs/data.md"]
        assert all(f"| `{column.name}` | {column.dtype} | " in DOCUMENTS["docs/data.md"] for column in table.columns)
    for file in (*(array.file for array in ARRAYS), *FILES):
        assert f"| `{file}` | " in DOCUMENTS["docs/data.md"]


def test_defaults_are_those_of_the_file():
    assert (
        "| `steps` | Optimiser steps. | be a whole number, at least 1 and below 2^32 | `10000` |"
        in DOCUMENTS["docs/parameters.md"]
    )


def test_cells_do_not_break_tables():
    lines = docs.grid(("a", "b"), [("|x|", "y")]).splitlines()
    assert lines == ["| a | b |", "| --- | --- |", "| \\|x\\| | y |"]
