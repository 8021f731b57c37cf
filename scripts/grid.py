"""One figure over variants of an experiment: what they differ in, against loss and represented features.

    dvc exp run --queue --name steep -S 'experiments.intro.importance.geometric=0.5,0.6,0.7,0.8' plot@intro
    dvc exp run --run-all
    make grid EXPERIMENT=intro VARIANTS="steep-*"    # names of variants, or patterns; default all of this commit

A variant is an experiment of DVC's, made by make vary or by dvc exp run; HEAD is what is committed. Variants may differ
in two parameters: one becomes the horizontal axis, the other the rows of panels. Nothing is computed; tables come out
of DVC's cache. Exit status: 0 done, 2 a request that cannot be met.
"""

import argparse
import fnmatch
import io
import json
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd
from dvc.repo import Repo
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator
from ruamel.yaml import YAML

from scripts.compare import commit_of, variants
from scripts.verify import git, refuse
from superposition.figures.grids import Canvas
from superposition.figures.points import spread_out
from superposition.figures.style import DENSITY, MUTED, NOTE, theme
from superposition.figures.svg import save
from superposition.readings.results import read
from superposition.report.comparison import flat, written
from superposition.report.conditions import conditions

OUT = Path("variants")
SHOWN = {"loss": "held-out loss", "n_represented": "features represented"}
MOST_POINTS = 10  # lines in a panel; more could not be told apart
MOST_TICKS = 8  # of numbers that are written at an axis, each where it is
MOST_KEYS = 2  # an axis and the rows


def chosen(patterns: Sequence[str]) -> dict[str, str]:
    """Commits by the names that were asked for, or of all variants of HEAD."""
    known = variants()
    head = git("rev-parse", "HEAD")
    if not patterns:
        made = [line.split("/")[4] for line in git("for-each-ref", "--format=%(refname)", refs(head)).splitlines()]
        return {name: known[name] for name in made if name in known}
    found: dict[str, str] = {}
    for pattern in patterns:
        names = [name for name in known if fnmatch.fnmatchcase(name, pattern)]
        found |= {name: known[name] for name in names} or {pattern: commit_of(pattern)}
    return found


def refs(commit: str) -> str:
    return f"refs/exps/{commit[:2]}/{commit[2:]}/"


def shown_in(commit: str, path: str) -> Any:
    """A YAML file of a commit."""
    done = subprocess.run(["git", "show", f"{commit}:{path}"], capture_output=True, text=True, encoding="utf-8")
    return YAML(typ="safe").load(io.StringIO(done.stdout)) or {}


def parameters(commit: str, experiment: str) -> dict[str, str]:
    """What an experiment was computed with, by paths: its block, and defaults where that says nothing of a key."""
    document = shown_in(commit, "params.yaml")
    block = document.get("experiments", {}).get(experiment, {})
    defaults = {key: value for key, value in document.get("defaults", {}).items() if key not in block}
    of_both = {key: document["defaults"][key] | block[key] for key in ("training", "initial") if key in block}
    return {key: written(value) for key, value in flat(defaults | block | of_both)}


def tables_of(repo: Repo, commit: str, experiment: str, folder: Path) -> bool:
    """Put a commit's tables of an experiment into a folder, if DVC's cache has them."""
    path = f"data/tables/{experiment}"
    stages = shown_in(commit, "dvc.lock").get("stages", {})
    outs = {out["path"]: out["md5"] for out in stages.get(f"measure@{experiment}", {}).get("outs", [])}
    cache = repo.cache.local
    if path not in outs or not cache.exists(outs[path]):
        return False
    for entry in json.loads(Path(cache.oid_to_path(outs[path])).read_text(encoding="utf-8")):
        if not cache.exists(entry["md5"]):
            return False
        (folder / entry["relpath"]).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(cache.oid_to_path(entry["md5"]), folder / entry["relpath"])
    return True


def rows(found: dict[str, str], experiment: str, keys: Sequence[str]) -> Iterator[dict[str, Any]]:
    """One for each point of each variant: what the variant has under the keys, and its best model's numbers."""
    repo = Repo()
    for name, commit in found.items():
        with TemporaryDirectory() as folder:
            if not tables_of(repo, commit, experiment, Path(folder)):
                refuse(
                    f"DVC's cache has no tables of {experiment} in {name}: run that variant here, or pull it", "grid"
                )
            of = parameters(commit, experiment)
            said = {key: of.get(key, written(None)) for key in keys}
            for point in conditions(read(Path(folder))):
                numbers = {key: getattr(point, key) for key in SHOWN}
                yield {"variant": name, **said, "point": point.name, **numbers}


def differing(found: dict[str, str], experiment: str) -> list[str]:
    every = [parameters(commit, experiment) for commit in found.values()]
    keys = dict.fromkeys(key for one in every for key in one)
    return [key for key in keys if len({one.get(key) for one in every}) > 1]


