"""Ten features, five hidden dimensions, with and without a ReLU on them ("Superposition in a Privileged Basis").

Densities are in the ranges in which the paper finds the same configuration; it prints no others. Counts are those of
its figure, which shows the lowest loss of 1000 models. Where ranges are narrow one neuron more or less counts as the
same.
"""

from itertools import combinations

import numpy as np

from superposition.claims.claim import Claim, Finding, claims_of
from superposition.claims.judging import Judged, over_densities, over_seeds
from superposition.claims.words import each
from superposition.exact.sums import mean
from superposition.measures.neurons import alignment, monosemantic
from superposition.measures.thresholds import NEURON_UNUSED, NEURON_USED, REPRESENTED_NORM
from superposition.readings.results import Tables
from superposition.readings.solutions import Setting, Solution, solutions

SECTION = "Superposition in a Privileged Basis"
N_FEATURES, N_HIDDEN = 10, 5
LINEAR = Setting("relu_output", N_FEATURES, N_HIDDEN, importance_ratio=0.75)
RELU = Setting("relu_hidden", N_FEATURES, N_HIDDEN, importance_ratio=0.75)

DENSE, CODED, SPARSE = 0.7, 0.3, 0.03  # densities: no superposition, three features in two neurons, pairs of neurons
MONOSEMANTIC = {0.7: 5, 0.3: 3, 0.15: 2, 0.12: 1, 0.06: 0, 0.03: 0}  # density: neurons
NARROW = (0.15, 0.12)
NEURONS_OFF = 1  # where ranges are narrow
REPRESENTED = {0.7: 5, 0.3: 6, 0.15: 7, 0.12: 7, 0.06: 8, 0.03: 10}  # density: features
FEATURES_OFF = 1
IN_CODE, SHARED = 3, 2  # features, and the neurons that hold them

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
        off = NEURONS_OFF if density in NARROW else 0
        return Judged(abs(count - MONOSEMANTIC[density]) <= off, count, f"{count}")

    return over_densities(tables, RELU, list(MONOSEMANTIC), judge, "neurons")


def features_represented(tables: Tables) -> Finding:
    def judge(density: float, model: Solution) -> Judged:
        count = model.represented
        return Judged(abs(count - REPRESENTED[density]) <= FEATURES_OFF, count, f"{count}")

    return over_densities(tables, RELU, list(REPRESENTED), judge, "features")


def three_features_in_two_neurons(tables: Tables) -> Finding:
    """The signs of the three features on the two neurons that are not monosemantic, in either order."""
    code = [(-1, 1), (1, -1), (1, 1)]

    def judge(model: Solution) -> Judged:
        shared = model.W[~monosemantic(model.W)]
        last = np.flatnonzero(model.norms > REPRESENTED_NORM)[-IN_CODE:]
        if len(shared) != SHARED or len(last) != IN_CODE:
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
        statement=f"With a ReLU on the hidden layer, features align with neurons, at density {DENSE:g}.",
        paper="one feature to a neuron",
        tolerance=f"largest squared weight over their sum, mean of represented features: > {ALIGNED:g}",
        limit="ours",
        fixed="before",
        figure="linear_and_relu",
    ),
    Claim(
        linear_basis_is_arbitrary,
        statement=f"Without it, features lie in directions that look random, at density {DENSE:g}.",
        paper="no structure in W",
        tolerance=f"largest squared weight over their sum, mean of represented features: < {ROTATED:g}",
        limit="ours",
        fixed="before",
        figure="linear_and_relu",
    ),
    Claim(
        monosemantic_neurons,
        statement="Sparser features turn monosemantic neurons into polysemantic ones, a few at a time, from density "
        f"{DENSE:g} to {SPARSE:g}.",
        paper=each(MONOSEMANTIC),
        tolerance=f"neurons with one weight > {NEURON_USED:g} and the others < {NEURON_UNUSED:g} in size: as many, "
        f"+-{NEURONS_OFF} at {' and '.join(f'{density:g}' for density in NARROW)}",
        limit="figure",
        fixed="before",
        remark="Where superposition starts, most seeds end with fewer monosemantic neurons, at a higher loss.",
    ),
    Claim(
        features_represented,
        statement=f"The sparser the features, the more of them share the neurons, from density {DENSE:g} to {SPARSE:g}."
        "",
        paper=each(REPRESENTED),
        tolerance=f"features with norm > {REPRESENTED_NORM:g}: +-{FEATURES_OFF}",
        limit="figure",
        fixed="before",
    ),
    Claim(
        three_features_in_two_neurons,
        statement=f"Where superposition starts, at density {CODED:g}, two neurons hold three features in a binary "
        "code: one feature on both, and an antipodal pair orthogonal to it.",
        paper="(+, +), (+, -), (-, +)",
        tolerance="signs of the last three represented features on the two neurons that are not monosemantic, each "
        f"weight > {NEURON_USED:g} in size",
        limit="text",
        fixed="before",
        remark="Most seeds share other numbers of neurons, at a higher loss.",
    ),
    Claim(
        pairs_of_neurons,
        statement=f"At high sparsity, at density {SPARSE:g}, every feature is a pair of neurons.",
        paper="10 features, all 10 pairs of 5 neurons",
        tolerance=f"each feature has weights > {NEURON_USED:g} on two neurons, which no other feature has",
        limit="text",
        fixed="after",
        remark="Most seeds have two features on one pair, or one on more neurons, at a higher loss.",
    ),
)
