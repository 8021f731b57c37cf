"""What came out of some experiments, where the others may not have been computed: reports/partial.

The stage `report` binds all experiments, and so needs the tables of all. Of a choice, and of a variant, this has the
same: a page, verdicts and metrics. Nothing of an earlier run is on that page; what `report` has written stays as it is.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from superposition.claims import CLAIMS, evaluate
from superposition.claims.claim import Evaluation
from superposition.params import read as read_params
from superposition.readings.results import read as read_tables
from superposition.report import live
from superposition.report.full_scale import with_full_scale
from superposition.report.metrics import as_json, metrics
from superposition.report.outputs import PARTIAL, remove_partial
from superposition.report.page import page, section
from superposition.verdicts import counted


def write(root: Path, names: Sequence[str]) -> Evaluation:
    """The page, verdicts and metrics of these experiments in a working copy; what came out for their claims."""
    experiments = read_params(root / "params.yaml").experiments
    tables = {name: read_tables(root / "data" / "tables" / name) for name in names}
    evaluation = evaluate(tables)
    reports = root / "reports"
    evaluation = replace(evaluation, verdicts=with_full_scale(evaluation.verdicts, reports / "full_scale"))
    sections = [replace(section(name, experiments[name], tables[name], reports), full_scale=None) for name in names]
    panel = live.live(experiments, tables) if live.EXPERIMENT in tables else None
    note = (
        f"This page is of {', '.join(names)} only, as computed by one run. The other {len(experiments) - len(names)} "
        "experiments of params.yaml are not on it."
    )
    remove_partial(root)
    out = root / PARTIAL
    out.mkdir(parents=True)
    texts = {
        "claims.json": as_json(evaluation.verdicts),
        "metrics.json": as_json(metrics(tables, evaluation)),
        "index.html": page(sections, evaluation, panel, note, root="../.."),
    }
    for name, text in texts.items():
        (out / name).write_text(text, encoding="utf-8")
    return evaluation


def merged(everything: Mapping[str, Any], some: Mapping[str, Any]) -> dict[str, Any]:
    """What two runs said, by file: of all experiments, and of some that were computed anew since.

    Of these, and of others that are compared with them, no earlier verdict stays.
    """
    named = some["metrics.json"]["experiments"]
    anew = {claim.id for group in CLAIMS.values() for claim in group if {claim.experiment, *claim.beside} & set(named)}
    kept = [one for one in everything["claims.json"] if one["id"] not in anew]
    claims = sorted([*kept, *some["claims.json"]], key=_place(everything["claims.json"]))
    known = sum(everything["metrics.json"].get("claims", {}).values())
    return {
        "claims.json": claims,
        "metrics.json": {
            "claims": counted(claims) | {"not_tested": max(known - len(claims), 0)},
            "experiments": everything["metrics.json"].get("experiments", {}) | named,
        },
    }


def _place(before: Sequence[Mapping[str, Any]]) -> Any:
    """Claims in the order that they had before, new ones last."""
    places = {one["id"]: place for place, one in enumerate(before)}
    return lambda one: places.get(one["id"], len(places))
