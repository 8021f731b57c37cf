"""Which random word decides that a feature is active: its own, one that it shares with the rest of its set, or another.

A set of features is a run of neighbours. Features of a correlated set are all active or all inactive; where they differ
in density, each of them is active only if those that are denser are. Of an anti-correlated set at most one is active,
each as often as the others. A set is active with probability 1 - S, the density of its features (Elhage et al. 2022,
"Superposition in Correlated Features"). Of other sets exactly k features are active while the set is, and all choices
of k are as likely: those whose further words are the smallest, of equal ones the first.

Features of a ring are at equal distances on a circle, on which a hidden point is drawn for each sample, uniformly.
Those within a width of it are active with the same probability, independently, and the others are not.

A feature that has a parent, an earlier feature, is active with one probability while that one is, and with another
while it is not; another word than its own decides.

Samples that are never empty are drawn given that a feature is active. A last word chooses the first set that is active,
where a feature by itself or with a parent counts as a set; sets before it are not, and those after it are as they would
be. That is the law of the others exactly, to the 2^-32 that words are rounded to, and nothing is drawn again.

What sets or parents an instance has is said by a kind and a size (features/groups.py).
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor, nn

from superposition.exact.philox import WORD
from superposition.features.groups import (
    ANTICORRELATED,
    INDEPENDENT,
    NEVER_EMPTY,
    active_of,
    groups,
    parents,
    width_of,
)

# Of words below less than this, a density of 1e-4, too few are left to give an independent feature its value too.
RARE = round(1e-4 * WORD)
INACTIVE = WORD - 1  # a word above what makes anything active whose probability is less than 1


class Gates(nn.Module):
    """A feature is active where `first` <= word[`gate`] < `first` + `number`, words being integers below 2^32.

    Where it has a `parent`, which is not -1, this is so while the parent is active, and else `otherwise` stands for
    `number`. Where only some of a set's features are active, `most` is how many, else 0; `start` is the first of them,
    and word[`order`] what they are ordered by. On a ring it is active only where word[`point`] is one of the `span`
    words from `begin` on, after the last of which comes 0; else `span` is 0. In samples that are never empty,
    word[`chooser`] tells which set is the first that is active: that of a feature where it is at least `since` and
    below `until`. Its own word is then made one below `limit`, with which it is active.

    A sample has `draws` words: one for each feature, from which it has its value; then one for each set; one for each
    feature that has a parent, is ordered in its set, is on a ring, or is independent and rare; and one for what is
    active first.
    """

    gate: Int64[Tensor, "instance feature"]
    first: Int64[Tensor, "instance feature"]
    number: Int64[Tensor, "instance feature"]
    parent: Int64[Tensor, "instance feature"]
    otherwise: Int64[Tensor, "instance feature"]
    start: Int64[Tensor, "instance feature"]
    most: Int64[Tensor, "instance feature"]
    order: Int64[Tensor, "instance feature"]
    point: Int64[Tensor, "instance feature"]
    begin: Int64[Tensor, "instance feature"]
    span: Int64[Tensor, "instance feature"]
    chooser: Int64[Tensor, " instance"]
    since: Int64[Tensor, "instance feature"]
    until: Int64[Tensor, "instance feature"]
    limit: Int64[Tensor, "instance feature"]

    def __init__(self, draws: int, never_empty: bool, **fields: Tensor) -> None:
        super().__init__()
        self.draws, self.never_empty = draws, never_empty  # the latter of some instances at least
        for name, value in fields.items():
            self.register_buffer(name, value, persistent=False)
        self.ordered, self.on_rings = bool((self.most > 0).any()), bool((self.span > 0).any())
        self.depth = _depth(self.parent)

    def forward(
        self, words: Int64[Tensor, "instance draw sample"]
    ) -> tuple[Bool[Tensor, "instance feature sample"], Int64[Tensor, "instance feature sample"]]:
        """Which features are active, and the words that decided it."""
        decides = words if words.shape[1] == self.gate.shape[1] else _taken(words, self.gate)
        if self.never_empty:
            decides = self._given_that_some_are(words, decides)
        since = decides - self.first.unsqueeze(-1)
        found = on = (since >= 0) & (since < self.number.unsqueeze(-1))
        if self.ordered:
            found = found & self._among_the_first(words)
        if self.on_rings:
            along = _taken(words, self.point) - self.begin.unsqueeze(-1) & WORD - 1
            found = found & ((self.span == 0).unsqueeze(-1) | (along < self.span.unsqueeze(-1)))
        if self.depth:
            off = (since >= 0) & (since < self.otherwise.unsqueeze(-1))
            root, above = self.parent.unsqueeze(-1) < 0, self.parent.clamp(min=0).unsqueeze(-1).expand_as(on)
            alone = found  # of features without a parent
            for _ in range(self.depth):  # a generation more is right after each round
                found = torch.where(root, alone, torch.where(found.gather(1, above), on, off))
        return found, decides

    def _given_that_some_are(
        self, words: Int64[Tensor, "instance draw sample"], decides: Int64[Tensor, "instance feature sample"]
    ) -> Int64[Tensor, "instance feature sample"]:
        """The words that decide, of samples of which at least one feature is to be active."""
        chooses, limit = _taken(words, self.chooser.unsqueeze(1)), self.limit.unsqueeze(-1)
        # Word times limit over 2^32, in two parts, since the product has up to 64 bits.
        below = ((decides >> 16) * limit + ((decides & 0xFFFF) * limit >> 16)) >> 16
        moved = torch.where(chooses < self.until.unsqueeze(-1), below, INACTIVE)
        return torch.where(chooses < self.since.unsqueeze(-1), decides, moved)

    def _among_the_first(self, words: Int64[Tensor, "instance draw sample"]) -> Bool[Tensor, "instance feature sample"]:
        """Which features are among those of their set that may be active; all where that is not said."""
        start, most = self.start.unsqueeze(-1), self.most.unsqueeze(-1)
        # Sets in their order, and in each its features by their words: places, less those of earlier sets' features.
        place = (start * WORD + _taken(words, self.order)).argsort(dim=1, stable=True).argsort(dim=1, stable=True)
        return (most == 0) | (place - start < most)


def _taken(
    words: Int64[Tensor, "instance draw sample"], rows: Int64[Tensor, "instance row"]
) -> Int64[Tensor, "instance row sample"]:
    return words.gather(1, rows.unsqueeze(-1).expand(-1, -1, words.shape[-1]))


class _Layout(NamedTuple):
    """Of each feature of an instance: the number of its set, -1 if it has none, its place there and the set's parts."""

    set: list[int]
    member: list[int]
    parts: list[int]
    start: list[int]  # the first feature of its set
    most: list[int]  # how many features of its set are active, 0 where that is not said
    begin: list[int]  # words of points on a ring at which it may be active: the first ...
    span: list[int]  # ... and how many
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
    of_each = layouts[[distinct.index(one) for one in every]]
    of_set, member, parts, start, most, begin, span, parent, on, off = of_each.unbind(1)
    number_of_sets = of_set.amax(1, keepdim=True) + 1
    alone, own = of_set < 0, torch.arange(n).expand_as(below)
    child, ordered, on_ring = parent >= 0, most > 0, span > 0
    apart = child | ordered | on_ring | (alone & (below < RARE))
    rank = apart.cumsum(1)
    further = torch.where(apart, n + number_of_sets + rank - 1, own)
    gate = torch.where(alone | on_ring, further, n + of_set)
    draws = n + (number_of_sets + rank[:, -1:])[:, 0]
    # Where an anti-correlated set is active, its word falls into one of as many equal parts as it has members.
    first = below * member // parts
    number = torch.where(child, on, below * (member + 1) // parts - first)
    near = torch.round(below.double() * WORD / torch.where(on_ring, span, WORD)).to(torch.int64)
    number = torch.where(on_ring, torch.where(near < WORD, near, WORD), number)
    otherwise = torch.where(child, off, number)
    never = torch.tensor([kind.endswith(NEVER_EMPTY) for kind in kinds])
    since, until, limit = _first_active(gate, first + otherwise, never) if never.any() else (below,) * 3
    return Gates(
        int((draws + never).max()),
        bool(never.any()),
        gate=gate,
        first=first,
        number=number,
        parent=parent,
        otherwise=otherwise,
        start=torch.where(ordered, start, own),
        most=most,
        order=further,
        point=torch.where(on_ring, n + of_set, own),
        begin=begin,
        span=span,
        chooser=torch.where(never, draws, 0),
        since=since,
        until=until,
        limit=limit,
    )


def draws(density: Float[Tensor, "instance feature"], kinds: Sequence[str], sizes: Sequence[int]) -> int:
    """Random words of a sample: as many as the instance that needs most of them."""
    return gates(density, kinds, sizes).draws


def _first_active(
    gate: Int64[Tensor, "instance feature"], end: Int64[Tensor, "instance feature"], never: Bool[Tensor, " instance"]
) -> tuple[Tensor, Tensor, Tensor]:
    """Between which words each feature's set is the first that is active, given that one is.

    A set is active where its word is below the largest `end` of its features; before the first active feature, parents
    are not active. The last word of an instance that may be empty is below `since`, which changes nothing.
    """
    n = gate.shape[1]
    limit = end.clone()
    for i in range(n - 2, -1, -1):
        together = gate[:, i] == gate[:, i + 1]
        limit[:, i] = torch.where(together & (limit[:, i + 1] > limit[:, i]), limit[:, i + 1], limit[:, i])
    for i in range(1, n):
        limit[:, i] = torch.where(gate[:, i] == gate[:, i - 1], limit[:, i - 1], limit[:, i])
    chance = limit.double() / WORD
    none_yet, up_to = torch.ones(len(gate), dtype=torch.float64), torch.zeros(len(gate), dtype=torch.float64)
    before, after = torch.zeros_like(chance), torch.zeros_like(chance)
    for i in range(n):
        again = gate[:, i] == gate[:, i - 1] if i else torch.zeros_like(never)
        more = torch.where(again, 0.0, none_yet * chance[:, i])
        before[:, i] = torch.where(again, before[:, i - 1], up_to)
        up_to = up_to + more
        none_yet = none_yet - more
        after[:, i] = up_to
    since, until = (torch.round(share / after[:, -1:] * WORD).to(torch.int64) for share in (before, after))
    as_it_is = ~never.unsqueeze(1)
    return torch.where(as_it_is, WORD, since), torch.where(as_it_is, WORD, until), limit


def _depth(parent: Int64[Tensor, "instance feature"]) -> int:
    """The longest chain of parents; 0 where there are none."""
    depth, at = 0, parent
    while (at >= 0).any():
        depth, at = depth + 1, torch.where(at >= 0, parent.gather(1, at.clamp(min=0)), -1)
    return depth


def _layout(kind: str, size: int, n_features: int) -> _Layout:
    layout = _Layout([], [], [], [], [], [], [], [-1] * n_features, [0] * n_features, [0] * n_features)
    if found := parents(kind):
        on, off = ([round(share * WORD) for share in shares] for shares in (found.active, found.inactive))
        layout = layout._replace(parent=list(found.of), active=on, inactive=off)
    number, start = -1, 0
    for own, members in groups(kind, size, n_features):
        number += own != INDEPENDENT
        reach = round(width_of(own) / members * WORD)
        for member in range(members):
            layout.set.append(-1 if own == INDEPENDENT else number)
            layout.member.append(member if own == ANTICORRELATED else 0)
            layout.parts.append(members if own == ANTICORRELATED else 1)
            layout.start.append(start)
            layout.most.append(active_of(own))
            layout.begin.append(((2 * member * WORD + members) // (2 * members) - reach) % WORD)
            layout.span.append(2 * reach)
        start += members
    return layout
