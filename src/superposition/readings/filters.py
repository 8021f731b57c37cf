"""Models with and without each part that filters interference, and losses with it taken away (claims and figures of
`noise_filters`).

Losses are compared with the least one of models without superposition, of the same importances and density. From the
table `ablations`, by `readings.split_losses`; needs pandas, not torch.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from jaxtyping import Float

from superposition.exact.functions import log, power
from superposition.exact.sums import line, total
from superposition.readings.ranking import by_rank
from superposition.readings.results import NotInThisRun, Tables
from superposition.readings.solutions import Setting, Solution, extra, matching
from superposition.readings.split_losses import split_losses
from superposition.theory.losses import without_superposition

# What is taken away after training: the part that is switched off, and whether data are as in training or else dense.
PARTS = {"ReLU": ("relu", True), "bias": ("bias", True), "sparsity": ("nothing", False)}
LEAST_DATA = 3  # densities of data, for a line


@dataclass(frozen=True)
class TakenAway:
    """Models of one rank at several densities, from dense to sparse: losses over the least without superposition."""

    density: Float[np.ndarray, " density"]  # in training
    intact: Float[np.ndarray, " density"]
    without: dict[str, Float[np.ndarray, " density"]]  # by part


def plain_loss(setting: Setting, density: float) -> float:
    """The least loss without superposition: a dimension for each of the most important features."""
    importance = power(setting.importance_ratio, np.arange(setting.n_features))
    return without_superposition(np.full(setting.n_features, density), importance, setting.n_hidden)


def over_plain(tables: Tables, settings: Iterable[Setting]) -> pd.DataFrame:
    """`split_losses` of the models of settings that differ in the model alone, with the `ratio` of each total to
    `plain_loss` on the same data; raises NotInThisRun where they were not measured, or a model is missing.
    """
    extra(tables, "ablations")
    wanted = list(settings)
    own = pd.concat([matching(tables, setting) for setting in wanted])
    rows = split_losses(tables)
    rows = rows[rows["instance"].isin(own["instance"])]
    plain = {s: plain_loss(wanted[0], s) for s in rows["data_density"].unique()}
    return rows.assign(ratio=rows["total"] / rows["data_density"].map(plain))


def taken_away(tables: Tables, settings: Sequence[Setting], parts: Iterable[str], at_most: float) -> list[TakenAway]:
    """The models of the first setting with the lowest loss at each density up to one, those with the next one, ...,
    with and without parts; all settings are those of `over_plain`.
    """
    rows = over_plain(tables, settings)
    rows = rows[(rows["model"] == settings[0].model) & (rows["density"] <= at_most)]
    if rows.empty:
        raise NotInThisRun(f"the claim needs models at densities of at most {at_most:.3g}")
    rows = rows.sort_values(["density", "rank"], ascending=[False, True])
    return [_taken_away(own, parts) for own in by_rank(rows)]


def _taken_away(own: pd.DataFrame, parts: Iterable[str]) -> TakenAway:
    intact = own[own["own"] & (own["without"] == "nothing")]
    without = {}
    for name in parts:
        part, trained_data = PARTS[name]
        chosen = own[(own["without"] == part) & (own["own"] == trained_data)]
        chosen = chosen if trained_data else chosen[chosen["data_density"] == 1.0]
        if len(chosen) != len(intact):
            raise NotInThisRun(f"{name} was not taken away in this run")
        without[name] = chosen["ratio"].to_numpy()
    return TakenAway(intact["density"].to_numpy(), intact["ratio"].to_numpy(), without)


def exponents(tables: Tables, settings: Sequence[Setting], setting: Setting, density: float) -> list[dict[str, float]]:
    """As which power of the density of the data interference grows, in each model of one of the settings at one
    density, lowest loss first: by what is switched off, `nothing` or `relu`; empty where there is no interference.
    """
    rows = over_plain(tables, settings)
    rows = rows[(rows["model"] == setting.model) & np.isclose(rows["density"], density) & ~rows["own"]]
    if rows["data_density"].nunique() < LEAST_DATA:
        raise NotInThisRun(f"the claim needs {setting.model} models at density {density:g}, on several data")
    if not {"nothing", "relu"} <= set(rows["without"]):
        raise NotInThisRun("the ReLU was not switched off in this run")
    models = rows.sort_values("rank", kind="stable").groupby("instance", sort=False)
    return [_exponents(own) if (own["interference"] > 0).all() else {} for _, own in models]


def _exponents(own: pd.DataFrame) -> dict[str, float]:
    return {
        str(part): line(log(group["data_density"]), log(group["interference"]))[0]
        for part, group in own.groupby("without")
    }


def features_per_dimension(model: Solution) -> float:
    """||W||_F^2 / m, the paper's features per dimension."""
    return float(total(np.square(model.norms))) / len(model.W)
