"""python stages/plot.py EXPERIMENT: draws an experiment's figures from its tables, reports/figures/EXPERIMENT/*.svg."""

import sys
from pathlib import Path

from superposition.figures import figures_of
from superposition.figures.svg import save
from superposition.readings.results import read


def main(name: str) -> None:
    folder = Path("reports", "figures", name)
    figures = figures_of(name, read(Path("data", "tables", name)))
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.svg"):
        old.unlink()
    for title, figure in figures.items():
        save(figure, folder / f"{title}.svg")


if __name__ == "__main__":
    main(sys.argv[1])
