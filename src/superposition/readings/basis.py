"""Whether features lie along the axes of the hidden space more, or less, than chance has it. Needs numpy, not torch.

What is compared are statistics of one model as trained and after random rotations (measures/rotations.py).
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from jaxtyping import Float

from superposition.exact.functions import PI, arccos
from superposition.exact.sums import mean
from superposition.readings.ranking import by_loss, ranked
from superposition.readings.results import NotInThisRun, Tables
from superposition.readings.solutions import SAME_DENSITY, Setting, densities, extra, matching


@dataclass(frozen=True)
class Turned:
    """One model, as trained and after rotations; see `alignments`."""

    represented: int
    alignment: float
    chance: float
    share_above: float
    least: float
    median: float


@dataclass(frozen=True)
class Alignments:
    """All models of a setting; arrays are [instance]. See `alignments`."""

    share_above: Float[np.ndarray, " instance"]
    alignment: float  # mean
    chance: float  # mean
    learned: bool  # whether each of them represents a feature

    def __len__(self) -> int:
        return len(self.share_above)


def share_above(rows: pd.DataFrame) -> float:
    """How often chance aligns features at least as well as training did: (1 + k) / (1 + N), k of N rotations.

    `rows` are those of one instance. With the trained model counted among the rotations this is an exact p-value
    (Phipson & Smyth 2010, "Permutation P-values Should Never Be Zero"): uniform on 1/(1 + N), ..., 1 if training knows
    no axes. Near 0, features are along the axes; near 1, they keep away from them.
    """
    alignment = rows.sort_values("rotation", kind="stable")["alignment"].to_numpy()
    return np.count_nonzero(alignment >= alignment[0]) / len(alignment)


def alignments(tables: Tables) -> pd.DataFrame:
    """One row per instance: the columns of the table of instances, and what its rotations say.

    `alignment` as trained, `chance` its mean over rotations, `share_above`, and `least` and `median` of the losses
    after rotation over that before (`loss` is that on held-out data).
    """
    turned = tables.extra["rotations"].sort_values(["instance", "rotation"])
    rows = []
    for instance, own in turned.groupby("instance"):
        before, after = own[own["rotation"] == 0].iloc[0], own[own["rotation"] > 0]
        ratios = after["loss"] / before["loss"] if before["loss"] > 0 else after["loss"] * np.inf
        rows.append(
            {
                "instance": instance,
                "alignment": before["alignment"],
                "chance": float(mean(after["alignment"])),
                "share_above": share_above(own),
                "least": ratios.min(),
                "median": ratios.median(),
            }
        )
    return tables.instances.merge(pd.DataFrame(rows), on="instance")


def alignments_of(tables: Tables, setting: Setting, significant: float, at_least: int) -> Alignments:
    """Of all models of a setting, where there are enough to judge a distribution; `significant` as in `turned`."""
    rows = _matching(tables, setting, significant)
    if len(rows) < at_least:
        raise NotInThisRun(f"the claim is about {at_least} {setting.model} models or more; this run has {len(rows)}")
    return Alignments(
        share_above=rows["share_above"].to_numpy(),
        alignment=float(mean(rows["alignment"])),
        chance=float(mean(rows["chance"])),
        learned=bool((rows["n_represented"] > 0).all()),
    )


def turned(tables: Tables, setting: Setting, significant: float) -> list[dict[float, Turned]]:
    """The models of a setting with the lowest loss at each density, from dense to sparse; those with the next one, ...

    Raises NotInThisRun where `share_above` cannot be as small as `significant`, since rotations are too few.
    """
    found = ranked(by_loss(_matching(tables, setting, significant), "density", densities(tables, setting)))
    return [{s: _turned(row) for s, row in models.items()} for models in found]


def at_density(models: Mapping[float, Turned], density: float) -> Turned:
    """The one at a density of `turned`; raises NotInThisRun where none is."""
    for known, model in models.items():
        if np.isclose(known, density, rtol=SAME_DENSITY):
            return model
    present = ", ".join(f"{known:g}" for known in models)
    raise NotInThisRun(f"no such model at density {density:g} in this run, only at {present}")


def _matching(tables: Tables, setting: Setting, significant: float) -> pd.DataFrame:
    count = int(extra(tables, "rotations")["rotation"].max())
    if 1 / (1 + count) > significant:
        raise NotInThisRun(f"the claim needs {1 / significant - 1:.0f} rotations or more; this run has {count}")
    own = matching(tables, setting)[["instance", "density"]]
    return alignments(tables).drop(columns="density").merge(own, on="instance")


def _turned(row: pd.Series) -> Turned:
    own = {key: float(row[key]) for key in ("alignment", "chance", "share_above", "least", "median")}
    return Turned(represented=int(row["n_represented"]), **own)


def chance_in_two_dimensions(alignment: Float[np.ndarray, "..."]) -> Float[np.ndarray, "..."]:
    """Probability that a random direction in the plane has at most this alignment, max(cos^2, sin^2) of its angle.

    With a = cos^2 t, t in [0, 45] degrees counted from the nearer axis, all t are alike: 1 - 4 arccos(sqrt a) / pi.
    """
    return np.asarray(1 - 4 * arccos(np.sqrt(np.clip(alignment, 0.5, 1.0))) / PI)
