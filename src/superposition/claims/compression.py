"""How many features fit: the bound of compressed sensing, and two features in one number without superposition.

The bound has a constant that nobody knows, so that any numbers are below it. What can fail is its course: a constant
that is taken from features active in a quarter to half of all inputs has to hold for sparser ones. It is about features
that are recovered, and the sparser features are, the less of each comes back: those that are represented (norm > 0.5)
grow faster than the bound over this range, as they do in the paper's figure.
"""

import numpy as np

from superposition.claims.claim import Claim, Finding, claims_of
from superposition.claims.geometry import SETTING
from superposition.claims.judging import Judged, over_seeds
from superposition.readings.results import NotInThisRun, Tables
from superposition.readings.solutions import Solution, densities, solutions
from superposition.theory.compressed_sensing import modulation, recovered
from superposition.theory.nonlinear_compression import LINEAR, READ_OFF, limit, loss, widest_ramps

APPENDIX = "Nonlinear Compression"

DENSE, SPARSE = (
    (0.25, 0.5),
    (0.0, 0.25),
)  # densities above and up to, where the constant is taken and where it must hold
AT_LEAST = 2  # densities in either
ROOM = 1.05  # factor

NARROW = 1e-5  # epsilon that stands for none, the figure's smallest
CLOSE, ROUGHLY = 0.05, 0.10  # relative
NO_MODELS = "no trained models: a formula"


def one_constant(tables: Tables) -> Finding:
    def judge(sweep: dict[float, Solution]) -> Judged:
        constants = {s: _constant(_recovered(model, s), s) for s, model in sweep.items()}
        counted = [_constant(float(model.represented), s) for s, model in sweep.items()]
        taken = max(c for s, c in constants.items() if s > DENSE[0])
        held = max(c for s, c in constants.items() if s <= DENSE[0])
        shared = min(model.represented for model in sweep.values()) > SETTING.n_hidden
        grown = [_recovered(sweep[s], s) for s in (max(sweep), min(sweep))]
        text = f"{held:.2f} against {taken:.2f}, as {grown[0]:.0f} to {grown[1]:.0f} features are recovered; "
        text += f"counting represented ones {min(counted):.2f} to {max(counted):.2f}"
        return Judged(shared and held <= ROOM * taken, held / taken, text)

    return over_seeds(_sweeps(tables), judge, "times the constant")


def beats_linear(_: Tables) -> Finding:
    found = loss(3, 0.1)
    text = f"{found:.4f} against {LINEAR:.4f}; with ramps of up to {widest_ramps(3):.3f}"
    return Finding("holds" if found < LINEAR else "fails", text, NO_MODELS)


def crossover(_: Tables) -> Finding:
    two, three = loss(2, 0.1), loss(3, 0.1)
    return Finding("holds" if three < LINEAR < two else "fails", f"{two:.4f} at 2, {three:.4f} at 3", NO_MODELS)


def without_ramps(_: Tables) -> Finding:
    steps = range(1, 10)
    computed = max(abs(loss(Z, NARROW) / limit(Z) - 1) for Z in steps)
    shown = {Z: limit(Z) / value - 1 for (Z, epsilon), value in READ_OFF.items() if epsilon == NARROW}
    off = max(abs(one) for one in shown.values())
    text = f"integrated {computed:.2%} off; from the figure {', '.join(f'{Z}: {one:+.1%}' for Z, one in shown.items())}"
    return Finding("holds" if max(computed, off) <= CLOSE else "fails", text, NO_MODELS)


def with_ramps(_: Tables) -> Finding:
    shown = {key: (loss(*key), value) for key, value in READ_OFF.items() if key[1] != NARROW}
    off = max(abs(found / value - 1) for found, value in shown.values())
    text = "; ".join(f"{Z}, {epsilon:g}: {found:.4f}" for (Z, epsilon), (found, _) in shown.items())
    return Finding("holds" if off <= ROUGHLY else "fails", f"{text}; at most {off:.1%} off", NO_MODELS)


def _sweeps(tables: Tables) -> list[dict[float, Solution]]:
    """The models by density, those with the lowest loss at each, those with the next one, ..."""
    present = [s for s in densities(tables, SETTING) if SPARSE[0] < s <= DENSE[1]]
    for low, high in (DENSE, SPARSE):
        if sum(low < s <= high for s in present) < AT_LEAST:
            raise NotInThisRun(f"the claim needs {AT_LEAST} densities from {low:g} to {high:g}")
    ranked = zip(*(solutions(tables, SETTING, s) for s in present), strict=False)
    return [dict(zip(present, models, strict=True)) for models in ranked]


def _recovered(model: Solution, s: float) -> float:
    return float(recovered(np.array([model.loss]), np.array([s]), SETTING.n_features)[0])


def _constant(features: float, s: float) -> float:
    """What the bound's constant would have to be at least."""
    return features / SETTING.n_hidden / float(modulation(np.array([s]))[0])


CLAIMS = claims_of(
    "geometry",
    "Related Work",
    "features_per_dimension",
    Claim(
        one_constant,
        statement="The number of features is linear in the number of dimensions m but modulated by sparsity: at most "
        "c m / ((1-S) log(1/(1-S))).",
        paper="one constant c",
        tolerance="features' worth of squared error that is recovered, over m: c of densities from 0.5 to 0.25 holds "
        "for those from 0.25 down, to 5%; more features than dimensions represented",
        limit="ours",
        fixed="after",
    ),
    topic="compressed_sensing",
) + claims_of(
    "geometry",
    APPENDIX,
    "nonlinear_compression",
    Claim(
        beats_linear,
        statement="With ramps as wide as epsilon = 0.1 and Z as small as 3, nonlinear compression of two dense "
        "features into one number loses less than linear compression.",
        paper="0.039 against 0.0417",
        tolerance="mean squared error below 1/24",
        limit="text",
        fixed="before",
    ),
    Claim(
        crossover,
        statement="With epsilon = 0.1 it starts to do so between Z = 2 and Z = 3.",
        paper="0.058 at 2, 0.039 at 3",
        tolerance="1/24 between the two",
        limit="figure",
        fixed="before",
    ),
    Claim(
        without_ramps,
        statement="As ramps get narrow the loss falls with Z alone, as 1 / (6 Z^2).",
        paper="0.16 at 1, 0.042 at 2, 0.019 at 3, 0.0021 at 9",
        tolerance="within 5%, of the integral at epsilon = 1e-5 for Z = 1 ... 9 and of the figure's values",
        limit="theory",
        fixed="before",
    ),
    Claim(
        with_ramps,
        statement="Wider ramps cost more.",
        paper="(Z, epsilon): 1, 0.1: 0.16; 2, 0.1: 0.058; 3, 0.1: 0.039; 9, 0.1: 0.025; 9, 0.01: 0.0046",
        tolerance="within 10%: where ramps lie is not said; here they begin at the jumps",
        limit="figure",
        fixed="after",
    ),
    topic="nonlinear_compression",
)
