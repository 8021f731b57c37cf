"""What stands in the files that the stages make: every table with its columns, every array with its axes.

The measure stage does not read this, so that a better word measures nothing anew. Tables that some experiments only
have are described by the measures that make them (measures/columns.py). A test holds all of it to the files.
`make docs` makes docs/data.md of it, `Result.describe` a table.
"""

from dataclasses import dataclass
from functools import cache

from superposition.measures.columns import FEATURE, INSTANCE, N_HIDDEN, NO_UNIT, Column, of_some_experiments


@dataclass(frozen=True)
class Table:
    file: str
    rows: str  # what there is one row of
    columns: tuple[Column, ...]
    only: str = ""  # which experiments have it, if not all


@dataclass(frozen=True)
class Array:
    file: str
    shape: str
    dtype: str  # as numpy has it
    unit: str
    meaning: str


HIDDEN = Column("hidden", "int64", NO_UNIT, "number of the hidden dimension, from 0")
STEP = Column("step", "int64", "steps", "optimiser steps that were done")
MODEL = Column("model", "str", NO_UNIT, "name of the architecture: a preset, or a model of params.yaml's")
SPARSITY = Column(
    "sparsity", "float64", NO_UNIT, "probability S that a feature is 0; missing where features differ in it"
)
SPARSITY_LABEL = Column("sparsity_label", "str", NO_UNIT, "the same in words, which tells apart where features differ")
SETS = Column(
    "sets",
    "str",
    NO_UNIT,
    "which features are active together: independent, correlated, anticorrelated, exactly 2 or ring of width 2, or a "
    "list of sets or parents; `, never empty` where samples have an active feature",
)
SET_SIZE = Column(
    "set_size",
    "int64",
    "features",
    "in each set of neighbours; 1 if independent, 0 if sets differ or features have parents",
)
SEED = Column("seed", "int64", NO_UNIT, "what tells apart models at the same point: initial weights, and training data")
VALUES = Column(
    "values",
    "str",
    NO_UNIT,
    "law of features that are not 0: uniform on [0, 1] (unit) or [-1, 1] (signed), or its name and numbers",
)
STREAM = Column("stream", "str", NO_UNIT, "name of its random streams, in JSON: what an instance is known by")
BEST = Column("best", "bool", NO_UNIT, "whether its loss is the lowest at its point: rank 0")
CURVE = "how importance falls from feature to feature, in words: 1, 0.9^i, last 0.1, listed ..."
IMPORTANCE = Column("importance", "float64", NO_UNIT, "weight I_i of the feature's squared error in the loss")
DENSITY = Column(
    "density",
    "float64",
    NO_UNIT,
    "probability 1 - S_i that the feature is active, or that the set is of which one feature or some are; if samples "
    "are never empty, before empty ones are left out",
)
LOSS = "importance-weighted mean squared error of the held-out samples, mean over samples and features"
DIMENSIONALITY = "D_i = |W_i|^2 / sum_j (W_i_hat . W_j)^2: the share of a dimension that the feature gets"


def _short(column: Column) -> Column:
    """As it is stored in tables with many rows."""
    return Column(column.name, {"int64": "int32", "float64": "float32"}[column.dtype], column.unit, column.meaning)


NORM = Column(
    "norm", "float64", "weights", "|W_i|, how strongly the feature is represented: about 1 if it is, 0 if not"
)
OWN_DIMENSIONALITY = Column("dimensionality", "float64", "dimensions", DIMENSIONALITY)

WORLDS: dict[str, Table] = {
    "instances": Table(
        "data/worlds/NAME/instances.parquet",
        "model",
        (
            *(INSTANCE, MODEL, N_HIDDEN, SPARSITY, SPARSITY_LABEL),
            Column("importance", "str", NO_UNIT, CURVE),
            *(SETS, SET_SIZE, SEED, VALUES, STREAM),
        ),
    ),
    "features": Table(
        "data/worlds/NAME/features.parquet", "model and feature", (INSTANCE, FEATURE, IMPORTANCE, DENSITY)
    ),
}

