"""Ground truth for dictionary learning: hidden vectors of a trained toy model, and scores of what was learned of them.

    python -m superposition.dictionary export geometry_small --at density=0.05 --to vectors
    python -m superposition.dictionary score sae --of geometry_small --at density=0.05

`export` writes vectors.safetensors, float32, with `hidden` [sample, dimension], `values` [sample, feature] and `truth`
[feature, dimension], and model.json, which says what they are of. `score` reads a dictionary that was trained on them
(superposition/dictionaries/saved.py has the formats), lets it encode hidden vectors that it has not seen, and prints
its scores (scores.py) beside those of the toy model itself, of the true directions, and of chance. docs/dictionaries.md
has a recipe. Exit status: 0 done, 2 a request or a file that is refused.
"""

import argparse
import json
import math
import sys
from collections.abc import Sequence
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
from ruamel.yaml import YAML, YAMLError

from superposition.dictionaries import safetensors, saved
from superposition.dictionaries.ground_truth import EXPORT, HELD_OUT, GroundTruth
from superposition.dictionaries.refused import Refused
from superposition.dictionaries.scores import agreement, cosines, directions, scores, unit
from superposition.results import load

VECTORS, MODEL = "vectors.safetensors", "model.json"
SAMPLES = {"export": 100_000, "score": 10_000}
MOST_SAMPLES = 10_000_000
READ_OUT, LASSO, CHANCE = "toy model", "true lasso", "chance"


def export(truth: GroundTruth, samples: int, folder: Path) -> None:
    """Writes both files; the same bytes for the same model and number of samples."""
    if folder.exists() and not folder.is_dir():
        raise Refused(f"--to {folder}: is a file, must be a folder")
    features = truth.features(EXPORT, samples)
    tensors = {
        "hidden": truth.hidden(features).astype(np.float32),
        "values": truth.values(features).astype(np.float32),
        "truth": truth.truth.astype(np.float32),
    }
    said = about(truth) | {"samples": samples, "tensors": {name: list(each.shape) for name, each in tensors.items()}}
    folder.mkdir(parents=True, exist_ok=True)
    safetensors.write(folder / VECTORS, tensors, {"format": "pt"})
    (folder / MODEL).write_text(json.dumps(said, indent=2) + "\n", encoding="utf-8")


def about(truth: GroundTruth) -> dict[str, Any]:
    """What model it is, in the words of its experiment's tables."""
    model, row = truth.model, truth.model.row
    return {
        "experiment": model.name,
        "instance": model.instance,
        "model": str(row["model"]),
        "n_features": model.n_features,
        "n_hidden": model.n_hidden,
        "sparsity": str(row["sparsity_label"]),
        "importance": str(row["importance_curve"]),
        "sets": str(row["sets"]),
        "values_of_features": str(row["values"]),
        "seed": model.seed,
        "loss": model.loss,
        "feature_of_direction": truth.numbers.tolist(),
        "density": model.density[truth.numbers].tolist(),
    }


def scored(truth: GroundTruth, files: Sequence[Path], samples: int) -> dict[str, Any]:
    """Scores of each dictionary, by its file's name, and of what it is compared with.

    `agreement` is with the first one.
    """
    alone = len({file.name for file in files}) == len(files)  # or else by their paths
    dictionaries = {file.name if alone else str(file): saved.read(file, truth.model.n_hidden) for file in files}
    features = truth.features(HELD_OUT, samples)
    values, hidden = truth.values(features), truth.hidden(features)
    first = next(iter(dictionaries.values()))
    found: dict[str, dict[str, float]] = {}
    for name, one in dictionaries.items():
        found[name] = scores(one.W_dec, one.encode(hidden), truth.truth, values, hidden, one.b_dec)
        if len(dictionaries) > 1:
            found[name]["agreement"] = agreement(first.W_dec, one.W_dec)
    decoder, codes = truth.read_out(features)
    found[READ_OUT] = scores(decoder, codes, truth.truth, values, hidden)
    found[LASSO] = scores(truth.truth, truth.lasso(hidden, truth.penalty), truth.truth, values, hidden)
    # As many random directions as the first dictionary has latents: in few dimensions, some are close to any.
    random = unit(np.random.default_rng(0).normal(size=first.W_dec.shape))
    found[CHANCE] = directions(cosines(truth.truth, random))
    return about(truth) | {
        "samples": samples,
        "active": float(np.count_nonzero(values) / samples),
        "lasso_penalty": truth.penalty,
        "scores": found,
    }


