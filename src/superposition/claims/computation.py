"""A hundred absolute values on forty neurons: polysemantic ones with sparsity ("Computation in Superposition").

The paper shades neurons by eye. Here the height of a neuron's stack of input weights decides, in units of the largest:
below 1.1 monosemantic, above 1.5 polysemantic. In the tables density is 1 - S, and here too.

What is learned at the lowest densities depends on training: an output that interference has pushed below 0 for every
input has no gradient any more, and such features stay uncomputed, important ones among them. In one model at density
0.001 they were features 4 and 12 and most from 16 on. At density 1 neurons are as monosemantic, but more than two
can compute one feature.
"""

import numpy as np
from scipy.stats import mannwhitneyu

from superposition.claims.claim import Claim, Finding
from superposition.claims.solutions import Judged, Setting, Solution, over_densities
from superposition.measures.computation import kinds, primary_features, responses, stack_heights
from superposition.measures.results import Tables
from superposition.theory.losses import without_superposition

SECTION = "Computation in Superposition"
FIGURE = "figures/computation/neurons.svg"
N_FEATURES, N_HIDDEN = 100, 40
PAIRS = N_HIDDEN // 2  # features that can be computed by two neurons of their own
SETTING = Setting("absolute_value", N_FEATURES, N_HIDDEN, importance_ratio=0.8)

DENSE = (1.0, 0.3)
MIXED = (0.03, 0.01, 0.003)
SPARSE = (0.01, 0.003, 0.001)
SPARSEST = 0.001
BEYOND_MONOSEMANTIC = (0.03, 0.01, 0.003, 0.001)

RESPONSE = 0.25  # of |x|: how far the response to a feature alone may be off


def monosemantic_when_dense(tables: Tables) -> Finding:
    def judge(_: float, model: Solution) -> Judged:
        height = float(stack_heights(model.W).mean())
        pairs = int((np.bincount(primary_features(model.W), minlength=N_FEATURES) == 2).sum())
        holds = abs(height - 1) <= 0.05 and pairs == PAIRS
        return Judged(holds, height, f"mean height {height:.3f}, {pairs} features x 2 neurons")

    return over_densities(tables, SETTING, DENSE, judge, "mean height")


def first_polysemantic_neurons(tables: Tables) -> Finding:
    def judge(density: float, model: Solution) -> Judged:
        beyond = N_HIDDEN - kinds(stack_heights(model.W)).count("mono")
        return Judged((beyond > 0) == (density == 0.1), beyond, f"{beyond}")

    return over_densities(tables, SETTING, (*DENSE, 0.1), judge, "neurons that are not monosemantic")


def polysemantic_at_low_importance(tables: Tables) -> Finding:
    def judge(_: float, model: Solution) -> Judged:
        kind, primary = np.array(kinds(stack_heights(model.W))), primary_features(model.W)
        poly, mono = primary[kind == "poly"] + 1, primary[kind == "mono"] + 1
        share = len(poly) / N_HIDDEN
        counts = f"{len(mono)} mono, {len(poly)} poly"
        if not len(poly) or not len(mono):
            return Judged(False, share, counts)
        p = float(mannwhitneyu(poly, mono, alternative="greater").pvalue)
        text = f"{counts}, median features {np.median(mono):g} and {np.median(poly):g}, p {p:.1g}"
        return Judged(share >= 0.2 and p < 0.01, share, text)

    return over_densities(tables, SETTING, MIXED, judge, "polysemantic")


def all_polysemantic_when_sparsest(tables: Tables) -> Finding:
    def judge(_: float, model: Solution) -> Judged:
        heights = stack_heights(model.W)
        share, height = kinds(heights).count("poly") / N_HIDDEN, float(heights.mean())
        return Judged(share >= 0.95 and height > 4, height, f"{share:.0%} polysemantic, mean height {height:.1f}")

    return over_densities(tables, SETTING, (SPARSEST,), judge, "mean height")


