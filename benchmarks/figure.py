"""The benchmarks at a glance: training against the plain loop and the products alone, and how its time scales."""

import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.container import BarContainer
from matplotlib.figure import Figure

from superposition.figures.style import EXACT, FLOAT32, INK, MUTED, NOTE, theme

COLOURS = {"exact": EXACT, "float32": FLOAT32}


def draw(table: pd.DataFrame, on: str) -> Figure:
    """Of the columns of `Measurement`; `on` says which machine."""
    with theme():
        figure = Figure(figsize=(10.5, 6.4), layout="constrained")
        (plain, alone), (instances, features) = figure.subplots(2, 2)
        _against_the_plain_loop(plain, table)
        _against_the_products(alone, table)
        _scaling(instances, table, "instances", "instances of 5x2", "us", 1)
        _scaling(features, table, "features", "features (10 instances, 5 hidden dimensions)", "ns", 0)
        title = f"Whole training through the pipeline's trainer, batch 1024, on {on}"
        figure.suptitle(title, fontsize=NOTE, color=MUTED)
        return figure


def _training(table: pd.DataFrame, quantity: str) -> pd.DataFrame:
    rows = table[(table["benchmark"] == "training") & (table["quantity"] == quantity)]
    parts = rows["case"].str.split(", ", expand=True)
    return rows.assign(shape=parts[0] + "\n" + parts[1], arithmetic=parts[2])


def _against_the_plain_loop(axes: Axes, table: pd.DataFrame) -> None:
    rows = _training(table, "ratio to the plain loop")
    sns.barplot(rows, x="shape", y="median", hue="arithmetic", palette=COLOURS, ax=axes, width=0.7, legend=True)
    _numbers(axes, "%.1f")
    axes.axhline(1, color=MUTED, linewidth=0.8)
    axes.margins(y=0.12)
    axes.set(xlabel="", ylabel="steps per second\nover the plain loop's", title="Against the plain loop")
    axes.legend(title=None)


def _against_the_products(axes: Axes, table: pd.DataFrame) -> None:
    rows = pd.concat(
        [
            _training(table, f"ratio to the products alone in {name}").query("arithmetic == @of")
            for name, of in (("float64", "exact"), ("float32", "float32"))
        ]
    )
    sns.barplot(rows, x="shape", y="median", hue="arithmetic", palette=COLOURS, ax=axes, width=0.7, legend=False)
    _numbers(axes, "%.2f")
    axes.axhline(1, color=MUTED, linewidth=0.8)
    axes.margins(y=0.12)
    axes.set(xlabel="", ylabel="steps per second over those of\nthe dense matrix products alone")
    axes.set_title("Against the matrix products alone, in the same precision")


def _numbers(axes: Axes, fmt: str) -> None:
    for bars in axes.containers:
        if isinstance(bars, BarContainer):
            axes.bar_label(bars, fmt=fmt, fontsize=NOTE, color=INK, padding=1)


def _scaling(axes: Axes, table: pd.DataFrame, benchmark: str, label: str, unit: str, part: int) -> None:
    rows = table[table["benchmark"] == benchmark]
    sizes = rows["case"].str.split(", ").str[part].str.extract(r"(\d+)")[0].astype(int)
    axes.fill_between(sizes, rows["least"], rows["greatest"], color=COLOURS["exact"], alpha=0.2, linewidth=0)
    axes.plot(sizes, rows["median"], color=COLOURS["exact"], marker="o", markersize=4)
    axes.set_xscale("log")
    axes.set_ylim(0, None)
    axes.set(xlabel=label, ylabel=f"{rows['quantity'].iloc[0]} ({unit})", title=f"Time over {benchmark}, exact")
    axes.grid(axis="y")
