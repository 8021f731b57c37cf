"""Where superposition begins as features get sparser, and what it gains and costs there (Elhage et al. 2022,
"Definitions and Motivation"). Of models of several importance curves; needs pandas, not torch.
"""

from collections.abc import Iterable, Sequence

import pandas as pd

from superposition.readings.ranking import by_rank, ranked
from superposition.readings.results import NotInThisRun, Tables
from superposition.readings.solutions import Setting, Solution, by_density, densities, extra
from superposition.readings.split_losses import split_losses
from superposition.theory.tipping import tipping_density_of_minima

Sweep = dict[float, dict[float, Solution]]  # by ratio of importance and density, from dense to sparse


def sweeps(tables: Tables, settings: Iterable[Setting]) -> list[Sweep]:
    """The models with the lowest loss at each density and importance, those with the next one, ..."""
    return ranked({setting.importance_ratio: by_density(tables, setting) for setting in settings})


def from_dense_to_sparse(tables: Tables, settings: Sequence[Setting]) -> list[Sweep]:
    """`sweeps` that begin where theory has no superposition yet, and go on beyond where it begins."""
    begin = [tipping_density_of_minima(setting.importance_ratio) for setting in settings]
    for setting in settings:
        present = densities(tables, setting)
        if not present[-1] < min(begin) or not present[0] > max(begin):
            raise NotInThisRun(f"the claim needs densities from above {max(begin):.2f} to below {min(begin):.2f}")
    return sweeps(tables, settings)


def first_superposed(models: dict[float, Solution]) -> tuple[float, float]:
    """The sparsest density above which no model has more features than dimensions, and the next one, which has.

    (0, 0) if there is none; 1 is the first where already the densest has.
    """
    before = 1.0
    for s, one in models.items():
        if one.represented > len(one.W):
            return before, s
        before = s
    return 0.0, 0.0


def balance(tables: Tables) -> pd.DataFrame:
    """ReLU models from dense to sparse: `ratio` of importance, `rank` by loss, and what superposition gains and costs.

    `gained` is the loss of the best linear model on the same data less `missing`, what features cost that are not
    represented; `interference` what those cost that are.
    """
    extra(tables, "ablations")
    rows = split_losses(tables)
    rows = rows[rows["own"] & (rows["without"] == "nothing")].sort_values(["data_density", "rank"])
    where = ["ratio", "data_density"]
    linear = rows[rows["model"] == "linear"].drop_duplicates(where).set_index(where)["total"]
    rows = rows[rows["model"] == "relu_output"].join(linear.rename("linear"), on=where)
    if rows.empty or rows["linear"].isna().any() or rows["ratio"].isna().any():
        raise NotInThisRun("the claim needs linear and relu_output models at the same densities and importances")
    rows = rows.assign(gained=rows["linear"] - rows["missing"])
    return rows.sort_values(["ratio", "data_density"], ascending=False, kind="stable")


def costs_over_gains(tables: Tables, ratios: Iterable[float]) -> list[dict[float, dict[float, float]]]:
    """By ratio of importance and density, interference over what is gained where models have more features than
    dimensions, from dense to sparse: of the models with the lowest loss at each density, of the next ones, ...
    """
    wanted = list(ratios)
    return [
        {ratio: _cost_over_gain(rank[rank["ratio"] == ratio]) for ratio in wanted} for rank in by_rank(balance(tables))
    ]


def _cost_over_gain(rows: pd.DataFrame) -> dict[float, float]:
    superposed = rows[rows["n_represented"] > rows["n_hidden"]]
    shares = superposed["interference"] / superposed["gained"]
    return dict(zip(superposed["data_density"].tolist(), shares.tolist(), strict=True))
