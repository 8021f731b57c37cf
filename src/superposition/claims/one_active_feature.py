"""One feature at a time: what a read-out shows of the others, and how much of it bias and ReLU filter away.

The paper draws it as a sketch, without numbers ("Definitions and Motivation"). A linear read-out is W^T W e_i, of
feature i at full strength. A regular pentagon has cos 72 = 0.309 and cos 144 = -0.809 between its directions, so that
0.809^2 / (0.809^2 + 0.309^2) = 87% of its squared interference is negative.
"""

from collections.abc import Sequence

import numpy as np

from superposition.claims.claim import Claim, Finding, claims_of
from superposition.claims.judging import Judged, over_densities
from superposition.exact.sums import mean
from superposition.measures.thresholds import REPRESENTED_NORM
from superposition.readings.interference import (
    COSINE,
    COSINES,
    filtered,
    is_pentagon,
    read_outs,
    relative,
    silent_below,
)
from superposition.readings.results import Tables
from superposition.readings.solutions import Setting, Solution

SECTION = "Definitions and Motivation"
SETTING = Setting(model="relu_output", n_features=5, n_hidden=2, importance_ratio=1.0)

PAIRS = (0.3,)  # densities at which four features form antipodal pairs; at 0.2 a pentagon has a loss lower by 4 %
PENTAGONS = (0.1, 0.05, 0.01)  # and at which five form a pentagon
PAIRED = 2 * SETTING.n_hidden  # features
FREE, NO_BIAS = 0.99, 0.05  # of squared interference; of |b|
BY_RELU, BY_BOTH = 0.9, 0.95  # of squared interference: at most, at least
LEFT, STRENGTHS = 0.05, 200  # of ||W_i||^2; in how many the mean is taken
SILENT, LONGER, RIGHT = 0.1, 1.1, 0.1  # strength; squared norm; error of the own output at strength 1


def positive_on_neighbours(tables: Tables) -> Finding:
    def judge(_: float, model: Solution) -> Judged:
        """Of each feature, its four products with the others, from large to small, in units of ||W_i||^2."""
        products = relative(model.W, model.b, "linear")
        neighbours, away = products[:2], products[2:]
        text = f"{neighbours.min():.2f} to {neighbours.max():.2f} on two, {float(mean(away)):.2f} on the others"
        return Judged(_is_pentagon(model), round(float(mean(neighbours)), 3), text)

    return over_densities(tables, SETTING, PENTAGONS, judge, "of its squared norm")


def negative_needs_no_bias(tables: Tables) -> Finding:
    def judge(_: float, model: Solution) -> Judged:
        shown = model.norms > REPRESENTED_NORM
        share = filtered(model.W, model.b, shown).relu
        bias = float(np.abs(model.b[shown]).max(initial=0))
        holds = int(np.count_nonzero(shown)) == PAIRED and share > FREE and bias < NO_BIAS
        return Judged(holds, _rounded(share), f"{share:.1%}, |b| <= {bias:.3f}")

    return over_densities(tables, SETTING, PAIRS, judge, "filtered by the ReLU")


def only_together(tables: Tables) -> Finding:
    """In a regular pentagon the ReLU alone takes away 87%, and any negative bias adds; what can fail is both."""

    def judge(_: float, model: Solution) -> Judged:
        share = filtered(model.W, model.b, model.norms > REPRESENTED_NORM)
        one_by_one = share.bias < 0 and share.relu < BY_RELU
        holds = _is_pentagon(model) and one_by_one and share.both > BY_BOTH
        return Judged(
            holds, _rounded(share.both), f"bias {share.bias:.0%}, ReLU {share.relu:.1%}, both {share.both:.1%}"
        )

    return over_densities(tables, SETTING, PENTAGONS, judge, "filtered by both")


def little_is_left(tables: Tables) -> Finding:
    def judge(_: float, model: Solution) -> Judged:
        left = relative(model.W, model.b, "both")[0]
        average = mean(
            [relative(model.W, model.b, "both", x)[0] for x in (np.arange(STRENGTHS) + 0.5) / STRENGTHS], axis=0
        )
        holds = _is_pentagon(model) and float(left.max()) <= LEFT
        text = f"{left.max():.3f}, mean over strengths {average.max():.3f}"
        return Judged(holds, round(float(left.max()), 3), text)

    return over_densities(tables, SETTING, PENTAGONS, judge, "of its squared norm at full strength")


