import json
import re
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from superposition.claims import CLAIMS, Evaluation, evaluate, verdict
from superposition.claims.claim import LIMITS, Share, how_far
from superposition.readings.results import NotInThisRun
from superposition.theory.angles import angular_gaps, antipodal_pairing, cosines
from superposition.verdicts import rests_on
from tests import (
    as_printed,
    hand_made,
    test_circles,
    test_error_power,
    test_mixed_labels,
    test_noise_filters,
    test_superposition_hypothesis,
    test_value_laws,
    test_width_scaling,
)
from tests.hand_made import HandMade
from tests.test_incidental_polysemanticity import incidental_polysemanticity
from tests.test_one_active_feature import one_active_feature
from tests.test_polygon_levels import polygon_levels
from tests.test_several_active_features import measured, several_active_features
from tests.test_simulated_network import simulated_network

ROOT = Path(__file__).parent.parent
EXPERIMENTS = {
    "superposition_hypothesis": test_superposition_hypothesis.ideal,
    "noise_filters": test_noise_filters.ideal,
    "intro": as_printed.intro,
    "basic_results": as_printed.basic_results,
    "basic_results_large": as_printed.basic_results_large,
    "notebook": as_printed.notebook,
    "geometry": as_printed.geometry,
    "geometry_small": as_printed.geometry_small,
    "geometry_large": as_printed.geometry_large,
    "correlated_features": as_printed.correlated_features,
    "local_orthogonal_bases": as_printed.local_orthogonal_bases,
    "privileged_basis": as_printed.privileged_basis,
    "absolute_value": as_printed.absolute_value,
    "computation": as_printed.computation,
    "learning_dynamics": as_printed.learning_dynamics,
    "geometric_transformations": as_printed.geometric_transformations,
    "hidden_bias": as_printed.hidden_bias,
    "averaged_bias": as_printed.averaged_bias,
    "hidden_l1": as_printed.hidden_l1,
    "adversarial_training": as_printed.adversarial_training,
    "asymmetric_superposition": as_printed.asymmetric_superposition,
    "one_active_feature": one_active_feature,
    "several_active_features": several_active_features,
    "simulated_network": simulated_network,
    "polygon_levels": polygon_levels,
    "width_scaling": test_width_scaling.strong,
    "width_scaling_weak": test_width_scaling.weak,
    "incidental_polysemanticity": incidental_polysemanticity,
    **test_value_laws.SHOWN,
    "error_power": test_error_power.large,
    "error_power_small": test_error_power.small,
    "mixed_labels": test_mixed_labels.mixed,
    "circles": test_circles.strong,
    "circles_weak": test_circles.weak,
}
# Whose limits are numbers of the paper's text, to be met to within some room.
ROOM_AROUND = ("varied_feature_density.crossover", "correlated_pairs.order_of_collapse")
# What is measured of models of some experiments only.
EXTRA = {"several_active_features": measured}
# About formulas, whatever the models: test_compression.py, test_hidden_l1.py and test_polytopes.py have them fail.
WITHOUT_MODELS = (
    "nonlinear_compression.",
    "mathematics.superposition_never_pays_when_linear",
    "activation_frequency.",
    "polytopes.",
)
# What does not hold on what the paper shows: its own pentagon has 0.66 of its loss from inputs of one feature, which is
# less than it says; 80 of 200 models by hand have the motif; a power of the limit is not that of 100 features; and
# random directions, which stand for a geometry without a name, are no frames.
OTHERWISE = {
    "mathematics.sparse_inputs_dominate": "fails",
    "asymmetric_superposition.in_the_best_model": "holds_at_best",
    "asymmetric_superposition.interference_is_hidden": "holds_at_best",
    "width_scaling_weak.exponent_less_one": "differs_from_print",
    "frames.capacity_is_used_up": "fails",
    "frames.one_eigenspace_each": "fails",
    "frames.one_frame_where_sparse": "fails",
}


KEYS = {"id", "section", "statement", "paper", "measured", "spread", "share", "tolerance", "limit", "fixed", "verdict"}
KEYS |= {"figure"}


