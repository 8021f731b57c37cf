"""One active feature at a time: the levels of polygons, plateaus of a loss, and the claims and the figure on both."""

from dataclasses import replace

import numpy as np
import pytest

from superposition.claims import evaluate
from superposition.figures import figures_of
from superposition.figures.svg import save
from superposition.readings.plateaus import Plateau, at_level, plateaus, represented_at
from superposition.readings.results import Tables
from superposition.theory.active_features import losses_by_active
from superposition.theory.expected_loss import anticorrelated, expected_loss
from superposition.theory.polygon_levels import best_corners, corner_loss, level, shared_corner, steepest, weights
from tests import as_printed, hand_made
from tests.hand_made import HandMade

C = 6
GROUPS = anticorrelated(C, C, 1.0)
STEPS = (1, 10, 20, 100, 125, 160, 400, 440, 480, 500, 600, 1000, 2000, 5000)
START, SQUARE, PENTAGON, HEXAGON = (level(k, C).loss for k in (0, 4, 5, 6))


def exact(W: np.ndarray, b: np.ndarray) -> float:
    """Mean over features."""
    return float(expected_loss(W, b, np.ones(C), GROUPS)) / C


@pytest.mark.parametrize("corners", range(5))
def test_up_to_four_corners_lose_only_the_variance_of_the_others(corners):
    # E[x] = 1/12, E[x^2] = 1/6 1/3, so that a variance is 1/18 - 1/144 = 7/144
    assert level(corners, C).loss == pytest.approx((6 - corners) * 7 / 144 / 6)
    assert best_corners(corners) == (1.0, 0.0)


@pytest.mark.parametrize("corners", range(2, 7))
def test_polygons_are_critical_points(corners):
    assert steepest(level(corners, C), C) < 1e-6


def test_a_single_corner_is_none():
    # It pulls each ignored feature by 2 E[b x] = 2/12 1/6 1/2 = 1/72; the mean over features is a sixth of that.
    assert steepest(level(1, C), C) == pytest.approx(1 / 432, rel=1e-3)


@pytest.mark.parametrize("change", [{"radius": 1.2}, {"bias": -0.3}])
def test_polygons_of_another_radius_or_bias_are_none(change):
    assert steepest(replace(level(5, C), **change), C) > 1e-4


@pytest.mark.parametrize("corners", range(7))
def test_levels_are_the_exact_loss_of_their_weights(corners):
    at = level(corners, C)
    assert at.loss == pytest.approx(exact(*weights(at, C)), abs=1e-12)


@pytest.mark.parametrize("corners", [5, 6])
def test_corner_loss_is_that_of_single_active_features(corners):
    W, b = 1.25 * weights(level(corners, corners), corners)[0], np.full(corners, -0.4)
    squared = 1.25**2 * best_corners(corners)[0] ** 2
    by_active = losses_by_active(W, b, np.ones(corners), nodes=1)[1]
    assert corners * corner_loss(squared, -0.4, corners) == pytest.approx(by_active)


@pytest.mark.parametrize("corners", [4, 5, 6])
def test_levels_agree_with_samples(corners):
    at = level(corners, C)
    W, b = weights(at, C)
    random = np.random.default_rng(0)
    x = np.zeros((400_000, C))
    x[np.arange(len(x)), random.integers(C, size=len(x))] = random.random(len(x))
    losses = ((x - np.maximum(x @ W.T @ W + b, 0)) ** 2).mean(axis=1)
    assert at.loss == pytest.approx(losses.mean(), abs=4 * losses.std() / len(x) ** 0.5)


def test_radii_and_biases_are_the_least():
    for corners in (5, 6, 7):
        radius, bias = best_corners(corners)
        least = corner_loss(radius**2, bias, corners)
        for squared, other in ((1.01, 1.0), (0.99, 1.0), (1.0, 1.01), (1.0, 0.99)):
            assert corner_loss(radius**2 * squared, bias * other, corners) > least


def test_more_corners_are_lower_up_to_six_features_and_not_among_more():
    assert HEXAGON < PENTAGON < SQUARE < START
    assert pytest.approx(0.0103, abs=1e-6) == PENTAGON
    assert pytest.approx(0.00803, abs=5e-6) == HEXAGON
    assert level(8, 8).loss > level(7, 8).loss  # eight corners are too close to each other
    with pytest.raises(ValueError, match="7 corners of 6 features"):
        level(7, 6)


