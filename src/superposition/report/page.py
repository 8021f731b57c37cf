"""The page that binds claims, figures and numbers: one HTML file that holds all of it and asks for nothing.

It has no times. Its scripts show what stands on the page in other ways, and train what live.py gives them.
"""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from superposition.claims import CLAIMS
from superposition.claims.claim import Evaluation, Limit
from superposition.params import Experiment
from superposition.readings.results import Tables
from superposition.report import explore
from superposition.report.conditions import Condition, conditions
from superposition.report.explore import Panel
from superposition.report.formulas import formulas
from superposition.report.full_scale import FullScale, both_scales, full_scale_of
from superposition.report.live import Live
from superposition.report.pictures import Picture, pictures_of
from superposition.report.templates import rendered
from superposition.verdicts import SEVERAL, rests_on

SCRIPTS = ("contents", "claims")
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
    formulas: list[tuple[str, str]]  # name, MathML
    parameters: list[tuple[str, str]]
    cost: str
    command: str  # that varies it
    figures: list[Picture]
    full_scale: FullScale | None
    conditions: list[Condition]
    panels: list[Panel]  # to explore it


@dataclass(frozen=True)
class Chapter:
    """What stands together on the page: a section of the paper."""

    anchor: str
    title: str
    sections: list[Section]


def section(key: str, experiment: Experiment, tables: Tables, reports: Path) -> Section:
    """What the page says of an experiment; its figures are in folders of `reports`."""
    measured = measured_costs(reports / "costs.csv").get(key)
    return Section(
        key=key,
        title=experiment.title,
        section=experiment.section,
        about=experiment.about,
        formulas=formulas(experiment),
        parameters=parameters(experiment),
        figures=pictures_of(key, reports / "figures" / key),
        full_scale=full_scale_of(key, reports),
        cost=f"{as_power(cost(experiment))} multiply-adds in training" + (f", {measured}" if measured else ""),
        command=command(key, experiment),
        conditions=conditions(tables),
        panels=explore.panels(key, tables),
    )


def chapters(sections: Sequence[Section]) -> list[Chapter]:
    """Sections of the paper in the order in which they come first, which in params.yaml is the paper's."""
    titles = dict.fromkeys(section.section or "Not in the paper" for section in sections)
    return [
        Chapter(f"chapter-{number}", title, [one for one in sections if (one.section or "Not in the paper") == title])
        for number, title in enumerate(titles, start=1)
    ]


def command(key: str, experiment: Experiment) -> str:
    """A variant to start from: one other sparsity, and few seeds, so that it takes less time than the experiment."""
    sparsity = "0.8" if [one.label for one in experiment.sparsities] == ["0.9"] else "0.9"
    return f'make vary EXPERIMENT={key} SET="sparsity={sparsity} seeds=3"'


def cost(experiment: Experiment) -> int:
    """Multiply-adds of the matrix products of training: two forwards and twice as many backwards, on every sample."""
    training = experiment.training
    widths = sum(int(n_hidden) for _, n_hidden, *_ in experiment.points())
    return 6 * widths * experiment.n_features * training.steps * training.batch_size


def as_power(number: int) -> str:
    """As 1.8 × 10^10."""
    digits, _, exponent = f"{number:.1e}".partition("e")
    return f"{digits} × 10^{int(exponent)}"


def measured_costs(file: Path) -> dict[str, str]:
    """What `make costs` noted, in words, by experiment."""
    if not file.is_file():
        return {}
    with file.open(newline="", encoding="utf-8") as rows:
        return {row["experiment"]: f"{float(row['seconds']):.0f} s on {row['device']}" for row in csv.DictReader(rows)}


