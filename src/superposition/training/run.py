"""From a world to trained weights: one Lightning run for each model of an experiment."""

import json
import logging
import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytorch_lightning as pl
import torch

from superposition.exact.adamw import rates
from superposition.exact.philox import stream_key
from superposition.exact.schedule import learning_rates
from superposition.features.distribution import Distribution
from superposition.features.source import FiniteSample, Source, Stream
from superposition.models.attacks import attack_norm
from superposition.models.toy_model import Architecture, ToyModel
from superposition.training.attack import Attack
from superposition.training.checkpoints import Checkpoints
from superposition.training.data import Batches
from superposition.training.held_out import HeldOut
from superposition.training.initial import normal_weights, standard_deviation
from superposition.training.module import Ensemble
from superposition.training.progress import Progress
from superposition.training.steps import Optimiser, Steps, scale_to_one
from superposition.training.worlds import Trained, World

TYPICAL = 1024  # held-out samples, whose mean norm is the unit of attacks in training


def train(name: str, world: World, checkpoints: Path, visible: bool = True, fast: bool = True) -> Trained:
    """Trains every model of the experiment called `name`; resumes from `checkpoints` what was interrupted.

    `visible`: whether to show progress. `fast`: whether to take the fastest form of a step that there is.
    """
    weights: dict[str, np.ndarray] = {}
    snapshots: dict[str, np.ndarray] = {}
    history = []
    for place, model in enumerate(world.settings["models"], start=1):
        architecture = Architecture(**model)
        own = world.instances.loc[world.instances["model"] == architecture.name, "instance"].to_numpy()
        title = f"{name} ({architecture.name}, {place} of {len(world.settings['models'])})"
        progress = Progress(title, world.settings["training"]["steps"], visible)
        module = fit(architecture, world, checkpoints / f"{architecture.name}.ckpt", progress, fast)
        taken = sorted(module.snapshots)
        for key in module.snapshots[taken[-1]]:
            every = np.stack([module.snapshots[step][key].numpy() for step in taken])
            snapshots[f"{architecture.name}.{key}"], weights[f"{architecture.name}.{key}"] = every, every[-1]
        snapshots["step"] = np.array(taken)
        for step in taken:
            history.append(pd.DataFrame({"instance": own, "step": step, "loss": module.losses[step]}))
    by_instance = pd.concat(history).sort_values(["instance", "step"], ignore_index=True)
    return Trained(weights, snapshots, by_instance)


def fit(architecture: Architecture, world: World, checkpoint: Path, progress: Progress, fast: bool) -> Ensemble:
    """One model's ensemble, trained to the end."""
    training = world.settings["training"]
    module, source = build(architecture, world, fast)
    trainer = quiet_trainer([progress, Checkpoints(checkpoint)])
    batches = Batches(source, snapshot_steps(training["steps"], training["snapshots"]))
    trainer.fit(module, datamodule=batches, ckpt_path=checkpoint if checkpoint.exists() else None)
    return module


def quiet_trainer(callbacks: list[pl.Callback]) -> pl.Trainer:
    """Lightning's trainer on the GPU or the CPU, without what it would say, show and write by itself."""
    logging.getLogger("pytorch_lightning").setLevel(logging.WARNING)
    warnings.filterwarnings("ignore", module="pytorch_lightning")  # advice on data loaders, which there are none of
    return pl.Trainer(
        # Lightning's "auto" would take Apple's GPUs too, which have no float64.
        accelerator="auto" if torch.cuda.is_available() else "cpu",
        devices=1,
        max_epochs=1,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        callbacks=callbacks,
    )


def build(architecture: Architecture, world: World, fast: bool) -> tuple[Ensemble, Source]:
    """The Lightning module of one model's instances at their first step, and the source of their batches."""
    settings = world.settings
    training, n, m = settings["training"], settings["n_features"], settings["n_hidden"]
    dtype = torch.float64 if training["arithmetic"] == "exact" else torch.float32
    own = world.instances[world.instances["model"] == architecture.name]
    numbers, count = own["instance"].to_numpy(), len(own)
    streams = [json.loads(stream) for stream in own["stream"]]

    def keys(purpose: str) -> torch.Tensor:
        return torch.tensor([stream_key(stream | {"purpose": purpose}) for stream in streams])

    rows = world.features.sort_values("feature", kind="stable").set_index("instance").loc[numbers]
    density = torch.tensor(rows["density"].to_numpy().reshape(count, n))
    importance = torch.tensor(rows["importance"].to_numpy().reshape(count, n))
    sets = own["sets"].tolist(), own["set_size"].tolist()
    distribution = Distribution(density, settings["values"], dtype, *sets)

    model = ToyModel(architecture, count, n, m, dtype)
    deviation = standard_deviation(settings["initial"]["rule"], settings["initial"]["gain"], n, m)
    with torch.no_grad():
        model.W.copy_(normal_weights(keys("initial W"), m, n, deviation))
        if model.W_out is not None:
            model.W_out.copy_(normal_weights(keys("initial W_out"), n, m, deviation))

    source: Source = Stream(keys("training"), distribution)
    if world.sample is not None:
        drawn = torch.from_numpy(world.sample[numbers].astype(np.int64))
        source = FiniteSample(drawn, training["batch_size"], distribution)
    beta1, beta2 = training["betas"]
    optimiser = Optimiser((beta1, beta2), training["eps"], training["weight_decay"])
    rising_and_falling = learning_rates(
        training["schedule"], training["learning_rate"], training["steps"], training["warmup_steps"]
    )
    table = rates(rising_and_falling, optimiser.betas)
    held_out_words = torch.from_numpy(world.held_out.astype(np.int64))
    attack = None
    if architecture.training_attack:
        typical = distribution(held_out_words[:, :TYPICAL].expand(count, -1, -1))
        attack = Attack(keys("attack"), attack_norm(typical, architecture.training_attack))
    steps = Steps(model, source, importance, optimiser, table, training["batch_size"], attack)
    unit, _ = scale_to_one(importance)
    held_out = HeldOut(held_out_words, distribution, steps.importance, unit)
    names = [
        f"{row.sparsity_label} (sparsity), {row.importance} (importance), {row.sets}, seed {row.seed}"
        for row in own.itertuples()
    ]
    taken = snapshot_steps(training["steps"], training["snapshots"])
    return Ensemble(steps, held_out, taken, names, fast, training["learning_rate"]), source


def snapshot_steps(steps: int, count: int) -> Sequence[int]:
    """At most `count` numbers of steps from 1 to `steps`, log-spaced, the last one among them."""
    if count == 1:
        return [steps]
    return sorted({round(steps ** (k / (count - 1))) for k in range(count)})
