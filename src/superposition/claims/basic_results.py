"""Twenty features in five dimensions: what W^T W, b and ||W_i|| show as sparsity grows ("Basic Results").

Counts of features were read off the paper's figure, whose panels look like single runs, so that they count as met when
they are one off. In the tables density is 1 - S, and here too.
"""

from itertools import pairwise

import numpy as np

from superposition.claims.claim import Claim, Finding, NotTested
from superposition.claims.solutions import Judged, Setting, Solution, densities, over_densities, over_seeds, solutions
from superposition.measures.results import Tables
from superposition.measures.thresholds import DEDICATED_SUPERPOSITION, REPRESENTED_NORM
from superposition.theory.angles import antipodal_pairing, cosines

SECTION = "Demonstrating Superposition"
FIGURE = "figures/basic_results/weights_and_norms.svg"
N_FEATURES, N_HIDDEN = 20, 5
LINEAR = Setting("linear", N_FEATURES, N_HIDDEN, importance_ratio=0.7)
RELU = Setting("relu_output", N_FEATURES, N_HIDDEN, importance_ratio=0.7)

REPRESENTED = {1.0: 5, 0.3: 7, 0.1: 9}  # density: features, in the paper's figure
DEDICATED = {1.0: 5, 0.3: 3, 0.1: 1}
SPARSE = (0.03, 0.01, 0.003, 0.001)  # densities at which no feature has a direction of its own
BIASED = (0.01, 0.003, 0.001)  # densities at which biases are to be negative

NO_SUPERPOSITION = 0.02
OPPOSITE, ORTHOGONAL = -0.95, 0.05  # cos of an antipodal pair, |cos| of features from different pairs


def linear_like_model(tables: Tables) -> Finding:
    """At density 1, where the mean of a feature, 1/2, is furthest from 0."""

    def judge(model: Solution) -> Judged:
        identity = np.diag((np.arange(N_FEATURES) < N_HIDDEN).astype(float))
        means = np.where(np.arange(N_FEATURES) < N_HIDDEN, 0.0, 0.5)
        weights_off = float(np.abs(model.gram - identity).max())
        biases_off = float(np.abs(model.b - means).max())
        text = f"W^T W within {weights_off:.3f}, b within {biases_off:.3f}"
        return Judged(weights_off < 0.03 and biases_off < 0.02, weights_off, text)

    return over_seeds(solutions(tables, LINEAR, density=1.0), judge, "off in W^T W")


def linear_model_keeps_top_features(tables: Tables) -> Finding:
    def judge(_: float, model: Solution) -> Judged:
        represented = model.norms > REPRESENTED_NORM
        largest = float(model.superposition[represented].max(initial=0.0))
        top = bool(represented[:N_HIDDEN].all()) and not bool(represented[N_HIDDEN:].any())
        text = f"features {_ranges(np.flatnonzero(represented) + 1)}, {largest:.3f}"
        return Judged(top and largest < NO_SUPERPOSITION, largest, text)

    return over_densities(tables, LINEAR, densities(tables, LINEAR), judge, "largest superposition")


def features_represented(tables: Tables) -> Finding:
    def judge(density: float, model: Solution) -> Judged:
        return Judged(abs(model.represented - REPRESENTED[density]) <= 1, model.represented, f"{model.represented}")

    return over_densities(tables, RELU, list(REPRESENTED), judge, "features")


def features_dedicated(tables: Tables) -> Finding:
    def judge(density: float, model: Solution) -> Judged:
        return Judged(abs(model.dedicated - DEDICATED[density]) <= 1, model.dedicated, f"{model.dedicated}")

    return over_densities(tables, RELU, list(DEDICATED), judge, "features")


def antipodal_pairs(tables: Tables) -> Finding:
    """Of features in superposition; those that are not represented have no direction to speak of."""

    def judge(_: float, model: Solution) -> Judged:
        represented = model.norms > REPRESENTED_NORM
        cosine = cosines(model.W)[np.ix_(represented, represented)]
        shared = model.superposition[represented] >= DEDICATED_SUPERPOSITION
        paired = antipodal_pairing(cosine[np.ix_(shared, shared)], OPPOSITE, ORTHOGONAL)
        apart = bool((np.abs(cosine[np.ix_(shared, ~shared)]) < ORTHOGONAL).all())
        if not shared.any():
            return Judged(False, 0.0, "none")
        partner = cosine[shared].min(axis=1).max()
        return Judged(paired and apart, int(shared.sum()), f"{shared.sum()} features, cos <= {partner:.3f}")

    return over_densities(tables, RELU, (0.3, 0.1), judge, "features in superposition")


def more_features_with_sparsity(tables: Tables) -> Finding:
    present = densities(tables, RELU)
    sparsest = solutions(tables, RELU, density=0.001)
    if len(present) < 3:
        raise NotTested(f"only {len(present)} densities in this run, a trend needs more")
    counts = [solutions(tables, RELU, density)[0].represented for density in present]
    rising = all(denser <= sparser for denser, sparser in pairwise(counts))

    def judge(model: Solution) -> Judged:
        return Judged(12 <= model.represented <= 14, model.represented, "")

    last = over_seeds(sparsest, judge, "features at density 0.001")
    return Finding(
        verdict="holds" if rising and last.verdict == "holds" else "fails",
        measured=", ".join(str(count) for count in counts) + " at " + ", ".join(f"{s:g}" for s in present),
        spread=last.spread,
    )


