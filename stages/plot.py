"""python stages/plot.py EXPERIMENT: draws an experiment's figures from its tables, reports/figures/EXPERIMENT/*.svg."""

import sys
from pathlib import Path

from superposition.figures import figures_of
from superposition.figures.svg import save
from superposition.readings.results import read
from superposition.stage import placed, reading, run


def main(name: str) -> None:
    with reading():
        tables = read(Path("data", "tables", name))
    figures = figures_of(name, tables)
    with placed(Path("reports", "figures", name)) as out:
        out.mkdir()
        for title, figure in figures.items():
            save(figure, out / f"{title}.svg")


if __name__ == "__main__":
    with run():
        main(sys.argv[1])
