"""The phase diagram: its cells, its figure and its claims, on models that are put together by hand."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

from superposition.claims import phase_change as claims
from superposition.claims.claim import Share
from superposition.figures import phase_diagram as figures
from superposition.figures.style import phase_colours
from superposition.readings.phases import cells, phase_of
from superposition.readings.results import NotInThisRun
from superposition.theory.phases import DEDICATED, IGNORED, SUPERPOSED, phase
from tests import as_printed, hand_made
from tests.hand_made import HandMade

WEIGHTS = {"ignored": [[1.0, 0.0]], "dedicated": [[0.0, 1.0]], "in superposition": [[1.0, -1.0]]}
OF_THREE = {
    IGNORED: [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]],
    DEDICATED: [[1.0, -1.0, 0.0], [0.0, 0.0, 1.0]],
    SUPERPOSED: [[1.0, 0.0, 0.0], [0.0, 1.0, -1.0]],
}
DENSITIES, IMPORTANCES = np.geomspace(0.01, 1, 20), np.geomspace(0.1, 10, 21)


def made(found=lambda s, r: phase(2, np.array([s]), np.array([r]))[0], seeds: int = 5, densities=DENSITIES):
    """A diagram of 20 x 21 cells; the best of the models in each is as `found` says, the worst ignores the feature."""
    models = []
    for s in densities:
        for r in IMPORTANCES:
            for seed in range(seeds):
                W = WEIGHTS[found(s, r) if seed < seeds - 1 else IGNORED]
                models.append(
                    HandMade(W, [0, 0], 1 - s, (1.0, float(r)), f"last {r:g}", seed=seed, loss=0.01 * (1 + seed))
                )
    return hand_made.tables(models, steps=(0,))


@pytest.fixture(scope="module")
def theory():
    return made()


def test_names_of_phases():
    norm, superposition = pd.Series([0.1, 0.9, 0.9]), pd.Series([1.0, 0.0, 1.0])
    assert phase_of(norm, superposition).tolist() == ["ignored", "dedicated", "in superposition"]


def test_cells_leave_out_the_worst_model_and_keep_the_best(theory):
    table = cells(theory)
    assert len(table) == 420
    sparse = table[(table["density"] < 0.011) & (np.abs(table["importance"] - 1) < 0.01)].iloc[0]
    assert (sparse["norm"], sparse["superposition"], sparse["models"], sparse["superposed"]) == (1, 1, 5, 4)
    assert sparse["mean_norm"] == 1  # the fifth, which has the highest loss, is not in it


@pytest.mark.parametrize("way", claims.WAYS)
def test_models_as_in_theory_agree_with_it(theory, way):
    finding = claims.agreement(2, way)(theory)
    assert finding.verdict == "holds"
    assert finding.measured.startswith("100.0% of 420 cells")
    # the last of five models ignores the feature, so single ones agree less
    met, of = map(int, finding.spread.removeprefix("single models: ").removesuffix(" models").split(" of "))
    assert 0.8 * 2100 < met < 2100 == of
    assert finding.share == (None if way == claims.MEAN else Share(met, of, "models"))


def test_the_best_of_each_cell_may_agree_where_the_mean_does_not(theory):
    """Two of five models ignore the feature: the paper's rule leaves out one of them."""
    worse = theory.features["seed"] == 3
    norm = theory.features["norm"].where(~worse, 0.0)
    mixed = dataclasses.replace(theory, features=theory.features.assign(norm=norm))
    assert claims.agreement(2, claims.BEST)(mixed).verdict == "holds"
    found = claims.agreement(2, claims.MEAN)(mixed)
    assert found.verdict == "holds"  # three of four still have the norm above 1/2
    most = theory.features["seed"] >= 1
    mixed = dataclasses.replace(theory, features=theory.features.assign(norm=theory.features["norm"].where(~most, 0.0)))
    assert claims.agreement(2, claims.MEAN)(mixed).verdict == "fails"
    assert claims.agreement(2, claims.BEST)(mixed).verdict == "holds_at_best"


def test_other_models_do_not():
    always = made(lambda s, r: SUPERPOSED, seeds=5)
    for way in claims.WAYS:
        assert claims.agreement(2, way)(always).verdict == "fails"
        assert claims.first_order(way)(always).verdict == "fails"
        assert claims.reach(way)(always).verdict == "fails"