@cache
def shown_of(experiment):
    """Made once for all tests, none of which changes it."""
    return EXPERIMENTS[experiment]()


def judged(experiment, tables):
    """Its own claims, beside what they compare it with, as the paper shows that; not the claims about that."""
    every = {name: shown_of(name) for claim in CLAIMS.get(experiment, ()) for name in claim.beside}
    every |= {experiment: tables}
    verdicts, untested = [], []
    for claim in CLAIMS.get(experiment, ()):
        try:
            verdicts.append(verdict(claim, every))
        except NotInThisRun as reason:
            untested.append((claim, str(reason)))
    return Evaluation(verdicts, untested, {})


def verdicts(experiment, tables):
    return {found["id"]: found for found in judged(experiment, tables).verdicts}


def reasons(experiment, tables):
    return {claim.id: reason for claim, reason in judged(experiment, tables).untested}


@pytest.mark.parametrize("experiment", EXPERIMENTS)
def test_all_claims_hold_on_what_the_paper_shows(experiment):
    found = verdicts(experiment, shown_of(experiment))
    assert list(found) == [claim.id for claim in CLAIMS[experiment]]
    assert all(set(verdict) == KEYS for verdict in found.values())
    assert {id: verdict["verdict"] for id, verdict in found.items()} == {id: OTHERWISE.get(id, "holds") for id in found}


def sparsities(tables, instance):
    """Of features that differ in it."""
    return (1 - tables.features_of(instance)["density"]).tolist()


@pytest.mark.parametrize("experiment", EXPERIMENTS)
def test_each_claim_fails_on_models_that_learned_nothing(experiment):
    shown = shown_of(experiment)
    n, m = shown.n_features, shown.n_hidden
    untied = shown.weights.groupby("instance")["value_out"].first()
    models = [
        HandMade(
            W=np.zeros((m, n)).tolist(),
            b=[0.0] * n,
            sparsity=row["sparsity"] if row["sparsity"] >= 0 else sparsities(shown, row["instance"]),
            importance=shown.features_of(row["instance"])["importance"].tolist(),
            model=row["model"],
            seed=row["seed"],
            sets=row["sets"],
            set_size=row["set_size"],
            hidden_l1=row["hidden_l1"],
            training_attack=row["training_attack"],
            n_hidden=row["n_hidden"],
            law=row["values"],
            W_out=None if np.isnan(untied[row["instance"]]) else np.zeros((n, m)).tolist(),
        )
        for _, row in shown.instances.iterrows()
    ]
    extra = EXTRA[experiment](models) if experiment in EXTRA else {}
    found = verdicts(experiment, replace(hand_made.tables(models), extra=extra))
    assert {verdict["verdict"] for id, verdict in found.items() if not id.startswith(WITHOUT_MODELS)} == {"fails"}


def test_what_only_the_best_model_shows_holds_at_best():
    tables = as_printed.intro()
    features, instances = tables.features, tables.instances
    sparse = instances[np.isclose(instances["sparsity"], 0.9)].sort_values("loss")["instance"]
    lost = features["instance"].isin(sparse[1:])
    weights = tables.weights.assign(
        value=tables.weights["value"].where(~tables.weights["instance"].isin(sparse[1:]), 0.0)
    )
    alone = replace(tables, features=features.assign(norm=features["norm"].where(~lost, 0.0)), weights=weights)
    found = verdicts("intro", alone)["intro.pentagon"]
    assert found["verdict"] == "holds_at_best"
    assert found["share"] == {"met": 1, "of": 3, "what": "seeds", "low": 0.061, "high": 0.792}
    assert verdicts("intro", tables)["intro.pentagon"]["share"]["met"] == 2


def test_a_half_of_the_single_runs_is_enough_and_none_makes_up_for_the_best():
    assert how_far(True, Share(5, 10)) == "holds"
    assert how_far(True, Share(4, 10)) == "holds_at_best"
    assert how_far(False, Share(9, 10)) == "fails"


