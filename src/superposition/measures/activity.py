"""How often each hidden dimension is active: which neurons a ReLU leaves alone, and which it switches off.

And how active, where training penalises it.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import pandas as pd
import torch
from jaxtyping import Float, Int64
from torch import Tensor

from superposition.exact.grids import HIDDEN
from superposition.exact.ops import round_to
from superposition.features.distribution import Distribution
from superposition.measures.tables import on_weight_grid

SAMPLES = 4096  # at a time


def activity(
    W: Float[Tensor, "instance hidden feature"],
    b: Float[Tensor, "instance hidden"],
    x: Float[Tensor, "instance feature sample"],
) -> Float[Tensor, "instance hidden"]:
    """The share of samples at which W x + b is above 0. `x` is on the input grid, so that sums are exact."""
    sums = torch.bmm(on_weight_grid(W), x.double()) + on_weight_grid(b.unsqueeze(-1))
    return (sums > 0).double().mean(dim=-1)


def activity_of_rectified(
    instances: pd.DataFrame,
    features: pd.DataFrame,
    held_out: Int64[Tensor, "draw sample"],
    W: Float[Tensor, "instance hidden feature"],
    b: Float[Tensor, "instance hidden"],
    rectified: Collection[str],
) -> Float[Tensor, "instance hidden"]:
    """`activity` on held-out words of the instances of `rectified` models, those with a ReLU; NaN of all others.

    `instances` and `features` are the world's frames.
    """
    active = torch.full_like(b, torch.nan, dtype=torch.float64)
    density = torch.tensor(features.sort_values(["instance", "feature"])["density"].to_numpy().reshape(len(W), -1))
    for row in instances[instances["model"].isin(rectified)].to_dict("records"):
        one = slice(row["instance"], row["instance"] + 1)
        law = Distribution(density[one], row["values"], torch.float64, [row["sets"]], [row["set_size"]])
        # Shares back to counts: whole numbers, whose sum is exact.
        counts = [
            torch.round(activity(W[one], b[one], law(words.unsqueeze(0))) * words.shape[1])
            for words in held_out.split(SAMPLES, 1)
        ]
        active[one] = torch.stack(counts).sum(0) / held_out.shape[1]
    return active


def penalties(
    instances: pd.DataFrame,
    features: pd.DataFrame,
    held_out: Int64[Tensor, "draw sample"],
    W: Float[Tensor, "instance hidden feature"],
    b: Float[Tensor, "instance hidden"],
    models: Sequence[Mapping[str, Any]],
) -> list[float]:
    """What training added to the loss of each instance for its hidden values: hidden_l1 |h|, over samples and features.

    `instances` and `features` are the world's frames, `models` the settings of each model.
    """
    settings = {model["name"]: model for model in models}
    density = torch.tensor(features.sort_values(["instance", "feature"])["density"].to_numpy().reshape(len(W), -1))
    found = []
    for row in instances.sort_values("instance").to_dict("records"):
        own, one = settings[row["model"]], slice(row["instance"], row["instance"] + 1)
        total = 0.0
        for words in held_out.split(SAMPLES, 1) if own["hidden_l1"] else ():
            law = Distribution(density[one], row["values"], torch.float64, [row["sets"]], [row["set_size"]])
            h = torch.bmm(on_weight_grid(W[one]), law(words.unsqueeze(0))) + on_weight_grid(b[one].unsqueeze(-1))
            h = round_to(torch.relu(h) if own["hidden"] == "relu" else h, HIDDEN)
            total += float(h.abs().sum())  # exact: 21 bits and far fewer than 2^32 terms
        found.append(own["hidden_l1"] * total / (held_out.shape[1] * W.shape[2]))
    return found
