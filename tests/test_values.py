"""Laws of values: their moments against closed forms, their ends, and what a feature has of them."""

from math import erf, exp, log, pi, sqrt

import numpy as np
import pytest
import torch

from superposition.exact.grids import INPUT
from superposition.exact.philox import stream_key
from superposition.features.distribution import Distribution
from superposition.features.source import Stream
from superposition.features.values import LEVELS, table


def exponential(r: float) -> tuple[float, float]:
    """First and second moment of a density proportional to exp(-r x) on [0, 1]."""
    total = 1 - exp(-r)
    return 1 / r - exp(-r) / total, 2 / r**2 - exp(-r) * (1 + 2 / r) / total


def power_law(a: float, least: float) -> tuple[float, float]:
    def integral(p: float) -> float:  # of x^p from `least` to 1
        return -log(least) if p == -1 else (1 - least ** (p + 1)) / (p + 1)

    return integral(1 - a) / integral(-a), integral(2 - a) / integral(-a)


def half_normal(c: float) -> tuple[float, float]:
    """Of a normal variate's size in units of its largest one, c standard deviations."""
    inside, density = erf(c / sqrt(2)), exp(-c * c / 2) / sqrt(2 * pi)
    return 2 * (1 / sqrt(2 * pi) - density) / inside / c, (1 - 2 * c * density / inside) / c**2


MOMENTS = {
    "exponential 0.1": exponential(0.1),
    "exponential 5": exponential(5),
    "exponential 32": exponential(32),
    "power_law 0 0.001": power_law(0, 0.001),
    "power_law 1 0.01": power_law(1, 0.01),
    "power_law 1.000000001 0.01": power_law(1, 0.01),
    "power_law 2 0.01": power_law(2, 0.01),
    "power_law 8 0.9": power_law(8, 0.9),
    "normal 1": (0.0, half_normal(1)[1]),
    "normal 6": (0.0, half_normal(6)[1]),
    "half_normal 3": half_normal(3),
}


@pytest.mark.parametrize("values", MOMENTS)
def test_tables_have_the_moments_of_their_laws(values):
    found = table(values)
    # Levels are as fine as 1 / LEVELS of the mass, and values rounded to 2^-16, without a bias.
    assert found.mean() == pytest.approx(MOMENTS[values][0], rel=2e-4, abs=1e-6)
    assert np.square(found).mean() == pytest.approx(MOMENTS[values][1], rel=1e-3)
    assert (np.diff(found) >= 0).all()
    assert np.abs(found).max() <= 1
    np.testing.assert_array_equal(found, INPUT.limit * np.rint(found * 2**16) / 2**16)


def test_ends_of_tables():
    assert table("power_law 2 0.01")[[0, -1]] == pytest.approx([0.01, 1], rel=6e-3)
    assert table("exponential 1")[[0, -1]] == pytest.approx([0, 1], abs=1e-3)
    np.testing.assert_array_equal(table("normal 3"), -table("normal 3")[::-1])
    assert table("unit") is table("signed") is table("constant") is None


def test_values_of_given_words():
    # density 1/2: words below 2^31 are active, and their quotient by 2^31 is the place in the table
    given = torch.tensor([[[0, 2**30, 2**31 - 1, 2**31, 2**32 - 1]]])
    density = torch.tensor([[0.5]], dtype=torch.float64)

    def values(law: str, kind: str = "independent", dtype: torch.dtype = torch.float64) -> list[float]:
        return Distribution(density, law, dtype, [kind], [1])(given)[0, 0].tolist()

    curve = table("exponential 5").tolist()
    assert values("exponential 5") == [curve[0], curve[LEVELS // 2], curve[-1], 0, 0]
    assert values("exponential 5", dtype=torch.float32) == [curve[0], curve[LEVELS // 2], curve[-1], 0, 0]
    assert values("constant") == [1, 1, 1, 0, 0]


@pytest.mark.parametrize("law", ["unit", "signed", "constant", "exponential 5"])
def test_samples_of_unit_length(law):
    density = torch.full((1, 12), 0.3, dtype=torch.float64)

    def drawn(values: str) -> torch.Tensor:
        distribution = Distribution(density, values, torch.float64, ["independent"], [1])
        return Stream(torch.tensor([stream_key({"law": 1})]), distribution).batch(torch.tensor(0), torch.arange(5000))

    before, after = drawn(law)[0], drawn(f"{law} of unit length")[0]
    length = before.norm(dim=0)
    assert ((length == 0) == (after.norm(dim=0) == 0)).all()
    some = length > 0
    # Each of 12 values is rounded to 2^-16.
    assert (after.norm(dim=0)[some] - 1).abs().max() < 12 * 2**-17
    assert (after[:, some] - before[:, some] / length[some]).abs().max() <= 2**-17 + 2**-24
    assert torch.equal(after, torch.round(after * 2**16) / 2**16)


@pytest.mark.parametrize("values", ["constant", "exponential 5", "half_normal 3"])
@pytest.mark.parametrize(("kind", "size"), [("independent", 1), ("correlated", 2), ("anticorrelated", 2)])
def test_the_law_of_active_features(values, kind, size):
    density = torch.full((1, 8), 0.2, dtype=torch.float64)
    source = Stream(
        torch.tensor([stream_key({"law": 1})]), Distribution(density, values, torch.float64, [kind], [size])
    )
    x = source.batch(torch.tensor(0), torch.arange(60_000))
    active = x[x != 0]  # hardly any is rounded to 0
    share = 0.2 / (size if kind == "anticorrelated" else 1)
    assert len(active) / x.numel() == pytest.approx(share, rel=0.02)
    mean, square = MOMENTS.get(values, (1.0, 1.0))
    assert active.mean().item() == pytest.approx(mean, rel=0.02)
    assert active.square().mean().item() == pytest.approx(square, rel=0.03)
