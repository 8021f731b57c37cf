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
from pytorch_lightning.plugins.environments import LightningEnvironment

from superposition.exact.adamw import rates
from superposition.exact.functions import power
from superposition.exact.philox import stream_key
from superposition.exact.schedule import learning_rates
from superposition.features.distribution import Distribution
from superposition.features.source import FiniteSample, Source, Stream
from superposition.models.attacks import attack_norm
from superposition.models.own import OwnModel, model_of
from superposition.models.toy_model import Architecture
from superposition.training.attack import Attack
from superposition.training.checkpoints import Checkpoints
from superposition.training.control import LinearControl
from superposition.training.data import Batches
from superposition.training.disturbance import Disturbance
from superposition.training.held_out import HeldOut
from superposition.training.initial import initial_weights, on_weight_grid
from superposition.training.interruption import Stopped
from superposition.training.module import Ensemble
from superposition.training.progress import Progress
from superposition.training.steps import Optimiser, Steps, scale_to_one
from superposition.training.worlds import Trained, World

FEW = 64  # held-out samples, that a model of somebody's own is tried out on
TYPICAL = 1024  # held-out samples, whose mean norm is the unit of attacks in training


def train(name: str, world: World, checkpoints: Path, visible: bool = True, fast: bool = True) -> Trained:
    """Trains every model of the experiment called `name`; resumes from `checkpoints` what was interrupted.

    Weights of a model with fewer hidden dimensions than others of the experiment end in zeros, up to the most of them.
    `visible`: whether to show progress. `fast`: whether to take the fastest form of a step that there is.
    """
    architectures = {model["name"]: Architecture(**model) for model in world.settings["models"]}
    ensembles = world.instances[["model", "n_hidden"]].drop_duplicates().to_dict("records")
    parts: dict[str, list[np.ndarray]] = {}  # [snapshot, instance, ...]
    history, seconds = [], 0.0
    for place, ensemble in enumerate(ensembles, start=1):
        model, n_hidden = ensemble["model"], ensemble["n_hidden"]
        progress = Progress(name, f"{model}, {place} of {len(ensembles)}", world.settings["training"]["steps"], visible)
        checkpoint = checkpoints / f"{model}.{n_hidden}.ckpt"
        module = fit(architectures[model], n_hidden, world, checkpoint, progress, fast)
        seconds += module.seconds
        taken = sorted(module.snapshots)
        for key in module.snapshots[taken[-1]]:
            every = np.stack([module.snapshots[step][key].numpy() for step in taken])
            parts.setdefault(f"{model}.{key}", []).append(every)
        own = instances_of(world, model, n_hidden)["instance"].to_numpy()
        for step in taken:
            history.append(pd.DataFrame({"instance": own, "step": step, "loss": module.losses[step]}))
    snapshots = {key: np.concatenate(widened(arrays), axis=1) for key, arrays in parts.items()}
    weights = {key: every[-1] for key, every in snapshots.items()}
    by_instance = pd.concat(history).sort_values(["instance", "step"], ignore_index=True)
    return Trained(weights, snapshots | {"step": np.array(taken)}, by_instance, seconds)


def widened(ensembles: Sequence[np.ndarray]) -> list[np.ndarray]:
    """[snapshot, instance, ...] of ensembles of one model, with zeros for what some lack of hidden dimensions."""
    largest = np.max([each.shape for each in ensembles], axis=0)
    sizes = [(each.shape[0], each.shape[1], *largest[2:]) for each in ensembles]
    return [
        np.pad(each, [(0, int(most) - has) for has, most in zip(each.shape, size, strict=True)])
        for each, size in zip(ensembles, sizes, strict=True)
    ]


def fit(
    architecture: Architecture, n_hidden: int, world: World, checkpoint: Path, progress: Progress, fast: bool
) -> Ensemble:
    """The ensemble of one model at one number of hidden dimensions, trained to the end."""
    training = world.settings["training"]
    module, source = build(architecture, n_hidden, world, fast)
    checkpoints = Checkpoints(checkpoint)
    checkpoints.resume(module)
    trainer = quiet_trainer([progress, checkpoints])
    batches = Batches(source, snapshot_steps(training["steps"], training["snapshots"]))
    try:
        trainer.fit(module, datamodule=batches)
    except Stopped as stopped:
        if module.step:
            stopped.done = f"after {module.step} of {training['steps']} steps ({progress.part}), which are kept"
        raise
    return module


def instances_of(world: World, model: str, n_hidden: int) -> pd.DataFrame:
    """Those that train together."""
    every = world.instances
    return every[(every["model"] == model) & (every["n_hidden"] == n_hidden)]