@pytest.mark.parametrize(
    ("share", "said", "only"),
    [
        (Share(1, 1, "ranks"), "1 of 1 rank", "of 1 rank only"),
        (Share(1, 2), "1 of 2 seeds", "of 2 seeds only"),
        (Share(0, 1, "models of these shapes"), "0 of 1 model of these shapes", "of 1 model of these shapes only"),
        (Share(2, 3, "ranks"), "2 of 3 ranks", ""),
    ],
)
def test_a_verdict_on_fewer_than_three_runs_says_so(share, said, only):
    assert str(share) == said
    assert rests_on({"share": {"met": share.met, "of": share.of, "what": share.what}}) == only
    assert rests_on({"share": None}) == ""


@pytest.mark.parametrize(("met", "of"), [(0, 5), (1, 10), (5, 10), (12, 12), (61, 100)])
def test_the_interval_of_a_share_is_wilsons(met, of):
    low, high = stats.binomtest(met, of).proportion_ci(method="wilson")
    assert Share(met, of).interval == pytest.approx((low, high), abs=1e-12)


def test_claims_say_whose_limit_it_is_and_when_it_was_fixed():
    for claim in (claim for group in CLAIMS.values() for claim in group):
        assert claim.limit in LIMITS, claim.id
        assert claim.fixed in ("before", "after"), claim.id


def test_a_limit_of_the_papers_text_leaves_no_share_to_this_project():
    """A share of features or of seeds, or how near to an ideal is near enough, is never in the paper's words."""
    for claim in (claim for group in CLAIMS.values() for claim in group if claim.limit == "text"):
        assert "%" not in claim.tolerance, claim.id
        assert ("+-" in claim.tolerance) == (claim.id in ROOM_AROUND), claim.id


def numbers(text):
    return {float(number) for number in re.findall(r"(?<![\w.^])\d+(?:\.\d+)?", text.replace("1 / (1 - S)", "x"))}


RECORDED = {one["id"]: one for one in json.loads((ROOT / "reports/claims.json").read_text(encoding="utf-8"))}
# With a remark, and judged in reports/ as they are here.
REMARKED = [
    claim
    for group in CLAIMS.values()
    for claim in group
    if (claim.remark or claim.known) and RECORDED.get(claim.id, {}).get("tolerance") == claim.tolerance
]


@pytest.mark.parametrize("claim", REMARKED, ids=lambda claim: claim.id)
def test_a_remark_has_no_numbers_but_those_that_were_found(claim):
    found = RECORDED[claim.id]
    at_full_scale = found["full_scale"] or found
    assert {found["verdict"], at_full_scale["verdict"]} != {"holds"}, "a remark that nobody reads"
    told = " ".join(str(found[key]) for key in ("measured", "spread", "paper", "tolerance", "statement"))
    assert numbers(claim.remark) <= numbers(told)


def test_claims_have_names_of_their_own():
    claims = [claim for group in CLAIMS.values() for claim in group]
    assert len({claim.id for claim in claims}) == len(claims)
    assert all(claim.experiment == experiment for experiment, group in CLAIMS.items() for claim in group)
    assert all(claim.figure.startswith(f"figures/{claim.experiment}/") for claim in claims)


def test_the_verdict_is_on_the_best_seed_and_the_spread_on_all():
    # Seed 2 at sparsity 0.9 has the highest loss and found two antipodal pairs: four features.
    assert verdicts("intro", as_printed.intro())["intro.pentagon"]["spread"] == "2 of 3 seeds, 4 to 5 features"
    assert verdicts("intro", as_printed.intro())["intro.pentagon"]["measured"].startswith(
        "5 features, gaps 72.0 to 72.0 deg"
    )
    tables = as_printed.intro()
    instances = tables.instances.copy()
    instances.loc[instances["instance"] == 8, "loss"] = 1e-6
    turned = verdicts("intro", replace(tables, instances=instances))["intro.pentagon"]
    assert turned["verdict"] == "fails"
    assert turned["measured"].startswith("4 features")


