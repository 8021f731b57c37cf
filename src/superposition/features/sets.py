"""Which random word decides that a feature is active: its own, or one that it shares with the rest of its set.

A set of features is a run of neighbours. Features of a correlated set are all active or all inactive. Of an
anti-correlated set at most one is active, each as often as the others. A set is active with probability 1 - S, the
density of its features (Elhage et al. 2022, "Superposition in Correlated Features").
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from jaxtyping import Float, Int64
from torch import Tensor

from superposition.exact.philox import WORD

INDEPENDENT, CORRELATED, ANTICORRELATED = "independent", "correlated", "anticorrelated"


class Gates(NamedTuple):
    """A feature is active where `first` <= word[`gate`] < `first` + `number`, words being integers below 2^32.

    A sample has `draws` words: one for each feature, from which it has its value, and then one for each set.
    """

    draws: int
    gate: Int64[Tensor, "instance feature"]
    first: Int64[Tensor, "instance feature"]
    number: Int64[Tensor, "instance feature"]


def gates(density: Float[Tensor, "instance feature"], kinds: Sequence[str], sizes: Sequence[int]) -> Gates:
    """Of instances whose features are in sets of `sizes` members each; `density` is the same throughout a set."""
    n = density.shape[1]
    below = torch.round(density.double() * WORD).to(torch.int64)
    feature = torch.arange(n).expand_as(below)
    size = torch.tensor(sizes).unsqueeze(1)
    kind = {name: torch.tensor([own == name for own in kinds]).unsqueeze(1) for name in (INDEPENDENT, ANTICORRELATED)}
    # Where an anti-correlated set is active, its word falls into one of as many equal parts as it has members.
    member = torch.where(kind[ANTICORRELATED], feature % size, 0)
    parts = torch.where(kind[ANTICORRELATED], size, 1)
    first = below * member // parts
    return Gates(
        draws=draws(n, kinds, sizes),
        gate=torch.where(kind[INDEPENDENT], feature, n + feature // size),
        first=first,
        number=below * (member + 1) // parts - first,
    )


def draws(n_features: int, kinds: Sequence[str], sizes: Sequence[int]) -> int:
    """Random words of a sample: as many as the instance with the most sets needs."""
    sets = (n_features // size for kind, size in zip(kinds, sizes, strict=True) if kind != INDEPENDENT)
    return n_features + max(sets, default=0)
