"""Losses over width: what is read off weights of known answer, and what the claims make of it."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from superposition.claims import CLAIMS, evaluate
from superposition.claims.claim import verdict
from superposition.figures import figures_of
from superposition.figures.svg import save
from superposition.readings import width_scaling
from superposition.readings.results import NotInThisRun, Tables
from tests import as_printed, hand_made, layout
from tests.hand_made import HandMade

N = 100
WIDTHS, EXPONENTS = (5, 7, 9, 12, 16, 22), (0.0, 1.0, 1.5)
POWERS = {0.0: 1.0, 1.0: 1.2, 1.5: 1.3}  # that losses fall by


def densities(exponent: float, n: int = N) -> np.ndarray:
    falling = np.arange(1, n + 1) ** -exponent
    return np.round(falling / falling.sum(), 10)


def frame(m: int, n: int = N) -> np.ndarray:
    """Features of length 1, as evenly spread as can be: rows of cosines and sines of whole turns, [m, n]."""
    turns = 2 * np.pi * np.outer(np.arange(1, m // 2 + 1), np.arange(n)) / n
    rows = [np.cos(turns), np.sin(turns)] + ([np.full((1, n), 2**-0.5)] if m % 2 else [])
    return np.concatenate(rows) * (2 / m) ** 0.5


def made(weights, loss, seeds: int = 2) -> Tables:
    """Of functions of the width and the exponent; the second seed has a little more loss."""
    return hand_made.tables(
        [
            HandMade(
                W=np.pad(weights(m), ((0, max(WIDTHS) - m), (0, 0))).tolist(),
                b=[0.0] * N,
                sparsity=float(1 - 1 / N) if exponent == 0 else (1 - densities(exponent)).tolist(),
                seed=seed,
                loss=loss(m, exponent) * (1 + 0.01 * seed),
                n_hidden=m,
            )
            for m in WIDTHS
            for exponent in EXPONENTS
            for seed in range(seeds)
        ]
    )


def left_out(m: int, exponent: float) -> float:
    p = densities(exponent)[m:]
    return float((p / 3 - p * p / 4).sum() / N)


def of_powers(powers, weights=frame) -> Tables:
    return made(weights, lambda m, exponent: 0.001 * m ** -powers[exponent])


def of_left_out(weights=lambda m: np.eye(m, N), factor=lambda m: 1.03) -> Tables:
    return made(weights, lambda m, exponent: left_out(m, exponent) * factor(m))


@cache
def strong() -> Tables:
    return of_powers(POWERS)


@cache
def weak() -> Tables:
    return of_left_out()


def failing(experiment: str, **tables: Tables) -> dict[str, str]:
    """By name, the verdicts on its claims other than `holds`, on these tables or else on those above."""
    both = {"width_scaling": strong(), "width_scaling_weak": weak()} | tables
    own = {claim.id.partition(".")[2]: verdict(claim, both)["verdict"] for claim in CLAIMS[experiment]}
    return {name: found for name, found in own.items() if found != "holds"}


def test_frames_have_the_least_overlap_and_random_directions_that_of_chance():
    (sweep, _) = width_scaling.at_exponent(strong(), N, 0.0)
    for m, model in sweep.items():
        # of n unit vectors in a tight frame sum_ij cos^2 = n^2 / m, n of which are those with themselves
        assert width_scaling.overlap(model) == pytest.approx(m * (N / m - 1) / (N - 1), rel=1e-4)
        assert width_scaling.least_overlap(model) == pytest.approx((N - m) / (N - 1))
        drawn = replace(model, W=np.random.default_rng(m).normal(size=(m, N)))
        assert width_scaling.overlap(drawn) == pytest.approx(1, abs=0.05)
        alone = replace(model, norms=np.eye(1, N)[0])
        assert (width_scaling.overlap(alone), width_scaling.least_overlap(alone)) == (0, 0)


def test_exponents_are_read_off_densities():
    found = width_scaling.exponents(weak())
    assert found.tolist() == [exponent for _ in WIDTHS for exponent in EXPONENTS for _ in range(2)]
    uneven = hand_made.tables([HandMade([[1.0, 0, 0]], [0.0] * 3, sparsity=[0.5, 0.75, 0.9])])
    rising = hand_made.tables([HandMade([[1.0, 0]], [0.0] * 2, sparsity=[0.75, 0.5])])
    alone = hand_made.tables([HandMade([[1.0]], [0.0], sparsity=0.5)])
    assert all(np.isnan(width_scaling.exponents(tables)).all() for tables in (uneven, rising, alone))


def test_what_is_left_out_is_the_variance_of_features_without_a_direction():
    (sweep, _) = width_scaling.at_exponent(weak(), N, 1.5)
    assert sweep[5].left_out == pytest.approx(left_out(5, 1.5), rel=1e-6)
    # 1/3 (1 - sum of 5) - 1/4 sum of squares of the rest, over 100 features: 0.270 of the frequencies is left
    assert 0.270 / 3 / 100 * 0.95 < sweep[5].left_out < 0.270 / 3 / 100
    assert width_scaling.slope(sweep) == pytest.approx(width_scaling.falls_as({m: left_out(m, 1.5) for m in WIDTHS}))
    assert width_scaling.falls_as({1: 1.0, 2: 0.5, 4: 0.25}) == pytest.approx(1)
    assert width_scaling.falls_as({1: 1.0, 2: 0.0}) == np.inf


def test_claims_hold_on_what_the_source_says():
    """But for its exponent: of 100 features the sum falls as m^-0.73, and not as m^-0.5."""
    assert failing("width_scaling") == {}
    assert failing("width_scaling_weak") == {"exponent_less_one": "differs_from_print"}


@pytest.mark.parametrize(
    ("tables", "expected"),
    [
        (of_powers(POWERS | {0.0: 0.5}), {"inverse_width"}),
        (made(frame, lambda m, exponent: 0.1 * m ** -POWERS[exponent]), {"better_where_wide"}),
        (made(frame, lambda m, exponent: 0.001 * m ** -(1 + exponent / 5) * (0.8 if m == 5 else 1)), {"straight_line"}),
        (of_powers(dict.fromkeys(EXPONENTS, 1.0)), {"steeper_where_skewed"}),
        (of_powers(POWERS, lambda m: np.eye(m, N)), {"all_are_represented", "overlaps", "tight_frame"}),
        (
            of_powers(POWERS, lambda m: np.random.default_rng(0).normal(size=(m, N))),
            {"tight_frame"},
        ),
    ],
    ids=["slower", "worse", "bent", "alike", "few", "random"],
)
def test_claims_about_strong_superposition_fail_on_others(tables, expected):
    assert failing("width_scaling", width_scaling=tables).keys() == expected


@pytest.mark.parametrize(
    ("tables", "expected"),
    [
        (of_left_out(weights=frame), {"fewer_with_decay", "left_out", "sum_of_the_rest"}),
        (
            of_left_out(weights=lambda m: np.eye(m, N)[:, ::-1]),
            {"left_out", "most_frequent_are_kept", "sum_of_the_rest"},
        ),
        (of_left_out(factor=lambda m: 1.4), {"left_out"}),
        (of_left_out(factor=lambda m: m**0.3), {"left_out", "sum_of_the_rest"}),
    ],
    ids=["all", "rarest", "more loss", "flatter"],
)
def test_claims_about_weak_superposition_fail_on_others(tables, expected):
    assert failing("width_scaling_weak", width_scaling_weak=tables).keys() - {"exponent_less_one"} == expected


def test_the_limits_power_fails_where_the_sum_does_too():
    found = failing("width_scaling_weak", width_scaling_weak=of_left_out(factor=lambda m: m**-0.5))
    assert found["exponent_less_one"] == "fails"
    assert "exponent_less_one" not in failing(
        "width_scaling_weak", width_scaling_weak=of_left_out(factor=lambda m: m**0.2)
    )


def test_other_models_are_not_judged():
    for other in (as_printed.intro(), as_printed.basic_results()):
        with pytest.raises(NotInThisRun):
            width_scaling.families(other, other.n_features)
    assert len(evaluate({"width_scaling": as_printed.intro(), "width_scaling_weak": weak()}).untested) == 8


def test_the_figure_has_a_line_for_each_exponent(tmp_path):
    for experiment, tables in (("width_scaling", strong()), ("width_scaling_weak", weak())):
        figure = figures_of(experiment, tables)["widths"]
        save(figure, tmp_path / "widths.svg")
        assert not layout.faults((tmp_path / "widths.svg").read_bytes())
        loss = figure.axes[0]
        solid = [line for line in loss.lines if line.get_marker() == "o"]
        assert [line.get_ydata()[0] for line in solid] == pytest.approx(
            [model[5].loss for model in width_scaling.families(tables, N)[0].values()]
        )
        dashed = [line for line in loss.lines if line.get_linestyle() == "--"]
        assert len(dashed) == (3 if experiment == "width_scaling_weak" else 0)
    said = [text.get_text() for text in figures_of("width_scaling", strong())["widths"].axes[0].get_legend().texts]
    assert said == ["all alike: $m^{-1.00}$", "$i^{-1}$: $m^{-1.20}$", "$i^{-1.5}$: $m^{-1.30}$"]


def test_other_experiments_get_an_overview():
    assert "widths" not in figures_of("width_scaling", as_printed.intro())
    assert "widths" not in figures_of("width_scaling_weak", as_printed.basic_results())
