"""A phase diagram read off trained models: what becomes of the last feature at each density and relative importance."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float

from superposition.exact.functions import log
from superposition.exact.sums import mean, total
from superposition.measures.thresholds import REPRESENTED_NORM
from superposition.readings.kinds import has_one_width, is_plain
from superposition.readings.results import NotInThisRun, Tables
from superposition.theory.phases import SUPERPOSED, margin, phase

SAME = 1.15  # ratio of densities, and of importances, up to which one stands for another
SHARED_SUPERPOSITION = 0.5  # of a feature that shares its direction; a dedicated one has 0, an antipodal one 1
CELL = ["density", "importance"]
# Ranges of density and relative importance that the diagram covers, as the paper's does, and the largest ratio of
# neighbours within them, for a share of cells to mean something.
REGION = {"density": (0.01, 1.0), "importance": (0.1, 10.0)}
FINE = 1.3
MODELS = 5  # of a cell at least, for the best of them to mean something

Diagram = pd.DataFrame  # `phase_diagram`

# How the models of a cell are made one, by the one of the lowest loss or by the mean of all but that of the highest:
# the columns of norm and phase.
BEST, MEAN = ("norm", "found"), ("mean_norm", "mean_found")


@dataclass(frozen=True)
class Column:
    """The last feature at one relative importance, from sparse to dense."""

    importance: float
    density: Float[np.ndarray, " density"]
    norm: Float[np.ndarray, " density"]
    shared: Bool[np.ndarray, " density"]  # whether it is in superposition

    @property
    def end_of_superposition(self) -> tuple[float, float]:
        """The densities between which it ends, so that the least range of log density is on the wrong side.

        Beyond the boundary single cells near r = 1 have both features on one side of the dimension, the "confused"
        phase. 0 if it never begins, 1 if it does not end.
        """
        count = last_shared(self.density, self.shared)
        return (
            float(self.density[count - 1]) if count else 0.0,
            float(self.density[count]) if count < len(self.shared) else 1.0,
        )


def runs(tables: Tables) -> pd.DataFrame:
    """One row per instance: density, importance, norm and superposition of its last feature, loss, seed, rank, best."""
    last = tables.features[tables.features["feature"] == tables.n_features - 1]
    columns = ["instance", "density", "importance", "norm", "superposition", "seed", "best"]
    return last[columns].merge(tables.instances[["instance", "loss", "rank"]], on="instance")


def cells(tables: Tables) -> pd.DataFrame:
    """One row per density and importance, of the last feature.

    `norm` and `superposition` are those of the model with the lowest loss, `mean_norm` and `mean_superposition` means
    over all but the one with the highest loss (the paper's rule), `models` how many there are and `superposed` how many
    of them have it in superposition.
    """
    every = runs(tables).sort_values(["density", "importance", "rank"], ignore_index=True)
    every["superposed"] = phase_of(every["norm"], every["superposition"]) == SUPERPOSED
    grouped = every.groupby(["density", "importance"], sort=True)
    table = grouped[["norm", "superposition"]].first()
    kept = every[(grouped.cumcount(ascending=False) > 0) | (grouped["seed"].transform("size") == 1)]
    columns = kept.groupby(["density", "importance"], sort=True)[["norm", "superposition"]]
    means = columns.agg(_mean).add_prefix("mean_")
    counts = grouped.agg(models=("seed", "size"), superposed=("superposed", np.count_nonzero))
    return pd.concat([table, means, counts], axis=1).reset_index()


def phase_diagram(tables: Tables, n_features: int) -> Diagram:
    """`cells` of n features in n - 1 dimensions within `REGION`, with what becomes of the last feature: `found` in the
    best model, `mean_found` by the mean, `theory`, with `margin`, by how much the second best solution is worse.

    Raises NotInThisRun unless the region is covered, neighbours being within a factor `FINE`, by cells of `MODELS`
    models or more.
    """
    if (tables.n_features, set(tables.instances["n_hidden"])) != (n_features, {n_features - 1}):
        raise NotInThisRun(f"the claim is about n = {n_features}, m = {n_features - 1}")
    if not is_diagram(tables):
        raise NotInThisRun("the claim is about relu_output models of independent features, the last of which varies")
    table = cells(tables)
    for axis, (low, high) in REGION.items():
        table = table[table[axis].between(low / SAME, high * SAME)]
        known = np.sort(table[axis].unique(), kind="stable")
        edges = np.array([low, *known, high])
        if len(known) < 2 or not bool((edges[1:] <= FINE * edges[:-1]).all()):
            raise NotInThisRun(f"the claim needs {axis} from {low:g} to {high:g}, neighbours within a factor {FINE:g}")
    if table["models"].min() < MODELS:
        raise NotInThisRun(f"the claim needs cells of {MODELS} models; this run has {table['models'].min()}")
    table = table.reset_index(drop=True)
    s, r = table["density"].to_numpy(), table["importance"].to_numpy()
    return table.assign(
        found=phase_of(table["norm"], table["superposition"]),
        mean_found=phase_of(table["mean_norm"], table["mean_superposition"]),
        theory=phase(n_features, s, r),
        margin=margin(n_features, s, r),
    )


def phases_of_models(tables: Tables, chosen: pd.DataFrame) -> np.ndarray:
    """What becomes of the last feature in each single model of some cells, [model]."""
    own = runs(tables).merge(chosen[CELL], on=CELL)
    return phase_of(own["norm"], own["superposition"])


def agreeing(tables: Tables, chosen: pd.DataFrame) -> tuple[int, int]:
    """Of the single models of some cells of a `phase_diagram`, how many have the phase of theory, and how many are."""
    own = runs(tables).merge(chosen[[*CELL, "theory"]], on=CELL)
    return int(np.count_nonzero(phase_of(own["norm"], own["superposition"]) == own["theory"])), len(own)


def cells_at(table: pd.DataFrame, importance: float) -> pd.DataFrame:
    """The cells of the relative importance nearest to this one, from sparse to dense."""
    own = table[table["importance"] == nearest(table["importance"], importance, "relative importance")]
    return own.sort_values("density", kind="stable", ignore_index=True)


def columns_by_rank(tables: Tables, chosen: pd.DataFrame) -> list[Column]:
    """The models of the cells of one importance: those with the lowest loss at each density, the next ones, ..."""
    own = runs(tables).merge(chosen[CELL], on=CELL).sort_values(["density", "rank"], kind="stable")
    own = own.assign(found=phase_of(own["norm"], own["superposition"]))
    return [column_of(own[own["rank"] == rank], *BEST) for rank in range(int(chosen["models"].min()))]


def column_of(rows: pd.DataFrame, norm: str, found: str) -> Column:
    """`norm` and `found` are the columns that have norm and phase."""
    return Column(
        importance=float(rows["importance"].iloc[0]),
        density=rows["density"].to_numpy(),
        norm=rows[norm].to_numpy(),
        shared=(rows[found] == SUPERPOSED).to_numpy(),
    )


def is_diagram(tables: Tables) -> bool:
    """Whether models differ in the density of all features and the importance of the last one alone."""
    own = tables.instances
    others = tables.features[tables.features["feature"] < tables.n_features - 1]
    return (
        is_plain(tables)
        and has_one_width(tables)
        and set(own["model"]) == {"relu_output"}
        and bool(own["density"].notna().all())
        and bool((others["importance"] == 1).all())
    )


def nearest(values: pd.Series, wanted: float, what: str) -> float:
    """The value that is nearest to one that a claim is about, in ratio; raises NotInThisRun if that is not near."""
    found = float(values.iloc[int(np.abs(log(values / wanted)).argmin())])
    if not 1 / SAME <= found / wanted <= SAME:
        raise NotInThisRun(f"no {what} near {wanted:g} in this run; the nearest is {found:g}")
    return found


def last_shared(densities: Float[np.ndarray, " density"], shared: Bool[np.ndarray, " density"]) -> int:
    """How many of rising densities count as in superposition, from the sparse end on.

    So that the least of the range of log density is on the wrong side; each density stands for what is nearest to it.
    """
    middles = log(densities)
    edges = np.concatenate([middles[:1], (middles[1:] + middles[:-1]) / 2, middles[-1:]])
    range_of = np.diff(edges)
    wrong = [
        float(total(range_of[:count][~shared[:count]]) + total(range_of[count:][shared[count:]]))
        for count in range(len(shared) + 1)
    ]
    return min(range(len(wrong)), key=lambda count: (round(wrong[count], 9), count))


def phase_of(norm: pd.Series, superposition: pd.Series) -> np.ndarray:
    """What becomes of a feature: the names of `theory.phases`."""
    shared = np.where(superposition > SHARED_SUPERPOSITION, "in superposition", "dedicated")
    return np.where(norm > REPRESENTED_NORM, shared, "ignored")


def _mean(values: pd.Series) -> float:
    return float(mean(values))
