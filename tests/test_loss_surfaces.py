"""Loss surfaces without biases, and branches that cross: formulas, figures and claims against known answers."""

import numpy as np
import pytest

from superposition.claims import loss_surfaces as claims
from superposition.claims.claim import Share
from superposition.figures import loss_surfaces as figures
from superposition.readings.expected_losses import column, expected_losses
from superposition.readings.phases import last_shared
from superposition.readings.results import NotInThisRun
from superposition.readings.surfaces import largest_move
from superposition.theory.loss_surfaces import (
    ANTIPODAL,
    CONFUSED,
    DROPPED,
    Minimum,
    best_on_the_way,
    expected_loss,
    largest_step,
    minima,
)
from superposition.theory.phases import DEDICATED, IGNORED, SUPERPOSED, phase, solution_losses
from tests import as_printed, hand_made
from tests.hand_made import HandMade

DENSITIES, IMPORTANCES = np.geomspace(0.01, 1, 24), np.geomspace(0.1, 10, 21)


def at(W_1, W_2, S, r):
    return float(expected_loss(np.array([float(W_1)]), np.array([float(W_2)]), S, r)[0])


def by_midpoints(W_1, W_2, S, r, n=400):
    """The loss by the midpoint rule on each of the four cases of active features."""
    u = (np.arange(n) + 0.5) / n
    x, y = np.meshgrid(u, u, indexing="ij")

    def error(x, y):
        h = W_1 * x + W_2 * y
        return (x - np.maximum(W_1 * h, 0)) ** 2 + r * (y - np.maximum(W_2 * h, 0)) ** 2

    s = 1 - S
    return s**2 * error(x, y).mean() + s * S * (error(u, 0 * u).mean() + error(0 * u, u).mean())


@pytest.mark.parametrize(
    ("W_1", "W_2", "S", "r", "expected"),
    [
        (1, 0, 0.3, 0.5, 0.5 * 0.7 / 3),  # the second left out: r E[y^2] = r s/3
        (0, 1, 0.3, 0.5, 0.7 / 3),
        (0, 0, 0.3, 0.5, 1.5 * 0.7 / 3),
        (1, -1, 0.3, 0.5, 1.5 * 0.49 / 6),  # an antipodal pair: each off by min(x, y), E[min^2] = 1/6
        # h = (x + y)/sqrt2, both outputs (x + y)/2: with both active E[(x - y)^2]/4 = 1/24 each; with one active
        # each is off by half of it, 1/4 * 1/3 each: s = 1 - S = 1/2, (1/4)(2/24) + (1/4) 2 (2/12)
        (0.5**0.5, 0.5**0.5, 0.5, 1.0, 1 / 48 + 1 / 12),
    ],
)
def test_losses_by_hand(W_1, W_2, S, r, expected):
    assert at(W_1, W_2, S, r) == pytest.approx(expected)


def test_the_loss_is_its_integral():
    random = np.random.default_rng(0)
    for _ in range(20):
        W_1, W_2 = random.uniform(-1.4, 1.4, 2)
        S, r = random.uniform(0, 0.95), random.uniform(0.1, 5)
        assert at(W_1, W_2, S, r) == pytest.approx(by_midpoints(W_1, W_2, S, r), rel=2e-4)
        assert at(-W_1, -W_2, S, r) == pytest.approx(at(W_1, W_2, S, r))


def test_minima_are_lower_than_all_around_them():
    turn = np.linspace(0, 2 * np.pi, 40)
    for surface in [(0.1, 0.1), (0.7, 0.2), (0.1, 0.8), (0.5, 3.0), (0.95, 1.0)]:
        for one in minima(*surface):
            W_1, W_2 = one.weights
            around = expected_loss(W_1 + 0.003 * np.cos(turn), W_2 + 0.003 * np.sin(turn), *surface)
            assert around.min() > one.loss
        lowest = minima(*surface)[0].loss
        grid = np.meshgrid(np.linspace(-1.4, 1.4, 141), np.linspace(-1.4, 1.4, 141))
        assert expected_loss(*grid, *surface).min() >= lowest


def test_minima_of_equal_features():
    # Equal importance: exchanging the features changes nothing, so neither may the lowest minimum.
    dense, sparse = minima(0.1, 1.0)[0], minima(0.95, 1.0)[0]
    assert (dense.name, sparse.name) == (CONFUSED, ANTIPODAL)
    assert dense.weights[0] == pytest.approx(dense.weights[1], abs=1e-5)
    assert sparse.weights[0] == pytest.approx(-sparse.weights[1], abs=1e-5)
    # without a bias the pair's W solves d/dW of 2 [s(1-s)(1-W^2)^2/3 + s^2 E]: close to 1 where s is small
    assert sparse.weights[0] == pytest.approx(1, abs=0.02)


