"""Note what training cost when it last ran here: make costs.

Times are no results, and so no hash depends on them but that of the page, which shows this file: reports/costs.csv.
"""

import csv
import json
import sys
from pathlib import Path

from superposition.params import read

COLUMNS = ("experiment", "instances", "model_steps", "seconds", "device")
OUT = Path("reports", "costs.csv")


def main() -> None:
    manifests = [Path("data", "manifests", f"{name}.json") for name in read(Path("params.yaml")).experiments]
    if missing := [str(file) for file in manifests if not file.is_file()]:
        sys.exit(f"costs: {', '.join(missing)} not found: they are written where an experiment trains, by make repro")
    with OUT.open("w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, COLUMNS, extrasaction="ignore", lineterminator="\n")
        table.writeheader()
        table.writerows(json.loads(manifest.read_text(encoding="utf-8")) for manifest in manifests)


if __name__ == "__main__":
    main()
