"""The formulas of "Mathematical Understanding", checked on random weights and on the models of the first figure.

The formulas hold for weights that represent nothing too, but that would show little: such models do not count.

The paper says of the expansion only that its first terms win as 1 - S goes to 0. How soon depends on the model: the
pentagon does so well on one active feature that two still count at n (1 - S) = 0.1.
"""

import math
from itertools import pairwise

import numpy as np

from superposition.claims.claim import Claim, Finding, claims_of
from superposition.claims.intro import SETTING
from superposition.claims.judging import Judged, over_densities, over_seeds
from superposition.exact.functions import power
from superposition.exact.sums import total
from superposition.measures.thresholds import REPRESENTED_NORM
from superposition.readings.results import Tables
from superposition.readings.solutions import Solution, solutions
from superposition.theory.active_features import interference_of_one, lattice_loss, losses_by_active, weights_of_active
from superposition.theory.linear_loss import GAUSSIAN, SKEWED, benefit_and_interference, descend, expected_loss
from superposition.theory.polytopes import polygon
from superposition.theory.thomson import energy, relax, signed_basis

SECTION = "Mathematical Understanding"
N_FEATURES, N_HIDDEN = SETTING.n_features, SETTING.n_hidden
IMPORTANCE = power(SETTING.importance_ratio, np.arange(N_FEATURES))
DENSITIES = (1.0, 0.2, 0.1)  # of the first figure

EQUAL = 1e-9  # relative, of what is equal up to rounding
RANDOM = 20  # weights, uniform on [-1, 1]
SUM_OFF = 0.01  # relative, of sum and total; they differ by up to 0.003 on trained models
ACTIVE = (1.0, 0.1, 0.01, 0.001)  # mean numbers of active features, n (1 - S)
DOMINATED = 0.99  # share of the loss, at the last of these
FREE = 0.01  # of what the linear model pays for the same interference
FILTERED = 0.25  # of what interference would cost without biases
ZERO_ENERGY = 0.01  # of trained models, whose directions are only nearly opposite; one pair at 45 degrees has 1
POLYGON_OFF = 0.01  # relative


def linear_loss(tables: Tables) -> Finding:
    off = max(_formula_off(W) for W in _random_weights())

    def judge(_: float, model: Solution) -> Judged:
        whole = math.fsum(benefit_and_interference(model.W, IMPORTANCE))
        equal = off <= EQUAL and _formula_off(model.W) <= EQUAL
        return Judged(equal and _represents(model), float(f"{whole:.3g}"), f"{whole:.4g}{'' if equal else ' differs'}")

    return over_densities(tables, SETTING, DENSITIES, judge, "is the loss if features were linear")


def superposition_never_pays(tables: Tables) -> Finding:
    ends = np.sqrt(total(np.square(descend(_random_weights(), IMPORTANCE, steps=1500, rate=0.05)), axis=1))
    top = (np.arange(N_FEATURES) < N_HIDDEN).astype(float)
    reached = int(np.count_nonzero((np.abs(ends - top) < 1e-3).all(axis=1)))

    def judge(model: Solution) -> Judged:
        same = bool(((model.norms > REPRESENTED_NORM) == (top > 0)).all())
        text = f"{reached} of {RANDOM} descents, {model.represented} features where ReLUs are trained on dense ones"
        return Judged(reached == RANDOM and same, model.represented, text)

    return over_seeds(solutions(tables, SETTING, density=1.0), judge, "features with a ReLU")


def sum_over_active_features(tables: Tables) -> Finding:
    def judge(density: float, model: Solution) -> Judged:
        summed = float(total(_terms(model, density)))
        whole = lattice_loss(model.W, model.b, IMPORTANCE, density)
        off = abs(summed / whole - 1)
        return Judged(off <= SUM_OFF and _represents(model), float(f"{off:.1g}"), f"{summed:.3g} of {whole:.3g}")

    return over_densities(tables, SETTING, DENSITIES, judge, "relative difference")


def sparse_inputs_dominate(tables: Tables) -> Finding:
    def judge(_: float, model: Solution) -> Judged:
        losses = losses_by_active(model.W, model.b, IMPORTANCE)
        shares = []
        for active in ACTIVE:
            terms = losses * weights_of_active(N_FEATURES, active / N_FEATURES)
            shares.append(float(total(terms[:2]) / total(terms)))
        rising = all(denser < sparser for denser, sparser in pairwise(shares))
        text = ", ".join(f"{share:.3f}" for share in shares)
        return Judged(rising and shares[-1] > DOMINATED and _represents(model), shares[-1], text)

    return over_densities(tables, SETTING, DENSITIES, judge, f"at n (1 - S) = {ACTIVE[-1]:g}")


def negative_interference_is_free(tables: Tables) -> Finding:
    def judge(model: Solution) -> Judged:
        paid = interference_of_one(model.W, np.zeros(N_FEATURES), IMPORTANCE)
        # With x uniform on [0, 1] the linear model pays Int x^2 dx = 1/3 of the formula's interference.
        linear = benefit_and_interference(model.W, IMPORTANCE)[1] / 3
        holds = _represents(model) and paid < FREE * linear
        return Judged(holds, float(f"{paid:.2g}"), f"{paid:.3f} of {linear:.2f}")

    return over_seeds(solutions(tables, SETTING, density=0.2), judge, "is what interference costs")


def bias_frees_positive_interference(tables: Tables) -> Finding:
    def judge(model: Solution) -> Judged:
        paid = interference_of_one(model.W, model.b, IMPORTANCE)
        unfiltered = interference_of_one(model.W, np.zeros(N_FEATURES), IMPORTANCE)
        holds = bool((model.b < 0).all()) and paid < FILTERED * unfiltered
        return Judged(holds, float(f"{paid:.2g}"), f"{paid:.3f} of {unfiltered:.3f}")

    return over_seeds(solutions(tables, SETTING, density=0.1), judge, "is what interference costs")