def parameters(experiment: Experiment) -> list[tuple[str, str]]:
    """What was computed, in the words of params.yaml."""
    training, initial = experiment.training, experiment.initial
    floor = f", not below {training.floor:g} of it" if training.floor else ""
    warmup = f", after {training.warmup_steps} steps in which it rises" if training.warmup_steps else ""
    biases = f", biases {initial.bias:g} and {initial.hidden_bias:g}" if initial.bias or initial.hidden_bias else ""
    decay = training.weight_decay
    decays = f"{decay:g}" if isinstance(decay, float | int) else f"{decay.weights:g}, of biases {decay.biases:g}"
    data = "fresh at each step" if training.sample_size is None else f"{training.sample_size} fixed samples"
    return [
        ("model", ", ".join(model.name for model in experiment.models)),
        ("n_features, n_hidden", f"{experiment.n_features}, {_listed([str(m) for m in experiment.widths])}"),
        ("sparsity", _listed([sparsity.label for sparsity in experiment.sparsities])),
        ("features", _listed([sets.label for sets in experiment.sets])),
        ("values", experiment.values),
        ("importance", _listed([importance.label for importance in experiment.importances])),
        ("seeds", _listed([str(seed) for seed in experiment.seeds])),
        ("training", f"{training.steps} steps of {training.batch_size} samples, {data}"),
        ("initial weights", f"{initial.rule}, gain {initial.gain:g}{biases}"),
        ("learning rate", f"{training.learning_rate:g}, {training.schedule}{floor}{warmup}"),
        ("weight decay", decays),
        *([("control variate", f"from density {training.control_variate:g} on")] if training.control_variate else []),
        ("arithmetic", training.arithmetic),
    ]


def page(
    sections: Sequence[Section], evaluation: Evaluation, live: Live | None = None, note: str = "", root: str = ".."
) -> str:
    """The HTML text; without `live` no panel that trains. `note` stands at its head, `root` leads to the repository."""
    verdicts = [linked(one) for one in evaluation.verdicts]
    return rendered(
        "page.html.jinja",
        chapters=chapters(sections),
        live=live,
        note=note,
        root=root,
        verdicts=verdicts,
        claims_of=_by("place", verdicts),
        claims_of_experiment=_by("experiment", verdicts),
        places={figure.place for one in sections for figure in one.figures},
        claimed_sections=list(_by("section", verdicts)),
        claimed_experiments=list(_by("experiment", verdicts)),
        both_scales=both_scales(evaluation.verdicts),
        untested=evaluation.untested,
        remarks=evaluation.remarks,
        counts=evaluation.counts,
        several=SEVERAL,
        limits=LIMITS_IN_WORDS,
        max_rows=MAX_ROWS,
        style=source("css") + explore.STYLE,
        script="".join(source(f"{script}.js") for script in SCRIPTS) + explore.SCRIPT,
    )


def linked(verdict: Mapping[str, Any]) -> dict[str, Any]:
    """A verdict with where to go from it: its experiment, the place of its figure on the page, and the check's file."""
    by_id = {claim.id: claim for group in CLAIMS.values() for claim in group}
    claim, full = by_id.get(verdict["id"]), verdict.get("full_scale")
    check = claim.check if claim else None
    if isinstance(check, partial):  # made for an experiment
        check = check.func
    file = Path("src", *(check.__module__.split(".") if check else ("superposition", "claims")))
    return {
        **verdict,
        "rests_on": rests_on(verdict),
        "full_scale": full and {**full, "rests_on": rests_on(full)},
        "experiment": claim.experiment if claim else "",
        "place": str(verdict["figure"]).removesuffix(".svg"),
        "source": (file.with_suffix(".py") if claim else file).as_posix(),
    }


def source(ending: str) -> str:
    return Path(__file__).with_suffix(f".{ending}").read_text(encoding="utf-8")


def _by(key: str, verdicts: Sequence[Mapping[str, Any]]) -> dict[str, list[Mapping[str, Any]]]:
    found: dict[str, list[Mapping[str, Any]]] = {}
    for verdict in verdicts:
        found.setdefault(verdict[key], []).append(verdict)
    return found


def _listed(labels: Sequence[str], most: int = 12) -> str:
    if len(labels) <= most:
        return ", ".join(labels)
    return f"{', '.join(labels[:3])}, … {labels[-1]} ({len(labels)} points)"