# Of all experiments.
TABLES: dict[str, Table] = {
    "instances": Table(
        "data/tables/NAME/instances.parquet",
        "model",
        (
            *(INSTANCE, MODEL, N_HIDDEN, SPARSITY, SPARSITY_LABEL),
            Column("importance_curve", "str", NO_UNIT, CURVE),
            *(SETS, SET_SIZE, SEED, VALUES, STREAM),
            Column(
                "density", "float64", NO_UNIT, "probability 1 - S that a feature is active; missing where they differ"
            ),
            Column(
                "point", "int64", NO_UNIT, "number of its point: models that differ in nothing but the seed share it"
            ),
            Column("loss", "float64", "squared error", LOSS),
            Column("n_represented", "int64", "features", "with |W_i| > 0.5"),
            Column(
                "n_dedicated", "int64", "features", "represented in a direction of their own: superposition below 0.1"
            ),
            Column("frobenius_squared", "float64", "weights^2", "|W|_F^2, about the number of represented features"),
            Column(
                "dimensions_per_feature",
                "float64",
                "dimensions",
                "D* = m / |W|_F^2; infinite if nothing is represented",
            ),
            Column(
                "hidden_l1",
                "float64",
                "squared error",
                "what training adds to a sample's summed squared error per unit of |h|",
            ),
            Column("training_attack", "float64", NO_UNIT, "length of attacks in training, over a sample's mean norm"),
            Column("rank", "int64", NO_UNIT, "place by loss among the models at its point, from 0"),
            BEST,
            Column("standard_error", "float64", "squared error", "of `loss`"),
            Column("held_out_samples", "int64", "samples", "that `loss` is of; of the empty ones only one counts"),
            Column(
                "behind",
                "float64",
                "standard errors",
                "of the difference, by which `loss` is above the lowest at its point; 0 for that one",
            ),
            Column("attack_norm", "float64", "values of x", "L2 norm of the attack; missing where none is measured"),
            Column("clean_loss", "float64", "squared error", "loss of the samples that are attacked, before they are"),
            Column(
                "attacked_loss",
                "float64",
                "squared error",
                "loss where each sample meets the attack that harms it most",
            ),
            Column(
                "penalty",
                "float64",
                "squared error",
                "hidden_l1 |h|, mean over samples and features, which `loss` is without",
            ),
            Column("penalty_error", "float64", "squared error", "standard error of `penalty`"),
        ),
    ),
    "features": Table(
        "data/tables/NAME/features.parquet",
        "model and feature",
        (
            *(INSTANCE, MODEL, N_HIDDEN, SPARSITY),
            Column("importance_curve", "str", NO_UNIT, CURVE),
            *(SETS, SEED, BEST, FEATURE, IMPORTANCE, DENSITY, NORM),
            Column(
                "superposition", "float64", "weights^2", "sum_{j != i} (W_i_hat . W_j)^2: what others project onto W_i"
            ),
            OWN_DIMENSIONALITY,
            Column("bias", "float64", "values of x", "b_i of the output; 0 for models without"),
        ),
    ),
    "weights": Table(
        "data/tables/NAME/weights.parquet",
        "model, hidden dimension and feature",
        (
            *(INSTANCE, HIDDEN, FEATURE),
            Column("value", "float64", "weights", "W[hidden, feature]"),
            Column("value_out", "float64", "weights", "W_out[feature, hidden]; missing in tied models: `value` again"),
        ),
    ),
    "history": Table(
        "data/tables/NAME/history.parquet",
        "model and snapshot",
        (INSTANCE, STEP, Column("loss", "float64", "squared error", LOSS)),
    ),
    "learning": Table(
        "data/tables/NAME/learning.parquet",
        "model, snapshot and feature",
        tuple(map(_short, (INSTANCE, STEP, FEATURE, NORM, OWN_DIMENSIONALITY))),
    ),
    "trajectories": Table(
        "data/tables/NAME/trajectories.parquet",
        "model, snapshot, hidden dimension and feature; empty for experiments of over a million of them",
        tuple(
            map(_short, (INSTANCE, STEP, HIDDEN, FEATURE, Column("value", "float64", "weights", "W[hidden, feature]")))
        ),
    ),
    "hidden": Table(
        "data/tables/NAME/hidden.parquet",
        "model and hidden dimension",
        (
            *(INSTANCE, HIDDEN),
            Column("bias", "float64", "values of h", "c of the hidden dimension; 0 for models without"),
            Column(
                "active",
                "float64",
                NO_UNIT,
                "share of held-out samples with W x + c > 0; missing where h is linear or not known",
            ),
        ),
    ),
}


@cache
def of_measures() -> dict[str, Table]:
    """Of some experiments. Not before somebody asks: what measures needs PyTorch, which takes seconds to import."""
    return {
        key: Table(f"data/tables/NAME/{key}.parquet", module.ROWS, module.COLUMNS, only=f"measures.{key}")
        for key, module in of_some_experiments().items()
    }


