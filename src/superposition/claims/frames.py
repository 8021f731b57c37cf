"""Frames: features of models that use all their capacity lie in one eigenspace of W W^T each (Ivanov et al. 2026,
"Spectral Superposition"), and capacity is used up (Scherlis et al. 2022, "Polysemanticity and Capacity in Neural
Networks", whose capacity of a feature is its dimensionality D_i).

Of the models of "The Geometry of Superposition", whose features matter alike. That D_i is at most a feature's leverage
is a theorem (readings/frames.py); how near models come to it is measured.
"""

import numpy as np

from superposition.claims.claim import Claim, Finding, claims_of
from superposition.claims.geometry import PLATEAU, POINTS, SETTING, WHOLE
from superposition.claims.judging import Judged, over_ranks
from superposition.exact.sums import mean, total
from superposition.measures.thresholds import REPRESENTED_NORM
from superposition.readings.dimensions import Sweep, between, sweeps
from superposition.readings.frames import eigenvalues_of_features, localisation, off_tight
from superposition.readings.polytopes import dimensionalities
from superposition.readings.results import Tables

SECTION = "Follow-ups"
SOURCE = "(Ivanov et al. 2026)"
USED_UP = 0.99  # of the capacity
LOCALISED, NEARLY_ALL = 0.99, 0.95  # of a leverage; of the represented features
TIGHT = 0.02  # relative
SPARSE, ONE_FRAME = (7.0, 10.0), 0.1  # x; relative


def capacity_is_used_up(tables: Tables) -> Finding:
    def judge(sweep: Sweep) -> Judged:
        used = {x: float(total(dimensionalities(model.W))) / SETTING.n_hidden for x, model in sweep.items()}
        least = min(used, key=lambda x: used[x])
        return Judged(used[least] >= USED_UP, used[least], f"{used[least]:.2%} at least, at 1 / (1 - S) = {least:.3g}")

    return over_ranks(sweeps(tables, SETTING, WHOLE, POINTS), judge, "of the dimensions at least")


def one_eigenspace_each(tables: Tables) -> Finding:
    def judge(sweep: Sweep) -> Judged:
        shares = {
            x: float(mean(localisation(model.W)[own] > LOCALISED))
            for x, model in sweep.items()
            if (own := model.norms > REPRESENTED_NORM).any()
        }
        least = min(shares.values(), default=0.0)
        return Judged(least >= NEARLY_ALL, least, f"{least:.1%} of the features at least, over {len(shares)} densities")

    return over_ranks(sweeps(tables, SETTING, WHOLE, POINTS), judge, "of the features at least")


def pairs_are_tight_frames(tables: Tables) -> Finding:
    def judge(sweep: Sweep) -> Judged:
        off = [one for model in sweep.values() for one in off_tight(model.W)]
        largest = max(off, default=float("inf"))
        return Judged(largest <= TIGHT, largest, f"{len(off)} of them, off by {largest:.2%} at most")

    return over_ranks(sweeps(tables, SETTING, PLATEAU), judge, "off at most")


def one_frame_where_sparse(tables: Tables) -> Finding:
    def judge(sweep: Sweep) -> Judged:
        shares = []
        for model in sweep.values():
            own = model.norms > REPRESENTED_NORM
            tight = float(total(np.square(model.W))) / SETTING.n_hidden
            near = np.abs(eigenvalues_of_features(model.W)[own] - tight) <= ONE_FRAME * tight
            shares.append(float(mean(near)) if len(near) else 0.0)
        return Judged(min(shares) >= NEARLY_ALL, min(shares), f"{min(shares):.1%} of the features at least")

    return over_ranks(sweeps(tables, SETTING, SPARSE), judge, "of the features at least")


CLAIMS = claims_of(
    "geometry",
    SECTION,
    "frames",
    Claim(
        capacity_is_used_up,
        statement="Models use all their capacity at every density, also where few features are represented.",
        paper=f"capacity is saturated {SOURCE}",
        tolerance=f"sum of D_i over all features: at least {USED_UP:.0%} of the dimensions, all {between(WHOLE)}",
        limit="ours",
        fixed="after",
    ),
    Claim(
        one_eigenspace_each,
        statement="And so each feature lies in one eigenspace of W W^T.",
        paper=f"so it is where capacity is saturated {SOURCE}",
        tolerance=f"D_i > {LOCALISED:g} of the feature's leverage, which it has just there: at least {NEARLY_ALL:.0%} "
        f"of features with norm > {REPRESENTED_NORM:g}, all {between(WHOLE)}",
        limit="theory",
        fixed="after",
    ),
    Claim(
        pairs_are_tight_frames,
        statement="Features that interfere form a tight frame of what they span: on the plateau, antipodal pairs.",
        paper=f"tight frames {SOURCE}",
        tolerance=f"{between(PLATEAU)}, each set of features that interfere: eigenvalues within {TIGHT:.0%} of the sum "
        "of their squared lengths over their dimensions",
        limit="ours",
        fixed="after",
    ),
    Claim(
        one_frame_where_sparse,
        statement="Where features are sparse, all of them together form one frame of the whole space, which is nearly "
        "tight.",
        paper=f"tight frames {SOURCE}",
        tolerance=f"{between(SPARSE)}: eigenvalues of at least {NEARLY_ALL:.0%} of features with norm > "
        f"{REPRESENTED_NORM:g} within {ONE_FRAME:.0%} of |W|^2 / m",
        limit="ours",
        fixed="after",
    ),
    topic="frames",
)
