from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from superposition.claims import evaluate
from superposition.figures import figures_of
from superposition.readings.jumps import alone, displaced, jumps, noise, since_full
from superposition.theory.losses import digon_for_one
from tests import as_printed

STEPS = np.array([1000, 3000, 3200, 3400, 3600, 3800, 4000, 10000, 20000])


def one_that_rises(place: int = 4, drop: float = 4e-4) -> tuple[np.ndarray, np.ndarray]:
    """Three features, of which the last goes from 0 to 1/2 between two snapshots, and the loss with it."""
    D = np.tile([0.5, 0.5, 0.01], (len(STEPS), 1))
    D[place:, 2] = 0.5
    loss = np.full(len(STEPS), 0.05)
    loss[place:] -= drop
    return D, loss


def test_a_jump_has_its_steps_its_features_and_its_drop():
    D, loss = one_that_rises()
    (jump,) = jumps(STEPS, D, loss, since=3000)
    # 3600 is within 1.25 of 3000, 3200 and 3400, whose windows end at 3600, 4000 and 4000
    assert (jump.first, jump.last, jump.places) == (3000, 4000, (1, 6))
    assert (jump.features, jump.gained) == ((2,), 1)
    assert jump.drop == jump.at_once == pytest.approx(4e-4)


def test_what_a_feature_moves_in_is_where_the_loss_falls_at_once():
    D, loss = one_that_rises(drop=4e-4)
    loss[5:] -= 1e-4  # from 3600 to 3800: in the windows from 3200 and 3400, not in that from 3000
    (jump,) = jumps(STEPS, D, loss, since=3000)
    assert jump.at_once == pytest.approx(5e-4)
    loss = np.full(len(STEPS), 0.05)
    loss[1:] -= 1e-3  # before all windows
    loss[7:] -= 1e-3  # after all
    (jump,) = jumps(STEPS, D, loss, since=3000)
    assert jump.drop == jump.at_once == 0


def test_what_comes_before_or_slowly_is_no_jump():
    D, loss = one_that_rises()
    assert jumps(STEPS, D, loss, since=3500) == []  # it begins before
    D, loss = one_that_rises(place=7)  # from 4000 to 10000
    assert jumps(STEPS, D, loss, since=3000) == []
    assert jumps(STEPS, np.full((len(STEPS), 3), 0.5), loss, since=3000) == []
    half = np.tile([0.5, 0.5, 0.01], (len(STEPS), 1))
    half[4:, 2] = 0.3  # not far enough
    assert jumps(STEPS, half, loss, since=3000) == []


def test_features_that_swap_gain_nothing():
    D, loss = one_that_rises(drop=1e-5)
    D[4:, 0] = 0.01
    (jump,) = jumps(STEPS, D, loss, since=3000)
    assert (jump.features, jump.gained) == ((0, 2), 0)
    assert jump.drop == pytest.approx(1e-5)


def test_jumps_that_are_apart_are_two():
    steps = np.array([1000, 1100, 2000, 2100])
    D = np.array([[0.0, 0.0], [0.5, 0.0], [0.5, 0.0], [0.5, 0.5]])
    found = jumps(steps, D, np.array([4.0, 3.0, 2.9, 1.0]), since=0)
    assert [(jump.first, jump.last, jump.features) for jump in found] == [(1000, 1100, (0,)), (2000, 2100, (1,))]
    assert [jump.drop for jump in found] == pytest.approx([1.0, 1.9])


def test_noise_is_that_of_quiet_times():
    steps = np.array([10, 100, 200, 240, 300, 360, 440])
    loss = np.array([9.0, 5.0, 5.1, 3.0, 2.9, 3.0, 2.9])
    D = np.array([[0.0]] * 3 + [[0.5]] * 4)
    found = jumps(steps, D, loss, since=100)
    assert [jump.places for jump in found] == [(2, 3)]
    assert noise(steps, loss, found, since=100) == pytest.approx(np.std([0.1, -0.1, 0.1, -0.1]))
    assert np.isnan(noise(steps, loss, found, since=440))


def test_what_one_more_digon_is_worth():
    # s = 0.3: ignored 0.1 - 0.0225 = 0.0775, twice a digon's 0.015, so 0.0475 / 100
    assert digon_for_one(0.3, 100) == pytest.approx(4.75e-4)
    assert digon_for_one(0.3, 100) == pytest.approx((0.3 / 3 - 7 * 0.3**2 / 12) / 100)
    assert digon_for_one(4 / 7, 10) == pytest.approx(0)  # denser than that, it is not worth it


def test_a_jump_counts_only_with_a_drop_of_the_loss():
    shown = as_printed.learning_dynamics()
    (found,) = [v for v in evaluate({"learning_dynamics": shown}).verdicts if v["id"].endswith("features_jump")]
    assert (found["verdict"], found["share"]["met"]) == ("holds", 4)
    wavering = shown.history.assign(loss=0.0655 + 1e-6 * (shown.history["step"] % 1000 > 0))
    later = evaluate({"learning_dynamics": replace(shown, history=wavering)}).verdicts
    (found,) = [v for v in later if v["id"].endswith("features_jump")]
    assert (found["verdict"], found["measured"]) == ("fails", "0 of 4 seeds")
    assert found["spread"].startswith("0 of 4 jumps with a drop")


