"""python stages/report.py: evaluates the claims and writes metrics.json, metrics/, claims.json and index.html."""

from dataclasses import replace
from pathlib import Path

import superposition.stopping  # noqa: F401 (before what takes seconds to load: ends the stage at Ctrl-C)
from superposition.stage import placed, reading, run

# isort: split
from superposition.claims import evaluate, what_is_known
from superposition.inputs import confirm_inputs
from superposition.params import read_checked
from superposition.readings.results import read as read_tables
from superposition.report.full_scale import both_scales, with_full_scale
from superposition.report.live import live
from superposition.report.metrics import as_json, metrics, write_few
from superposition.report.page import page, section


def main() -> None:
    # Only what params.yaml lists: data/ may still hold experiments that were removed from it.
    params, reports = Path("data", "params.json"), Path("reports")
    confirm_inputs(params)
    with reading():
        experiments = read_checked(params).experiments
    folders = {name: Path("data", "tables", name) for name in experiments}
    confirm_inputs(*folders.values(), *(reports / "figures" / name for name in experiments))
    with reading():
        tables = {name: read_tables(folder) for name, folder in folders.items()}
    evaluation = evaluate(tables)
    verdicts = with_full_scale(evaluation.verdicts, reports / "full_scale")
    remarks = evaluation.remarks | {id: said for id in both_scales(verdicts).otherwise if (said := what_is_known(id))}
    evaluation = replace(evaluation, verdicts=verdicts, remarks=remarks)
    sections = [section(name, experiment, tables[name], reports) for name, experiment in experiments.items()]
    numbers = metrics(tables, evaluation)
    texts = {
        "metrics.json": as_json(numbers),
        "claims.json": as_json(evaluation.verdicts),
        "index.html": page(sections, evaluation, live(experiments, tables)),
    }
    for file, text in texts.items():
        with placed(reports / file) as out:
            out.write_text(text, encoding="utf-8")
    with placed(reports / "metrics") as out:
        out.mkdir()
        write_few(numbers, out)


if __name__ == "__main__":
    with run():
        main()
