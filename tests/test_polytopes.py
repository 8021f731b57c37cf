"""Polytopes by their coordinates: dimensionalities, and what the graph of features makes of them."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

from superposition.claims import CLAIMS, verdict
from superposition.claims import polytopes as claims
from superposition.figures import figures_of, svg
from superposition.measures.dimensionality import feature_dimensionality
from superposition.readings.polytopes import components, counts, dimensionalities, rank
from superposition.theory.polytopes import (
    bipyramid,
    digon,
    octahedron,
    polygon,
    simplex,
    square_antiprism,
    tegum_product,
    tetrahedron,
)
from tests import as_printed, hand_made
from tests.hand_made import HandMade

DEDICATED = np.ones((1, 1))

SOLIDS = {
    # vertices, their dimensionalities, the components that they come apart into
    "dedicated": (DEDICATED, [1], {"dedicated": 1}),
    "digon": (digon(), [1 / 2] * 2, {"digon": 1}),
    "triangle": (polygon(3), [2 / 3] * 3, {"triangle": 1}),
    "tetrahedron": (tetrahedron(), [3 / 4] * 4, {"tetrahedron": 1}),
    "pentagon": (polygon(5), [2 / 5] * 5, {"pentagon": 1}),
    "square antiprism": (square_antiprism(), [3 / 8] * 8, {"square antiprism": 1}),
    "axes of space": (tegum_product(*[DEDICATED] * 3), [1] * 3, {"dedicated": 3}),
    "square": (polygon(4), [1 / 2] * 4, {"digon": 2}),
    "octahedron": (octahedron(), [1 / 2] * 6, {"digon": 3}),
    "triangular bipyramid": (bipyramid(3), [2 / 3] * 3 + [1 / 2] * 2, {"triangle": 1, "digon": 1}),  # no 3/5
    "pentagonal bipyramid": (bipyramid(5), [2 / 5] * 5 + [1 / 2] * 2, {"pentagon": 1, "digon": 1}),  # no 3/7
    "simplex of 4": (simplex(4), [3 / 4] * 4, {"tetrahedron": 1}),
}
# W W^T = 8/3 times the identity, so that D = 3/8, as for the antiprism.
CORNERS = np.array([[x, y, z] for x in (1, -1) for y in (1, -1) for z in (1, -1)]).T / np.sqrt(3)


@pytest.mark.parametrize("name", SOLIDS)
def test_named_solids_have_their_dimensionalities_and_come_apart_into_their_factors(name):
    W, expected, factors = SOLIDS[name]
    np.testing.assert_allclose(np.linalg.norm(W, axis=0), 1, rtol=0, atol=1e-12)
    np.testing.assert_allclose(dimensionalities(W), expected, rtol=0, atol=1e-9)
    found = components(W)
    assert counts(found) == factors
    assert sum(len(component.features) for component in found) == W.shape[1]


@pytest.mark.parametrize("name", SOLIDS)
def test_neither_rotation_nor_order_nor_a_little_noise_changes_what_is_found(name):
    W, _, factors = SOLIDS[name]
    random = np.random.default_rng(0)
    turned = np.linalg.qr(random.standard_normal((len(W), len(W))))[0] @ W[:, random.permutation(W.shape[1])]
    assert counts(components(turned + 0.005 * random.standard_normal(W.shape))) == factors


def test_corners_of_a_cube():
    np.testing.assert_allclose(dimensionalities(CORNERS), 3 / 8, rtol=0, atol=1e-9)
    assert rank(CORNERS) == 3
    assert len(components(CORNERS)) == 1


def test_the_simplex_is_minimal_superposition():
    # W_i . W_j = -(1/n) / (1 - 1/n) = -1 / (n - 1)
    products = simplex(6).T @ simplex(6)
    np.testing.assert_allclose(products, np.where(np.eye(6), 1, -1 / 5), rtol=0, atol=1e-12)


def least_loss(solid: np.ndarray, x: np.ndarray) -> float:
    """Squared error of a feature, least over the length of the vectors and the bias, on samples [feature, sample]."""
    cosines = solid.T @ solid

    def loss(settings: np.ndarray) -> float:
        length, bias = settings
        return float(((np.maximum(length * cosines @ x + bias, 0) - x) ** 2).mean())

    return minimize(loss, [0.8, 0.35], method="Nelder-Mead", options={"xatol": 1e-4, "fatol": 1e-9}).fun


@pytest.mark.parametrize(("at", "best"), [(1.28, "triangle"), (1.42, "triangle"), (1.65, "digon"), (2.5, "digon")])
def test_no_density_is_best_for_tetrahedra(at, best):
    """If all dimensions are filled with one polytope: the claim about tetrahedra has this as its remark."""
    density = 1 / at
    random = np.random.default_rng(0)
    x = np.where(random.random((4, 100_000)) < density, random.random((4, 100_000)), 0)
    variance = density / 3 - density**2 / 4
    gained = {}  # by a dimension
    for name in ("digon", "triangle", "tetrahedron"):
        solid, _, _ = SOLIDS[name]
        n = solid.shape[1]
        gained[name] = n / len(solid) * (variance - least_loss(solid, x[:n]))
    assert max(gained, key=gained.__getitem__) == best


def test_features_that_are_not_represented_are_left_out():
    W = tegum_product(polygon(3), 0.4 * digon(), digon())
    assert [component.features for component in components(W)] == [(0, 1, 2), (5, 6)]
    assert components(0.4 * W) == []


def test_a_shape_without_a_name_has_none():
    assert [component.polytope for component in components(polygon(7))] == [None]
    assert counts(components(polygon(7))) == {}


@given(st.integers(1, 6), st.integers(1, 30), st.integers(0, 2**31))
@settings(max_examples=60, deadline=None)
def test_dimensionalities_are_the_stored_ones_and_add_up_to_at_most_m(m, n, seed):
    W = np.random.default_rng(seed).standard_normal((m, n))
    D = dimensionalities(W)
    assert D.sum() <= min(m, n) + 1e-9
    stored = feature_dimensionality(W[None])[0]
    np.testing.assert_allclose(D, stored, rtol=0, atol=1e-9)


def geometry_verdict(name, tables):
    (claim,) = [one for one in CLAIMS["geometry"] if one.id == f"geometry.{name}"]
    return verdict(claim, {"geometry": tables})


def test_a_line_at_three_sevenths_is_found():
    # Seven unit vectors in space with W W^T = 7/3 times the identity, so that D = 3/7: ten times those, at one density.
    turn = 2 * np.pi * np.arange(7) / 7
    seven = np.stack([np.ones(7), np.sqrt(2) * np.cos(turn), np.sqrt(2) * np.sin(turn)]) / np.sqrt(3)
    np.testing.assert_allclose(dimensionalities(seven), 3 / 7, rtol=0, atol=1e-9)
    shown = as_printed.geometry()
    assert geometry_verdict("no_bipyramids", shown)["verdict"] == "holds"
    W = np.zeros((30, 400))
    W[:, :70] = tegum_product(*[seven] * 10)
    weights, features = shown.weights.copy(), shown.features.copy()
    for instance in shown.instances["instance"][np.isclose(1 / (1 - shown.instances["sparsity"]), 4.5)]:
        weights.loc[weights["instance"] == instance, "value"] = W.ravel()
        features.loc[features["instance"] == instance, "norm"] = np.linalg.norm(W, axis=0)
    found = geometry_verdict("no_bipyramids", replace(shown, weights=weights, features=features))
    assert found["verdict"] == "fails"
    assert found["measured"].endswith("near 3/7 (70 of 70 at 4.50)")


def test_a_polytope_is_at_its_line_with_all_of_its_own_features():
    shown = as_printed.geometry()
    weights = shown.weights.copy()
    for instance in shown.instances["instance"][np.isclose(1 / (1 - shown.instances["sparsity"]), 4.5)]:
        W = shown.weights_of(instance)
        W[:, 0:40:5] *= 1.1  # one corner of each of the eight pentagons; the others are still near 2/5
        weights.loc[weights["instance"] == instance, "value"] = W.ravel()
    found = geometry_verdict("pentagons", replace(shown, weights=weights))
    assert found["verdict"] == "fails"
    assert found["measured"] == "0.0% in 0 pentagons of features"
    # 8 pentagons, 4 square antiprisms of 8 and 2 digons: 40 of 76 features
    assert geometry_verdict("pentagons", shown)["measured"] == "52.6% in 8 pentagons of features; most at 4.50"


@pytest.mark.parametrize(
    ("pentagons", "expected", "measured"),
    [
        ((1, 0, 0), "holds", "2.8% in 1 pentagons of features; most at 3.80"),  # 5 of 61 + 60 + 60 features
        ((1, 1, 0, 0, 0, 0), "holds", "2.8% in 2 pentagons of features; most at 3.80"),
        ((1, 0, 0, 0, 0, 0), "fails", "1.4% in 1 pentagons of features; most at 3.80"),
    ],
)
def test_polytopes_are_a_share_of_all_features_of_a_range_however_many_densities_there_are(
    pentagons, expected, measured
):
    models = []
    for place, number in enumerate(pentagons):
        W = np.zeros((30, 400))
        product = tegum_product(*[polygon(5)] * number, *[digon()] * (30 - 2 * number))
        W[: product.shape[0], : product.shape[1]] = product
        models.append(HandMade(W.tolist(), [0.0] * 400, 1 - 1 / (3.8 + 0.1 * place)))
    found = geometry_verdict("pentagons", hand_made.tables(models))
    assert (found["verdict"], found["measured"]) == (expected, measured)


def test_dense_features_have_no_direction_of_their_own():
    found = geometry_verdict("sticky_at_one", as_printed.geometry())
    assert (found["verdict"], found["measured"]) == ("holds", "1.00: 1.000; 0 features with norm > 0.5")


def test_figures_of_geometry(tmp_path):
    drawn = figures_of("geometry", as_printed.geometry())
    assert {"dimensions_per_feature", "feature_dimensionality", "feature_graphs", "learning_curves"} <= set(drawn)
    said = [text.get_text() for text in drawn["feature_graphs"].texts]
    assert "30 digons" in said
    assert "9 tetrahedra, 1 triangle, 1 digon" in said
    for name, figure in drawn.items():
        svg.save(figure, tmp_path / f"{name}.svg")
        assert b"<image" not in (tmp_path / f"{name}.svg").read_bytes()


CLAIMED = {
    "fractions_of_uniform_solutions": ("UNIFORM", "tetrahedron", lambda W: W * [[1], [1], [1.01]]),
    "products_have_those_of_factors": ("PRODUCTS", "octahedron", lambda W: W + 0.01),
    "matrices_of_the_table": ("TABLE", "square", lambda W: W * [[1.01], [1]]),
}


@pytest.mark.parametrize("claim", CLAIMED)
def test_claims_about_solids_fail_on_others(monkeypatch, claim):
    table, name, bent = CLAIMED[claim]
    shown = as_printed.geometry()
    assert getattr(claims, claim)(shown).verdict == "holds"
    solids = getattr(claims, table)
    monkeypatch.setattr(claims, table, dict(solids) | {name: (bent(solids[name][0]), *solids[name][1:])})
    assert getattr(claims, claim)(shown).verdict == "fails"


def test_basis_vectors_without_their_mean_are_the_simplex(monkeypatch):
    shown = as_printed.geometry()
    assert claims.minimal_superposition(shown).verdict == "holds"
    monkeypatch.setattr(claims, "simplex", np.eye)
    assert claims.minimal_superposition(shown).verdict == "fails"


def test_bipyramids_are_said_by_their_factors():
    assert claims.products_have_those_of_factors(as_printed.geometry()).measured.startswith(
        "triangular bipyramid: 1 digon + 1 triangle; pentagonal bipyramid: 1 digon + 1 pentagon; octahedron: 3 digons, "
    )
