"""What is documented from the code is what the code says."""

import re
import tomllib
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from scripts import docs
from superposition.results.dictionary import ARRAYS, FILES, TABLES, of_measures

ROOT = Path(__file__).parent.parent
DOCUMENTS = docs.documents(ROOT / "params.yaml")


@pytest.mark.parametrize("file", DOCUMENTS)
def test_documents_are_current(file):
    assert (ROOT / file).read_text(encoding="utf-8") == DOCUMENTS[file], "run make docs"


def test_every_key_table_array_and_file_is_there():
    for name, node in docs.mappings().items():
        if name not in docs.TWINS:
            assert all(f"| `{key}` | " in DOCUMENTS["docs/parameters.md"] for key in node["properties"]), name
    for table in (TABLES | of_measures()).values():
        assert f"`{table.file}`" in DOCUMENTS["docs/data.md"]
        assert all(f"| `{column.name}` | {column.dtype} | " in DOCUMENTS["docs/data.md"] for column in table.columns)
    for file in (*(array.file for array in ARRAYS), *FILES):
        assert f"| `{file}` | " in DOCUMENTS["docs/data.md"]


def test_defaults_are_those_of_the_file():
    assert (
        "| `steps` | Optimiser steps. | be a whole number between 1 and 1000000 | `10000` |"
        in DOCUMENTS["docs/parameters.md"]
    )


def test_messages_of_the_faq_are_printed():
    """Headings of docs/faq.md with a message: each of its parts is in our code, or is DVC's, pip's or Python's."""
    places = [
        ROOT / "Makefile",
        *(file for folder in ("src", "scripts", "stages") for file in (ROOT / folder).rglob("*.py")),
    ]
    code = " ".join(" ".join(file.read_text(encoding="utf-8").split()) for file in places)
    code = re.sub(r'"\s*f?"', "", code)  # texts that go on in the next line
    others = (
        *("No module named 'superposition'", "Unable to acquire lock", "Is your cache up to date?"),
        "failed to load directory ",
        "THESE PACKAGES DO NOT MATCH THE HASHES",
    )
    headings = re.findall(r"^### `([^`]+)`$", (ROOT / "docs/faq.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert len(headings) > 10
    for heading in headings:
        parts = [part.strip(" ?.") for part in heading.split("...")]
        if not heading.startswith(others):
            assert all(part in code for part in parts), heading


def test_links_lead_somewhere():
    for file in [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")]:
        for link in re.findall(r"\]\(([^)#:]+)\)", file.read_text(encoding="utf-8")):
            assert (file.parent / link).exists(), f"{file.name}: {link}"


def test_the_readme_names_what_there_is_at_full_scale():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    (said,) = re.findall(r"\[`reports/full_scale`\]\(reports/full_scale\) has (.*?)\.\s", text, re.S)
    assert set(re.findall(r"`(\w+)`", said)) == {
        one.name for one in (ROOT / "reports/full_scale").iterdir() if one.is_dir()
    }


def test_the_version_is_the_latest_change():
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    headings = [line for line in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8").splitlines() if line[:3] == "## "]
    citation = YAML(typ="safe").load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert headings[0].split()[1] == version == citation["version"]


def test_the_citation_is_yaml_with_what_it_must_have():
    citation = YAML(typ="safe").load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert {"cff-version", "message", "title", "authors"} <= citation.keys()


def test_cells_do_not_break_tables():
    lines = docs.grid(("a", "b"), [("|x|", "y")]).splitlines()
    assert lines == ["| a | b |", "| --- | --- |", "| \\|x\\| | y |"]
