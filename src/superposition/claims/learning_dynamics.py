"""A hundred features in ten dimensions that learn by discrete jumps ("Superposition and Learning Dynamics").

The paper shows one model, all of whose features end as digons, and says neither its size nor how it was trained. Jumps
are looked for from step 3000 on, when its dimensionalities have split, though training here is shorter, at a higher
rate. What a digon is worth comes from the closed form of its loss.
"""

import numpy as np

from superposition.claims.claim import Claim, Finding, Share, claims_of, plain
from superposition.claims.judging import Judged, over_seeds
from superposition.readings.jumps import (
    LEAST,
    SINCE,
    STANDS_OUT,
    WINDOW,
    dimensionalities_in_the_end,
    runs,
    sudden,
)
from superposition.readings.results import Tables
from superposition.readings.solutions import Setting
from superposition.theory.losses import digon_for_one

SECTION = "Superposition and Learning Dynamics"
N_FEATURES, DENSITY = 100, 0.3  # on the plateau where features form digons
SETTING = Setting("relu_output", N_FEATURES, n_hidden=10, importance_ratio=1.0)
WHERE = f"{N_FEATURES} features in {SETTING.n_hidden} dimensions, density {DENSITY:g}"
PAIRED, ALONE, MOST = (0.48, 0.52), 0.02, 0.95  # dimensionality of a digon's feature, of one not learned; of features
OFTEN = 0.25  # of seeds
ALIKE, ALMOST_ALL = 0.3, 0.9  # how far off a digon's worth, relative; of jumps


def digons_in_the_end(tables: Tables) -> Finding:
    def judge(D: np.ndarray) -> Judged:
        half = int(np.count_nonzero((PAIRED[0] <= D) & (PAIRED[1] >= D)))
        none = int(np.count_nonzero(D < ALONE))
        share = (half + none) / len(D)
        return Judged(share >= MOST and half > 0, share, f"{half} at 1/2, {none} at 0, of {len(D)}")

    return over_seeds(dimensionalities_in_the_end(tables, SETTING, DENSITY), judge, "of features")


def features_jump(tables: Tables) -> Finding:
    """Jumps with a drop of the loss at the same time, in one window of steps."""
    seeds = runs(tables, SETTING, DENSITY)
    dropping = [sudden(found, sd) for found, sd in seeds]
    share = Share(sum(bool(found) for found in dropping), len(dropping))
    when = [jump.first for found in dropping for jump in found]
    ratios = [jump.at_once / sd for found, sd in seeds for jump in found]
    text = f", at steps {min(when)} to {max(when)}" if when else ""
    every = f"{len(when)} of {len(ratios)} jumps with a drop"
    size = f", of {min(ratios):.0f} to {max(ratios):.0f} times the noise" if ratios else ""
    return Finding(plain(share.met >= OFTEN * share.of), f"{share}{text}", every + size, share)


def drops_are_quantised(tables: Tables) -> Finding:
    """Of jumps after which one more feature is learned."""
    one = digon_for_one(DENSITY, N_FEATURES)
    drops = np.array([jump.drop for found, _ in runs(tables, SETTING, DENSITY) for jump in found if jump.gained > 0])
    if not len(drops):
        return Finding(plain(False), "no jumps", "no jumps")
    share = Share(int(np.count_nonzero(np.abs(drops / one - 1) < ALIKE)), len(drops), "jumps")
    return Finding(
        plain(share.met >= ALMOST_ALL * share.of),
        f"median {np.median(drops):.2e}, formula {one:.2e}",
        f"{share}, {drops.min():.2e} to {drops.max():.2e}",
        share,
    )


CLAIMS = claims_of(
    "learning_dynamics",
    SECTION,
    "dimensionality_and_loss",
    Claim(
        digons_in_the_end,
        statement=f"In the end features are digons, or not learned at all ({WHERE}).",
        paper="dimensionality 1/2 or 0",
        tolerance=f"features with dimensionality in [{PAIRED[0]:g}, {PAIRED[1]:g}] or < {ALONE:g}: >= {MOST:.0%}",
        limit="ours",
        fixed="before",
    ),
    Claim(
        features_jump,
        statement="After most features have settled, some still jump between dimensionalities, with a sudden drop of "
        f"the loss ({WHERE}).",
        paper="two jumps in the model shown, each with a drop",
        tolerance=f"from step {SINCE} on a dimensionality moves by > {LEAST:g} while steps grow by {WINDOW - 1:.0%}, "
        f"and in these the loss falls by > {STANDS_OUT} standard deviations of its noise: >= {OFTEN:.0%} of seeds",
        limit="ours",
        fixed="before",
    ),
    Claim(
        drops_are_quantised,
        statement=f"Jumps are between discrete levels of energy: each turns one dimension into a digon ({WHERE}).",
        paper="4.3e-4 of a loss of 0.0531",
        tolerance=f"drop of the loss within {ALIKE:.0%} of (s/3 - 7 s^2/12) / n: >= {ALMOST_ALL:.0%} of jumps by which "
        "a feature is won",
        limit="theory",
        fixed="after",
    ),
)
