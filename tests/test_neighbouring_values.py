"""Claims on runs whose parameters are near those that they are about: left out with a word, or judged rightly."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from superposition.claims import (
    adversarial_training,
    basic_results,
    basis_alignment,
    hidden_l1,
    sparse_recovery,
    superposition_hypothesis,
    varied_feature_density,
)
from superposition.readings.phases import last_shared, nearest, phase_diagram
from superposition.readings.results import NotInThisRun, Tables
from superposition.readings.solutions import Setting, matching
from tests import as_printed, hand_made, test_basis_alignment, test_sparse_recovery, test_superposition_hypothesis
from tests.hand_made import HandMade
from tests.test_claims import only


def of_importance(tables: Tables, ratio: float) -> Tables:
    return replace(tables, features=tables.features.assign(importance=ratio ** tables.features["feature"]))


def test_models_of_other_widths_are_no_part_of_a_claim():
    wide = HandMade([[1.0, 0.0], [0.0, 1.0]], [0.0, 0.0], 0.5)
    narrow = HandMade([[1.0, -1.0], [0.0, 0.0]], [0.0, 0.0], 0.5, n_hidden=1)
    tables = hand_made.tables([wide, narrow])
    assert matching(tables, Setting("relu_output", 2, 2, 1.0))["instance"].tolist() == [0]
    assert matching(tables, Setting("relu_output", 2, 1, 1.0))["instance"].tolist() == [1]
    with pytest.raises(NotInThisRun, match="this run has n = 2, m = 1, 2"):
        matching(tables, Setting("relu_output", 2, 3, 1.0))


def test_features_of_other_signs_or_sets_are_not_what_claims_are_about():
    tables = as_printed.intro()
    signed = replace(tables, instances=tables.instances.assign(values="signed"))
    with pytest.raises(NotInThisRun, match="unit values"):
        matching(signed, Setting("relu_output", 5, 2, 0.9))
    pairs = Setting("relu_output", 4, 2, 1.0, sets="correlated", set_size=2)
    shown = as_printed.correlated_features()
    assert len(matching(shown, pairs)) == 4
    with pytest.raises(NotInThisRun, match="correlated sets of 4"):
        matching(shown, replace(pairs, set_size=4))


def test_the_nearest_value_is_near():
    assert nearest(pd.Series([0.1, 0.21, 1.0]), 0.2, "density") == 0.21
    with pytest.raises(NotInThisRun, match=r"no density near 0\.5 in this run; the nearest is 0\.21"):
        nearest(pd.Series([0.1, 0.21]), 0.5, "density")


def test_a_single_density_out_of_line_does_not_move_a_boundary():
    densities = np.geomspace(0.01, 1, 11)
    shared = densities < 0.2
    assert last_shared(densities, shared) == np.count_nonzero(shared)
    stray = shared.copy()
    stray[1] = False
    assert last_shared(densities, stray) == np.count_nonzero(shared)
    # many densities close together count as little as the range that they cover
    crowd = np.concatenate([np.geomspace(0.01, 0.0101, 30), densities[1:]])
    assert last_shared(crowd, crowd > 0.0102) == len(crowd)


def test_a_phase_diagram_of_another_region_is_not_the_papers():
    models = [
        HandMade([[1.0, 0.0]], [0, 0], 1 - s, (1.0, r), f"last {r:g}", seed=seed)
        for s in np.geomspace(0.1, 1, 10)
        for r in np.geomspace(0.1, 10, 21).tolist()
        for seed in range(5)
    ]
    with pytest.raises(NotInThisRun, match=r"needs density from 0\.01 to 1"):
        phase_diagram(hand_made.tables(models, steps=(0,)), 2)


def test_importance_is_what_claims_assume_of_it():
    with pytest.raises(NotInThisRun, match=r"importance 0.7\^i"):
        hidden_l1.removed(of_importance(as_printed.hidden_l1(), 1.0))
    with pytest.raises(NotInThisRun, match=r"importance 1\^i"):
        adversarial_training.reduces(of_importance(as_printed.adversarial_training(), 0.9))
    assert hidden_l1.removed(as_printed.hidden_l1()).verdict == "holds"
    assert adversarial_training.reduces(as_printed.adversarial_training()).verdict == "holds"


def test_superposition_that_begins_beyond_what_was_trained_is_not_judged():
    shown = test_superposition_hypothesis.ideal()
    sparse = only(shown, lambda instances: instances["density"] < 0.3)
    with pytest.raises(NotInThisRun, match="needs densities from above"):
        superposition_hypothesis.tipping_point(sparse)
    one = only(shown, lambda instances: instances["density"] == 1)
    for claim in ("tipping_point", "importance_delays", "more_features_with_sparsity"):
        with pytest.raises(NotInThisRun, match="needs densities from above"):
            getattr(superposition_hypothesis, claim)(one)


def test_two_digons_are_looked_for_at_a_tenth_of_the_density():
    shown = as_printed.varied_feature_density()
    lowest = shown.features[shown.features["feature"] == 4].sort_values("density")["instance"].iloc[:3].tolist()
    denser = only(shown, lambda instances: ~instances["instance"].isin(lowest))
    with pytest.raises(NotInThisRun, match=r"no models at 0.1 times"):
        varied_feature_density.two_digons(denser)


def test_few_rotations_cannot_be_significant():
    shown = test_basis_alignment.ideal()
    turned = shown.extra["rotations"]
    few = replace(shown, extra={"rotations": turned[turned["rotation"] <= 19]})
    with pytest.raises(NotInThisRun, match="99 rotations or more; this run has 19"):
        basis_alignment.relu_aligns_when_dense(few)


def test_a_projection_is_compared_below_the_number_of_features():
    shown = test_sparse_recovery.ideal()
    recovery = shown.extra["recovery"]
    whole = replace(shown, extra={"recovery": recovery[recovery["n_hidden"] == shown.n_features]})
    with pytest.raises(NotInThisRun, match="fewer dimensions than features"):
        sparse_recovery.suits_its_read_out(whole)


def test_the_notebook_is_compared_at_the_densities_that_it_draws():
    shown = as_printed.notebook()
    without = only(shown, lambda instances: ~np.isclose(instances["density"], basic_results.DRAWN[3], rtol=1e-3))
    trend = basic_results.Trend(basic_results.NOTEBOOK, basic_results.NOTEBOOK_SPARSEST, (21, 100), basic_results.DRAWN)
    with pytest.raises(NotInThisRun, match=r"needs densities 1, 0\.7"):
        basic_results.more_features_with_sparsity(trend)(without)
    assert basic_results.more_features_with_sparsity(trend)(shown).verdict == "holds"
