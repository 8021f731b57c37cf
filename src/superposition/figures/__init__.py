"""Figures, functions from tables to a matplotlib Figure, or to an Animation where something moves.

`panels` draws single axes and `grids` lays them out. `overview` serves every experiment that has no figures of its own,
and `learning_curves` all of them; the other modules are the paper's figures. `style` holds colours, fonts and how a
figure is saved. Another experiment of the paper gets a module here and a line in PAPER.
"""

from collections.abc import Callable, Mapping

from matplotlib.figure import Figure

from superposition.figures import (
    absolute_value,
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
    learning_curves,
    learning_dynamics,
    loss_surfaces,
    noise_filters,
    one_active_feature,
    overview,
    phase_change,
    polygon_levels,
    polysemantic_neurons,
    privileged_basis,
    several_active_features,
    simulated_network,
    sparse_recovery,
    superposition_hypothesis,
    varied_feature_density,
)
from superposition.figures.animation import Animation
from superposition.readings.results import Tables

Drawn = Figure | Animation
Figures = Callable[[Tables], Mapping[str, Drawn]]
# By experiment: whether its tables still have the shape that the paper's figures need, and what draws those.
PAPER: dict[str, tuple[Callable[[Tables], bool], *tuple[Figures, ...]]] = {
    "intro": (intro.fits, intro.figures),
    "superposition_hypothesis": (superposition_hypothesis.fits, superposition_hypothesis.figures),
    "noise_filters": (noise_filters.fits, noise_filters.figures),
    "simulated_network": (simulated_network.fits, simulated_network.figures),
    "almost_orthogonal_directions": (almost_orthogonal_directions.fits, almost_orthogonal_directions.figures),
    "basic_results": (basic_results.fits, basic_results.figures),
    "basic_results_large": (basic_results.fits_without_linear, basic_results.figures),
    "notebook": (basic_results.fits_without_linear, basic_results.figures),
    "phase_change": (phase_change.fits, phase_change.figures, loss_surfaces.figures),
    "phase_change_of_three": (phase_change.fits, phase_change.figures),
    "geometry": (geometry.fits, geometry.figures, compression.figures),
    "geometry_small": (geometry.fits, geometry.curve),
    "geometry_large": (geometry.fits, geometry.curve),
    "varied_feature_density": (varied_feature_density.fits, varied_feature_density.figures),
    "correlated_features": (correlated_features.fits_in_the_plane, correlated_features.two_sets),
    "correlated_pairs": (correlated_features.fits_in_the_plane, correlated_features.three_sets),
    "local_orthogonal_bases": (correlated_features.fits_bases, correlated_features.bases),
    "privileged_basis": (privileged_basis.fits, privileged_basis.figures),
    "absolute_value": (absolute_value.fits, absolute_value.figures),
    "computation": (computation.fits, computation.figures),
    "learning_dynamics": (learning_dynamics.fits, learning_dynamics.figures),
    "geometric_transformations": (geometric_transformations.fits, geometric_transformations.figures),
    "hidden_bias": (hidden_bias.fits, hidden_bias.figures),
    "hidden_l1": (hidden_l1.fits, hidden_l1.figures),
    "adversarial_training": (adversarial_training.fits, adversarial_training.figures),
    "asymmetric_superposition": (asymmetric_superposition.fits, asymmetric_superposition.figures),
    "sparse_recovery": (sparse_recovery.fits, sparse_recovery.figures),
    "one_active_feature": (one_active_feature.fits, one_active_feature.figures),
    "several_active_features": (several_active_features.fits, several_active_features.figures),
    "basis_alignment": (basis_alignment.fits, basis_alignment.figures),
    "basis_alignment_adam": (basis_alignment.fits_without_relu, basis_alignment.trace),
    "polysemantic_neurons": (polysemantic_neurons.fits, polysemantic_neurons.figures),
    "polygon_levels": (polygon_levels.fits, polygon_levels.figures),
}


def figures_of(experiment: str, tables: Tables) -> dict[str, Drawn]:
    """The figures of an experiment by name: the paper's own, or an overview, and the learning curves."""
    fits, *paper = PAPER.get(experiment, (lambda _: False,))
    drawn: dict[str, Drawn] = {}
    for draw in (*paper, learning_curves.figures) if fits(tables) else (overview.figures, learning_curves.figures):
        drawn |= draw(tables)
    return drawn
