from dataclasses import replace

import numpy as np
import pytest

from superposition.claims import evaluate
from superposition.figures import figures_of, svg
from superposition.readings.transformations import in_order, octahedron, path_of, shape, stages, turn
from superposition.theory.losses import one_direction_for_a_set
from tests import as_printed

NEAR_ZERO, AXIS, PRISM, ANTIPRISM = as_printed.stages_of_two_triangles()
WAY = np.stack([NEAR_ZERO, AXIS, PRISM, ANTIPRISM])
LOSS = np.array([1.0, 1 / 6, 0.01, 0.001])


def turned(W: np.ndarray, degrees: float) -> np.ndarray:
    """The second set turned about the third axis."""
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    about = np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]])
    return np.hstack([W[:, :3], about @ W[:, 3:]])


def anyhow(W: np.ndarray) -> np.ndarray:
    """Rotated and mirrored, by an orthogonal matrix."""
    Q, _ = np.linalg.qr(np.random.default_rng(0).standard_normal((3, 3)))
    return Q @ W


@pytest.mark.parametrize(
    ("degrees", "expected"), [(0, 0), (20, 20), (59, 59), (60, 60), (100, 20), (120, 0), (-45, 45), (200, 40)]
)
def test_triangles_are_turned_by_as_much_as_they_were(degrees, expected):
    assert turn(turned(PRISM, degrees)) == pytest.approx(expected, abs=1e-6)
    assert turn(anyhow(turned(PRISM, degrees))) == pytest.approx(expected, abs=1e-6)


def test_a_prism_and_an_antiprism():
    assert turn(np.stack([PRISM, ANTIPRISM])) == pytest.approx([0, 60])
    assert turn(np.zeros((3, 6))) == 0
    # the corners of each triangle are at right angles: 2/3 * cos(120 deg) + 1/3 = 0
    assert shape(PRISM).mates_off_right == pytest.approx(0)
    assert shape(PRISM).norm == pytest.approx(1)
    assert shape(PRISM).means == pytest.approx(-1)
    assert shape(AXIS).mates_least == pytest.approx(1)


def test_only_pairs_across_sets_make_the_octahedron():
    assert octahedron(ANTIPRISM)
    assert octahedron(anyhow(ANTIPRISM))
    assert octahedron(ANTIPRISM[:, [0, 1, 2, 4, 5, 3]])  # whichever partners
    assert not octahedron(PRISM)
    assert not octahedron(ANTIPRISM[:, [0, 3, 1, 4, 2, 5]])  # antipodal set-mates
    assert not octahedron(np.zeros((3, 6)))
    assert not octahedron(turned(ANTIPRISM, 20))


def test_stages_are_told_apart():
    at = stages(WAY, LOSS)
    assert {name: found.tolist() for name, found in at.items()} == {
        "A": [True, False, False, False],
        "B": [False, True, False, False],
        "C": [False, False, True, False],
        "D": [False, False, False, True],
    }
    assert in_order(at)


@pytest.mark.parametrize(
    "order", [[0, 2, 1, 3], [0, 1, 3], [0, 2, 3], [0, 1, 2], [0, 1, 2, 3, 2], [0, 1, 3, 2]], ids=str
)
def test_other_ways_are_not_in_order(order):
    assert not in_order(stages(WAY[order], LOSS[order]))


def test_sets_at_an_angle_do_not_share_an_axis():
    bent = AXIS.copy()
    bent[0, 3:] = 0.58  # the means at 135 degrees
    assert not in_order(stages(np.stack([NEAR_ZERO, bent, PRISM, ANTIPRISM]), LOSS))


def test_one_direction_leaves_a_sixth():
    nodes, weights = np.polynomial.legendre.leggauss(4)
    x, chance = (nodes + 1) / 2, weights / 2
    grid = np.stack(np.meshgrid(x, x, x)).reshape(3, -1)
    p = np.einsum("i,j,k->ijk", chance, chance, chance).ravel()
    left = p @ ((grid - grid.mean(axis=0)) ** 2).sum(axis=0)  # exact: the integrand is quadratic
    assert one_direction_for_a_set(3) == pytest.approx(left / (p @ (grid**2).sum(axis=0)))
    assert one_direction_for_a_set(1) == 0


def test_a_path_is_read_from_tables():
    steps, W, loss = path_of(as_printed.geometric_transformations(), 1)
    assert steps.tolist() == [0, 100, 1000, 10000]
    np.testing.assert_allclose(W, WAY, atol=1e-5)
    assert loss[1] / loss[0] == pytest.approx(1 / 6)


def test_a_seed_that_turned_at_once_lacks_a_stage():
    tables = as_printed.geometric_transformations()
    path = tables.trajectories.copy()
    last = path[(path["instance"] == 2) & (path["step"] == 10000)]["value"].to_numpy()
    path.loc[(path["instance"] == 2) & (path["step"] == 1000), "value"] = last
    found = {v["id"].split(".")[1]: v for v in _verdicts(replace(tables, trajectories=path))}
    assert found["triangles_turn"]["measured"] == "2 of 3 seeds"
    assert found["order"]["measured"] == "2 of 3 seeds"
    assert found["octahedron"]["measured"] == "3 of 3 seeds"


def test_other_sets_are_not_tested():
    tables = as_printed.geometric_transformations()
    pairs = replace(tables, instances=tables.instances.assign(set_size=2))
    assert _verdicts(pairs) == []
    assert _verdicts(replace(tables, features=tables.features.assign(density=0.02))) == []  # sets are active too often
    assert _verdicts(replace(tables, trajectories=tables.trajectories[:0])) == []


def test_stills_say_which_stage_was_not_reached(tmp_path):
    tables = as_printed.geometric_transformations()
    path = tables.trajectories.copy()
    path.loc[path["step"] == 1000, "value"] = path[path["step"] == 10000]["value"].to_numpy()
    figure = figures_of("geometric_transformations", replace(tables, trajectories=path))["stages"]
    said = [text.get_text() for text in figure.texts]
    assert "C  triangles\nnot reached" in said
    assert any(text.startswith("0 of 3 seeds go from A to B to C to D") for text in said)
    svg.save(figure, tmp_path / "stages.svg")


def _verdicts(tables):
    return evaluate({"geometric_transformations": tables}).verdicts
