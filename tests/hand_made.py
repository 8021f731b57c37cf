"""Tables of models whose weights are put together by hand, made by the functions that make them of trained ones."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import cos, pi, sin
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from superposition.measures.results import Tables
from superposition.measures.tables import features_table, instances_table, weights_table
from superposition.theory.polytopes import digon, polygon, square_antiprism, tegum_product, tetrahedron


@dataclass(frozen=True)
class HandMade:
    """One model: `W` is [hidden, feature], `W_out` [feature, hidden] unless tied, all else that is listed [feature]."""

    W: Sequence[Sequence[float]]
    b: Sequence[float]
    sparsity: float | Sequence[float] = 0.0
    importance: Sequence[float] | None = None
    importance_label: str = "1"
    model: str = "relu_output"
    seed: int = 0
    loss: float = 0.01
    W_out: Sequence[Sequence[float]] | None = None


def directions(degrees: Sequence[float], norms: Sequence[float]) -> list[list[float]]:
    """Features in the plane, [2, feature]."""
    angles = [pi * degree / 180 for degree in degrees]
    return [
        [norm * cos(angle) for angle, norm in zip(angles, norms, strict=True)],
        [norm * sin(angle) for angle, norm in zip(angles, norms, strict=True)],
    ]


def pairs_in(n_hidden: int, n_features: int, dedicated: int, pairs: int) -> list[list[float]]:
    """The first features have a dimension each, the next ones share one in antipodal pairs, the rest is 0."""
    W = np.zeros((n_hidden, n_features))
    W[np.arange(dedicated), np.arange(dedicated)] = 1
    for pair in range(pairs):
        W[dedicated + pair, dedicated + 2 * pair] = 1
        W[dedicated + pair, dedicated + 2 * pair + 1] = -1
    return W.tolist()


def world(models: Sequence[HandMade]) -> tuple[pd.DataFrame, pd.DataFrame]:
    instances, features = [], []
    for instance, model in enumerate(models):
        each = isinstance(model.sparsity, Sequence)
        n = len(model.b)
        sparsity = model.sparsity if isinstance(model.sparsity, Sequence) else [model.sparsity] * n
        instances.append(
            {
                "instance": instance,
                "model": model.model,
                "sparsity": float("nan") if each else sparsity[0],
                "importance": model.importance_label,
                "seed": model.seed,
                "values": "unit",
            }
        )
        importance = model.importance or [1.0] * n
        features += [
            {"instance": instance, "feature": i, "importance": importance[i], "density": 1 - sparsity[i]}
            for i in range(n)
        ]
    return pd.DataFrame(instances), pd.DataFrame(features)


def tables(models: Sequence[HandMade], steps: Sequence[int] = (0, 10, 20)) -> Tables:
    instances, features = world(models)
    W = torch.tensor([model.W for model in models], dtype=torch.float64)
    tied = torch.full_like(W[0].mT, torch.nan)
    W_out = torch.stack([tied if model.W_out is None else torch.tensor(model.W_out).double() for model in models])
    b = torch.tensor([model.b for model in models], dtype=torch.float64)
    loss = torch.tensor([model.loss for model in models], dtype=torch.float64)
    measured = instances_table(instances, features, W, loss)
    history = [
        {"instance": instance, "step": step, "loss": model.loss * (1 + 3 / (1 + step))}
        for instance, model in enumerate(models)
        for step in steps
    ]
    return Tables(
        instances=measured,
        features=features_table(measured, features, W, b),
        weights=weights_table(W, W_out),
        history=pd.DataFrame(history),
    )


def write(made: Tables, folder: Path) -> None:
    """As the measure stage leaves them, in data/tables/<key>."""
    folder.mkdir(parents=True)
    for name in ("instances", "features", "weights", "history"):
        getattr(made, name).to_parquet(folder / f"{name}.parquet", index=False, compression=None)


def intro() -> Tables:
    """What the paper's first figure shows, three seeds at each sparsity; the last seed at 0.9 found two pairs only."""
    importance = [0.9**i for i in range(5)]
    plane = directions([20, 110, 0, 0, 0], [1, 1, 0.02, 0.01, 0.03])
    square = directions([10, 100, 190, 280, 0], [1, 1, 1, 1, 0.02])
    pentagon = directions([15, 159, 303, 87, 231], [1.1, 1.1, 1.1, 1.08, 1.07])
    shown = ((0.0, plane, [0, 0, 0.5, 0.5, 0.5]), (0.8, square, [0.01] * 4 + [0.1]), (0.9, pentagon, [-0.2] * 5))
    return tables(
        [
            HandMade(
                W=square if (sparsity, seed) == (0.9, 2) else W,
                b=[0.0] * 5 if (sparsity, seed) == (0.9, 2) else b,
                sparsity=sparsity,
                importance=importance,
                importance_label="0.9^i",
                seed=seed,
                loss=0.01 * (1 - sparsity) + 0.001 * seed,
            )
            for sparsity, W, b in shown
            for seed in range(3)
        ]
    )


