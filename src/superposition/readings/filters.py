"""Models with and without each part that filters interference, and losses with it taken away (claims and figures of
`noise_filters`).

Losses are compared with the least one of models without superposition, of the same importances and density. From the
table `ablations`, by `readings.split_losses`; needs pandas, not torch.
"""

from collections.abc import Iterable

import numpy as np
import pandas as pd

from superposition.exact.functions import power
from superposition.exact.sums import total
from superposition.readings.ranking import ranked
from superposition.readings.results import Tables
from superposition.readings.solutions import Setting, Solution, densities, extra, matching, solutions
from superposition.readings.split_losses import split_losses
from superposition.theory.losses import without_superposition

Sweep = dict[float, Solution]  # by density, from dense to sparse


def by_density(tables: Tables, setting: Setting) -> list[Sweep]:
    """The models with the lowest loss at each density, those with the next one, ..."""
    return ranked({s: solutions(tables, setting, s) for s in densities(tables, setting)})


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


def features_per_dimension(model: Solution) -> float:
    """||W||_F^2 / m, the paper's features per dimension."""
    return float(total(np.square(model.norms))) / len(model.W)
