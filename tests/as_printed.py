"""What the paper prints of each experiment, or says of it, as tables of models that are put together by hand."""

from collections.abc import Mapping, Sequence
from itertools import combinations
from math import nan
from typing import Any

import numpy as np

from superposition.readings.results import Tables
from superposition.theory import dimensions
from superposition.theory.attacks import READ_OFF
from superposition.theory.polytopes import digon, polygon, square_antiprism, tegum_product, tetrahedron
from superposition.theory.uneven_density import pentagons
from tests.hand_made import HandMade, directions, pairs_in, tables


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
    mixed[20:] += 0.7 * np.roll(own, 10, axis=1)[20:]  # features 21 to 30 on the neurons of 11 to 20
    shared = sum(np.roll(own, shift, axis=1) for shift in (0, 20, 40, 60, 80))
    shown = {1.0: own, 0.3: own, 0.1: slightly, 0.03: mixed, 0.01: mixed, 0.003: mixed, 0.001: shared}
    return tables(
        [
            HandMade(
                W=W.tolist(),
                W_out=np.divide(1, np.abs(W), out=np.zeros_like(W), where=W != 0).T.tolist(),
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


def asymmetric_superposition() -> Tables:
    """Nine neurons have half of one of features 1 to 5 each, the tenth the other half of 5, and 6, as in the paper.

    Its input weights are 2 and -1/2, its output weights 1/2 and 2. The second half of feature 4 hears feature 5, and
    inhibits 6 but in the seeds from 80 on.
    """
    W = np.zeros((10, 6))
    W[:9, :5] = halves(5, 5)[[0, 1, 2, 3, 4, 5, 6, 7, 9]]
    W[9, 4:] = 2, -0.5
    W_out = np.where(W != 0, 1.0, 0.0).T
    W_out[4:, 9] = 0.5, 2
    W[7, 4] = 0.25
    importance = [0.7**i for i in range(6)]
    models = []
    for seed in range(200):
        W_out[5, 7] = -16 if seed < 80 else 0
        models.append(
            HandMade(
                W.tolist(),
                [0.0] * 6,
                0.8,
                importance,
                "0.7^i",
                "absolute_value",
                seed,
                1e-3 + 1e-5 * seed,
                W_out.tolist(),
            )
        )
    return tables(models)


def blocks(n_hidden: int, n_features: int, dedicated: int, polygons: Sequence[int]) -> list[list[float]]:
    """The first features have a dimension each, the next ones share two in regular polygons, the rest is 0."""
    W = np.zeros((n_hidden, n_features))
    W[np.arange(dedicated), np.arange(dedicated)] = 1
    row = column = dedicated
    for corners in polygons:
        W[row : row + 2, column : column + corners] = directions(360 / corners * np.arange(corners), [1] * corners)
        row, column = row + 2, column + corners
    return W.tolist()


def larger(
    m: int, ratio: float, shown: Mapping[float, tuple[int, list[int]]], n: int, steps: Sequence[int] = (0, 10, 20)
) -> Tables:
    """ReLU models of one seed; `shown` has, by density, how many features are dedicated, and the polygons' corners."""
    importance = [ratio**i for i in range(n)]
    return tables(
        [
            HandMade(blocks(m, n, *shown[s]), [0.0] * n, round(1 - s, 6), importance, f"{ratio:.3g}^i", loss=0.01 * s)
            for s in shown
        ],
        steps,
    )


def basic_results_large() -> Tables:
    """20, 26, 32, 41, 50, 55 and 55 features in 20 dimensions."""
    crowded: tuple[int, list[int]] = (0, [5] * 5 + [6] * 5)
    fewer = [(20, []), (14, [4] * 3), (8, [4] * 6), (4, [4] * 3 + [5] * 5), (0, [5] * 10)]
    return larger(
        20, 0.9, dict(zip(BASIC_DENSITIES, [*fewer, crowded, crowded], strict=True)), n=80, steps=(0, 1000, 5000)
    )


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
    shown: dict[float, Any] = {  # 1 / (1 - S): factors of a tegum product, or W itself
        1.0: random * (30 / (random**2).sum()) ** 0.5,
        1.33: simplices,
        1.5: [*[polygon(3)] * 8, *[tetrahedron()] * 4, digon(), digon()],
        1.7: [*[polygon(3)] * 8, *[digon()] * 14],
        1.9: [*[polygon(3)] * 2, *[digon()] * 26],
        2.5: [digon()] * 30,
        2.75: [digon()] * 30,
        3.0: [digon()] * 30,
        3.5: [digon()] * 30,
        4.5: mixed,
    }
    for x in (5.5, 6.0, 6.5, 7.0, 7.5, 8.0, 8.5, 9.0, 9.5, 10.0):
        per_feature = np.interp(x, list(dimensions.READ_OFF), list(dimensions.READ_OFF.values()))
        shown[x] = random * (30 / per_feature / (random**2).sum()) ** 0.5
    models = []
    for x, made in shown.items():
        W = np.zeros((30, 400))
        product = made if isinstance(made, np.ndarray) else tegum_product(*made)
        W[: product.shape[0], : product.shape[1]] = product
        norm, clean = 1.15 / x**0.5, 0.09 / x
        vulnerable = np.interp(x, list(READ_OFF), [vulnerability for vulnerability, _ in READ_OFF.values()])
        attack = (norm, clean, clean + vulnerable * norm**2 / 400)
        # Squared error as if as many features came back as there are dimensions, or 0.6 / (s log(1/s)) times that.
        recovered = 30 * max(1.0, 0.6 * x / np.log(x) if x >= 2 else 1.0)
        loss = (1 / x / 3 - 1 / x**2 / 4) * (1 - recovered / 400)
        models += [
            HandMade(W.tolist(), [0.0] * 400, 1 - 1 / x, seed=seed, loss=loss * (1 + 0.01 * seed), attack=attack)
            for seed in range(2)
        ]
    return tables(models)


def geometry_of(n: int, m: int) -> Tables:
    """As many dimensions for each feature as `geometry` has between its points."""
    reference = geometry()
    best = reference.best
    log_x = np.log(1 / (1 - best["sparsity"].to_numpy()))
    random = np.random.default_rng(0).standard_normal((m, n))
    models = []
    for x in (1.1, 1.65, 2.2, 3.0, 4.5, 10.0):
        per_feature = np.interp(np.log(x), log_x, best["dimensions_per_feature"])
        W = random * (m / per_feature / (random**2).sum()) ** 0.5
        models.append(HandMade(W.tolist(), [0.0] * n, 1 - 1 / x))
    return tables(models)


def geometry_small() -> Tables:
    return geometry_of(200, 15)


def geometry_large() -> Tables:
    return geometry_of(800, 60)


def learning_dynamics() -> Tables:
    """Nine digons and a dimension with a little of each of the other features, which after step 6100 is a digon too.

    From step 4800 on feature 18 has the place of 17, which has that dimension to itself until 19 comes.
    """
    before = np.array(pairs_in(10, 100, 0, 9))
    before[9, 18:] = 0.1 * (-1.0) ** np.arange(82)
    between = np.array(pairs_in(10, 100, 0, 9))
    between[8, 16:19] = 1, 0, -1
    between[9, 19:] = 0.0712 * (-1.0) ** np.arange(81)  # 81 of 0.0712^2 are 0.41, and 1 / 1.41 is 0.71
    between[9, 17] = 1
    after = between.copy()
    after[9, 18:] = 0
    after[9, 19] = -1
    steps = (0, 100, 3000, 3500, 4000, 4400, 4800, 5400, 6100, 10000)
    way = [0.01 * before, 0.1 * before, before, before, before, before, between, between, after, after]
    levels = [0.07, 0.07, 0.0655, 0.0655 + 1e-6, 0.0655, 0.0655 + 1e-6, 0.0655 - 1e-5, 0.0655 - 1e-5]
    levels += [0.0655 - 4.75e-4, 0.0655 - 4.75e-4]
    models = [HandMade(after.tolist(), [0.0] * 100, 0.7, seed=seed, loss=levels[-1]) for seed in range(4)]
    return tables(models, steps, np.repeat(np.array(way)[:, None], 4, axis=1), levels)


def stages_of_two_triangles() -> np.ndarray:
    """What two sets of three features go through [stage, hidden, feature]: little, an axis, a prism, an antiprism."""
    turn = 2 * np.pi * np.arange(3) / 3
    triangle = np.stack([np.sqrt(2 / 3) * np.cos(turn), np.sqrt(2 / 3) * np.sin(turn), np.full(3, np.sqrt(1 / 3))])
    axis = np.array([[0.0], [0.0], [0.58]]).repeat(3, axis=1)
    pairs = [(0.01 * axis, -0.01 * axis), (axis, -axis), (triangle, triangle * [[1], [1], [-1]]), (triangle, -triangle)]
    return np.array([np.hstack(pair) for pair in pairs])


def geometric_transformations() -> Tables:
    """Three seeds that go all the way."""
    way = stages_of_two_triangles()
    made = [
        HandMade(way[-1].tolist(), [0.0] * 6, 0.99, seed=seed, loss=1e-5, sets="correlated", set_size=3)
        for seed in range(3)
    ]
    path = np.repeat(np.array(way)[:, None], 3, axis=1)
    return tables(made, (0, 100, 1000, 10000), path, [3.3e-3, 3.3e-3 / 6, 3e-5, 1e-5])


def averaged_bias() -> Tables:
    """A tenth of a digon's weight on each neuron of every other feature, where many are active; nothing where few."""
    importance = [0.95**i for i in range(200)]
    pairs = np.array(pairs_in(5, 200, 0, 5))
    average = pairs.copy()
    average[:, 10:] = 0.02
    alone = np.array(pairs_in(5, 200, 5, 0))
    kinds = {
        ("relu_output", 0.7): (pairs, 1.0, nan),
        ("relu_output", 0.97): (pairs, 1.0, nan),
        ("relu_hidden", 0.7): (average, 1.02, 0.95),
        ("relu_hidden", 0.97): (alone, 1.2, 0.1),
    }
    return tables(
        [
            HandMade(
                W.tolist(),
                [0.0] * 200,
                sparsity,
                importance,
                "0.95^i",
                name,
                seed,
                loss=0.001 * loss * (1 + seed / 10),
                active=active,
            )
            for (name, sparsity), (W, loss, active) in kinds.items()
            for seed in range(2)
        ]
    )


def hidden_bias() -> Tables:
    """Models with a bias do what those without a ReLU do."""
    importance = [0.75**i for i in range(10)]
    kinds = {"relu_output": (1.0, 0.0, nan), "with_hidden_bias": (1.005, 0.8, 0.99)}
    return tables(
        [
            HandMade(
                pairs_in(5, 10, 5 - pairs, pairs),
                [0.0] * 10,
                sparsity,
                importance,
                "0.75^i",
                name,
                seed,
                loss=0.001 * loss * (1 + seed / 10),
                hidden_bias=[bias] * 5,
                active=active,
            )
            for name, (loss, bias, active) in kinds.items()
            for sparsity, pairs in ((0.7, 2), (0.9, 5))
            for seed in range(2)
        ]
    )


def hidden_l1() -> Tables:
    """Pairs become dedicated features, and those of importance below 1.49 times the penalty go."""
    importance = [0.7**i for i in range(20)]
    shown = {  # penalty: dedicated features, pairs, task loss
        0.0: (1, 4, 4e-4),
        0.01: (1, 4, 4.01e-4),
        0.04: (3, 2, 5e-4),
        0.1: (4, 1, 7e-4),
        0.15: (5, 0, 10e-4),
        0.2: (4, 0, 14e-4),
        0.3: (3, 0, 20e-4),
        0.5: (1, 0, 37e-4),
    }
    return tables(
        [
            HandMade(
                pairs_in(5, 20, dedicated, pairs),
                [0.0] * 20,
                0.9,
                importance,
                "0.7^i",
                "relu_output" if penalty == 0 else f"l1_{penalty:g}".replace(".", "_"),
                seed,
                loss=loss * (1 + seed / 10),
                hidden_l1=penalty,
                penalty=penalty * 0.05,
            )
            for penalty, (dedicated, pairs, loss) in shown.items()
            for seed in range(2)
        ]
    )


def adversarial_training() -> Tables:
    """Antipodal pairs whose vectors get shorter, and then a dimension for each feature."""
    shown = {0.0: (0, 4, 1.0), 0.2: (0, 4, 0.95), 0.4: (0, 4, 0.8), 0.6: (4, 0, 0.7), 1.0: (1, 0, 0.6)}
    return tables(
        [
            HandMade(
                (length * np.array(pairs_in(4, 20, dedicated, pairs))).tolist(),
                [0.0] * 20,
                0.7,
                model="relu_output" if radius == 0 else f"attacked_{radius:g}".replace(".", "_"),
                seed=seed,
                loss=0.05 + 0.02 * radius + 0.001 * seed,
                training_attack=radius,
            )
            for radius, (dedicated, pairs, length) in shown.items()
            for seed in range(2)
        ]
    )


def correlated_features() -> Tables:
    """Set-mates at right angles where a set is active together, opposite where only one of it ever is."""
    shown = {"correlated": [0, 90, 180, 270], "anticorrelated": [0, 180, 90, 270]}
    return tables(
        [
            HandMade(
                directions(degrees, [1] * 4), [0.0] * 4, sparsity, seed=seed, loss=0.001 * seed, sets=sets, set_size=2
            )
            for sets, degrees in shown.items()
            for sparsity in (0.5, 0.95)
            for seed in range(2)
        ]
    )


def correlated_pairs() -> Tables:
    """Three correlated pairs that collapse one by one as density grows, as the paper prints it, and six independent
    features that form a pentagon.
    """
    r = 0.5**0.5
    none = directions([-32, 32, 88, 152, 208, 272], [0.97] * 6)
    one = directions([0, 0, 90, 150, 210, 270], [r, r, 0.95, 0.95, 0.95, 0.95])
    two = directions([0, 0, 90, 90, 180, 270], [r, r, r, r, 1, 1])
    t = directions([0, 0, 90, 90, 180, 180], [r] * 6)
    y = directions([0, 0, 120, 120, 240, 240], [r] * 6)
    shown = {0.02: none, 0.05: none, 0.1: one, 0.15: two, 0.2: two, 0.25: t, 0.3: t, 0.4: t, 0.5: y, 0.6: y}
    pentagon = directions([0, 72, 144, 216, 288, 0], [1.05] * 5 + [0])
    kinds = (("correlated", 2, shown), ("independent", 1, dict.fromkeys(shown, pentagon)))
    return tables(
        [
            HandMade(W, [-0.05] * 6, round(1 - density, 6), seed=seed, sets=sets, set_size=size)
            for sets, size, models in kinds
            for density, W in models.items()
            for seed in range(2)
        ]
    )


def local_orthogonal_bases() -> Tables:
    """Two orthonormal bases of ten dimensions; eight vectors of each are nearly opposite, two are not."""
    first, second = np.eye(10), -np.eye(10)
    second[8:, 8:] = [[0.6, 0.8], [-0.8, 0.6]]
    around = np.eye(10) - 0.2 * np.ones((10, 10))  # a reflection, by which all dot products across become +-0.2
    W = np.hstack([first, around @ second])
    return tables(
        [HandMade(W.tolist(), [0.0] * 20, 0.95, seed=seed, sets="correlated", set_size=10) for seed in (0, 1)]
    )


def varied_feature_density(scale: float = 1.0) -> Tables:
    """The best pentagon, and two digons without the varied feature and without another one, at 21 densities.

    `scale` makes pentagons longer or shorter than is best for them.
    """
    relative = np.round(np.geomspace(0.1, 10, 21), 10)
    square = directions([0, 90, 180, 270, 0], [1, 1, 1, 1, 0])
    # A little of the dropped feature on another one, whose bias is negative, lowers the loss by 2 %.
    another = directions([90, 180, 270, 90, 0], [1.048, 1.003, 1.009, 0.41, 1.003])
    models = []
    for density, pentagon in zip(0.05 * relative, pentagons(0.05, 0.05 * relative), strict=True):
        shapes = [
            ((scale * pentagon.W).tolist(), pentagon.b.tolist()),
            (square, [0.0] * 4 + [density / 2]),
            (another, [-0.155, 0.0, 0.0, 0.011, 0.0]),
        ]
        sparsity = [0.95] * 4 + [1 - density]
        models += [HandMade(W, b, sparsity, seed=seed) for seed, (W, b) in enumerate(shapes)]
    return tables(models)
