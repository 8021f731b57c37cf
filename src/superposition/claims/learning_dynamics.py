"""A hundred features in ten dimensions that learn by discrete jumps ("Superposition and Learning Dynamics").

The paper shows one model, all of whose features end as digons. Jumps are looked for from step 3000 on, when the
dimensionalities have split. What a digon is worth comes from the closed form of its loss.
"""

import numpy as np

from superposition.claims.claim import Claim, Finding, claims_of
from superposition.claims.judging import Judged, over_seeds
from superposition.readings.jumps import SINCE, Jump, jumps, learned, noise
from superposition.readings.results import Tables
from superposition.readings.solutions import Setting, solutions
from superposition.theory.losses import digon_for_one

SECTION = "Superposition and Learning Dynamics"
N_FEATURES, DENSITY = 100, 0.3
SETTING = Setting("relu_output", N_FEATURES, n_hidden=10, importance_ratio=1.0)
STANDS_OUT = 5  # standard deviations of the loss from one snapshot to the next

# A seed's jumps from step 3000 on, and the noise of its loss.
Run = tuple[list[Jump], float]


def digons_in_the_end(tables: Tables) -> Finding:
    def judge(D: np.ndarray) -> Judged:
        half, none = int(np.count_nonzero((D >= 0.48) & (D <= 0.52))), int(np.count_nonzero(D < 0.02))
        share = (half + none) / len(D)
        return Judged(share >= 0.95 and half > 0, share, f"{half} at 1/2, {none} at 0, of {len(D)}")

    D = tables.per_feature("dimensionality", _instances(tables))
    return over_seeds(list(D), judge, "of features")


def features_jump(tables: Tables) -> Finding:
    runs = _runs(tables)
    with_jump = [found for found, _ in runs if found]
    share = len(with_jump) / len(runs)
    when = [jump.first for found in with_jump for jump in found]
    text = f", at steps {min(when)} to {max(when)}" if when else ""
    counts = ", ".join(str(len(found)) for found, _ in runs)
    return Finding(
        "holds" if share >= 0.25 else "fails", f"{len(with_jump)} of {len(runs)} seeds{text}", f"{counts} jumps"
    )


def loss_drops_suddenly(tables: Tables) -> Finding:
    """Of jumps after which one more feature is learned."""
    ratios = [jump.drop / sd for found, sd in _runs(tables) for jump in found if jump.gained > 0]
    if not ratios:
        return Finding("fails", "no jumps", "no jumps")
    standing_out = sum(ratio > STANDS_OUT for ratio in ratios)
    return Finding(
        "holds" if standing_out == len(ratios) else "fails",
        f"{standing_out} of {len(ratios)} jumps",
        f"{min(ratios):.0f} to {max(ratios):.0f} times the noise, median {np.median(ratios):.0f}",
    )


def drops_are_quantised(tables: Tables) -> Finding:
    one = digon_for_one(DENSITY, N_FEATURES)
    drops = np.array([jump.drop for found, _ in _runs(tables) for jump in found if jump.gained > 0])
    if not len(drops):
        return Finding("fails", "no jumps", "no jumps")
    alike = int(np.count_nonzero(np.abs(drops / one - 1) < 0.3))
    return Finding(
        "holds" if alike / len(drops) >= 0.9 else "fails",
        f"median {np.median(drops):.2e}, formula {one:.2e}",
        f"{alike} of {len(drops)} jumps, {drops.min():.2e} to {drops.max():.2e}",
    )


def _instances(tables: Tables) -> np.ndarray:
    """The seeds, lowest loss first; raises NotInThisRun."""
    solutions(tables, SETTING, DENSITY)
    ids = tables.instances["instance"].to_numpy()
    here = np.isclose(tables.per_feature("density", ids), DENSITY).all(axis=1)
    own = tables.instances[here & (tables.instances["model"] == SETTING.model)]
    return own.sort_values(["loss", "seed"])["instance"].to_numpy()


def _runs(tables: Tables) -> list[Run]:
    return [run_of(tables, int(instance)) for instance in _instances(tables)]


def run_of(tables: Tables, instance: int) -> Run:
    steps, D, loss = learned(tables, instance)
    found = jumps(steps, D, loss, SINCE)
    return found, noise(steps, loss, found, SINCE)


CLAIMS = claims_of(
    "learning_dynamics",
    SECTION,
    "dimensionality_and_loss",
    Claim(
        digons_in_the_end,
        statement="In the end features are digons, or not learned at all.",
        paper="dimensionality 1/2 or 0",
        tolerance="features with dimensionality in [0.48, 0.52] or < 0.02: >= 95%",
        limit="text",
        fixed="before",
    ),
    Claim(
        features_jump,
        statement="Learning dynamics are dominated by features that jump between dimensionalities.",
        paper="two jumps in the model shown",
        tolerance="from step 3000 on a dimensionality moves by > 0.3 while steps grow by a quarter: >= 25% of seeds",
        limit="ours",
        fixed="after",
    ),
    Claim(
        loss_drops_suddenly,
        statement="Each jump shows as a sudden drop of the loss.",
        paper="a drop with each jump",
        tolerance="all jumps by which a feature is won: the loss falls by > 5 standard deviations of its noise",
        limit="ours",
        fixed="after",
    ),
    Claim(
        drops_are_quantised,
        statement="Jumps are between discrete levels of energy: each turns one dimension into a digon.",
        paper="4.3e-4 of a loss of 0.0531",
        tolerance="drop of the loss within 30% of (s/3 - 7 s^2/12) / n: >= 90% of jumps by which a feature is won",
        limit="theory",
        fixed="after",
    ),
)
