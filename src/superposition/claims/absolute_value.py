"""Three absolute values on six neurons: each as the sum of ReLU(x) and ReLU(-x) ("Computation in Superposition").

Weights are compared after the paper's rescaling, which makes the largest input weight of every neuron 1. Seeds that
give a feature three neurons and another one only one are local minima.
"""

import numpy as np

from superposition.claims.claim import Claim, Finding, claims_of
from superposition.claims.judging import Judged, over_densities
from superposition.measures.computation import canonical, primary_features
from superposition.readings.results import Tables
from superposition.readings.solutions import Setting, Solution

SECTION = "Computation in Superposition"
SETTING = Setting("absolute_value", n_features=3, n_hidden=6, importance_ratio=0.7)
DENSITIES = (1.0, 0.2)

OWN, OTHER, OUTPUT_OFF = 0.98, 0.05, 0.05  # of rescaled input weights; of output weights from 1
NO_LOSS = 1e-4  # held-out; leaving out the least important feature costs 0.009


def two_neurons_for_each_feature(tables: Tables) -> Finding:
    def judge(_: float, model: Solution) -> Judged:
        W = canonical(model.W, model.W_out)[0]
        own = primary_features(W)
        signs = W[np.arange(len(W)), own]
        paired = sorted(zip(own.tolist(), np.sign(signs).tolist(), strict=True))
        expected = [(feature, sign) for feature in range(W.shape[1]) for sign in (-1.0, 1.0)]
        others = float(np.where(np.arange(W.shape[1]) == own[:, None], 0.0, np.abs(W)).max())
        holds = paired == expected and bool((np.abs(signs) > OWN).all()) and others < OTHER
        found = len(set(paired) & set(expected))
        return Judged(holds, others, f"{found} of {len(expected)} halves, other weights <= {others:.3f}")

    return over_densities(tables, SETTING, DENSITIES, judge, "largest other weight")


def output_weights_add_both_halves(tables: Tables) -> Finding:
    def judge(_: float, model: Solution) -> Judged:
        W, W_out = canonical(model.W, model.W_out)
        off = float(np.abs(W_out[primary_features(W), np.arange(len(W))] - 1).max())
        return Judged(off <= OUTPUT_OFF, off, f"within {off:.3f}")

    return over_densities(tables, SETTING, DENSITIES, judge, "off")


def computed_without_error(tables: Tables) -> Finding:
    def judge(_: float, model: Solution) -> Judged:
        return Judged(model.loss < NO_LOSS, model.loss, f"{model.loss:.1g}")

    return over_densities(tables, SETTING, DENSITIES, judge, "held-out loss")


SHOWN = " and ".join(f"{density:g}" for density in DENSITIES)
CLAIMS = claims_of(
    "absolute_value",
    SECTION,
    "weights",
    Claim(
        two_neurons_for_each_feature,
        statement="Each feature has a neuron of its own for its positive values and one for its negative values, "
        f"at densities {SHOWN}.",
        paper="input weights +1 and -1",
        tolerance=f"at each density, largest input weight of a neuron 1: one neuron with > {OWN:g} and one with "
        f"< {-OWN:g} for each feature, all other weights < {OTHER:g}",
        limit="ours",
        fixed="before",
    ),
    Claim(
        output_weights_add_both_halves,
        statement=f"The output adds both halves, ReLU(x) + ReLU(-x), at densities {SHOWN}.",
        paper="output weights 1",
        tolerance=f"at each density: 1 +- {OUTPUT_OFF:g} for all six neurons",
        limit="ours",
        fixed="before",
    ),
    Claim(
        computed_without_error,
        statement=f"Six neurons compute three absolute values without error, at densities {SHOWN}.",
        paper=0.0,
        tolerance=f"at each density: held-out loss < {NO_LOSS:g}",
        limit="ours",
        fixed="before",
    ),
)