def test_names():
    assert Minimum((0.7, 0.7), 0.0).name == CONFUSED
    assert Minimum((1.0, -0.9), 0.0).name == ANTIPODAL
    assert Minimum((1.0, -0.4), 0.0).name == Minimum((0.1, 1.0), 0.0).name == DROPPED


def test_steps_know_mirror_images():
    way = tuple(Minimum(weights, 0.0) for weights in ((1.0, 0.0), (1.0, 0.1), (-1.0, -0.2), (1.0, -0.5)))
    assert largest_step(way) == (pytest.approx(0.7), 2)


@pytest.mark.parametrize("points", [41, 81, 121])
def test_a_jump_and_a_slope_do_not_depend_on_the_number_of_points(points):
    t = np.linspace(0, 1, points)
    slope = [Minimum((1.0, 2 * float(u)), 0.0) for u in t]
    assert largest_move(slope)[0] == pytest.approx(2 / 40)
    move, first, last = largest_move([Minimum((1.0, 0.0 if u < 0.5 else 0.8), 0.0) for u in t])
    assert move == pytest.approx(0.8)
    assert first < points // 2 <= last
    with pytest.raises(ValueError, match="a multiple of 40 steps"):
        largest_move(slope[:-1])


def test_one_side_of_the_kink_always_falls_off():
    # d/dW_2 at (1, 0+) is -2 r s^2 E[x y] = -r s^2 / 2; at (1, 0-) it is 0: no minimum passes from one to the other
    for S, r in [(0.1, 0.1), (0.6, 0.2), (0.9, 1.0)]:
        h = 1e-6
        on, right, left = (at(1, W_2, S, r) for W_2 in (0, h, -h))
        assert (right - on) / h == pytest.approx(-r * (1 - S) ** 2 / 2, rel=1e-3)
        assert (left - on) / h == pytest.approx(0, abs=1e-5)


def test_a_way_starts_and_ends_at_its_surfaces():
    way = best_on_the_way((0.1, 0.1), (0.1, 0.8), 5)
    assert len(way) == 5
    assert (way[0], way[-1]) == (minima(0.1, 0.1)[0], minima(0.1, 0.8)[0])


def diagram(found=lambda s, r: phase(2, np.array([s]), np.array([r]))[0], seeds=5, stuck=1, densities=DENSITIES):
    """The simple solutions, with the biases that go with them; the last seeds of each cell ignore the feature."""
    shown = {IGNORED: [[1.0, 0.0]], DEDICATED: [[0.0, 1.0]], SUPERPOSED: [[1.0, -1.0]]}
    models = []
    for s in densities:
        for r in IMPORTANCES:
            for seed in range(seeds):
                name = found(s, r) if seed < seeds - stuck else IGNORED
                b = {IGNORED: [0, s / 2], DEDICATED: [s / 2, 0], SUPERPOSED: [0, 0]}[name]
                models.append(
                    HandMade(shown[name], b, 1 - s, (1.0, float(r)), f"{r:g}", seed=seed, loss=0.01 * (1 + seed))
                )
    return hand_made.tables(models, steps=(0,))


@pytest.fixture(scope="module")
def simple():
    return diagram()


@pytest.fixture(scope="module")
def never_changing():
    return diagram(lambda s, r: SUPERPOSED)


def test_expected_losses_are_those_of_the_solutions(simple):
    models = column(simple, 0.2)
    assert len(models) == 24 * 5
    assert set(models["importance"].round(6)) == {round(IMPORTANCES[3], 6)}  # 0.1 * 10^0.3 = 0.1995
    best = models[models["best"]]
    losses = solution_losses(2, best["density"].to_numpy(), best["importance"].to_numpy())
    assert best["loss"].to_numpy() == pytest.approx(np.min(list(losses.values()), axis=0), rel=1e-4)
    last = simple.features[simple.features["feature"] == 1]["instance"].tolist()[:3]
    assert expected_losses(simple, last[::-1]).tolist() == expected_losses(simple, last).tolist()[::-1]