def as_table(found: dict[str, Any]) -> str:
    """A row for each dictionary, a column for each score."""
    rows: dict[str, dict[str, float]] = found["scores"]
    columns = list(dict.fromkeys(score for row in rows.values() for score in row))
    widest = max(map(len, rows))
    lines = [
        f"{found['experiment']}, {found['model']} model {found['instance']}: {len(found['density'])} directions in "
        f"{found['n_hidden']} dimensions, {found['active']:.3g} active in a sample; {found['samples']} samples",
        "",
        "  ".join([" " * widest, *(f"{column:>5}" for column in columns)]),
    ]
    for name, row in rows.items():
        cells = (("" if column not in row else f"{row[column]:.3f}").rjust(max(5, len(column))) for column in columns)
        lines.append("  ".join([name.ljust(widest), *cells]).rstrip())
    return "\n".join(lines)


def point(texts: Sequence[str]) -> dict[str, Any]:
    """Values on axes out of `axis=value`, a value in the forms of params.yaml."""
    found = {}
    for text in texts:
        axis, sign, value = text.partition("=")
        if not sign:
            raise Refused(f"--at {text}: must be axis=value")
        try:
            found[axis] = YAML(typ="safe").load(StringIO(value))
        except YAMLError:
            raise Refused(f"--at {text}: {value} is no value of params.yaml") from None
    return found


def of(name: str, at: Sequence[str]) -> GroundTruth:
    """The best model at a point."""
    wanted = point(at)
    try:
        model = load(name).best(**wanted)
    except LookupError as error:  # what there is not, or what another version of this code has computed
        raise Refused(str(error)) from None
    return GroundTruth(model)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m superposition.dictionary", description="Ground truth for dictionary learning, of toy models."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    exporting = commands.add_parser("export", help="hidden vectors, values of features and true directions")
    exporting.add_argument("name", metavar="NAME", help="of the experiment")
    exporting.add_argument("--to", required=True, type=Path, metavar="FOLDER")
    scoring = commands.add_parser("score", help="how well dictionaries that were trained elsewhere have recovered them")
    scoring.add_argument("files", nargs="+", type=Path, metavar="FILE", help="a folder, or a .safetensors file")
    scoring.add_argument("--of", required=True, dest="name", metavar="NAME", help="the experiment")
    scoring.add_argument("--json", action="store_true", help="for machines; what is not defined is null")
    for command, one in (("export", exporting), ("score", scoring)):
        one.add_argument("--at", nargs="+", default=[], action="extend", metavar="AXIS=VALUE", help="which point")
        one.add_argument("--samples", type=int, default=SAMPLES[command], metavar="N")
    given = parser.parse_args(arguments)
    try:
        if not 1 <= given.samples <= MOST_SAMPLES:
            raise Refused(f"--samples {given.samples}: must be from 1 to {MOST_SAMPLES}")
        truth = of(given.name, given.at)
        if given.command == "export":
            export(truth, given.samples, given.to)
            print(f"{given.to / VECTORS} and {given.to / MODEL}: {given.samples} samples of {truth.model!r}")
            return 0
        found = scored(truth, given.files, given.samples)
    except (Refused, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    print(json.dumps(_without_nan(found), indent=2, allow_nan=False) if given.json else as_table(found))
    return 0


def _without_nan(found: Any) -> Any:
    if isinstance(found, dict):
        return {key: _without_nan(value) for key, value in found.items()}
    return None if isinstance(found, float) and not math.isfinite(found) else found


if __name__ == "__main__":
    sys.exit(main())
