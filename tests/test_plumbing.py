"""Claims are declarations and predicates: what tables have is read in readings/."""

import ast
from pathlib import Path

import pytest

CLAIMS = Path(__file__).parents[1] / "src" / "superposition" / "claims"
# Selecting, joining and looking up.
PLUMBING = {"merge", "groupby", "isin", "sort_values", "pivot_table", "weights_of", "features_of", "extra"}
DECLARED = (
    "absolute_value",
    "adversarial",
    "asymmetric_superposition",
    "basic_results",
    "compression",
    "computation",
    "correlated_features",
    "geometric_transformations",
    "geometry",
    "hidden_bias",
    "intro",
    "learning_dynamics",
    "loss_surfaces",
    "mathematics",
    "one_active_feature",
    "phase_change",
    "polygon_levels",
    "privileged_basis",
    "varied_feature_density",
)  # where it is so; a module of one experiment that reads one table of its own may do so


def plumbing(source: str) -> set[str]:
    """The names of `PLUMBING` that are attributes or calls in a module."""
    nodes = list(ast.walk(ast.parse(source)))
    return PLUMBING & (
        {node.attr for node in nodes if isinstance(node, ast.Attribute)}
        | {node.func.id for node in nodes if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}
    )


@pytest.mark.parametrize("module", DECLARED)
def test_a_module_of_claims_reads_no_tables(module):
    assert plumbing((CLAIMS / f"{module}.py").read_text(encoding="utf-8")) == set()


def test_reading_tables_is_seen():
    assert plumbing("rows = tables.instances.merge(extra(tables, 'packings'), on='instance')") == {"merge", "extra"}
