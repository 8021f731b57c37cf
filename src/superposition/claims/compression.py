"""How many features fit: the bound of compressed sensing, and two features in one number without superposition.

The bound has a constant that nobody knows, so that any numbers are below it with some constant. What can fail is its
course: a constant that is taken from features active in a quarter to half of all inputs has to hold for sparser ones.
It is about features that are recovered, and the sparser features are, the less of each comes back. Those that are
represented (norm > 0.5) grow faster than the bound over this range, as they do in the paper's figure; what their
constant would be is printed beside.
"""

from fractions import Fraction

from superposition.claims.claim import FORMULA, Claim, Finding, claims_of, plain
from superposition.claims.geometry import SETTING
from superposition.claims.judging import Judged, over_ranks
from superposition.readings.bound import CONSTANT_FROM, constant, features_recovered, sweeps
from superposition.readings.results import Tables
from superposition.readings.solutions import Solution
from superposition.theory.nonlinear_compression import LINEAR, READ_OFF, limit, loss, widest_ramps

APPENDIX = "Nonlinear Compression"

# Densities above and up to, where the constant is taken and where it must hold.
DENSE, SPARSE = CONSTANT_FROM, (0.0, CONSTANT_FROM[0])
AT_LEAST = 2  # densities in either
ROOM = 0.05  # of the constant

WIDE, STEPS = 0.1, 3  # epsilon, and Z from which ramps as wide as that pay
NARROW = 1e-5  # epsilon that stands for none, the figure's smallest
MOST_STEPS = 9  # as in the figure
CLOSE, ROUGHLY = 0.05, 0.10  # relative


def one_constant(tables: Tables) -> Finding:
    def judge(sweep: dict[float, Solution]) -> Judged:
        m, saved = SETTING.n_hidden, {s: features_recovered(model, s) for s, model in sweep.items()}
        constants = {s: constant(features, m, s) for s, features in saved.items()}
        counted = [constant(float(model.represented), m, s) for s, model in sweep.items()]
        taken = max(c for s, c in constants.items() if s > DENSE[0])
        held = max(c for s, c in constants.items() if s <= DENSE[0])
        shared = min(model.represented for model in sweep.values()) > m
        text = f"{held:.2f} against {taken:.2f}, as {saved[max(saved)]:.0f} to {saved[min(saved)]:.0f} features are "
        text += "recovered; "
        text += f"counting represented ones {min(counted):.2f} to {max(counted):.2f}"
        return Judged(shared and held <= (1 + ROOM) * taken, held / taken, text)

    return over_ranks(sweeps(tables, SETTING, (DENSE, SPARSE), AT_LEAST), judge, "times the constant")


def crossover(_: Tables) -> Finding:
    before, after = loss(STEPS - 1, WIDE), loss(STEPS, WIDE)
    text = f"{before:.4f} at {STEPS - 1}, {after:.4f} at {STEPS}; there with ramps of up to {widest_ramps(STEPS):.3f}"
    return Finding(plain(after < LINEAR < before), text, FORMULA)


def without_ramps(_: Tables) -> Finding:
    steps = range(1, MOST_STEPS + 1)
    computed = max(abs(loss(Z, NARROW) / limit(Z) - 1) for Z in steps)
    shown = {Z: limit(Z) / value - 1 for (Z, epsilon), value in READ_OFF.items() if epsilon == NARROW}
    off = max(abs(one) for one in shown.values())
    text = f"integrated {computed:.2%} off; from the figure {', '.join(f'{Z}: {one:+.1%}' for Z, one in shown.items())}"
    return Finding(plain(max(computed, off) <= CLOSE), text, FORMULA)


def with_ramps(_: Tables) -> Finding:
    shown = {key: (loss(*key), value) for key, value in READ_OFF.items() if key[1] != NARROW}
    off = max(abs(found / value - 1) for found, value in shown.values())
    text = "; ".join(f"{Z}, {epsilon:g}: {found:.4f}" for (Z, epsilon), (found, _) in shown.items())
    return Finding(plain(off <= ROUGHLY), f"{text}; at most {off:.1%} off", FORMULA)


CLAIMS = claims_of(
    "geometry",
    "Related Work",
    "features_per_dimension",
    Claim(
        one_constant,
        statement=f"How many of {SETTING.n_features} features are recovered from {SETTING.n_hidden} dimensions, "
        "in squared error saved, is modulated by sparsity: at most c m / ((1-S) log(1/(1-S))).",
        paper="one constant c",
        tolerance="features' worth of squared error that is recovered, over m: c of densities from "
        f"{DENSE[1]:g} to {DENSE[0]:g} holds for those from {SPARSE[1]:g} down, to {ROOM:.0%}; more features than "
        "dimensions represented. The constant is known to nobody, so that any numbers are below the bound with some "
        "constant; that one holds for all densities is what can fail. Represented features, which the paper counts, "
        "grow "
        "faster than the bound over this range, as they do in its figure",
        limit="ours",
        fixed="after",
    ),
    topic="compressed_sensing",
)
CLAIMS += claims_of(
    "geometry",
    APPENDIX,
    "nonlinear_compression",
    Claim(
        crossover,
        statement=f"With ramps as wide as epsilon = {WIDE:g}, nonlinear compression of two dense features into one "
        f"number loses less than linear compression with Z = {STEPS} steps, and more with {STEPS - 1}.",
        paper=f"{READ_OFF[STEPS - 1, WIDE]:g} at {STEPS - 1}, {READ_OFF[STEPS, WIDE]:g} at {STEPS}, {LINEAR:.4f} "
        "linear",
        tolerance=f"{Fraction(LINEAR).limit_denominator(100)} between the mean squared errors at Z = {STEPS - 1} and "
        f"{STEPS}",
        limit="text",
        fixed="before",
    ),
    Claim(
        without_ramps,
        statement="As ramps get narrow the loss falls with Z alone, as 1 / (6 Z^2).",
        paper=", ".join(f"{value:g} at {Z}" for (Z, epsilon), value in READ_OFF.items() if epsilon == NARROW),
        tolerance=f"within {CLOSE:.0%}, of the integral at epsilon = {NARROW:g} for Z = 1 ... {MOST_STEPS} and of the "
        "figure's values",
        limit="theory",
        fixed="before",
    ),
    Claim(
        with_ramps,
        statement="With wider ramps the loss is larger, as in the figure.",
        paper="(Z, epsilon): "
        + "; ".join(f"{Z}, {epsilon:g}: {value:g}" for (Z, epsilon), value in READ_OFF.items() if epsilon != NARROW),
        tolerance=f"within {ROUGHLY:.0%}: where ramps lie is not said; here they begin at the jumps",
        limit="figure",
        fixed="after",
    ),
    topic="nonlinear_compression",
)
