"""Density is a column of tables, and its axes are made in one place."""

import ast
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure

from superposition.figures.densities import density_axis, density_places, sparsity_axis, sparsity_said

SOURCE = Path(__file__).parent.parent / "src/superposition"
FILES = [file for package in ("claims", "figures", "readings", "report") for file in (SOURCE / package).glob("*.py")]


def of_sparsity(source: str) -> list[str]:
    """Where a module makes a density of a sparsity, or names an axis of it."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Sub) and isinstance(node.left, ast.Constant):
            found += [ast.unparse(node)] if node.left.value == 1 and "sparsit" in ast.unparse(node.right) else []
        if isinstance(node, ast.Call) and "label" in ast.unparse(node.func):
            found += [ast.unparse(one) for one in node.args if is_label(one)]
        if isinstance(node, ast.keyword) and node.arg in ("xlabel", "ylabel") and is_label(node.value):
            found.append(ast.unparse(node.value))
    return found


def is_label(node: ast.expr) -> bool:
    """That of an axis of 1 - S or its inverse, with either kind of minus."""
    said = str(node.value).replace(" ", "").replace("−", "-").strip("$") if isinstance(node, ast.Constant) else ""
    return "1-S" in said and said.startswith(("density", "1-S", "1/("))


def test_it_is_found():
    assert of_sparsity("density = 1 - rows['sparsity'].to_numpy()")
    assert of_sparsity("x = [1 / (1 - sparsity) for sparsity in sparsities]")
    assert of_sparsity("axes.set(xlabel='density $1 - S$')")
    assert of_sparsity("axes.set_xlabel('$1/(1-S)$')")
    assert not of_sparsity("axes.set(xlabel=LABEL, xlim=(1 - apart, 2))")


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}/{file.stem}")
def test_no_density_is_made_of_a_sparsity(file):
    assert file.name == "densities.py" or not of_sparsity(file.read_text(encoding="utf-8"))


def ticks(axes):
    return [text.get_text() for text in axes.get_xticklabels()]


def test_the_papers_axis_has_round_numbers_and_the_ends_where_there_are_none():
    axes = Figure().subplots()
    sparsity_axis(axes, np.array([1.0, 2.6, 10.0]))
    assert axes.get_xlim() == pytest.approx((1 / 1.03, 10.3))
    assert axes.get_xticks().tolist() == [1, 1.5, 2, 3, 4, 5, 7, 10]
    sparsity_axis(axes, np.array([6.0, 6.0]))
    assert axes.get_xticks().tolist() == [6.0]


def test_densities_go_from_dense_to_sparse():
    axes = Figure().subplots()
    density_axis(axes, [0.01, 1.0, 0.1, 0.1])
    assert ticks(axes) == ["1", "0.1", "0.01"]
    assert axes.get_xlim() == pytest.approx((1.1, 0.01 / 1.15))
    density_axis(axes, [0.4, 0.05], rounded=True)
    assert ticks(axes) == ["0.3", "0.1"]  # those within
    density_places(axes, [0.7, 0.0333])
    assert ticks(axes) == ["0.7", "0.0333"]


def test_a_sparsity_has_the_digits_of_its_density():
    # 1 - 0.205672 = 0.794328 and 1 - 0.9968377 = 0.0031623
    given = (0.0, 0.205672, 0.9, 0.968377, 0.9968377, 0.999)
    assert [sparsity_said(sparsity) for sparsity in given] == ["0", "0.206", "0.9", "0.9684", "0.99684", "0.999"]


def test_an_axis_of_densities_may_stand_upright():
    axes = Figure().subplots()
    density_axis(axes, [0.01, 0.2, 1.0], rounded=True, room=(1.2, 1.5), along="y")
    assert [text.get_text() for text in axes.get_yticklabels()] == ["1", "0.5", "0.3", "0.1", "0.03", "0.01"]
    assert axes.get_ylim() == pytest.approx((1.2, 0.01 / 1.5))
    assert (axes.get_yscale(), axes.get_xscale()) == ("log", "linear")
