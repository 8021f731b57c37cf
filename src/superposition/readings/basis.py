"""Whether features lie along the axes of the hidden space more, or less, than chance has it. Needs numpy, not torch.

What is compared are statistics of one model as trained and after random rotations (measures/rotations.py).
"""

import numpy as np
import pandas as pd
from jaxtyping import Float

from superposition.exact.functions import PI, arccos
from superposition.exact.sums import mean
from superposition.readings.results import Tables


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


def chance_in_two_dimensions(alignment: Float[np.ndarray, "..."]) -> Float[np.ndarray, "..."]:
    """Probability that a random direction in the plane has at most this alignment, max(cos^2, sin^2) of its angle.

    With a = cos^2 t, t in [0, 45] degrees counted from the nearer axis, all t are alike: 1 - 4 arccos(sqrt a) / pi.
    """
    return np.asarray(1 - 4 * arccos(np.sqrt(np.clip(alignment, 0.5, 1.0))) / PI)
