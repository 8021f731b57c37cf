"""Training against attacks: what "Superposition and Adversarial Robustness" says of it, without a figure.

Twenty equally important features, four dimensions, density 0.3. Features per dimension are ||W||_F^2 / m. Attacks also
make weights shorter, so that it falls before features stop sharing dimensions: how many do is printed beside.
"""

import numpy as np

from superposition.claims.claim import Claim, Finding, claims_of
from superposition.claims.judging import Judged, over_ranks
from superposition.claims.words import each
from superposition.readings.attacked_training import Sweep, sweeps
from superposition.readings.results import Tables

SECTION = "Superposition and Adversarial Robustness"
SHAPE = (20, 4)  # features, hidden dimensions
DENSITY = 0.3
SETTING = f"{SHAPE[0]} features, {SHAPE[1]} dimensions, density {DENSITY:g}"
SHARED = 1.1  # features per dimension, from which on they count as sharing some
SAID, NEEDED = 0.8, (0.5, 1.0)  # attacks over the mean norm of an input: the paper's, and what counts as that


def reduces(tables: Tables) -> Finding:
    def judge(sweep: Sweep) -> Judged:
        falling = bool((np.diff(sweep["features_per_dimension"]) < 0).all())
        text = "; ".join(f"{row.radius:g}: {row.features_per_dimension:.2f}" for row in sweep.itertuples())
        last = float(sweep["features_per_dimension"].iloc[-1])
        return Judged(falling, round(last, 2), f"{text}; {_superposed(sweep)}")

    return over_ranks(sweeps(tables, SHAPE, DENSITY), judge, "at the largest attacks")


def eliminates(tables: Tables) -> Finding:
    def judge(sweep: Sweep) -> Judged:
        few = sweep.loc[sweep["features_per_dimension"] < SHARED, "radius"]
        found = float(few.min()) if len(few) else float("inf")
        return Judged(NEEDED[0] <= found <= NEEDED[1], found, f"{found:g}; {_superposed(sweep)}")

    return over_ranks(sweeps(tables, SHAPE, DENSITY), judge, "times the mean norm")


def _superposed(sweep: Sweep) -> str:
    counts = dict(zip(sweep["radius"], sweep["superposed"], strict=True))
    return f"features in superposition {each(counts)}"


CLAIMS = claims_of(
    "adversarial_training",
    SECTION,
    "radius",
    Claim(
        reduces,
        statement="Adversarial training reduces superposition: the larger attacks are, the fewer features there are to "
        f"a dimension ({SETTING}).",
        paper="it does",
        tolerance="||W||_F^2 / m falls with the size of attacks throughout",
        limit="text",
        fixed="before",
    ),
    Claim(
        eliminates,
        statement=f"To remove superposition entirely, attacks must be about {SAID:g} times as large as inputs are "
        f"({SETTING}).",
        paper=SAID,
        tolerance=f"smallest radius, relative to the mean norm of an input, at which ||W||_F^2 / m < {SHARED:g}: "
        f"{NEEDED[0]:g} to {NEEDED[1]:g}",
        limit="text",
        fixed="before",
        remark="At 0.4 vectors are shorter, but eight features still share directions. By the count of those "
        "superposition takes attacks of more than half the inputs' norm, and of less than the paper's 0.8: "
        "four features are left then in four dimensions.",
    ),
)
