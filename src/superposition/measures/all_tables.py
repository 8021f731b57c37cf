"""All that the measure stage stores of an experiment, by the names of its files."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pandas as pd
import torch
from jaxtyping import Integer
from numpy import ndarray

from superposition.measures import tables
from superposition.measures.activity import activity_of_rectified, penalty
from superposition.measures.attacks import attacks_table
from superposition.measures.extra import extra_tables
from superposition.measures.held_out import losses
from superposition.measures.parameters import Parameters
from superposition.measures.trained import trained_models


@contextmanager
def one_thread() -> Iterator[None]:
    """Without PyTorch's threads (the kernel has its own), for many small operations on what stays in a core's cache.

    On two cores that others used too, threads that waited for each other made some of it fifty times slower [measured].
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


@one_thread()
def all_tables(
    instances: pd.DataFrame,
    features: pd.DataFrame,
    held_out: Integer[ndarray, "draw sample"],
    settings: Mapping[str, Any],
    trained: Parameters,
    history: pd.DataFrame,
    wanted: Mapping[str, Any],
) -> dict[str, pd.DataFrame]:
    """Of the world's frames, held-out words and settings, of what training left, and of what is to be measured."""
    W, W_out, b, b_hidden, steps, path = trained[:6]
    instances, features = tables.in_order(instances, features, W)
    architectures = settings["models"]
    judged = losses(instances, features, tables.points(instances, features), trained, settings, wanted["loss_error"])
    measured = tables.instances_table(instances, features, W, judged["loss"].to_numpy(), architectures)
    measured = measured.join(judged[["standard_error", "held_out_samples", "behind"]])
    dtype = torch.float64 if settings["training"]["arithmetic"] == "exact" else torch.float32
    models = trained_models(measured, features, trained, architectures, dtype)
    measured = measured.join(attacks_table(models, held_out, wanted["attack"]))
    measured[["penalty", "penalty_error"]] = [penalty(model, held_out) for model in models]
    active = activity_of_rectified(models, held_out, W.shape[1])
    made = {
        "instances": measured,
        "features": tables.features_table(measured, features, W, b),
        "weights": tables.weights_table(W, W_out),
        "history": history,
        "learning": tables.learning_table(steps, path),
        "trajectories": tables.trajectories_table(steps, path),
        "hidden": tables.hidden_table(b_hidden, active),
    } | extra_tables(models, wanted)
    own = {key: tables.of_own_widths(one, measured) if "hidden" in one else one for key, one in made.items()}
    return {key: tables.with_plain_zeros(one) for key, one in own.items()}