_W = "input weights, W_i = W[:, i] the direction of feature i; rows that a narrower model lacks are 0"
_W_OUT = "output weights, of models that are not tied"
_B, _C = "bias of the output, of models that have one", "bias of the hidden layer, of models that have one"
_WEIGHTS, _SNAPSHOTS = "data/trained/NAME/weights", "data/trained/NAME/snapshots"

ARRAYS: tuple[Array, ...] = (
    Array("data/worlds/NAME/held_out.npy", "[draw, sample]", "uint32", NO_UNIT, "random words of the held-out samples"),
    Array(
        "data/worlds/NAME/sample.npy",
        "[instance, draw, sample]",
        "uint32",
        NO_UNIT,
        "random words of a fixed training sample, where training.sample_size is a number",
    ),
    Array(f"{_WEIGHTS}/MODEL.W.npy", "[place, hidden, feature]", "float32", "weights", _W),
    Array(f"{_WEIGHTS}/MODEL.W_out.npy", "[place, feature, hidden]", "float32", "weights", _W_OUT),
    Array(f"{_WEIGHTS}/MODEL.b.npy", "[place, feature]", "float32", "values of x", _B),
    Array(f"{_WEIGHTS}/MODEL.b_hidden.npy", "[place, hidden]", "float32", "values of h", _C),
    Array(f"{_SNAPSHOTS}/step.npy", "[snapshot]", "int64", "steps", "steps after which snapshots were taken"),
    Array(f"{_SNAPSHOTS}/MODEL.W.npy", "[snapshot, place, hidden, feature]", "float32", "weights", "W then"),
    Array(f"{_SNAPSHOTS}/MODEL.W_out.npy", "[snapshot, place, feature, hidden]", "float32", "weights", "W_out then"),
    Array(f"{_SNAPSHOTS}/MODEL.b.npy", "[snapshot, place, feature]", "float32", "values of x", "b then"),
    Array(f"{_SNAPSHOTS}/MODEL.b_hidden.npy", "[snapshot, place, hidden]", "float32", "values of h", "c then"),
)
HISTORY = Table("data/trained/NAME/history.parquet", "model and snapshot", TABLES["history"].columns)

FILES: dict[str, str] = {
    "data/params.json": "params.yaml as it was checked last, without comments",
    "data/code/STAGE.json": "digests of the files that a stage runs; for train, measure and plot, of each experiment",
    "data/worlds/NAME/training.json": "what training reads of the parameters: models, n_features, initial, training, "
    "values",
    "data/measures/NAME.json": "what else is measured: the experiment's `measures`",
    "data/manifests/NAME.json": "versions, device and time of a training run; no hash depends on it, and DVC has none "
    "of it",
    "reports/claims.json": "one object per claim: id, section, statement, paper (its value), measured, tolerance, "
    "limit and fixed (whose limit decides, and whether it was set before a result was seen), share (single runs that "
    "meet it, with an interval), spread (the same in words), verdict (holds, holds_at_best, differs_from_print or "
    "fails), figure, full_scale (verdict, measured, spread and share of a run at full scale, its instances and commit, "
    "and same_criterion, false if the claim has changed since; null where there was none)",
    "reports/metrics.json": "claims: how many of each verdict; experiments: how many claims each has and how many of "
    "them hold, and for each point, by its number, where it is, loss and n_represented of the best model, "
    "with six digits; their means where there are more than 100 points",
    "reports/metrics/NAME.json": "of these, for `dvc metrics` and `dvc exp`: claims, how many of them hold, and means "
    "of loss and n_represented over all points; all-experiments.json has the sums of the first two",
    "reports/curves/NAME.csv": "point, step and held-out loss of the best model at each point that learning curves "
    "show, for `dvc plots`",
    "reports/costs.csv": "instances, steps and seconds of each experiment's training, when `make costs` noted them",
    "reports/speed.csv": "what `make bench` measured: median, least and greatest of each quantity",
    "reports/fidelity.csv": "what `python -m benchmarks.fidelity` found: of settings that the paper does not have, "
    "medians and ranges over seeds of exact and of plain float32 training, and whether they differ by more than seeds "
    "do",
    "reports/full_scale/NAME": "figures, claims.json and run.json (commit, device, seconds) of a run at full scale",
}