def the_feature_pays(tables: Tables) -> Finding:
    def judge(_: float, model: Solution) -> Judged:
        silent, own = silent_below(model.W, model.b), np.diagonal(read_outs(model.W, model.b)["both"])
        squared = np.square(model.norms)
        holds = (
            _is_pentagon(model)
            and float(silent.min()) > SILENT
            and float(squared.min()) > LONGER
            and bool((np.abs(own - 1) < RIGHT).all())
        )
        means = [float(mean(one)) for one in (silent, squared, own)]
        text = f"silent below {means[0]:.2f}, squared norm {means[1]:.2f}, {means[2]:.2f} at strength 1"
        return Judged(holds, _rounded(means[0]), text)

    return over_densities(tables, SETTING, PENTAGONS, judge, "is the strength up to which features are silent")


def _is_pentagon(model: Solution) -> bool:
    return is_pentagon(model.W, model.represented)


def _rounded(number: float) -> float:
    return round(number, 3)


def _listed(densities: Sequence[float]) -> str:
    *first, last = (f"{s:g}" for s in densities)
    return f"{', '.join(first)} and {last}"


CLAIMS = claims_of(
    "one_active_feature",
    SECTION,
    "interference",
    Claim(
        positive_on_neighbours,
        statement="Even if one feature alone is active, a linear read-out by dot products shows others as well: in a "
        "pentagon, it is positive on the two neighbours.",
        paper="dot products with others, drawn without numbers; cos 72 = 0.31 of a regular pentagon",
        tolerance=f"each feature: W_j . W_i over ||W_i||^2 is {COSINE:.2f} +- {COSINES:g} for two others, negative for "
        f"two; at densities {_listed(PENTAGONS)}",
        limit="theory",
        fixed="after",
    ),
    Claim(
        negative_needs_no_bias,
        statement="Negative interference costs nothing with one active feature: where features form antipodal pairs, "
        "the ReLU alone filters it.",
        paper="negative interference is free",
        tolerance=f"{PAIRED} represented features at density {PAIRS[0]:g}: the ReLU alone takes away > "
        f"{FREE:.0%} of squared interference, biases within {NO_BIAS:g} of 0",
        limit="ours",
        fixed="after",
    ),
    Claim(
        only_together,
        statement="Positive interference takes a negative bias and a ReLU: the bias makes it negative, the ReLU cuts "
        "that off.",
        paper="a negative bias converts small positive interference into negative interference",
        tolerance=f"pentagons at densities {_listed(PENTAGONS)}, share of squared interference that is taken away: "
        f"below 0 by the bias alone, below {BY_RELU:.0%} by the ReLU alone, above {BY_BOTH:.0%} by both",
        limit="ours",
        fixed="after",
    ),
    Claim(
        little_is_left,
        statement="Bias and ReLU filter the interference of one active feature out of all others.",
        paper="filtered or tolerated, without a number",
        tolerance=f"pentagons at densities {_listed(PENTAGONS)}: outputs of the other features at most {LEFT:g} "
        "||W_i||^2 with feature i at full strength",
        limit="ours",
        fixed="before",
        remark="On a neighbour a third to a half of the interference is left at full strength, and is tolerated.",
        known="The bias that leaves none of the 0.31, -0.31 ||W_i||^2, would raise the loss of single features "
        "by two thirds, as it silences them up to a third of their strength; that loss is least where 0.10 "
        "is left.",
    ),
    Claim(
        the_feature_pays,
        statement="The active feature pays for the filter: its own output is silent at low strengths, and its vector "
        "is longer than 1 to make up for the bias at full strength.",
        paper="not said; a negative bias is subtracted from the feature itself too",
        tolerance=f"pentagons at densities {_listed(PENTAGONS)}, each feature: silent below a strength of more than "
        f"{SILENT:g}, squared norm > {LONGER:g}, output within {RIGHT:g} of 1 at strength 1",
        limit="ours",
        fixed="after",
    ),
)
