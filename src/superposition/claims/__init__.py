"""What the paper claims, each a predicate over trained models, with the value that the paper gives.

A module about an experiment or a topic has `CLAIMS`, and is found without being listed. One that is named after its
experiment comes first among those of the experiment.
"""

from collections.abc import Mapping
from importlib import import_module
from pkgutil import iter_modules

from superposition.claims.claim import Claim, Evaluation, verdict
from superposition.readings.results import NotInThisRun, Tables


def _found() -> dict[str, tuple[Claim, ...]]:
    """All claims by experiment."""
    by_module = {
        info.name: getattr(import_module(f"{__name__}.{info.name}"), "CLAIMS", ()) for info in iter_modules(__path__)
    }
    experiments = dict.fromkeys(claim.experiment for claims in by_module.values() for claim in claims)
    return {
        experiment: tuple(
            claim
            for module in sorted(by_module, key=lambda module: (module != experiment, module))
            for claim in by_module[module]
            if claim.experiment == experiment
        )
        for experiment in experiments
    }


CLAIMS = _found()


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
    failed = [str(one["id"]) for one in verdicts if one["verdict"] != "holds"]
    return Evaluation(verdicts, untested, {id: said for id in failed if (said := what_is_known(id))})


def what_is_known(id: str) -> str:
    """Of why a claim does not hold; nothing where nothing is, or where no claim has that id."""
    known = {claim.id: f"{claim.remark} {claim.known}".strip() for group in CLAIMS.values() for claim in group}
    return known.get(id, "")
