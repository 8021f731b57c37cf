"""Features on a ring: what is read off weights of known answer, and what the claims and the figure make of it."""

import numpy as np
import pytest

from superposition.claims import evaluate
from superposition.figures import figures_of
from superposition.figures.svg import save
from superposition.readings.circles import Model
from superposition.readings.results import Tables
from tests import as_printed, hand_made, layout
from tests.hand_made import HandMade, directions

N, DENSITY, WIDTH = 12, 0.36, 2.5
AROUND = [30 * i for i in range(N)]
SHUFFLED = [30 * (5 * i % N) for i in range(N)]
SEEDS, WIDTHS = 3, (2, 4, 6, 8)
IN_THE_PLANE = {"circle_in_the_plane", "neighbours_side_by_side"}
IN_THE_PLANE |= {"interference_helps", "interference_of_independent_features"}


def circle(m: int = 2, degrees=AROUND) -> np.ndarray:
    W = np.zeros((8, N))
    W[:2] = directions(degrees, [0.5] * N)
    return W[:m] if m < 8 else W


def pairs(m: int) -> np.ndarray:
    """Opposite places of the ring in antipodal pairs, as many as there are dimensions, and zeros."""
    W = np.zeros((m, N))
    for k in range(min(m, N // 2)):
        W[k, k], W[k, k + N // 2] = 1, -1
    return W


def tables(wide, plane=AROUND, alone=SHUFFLED, n_hidden=WIDTHS, seeds: int = SEEDS) -> Tables:
    """Circles in the plane, and `wide(m)` in more dimensions; independent features have `alone` everywhere."""
    models = []
    for m in n_hidden:
        for kind, size in ((f"ring of width {WIDTH}", N), ("independent", 1)):
            ring = size > 1
            W = np.zeros((8, N))
            W[:m] = (circle(m, plane) if m == 2 else wide(m)) if ring else circle(m, alone)
            models += [
                HandMade(
                    W.tolist(), [0.0] * N, 1 - DENSITY, seed=seed, sets=kind, set_size=size, law="constant",
                    n_hidden=m, loss=0.01 + seed / 1000,
                )
                for seed in range(seeds)
            ]  # fmt: skip
    return hand_made.tables(models)


def strong(**other) -> Tables:
    return tables(circle, **other)


def weak(**other) -> Tables:
    return tables(pairs, **other)


def failing(experiment: str, own: Tables, beside: Tables | None = None) -> set[str]:
    found = evaluate({"circles_weak": beside or weak(), experiment: own}).verdicts
    own_ids = [one for one in found if str(one["id"]).startswith(f"{experiment}.")]
    return {str(one["id"]).partition(".")[2] for one in own_ids if one["verdict"] != "holds"}


def test_a_circle_is_read_off():
    model = Model(circle(), DENSITY, WIDTH)
    assert model.is_in_order
    assert Model(circle(2, AROUND[::-1]), DENSITY, WIDTH).is_in_order
    assert not Model(circle(2, SHUFFLED), DENSITY, WIDTH).is_in_order
    assert not Model(circle(2, [0] * N), DENSITY, WIDTH).is_in_order
    assert not Model(np.zeros((2, N)), DENSITY, WIDTH).is_in_order
    assert model.neighbours == pytest.approx(np.cos(np.pi / 6))
    assert Model(pairs(6), DENSITY, WIDTH).neighbours == pytest.approx(0)


def test_how_often_two_are_active_is_what_drawing_gives():
    generator = np.random.default_rng(0)
    point = generator.uniform(0, N, (1, 400_000))
    apart = np.abs(np.arange(N)[:, None] - point)
    near = np.minimum(apart, N - apart) < WIDTH
    active = (near & (generator.random(near.shape) < DENSITY * N / (2 * WIDTH))).astype(float)
    both = active @ active.T / active.shape[1]
    others = ~np.eye(N, dtype=bool)
    model = Model(circle(), DENSITY, WIDTH)
    assert model.together[others] == pytest.approx(both[others], abs=0.004)
    assert np.diagonal(both) == pytest.approx([DENSITY] * N, abs=0.004)
    added = [(model.W[:, i] @ model.W * both[i])[others[i]].sum() / DENSITY for i in range(N)]
    assert model.interference == pytest.approx(np.mean(added), abs=0.01)
    assert model.agreement == pytest.approx(np.corrcoef((model.W.T @ model.W)[others], both[others])[0, 1], abs=0.01)
    assert np.allclose(Model(circle(), DENSITY, 0.0).together, DENSITY**2)
    wide = Model(circle(), 0.9, 5.9)  # arcs that meet on the other side too
    assert wide.together[0, 6] == pytest.approx((0.9 * 12 / 11.8) ** 2 * (11.8 - 6) * 2 / 12)


def test_independent_features_around_a_circle_take_away_from_each_other():
    """The products of one with all are 0, and so those with the others are its own squared length, negative."""
    assert Model(circle(), DENSITY, 0.0).interference == pytest.approx(-DENSITY * 0.25)
    assert Model(circle(), DENSITY, 0.0).agreement == 0


def test_claims_hold_on_circles():
    assert failing("circles", strong()) == set()
    assert failing("circles_weak", weak()) == set()


@pytest.mark.parametrize(
    ("own", "beside", "expected"),
    [
        (strong(alone=AROUND), None, {"circle_in_the_plane"}),
        (strong(alone=[0] * N), None, {"interference_of_independent_features"}),
        (
            strong(plane=SHUFFLED),
            None,
            IN_THE_PLANE,
        ),
        (weak(), None, {"more_of_the_data_with_decay"}),
        (strong(), strong(), {"more_of_the_data_with_decay"}),
    ],
    ids=["circle by chance", "all alike", "no circle", "pairs", "as much"],
)  # fmt: skip
def test_claims_fail_on_others(own, beside, expected):
    assert failing("circles", own, beside) == expected


def test_claims_about_weak_decay_fail_on_others():
    assert failing("circles_weak", strong()) == {"no_circle_where_there_is_room"}
    both = {"circle_in_the_plane", "no_circle_where_there_is_room"}
    assert failing("circles_weak", weak(plane=SHUFFLED)) == both


def test_other_models_are_not_judged():
    assert len(evaluate({"circles": as_printed.computation(), "circles_weak": weak()}).untested) == 5
    assert len(evaluate({"circles_weak": as_printed.computation()}).untested) == 2
    assert "directions" not in figures_of("circles", as_printed.computation())


def test_the_figure_has_directions_and_agreement(tmp_path):
    for experiment, own in (("circles", strong()), ("circles_weak", weak())):
        figure = figures_of(experiment, own)["directions"]
        save(figure, tmp_path / "directions.svg")
        assert not layout.faults((tmp_path / "directions.svg").read_bytes())
        agreement = figure.axes[2].lines[-1]
        assert agreement.get_xdata().tolist() == list(WIDTHS)
        assert agreement.get_ydata()[0] == pytest.approx(Model(circle(), DENSITY, WIDTH).agreement)
