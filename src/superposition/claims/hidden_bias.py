"""Neurons with a bias of their own: a limit that "Superposition in a Privileged Basis" states, without a figure.

Ten features, five hidden dimensions, importance 0.75^i. Where a hidden sum W_j x + c_j is above 0 on all data, the ReLU
does nothing, and no direction is privileged. Losses are compared between the best seeds of each model.
"""

from collections.abc import Callable

import numpy as np
import pandas as pd

from superposition.claims.claim import Claim, Finding, claims_of
from superposition.claims.judging import Judged, over_seeds
from superposition.exact.sums import mean
from superposition.readings.results import Tables
from superposition.readings.solutions import SAME_DENSITY, Setting, densities

SECTION = "Superposition in a Privileged Basis"
LINEAR, BIASED = (
    Setting(model, n_features=10, n_hidden=5, importance_ratio=0.75) for model in ("relu_output", "with_hidden_bias")
)

Ranked = dict[float, pd.Series]  # by density: one row of the instances, with `positive` and `lowest`


def always_on(tables: Tables) -> Finding:
    def judge(ranked: Ranked) -> Judged:
        least = min(float(row["positive"]) for row in ranked.values())
        return Judged(least > 0.9, round(least, 3), _listed(ranked, lambda row: f"{row['positive']:.1%}"))

    return over_seeds(_ranked(tables, BIASED), judge, "of sums above 0")


def biases_are_positive(tables: Tables) -> Finding:
    def judge(ranked: Ranked) -> Judged:
        least = min(float(row["lowest"]) for row in ranked.values())
        return Judged(least > 0, round(least, 2), "least: " + _listed(ranked, lambda row: f"{row['lowest']:.2f}"))

    return over_seeds(_ranked(tables, BIASED), judge, "least bias")


def as_good_as_linear(tables: Tables) -> Finding:
    """The seeds of both models one by one, in the order of their loss: the verdict is on the best of both."""

    def judge(pair: tuple[Ranked, Ranked]) -> Judged:
        ratios = {s: float(row["loss"] / pair[1][s]["loss"]) for s, row in pair[0].items()}
        worst = max(abs(ratio - 1) for ratio in ratios.values())
        learned = all(row["n_represented"] > 0 for row in pair[0].values())
        return Judged(
            learned and worst < 0.02, round(worst, 3), "; ".join(f"{s:g}: {ratio:.3f}" for s, ratio in ratios.items())
        )

    return over_seeds(list(zip(_ranked(tables, BIASED), _ranked(tables, LINEAR), strict=False)), judge, "off 1 at most")


def _ranked(tables: Tables, setting: Setting) -> list[Ranked]:
    """The models with the lowest loss at each density, from dense to sparse; those with the next one, ..."""
    own = tables.hidden.groupby("instance")
    positive, lowest = own["active"].apply(lambda active: float(mean(active))), own["bias"].min()
    rows = tables.instances.join(pd.DataFrame({"positive": positive, "lowest": lowest}), on="instance")
    rows = rows[rows["model"] == setting.model].sort_values(["loss", "seed"])
    found = {s: rows[np.isclose(1 - rows["sparsity"], s, rtol=SAME_DENSITY)] for s in densities(tables, setting)}
    count = min(len(group) for group in found.values())
    return [{s: group.iloc[k] for s, group in found.items()} for k in range(count)]


def _listed(ranked: Ranked, said: Callable[[pd.Series], str]) -> str:
    return "; ".join(f"{s:g}: {said(row)}" for s, row in ranked.items())


CLAIMS = claims_of(
    "hidden_bias",
    SECTION,
    "shares_and_losses",
    Claim(
        always_on,
        statement="With a bias on the hidden layer, models keep it from ever being off, and work linearly.",
        paper="always on",
        tolerance="hidden sums above 0 on data, mean of the neurons, at each density: > 90%",
        limit="text",
        fixed="before",
    ),
    Claim(
        biases_are_positive,
        statement="They do so by making all hidden biases positive.",
        paper="all positive",
        tolerance="least hidden bias at each density: > 0",
        limit="text",
        fixed="before",
    ),
    Claim(
        as_good_as_linear,
        statement="They do what a model with a linear hidden layer does.",
        paper="the same loss",
        tolerance="loss over that of the model with a linear hidden layer, at each density: within 2% of 1",
        limit="text",
        fixed="before",
    ),
)