@pytest.mark.parametrize("way", claims.WAYS)
def test_the_jump_and_the_reach_of_theory(theory, way):
    jump = claims.first_order(way)(theory)
    assert jump.verdict == "holds"
    # 4 * 0.2 / (2 + 5 * 0.2) = 0.267; densities are 27% apart
    assert jump.measured.startswith("norm at least 1.00 up to density 0.2")
    assert jump.measured.endswith("at most 0.00 from 0.379 on (r = 0.2, boundary 0.266)")
    assert claims.local_minima(theory).verdict == "holds"
    assert claims.reach(way)(theory).measured.startswith("r = 1: 0.546, between 0.483 and 0.616; ")  # theory: 4/7


def until(ends, densities):
    """A diagram in which superposition ends at `ends` for a relative importance of 1, and at 0.18 for one of 0.1."""
    return made(lambda s, r: SUPERPOSED if s < (ends if r > 0.5 else 0.18) else IGNORED, densities=densities)


@pytest.mark.parametrize("points", [19, 31, 60])
def test_the_reach_is_judged_alike_on_coarse_grids_and_fine_ones(points):
    """0.65 +- 0.06: boundaries inside and outside, whatever the densities are."""
    densities = np.geomspace(0.01, 1, points)
    check = claims.reach(claims.BEST)
    assert [check(until(ends, densities)).verdict for ends in (0.65, 0.5, 0.85)] == ["holds", "fails", "fails"]


def of_three(times: float):
    """Superposition ends at so many times theory's density for the less important third feature."""
    models = []
    for s in np.geomspace(0.01, 1, 31):
        for r in IMPORTANCES:
            found = (SUPERPOSED if s < times * 4 * r / (2 + 5 * r) else IGNORED) if r < 1 else DEDICATED
            models += [
                HandMade(OF_THREE[found], [0] * 3, 1 - s, (1.0, 1.0, float(r)), f"{r:g}", seed=seed, loss=0.01 + seed)
                for seed in range(5)
            ]
    return hand_made.tables(models, steps=(0,))


@pytest.mark.parametrize(("times", "verdict"), [(1.12, "holds"), (0.7, "fails"), (1.9, "fails")])
def test_the_left_boundary_of_three_features(times, verdict):
    tables = of_three(times)
    for way in claims.WAYS:
        found = claims.left_boundary(way)(tables)
        assert found.verdict == verdict
        assert found.measured.startswith("r = 0.1: ")  # 0.11 is nearer to 0.1 than to 0.126
        assert found.measured.count("theory") == 5
    with pytest.raises(NotInThisRun, match="n = 3, m = 2"):
        claims.left_boundary(claims.BEST)(made(seeds=1))


def test_a_change_away_from_the_boundary_is_no_jump():
    """From 1 to 0, but at half the density of theory's boundary."""
    early = made(lambda s, r: SUPERPOSED if s < 0.14 else IGNORED)
    for way in claims.WAYS:
        assert claims.first_order(way)(early).verdict == "fails"


def test_single_models_count_by_the_criterion_and_by_rank(theory):
    """Four of five models of each cell are as in theory, so that four of the ranks of columns are."""
    assert claims.first_order(claims.BEST)(theory).share == Share(4, 5, "ranks")
    by_rule = claims.first_order(claims.MEAN)(theory)
    assert by_rule.share is None
    assert by_rule.spread.startswith("single models: 4 of 5 ranks")


def test_claims_about_another_diagram_are_not_tested(theory):
    with pytest.raises(NotInThisRun, match="n = 3, m = 2"):
        claims.dedicated(claims.MEAN)(theory)
    few = theory.instances[theory.instances["seed"] < 2]
    features = theory.features[theory.features["seed"] < 2]
    with pytest.raises(NotInThisRun, match="of 5 models"):
        claims.first_order(claims.BEST)(dataclasses.replace(theory, instances=few, features=features))


def test_the_figure_needs_a_diagram(theory):
    assert figures.fits(theory)
    assert not figures.fits(as_printed.intro())
    drawn = figures.figures(theory)
    assert list(drawn) == ["phase_diagram"]
    shades = phase_colours(np.array([0.0, 1.0, 1.0]), np.array([1.0, 0.0, 1.0]))
    assert np.ptp(shades[0]) == pytest.approx(0)  # grey
    assert shades[1].argmax() == 2  # blue
    assert shades[2].argmax() == 0  # red
