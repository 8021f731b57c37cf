"""Neurons with a bias: what claims and the figure count alike."""

from dataclasses import replace

import pytest

from superposition.claims import evaluate
from superposition.figures import figures_of
from tests import as_printed


def verdicts(tables):
    return {one["id"].removeprefix("hidden_bias."): one for one in evaluate({"hidden_bias": tables}).verdicts}


def said(tables):
    figure = figures_of("hidden_bias", tables)["shares_and_losses"]
    return figure.texts[-1].get_text()


@pytest.mark.parametrize(
    ("lowest", "on", "verdict"),
    [(0.8, "2 of 2 ranks", "holds"), (-0.1, "0 of 2 ranks", "fails")],
)
def test_one_bias_below_0_is_enough_not_to_be_always_on(lowest, on, verdict):
    tables = as_printed.hidden_bias()
    bias = tables.hidden["bias"].where(tables.hidden["hidden"] > 0, lowest)
    tables = replace(tables, hidden=tables.hidden.assign(bias=bias))
    assert verdicts(tables)["always_on"]["verdict"] == verdict
    assert f"With a bias, {on}" in said(tables)


@pytest.mark.parametrize(("factor", "alike", "verdict"), [(1.01, 2, "holds"), (1.05, 0, "fails")])
def test_losses_are_compared_with_the_same_rank(factor, alike, verdict):
    """Losses of the second rank are 10% above those of the first, in both kinds."""
    tables = as_printed.hidden_bias()
    biased = tables.instances["model"] == "with_hidden_bias"
    loss = tables.instances["loss"].where(~biased, tables.instances["loss"] / 1.005 * factor)
    tables = replace(tables, instances=tables.instances.assign(loss=loss))
    assert verdicts(tables)["as_good_as_linear"]["verdict"] == verdict
    assert f"{alike} of 2 have a loss within 2%" in said(tables)