def more_features_than_pairs(tables: Tables) -> Finding:
    def judge(_: float, model: Solution) -> Judged:
        count = int(np.all([_close(model, value) for value in (-1.0, -0.5, 0.5, 1.0)], axis=0).sum())
        return Judged(count > PAIRS, count, f"{count}")

    return over_densities(tables, SETTING, SPARSE, judge, "features")


def better_than_monosemantic(tables: Tables) -> Finding:
    """Best without superposition: the loss of two neurons for each of the 20 most important features, no error there,
    and the mean of |x| for the others. |x| of signed features is distributed as x of unsigned ones.
    """

    def judge(density: float, model: Solution) -> Judged:
        importance = SETTING.importance_ratio ** np.arange(N_FEATURES)
        least = without_superposition(np.full(N_FEATURES, density), importance, PAIRS)
        ratio = model.loss / least
        return Judged(ratio < 1, ratio, f"{ratio:.2f}")

    return over_densities(tables, SETTING, BEYOND_MONOSEMANTIC, judge, "times the loss")


def _close(model: Solution, value: float) -> np.ndarray:
    """Which features' absolute values come out right when they alone are active."""
    return np.abs(responses(model.W, model.W_out, model.b, value) - abs(value)) <= RESPONSE * abs(value)


CLAIMS = (
    Claim(
        id="computation.monosemantic_when_dense",
        section=SECTION,
        statement="When features are dense, every neuron is monosemantic, and two compute each of the most important "
        "features.",
        paper="all 40 neurons at densities 1 and 0.3",
        tolerance="mean stack height 1 +- 0.05, 20 features with two neurons each",
        figure=FIGURE,
        experiment="computation",
        check=monosemantic_when_dense,
    ),
    Claim(
        id="computation.first_polysemantic_neurons",
        section=SECTION,
        statement="Neurons first get polysemantic at density 0.1.",
        paper="1: 0; 0.3: 0; 0.1: 8 neurons, slightly",
        tolerance="neurons with a stack higher than 1.1: some at density 0.1, none at 1 and 0.3",
        figure=FIGURE,
        experiment="computation",
        check=first_polysemantic_neurons,
    ),
    Claim(
        id="computation.polysemantic_at_low_importance",
        section=SECTION,
        statement="In between monosemantic and polysemantic neurons coexist, and those of less important features are "
        "the polysemantic ones.",
        paper="mono 22, 14, 24 and poly 10, 15, 14 of 40 at densities 0.03, 0.01, 0.003",
        tolerance="at each: at least 20% with stacks higher than 1.5, and their largest features less important than "
        "those of monosemantic neurons (Mann-Whitney p < 0.01)",
        figure=FIGURE,
        experiment="computation",
        check=polysemantic_at_low_importance,
    ),
    Claim(
        id="computation.all_polysemantic_when_sparsest",
        section=SECTION,
        statement="In the end all neurons are highly polysemantic.",
        paper="all 40 at density 0.001, stacks 5 to 8 high",
        tolerance="at least 95% with stacks higher than 1.5, mean height > 4",
        figure=FIGURE,
        experiment="computation",
        check=all_polysemantic_when_sparsest,
    ),
    Claim(
        id="computation.more_features_than_pairs",
        section=SECTION,
        statement="Models compute absolute values in superposition: of more features than they have pairs of neurons.",
        paper="more than 20 features",
        tolerance="at densities 0.01, 0.003, 0.001: more than 20 features whose response alone at x = -1, -1/2, 1/2, 1 "
        "is within 25% of |x|",
        figure=FIGURE,
        experiment="computation",
        check=more_features_than_pairs,
    ),
    Claim(
        id="computation.better_than_monosemantic",
        section=SECTION,
        statement="When features are sparse, computing in superposition beats any monosemantic model.",
        paper="lower loss",
        tolerance="at densities 0.03 and below: loss over that of 20 features with two neurons each < 1",
        figure=FIGURE,
        experiment="computation",
        check=better_than_monosemantic,
    ),
)
