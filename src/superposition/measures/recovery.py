"""Sparse recovery: how many active features come back from h = W x, by the model's read-out and by other decoders.

Three kinds of projections W: the trained ones, Gaussian ones, and directions that were moved apart. From h each of
these looks for x >= 0:

    relu_readout     the model's own ReLU(W_out h + b); of the other projections ReLU(a (W^T h - c)), where the two
                     numbers a and c suit data like that of training best
    nnls             non-negative least squares (Lawson & Hanson 1974, "Solving Least Squares Problems")
    lasso            of all x >= 0 that explain h, the one with the smallest sum: the non-negative lasso as its penalty
                     goes to 0 (Donoho & Tanner 2005, "Sparse nonnegative solution of underdetermined linear equations
                     by linear programming")
    omp              orthogonal matching pursuit (Pati et al. 1993), which does not know that x >= 0
    pseudo_inverse   of all x that explain h, the shortest: the best of linear read-outs where nothing is known of x

All have the same bits everywhere: sums are exact, or in a fixed order. Solvers leave errors of less than 1e-9, or of
more than 0.1 where they take other features for the active ones; what they leave is not shown as an error.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import nan
from typing import Any

import numpy as np
import pandas as pd
import torch
from jaxtyping import Bool, Float, Int
from numpy import ndarray

from superposition.exact.functions import normal_quantile
from superposition.exact.grids import INPUT, WEIGHT
from superposition.exact.linear import orthonormal, solve
from superposition.exact.philox import WORD, stream_key, words
from superposition.exact.sparse import matching_pursuit, non_negative_least_squares
from superposition.exact.sums import matmul, mean, total
from superposition.features.sets import draws
from superposition.measures.columns import N_HIDDEN, NO_UNIT, Column
from superposition.measures.trained import TrainedModel, to_grid

TRAINED, RANDOM, OPTIMISED = "trained", "gaussian", "optimised"
READ_OUT, PSEUDO_INVERSE = "relu_readout", "pseudo_inverse"

AS_TRAINED = 10  # times as many samples as of each number of active features, of data like that of training
NOTHING = 1e-6  # of a feature, whose values go up to 1: far above what solvers leave, far below what matters
DIGITS = 4  # of medians, which are about 1 at most, and significant ones of losses
NO_LOSS = 1e-9  # squared error, which is 0.01 or less; the lasso's penalty leaves about 1e-12
# The penalty of the lasso, of which the solution is off by about its square.
PENALTY = 1e-3
# Of the length of a hidden dimension's weights: if the others leave no more of it, it is a combination of them.
DEPENDENT = 1e-9
# Steps and their length, by which directions move apart. Twice as many lower the sum of fourth powers of cosines of 40
# features by less than 8% in up to 24 dimensions [measured].
STEPS, RATE = 400, 2.0**-3
CUBES = 16  # fraction bits that cubes of cosines are rounded to before they are summed
LOCATIONS = 64  # thresholds c that are tried, from 0 to 1

ROWS = "projection, decoder and number of active features"
COLUMNS = (
    Column("projection", "str", NO_UNIT, "trained, gaussian, or optimised: directions that were moved apart"),
    Column("number", "int64", NO_UNIT, "seed of a trained projection; which of the others"),
    Column("instance", "int64", NO_UNIT, "of a trained projection; -1 for others"),
    Column("best", "bool", NO_UNIT, "whether a trained one has the lowest loss at its width; true for others"),
    N_HIDDEN,
    Column("decoder", "str", NO_UNIT, "relu_readout, nnls, lasso, omp or pseudo_inverse (measures/recovery.py)"),
    Column("active", "float64", "features", "that are active; missing for data like that of training"),
    Column("recovered", "float64", NO_UNIT, "share of samples with |x' - x| up to the tolerance times |x|"),
    Column("found", "float64", NO_UNIT, "share of samples whose active features all come out above all others"),
    Column("error", "float64", NO_UNIT, "median of |x' - x| / |x|, of 4 digits"),
    Column("loss", "float64", "squared error", "(x'_i - x_i)^2, mean over samples and features"),
)
EXAMPLE = {"linear": {"active": [1, 2], "matrices": 1, "samples": 8, "tolerance": 0.05}}


@dataclass(frozen=True)
class Projection:
    kind: str  # trained, gaussian or optimised
    number: int  # the seed of a trained one; which of the others
    instance: int  # -1 unless trained
    best: bool  # of trained ones, whether its loss is the lowest at its width; of others true
    W: Float[ndarray, "hidden feature"]  # on the weight grid
    read_out: Callable[[ndarray], ndarray]  # from x [feature, sample] to the same shape


def table(models: Sequence[TrainedModel], settings: Mapping[str, Any]) -> pd.DataFrame:
    """One row for each projection, decoder and number of active features; NaN for data like that of training.

    `recovered` is the share of samples with an error ||x' - x|| of at most the tolerance times ||x||, `found` that of
    samples of which all active features come out above all others, `error` the median of ||x' - x|| / ||x||, and
    `loss` the mean squared error over features and samples.
    """
    rows = []
    n, names = models[0].W.shape[1], models[0].names
    drawn = as_in_training(models[0], AS_TRAINED * settings["samples"])
    for one in _projections(models, drawn, settings["matrices"]):
        inputs = [
            *(with_active(n, active, settings["samples"], one.number, names) for active in settings["active"]),
            drawn,
        ]
        # All samples go together: solvers take as long for a few.
        outputs = decoded(one, np.hstack(inputs))
        end = 0
        for active, x in zip((*settings["active"], nan), inputs, strict=True):
            start, end = end, end + x.shape[1]
            for decoder, y in outputs.items():
                rows.append(
                    {
                        "projection": one.kind,
                        "number": one.number,
                        "instance": one.instance,
                        "best": one.best,
                        "n_hidden": len(one.W),
                        "decoder": decoder,
                        "active": float(active),
                    }
                    | judged(x, y[:, start:end], settings["tolerance"])
                )
    return pd.DataFrame(rows)


def judged(
    x: Float[ndarray, "feature sample"], y: Float[ndarray, "feature sample"], tolerance: float
) -> dict[str, float]:
    """What the table says of outputs `y` that are to be `x`; samples without an active feature count for the loss."""
    off, size = (np.sqrt(total(part * part, axis=0)) for part in (y - x, x))
    some = size > 0
    relative = off[some] / size[some]
    return {
        "recovered": float(mean(relative <= tolerance)),
        "found": float(mean(tells_apart(x, y)[some])),
        "error": round(float(np.median(relative)), DIGITS),
        "loss": _rounded(float(mean(off * off)) / len(x)),
    }


def tells_apart(x: Float[ndarray, "feature sample"], y: Float[ndarray, "feature sample"]) -> Bool[ndarray, " sample"]:
    """Of each sample, whether `y` is larger for all active features than for all others."""
    least = np.where(x > 0, y, np.inf).min(axis=0)
    largest = np.where(x > 0, -np.inf, y).max(axis=0)
    return least > largest + NOTHING


def with_active(
    n: int, active: int, samples: int, number: int, names: Mapping[str, object]
) -> Float[ndarray, "feature sample"]:
    """Samples of which as many random features are active, with values U[0, 1] on the input grid, but for 0."""
    drawn = _words({**names, "data": "active features", "active": active, "number": number}, 2 * n, samples)
    order = np.argsort(drawn[:n], axis=0, kind="stable")
    values = np.maximum(np.round(drawn[n:] * (2.0**INPUT.fraction_bits / WORD)), 1) * 2.0**-INPUT.fraction_bits
    x = np.zeros((n, samples))
    chosen = order[:active]
    np.put_along_axis(x, chosen, np.take_along_axis(values, chosen, axis=0), axis=0)
    return x


def decoded(one: Projection, x: Float[ndarray, "feature sample"]) -> dict[str, Float[ndarray, "feature sample"]]:
    """What each decoder makes of h = W x."""
    h = matmul(one.W, x)
    return {READ_OUT: one.read_out(x)} | {name: decode(one.W, h) for name, decode in SOLVERS.items()}


def smallest_sum(W: Float[ndarray, "hidden feature"], h: Float[ndarray, "hidden sample"]) -> ndarray:
    """The non-negative lasso, as non-negative least squares with a row more, which says that the sum of x is 0.

    min ||W x - h||^2 + p^2 (sum x)^2 over x >= 0 has the optimality conditions of the lasso with the penalty
    2 p^2 sum x for each unit of sum x.
    """
    row, zero = np.full((1, W.shape[1]), PENALTY), np.zeros((1, h.shape[1]))
    return non_negative_least_squares(np.vstack([W, row]), np.vstack([h, zero]))


def shortest(W: Float[ndarray, "hidden feature"], h: Float[ndarray, "hidden sample"]) -> ndarray:
    """From the coordinates of x along orthonormal directions of the weights: all that h tells of x."""
    kept = independent(W)
    if not kept:
        return np.zeros((W.shape[1], h.shape[1]))
    directions = orthonormal(W[kept].T)
    return matmul(directions, solve(matmul(W[kept], directions), h[kept]))


def independent(W: Float[ndarray, "hidden feature"]) -> list[int]:
    """Hidden dimensions of which all others are combinations, in the order of how much they add to those before."""
    size = np.sqrt(total(W * W, axis=1))
    left = W / np.where(size > 0, size, 1.0)[:, None]
    kept: list[int] = []
    for _ in range(min(W.shape)):
        squares = total(left * left, axis=1)
        most = int(squares.argmax())
        if squares[most] <= DEPENDENT * DEPENDENT:
            break
        kept.append(most)
        direction = left[most] / np.sqrt(squares[most])
        left = left - total(left * direction, axis=1)[:, None] * direction
        left[most] = 0.0
    return kept


SOLVERS: dict[str, Callable[[ndarray, ndarray], ndarray]] = {
    "nnls": non_negative_least_squares,
    "lasso": smallest_sum,
    "omp": matching_pursuit,
    PSEUDO_INVERSE: shortest,
}


def gaussian(m: int, n: int, number: int, names: Mapping[str, object]) -> Float[ndarray, "hidden feature"]:
    """Independent normal entries of variance 1 / m, so that columns have a mean squared length of 1."""
    drawn = _words({**names, "matrix": "gaussian", "n_hidden": m, "number": number}, m, n)
    return to_grid(normal_quantile((drawn + 0.5) / WORD) / np.sqrt(m), WEIGHT.fraction_bits)


def moved_apart(W: Float[ndarray, "hidden feature"]) -> Float[ndarray, "hidden feature"]:
    """Columns of length 1, by gradient descent on the sum of fourth powers of their cosines.

    Interference of a few is what recovery fails at, so that the largest cosines count most (Elad 2007, "Optimized
    projections for compressed sensing", lowers all that are above a threshold instead).
    """
    W = unit(W)
    for _ in range(STEPS):
        cosines = matmul(W.T, W)
        np.fill_diagonal(cosines, 0)
        W = unit(W - RATE * matmul(W, to_grid(cosines * cosines * cosines, CUBES)))
    return W


def unit(W: Float[ndarray, "hidden feature"]) -> Float[ndarray, "hidden feature"]:
    """Columns of length 1, on the weight grid."""
    on_grid = to_grid(W, WEIGHT.fraction_bits)
    return to_grid(on_grid / np.sqrt(total(on_grid * on_grid, axis=0)), WEIGHT.fraction_bits)


def fitted(W: Float[ndarray, "hidden feature"], x: Float[ndarray, "feature sample"]) -> tuple[float, float]:
    """a and c of ReLU(a (W^T W x - c)) with the least squared error on `x`, c of a few values."""
    read = to_grid(matmul(W.T, matmul(W, x)))
    best = (np.inf, 0.0, 0.0)
    for c in np.arange(LOCATIONS) / LOCATIONS:
        y = np.maximum(read - c, 0.0)
        explained, size = float(total(y * x)), float(total(y * y))
        if size > 0:
            best = min(best, (-explained * explained / size, explained / size, float(c)))
    return best[1], best[2]


def _projections(
    models: Sequence[TrainedModel], x: Float[ndarray, "feature sample"], matrices: int
) -> Iterator[Projection]:
    """The trained ones of all seeds, and `matrices` of either other kind at each width."""
    for model in models:
        yield Projection(TRAINED, model.seed, model.instance, model.best, model.W, model.outputs)
    for m in sorted({len(model.W) for model in models}):
        for number in range(matrices):
            drawn = gaussian(m, len(x), number, models[0].names)
            for kind, W in ((RANDOM, drawn), (OPTIMISED, moved_apart(drawn))):
                yield Projection(kind, number, -1, True, W, _read_out(W, *fitted(W, x)))


def _read_out(W: ndarray, a: float, c: float) -> Callable[[ndarray], ndarray]:
    return lambda x: np.maximum(a * (matmul(W.T, matmul(W, x)) - c), 0.0)


def as_in_training(model: TrainedModel, samples: int) -> Float[ndarray, "feature sample"]:
    """Of all features, each with the density that the model was trained at."""
    count = draws(torch.tensor(model.density).unsqueeze(0), [model.sets], [model.set_size])
    # A copy: what comes out of a table may be read-only, of which torch warns.
    return replace(model, density=model.density.copy()).draw(
        _words({**model.names, "data": "as in training"}, count, samples)
    )


def _words(names: Mapping[str, object], rows: int, samples: int) -> Int[ndarray, "row sample"]:
    keys = torch.tensor([stream_key({**names, "measure": "recovery"})])
    return words(keys, rows, torch.arange(samples), torch.tensor(0))[0].numpy()


def _rounded(loss: float) -> float:
    """To significant digits, and to 0 where it is no more than what solvers leave."""
    return float(f"{loss:.{DIGITS - 1}e}") if loss > NO_LOSS else 0.0
