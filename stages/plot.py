"""python stages/plot.py EXPERIMENT: draws an experiment's figures from its tables, reports/figures/EXPERIMENT/*.svg.

And what `dvc plots` draws of it itself, reports/curves/EXPERIMENT.csv.
"""

import sys
from pathlib import Path

import superposition.stopping  # noqa: F401 (before what takes seconds to load: ends the stage at Ctrl-C)
from superposition.stage import placed, reading, run

# isort: split
from superposition.figures import figures_of
from superposition.figures.learning_curves import best_curves
from superposition.figures.svg import save
from superposition.inputs import confirm_inputs
from superposition.readings.results import read


def main(name: str) -> None:
    folder = Path("data", "tables", name)
    confirm_inputs(folder)
    with reading():
        tables = read(folder)
    figures = figures_of(name, tables)
    with placed(Path("reports", "figures", name)) as out:
        out.mkdir()
        for title, figure in figures.items():
            save(figure, out / f"{title}.svg")
    with placed(Path("reports", "curves", f"{name}.csv")) as out:
        best_curves(tables).to_csv(out, index=False, lineterminator="\n")


if __name__ == "__main__":
    with run():
        main(sys.argv[1])
