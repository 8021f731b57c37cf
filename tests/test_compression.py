"""The bound of compressed sensing and nonlinear compression: formulas, figures and claims against known answers."""

from dataclasses import replace

import numpy as np
import pytest

from superposition.claims import compression as claims
from superposition.figures import compression as figures
from superposition.readings.results import NotInThisRun
from superposition.theory.compressed_sensing import modulation, recovered
from superposition.theory.nonlinear_compression import LINEAR, limit, loss, read, staircase, widest_ramps, write
from tests import as_printed


def test_the_bound_and_what_is_recovered():
    # s = 1/e: s log(1/s) = 1/e
    assert modulation(np.array([np.exp(-1)])) == pytest.approx(np.e)
    # density 1: an ignored feature costs 1/12. All ignored: none; a mean loss of half that: half of them
    assert recovered(np.array([1 / 12, 1 / 24, 0.0]), np.ones(3), 10) == pytest.approx([0, 5, 10])


def test_staircase():
    z = np.array([0.0, 0.5, 0.99, 1.0, 1.05, 1.1, 1.9, 2.05, 2.5])
    assert staircase(z, 3, 0.1) == pytest.approx([0, 0, 0, 0, 0.5, 1, 1, 1.5, 2])
    assert staircase(z, 3, 1e-9) == pytest.approx([0, 0, 0, 0, 1, 1, 1, 2, 2])


def test_away_from_ramps_y_comes_out_right_and_x_at_the_lower_end_of_its_step():
    # Z = 2: x = 0.8 is on the second step, t = (1 + 0.3) / 2
    x, y = np.array([0.8, 0.2]), np.array([0.3, 0.9])
    t = write(x, y, 2, 0.01)
    assert t == pytest.approx([0.65, 0.45])
    x_read, y_read = read(t, 2, 0.01)
    assert x_read == pytest.approx([0.5, 0])
    assert y_read == pytest.approx(y)


@pytest.mark.parametrize(("steps", "epsilon"), [(1, 0.1), (2, 0.1), (3, 0.3), (9, 0.1), (5, 0.01)])
def test_the_loss_is_its_integral(steps, epsilon):
    # midpoints of 2000 x 2000 squares, 1/Z and epsilon not in step with them
    x, y = np.meshgrid((np.arange(2000) + 0.5) / 2000, (np.arange(2003) + 0.5) / 2003, indexing="ij")
    x_read, y_read = read(write(x, y, steps, epsilon), steps, epsilon)
    assert loss(steps, epsilon) == pytest.approx(((x - x_read) ** 2 + (y - y_read) ** 2).mean() / 2, rel=4e-3)


def test_narrow_ramps():
    # x is off by u / Z, u uniform on [0, 1]: E = 1 / (3 Z^2), and y by nothing
    assert limit(1) == pytest.approx(1 / 6)
    for steps in (1, 2, 5):
        assert loss(steps, 1e-9) == pytest.approx(limit(steps), rel=1e-6)
    # With many steps, ramps cost epsilon / 4: half of E[f (1 - f)] = 1/6 in writing, and of 1/3 in reading.
    assert (loss(60, 1e-4) - limit(60)) / 1e-4 == pytest.approx(1 / 4, rel=0.05)


def test_linear_compression():
    # of x, y uniform: one picked, the other at 1/2; or both from their mean, off by (x - y) / 2
    u = (np.arange(1000) + 0.5) / 1000
    x, y = np.meshgrid(u, u)
    assert ((y - 0.5) ** 2).mean() / 2 == pytest.approx(LINEAR, rel=1e-5)
    assert (((x - y) / 2) ** 2).mean() == pytest.approx(LINEAR, rel=1e-5)


def test_the_widest_ramps():
    assert widest_ramps(2) == 0  # without ramps as good as linear
    widest = widest_ramps(3)
    assert loss(3, widest) == pytest.approx(LINEAR)
    assert 0.1 < widest < 0.13


def test_the_constant_may_not_rise():
    shown = as_printed.geometry()
    finding = claims.one_constant(shown)
    assert finding.verdict == "holds"
    # 0.6 at all densities but those of the first seed's margin
    assert finding.measured.startswith("0.60 against 0.60, as ")
    # twice as many features' worth recovered where they are sparse
    instances = shown.instances.copy()
    sparse = instances["sparsity"] > 0.8
    s = 1 - instances["sparsity"]
    instances.loc[sparse, "loss"] = ((s / 3 - s**2 / 4) * (1 - 2 * 30 * 0.6 / (s * np.log(1 / s)) / 400))[sparse]
    assert claims.one_constant(replace(shown, instances=instances)).verdict == "fails"


def test_another_run_does_not_test_it():
    with pytest.raises(NotInThisRun):
        claims.one_constant(as_printed.basic_results())


def test_claims_about_formulas_can_fail(monkeypatch):
    tables = as_printed.geometry()
    formulas = claims.CLAIMS[1:]
    assert {claim.check(tables).verdict for claim in formulas} == {"holds"}
    original = claims.loss
    monkeypatch.setattr(claims, "loss", lambda steps, epsilon: 1.2 * original(steps, epsilon))
    assert {claim.check(tables).verdict for claim in formulas} == {"fails"}


def test_figures():
    drawn = figures.figures(as_printed.geometry())
    assert list(drawn) == ["features_per_dimension", "nonlinear_compression"]
    said = [text.get_text() for text in drawn["nonlinear_compression"].axes[0].texts]
    assert "linear: 1/24" in said
    assert any("0.116" in text.get_text() for text in drawn["nonlinear_compression"].texts)
