"""All benchmarks: python -m benchmarks [--experiments NAME ...]

Prints each measurement, and leaves all of them in reports/speed.csv and reports/speed.svg.
"""

import argparse
import platform
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import torch

from benchmarks import cuda, memory, pipeline, scaling
from benchmarks.figure import draw
from benchmarks.measurement import Measurement, measurement, repeated
from benchmarks.products import Products
from benchmarks.training import ARITHMETICS, REPETITIONS, SHAPES, compare, compile_anew
from superposition.figures.svg import save
from superposition.training.manifest import cores

REPORTS = Path("reports")


def training() -> Iterator[Measurement]:
    """Against the plain loop, and against nothing but the products, at the shapes of `benchmarks.training`."""
    compiling = compile_anew()
    yield measurement("training", "the kernel", "compiling, once for a machine", "s", [compiling])
    for n, m, instances in SHAPES:
        shape = f"{n}x{m}, {instances} instances"
        rows = {row["arithmetic"]: row for row in compare(n, m, instances, compiling)}
        plain = next(iter(rows.values()))
        yield Measurement(
            "training",
            f"{shape}, plain loop",
            "speed",
            "steps/s",
            plain["plain_steps_per_second"],
            *plain["plain_range"],
        )
        alone = {
            name: repeated(REPETITIONS, Products(n, m, instances, dtype).seconds)
            for name, dtype in (("float32", torch.float32), ("float64", torch.float64))
        }
        for name, values in alone.items():
            yield measurement("products", f"{shape}, {name}", "all five alone", "ms", [1e3 * v for v in values])
        for arithmetic in ARITHMETICS:
            row, case = rows[arithmetic], f"{shape}, {arithmetic}"
            yield Measurement("training", case, "speed", "steps/s", row["steps_per_second"], *row["range"])
            ratios = [row["ratio"], *(v / row["plain_steps_per_second"] for v in row["range"])]
            yield Measurement("training", case, "ratio to the plain loop", "1", *ratios)
            yield Measurement("training", case, "start", "s", *3 * (row["start_seconds"],))
            for name, values in alone.items():
                shares = [v * row["steps_per_second"] for v in values]
                yield measurement("training", case, f"ratio to the products alone in {name}", "1", shares)


def everything(experiments: list[str]) -> Iterator[Measurement]:
    yield from training()
    yield from scaling.measure()
    yield from memory.measure()
    yield from pipeline.measure(experiments)
    if torch.cuda.is_available():
        yield from cuda.measure()


def machine() -> str:
    vectors = torch.backends.cpu.get_cpu_capability()
    gpus = [torch.cuda.get_device_name()] if torch.cuda.is_available() else []
    return ", ".join([f"{cores()} ({vectors})", *gpus])


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="All benchmarks.")
    parser.add_argument("--experiments", nargs="*", default=[], help="whose time to result to measure; default: all")
    experiments = parser.parse_args().experiments
    on = f"{machine()}, Python {platform.python_version()}, torch {torch.__version__}"
    print(f"On {on}", flush=True)
    rows = []
    for row in everything(experiments):
        rows.append(row)
        spread = "" if row.least == row.greatest else f"   ({row.least:.4g} to {row.greatest:.4g})"
        unit = "" if row.unit == "1" else f" {row.unit}"
        print(f"{row.case:42} {row.quantity:42} {row.median:10.4g}{unit}{spread}", flush=True)
    table = pd.DataFrame(rows)
    table.round(6).to_csv(REPORTS / "speed.csv", index=False)
    save(draw(table, on), REPORTS / "speed.svg")
    print(f"written: {REPORTS / 'speed.csv'}, {REPORTS / 'speed.svg'}")


if __name__ == "__main__":
    main()
