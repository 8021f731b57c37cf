"""Training against attacks: what "Superposition and Adversarial Robustness" says of it, without a figure.

Twenty equally important features, four dimensions, density 0.3. Attacks also make weights shorter, so that ||W||_F^2
falls before features stop sharing dimensions: superposition is gone where no represented feature has any above 0.3.
"""

import numpy as np
import pandas as pd

from superposition.claims.claim import Claim, Finding, claims_of
from superposition.claims.judging import Judged, over_seeds
from superposition.exact.sums import total
from superposition.readings.results import NotInThisRun, Tables
from superposition.readings.shared import in_superposition

SECTION = "Superposition and Adversarial Robustness"
SHAPE = (20, 4)  # features, hidden dimensions
NEEDED = (0.5, 1.0)  # the paper says about 0.8

Sweep = pd.DataFrame  # one model at each radius, ascending: radius, features_per_dimension, superposed


def reduces(tables: Tables) -> Finding:
    def judge(sweep: Sweep) -> Judged:
        falling = bool((np.diff(sweep["features_per_dimension"]) < 0).all())
        text = "; ".join(f"{row.radius:g}: {row.features_per_dimension:.2f}" for row in sweep.itertuples())
        first = float(sweep["features_per_dimension"].iloc[0])
        return Judged(falling and first > 1.1, round(first, 2), text)

    return over_seeds(sweeps(tables), judge, "without attacks")


def eliminates(tables: Tables) -> Finding:
    def judge(sweep: Sweep) -> Judged:
        found = first_radius(sweep)
        few = sweep.loc[sweep["features_per_dimension"] < 1.1, "radius"].min()
        counts = ", ".join(f"{row.radius:g}: {row.superposed}" for row in sweep.itertuples())
        text = f"{found:g} ({counts}; ||W||_F^2 / m first below 1.1 at {few:g})"
        shared_before = bool(sweep["superposed"].iloc[0] > 0)
        return Judged(shared_before and NEEDED[0] <= found <= NEEDED[1], found, text)

    return over_seeds(sweeps(tables), judge, "radius")


def first_radius(sweep: Sweep) -> float:
    """From which on no feature is in superposition; infinite if there always are some."""
    shared = sweep["superposed"].to_numpy() > 0
    after = int(np.flatnonzero(shared).max()) + 1 if shared.any() else 0
    return float(sweep["radius"].iloc[after]) if after < len(sweep) else float("inf")


def sweeps(tables: Tables) -> list[Sweep]:
    """The models with the lowest loss at each radius, those with the next one, ...; the loss is on clean samples."""
    if (tables.n_features, tables.n_hidden) != SHAPE:
        raise NotInThisRun(f"the claim is about n = {SHAPE[0]}, m = {SHAPE[1]}; this run has others")
    if len(np.unique(tables.features["density"])) > 1:
        raise NotInThisRun("the claim is about features of one density")
    if tables.instances["training_attack"].nunique() < 3 or tables.instances["training_attack"].min() > 0:
        raise NotInThisRun("the claim needs models without attacks, and with several sizes of them")
    instances = tables.instances["instance"].to_numpy()
    rows = tables.instances.assign(
        radius=tables.instances["training_attack"],
        features_per_dimension=total(np.square(tables.per_feature("norm", instances)), axis=1) / SHAPE[1],
        superposed=in_superposition(tables, instances),
    ).sort_values(["radius", "loss", "seed"])
    rank = rows.groupby("radius").cumcount()
    count = int(rows.groupby("radius").size().min())
    return [rows[rank == k].reset_index(drop=True) for k in range(count)]


CLAIMS = claims_of(
    "adversarial_training",
    SECTION,
    "radius",
    Claim(
        reduces,
        statement="Adversarial training reduces superposition.",
        paper="it does",
        tolerance="||W||_F^2 / m above 1.1 without attacks, and falling with the size of attacks throughout",
        limit="text",
        fixed="before",
    ),
    Claim(
        eliminates,
        statement="To remove superposition entirely, attacks must be about as large as inputs are.",
        paper=0.8,
        tolerance="smallest radius, relative to the mean norm of an input, from which on no feature has norm > 0.5 and "
        "superposition > 0.3: 0.5 to 1.0",
        limit="text",
        fixed="after",
    ),
)