def test_counts_are_given_for_each_density():
    found = verdicts("basic_results", as_printed.basic_results())
    assert found["basic_results.features_dedicated"]["measured"] == "1: 5; 0.3: 3; 0.1: 1"
    assert found["basic_results.more_features_with_sparsity"]["measured"] == (
        "5, 7, 9, 12, 12, 12, 12 at 1, 0.3, 0.1, 0.03, 0.01, 0.003, 0.001"
    )


@pytest.mark.parametrize(("later", "verdict"), [(3.3, "fails"), (3.9, "holds"), (4.6, "fails")])
def test_the_plateau_ends_where_pairs_no_longer_fill_the_dimensions(later, verdict):
    """Pairs have 1/2 a dimension for each feature, up to some 1 / (1 - S), and from there on as much as 0.4."""
    digons, crowded = (
        np.array(hand_made.pairs_in(30, 400, 0, 30)),
        np.array(hand_made.pairs_in(30, 400, 0, 30)) * 1.25**0.5,
    )
    models = [
        HandMade((digons if x < later else crowded).tolist(), [0.0] * 400, 1 - 1 / x)
        for x in (1.0, 1.5, 2.0, 2.5, 3.0, 3.2, 3.4, 3.8, 4.0, 4.4, 4.8, 10.0)
    ]
    assert verdicts("geometry", hand_made.tables(models))["geometry.plateau_ends"]["verdict"] == verdict


def test_larger_models_are_counted_against_the_small_ones():
    found = verdicts("basic_results_large", as_printed.basic_results_large())
    assert found["basic_results_large.fewer_dedicated_with_sparsity"]["measured"].startswith("20, 14, 8, 4, 0, 0, 0 at")


def test_earlier_counts_are_those_of_a_snapshot_at_about_that_step():
    tables = as_printed.basic_results_large()
    found = verdicts("basic_results_large", tables)["basic_results_large.as_many_earlier"]
    assert found[
        "measured"
    ] == "20, 26, 32, 41, 50, 55, 55 at 1, 0.3, 0.1, 0.03, 0.01, 0.003, 0.001 after 1000 steps; " + (
        "20, 26, 32, 41, 50, 55, 55 at 1, 0.3, 0.1, 0.03, 0.01, 0.003, 0.001 after 5000"
    )
    none = tables.learning["norm"].where(tables.learning["step"] != 1000, 0.0)
    later = verdicts("basic_results_large", replace(tables, learning=tables.learning.assign(norm=none)))
    assert later["basic_results_large.as_many_earlier"]["verdict"] == "fails"
    assert later["basic_results_large.features_represented"]["verdict"] == "holds"
    without = replace(tables, learning=tables.learning[tables.learning["step"] != 1000])
    assert "basic_results_large.as_many_earlier" not in verdicts("basic_results_large", without)


def test_the_notebooks_trend_is_over_ranges_of_density():
    tables = as_printed.notebook()
    instances = tables.instances.copy()
    instances.loc[instances["instance"] == 8, "n_represented"] = 90  # one of seven densities around 0.32
    found = verdicts("notebook", replace(tables, instances=instances))["notebook.more_features_with_sparsity"]
    assert found["verdict"] == "holds"
    # 20, 20, 22, 22 down to 0.562; 24, 24, 26, 26, 90, 28, 30 down to 0.178
    assert found["measured"] == (
        "20, 22, 24, 26, 90, 30, 32, 34, 36, 38 at 1, 0.73, 0.532, 0.388, 0.283, 0.207, 0.151, 0.11, 0.0802, 0.0585; "
        "medians by half a decade 21, 26, 34, 38"
    )
    instances.loc[instances["instance"] >= 12, "n_represented"] = 25  # around 0.1 and below
    found = verdicts("notebook", replace(tables, instances=instances))["notebook.more_features_with_sparsity"]
    assert found["verdict"] == "fails"


