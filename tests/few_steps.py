"""An experiment through `generate` and a few steps of training, however long it is."""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pytest

from stages.generate import write
from superposition.models.toy_model import Architecture
from superposition.params.experiments import Experiment
from superposition.training import run
from superposition.training.data import Batches
from superposition.training.progress import Progress
from superposition.training.worlds import OutOfRange, read

CALLS = 3  # of a step or some each
MOST, LONGEST = 300_000, 10_000  # numbers in memory, and steps, beyond which a test takes seconds


class Few(Batches):
    def __iter__(self) -> Iterator:
        return islice(super().__iter__(), CALLS)


def few_steps(experiment: Experiment, folder: Path, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Whether it stays in the range in which sums are exact, of which a user is told; anything else is raised."""
    monkeypatch.setattr(run, "Batches", Few)
    write(0, "mine", experiment, folder / "mine")
    world = read(folder / "mine")
    ensembles = world.instances[["model", "n_hidden"]].drop_duplicates().itertuples()
    models = {model["name"]: Architecture(**model) for model in world.settings["models"]}
    try:
        for each in ensembles:
            progress = Progress("mine", each.model, experiment.training.steps, visible=False)
            place = folder / f"{each.model}.{each.n_hidden}.ckpt"
            run.fit(models[each.model], each.n_hidden, world, place, progress, fast=True)
    except OutOfRange:
        return False
    return True


def too_large(experiment: Experiment) -> bool:
    training = experiment.training
    samples = training.batch_size + (training.sample_size or 0) + experiment.held_out
    of_each = experiment.n_features * (experiment.n_hidden * min(training.snapshots, training.steps) + samples)
    instances = sum(1 for _ in zip(experiment.points(), range(MOST), strict=False))
    return instances * of_each > MOST or training.steps > LONGEST