def number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def in_order(values: pd.Series) -> list[str]:
    """Values of a parameter, by size where they are numbers."""
    found = list(dict.fromkeys(values))
    return (
        sorted(found, key=lambda text: number(text) or 0.0)
        if all(number(text) is not None for text in found)
        else found
    )


def draw(table: pd.DataFrame, experiment: str, keys: Sequence[str], out: Path) -> None:
    """A row of panels for each value of the second key, a column for each number."""
    across, down = keys[0], keys[1] if len(keys) > 1 else None
    of_rows = in_order(table[down]) if down else [""]
    points = list(dict.fromkeys(table["point"]))
    kept = [points[place] for place in spread_out(len(points), MOST_POINTS)]
    colours = dict(zip(kept, DENSITY(np.linspace(0, 1, max(2, len(kept)))), strict=False))
    width, height, left, gap, legend = 2.9, 2.1, 0.8, 0.8, 2.6
    with theme():
        canvas = Canvas(left + len(SHOWN) * (width + gap) + legend, 0.55 + len(of_rows) * (height + 0.85))
        canvas.text(left, 0.1, f"{experiment}, {table['variant'].nunique()} variants")
        for row, value in enumerate(of_rows):
            part = table[table[down] == value] if down else table
            for column, key in enumerate(SHOWN):
                axes = canvas.axes(left + column * (width + gap), 0.6 + row * (height + 0.85), width, height)
                lines(axes, part, across, key, colours)
                axes.set(xlabel=across, ylabel=SHOWN[key])
                if down:
                    axes.set_title(f"{down} = {value}", loc="left")
            if row == 0:
                axes.legend(loc="upper left", bbox_to_anchor=(1.02, 1.02), handlelength=1.2)
        for column in range(len(SHOWN)):
            alike(canvas.figure.axes[column :: len(SHOWN)])
        if len(kept) < len(points):
            some = f"{len(kept)} of {len(points)} points"
            canvas.text(left + 3, 0.1, some, fontsize=NOTE, color=MUTED)
        save(canvas.figure, out)


def lines(axes: Axes, table: pd.DataFrame, across: str, key: str, colours: dict[str, Any]) -> None:
    values = in_order(table[across])
    numbers = [found for found in map(number, values) if found is not None]
    numeric = len(numbers) == len(values)
    places = dict(zip(values, numbers if numeric else map(float, range(len(values))), strict=True))
    for point, colour in colours.items():
        own = table[table["point"] == point].assign(place=table[across].map(places)).sort_values("place", kind="stable")
        axes.plot(own["place"], own[key], "o-", color=colour, markersize=3.5, linewidth=1.4, label=point)
    if len(values) <= MOST_TICKS or not numeric:
        axes.set_xticks(list(places.values()), values)
    if key == "loss" and bool((table[key] > 0).all()):
        axes.set_yscale("log")
    else:
        axes.yaxis.set_major_locator(MaxNLocator(integer=key != "loss"))
    axes.grid(axis="y")
    axes.spines[["top", "right"]].set_visible(False)


def alike(panels: Sequence[Axes]) -> None:
    """The same range for panels that are below each other."""
    limits = [panel.get_ylim() for panel in panels]
    for panel in panels:
        panel.set_ylim(min(low for low, _ in limits), max(high for _, high in limits))


def main() -> None:
    parser = argparse.ArgumentParser(prog="make grid", description="One figure over variants of an experiment.")
    parser.add_argument("experiment", metavar="EXPERIMENT")
    parser.add_argument("variants", nargs="*", metavar="NAME", help="variants, or patterns; default all of this commit")
    wanted = parser.parse_args()
    found = {
        name: commit
        for name, commit in chosen(wanted.variants).items()
        if f"measure@{wanted.experiment}" in shown_in(commit, "dvc.lock").get("stages", {})
    }
    if len(found) < 2:
        have = f"there are {', '.join(variants())}" if variants() else "there are none"
        refuse(
            f"{len(found)} variants with results of {wanted.experiment or 'no EXPERIMENT'}, two are the least; {have}",
            "grid",
        )
    keys = differing(found, wanted.experiment)
    if not 1 <= len(keys) <= MOST_KEYS:
        what = ", ".join(keys) or "nothing"
        refuse(f'{", ".join(found)} differ in {what}; choose some that differ in one or two: VARIANTS="a-* b"', "grid")
    table = pd.DataFrame(rows(found, wanted.experiment, keys))
    keys.sort(key=lambda key: -table[key].nunique())
    OUT.mkdir(exist_ok=True)
    table.to_csv(OUT / "grid.csv", index=False)
    draw(table, wanted.experiment, keys, OUT / "grid.svg")
    print(f"figure   {OUT / 'grid.svg'}\ntable    {OUT / 'grid.csv'}, {len(table)} points of {len(found)} variants")


if __name__ == "__main__":
    main()