def test_neurons_are_counted_for_each_density():
    found = verdicts("privileged_basis", as_printed.privileged_basis())
    counts = found["privileged_basis.monosemantic_neurons"]
    assert counts["measured"] == "0.7: 5; 0.3: 3; 0.15: 2; 0.12: 1; 0.06: 0; 0.03: 0"
    assert counts["spread"].startswith("0.7: 2 of 2 seeds, 5; 0.3: 2 of 2 seeds, 3; ")
    # I - 2/5 J: 0.6^2 / (0.6^2 + 4 * 0.4^2) = 0.36
    assert found["privileged_basis.linear_basis_is_arbitrary"]["measured"] == "0.360"


@pytest.mark.parametrize(
    ("claim", "density", "change"),
    [
        # (-, -) instead of (+, +): a ReLU lets nothing of that feature through
        ("three_features_in_two_neurons", 0.3, lambda W: np.hstack([W[:, :3], -W[:, 3:]])),
        # the last feature on the same pair as the first
        ("pairs_of_neurons", 0.03, lambda W: np.hstack([W[:, :9], W[:, :1]])),
    ],
)
def test_codes_that_nearly_are_the_papers_are_not(claim, density, change):
    shown = as_printed.privileged_basis()
    where = (shown.best["model"] == "relu_hidden") & np.isclose(shown.best["sparsity"], 1 - density)
    instance = int(shown.best[where]["instance"].item())
    weights = shown.weights.copy()
    weights.loc[weights["instance"] == instance, "value"] = change(shown.weights_of(instance)).ravel()
    found = verdicts("privileged_basis", replace(shown, weights=weights))
    assert found[f"privileged_basis.{claim}"]["verdict"] == "fails"
    assert found[f"privileged_basis.{claim}"]["spread"].startswith("1 of 2 seeds")


def test_neurons_are_counted_by_what_they_compute():
    found = verdicts("computation", as_printed.computation())
    measured = {id.removeprefix("computation."): verdict["measured"] for id, verdict in found.items()}
    dense = "mean height 1.000, 20 features with two neurons"
    assert measured["monosemantic_when_dense"] == f"1: {dense}; 0.3: {dense}"
    assert measured["first_polysemantic_neurons"] == "1: 0; 0.3: 0; 0.1: 8"
    # mono neurons hold features 1 to 10, polysemantic ones 11 to 20, two each
    assert measured["polysemantic_at_low_importance"].startswith("0.03: 20 mono, 20 poly, median features 5.5 and 15.5")
    assert measured["all_polysemantic_when_sparsest"] == "0.001: 100% polysemantic, mean height 5.0"
    assert measured["more_features_than_pairs"] == "0.01: 30; 0.003: 30; 0.001: 100"


def test_mixed_neurons_are_about_their_largest_feature_at_the_top_only():
    # Weights 1 and 0.7, activations above 0.1: 90% of the first feature's, 6/7 of the second's. The first is active in
    # 0.9 / (0.9 + 0.857) = 51% of them, a little more as both can be, and in all above 0.7.
    found = verdicts("computation", as_printed.computation())["computation.top_activations_are_of_one_feature"]
    assert found["measured"] == "0.01: 100% of 20 mixed neurons at the top, 51% of all activations"


def test_the_share_of_a_motif_is_of_all_seeds_and_of_the_best():
    found = verdicts("asymmetric_superposition", as_printed.asymmetric_superposition())
    common = found["asymmetric_superposition.common"]
    assert (common["measured"], common["spread"]) == ("40% of seeds, 100% of the best tenth", "80 of 200 seeds")
    # 2 x 2 = 4, less 1/4 x 16
    hidden = found["asymmetric_superposition.interference_is_hidden"]
    assert hidden["measured"] == "4.00 without, 0.00 with"
    assert found["asymmetric_superposition.other_neurons_are_ordinary"]["measured"] == "8 of 10"
    fewer = only(as_printed.asymmetric_superposition(), lambda instances: instances["seed"] < 199)
    assert list(reasons("asymmetric_superposition", fewer)) == ["asymmetric_superposition.common"]


