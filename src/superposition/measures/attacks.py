"""Losses under adversarial attack (Elhage et al. 2022, "Superposition and Adversarial Robustness").

Of all attacks of models/attacks.py, one for each feature, a sample meets the one that harms it most; the target stays
the clean sample. For tied models that are linear on h: their outputs are g(W^T W x + b).
"""

from collections.abc import Sequence
from typing import NamedTuple

import pandas as pd
import torch
from jaxtyping import Float, Integer
from numpy import ndarray
from torch import Tensor

from superposition.exact.grids import HIDDEN, LOSS, SIGNIFICAND_BITS
from superposition.exact.ops import round_to
from superposition.measures.tables import on_weight_grid
from superposition.measures.trained import TrainedModel
from superposition.models.attacks import attack_norm, attacks

# Held-out samples that are attacked, each along all features: with half as many, vulnerabilities change by about 1%.
SAMPLES = 512


class UnderAttack(NamedTuple):
    """Losses are importance-weighted, means over samples and features."""

    norm: float  # L2, of the perturbations
    clean: float  # loss on the same samples without them
    attacked: float


def under_attack(
    W: Float[Tensor, "hidden feature"],
    b: Float[Tensor, " feature"],
    x: Float[Tensor, "feature sample"],
    importance: Float[Tensor, " feature"],
    rectified: bool,
    relative: float,
) -> UnderAttack:
    """Of one model, with a ReLU on its outputs if `rectified`, on samples `x` of the input grid.

    Hidden values of a sample and of a perturbation are rounded to their grid one by one; everything else is the sum
    that training forms. Squared errors are rounded to the grid of losses before they are added up.
    """
    n, samples = x.shape
    W, b = (torch.from_numpy(on_weight_grid(array.numpy())) for array in (W, b))
    norm = attack_norm(x.unsqueeze(0), relative)
    outputs = (W.T @ round_to(W @ x, HIDDEN) + b.unsqueeze(1)).T.contiguous()  # [sample, feature]
    moved = (W.T @ round_to(W @ attacks(W.unsqueeze(0), norm)[0], HIDDEN)).T.contiguous()  # [attack, feature]
    largest = float(outputs.abs().max() + moved.abs().max() + 1)
    if not largest * largest * float(importance.max()) * n * samples <= 2.0 ** (SIGNIFICAND_BITS - LOSS.fraction_bits):
        raise ArithmeticError(f"outputs under attack reach {largest:g}, where sums of squared errors may round")
    weight = importance * 2.0**LOSS.fraction_bits

    def losses(y: Float[Tensor, "case feature"], target: Float[Tensor, " feature"]) -> Float[Tensor, " case"]:
        """In steps of the grid of losses; in place, since this is where the time goes."""
        error = (y.relu_() if rectified else y).sub_(target)
        return error.square_().mul_(weight).round_().sum(1)

    clean = attacked = 0.0  # whole numbers below 2^53
    room = torch.empty_like(moved)
    for y, target in zip(outputs, x.T.contiguous(), strict=True):
        attacked += float(losses(torch.add(y, moved, out=room), target).max())
        clean += float(losses(y.unsqueeze(0), target))
    unit = 2.0**LOSS.fraction_bits * n * samples
    return UnderAttack(float(norm), clean / unit, attacked / unit)


def attacks_table(
    models: Sequence[TrainedModel], words: Integer[ndarray, "draw sample"], relative: float | None
) -> pd.DataFrame:
    """Columns of the table of instances: `attack_norm`, `clean_loss`, `attacked_loss`; NaN where `relative` is None."""
    rows = []
    for model in models:
        found = UnderAttack(*[float("nan")] * 3)
        if relative is not None:
            arrays = (model.W, model.b, model.draw(words[:, :SAMPLES]), model.importance)
            W, b, x, importance = (torch.tensor(array) for array in arrays)
            found = under_attack(W, b, x, importance, model.output == "relu", relative)
        rows.append({"attack_norm": found.norm, "clean_loss": found.clean, "attacked_loss": found.attacked})
    return pd.DataFrame(rows)
