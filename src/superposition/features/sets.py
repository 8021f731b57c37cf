"""Which random word decides that a feature is active: its own, one that it shares with the rest of its set, or another.

A set of features is a run of neighbours. Features of a correlated set are all active or all inactive; where they differ
in density, each of them is active only if those that are denser are. Of an anti-correlated set at most one is active,
each as often as the others. A set is active with probability 1 - S, the density of its features (Elhage et al. 2022,
"Superposition in Correlated Features").

A feature that has a parent, an earlier feature, is active with one probability while that one is, and with another
while it is not; another word than its own decides.

What sets or parents an instance has is said by a kind and a size (features/groups.py).
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor

from superposition.exact.philox import WORD
from superposition.features.groups import ANTICORRELATED, INDEPENDENT, groups, parents

# Of words below less than this, a density of 1e-4, too few are left to give an independent feature its value too.
RARE = round(1e-4 * WORD)


class Gates(NamedTuple):
    """A feature is active where `first` <= word[`gate`] < `first` + `number`, words being integers below 2^32.

    Where it has a `parent`, which is not -1, this is so while the parent is active, and else `otherwise` stands for
    `number`. A sample has `draws` words: one for each feature, from which it has its value; then one for each set, and
    one for each feature that has a parent or is independent and rare.
    """

    draws: int
    gate: Int64[Tensor, "instance feature"]
    first: Int64[Tensor, "instance feature"]
    number: Int64[Tensor, "instance feature"]
    parent: Int64[Tensor, "instance feature"]
    otherwise: Int64[Tensor, "instance feature"]

    @property
    def depth(self) -> int:
        """The longest chain of parents; 0 where there are none."""
        depth, at = 0, self.parent
        while (at >= 0).any():
            depth, at = depth + 1, torch.where(at >= 0, self.parent.gather(1, at.clamp(min=0)), -1)
        return depth

    def active(
        self, words: Int64[Tensor, "instance draw sample"], depth: int
    ) -> Bool[Tensor, "instance feature sample"]:
        decides = words
        if words.shape[1] > self.gate.shape[1]:
            decides = words.gather(1, self.gate.unsqueeze(-1).expand(-1, -1, words.shape[-1]))
        since = decides - self.first.unsqueeze(-1)
        found = on = (since >= 0) & (since < self.number.unsqueeze(-1))
        if depth:
            off = (since >= 0) & (since < self.otherwise.unsqueeze(-1))
            root, above = self.parent.unsqueeze(-1) < 0, self.parent.clamp(min=0).unsqueeze(-1).expand_as(on)
            for _ in range(depth):  # a generation more is right after each round
                found = torch.where(root | found.gather(1, above), on, off)
        return found


class _Layout(NamedTuple):
    """Of each feature of an instance: the number of its set, -1 if it has none, its place there and the set's parts."""

    set: list[int]
    member: list[int]
    parts: list[int]
    parent: list[int]
    active: list[int]  # words of a feature that has a parent, while that is active ...
    inactive: list[int]  # ... and while it is not


def gates(density: Float[Tensor, "instance feature"], kinds: Sequence[str], sizes: Sequence[int]) -> Gates:
    """Of instances whose features are in sets of these kinds and sizes."""
    n = density.shape[1]
    below = torch.round(density.double() * WORD).to(torch.int64)
    every = list(zip(kinds, sizes, strict=True))
    distinct = list(dict.fromkeys(every))
    layouts = torch.tensor([_layout(kind, size, n) for kind, size in distinct])  # [layout, field, feature]
    of_set, member, parts, parent, on, off = layouts[[distinct.index(one) for one in every]].unbind(1)
    number_of_sets = of_set.amax(1, keepdim=True) + 1
    alone = of_set < 0
    child = parent >= 0
    apart = child | (alone & (below < RARE))
    rank = apart.cumsum(1)
    gate = torch.where(alone, torch.arange(n).expand_as(below), n + of_set)
    gate = torch.where(apart, n + number_of_sets + rank - 1, gate)
    # Where an anti-correlated set is active, its word falls into one of as many equal parts as it has members.
    first = below * member // parts
    number = below * (member + 1) // parts - first
    return Gates(
        draws=n + int((number_of_sets + rank[:, -1:]).max()),
        gate=gate,
        first=first,
        number=torch.where(child, on, number),
        parent=parent,
        otherwise=torch.where(child, off, number),
    )


def draws(density: Float[Tensor, "instance feature"], kinds: Sequence[str], sizes: Sequence[int]) -> int:
    """Random words of a sample: as many as the instance that needs most of them."""
    return gates(density, kinds, sizes).draws


def _layout(kind: str, size: int, n_features: int) -> _Layout:
    layout, number = _Layout([], [], [], [-1] * n_features, [0] * n_features, [0] * n_features), -1
    if found := parents(kind):
        on, off = ([round(share * WORD) for share in shares] for shares in (found.active, found.inactive))
        layout = layout._replace(parent=list(found.of), active=on, inactive=off)
    for own, members in groups(kind, size, n_features):
        number += own != INDEPENDENT
        for member in range(members):
            layout.set.append(-1 if own == INDEPENDENT else number)
            layout.member.append(member if own == ANTICORRELATED else 0)
            layout.parts.append(members if own == ANTICORRELATED else 1)
    return layout
