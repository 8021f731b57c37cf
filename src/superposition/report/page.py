"""The page that binds claims, figures and numbers: one HTML file beside its figures, that asks for nothing else.

It has no times, and no scripts but those of the panel that live.py makes.
"""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from superposition.claims.claim import SEVERAL, Evaluation, Limit
from superposition.params import Experiment
from superposition.readings.results import Tables
from superposition.report.conditions import Condition, conditions
from superposition.report.full_scale import differing
from superposition.report.live import Live
from superposition.report.templates import rendered

MAX_ROWS = 200  # of an experiment's table
LIMITS_IN_WORDS: dict[Limit, str] = {
    "text": "limit from the paper's text",
    "figure": "limit read off the paper's figure",
    "rule": "decided by the paper's rule",
    "theory": "limit from theory",
    "ours": "our limit",
}


@dataclass(frozen=True)
class Section:
    """One experiment on the page."""

    key: str
    title: str
    section: str  # of the paper
    about: str  # a paragraph for readers who do not know the paper
    parameters: list[tuple[str, str]]
    cost: str
    figures: list[str]  # relative to the page
    full_scale: list[str]  # likewise
    conditions: list[Condition]


def section(key: str, experiment: Experiment, tables: Tables, reports: Path) -> Section:
    """What the page says of an experiment; its figures are in folders of `reports`, where the page goes too."""
    figures, full_scale = (
        sorted(f"{part}/{key}/{file.name}" for file in (reports / part / key).glob("*.svg"))
        for part in ("figures", "full_scale")
    )
    measured = measured_costs(reports / "costs.csv").get(key)
    return Section(
        key=key,
        title=experiment.title,
        section=experiment.section,
        about=experiment.about,
        parameters=parameters(experiment),
        figures=figures,
        full_scale=full_scale,
        cost=f"{cost(experiment):.1e} multiply-adds in training" + (f", {measured}" if measured else ""),
        conditions=conditions(tables),
    )


def cost(experiment: Experiment) -> int:
    """Multiply-adds of the matrix products of training: two forwards and twice as many backwards, on every sample."""
    training = experiment.training
    widths = sum(int(n_hidden) for _, n_hidden, *_ in experiment.points())
    return 6 * widths * experiment.n_features * training.steps * training.batch_size


def measured_costs(file: Path) -> dict[str, str]:
    """What `make costs` noted, in words, by experiment."""
    if not file.is_file():
        return {}
    with file.open(newline="", encoding="utf-8") as rows:
        return {row["experiment"]: f"{float(row['seconds']):.0f} s on {row['device']}" for row in csv.DictReader(rows)}


def parameters(experiment: Experiment) -> list[tuple[str, str]]:
    """What was computed, in the words of params.yaml."""
    training = experiment.training
    data = "fresh at each step" if training.sample_size is None else f"{training.sample_size} fixed samples"
    return [
        ("model", ", ".join(model.name for model in experiment.models)),
        ("n_features, n_hidden", f"{experiment.n_features}, {_listed([str(m) for m in experiment.widths])}"),
        ("sparsity", _listed([sparsity.label for sparsity in experiment.sparsities])),
        ("features", _listed([sets.label for sets in experiment.sets])),
        ("importance", _listed([importance.label for importance in experiment.importances])),
        ("seeds", _listed([str(seed) for seed in experiment.seeds])),
        ("training", f"{training.steps} steps of {training.batch_size} samples, {data}"),
        ("learning rate", f"{training.learning_rate:g}, {training.schedule}"),
        ("arithmetic", training.arithmetic),
    ]


def page(sections: Sequence[Section], evaluation: Evaluation, live: Live | None = None, note: str = "") -> str:
    """The HTML text; without `live` no panel that trains. `note` stands at its head."""
    return rendered(
        "page.html.jinja",
        sections=sections,
        live=live,
        note=note,
        verdicts=evaluation.verdicts,
        both_scales=differing(evaluation.verdicts),
        untested=evaluation.untested,
        remarks=evaluation.remarks,
        counts=evaluation.counts,
        several=SEVERAL,
        limits=LIMITS_IN_WORDS,
        max_rows=MAX_ROWS,
    )


def _listed(labels: Sequence[str], most: int = 12) -> str:
    if len(labels) <= most:
        return ", ".join(labels)
    return f"{', '.join(labels[:3])}, … {labels[-1]} ({len(labels)} points)"
