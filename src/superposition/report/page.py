"""The page that binds claims, figures and numbers: one static HTML file beside its figures, no scripts, no times."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from superposition.claims.claim import Evaluation
from superposition.measures.results import Tables
from superposition.params import Experiment
from superposition.report.conditions import Condition, conditions

MAX_ROWS = 200  # of an experiment's table


@dataclass(frozen=True)
class Section:
    """One experiment on the page."""

    key: str
    title: str
    section: str  # of the paper
    parameters: list[tuple[str, str]]
    figures: list[str]  # relative to the page
    conditions: list[Condition]


def section(key: str, experiment: Experiment, tables: Tables, figures: Sequence[str]) -> Section:
    """What the page says of an experiment; `figures` are the names of the files in its folder of figures."""
    return Section(
        key=key,
        title=experiment.title,
        section=experiment.section,
        parameters=parameters(experiment),
        figures=[f"figures/{key}/{name}" for name in sorted(figures)],
        conditions=conditions(tables),
    )


def parameters(experiment: Experiment) -> list[tuple[str, str]]:
    """What was computed, in the words of params.yaml."""
    training = experiment.training
    data = "fresh at each step" if training.sample_size is None else f"{training.sample_size} fixed samples"
    return [
        ("model", ", ".join(model.name for model in experiment.models)),
        ("n_features, n_hidden", f"{experiment.n_features}, {experiment.n_hidden}"),
        ("sparsity", _listed([sparsity.label for sparsity in experiment.sparsities])),
        ("importance", _listed([importance.label for importance in experiment.importances])),
        ("seeds", _listed([str(seed) for seed in experiment.seeds])),
        ("training", f"{training.steps} steps of {training.batch_size} samples, {data}"),
        ("learning rate", f"{training.learning_rate:g}, {training.schedule}"),
        ("arithmetic", training.arithmetic),
    ]


def page(sections: Sequence[Section], evaluation: Evaluation) -> str:
    """The HTML text."""
    templates = Environment(
        loader=FileSystemLoader(Path(__file__).parent, encoding="utf-8"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    given = [verdict["verdict"] for verdict in evaluation.verdicts]
    return templates.get_template("page.html.jinja").render(
        sections=sections,
        verdicts=evaluation.verdicts,
        untested=evaluation.untested,
        counts={verdict: given.count(verdict) for verdict in ("holds", "fails", "differs_from_print")},
        max_rows=MAX_ROWS,
    )


def _listed(labels: Sequence[str], most: int = 12) -> str:
    if len(labels) <= most:
        return ", ".join(labels)
    return f"{', '.join(labels[:3])}, … {labels[-1]} ({len(labels)} points)"