def test_all_claims_about_models_hold_for_the_solutions(simple):
    assert {claim.check(simple).verdict for claim in claims.CLAIMS[:2]} == {"holds"}
    assert claims.follows_the_lowest_branch(simple).measured.startswith("100.0% of 504 cells; from ")
    # r = 0.2: superposition up to 4 * 0.2 / (2 + 5 * 0.2) = 0.267
    assert "0.27)" in claims.branches_cross(simple).measured
    # the last of five seeds is on the other branch in all cells, and has no boundary
    assert claims.branches_cross(simple).share == Share(4, 5, "ranks")


def test_where_most_models_stay_on_the_higher_branch_it_holds_at_best():
    found = [claim.check(diagram(stuck=3)) for claim in claims.CLAIMS[:2]]
    assert found[0].verdict == "holds_at_best"
    assert found[0].share == Share(2, 5, "ranks")


@pytest.mark.parametrize("every", [1, 2])
def test_branches_cross_on_coarse_grids_and_fine_ones(every):
    # 47 densities, 10% apart, and every second one of them
    assert claims.branches_cross(diagram(densities=np.geomspace(0.01, 1, 47)[::every])).verdict == "holds"


def test_a_cell_that_went_wrong_does_not_move_the_boundary(simple):
    shared = np.array([True] * 4 + [False] + [True] * 5 + [False] * 8)
    densities = np.geomspace(0.01, 1, len(shared))
    assert last_shared(densities, shared) == 10
    assert last_shared(densities, np.full_like(shared, True)) == len(shared)
    assert last_shared(densities, np.full_like(shared, False)) == 0
    found = diagram(lambda s, r: IGNORED if s < 0.02 else phase(2, np.array([s]), np.array([r]))[0])
    assert claims.branches_cross(found).verdict == "holds"
    assert claims.follows_the_lowest_branch(found).verdict == "fails"


@pytest.mark.parametrize(("every", "wrong", "verdict"), [(1, 0.006, "holds"), (2, 0.006, "holds"), (1, 0.02, "fails")])
def test_the_lowest_branch_is_that_of_a_share_of_cells_however_many_there_are(
    monkeypatch, simple, every, wrong, verdict
):
    excess = np.where(np.arange(1000 // every) < wrong * 1000 / every, 0.5, 0.0)
    monkeypatch.setattr(claims, "excess_of_best", lambda _: excess)
    assert claims.follows_the_lowest_branch(simple).verdict == verdict


def test_they_fail_for_others(never_changing):
    assert {claim.check(never_changing).verdict for claim in claims.CLAIMS[:2]} == {"fails"}
    assert "no boundary" in claims.branches_cross(never_changing).measured


def test_claims_about_another_run_are_not_tested():
    for claim in claims.CLAIMS[:2]:
        with pytest.raises(NotInThisRun):
            claim.check(as_printed.intro())


def test_claims_about_surfaces_can_fail(monkeypatch, simple):
    formulas = claims.CLAIMS[2:]
    found = {claim.id: claim.check(simple).verdict for claim in formulas}
    assert found.pop("loss_surfaces.dropped_to_antipodal") == "differs_from_print"
    assert set(found.values()) == {"holds"}
    monkeypatch.setattr(claims, "SMOOTH", 0.01)
    assert claims.dropped_to_antipodal(simple).verdict == "fails"
    monkeypatch.undo()
    # Where the second feature hardly matters it is dropped whatever the sparsity, smoothly.
    near = {DROPPED: (0.1, 0.1), ANTIPODAL: (0.2, 0.1), CONFUSED: (0.3, 0.1)}
    monkeypatch.setattr(claims, "SHOWN", near)
    found = {claim.id: claim.check(simple).verdict for claim in formulas}
    assert found.pop("loss_surfaces.dropped_to_antipodal") == "holds"
    assert set(found.values()) == {"fails"}


def test_figures(simple, tmp_path):
    drawn = figures.figures(simple)
    assert list(drawn) == ["loss_branches", "loss_surfaces"]
    said = [text.get_text() for text in drawn["loss_surfaces"].texts]
    assert "● confused (0.73, 0.69): loss 0.087\n○ antipodal (1.20, −1.09): loss 0.220" in said
    titles = [axes.get_title(loc="left") for axes in drawn["loss_surfaces"].axes]
    assert titles[3:] == ["a to b: jumps", "a to c: moves smoothly", "c to S = 0.7, same importance: jumps"]
    assert any("80%, 80%, 80%" in text.get_text() for text in drawn["loss_branches"].texts)
    three = hand_made.tables([HandMade([[1.0, 0, 0], [0, 1.0, 0]], [0] * 3)])
    assert list(figures.figures(three)) == ["loss_surfaces"]
