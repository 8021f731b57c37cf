"""The formulas of "Mathematical Understanding", on random weights and on the models of the first figure.

What holds of any weights is not claimed here but tested: that the linear model's loss is benefit plus interference, the
ReLU model's the sum over numbers of active features, and which points have the least energy.

The paper says of the expansion only that its first terms win as 1 - S goes to 0. How soon depends on the model.
"""

import numpy as np

from superposition.claims.claim import FORMULA, Claim, Finding, claims_of, plain
from superposition.claims.intro import SETTING
from superposition.claims.judging import Judged, over_densities, over_seeds
from superposition.exact.functions import power
from superposition.exact.sums import total
from superposition.readings.results import Tables
from superposition.readings.solutions import Solution, solutions
from superposition.theory.active_features import interference_of_one, losses_by_active, weights_of_active
from superposition.theory.angles import cosines
from superposition.theory.linear_loss import benefit_and_interference, descend
from superposition.theory.starts import starts

SECTION = "Mathematical Understanding"
N_FEATURES, N_HIDDEN = SETTING.n_features, SETTING.n_hidden
IMPORTANCE = power(SETTING.importance_ratio, np.arange(N_FEATURES))
DENSITIES = (1.0, 0.2, 0.1)  # of the first figure
PENTAGON = 0.1  # density

RANDOM = 20  # weights, uniform on [-1, 1]
STEPS, RATE = 1500, 0.05  # of gradient descent on the formula
ARRIVED = 1e-3  # norms off 0 or 1, and |cos|
ACTIVE = (1.0, 0.1, 0.01, 0.001)  # mean numbers of active features, n (1 - S), that are shown
SPARSE, DOMINATED = 0.1, 0.95  # mean number of active features from which on down no and one make up this share
FILTERED = 0.25  # of what interference would cost without biases


def superposition_never_pays(_: Tables) -> Finding:
    ends = descend(starts(RANDOM, N_HIDDEN, N_FEATURES), IMPORTANCE, STEPS, RATE)
    off = np.abs(np.sqrt(total(np.square(ends), axis=1)) - (np.arange(N_FEATURES) < N_HIDDEN)).max(axis=1)
    cosine = np.array([abs(float(cosines(W)[0, 1])) for W in ends])
    arrived = int(np.count_nonzero((off < ARRIVED) & (cosine < ARRIVED)))
    interference = max(benefit_and_interference(W, IMPORTANCE)[1] for W in ends)
    text = f"{arrived} of {RANDOM} descents, |cos| <= {cosine.max():.1g}, interference <= {interference:.1g}"
    return Finding(plain(arrived == RANDOM), text, FORMULA)


def sparse_inputs_dominate(tables: Tables) -> Finding:
    def judge(_: float, model: Solution) -> Judged:
        losses = losses_by_active(model.W, model.b, IMPORTANCE)

        def share(active: float) -> float:
            terms = losses * weights_of_active(N_FEATURES, active / N_FEATURES)
            return float(total(terms[:2]) / total(terms))

        own = share(SPARSE)
        text = ", ".join(f"{share(active):.3f}" for active in ACTIVE)
        return Judged(own > DOMINATED and model.represented > 0, own, text)

    return over_densities(tables, SETTING, DENSITIES, judge, f"at n (1 - S) = {SPARSE:g}")


def bias_frees_positive_interference(tables: Tables) -> Finding:
    def judge(model: Solution) -> Judged:
        paid = interference_of_one(model.W, model.b, IMPORTANCE)
        unfiltered = interference_of_one(model.W, np.zeros(N_FEATURES), IMPORTANCE)
        holds = bool((model.b < 0).all()) and paid < FILTERED * unfiltered
        return Judged(holds, float(f"{paid:.2g}"), f"{paid:.3f} of {unfiltered:.3f}")

    return over_seeds(solutions(tables, SETTING, PENTAGON), judge, "is what interference costs")


CLAIMS = claims_of(
    "intro",
    SECTION,
    "mathematics",
    Claim(
        superposition_never_pays,
        statement="In the linear model superposition is never optimal: the most important features get a dimension "
        "each.",
        paper="features 1 and 2",
        tolerance=f"gradient descent on the formula from {RANDOM} random W ends within {ARRIVED:g} of norms 1, 1, 0, "
        f"0, 0, with |cos| < {ARRIVED:g} between the two",
        limit="ours",
        fixed="before",
        name="superposition_never_pays_when_linear",
    ),
    Claim(
        sparse_inputs_dominate,
        statement="As sparsity grows, inputs of no and of one active feature come to make up the loss: nearly all of "
        f"it where {SPARSE:g} features are active on average.",
        paper="share of L_0 and L_1 tends to 1",
        tolerance=f"of each trained model: above {DOMINATED:g} at n (1 - S) = {SPARSE:g}; measured at "
        + ", ".join(f"{active:g}" for active in ACTIVE),
        limit="ours",
        fixed="before",
        remark="The share tends to 1, as the paper says, but not that soon: the pentagon does so well on one active "
        "feature that two still count at n (1 - S) = 0.1. It reaches 0.95 at 0.01.",
    ),
    Claim(
        bias_frees_positive_interference,
        statement=f"A negative bias makes small positive interference free as well: most of the pentagon's, at density "
        f"{PENTAGON:g}.",
        paper="less than without",
        tolerance=f"all biases < 0, and less than {FILTERED:g} of the cost of interference without them",
        limit="ours",
        fixed="after",
    ),
    topic="mathematics",
)