def test_a_seed_without_both_halves_of_a_feature_counts_as_one_that_fails():
    found = verdicts("absolute_value", as_printed.absolute_value())
    assert found["absolute_value.two_neurons_for_each_feature"]["spread"].startswith("1: 2 of 3 seeds")


def only(tables, keep):
    """The tables of some instances."""
    kept = tables.instances[keep(tables.instances)]
    parts = {
        name: getattr(tables, name)[getattr(tables, name)["instance"].isin(kept["instance"])]
        for name in ("features", "weights", "history")
    }
    return replace(tables, instances=kept, **parts)


def test_a_claim_about_a_sparsity_that_was_not_trained_is_not_tested():
    fewer = only(as_printed.intro(), lambda instances: instances["sparsity"] != 0.8)
    assert "intro.two_antipodal_pairs" not in verdicts("intro", fewer)
    untested = reasons("intro", fewer)
    assert untested["intro.two_antipodal_pairs"] == "no relu_output model at density 0.2 in this run, only at 1, 0.1"
    assert "intro.pentagon" not in untested


def test_claims_about_another_model_shape_or_importance_are_not_tested():
    linear = only(as_printed.basic_results(), lambda instances: instances["model"] == "linear")
    assert len(reasons("basic_results", linear)) == 5
    assert set(reasons("basic_results", linear).values()) == {"no relu_output model in this run"}
    assert set(reasons("basic_results", as_printed.intro()).values()) == {
        "the claim is about n = 20, m = 5; this run has n = 5, m = 2"
    }
    flat = hand_made.tables([HandMade([[1.0, 0, 0, 0, 0], [0, 1.0, 0, 0, 0]], [0] * 5)])
    assert set(reasons("intro", flat).values()) == {"no relu_output model with importance 0.9^i in this run"}


def test_a_claim_that_compares_experiments_needs_both():
    (claim,) = CLAIMS["geometry_small"]
    evaluation = evaluate({"geometry_small": as_printed.geometry_small()})
    assert evaluation.untested == [(claim, "it needs geometry too, which is not among the experiments of this run")]


@pytest.mark.parametrize("experiment", EXPERIMENTS)
def test_claims_are_judged_or_not_tested_whatever_was_run(experiment):
    """One seed, one point, a sparsity for each feature: no claim ends in an error, and so the report of all others."""
    shown = shown_of(experiment)
    first = shown.instances["point"].min()
    unknown = shown.instances.assign(density=np.nan, sparsity=np.nan, sparsity_label="per feature")
    for varied in (
        only(shown, lambda instances: instances["rank"] == 0),
        only(shown, lambda instances: instances["point"] == first),
        replace(shown, instances=unknown),
    ):
        found = judged(experiment, varied)
        assert len(found.verdicts) + len(found.untested) == len(CLAIMS[experiment])


def test_an_experiment_without_claims_has_none():
    assert evaluate({"mine": as_printed.intro()}).verdicts == []


def test_cosines_and_gaps():
    W = np.array([[1.0, 0.0, -2.0, 0.0], [0.0, 0.5, 0.0, 0.0]])
    assert cosines(W).tolist() == [[1, 0, -1, 0], [0, 1, 0, 0], [-1, 0, 1, 0], [0, 0, 0, 0]]
    assert angular_gaps(W[:, :3]).tolist() == [90, 90, 180]
    assert angular_gaps(np.array([[0.0], [3.0]])).tolist() == [360]


def test_antipodal_pairing():
    square = cosines(np.array([[1.0, 0, -1, 0], [0, 1, 0, -1]]))
    assert antipodal_pairing(square, -0.95, 0.05)
    assert not antipodal_pairing(square[:3, :3], -0.95, 0.05)  # one has no partner
    assert not antipodal_pairing(square[:0, :0], -0.95, 0.05)  # nothing is no pair
    oblique = cosines(np.array([[1.0, 0.6, -1, -0.6], [0, 0.8, 0, -0.8]]))
    assert not antipodal_pairing(oblique, -0.95, 0.05)  # pairs at 53 degrees