def curvatures(W: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Eigenvalues of the exact loss's second differences by all weights and biases, smallest first."""
    parameters, h = np.concatenate([W.ravel(), b]), 1e-3
    sides = h * np.stack([np.eye(3 * C), -np.eye(3 * C)])
    near = parameters + sides[:, None, :, None] + sides[None, :, None, :]  # [sign, sign, one, other, value]
    losses = expected_loss(near[..., : 2 * C].reshape(2, 2, 3 * C, 3 * C, 2, C), near[..., 2 * C :], np.ones(C), GROUPS)
    mixed = losses[0, 0] - losses[0, 1] - losses[1, 0] + losses[1, 1]
    return np.linalg.eigvalsh(mixed / (4 * h**2) / C)


@pytest.mark.parametrize("corners", [4, 5, 6])
def test_polygons_are_minima(corners):
    """What the remark on the order says."""
    smallest, *others = curvatures(*weights(level(corners, C), C))
    assert smallest == pytest.approx(0, abs=1e-5)  # the plane can be rotated
    assert min(others) > 0.003


def test_two_features_at_one_corner_are_a_saddle():
    at = shared_corner(C)
    assert at.W[:, 0].tolist() == at.W[:, 5].tolist()
    assert at.loss == pytest.approx(exact(at.W, at.b), abs=1e-7)
    assert PENTAGON < at.loss < SQUARE
    found = curvatures(at.W, at.b)
    assert (found < -1e-4).sum() == 1
    assert found[1] == pytest.approx(0, abs=1e-5)  # the plane can be rotated
    # The way down: one gets longer and a lower bias, the other the opposite.
    W, b = at.W.copy(), at.b.copy()
    W[0, [0, 5]] += 0.09, -0.09
    b[[0, 5]] += -0.04, 0.04
    assert exact(W, b) < at.loss - 5e-6


def test_gradient_descent_comes_back_to_the_square():
    """The loss has kinks there, beside which second differences say little."""
    W, b = weights(level(4, C), C)
    parameters = np.concatenate([(W + 0.1 * np.random.default_rng(0).standard_normal(W.shape)).ravel(), b])
    assert exact(parameters[: 2 * C].reshape(2, C), b) > 1.1 * SQUARE
    nudges = 1e-6 * np.stack([np.eye(3 * C), -np.eye(3 * C)])
    for _ in range(800):
        near = parameters + nudges
        up, down = expected_loss(near[..., : 2 * C].reshape(2, 3 * C, 2, C), near[..., 2 * C :], np.ones(C), GROUPS)
        parameters = parameters - 0.5 * (up - down) / 2e-6
    assert exact(parameters[: 2 * C].reshape(2, C), parameters[2 * C :]) == pytest.approx(SQUARE, rel=1e-2)


def test_plateaus_are_long_and_flat():
    steps = np.array([1, 10, 12, 14, 20, 30, 100, 110, 120])
    loss = np.array([9.0, 5.0, 5.1, 5.0, 3.0, 2.0, 1.0, 1.02, 1.01])
    assert plateaus(steps, loss) == [Plateau(10, 12, 14, 5.0)]  # from 100 to 120 is no quarter
    assert plateaus(steps * [1, 1, 1, 1, 1, 1, 1, 1, 2], loss)[-1] == Plateau(100, 110, 240, 1.01)
    assert plateaus(steps, loss * [1, 1, 1.03, 1, 1, 1, 1, 1, 1]) == []  # 5.2 is 5% above


def test_the_longest_plateau_comes_first_and_keeps_what_is_its_own():
    steps = np.array([10, 12, 14, 16, 18, 40])
    loss = np.array([1.02, 1.01, 1.0, 0.985, 0.98, 0.975])
    # 12 to 40 would span 1.01 / 0.975 > 1.03, 14 to 40 does not; what is before it is too short
    assert plateaus(steps, loss) == [Plateau(14, 16, 40, (0.985 + 0.98) / 2)]
    assert plateaus(steps[:0], loss[:0]) == []


def test_a_loss_is_at_a_level_to_three_percent():
    levels = [level(k, C) for k in (4, 5, 6)]
    assert at_level(1.029 * PENTAGON, levels) == levels[1]
    assert at_level(0.971 * PENTAGON, levels) == levels[1]
    assert at_level(1.031 * PENTAGON, levels) is None
    assert at_level(START, levels) is None


def polygon_levels(way: tuple[int, ...] = (4, 5, 6), scale: float = 1.0, factor: float = 1.0) -> Tables:
    """Three seeds that go from no weights through squares and pentagons to hexagons, and the like of other corners.

    `scale` makes all polygons longer or shorter than theory's, `factor` all losses larger or smaller.
    """
    corners = [k for k, snapshots in zip((0, *way), (3, 3, 4, len(STEPS) - 10), strict=True) for _ in range(snapshots)]
    shown = [weights(level(k, C), C)[0] * scale for k in corners]
    end = level(way[-1], C)
    W, b = weights(end, C)
    losses = [factor * level(k, C).loss for k in corners]
    models = [
        HandMade((scale * W).tolist(), b.tolist(), 0.0, seed=seed, loss=losses[-1], sets="anticorrelated", set_size=C)
        for seed in range(3)
    ]
    path = np.repeat(np.array(shown)[:, None], 3, axis=1)
    return hand_made.tables(models, STEPS, path, losses)


def verdicts(tables: Tables) -> dict[str, dict]:
    return {str(v["id"]).removeprefix("polygon_levels."): v for v in evaluate({"polygon_levels": tables}).verdicts}


def failing(tables: Tables) -> set[str]:
    return {name for name, one in verdicts(tables).items() if one["verdict"] == "fails"}


def test_claims_hold_on_seeds_that_pass_all_levels():
    found = verdicts(polygon_levels())
    assert failing(polygon_levels()) == set()
    assert found["plateaus"]["measured"] == "9 of 9 plateaus, +0.0% to +0.0% off"
    assert found["plateaus"]["spread"].endswith("6 of 6 that do not last to the end")
    assert found["order"]["measured"] == "4 → 5 in 3, 5 → 6 in 3 of 3 seeds, back in 0"
    assert found["order"]["spread"] == "seeds: 3 4 → 5 → 6"
    assert found["final_levels"]["measured"] == (
        "square 0%, pentagon 0%, hexagon 100%; hexagon 1.321, -0.618 (1.321, -0.618)"
    )
    assert found["final_levels"]["share"]["met"] == 3


def test_claims_fail_on_other_ways_sizes_and_losses():
    assert failing(polygon_levels(way=(5, 4, 6))) == {"order"}  # goes back
    assert failing(polygon_levels(way=(4, 5, 5))) == {"order", "final_levels"}  # no hexagon
    assert failing(polygon_levels(way=(2, 3, 6))) == {"plateaus", "order"}  # no levels of those that are claimed
    assert failing(polygon_levels(scale=1.06)) == {"final_levels"}  # polygons of another radius
    assert failing(polygon_levels(factor=1.04)) == {"plateaus", "order", "final_levels"}


def test_a_plateau_counts_only_with_as_many_features():
    tables = polygon_levels()
    assert [represented_at(tables, 0, step) for step in (10, 125, 440, 5000)] == [0, 4, 5, 6]
    other = polygon_levels(way=(5, 5, 6))
    found = verdicts(replace(tables, learning=other.learning))
    assert found["plateaus"]["measured"].startswith("6 of 9 plateaus")


def test_claims_need_one_active_feature_of_six():
    assert len(evaluate({"polygon_levels": as_printed.correlated_features()}).untested) == 3
    tables = polygon_levels()
    pairs = replace(tables, instances=tables.instances.assign(set_size=2))
    reasons = [reason for _, reason in evaluate({"polygon_levels": pairs}).untested]
    assert len(reasons) == 3
    assert all("anticorrelated sets of 6" in reason for reason in reasons)


def said_in(tables: Tables) -> set[str]:
    figure = figures_of("polygon_levels", tables)["levels"]
    return {text.get_text() for owner in (figure, *figure.axes) for text in owner.texts}


def test_the_figure_has_levels_ends_and_polygons(tmp_path):
    said = said_in(polygon_levels())
    assert {"no weights 0.0486", "square 0.0162", "pentagon 0.0103", "hexagon 0.0080", "shared corner 0.0115"} <= said
    assert {"hexagon, in the end", "$r$ 1.321, $b$ −0.618\ntheory: 1.321, −0.618"} <= said
    assert "square, in the end" not in said
    assert not any(text.startswith("shared corner, step") for text in said)
    bars = figures_of("polygon_levels", polygon_levels())["levels"].axes[1]
    assert [text.get_text() for text in bars.texts] == ["0", "0", "3"]
    first, second = tmp_path / "first.svg", tmp_path / "second.svg"
    for path in (first, second):
        save(figures_of("polygon_levels", polygon_levels())["levels"], path)
    assert first.read_bytes() == second.read_bytes()


def test_the_figure_counts_polygons_of_their_shape_as_the_claim_does():
    """A loss at the hexagon's level is not enough."""
    stretched = polygon_levels(scale=1.2)
    assert "final_levels" in failing(stretched)
    bars = figures_of("polygon_levels", stretched)["levels"].axes[1]
    assert [text.get_text() for text in bars.texts] == ["0", "0", "0"]


def test_the_figure_shows_a_stay_at_the_saddle():
    tables = polygon_levels()
    there = tables.history["step"].between(400, 500)
    loss = tables.history["loss"].where(~there, shared_corner(C).loss)
    said = said_in(replace(tables, history=tables.history.assign(loss=loss)))
    # snapshots 400, 440, 480 and 500: a quarter
    assert {"shared corner, step 440", "loss 0.0115\nfrom step 400 to 500"} <= said


def test_other_models_get_an_overview():
    assert "levels" not in figures_of("polygon_levels", as_printed.correlated_features())
    several = polygon_levels()
    assert "levels" not in figures_of(
        "polygon_levels", replace(several, instances=several.instances.assign(sparsity=0.5))
    )
