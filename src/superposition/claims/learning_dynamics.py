"""A hundred features in ten dimensions that learn by discrete jumps ("Superposition and Learning Dynamics").

The paper shows one model, all of whose features end as digons, and says neither its size nor how it was trained. Jumps
are looked for from step 3000 on, when its dimensionalities have split, though training here is shorter, at a higher
rate. What a digon is worth comes from the closed form of its loss.

In the paper's model a first jump moves the loss by a fiftieth of what the second one does, and in between one feature
has 1/sqrt(2) in place of 1/2. Its caption has features swap places; we take that to be a digon's feature that leaves
its 1/2, either since it is given up or since it loses its partner.
"""

from math import sqrt

import numpy as np

from superposition.claims.claim import Claim, Finding, Share, claims_of, plain
from superposition.claims.judging import Judged, over_seeds
from superposition.readings.jumps import (
    DISPLACED,
    LEARNED,
    LEAST,
    PAIRED,
    SINCE,
    STANDS_OUT,
    WINDOW,
    alone,
    dimensionalities_in_the_end,
    displaced,
    instances_of,
    runs,
    since_full,
    sudden,
)
from superposition.readings.results import Tables
from superposition.readings.solutions import Setting
from superposition.theory.losses import digon_for_one

SECTION = "Superposition and Learning Dynamics"
N_FEATURES, DENSITY = 100, 0.3  # on the plateau where features form digons
SETTING = Setting("relu_output", N_FEATURES, n_hidden=10, importance_ratio=1.0)
WHERE = f"{N_FEATURES} features in {SETTING.n_hidden} dimensions, density {DENSITY:g}"
ALONE, MOST = 0.02, 0.95  # dimensionality of a feature that is not learned; of features
OFTEN = 0.25  # of seeds
ALIKE, ALMOST_ALL = 0.3, 0.9  # how far off a digon's worth, relative; of jumps
BETWEEN, NEAR, LITTLE = sqrt(0.5), 0.05, 0.25  # dimensionality between two steps, how near to it; part of the drop


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
    return Finding(plain(share.reaches(OFTEN)), f"{share}{text}", every + size, share)


def drops_are_quantised(tables: Tables) -> Finding:
    """Of jumps after which one more feature is learned."""
    one = digon_for_one(DENSITY, N_FEATURES)
    drops = np.array([jump.drop for found, _ in runs(tables, SETTING, DENSITY) for jump in found if jump.gained > 0])
    if not len(drops):
        return Finding(plain(False), "no jumps", "no jumps")
    share = Share(int(np.count_nonzero(np.abs(drops / one - 1) < ALIKE)), len(drops), "jumps")
    return Finding(
        plain(share.reaches(ALMOST_ALL)),
        f"median {np.median(drops):.2e}, formula {one:.2e}",
        f"{share}, {drops.min():.2e} to {drops.max():.2e}",
        share,
    )


def two_steps(tables: Tables) -> Finding:
    """Of jumps by which two features are won, one after the other."""
    found = [one for own in instances_of(tables, SETTING, DENSITY) for one in alone(tables, own)]
    if not found:
        return Finding(plain(False), "no such jumps", "no such jumps")
    D, parts = np.array([one.dimensionality for one in found]), np.array([one.part for one in found])
    right = (np.abs(D - BETWEEN) < NEAR) & (parts < LITTLE)
    share = Share(int(np.count_nonzero(right)), len(found), "jumps")
    return Finding(
        plain(share.reaches(ALMOST_ALL)),
        f"median {np.median(D):.2f}, {np.median(parts):.0%} of the drop",
        f"{share}, {D.min():.2f} to {D.max():.2f}, {parts.min():.0%} to {parts.max():.0%}",
        share,
    )


def swap_places(tables: Tables) -> Finding:
    found = [displaced(tables, own) for own in instances_of(tables, SETTING, DENSITY)]
    share = Share(sum(count > 0 for count, _ in found), len(found))
    farthest = [far for _, far in found]
    return Finding(
        plain(share.reaches(OFTEN)),
        f"{share}",
        f"features of digons move by {min(farthest):.3f} to {max(farthest):.3f} at most",
        share,
    )


def none_once_full(tables: Tables) -> Finding:
    found = [one for own in instances_of(tables, SETTING, DENSITY) if (one := since_full(tables, own))]
    if not found:
        return Finding(plain(False), "no model has as many", "no model has as many")
    share = Share([count for count, _ in found].count(0), len(found))
    times = [ratio for _, ratio in found]
    return Finding(
        plain(share.reaches(ALMOST_ALL)),
        f"{share}",
        f"steps grow by a factor of {min(times):.2f} to {max(times):.2f} from then on",
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
    Claim(
        two_steps,
        statement="Some jumps come in two steps: where two features are won one after the other, after the first step "
        f"one has 1/sqrt(2) of a dimension, and the loss has hardly changed; with the second it falls ({WHERE}).",
        paper="0.71; a change of 1e-5, and then 4.3e-4",
        tolerance=f"jumps that win two features, the second after > {WINDOW - 1:.0%} more steps: largest "
        f"dimensionality in between within {NEAR:g} of {BETWEEN:.2f}, and < {LITTLE:.0%} of the drop of the loss by "
        f"then, in >= {ALMOST_ALL:.0%} of them",
        limit="ours",
        fixed="after",
    ),
    Claim(
        swap_places,
        statement=f"Features swap places: some leave their 1/2 while another one jumps ({WHERE}).",
        paper="swap places",
        tolerance=f"during a jump a feature with dimensionality in [{PAIRED[0]:g}, {PAIRED[1]:g}] moves by > "
        f"{DISPLACED:g}: >= {OFTEN:.0%} of seeds",
        limit="ours",
        fixed="after",
        remark="Each jump changes one dimension, which held a little of many features, first to one and then to two. "
        "The digons that there are stay as they are. In the paper's model the feature that has 1/sqrt(2) in between "
        "had 1/2 before; here it was not learned.",
    ),
    Claim(
        none_once_full,
        statement=f"Once every dimension holds a digon, no feature jumps any more ({WHERE}).",
        paper="no jump from step 35,000 to 100,000",
        tolerance=f"from where on {2 * SETTING.n_hidden} features stay learned, dimensionality > {LEARNED:g}, no "
        f"dimensionality moves by > {LEAST:g} while steps grow by {WINDOW - 1:.0%}: >= {ALMOST_ALL:.0%} of seeds that "
        "get there",
        limit="ours",
        fixed="after",
    ),
)
