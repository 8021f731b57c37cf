"""Frames: leverages and eigenvalues of features of known answer, and what claims make of them."""

import numpy as np
import pytest

from superposition.claims import evaluate
from superposition.figures import figures_of
from superposition.figures.svg import save
from superposition.readings.frames import eigenvalues_of_features, leverages, localisation, off_tight
from superposition.readings.polytopes import dimensionalities
from superposition.readings.results import Tables
from superposition.theory.polytopes import digon, polygon, tegum_product, tetrahedron
from tests import hand_made, layout
from tests.hand_made import HandMade, directions

N, M = 400, 30


def test_a_polytopes_features_are_in_one_eigenspace():
    W = tegum_product(tetrahedron(), polygon(5), digon())  # in 3 + 2 + 1 dimensions
    assert leverages(W) == pytest.approx([3 / 4] * 4 + [2 / 5] * 5 + [1 / 2] * 2)
    assert localisation(W) == pytest.approx(np.ones(11))
    assert eigenvalues_of_features(W) == pytest.approx([4 / 3] * 4 + [5 / 2] * 5 + [2] * 2)
    assert off_tight(W) == pytest.approx([0, 0, 0], abs=1e-12)


def test_a_feature_between_two_eigenspaces_is_in_neither():
    """Axes of lengths 2 and 1, and a vector at 45 degrees: W W^T = [[4.5, 0.5], [0.5, 1.5]] with its share in both."""
    W = np.array([[2.0, 0.0, 0.5**0.5], [0.0, 1.0, 0.5**0.5]])
    inverse = np.linalg.inv(W @ W.T)
    assert leverages(W) == pytest.approx([w @ inverse @ w for w in W.T])
    assert leverages(W).sum() == pytest.approx(2)  # the rank
    assert (localisation(W) < 0.99).all()
    assert localisation(W) == pytest.approx(dimensionalities(W) / leverages(W))
    assert off_tight(W)[0] > 0.3


def test_dimensionality_is_at_most_the_leverage():
    for seed in range(5):
        W = np.random.default_rng(seed).normal(size=(6, 20))
        assert (dimensionalities(W) <= leverages(W) + 1e-12).all()


def test_features_that_span_less_have_no_leverage():
    assert leverages(np.eye(3, 4) * [[1], [1], [0]]).tolist() == [0] * 4
    assert not localisation(np.zeros((2, 3))).any()
    assert off_tight(np.zeros((2, 3))) == []


def frame(m: int, count: int, n: int) -> np.ndarray:
    """The first `count` features as cosines and sines of whole turns, a tight frame for even m; the others are 0."""
    turns = 2 * np.pi * np.outer(np.arange(1, m // 2 + 1), np.arange(count)) / count
    return np.pad(np.concatenate([np.cos(turns), np.sin(turns)]) * (2 / m) ** 0.5, ((0, 0), (0, n - count)))


PAIRS = hand_made.pairs_in(M, N, 0, M)
FRAME = frame(M, 100, N).tolist()


def geometry(dense=PAIRS, plateau=PAIRS, sparse=FRAME) -> Tables:
    """Digons up to the end of the plateau, then one frame."""
    shown = {x: dense if x < 2.5 else plateau if x < 4 else sparse for x in (1, 1.5, 2, 2.5, 3, 3.5, 4.5, 6, 8, 10)}
    return hand_made.tables(
        [HandMade(W, [0.0] * N, 1 - 1 / x, seed=seed, loss=0.1 + seed) for x, W in shown.items() for seed in range(2)]
    )


def failing(tables: Tables) -> set[str]:
    found = {str(one["id"]): one["verdict"] for one in evaluate({"geometry": tables}).verdicts}
    own = {id.removeprefix("frames."): verdict for id, verdict in found.items() if id.startswith("frames.")}
    assert len(own) == 4
    return {name for name, verdict in own.items() if verdict != "holds"}


def test_claims_hold_for_pairs_and_frames():
    assert failing(geometry()) == set()


def test_claims_fail_on_others():
    fewer = np.array(hand_made.pairs_in(M, N, 0, M - 1)).tolist()
    assert failing(geometry(dense=fewer)) == {"capacity_is_used_up", "one_eigenspace_each"}
    drawn = np.random.default_rng(0).normal(size=(M, N)) / M**0.5
    assert failing(geometry(sparse=drawn.tolist())) == {
        "capacity_is_used_up", "one_eigenspace_each", "one_frame_where_sparse"
    }  # fmt: skip
    triangles = np.zeros((M, N))
    triangles[:2, :3] = directions([0, 110, 250], [1, 1, 1])
    triangles[2:, 3:59] = np.array(hand_made.pairs_in(M - 2, 56, 0, M - 2))
    assert "pairs_are_tight_frames" in failing(geometry(plateau=triangles.tolist()))


def test_the_figure_has_lines_near_1(tmp_path):
    figure = figures_of("geometry", geometry())["frames"]
    save(figure, tmp_path / "frames.svg")
    assert not layout.faults((tmp_path / "frames.svg").read_bytes())
    for line in figure.axes[0].lines:
        assert line.get_ydata() == pytest.approx(np.ones(10), abs=1e-4)