BASIC_DENSITIES = (1.0, 0.3, 0.1, 0.03, 0.01, 0.003, 0.001)


def basic_results() -> Tables:
    """Linear and ReLU models at the paper's seven densities; at 0.03 and below, 12 features share 5 dimensions."""
    importance = [0.7**i for i in range(20)]
    crowded = np.zeros((5, 20))  # two dimensions hold a pentagon each, the fifth an antipodal pair
    for start in (0, 2):
        turn = 2 * np.pi * np.arange(5) / 5
        crowded[start, 5 * (start // 2) : 5 * (start // 2) + 5] = np.cos(turn)
        crowded[start + 1, 5 * (start // 2) : 5 * (start // 2) + 5] = np.sin(turn)
    crowded[4, 10:12] = 1, -1
    kept = {1.0: (5, 0), 0.3: (3, 2), 0.1: (1, 4)}
    models = []
    for name in ("linear", "relu_output"):
        for density in BASIC_DENSITIES:
            if name == "linear":
                W, b = pairs_in(5, 20, 5, 0), [0.0] * 5 + [density / 2] * 15
            elif density in kept:
                W, b = pairs_in(5, 20, *kept[density]), [0.0] * 20
            else:
                W, b = crowded.tolist(), [-0.1] * 12 + [0.0] * 8
            models += [
                HandMade(
                    W, b, round(1 - density, 6), importance, "0.7^i", name, seed, loss=0.01 * density * (1 + seed / 10)
                )
                for seed in range(2)
            ]
    return tables(models)


def halves(n_features: int, pairs: int) -> np.ndarray:
    """Input weights [hidden, feature] of a neuron for x > 0 and one for x < 0 of each of the first features."""
    W = np.zeros((2 * pairs, n_features))
    W[2 * np.arange(pairs), np.arange(pairs)] = 1
    W[2 * np.arange(pairs) + 1, np.arange(pairs)] = -1
    return W


def absolute_value() -> Tables:
    """Two neurons for each feature; the last seed at each density has two that compute the same half."""
    importance = [0.7**i for i in range(3)]
    found = halves(3, 3)
    stuck = found * [[1], [-1], [1], [1], [1], [1]]
    return tables(
        [
            HandMade(
                W=(0.5 * W).tolist(),
                W_out=(2 * np.abs(W).T).tolist(),
                b=[0.0] * 3,
                sparsity=sparsity,
                importance=importance,
                importance_label="0.7^i",
                model="absolute_value",
                seed=seed,
                loss=loss,
            )
            for sparsity in (0.0, 0.8)
            for seed, (W, loss) in enumerate([(found, 1e-6), (found, 2e-6), (stuck, 0.02)])
        ]
    )


def computation() -> Tables:
    """Two neurons for each of 20 features, then with a little of others, and then with one or four others as well."""
    importance = [0.8**i for i in range(100)]
    own = halves(100, 20)
    slightly, mixed = own.copy(), own.copy()
    slightly[32:] += 0.2 * np.roll(own, 20, axis=1)[32:]  # features 37 to 40 on the neurons of 17 to 20
    mixed[20:] += np.roll(own, 10, axis=1)[20:]  # features 21 to 30 on the neurons of 11 to 20
    shared = sum(np.roll(own, shift, axis=1) for shift in (0, 20, 40, 60, 80))
    shown = {1.0: own, 0.3: own, 0.1: slightly, 0.03: mixed, 0.01: mixed, 0.003: mixed, 0.001: shared}
    return tables(
        [
            HandMade(
                W=W.tolist(),
                W_out=np.abs(W).T.tolist(),
                b=[0.0] * 100,
                sparsity=round(1 - density, 6),
                importance=importance,
                importance_label="0.8^i",
                model="absolute_value",
                seed=seed,
                loss=1e-8 * (1 + seed),
            )
            for density, W in shown.items()
            for seed in range(2)
        ]
    )


def blocks(n_hidden: int, n_features: int, dedicated: int, polygons: Sequence[int]) -> list[list[float]]:
    """The first features have a dimension each, the next ones share two in regular polygons, the rest is 0."""
    W = np.zeros((n_hidden, n_features))
    W[np.arange(dedicated), np.arange(dedicated)] = 1
    row = column = dedicated
    for corners in polygons:
        W[row : row + 2, column : column + corners] = directions(360 / corners * np.arange(corners), [1] * corners)
        row, column = row + 2, column + corners
    return W.tolist()


def larger(m: int, ratio: float, shown: Mapping[float, tuple[int, list[int]]], n: int) -> Tables:
    """ReLU models of one seed; `shown` has, by density, how many features are dedicated, and the polygons' corners."""
    importance = [ratio**i for i in range(n)]
    return tables(
        [
            HandMade(blocks(m, n, *shown[s]), [0.0] * n, round(1 - s, 6), importance, f"{ratio:.3g}^i", loss=0.01 * s)
            for s in shown
        ]
    )


def basic_results_large() -> Tables:
    """20, 26, 32, 41, 50, 55 and 55 features in 20 dimensions."""
    crowded: tuple[int, list[int]] = (0, [5] * 5 + [6] * 5)
    fewer = [(20, []), (14, [4] * 3), (8, [4] * 6), (4, [4] * 3 + [5] * 5), (0, [5] * 10)]
    return larger(20, 0.9, dict(zip(BASIC_DENSITIES, [*fewer, crowded, crowded], strict=True)), n=80)


def notebook() -> Tables:
    """At every second of 20 densities two features more, and two dimensions less with one feature alone."""
    return larger(
        20, 100 ** (-1 / 99), {20 ** (-k / 19): (20 - 2 * (k // 2), [4] * (k // 2)) for k in range(20)}, n=100
    )


PRIVILEGED_DENSITIES = (0.7, 0.3, 0.15, 0.12, 0.06, 0.03)


def privileged_basis() -> Tables:
    """What the paper's stack plots show, neurons in its order; without a ReLU, five features in oblique directions."""
    importance = [0.75**i for i in range(10)]
    linear = np.zeros((5, 10))
    linear[:, :5] = np.eye(5) - 2 / 5  # a reflection: orthogonal, off the axes
    shown = [np.zeros((5, 10)) for _ in PRIVILEGED_DENSITIES]
    identity, two, three, four, five, pairs = shown
    for W, alone in ((identity, 5), (two, 3), (three, 2), (four, 1)):
        W[range(alone), range(alone)] = 1
    two[3:, 3:6] = [[0.9, 0.9, -0.8], [0.9, -0.8, 0.9]]
    three[2:, 2:7] = [[-0.7, -0.7, 0.7, 0.7, 0.7], [1.0, -0.5, 0.9, -0.2, -0.2], [-0.5, 1.0, -0.2, 0.9, -0.2]]
    for W, first, half in ((four, 1, 3), (five, 0, 4)):  # one neuron tells important from unimportant features
        columns = range(first, first + half), range(first + half, first + 2 * half)
        W[first, columns[0]], W[first, columns[1]] = -0.7, 0.7
        W[first + 1 :, columns[0]] = 0.6 - 1.6 * np.eye(half)
        W[first + 1 :, columns[1]] = -0.2 + 1.1 * np.eye(half)
    for feature, pair in enumerate(combinations(range(5), 2)):
        pairs[:, feature] = -0.5
        pairs[list(pair), feature] = 0.8
    return tables(
        [
            HandMade(
                W.tolist(),
                [0.0] * 10,
                round(1 - density, 6),
                importance,
                "0.75^i",
                name,
                seed,
                loss=0.01 + 0.001 * seed,
            )
            for name, solutions in (("relu_output", [linear] * len(shown)), ("relu_hidden", shown))
            for density, W in zip(PRIVILEGED_DENSITIES, solutions, strict=True)
            for seed in range(2)
        ]
    )


def geometry() -> Tables:
    """400 features in 30 dimensions, as the paper's figures have them, two seeds at each density."""
    simplices = [*[tetrahedron()] * 9, polygon(3), digon()]
    mixed = [*[polygon(5)] * 8, *[square_antiprism()] * 4, digon(), digon()]
    random = np.random.default_rng(0).standard_normal((30, 400))
    shown = {  # 1 / (1 - S): factors of a tegum product, or W itself
        1.0: random * (30 / (random**2).sum()) ** 0.5,
        1.33: simplices,
        1.5: [*[polygon(3)] * 8, *[tetrahedron()] * 4, digon(), digon()],
        1.7: [*[polygon(3)] * 8, *[digon()] * 14],
        1.9: [*[polygon(3)] * 2, *[digon()] * 26],
        2.5: [digon()] * 30,
        3.0: [digon()] * 30,
        3.5: [digon()] * 30,
        4.5: mixed,
        7.0: random * (30 / 0.28 / (random**2).sum()) ** 0.5,
        10.0: random * (30 / 0.22 / (random**2).sum()) ** 0.5,
    }
    models = []
    for x, made in shown.items():
        W = np.zeros((30, 400))
        product = made if isinstance(made, np.ndarray) else tegum_product(*made)
        W[: product.shape[0], : product.shape[1]] = product
        models += [
            HandMade(W.tolist(), [0.0] * 400, 1 - 1 / x, seed=seed, loss=0.1 / x + 0.01 * seed) for seed in range(2)
        ]
    return tables(models)