def all_features_in_superposition(tables: Tables) -> Finding:
    def judge(_: float, model: Solution) -> Judged:
        text = f"{model.dedicated} of {model.represented}"
        return Judged(model.dedicated == 0 and model.represented > 0, model.dedicated, text)

    return over_densities(tables, RELU, SPARSE, judge, "dedicated features")


def positive_interference(tables: Tables) -> Finding:
    def judge(_: float, model: Solution) -> Judged:
        represented = model.norms > REPRESENTED_NORM
        if not represented.any():
            return Judged(False, 0.0, "no features")
        bias = float(np.median(model.b[represented]))
        interference = float(np.where(np.eye(N_FEATURES, dtype=bool), -np.inf, model.gram).max())
        return Judged(bias < 0 and interference > 0.2, bias, f"{interference:+.2f}, median b {bias:+.2f}")

    return over_densities(tables, RELU, BIASED, judge, "median bias")


def _ranges(numbers: np.ndarray) -> str:
    """As 1-3, 5 for 1, 2, 3, 5."""
    runs = np.split(numbers, np.flatnonzero(np.diff(numbers) != 1) + 1)
    return ", ".join(f"{run[0]}-{run[-1]}" if len(run) > 1 else f"{run[0]}" for run in runs if len(run)) or "none"


CLAIMS = (
    Claim(
        id="basic_results.linear_like_model",
        section=SECTION,
        statement="Without superposition W^T W is the identity on the first m features and 0 elsewhere; b is 0 on them "
        "and the mean of the feature on the rest.",
        paper="identity, 0 and 1/2",
        tolerance="linear model at density 1: W^T W within 0.03, b within 0.02",
        figure=FIGURE,
        experiment="basic_results",
        check=linear_like_model,
    ),
    Claim(
        id="basic_results.linear_model_keeps_top_features",
        section=SECTION,
        statement="The linear model learns the m most important features and no superposition, at any sparsity.",
        paper="5 features, superposition 0",
        tolerance="at each density: exactly features 1 to 5, superposition < 0.02",
        figure=FIGURE,
        experiment="basic_results",
        check=linear_model_keeps_top_features,
    ),
    Claim(
        id="basic_results.features_represented",
        section=SECTION,
        statement="The ReLU model does the same when features are dense, and represents more of them as they get "
        "sparser.",
        paper="1: 5; 0.3: 7; 0.1: 9",
        tolerance="features with norm > 0.5 at densities 1, 0.3 and 0.1: +-1",
        figure=FIGURE,
        experiment="basic_results",
        check=features_represented,
    ),
    Claim(
        id="basic_results.features_dedicated",
        section=SECTION,
        statement="As sparsity grows, fewer features keep a direction of their own.",
        paper="1: 5; 0.3: 3; 0.1: 1",
        tolerance="represented features with superposition < 0.1 at densities 1, 0.3 and 0.1: +-1",
        figure=FIGURE,
        experiment="basic_results",
        check=features_dedicated,
    ),
    Claim(
        id="basic_results.antipodal_pairs",
        section=SECTION,
        statement="Superposition starts with exact antipodal pairs.",
        paper="cos -1 to one partner",
        tolerance="each feature in superposition at densities 0.3 and 0.1: one partner at cos < -0.95, |cos| < 0.05 to "
        "all others",
        figure=FIGURE,
        experiment="basic_results",
        check=antipodal_pairs,
    ),
    Claim(
        id="basic_results.more_features_with_sparsity",
        section=SECTION,
        statement="The sparser the features, the more of them are represented.",
        paper="5, 7, 9, 10, 12, 13, 13 at 1, 0.3, 0.1, 0.03, 0.01, 0.003, 0.001",
        tolerance="never fewer at the next lower density, 12 to 14 at density 0.001",
        figure=FIGURE,
        experiment="basic_results",
        check=more_features_with_sparsity,
    ),
    Claim(
        id="basic_results.all_features_in_superposition",
        section=SECTION,
        statement="At high sparsity all represented features are in superposition.",
        paper="0 dedicated features",
        tolerance="no represented feature with superposition < 0.1 at densities 0.03, 0.01, 0.003, 0.001",
        figure=FIGURE,
        experiment="basic_results",
        check=all_features_in_superposition,
    ),
    Claim(
        id="basic_results.positive_interference",
        section=SECTION,
        statement="At high sparsity there is positive interference, and biases are negative.",
        paper="dot products > 0, biases < 0",
        tolerance="at densities 0.01, 0.003, 0.001: some dot product of different features > 0.2, "
        "median bias of represented ones < 0",
        figure=FIGURE,
        experiment="basic_results",
        check=positive_interference,
    ),
)
