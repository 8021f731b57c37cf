"""Ten features, five hidden dimensions, with and without a ReLU on them ("Superposition in a Privileged Basis").

Densities are in the ranges in which the paper finds the same configuration; it prints no others. Counts are those of
its figure, which shows the lowest loss of 1000 models. Where ranges are narrow, at 0.15 and 0.12, one neuron more or
less counts as the same.
"""

from itertools import combinations

import numpy as np

from superposition.claims.claim import Claim, Finding, claims_of
from superposition.claims.judging import Judged, over_densities, over_seeds
from superposition.exact.sums import mean
from superposition.measures.neurons import alignment, monosemantic
from superposition.measures.thresholds import NEURON_USED, REPRESENTED_NORM
from superposition.readings.results import Tables
from superposition.readings.solutions import Setting, Solution, solutions

SECTION = "Superposition in a Privileged Basis"
N_FEATURES, N_HIDDEN = 10, 5
LINEAR = Setting("relu_output", N_FEATURES, N_HIDDEN, importance_ratio=0.75)
RELU = Setting("relu_hidden", N_FEATURES, N_HIDDEN, importance_ratio=0.75)

DENSE, CODED, SPARSE = 0.7, 0.3, 0.03  # densities: no superposition, three features in two neurons, pairs of neurons
MONOSEMANTIC = {0.7: 5, 0.3: 3, 0.15: 2, 0.12: 1, 0.06: 0, 0.03: 0}  # density: neurons
NARROW = (0.15, 0.12)
REPRESENTED = {0.7: 5, 0.3: 6, 0.15: 7, 0.12: 7, 0.06: 8, 0.03: 10}  # density: features

ALIGNED, ROTATED = 0.95, 0.75  # a random direction in five dimensions has 0.5 to 0.6


def neurons_align(tables: Tables) -> Finding:
    def judge(model: Solution) -> Judged:
        aligned = _mean_alignment(model)
        return Judged(aligned > ALIGNED, aligned, f"{aligned:.3f}")

    return over_seeds(solutions(tables, RELU, DENSE), judge, "alignment")


def linear_basis_is_arbitrary(tables: Tables) -> Finding:
    def judge(model: Solution) -> Judged:
        aligned = _mean_alignment(model)
        return Judged(0 < aligned < ROTATED, aligned, f"{aligned:.3f}")

    return over_seeds(solutions(tables, LINEAR, DENSE), judge, "alignment")


def monosemantic_neurons(tables: Tables) -> Finding:
    def judge(density: float, model: Solution) -> Judged:
        count = int(np.count_nonzero(monosemantic(model.W)))
        return Judged(abs(count - MONOSEMANTIC[density]) <= (density in NARROW), count, f"{count}")

    return over_densities(tables, RELU, list(MONOSEMANTIC), judge, "neurons")


def features_represented(tables: Tables) -> Finding:
    def judge(density: float, model: Solution) -> Judged:
        return Judged(abs(model.represented - REPRESENTED[density]) <= 1, model.represented, f"{model.represented}")

    return over_densities(tables, RELU, list(REPRESENTED), judge, "features")


def three_features_in_two_neurons(tables: Tables) -> Finding:
    """The signs of the three features on the two neurons that are not monosemantic, in either order."""
    code = [(-1, 1), (1, -1), (1, 1)]

    def judge(model: Solution) -> Judged:
        shared = model.W[~monosemantic(model.W)]
        last = np.flatnonzero(model.norms > REPRESENTED_NORM)[-3:]
        if len(shared) != 2 or len(last) != 3:
            return Judged(False, len(shared), f"{len(last)} features in {len(shared)} neurons")
        weights = shared[:, last]
        used = bool((np.abs(weights) > NEURON_USED).all())
        signs = sorted(tuple(column) for column in np.sign(weights).astype(int).T.tolist())
        text = ", ".join(f"({first:+.2f}, {second:+.2f})" for first, second in weights.T)
        return Judged(used and signs == code, len(shared), text)

    return over_seeds(solutions(tables, RELU, CODED), judge, "shared neurons")


def pairs_of_neurons(tables: Tables) -> Finding:
    """A feature excites the neurons on which its weight is positive; negative ones only hold a neuron off."""
    all_pairs = set(combinations(range(N_HIDDEN), 2))

    def judge(model: Solution) -> Judged:
        excited = [tuple(np.flatnonzero(column > NEURON_USED).tolist()) for column in model.W.T]
        count = len(all_pairs & set(excited))
        return Judged(count == N_FEATURES, count, f"{count} pairs")

    return over_seeds(solutions(tables, RELU, SPARSE), judge, "pairs")


def _mean_alignment(model: Solution) -> float:
    """Over represented features; 0 if there are none."""
    represented = model.norms > REPRESENTED_NORM
    return float(mean(alignment(model.W)[represented])) if represented.any() else 0.0


CLAIMS = claims_of(
    "privileged_basis",
    SECTION,
    "neuron_stacks",
    Claim(
        neurons_align,
        statement="With a ReLU on the hidden layer, features align with neurons.",
        paper="one feature to a neuron",
        tolerance="at density 0.7, largest squared weight over their sum, mean of represented features: > 0.95",
        limit="figure",
        fixed="before",
        figure="linear_and_relu",
    ),
    Claim(
        linear_basis_is_arbitrary,
        statement="Without it, features lie in directions that look random.",
        paper="no structure in W",
        tolerance="at density 0.7, largest squared weight over their sum, mean of represented features: < 0.75",
        limit="ours",
        fixed="before",
        figure="linear_and_relu",
    ),
    Claim(
        monosemantic_neurons,
        statement="Sparser features turn monosemantic neurons into polysemantic ones, a few at a time.",
        paper="0.7: 5; 0.3: 3; 0.15: 2; 0.12: 1; 0.06: 0; 0.03: 0",
        tolerance="neurons with one weight > 0.3 and the others < 0.15 in size: as many, +-1 at 0.15 and 0.12",
        limit="figure",
        fixed="before",
    ),
    Claim(
        features_represented,
        statement="The sparser the features, the more of them share the neurons.",
        paper="0.7: 5; 0.3: 6; 0.15: 7; 0.12: 7; 0.06: 8; 0.03: 10",
        tolerance="features with norm > 0.5: +-1",
        limit="figure",
        fixed="before",
    ),
    Claim(
        three_features_in_two_neurons,
        statement="Where superposition starts, two neurons hold three features in a binary code: one feature on both, "
        "and an antipodal pair orthogonal to it.",
        paper="(+, +), (+, -), (-, +)",
        tolerance="at density 0.3: signs of the last three represented features on the two neurons that are not "
        "monosemantic, each weight > 0.3 in size",
        limit="text",
        fixed="before",
    ),
    Claim(
        pairs_of_neurons,
        statement="At high sparsity every feature is a pair of neurons.",
        paper="10 features, all 10 pairs of 5 neurons",
        tolerance="at density 0.03: each feature has weights > 0.3 on two neurons, which no other feature has",
        limit="text",
        fixed="after",
    ),
)
