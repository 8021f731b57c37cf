"""Laws of values: what theory says of each, and what claims make of models of known shape."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from superposition.claims import evaluate
from superposition.features.values import table
from superposition.figures import figures_of
from superposition.figures.svg import save
from superposition.readings.results import Tables
from superposition.readings.value_laws import digons_begin, law_of
from tests import as_printed, hand_made, layout
from tests.hand_made import HandMade, directions

LAWS = {
    "values_unit": "unit",
    "values_exponential": "exponential 5",
    "values_power_law": "power_law 2 0.01",
    "values_constant": "constant",
}
DENSITIES = (1.0, 0.68, 0.46, 0.31, 0.21, 0.14, 0.1, 0.065, 0.044, 0.03)
PLANE = directions([0, 90, 0, 0, 0], [1, 1, 0.02, 0.01, 0.03])
PAIRS = directions([0, 90, 180, 270, 0], [1, 1, 1, 1, 0.02])


def of_law(experiment: str, opposite: bool = True, pairs=PAIRS, spread: float = 72.0, radius: float = 1.25) -> Tables:
    """As with uniform values, earlier where theory has it so; two seeds, of which the second has more loss."""
    begin = digons_begin(law_of(LAWS[experiment]), 0.9)
    pentagon = directions([spread * k for k in range(5)], [radius] * 5)
    models = []
    for s in DENSITIES[experiment == "values_constant" :]:
        shared = -1.0 if opposite else 1.0
        line = [[1.0, shared if s < begin else 0.0, 0.0, 0.0, 0.0], [0.0] * 5]
        plane = pentagon if s <= 0.1 else pairs if s < min(begin, 0.5) or begin > 1 else PLANE
        for m, W in ((1, line), (2, plane)):
            b = [1 - radius**2] * 5 if W is pentagon else [0.0] * 5
            models += [
                HandMade(
                    W, b, round(1 - s, 6), [0.9**i for i in range(5)], "0.9^i", seed=seed, loss=0.01 * (1 + seed / 10),
                    n_hidden=m, law=LAWS[experiment],
                )
                for seed in range(2)
            ]  # fmt: skip
    return hand_made.tables(models)


SHOWN = {experiment: partial(of_law, experiment) for experiment in LAWS}


def failing(experiment: str, tables: Tables) -> set[str]:
    found = evaluate({experiment: tables}).verdicts
    return {str(one["id"]).partition(".")[2] for one in found if one["verdict"] != "holds"}


@pytest.mark.parametrize(
    ("values", "expected", "begin"),
    [
        # 1/2, 1/3, and of the smaller one of two 1/6: (1/3) / (1/3 + 1/4) where both are as important
        ("unit", (1 / 2, 1 / 3, 1 / 6), 4 / 7),
        ("constant", (1, 1, 1), 1 / 3),
        # with L = ln 100: 0.01 L / 0.99; 0.01; 2 (0.01 / 0.99)^2 (L - 0.99)
        ("power_law 2 0.01", (0.046517, 0.01, 7.3773e-4), 2.752),
        # rate 5, cut off at 1: what is below is exp(-5) = 0.0067 of all
        ("exponential 5", (0.19322, 0.07048, 0.0193), 0.93),
    ],
)
def test_three_numbers_of_a_law_say_where_pairs_begin(values, expected, begin):
    law = law_of(values)
    assert (law.average, law.square, law.both) == pytest.approx(expected, rel=0.02)
    assert digons_begin(law, 1.0) == pytest.approx(begin, rel=0.02)


def test_the_smaller_one_of_two_values():
    drawn = np.random.default_rng(0)
    for values in ("exponential 5", "power_law 2 0.01", "half_normal 3"):
        known = table(values)
        x, y = known[drawn.integers(len(known), size=(2, 400_000))]
        assert law_of(values).both == pytest.approx((np.minimum(x, y) ** 2).mean(), rel=0.03)
    with pytest.raises(ValueError, match="both signs"):
        law_of("signed")
    with pytest.raises(ValueError, match="beside it"):
        law_of("unit of unit length")


def test_where_pairs_begin_is_where_sharing_costs_as_much_as_leaving_out():
    """By quadrature over two uniform values: (1 + I) s^2 E[min^2] against I (s/3 - s^2/4)."""
    x = (np.arange(1000) + 0.5) / 1000
    both = (np.minimum(x[:, None], x) ** 2).mean()
    s = digons_begin(law_of("unit"), 0.9)
    assert 1.9 * s * s * both == pytest.approx(0.9 * (s / 3 - s * s / 4), rel=1e-3)


@pytest.mark.parametrize("experiment", LAWS)
def test_claims_hold_where_nothing_changes_but_what_theory_says(experiment):
    assert failing(experiment, of_law(experiment)) == set()


@pytest.mark.parametrize(
    ("experiment", "change", "expected"),
    [
        ("values_unit", {"opposite": False}, {"digons_begin"}),
        ("values_unit", {"pairs": PLANE}, {"pairs_on_the_way"}),
        ("values_unit", {"spread": 60.0}, {"pentagons_when_sparse"}),
        ("values_power_law", {"pairs": PLANE}, {"pairs_on_the_way", "superposed_when_dense"}),
        ("values_constant", {"radius": 1.1}, {"one_alone_is_exact"}),
        ("values_constant", {"spread": 60.0}, {"pentagons_when_sparse", "one_alone_is_exact"}),
    ],
)
def test_claims_fail_on_others(experiment, change, expected):
    assert failing(experiment, of_law(experiment, **change)) == expected


def test_a_law_is_judged_by_its_own_theory():
    """What power-law values do is too early for uniform ones."""
    early = of_law("values_power_law")
    uniform = replace(early, instances=early.instances.assign(values="unit"))
    assert "digons_begin" in failing("values_unit", uniform)
    assert len(evaluate({"values_unit": early}).untested) == 4
    assert len(evaluate({"values_unit": as_printed.basic_results()}).untested) == 4


@pytest.mark.parametrize("experiment", LAWS)
def test_the_figure_counts_features_and_says_where_pairs_begin(experiment, tmp_path):
    figure = figures_of(experiment, of_law(experiment))["laws"]
    save(figure, tmp_path / "laws.svg")
    assert not layout.faults((tmp_path / "laws.svg").read_bytes())
    one, *_ = figure.axes[0].lines
    begin = digons_begin(law_of(LAWS[experiment]), 0.9)
    assert one.get_ydata() == pytest.approx([2 if s < begin else 1 for s in one.get_xdata()])
    dashed = [line.get_xdata()[0] for line in figure.axes[0].lines if line.get_linestyle() == "--"]
    assert dashed == ([begin] if begin < 1 else [])


def test_other_experiments_get_an_overview():
    assert "laws" not in figures_of("values_unit", as_printed.intro())
    signed = of_law("values_unit")
    signed = replace(signed, instances=signed.instances.assign(values="signed"))
    assert "laws" not in figures_of("values_unit", signed)
