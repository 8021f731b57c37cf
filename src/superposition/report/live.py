"""The panel of the page that trains an experiment's models again in the reader's browser, to the same bits.

The scripts `live.*.js` beside this module do in JavaScript what superposition/training does here, for the models that
`intro` has. With them goes what they train, as the pipeline has it, and a digest of the weights that it found.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float
from numpy import ndarray

from superposition.exact.grids import WEIGHT
from superposition.params import Experiment, Model
from superposition.readings.results import Tables
from superposition.report.conditions import conditions

EXPERIMENT = "intro"
SCRIPTS = ("arithmetic", "random", "training", "worker")  # what the browser's thread for training runs, in this order
# What can be waited for. An instance of `intro` takes 6e8 multiply-adds, and a browser some seconds.
MOST_MULTIPLY_ADDS = 10**10  # of one instance in training
MOST_INSTANCES = 60
MOST_FEATURES = 32  # of which all products are drawn
MOST_HELD_OUT = 2**16  # samples, which are gone through each time that a model is drawn


@dataclass(frozen=True)
class Live:
    """What the page embeds."""

    experiment: str
    instances: int
    left_out: list[str]  # what of the experiment the browser cannot train, in words
    settings: str  # JSON
    training: str  # scripts
    panel: str
    style: str


def live(experiments: Mapping[str, Experiment], tables: Mapping[str, Tables]) -> Live | None:
    """The panel of the experiment that it trains; None where there is none of that name."""
    if EXPERIMENT not in experiments:
        return None
    experiment, own = experiments[EXPERIMENT], tables[EXPERIMENT]
    left_out = unfit(experiment)
    instances = [] if left_out else list(fitting_instances(experiment, own))
    if not left_out and len(instances) < len(own.instances):
        left_out = unfit_points(experiment, own)
    if len(instances) > MOST_INSTANCES:
        left_out.append(f"all but the first {MOST_INSTANCES} of {len(instances)} models")
    settings = {
        **experiment.model_dump(mode="json", include={"training", "initial", "held_out"}),
        "seed": instances[0]["stream"]["seed"] if instances else 0,
        "instances": instances[:MOST_INSTANCES],
    }
    return Live(
        experiment=EXPERIMENT,
        instances=len(settings["instances"]),
        left_out=left_out,
        settings=json.dumps(settings, separators=(",", ":")).replace("<", "\\u003c"),  # which could end the script
        training="".join(source(f"{script}.js") for script in SCRIPTS),
        panel=source("own.js") + source("panel.js"),
        style=source("css"),
    )


def unfit(experiment: Experiment) -> list[str]:
    """What of the settings that all instances share the scripts do not implement."""
    training = experiment.training
    faults = {
        f"arithmetic: {training.arithmetic}": training.arithmetic != "exact",
        f"sample_size: {training.sample_size}": training.sample_size is not None,
        f"values: {experiment.values}": experiment.values != "unit",
        f"initial.rule: {experiment.initial.rule}": experiment.initial.rule == "identity",
        f"initial.bias: {experiment.initial.bias}": experiment.initial.bias != 0,
        f"floor: {training.floor}": training.floor != 0,
        f"control_variate: {training.control_variate}": training.control_variate is not None,
        "weight_decay of weights and of biases": not isinstance(training.weight_decay, float | int),
        f"n_features: {experiment.n_features}": experiment.n_features > MOST_FEATURES,
        f"held_out: {experiment.held_out}": experiment.held_out > MOST_HELD_OUT,
        "densities below 1e-4": any(max(sparsity.per_feature) > 0.9999 for sparsity in experiment.sparsities),
    }
    return [fault for fault, there in faults.items() if there]


def model_fits(model: Model) -> bool:
    """Whether it is y = W^T W x + b or the ReLU of that, with or without b."""
    known = model.output in ("linear", "relu")
    return known and model == Model(name=model.name, output=model.output, output_bias=model.output_bias)


def instance_fits(experiment: Experiment, model: Model, n_hidden: int, sets: str) -> bool:
    training = experiment.training
    multiply_adds = 6 * n_hidden * experiment.n_features * training.steps * training.batch_size
    return model_fits(model) and sets == "independent" and multiply_adds <= MOST_MULTIPLY_ADDS


def unfit_points(experiment: Experiment, tables: Tables) -> list[str]:
    """Models, sets and widths of which the scripts train none."""
    models = {model.name: model for model in experiment.models}
    found = dict.fromkeys(f"model: {name}" for name, model in models.items() if not model_fits(model))
    found |= dict.fromkeys(f"sets: {sets.label}" for sets in experiment.sets if sets.kind != "independent")
    for model, n_hidden in tables.instances[["model", "n_hidden"]].drop_duplicates().itertuples(index=False):
        if model_fits(models[model]) and not instance_fits(experiment, models[model], n_hidden, "independent"):
            found[f"n_hidden: {n_hidden}, which takes too long"] = None
    return list(found)


def fitting_instances(experiment: Experiment, tables: Tables) -> Iterator[dict[str, Any]]:
    """What the scripts need to know of each instance that they can train, and what they are to find."""
    models = {model.name: model for model in experiment.models}
    points = dict(zip(tables.best["point"], conditions(tables), strict=True))
    for row in tables.instances.sort_values("instance", kind="stable").to_dict("records"):
        model, number = models[row["model"]], row["instance"]
        if not instance_fits(experiment, model, row["n_hidden"], row["sets"]):
            continue
        features = tables.features_of(number)
        yield {
            "name": f"{points[row['point']].name}, seed {row['seed']}",
            "best": row["best"],
            "n_features": experiment.n_features,
            "n_hidden": row["n_hidden"],
            "density": features["density"].tolist(),
            "importance": features["importance"].tolist(),
            "relu": model.output == "relu",
            "bias": model.output_bias,
            "stream": json.loads(row["stream"]),
            "digest": digest(tables.weights_of(number), features["bias"].to_numpy()),
        }


def digest(W: Float[ndarray, "hidden feature"], b: Float[ndarray, " feature"]) -> str:
    """BLAKE2b, of 32 bytes, of W and then b: 32-bit integers in steps of the weights' grid, the lowest byte first."""
    steps = np.rint(np.concatenate([W.ravel(), b]) * 2.0**WEIGHT.fraction_bits)
    return hashlib.blake2b(steps.astype("<i4").tobytes(), digest_size=32).hexdigest()


def source(ending: str) -> str:
    return Path(__file__).with_suffix(f".{ending}").read_text(encoding="utf-8")
