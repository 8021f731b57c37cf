"""What the paper claims, each a predicate over trained models, with the value that the paper gives."""

from collections.abc import Mapping

from superposition.claims import (
    absolute_value,
    adversarial,
    adversarial_training,
    almost_orthogonal_directions,
    asymmetric_superposition,
    basic_results,
    basis_alignment,
    compression,
    computation,
    correlated_features,
    geometric_transformations,
    geometry,
    hidden_bias,
    hidden_l1,
    intro,
    learning_dynamics,
    loss_surfaces,
    mathematics,
    noise_filters,
    one_active_feature,
    phase_change,
    polygon_levels,
    polysemantic_neurons,
    privileged_basis,
    several_active_features,
    simulated_network,
    sparse_recovery,
    superposition_hypothesis,
    varied_density,
)
from superposition.claims.claim import Claim, Evaluation, verdict
from superposition.readings.results import NotInThisRun, Tables

CLAIMS: dict[str, tuple[Claim, ...]] = {
    "intro": intro.CLAIMS + mathematics.CLAIMS,
    "superposition_hypothesis": superposition_hypothesis.CLAIMS,
    "noise_filters": noise_filters.CLAIMS,
    "simulated_network": simulated_network.CLAIMS,
    "almost_orthogonal_directions": almost_orthogonal_directions.CLAIMS,
    "basic_results": basic_results.CLAIMS,
    "basic_results_large": basic_results.LARGE_CLAIMS,
    "notebook": basic_results.NOTEBOOK_CLAIMS,
    "phase_change": phase_change.CLAIMS + loss_surfaces.CLAIMS,
    "phase_change_of_three": phase_change.CLAIMS_OF_THREE,
    "geometry": geometry.CLAIMS + compression.CLAIMS + adversarial.CLAIMS,
    "geometry_small": geometry.SMALL_CLAIMS,
    "geometry_large": geometry.LARGE_CLAIMS,
    "varied_feature_density": varied_density.CLAIMS,
    "correlated_features": correlated_features.CLAIMS,
    "correlated_pairs": correlated_features.PAIR_CLAIMS,
    "local_orthogonal_bases": correlated_features.BASES_CLAIMS,
    "privileged_basis": privileged_basis.CLAIMS,
    "absolute_value": absolute_value.CLAIMS,
    "computation": computation.CLAIMS,
    "learning_dynamics": learning_dynamics.CLAIMS,
    "geometric_transformations": geometric_transformations.CLAIMS,
    "hidden_bias": hidden_bias.CLAIMS,
    "hidden_l1": hidden_l1.CLAIMS,
    "adversarial_training": adversarial_training.CLAIMS,
    "asymmetric_superposition": asymmetric_superposition.CLAIMS,
    "sparse_recovery": sparse_recovery.CLAIMS,
    "one_active_feature": one_active_feature.CLAIMS,
    "several_active_features": several_active_features.CLAIMS,
    "basis_alignment": basis_alignment.CLAIMS,
    "basis_alignment_adam": basis_alignment.ADAM_CLAIMS,
    "polysemantic_neurons": polysemantic_neurons.CLAIMS,
    "polygon_levels": polygon_levels.CLAIMS,
}


def evaluate(tables_by_experiment: Mapping[str, Tables]) -> Evaluation:
    """The verdict on each claim about these experiments; a claim that they no longer test is set apart, with why."""
    verdicts = []
    untested = []
    for experiment in tables_by_experiment:
        for claim in CLAIMS.get(experiment, ()):
            try:
                verdicts.append(verdict(claim, tables_by_experiment))
            except NotInThisRun as reason:
                untested.append((claim, str(reason)))
    known = {claim.id: claim.remark for group in CLAIMS.values() for claim in group}
    failed = [str(one["id"]) for one in verdicts if one["verdict"] != "holds"]
    return Evaluation(verdicts, untested, {id: known[id] for id in failed if known[id]})