def verdict_of(tables, name):
    (found,) = [v for v in evaluate({"learning_dynamics": tables}).verdicts if v["id"].endswith(name)]
    return found["verdict"], found["measured"]


def test_a_jump_in_two_steps():
    shown = as_printed.learning_dynamics()
    (one,) = alone(shown, 0)
    assert one.dimensionality == pytest.approx(1 / (1 + 81 * 0.0712**2), abs=1e-4)
    # 1e-5 of 4.75e-4, and 1e-6 of where the jump begins
    assert one.part == pytest.approx(1e-5 / 4.75e-4, abs=0.005)
    assert verdict_of(shown, "two_steps") == ("holds", "median 0.71, 2% of the drop")


@pytest.mark.parametrize(
    ("column", "between", "said"),
    [
        ("loss", 0.0655 - 2e-4, "median 0.71, 42% of the drop"),  # falls by 2e-4 at first
        ("dimensionality", 0.6, "median 0.60, 2% of the drop"),
    ],
)
def test_not_in_the_papers_two_steps(column, between, said):
    shown = as_printed.learning_dynamics()
    if column == "loss":
        here = shown.history["step"].isin([4800, 5400])
        other = replace(shown, history=shown.history.assign(loss=shown.history["loss"].where(~here, between)))
    else:
        here = shown.learning["dimensionality"] > 0.7
        D = shown.learning["dimensionality"].where(~here, between)
        other = replace(shown, learning=shown.learning.assign(dimensionality=D))
    assert verdict_of(other, "two_steps") == ("fails", said)


def test_two_features_at_once_are_no_two_steps():
    shown = as_printed.learning_dynamics()
    late = shown.learning["step"].isin([4800, 5400])
    whole = replace(shown, learning=shown.learning[~late], history=shown.history[~shown.history["step"].isin([5400])])
    assert alone(whole, 0) == []
    assert verdict_of(whole, "two_steps") == ("fails", "no such jumps")


def test_a_feature_that_stays_swaps_with_none():
    shown = as_printed.learning_dynamics()
    count, far = displaced(shown, 0)
    assert (count, far) == (1, pytest.approx(1 / (1 + 81 * 0.0712**2) - 0.5, abs=1e-4))
    assert verdict_of(shown, "swap_places") == ("holds", "4 of 4 seeds")
    of_17 = shown.learning["feature"] == 17
    stays = shown.learning.assign(dimensionality=shown.learning["dimensionality"].where(~of_17, 0.5))
    assert verdict_of(replace(shown, learning=stays), "swap_places") == ("fails", "0 of 4 seeds")


def test_no_jump_once_all_dimensions_are_full():
    shown = as_printed.learning_dynamics()
    assert since_full(shown, 0) == (0, pytest.approx(10000 / 6100))
    assert verdict_of(shown, "none_once_full") == ("holds", "4 of 4 seeds")
    # feature 17 gets a dimension of its own between steps 10000 and 11000
    learning = shown.learning.copy()
    later = learning[learning["step"] == 10000].assign(step=11000)
    later["dimensionality"] = later["dimensionality"].where(later["feature"] != 17, 0.9)
    history = shown.history[shown.history["step"] == 10000].assign(step=11000)
    moved = replace(shown, learning=pd.concat([learning, later]), history=pd.concat([shown.history, history]))
    assert since_full(moved, 0) == (1, pytest.approx(11000 / 6100))
    assert verdict_of(moved, "none_once_full") == ("fails", "0 of 4 seeds")
    fewer = replace(moved, learning=pd.concat([learning, later.assign(dimensionality=0.0)]))
    assert since_full(fewer, 0) is None  # they do not remain
    empty = replace(shown, learning=learning.assign(dimensionality=0.0))
    assert since_full(empty, 0) is None
    assert verdict_of(empty, "none_once_full") == ("fails", "no model has as many")


def test_the_figure_has_bands_where_the_claim_has_jumps():
    def drawn(tables):
        figure = figures_of("learning_dynamics", tables)["dimensionality_and_loss"]
        (said,) = (text.get_text() for text in figure.texts if "of 4 seeds" in text.get_text())
        return len(figure.axes[0].patches), said.split("; ")[1]

    tables = as_printed.learning_dynamics()
    assert drawn(tables) == (1, "4 of 4 seeds have them.")
    # A feature still moves far, but the loss falls by no more than its noise.
    level = tables.history["loss"].where(tables.history["step"] < 4800, 0.0655)
    assert drawn(replace(tables, history=tables.history.assign(loss=level))) == (0, "0 of 4 seeds have them.")
