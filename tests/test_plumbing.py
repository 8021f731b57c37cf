"""Claims are declarations and predicates: what tables have is read in readings/."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

CLAIMS = Path(__file__).parents[1] / "src" / "superposition" / "claims"
MACHINERY = {"__init__", "chance", "claim", "judging", "words"}  # what modules with claims are made with
MODULES = sorted({file.stem for file in CLAIMS.glob("*.py")} - MACHINERY)
# Selecting, joining and looking up.
PLUMBING = {
    *("merge", "groupby", "isin", "sort_values", "pivot_table", "set_index", "drop_duplicates", "iterrows"),
    *("extra", "matching", "instances_at", "by_loss", "by_rank", "ranked"),
}
SIZES = {"n_features", "n_hidden"}  # what may be asked of tables


def plumbing(source: str) -> set[str]:
    """What a module does that readings/ are for: names of `PLUMBING`, parts of tables, functions that take tables and
    give no finding, and pandas.
    """
    nodes = list(ast.walk(ast.parse(source)))
    functions = [node for node in nodes if isinstance(node, ast.FunctionDef)]
    tables = {arg.arg for node in functions for arg in _arguments(node) if _is_tables(arg)}
    called = {node.func.id for node in nodes if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}
    attributes = [node for node in nodes if isinstance(node, ast.Attribute)]
    parts = {
        f"tables.{node.attr}" for node in attributes if isinstance(node.value, ast.Name) and node.value.id in tables
    }
    readers = {
        node.name
        for node in functions
        if any(map(_is_tables, _arguments(node))) and (node.returns is None or ast.unparse(node.returns) != "Finding")
    }
    return (
        (PLUMBING & (called | {node.attr for node in attributes}))
        | (parts - {f"tables.{size}" for size in SIZES})
        | readers
        | ({"pandas"} & set(_imported(nodes)))
    )


def _arguments(node: ast.FunctionDef) -> list[ast.arg]:
    return [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]


def _is_tables(argument: ast.arg) -> bool:
    return argument.annotation is not None and ast.unparse(argument.annotation) == "Tables"


def _imported(nodes: list[ast.AST]) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""


@pytest.mark.parametrize("module", MODULES)
def test_a_module_of_claims_reads_no_tables(module):
    assert plumbing((CLAIMS / f"{module}.py").read_text(encoding="utf-8")) == set()


def test_machinery_has_no_claims():
    assert {
        file.stem
        for file in CLAIMS.glob("*.py")
        if not re.search(r"^CLAIMS = (?!_found)", file.read_text("utf-8"), re.M)
    } == MACHINERY


@pytest.mark.parametrize(
    ("source", "seen"),
    [
        ("rows = table.merge(extra(found, 'packings'), on='instance')", {"merge", "extra"}),
        ("def check(tables: Tables) -> Finding:\n    return judged(tables.instances)", {"tables.instances"}),
        ("def check(tables: Tables) -> Finding:\n    return judged(tables.n_features)", set()),
        ("def _rows(tables: Tables, density: float) -> list[Solution]: ...", {"_rows"}),
        ("import pandas as pd", {"pandas"}),
    ],
)
def test_reading_tables_is_seen(source, seen):
    assert plumbing(source) == seen
