"""What the paper claims, each a predicate over trained models, with the value that the paper gives."""

from collections.abc import Mapping

from superposition.claims import (
    absolute_value,
    basic_results,
    computation,
    geometry,
    intro,
    mathematics,
    phase_change,
    privileged_basis,
)
from superposition.claims.claim import Claim, Evaluation, NotTested, verdict
from superposition.measures.results import Tables

CLAIMS: dict[str, tuple[Claim, ...]] = {
    "intro": intro.CLAIMS + mathematics.CLAIMS,
    "basic_results": basic_results.CLAIMS,
    "basic_results_large": basic_results.LARGE_CLAIMS,
    "notebook": basic_results.NOTEBOOK_CLAIMS,
    "phase_change": phase_change.CLAIMS,
    "phase_change_of_three": phase_change.CLAIMS_OF_THREE,
    "geometry": geometry.CLAIMS,
    "privileged_basis": privileged_basis.CLAIMS,
    "absolute_value": absolute_value.CLAIMS,
    "computation": computation.CLAIMS,
}


def evaluate(tables_by_experiment: Mapping[str, Tables]) -> Evaluation:
    """The verdict on each claim about these experiments; a claim that they no longer test is set apart, with why."""
    verdicts = []
    untested = []
    for experiment, tables in tables_by_experiment.items():
        for claim in CLAIMS.get(experiment, ()):
            try:
                verdicts.append(verdict(claim, tables))
            except NotTested as reason:
                untested.append((claim, str(reason)))
    return Evaluation(verdicts, untested)