def quiet_trainer(callbacks: list[pl.Callback]) -> pl.Trainer:
    """Lightning's trainer on the GPU or the CPU, without what it would say, show and write by itself."""
    logging.getLogger("pytorch_lightning").setLevel(logging.WARNING)
    warnings.filterwarnings("ignore", module="pytorch_lightning")  # advice on data loaders, which there are none of
    return pl.Trainer(
        # Lightning's "auto" would take Apple's GPUs too, which have no float64.
        accelerator="auto" if torch.cuda.is_available() else "cpu",
        devices=1,
        # One process, also as a job of a cluster, whose variables Lightning would take for a plan of its own.
        plugins=[LightningEnvironment()],
        max_epochs=1,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        callbacks=callbacks,
    )


def build(architecture: Architecture, n_hidden: int, world: World, fast: bool) -> tuple[Ensemble, Source]:
    """The Lightning module of one ensemble's instances at their first step, and the source of their batches."""
    settings = world.settings
    training, n, m = settings["training"], settings["n_features"], n_hidden
    dtype = torch.float64 if training["arithmetic"] == "exact" else torch.float32
    own = instances_of(world, architecture.name, n_hidden)
    numbers, count = own["instance"].to_numpy(), len(own)
    streams = [json.loads(stream) for stream in own["stream"]]

    def keys(purpose: str) -> torch.Tensor:
        return torch.tensor([stream_key(stream | {"purpose": purpose}) for stream in streams])

    rows = world.features.sort_values("feature", kind="stable").set_index("instance").loc[numbers]
    density = torch.tensor(rows["density"].to_numpy().reshape(count, n))
    importance = torch.tensor(rows["importance"].to_numpy().reshape(count, n))
    sets = own["sets"].tolist(), own["set_size"].tolist()
    distribution = Distribution(density, settings["values"], dtype, *sets)

    model = model_of(architecture, count, n, m, dtype, own["stream"].iloc[0])
    initial = settings["initial"]
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if parameter.dim() == 2:
                start = initial["bias" if name == "b" else "hidden_bias"]
                parameter.copy_(torch.from_numpy(on_weight_grid(np.full(parameter.shape, start))))
                continue
            height, width = parameter.shape[1:]
            # Of a toy model's W_out the rule is of the model's shape, of another matrix of its own.
            shape = (n, m) if name in ("W", "W_out") else (width, height)
            drawn = initial_weights(keys(f"initial {name}"), height, width, initial["rule"], initial["gain"], shape)
            parameter.copy_(drawn)

    source: Source = Stream(keys("training"), distribution)
    if world.sample is not None:
        drawn = torch.from_numpy(world.sample[numbers].astype(np.int64))
        source = FiniteSample(drawn, training["batch_size"], distribution)
    beta1, beta2 = training["betas"]
    decay = training["weight_decay"]
    decays = (decay["weights"], decay["biases"]) if isinstance(decay, dict) else (decay, decay)
    optimiser = Optimiser((beta1, beta2), training["eps"], *decays)
    rising_and_falling = learning_rates(
        *(training[key] for key in ("schedule", "learning_rate", "steps", "warmup_steps", "floor"))
    )
    table = rates(rising_and_falling, optimiser.betas)
    held_out_words = torch.from_numpy(world.held_out.astype(np.int64))
    if isinstance(model, OwnModel):
        model.try_out(distribution(held_out_words[:, :FEW].expand(count, -1, -1)))
    attack = None
    if architecture.training_attack:
        typical = distribution(held_out_words[:, :TYPICAL].expand(count, -1, -1))
        attack = Attack(keys("attack"), attack_norm(typical, architecture.training_attack))
    unit, scaled = scale_to_one(importance)
    control = None
    if (least := training["control_variate"]) is not None:
        factor = 2 * training["batch_size"] * scaled[:, 0]
        used = (density >= least).all(1)
        control = LinearControl(density, settings["values"], used, factor, dtype)
    disturbance = None
    if architecture.hidden_noise or architecture.dropout:
        streams_of_h = keys("hidden noise"), keys("dropout")
        disturbance = Disturbance(architecture.hidden_noise, architecture.dropout, *streams_of_h)
    steps = Steps(model, source, importance, optimiser, table, training["batch_size"], attack, control, disturbance)
    held_out = HeldOut(held_out_words, distribution, steps.importance, unit)
    names = [
        f"{m} hidden dimensions, {row.sparsity_label} (sparsity), {row.importance} (importance), {row.sets}, "
        f"seed {row.seed}"
        for row in own.itertuples()
    ]
    taken = snapshot_steps(training["steps"], training["snapshots"])
    return Ensemble(steps, held_out, taken, names, fast, training["learning_rate"]), source


def snapshot_steps(steps: int, count: int) -> Sequence[int]:
    """At most `count` numbers of steps from 1 to `steps`, log-spaced, the last one among them."""
    if count == 1:
        return [steps]
    return sorted({round(step) for step in power(steps, np.arange(count) / (count - 1)).tolist()})