def zero_energy(tables: Tables) -> Finding:
    most = max(float(energy(signed_basis(n, m))) for m in (1, 2, 3) for n in range(1, 2 * m + 1))
    least = {m: float(energy(relax(2 * m + 1, m))) for m in (1, 2, 3)}

    def judge(model: Solution) -> Judged:
        own = _own_energy(model)
        few = 0 < model.represented <= 2 * N_HIDDEN
        holds = most == 0 and min(least.values()) > 0.1 and few and own < ZERO_ENERGY
        lows = ", ".join(f"{low:.3f}" for low in least.values())
        return Judged(holds, float(f"{own:.1g}"), f"{most:.0f}, and {lows} beyond 2m; trained {own:.3f}")

    return over_seeds(solutions(tables, SETTING, density=0.2), judge, "is the energy")


def pentagon_is_optimal(tables: Tables) -> Finding:
    least = float(energy(relax(N_FEATURES, N_HIDDEN)))
    regular = float(energy(polygon(N_FEATURES)))

    def judge(model: Solution) -> Judged:
        own = _own_energy(model)
        near = model.represented == N_FEATURES and abs(own / regular - 1) < POLYGON_OFF
        text = f"least found {least:.4f}, regular {regular:.4f}, trained {own:.4f}"
        return Judged(abs(least / regular - 1) < 1e-6 and near, float(f"{own:.3g}"), text)

    return over_seeds(solutions(tables, SETTING, density=0.1), judge, "is the energy")


def _random_weights() -> np.ndarray:
    return 2 * np.random.default_rng(0).random((RANDOM, N_HIDDEN, N_FEATURES)) - 1


def _formula_off(W: np.ndarray) -> float:
    whole = math.fsum(benefit_and_interference(W, IMPORTANCE))
    return max(abs(expected_loss(W, IMPORTANCE, *features) / whole - 1) for features in (GAUSSIAN, SKEWED))


def _terms(model: Solution, density: float) -> np.ndarray:
    losses = losses_by_active(model.W, model.b, IMPORTANCE)
    return losses * weights_of_active(N_FEATURES, density)


def _represents(model: Solution) -> bool:
    return model.represented > 0


def _own_energy(model: Solution) -> float:
    """Of the directions of the features that are represented."""
    kept = model.norms > REPRESENTED_NORM
    return float(energy(model.W[:, kept] / model.norms[kept]))


CLAIMS = claims_of(
    "intro",
    SECTION,
    "mathematics",
    Claim(
        linear_loss,
        statement="The linear model's loss is feature benefit plus interference, Sum_i I_i (1 - |W_i|^2)^2 + "
        "Sum_{i != j} I_j (W_j . W_i)^2.",
        paper="equal",
        tolerance="within 1e-9 of the expectation over Gaussian and over skewed features of mean 0 and variance 1, for "
        "20 random W and the trained ones",
        limit="text",
        fixed="before",
    ),
    Claim(
        superposition_never_pays,
        statement="In the linear model superposition is never optimal: the most important features get a dimension "
        "each.",
        paper="features 1 and 2",
        tolerance="gradient descent on the formula from 20 random W ends within 0.001 of norms 1, 1, 0, 0, 0; the ReLU "
        "model of dense features represents the same two",
        limit="text",
        fixed="after",
        name="superposition_never_pays_when_linear",
    ),
    Claim(
        sum_over_active_features,
        statement="The ReLU model's loss is the sum of its losses on inputs of k active features, weighted by "
        "(1-S)^k S^(n-k).",
        paper="equal",
        tolerance="sum over all 32 sets of active features within 1% of the mean over evenly spread inputs",
        limit="text",
        fixed="before",
    ),
    Claim(
        sparse_inputs_dominate,
        statement="As sparsity grows, inputs of no and of one active feature come to make up the loss.",
        paper="share of L_0 and L_1 tends to 1",
        tolerance="of each trained model: rising over n (1 - S) = 1, 0.1, 0.01, 0.001, and above 0.99 at the last",
        limit="ours",
        fixed="after",
    ),
    Claim(
        negative_interference_is_free,
        statement="With one active feature, negative interference costs nothing in a ReLU model.",
        paper="0",
        tolerance="two antipodal pairs, without biases: less than 1% of what the linear model pays",
        limit="text",
        fixed="after",
    ),
    Claim(
        bias_frees_positive_interference,
        statement="A negative bias makes small positive interference free as well.",
        paper="less than without",
        tolerance="pentagon: all biases < 0, and less than a quarter of the cost of interference without them",
        limit="ours",
        fixed="after",
    ),
    Claim(
        zero_energy,
        statement="In the generalised Thomson problem, N points in m dimensions have zero energy if and only if "
        "N <= 2m.",
        paper="0 up to 2m, more beyond",
        tolerance="m = 1, 2, 3: exactly 0 for +-e_i up to N = 2m, above 0.1 for the least found at N = 2m + 1; "
        "trained antipodal pairs below 0.01",
        limit="theory",
        fixed="after",
    ),
    Claim(
        pentagon_is_optimal,
        statement="Five points in two dimensions have the least energy as a regular pentagon.",
        paper="regular pentagon",
        tolerance="least energy of 10 descents within 1e-6 of the regular pentagon's, the trained one's within 1%",
        limit="theory",
        fixed="after",
    ),
    topic="mathematics",
)
