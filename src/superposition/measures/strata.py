"""Held-out samples by how many features are active, so that rare cases can be looked at more often than they occur.

Sparse samples are mostly empty, and a model's loss on those is one number; of the others most have one active feature,
which a model may reproduce without an error, while its loss comes from the few that have two. Each stratum (none, one,
two active, more) has a known probability, its mean is estimated by samples of its own, and the loss is the sum of both
products (stratified sampling: Cochran 1977, Sampling Techniques, chapter 5). What is active here is a feature, or where
features come in sets a set: a unit. Where samples are never empty, there is no stratum of none, and the shares of the
others are larger.
"""

from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Bool, Float, Int64
from numpy import ndarray

from superposition.exact.philox import WORD, stream_key, words
from superposition.features.groups import may_be_empty
from superposition.features.sets import INACTIVE, Gates, gates

APART = 5  # numbers of active units, from 0, that may have a stratum of their own ...
LEAST = 0.125  # ... if it is at least so much of what is left
AT_A_TIME = 2**17  # words: what fits into a core's cache


class Units(NamedTuple):
    """What is active or not as a whole, each with its probability; independent of each other, or else features.

    `kind` are the words for sets of the law that makes values of what is `drawn`. Given that a unit is active, or two
    are, it does not matter that samples are never empty, and that law need not see to it.
    """

    kind: str
    fewest: int  # units that are active: 1 where samples are never empty
    probability: Float[ndarray, " unit"]
    rarest: Float[ndarray, " unit"]  # the same of the rarest feature of a set
    word: Int64[ndarray, " unit"]  # that decides, of the random words of a sample
    gates: Gates
    dependent: bool


class Stratum(NamedTuple):
    """Samples with so many active units, `or_more`; `share` is their probability."""

    active: int
    or_more: bool
    share: float


def units_of(density: Float[ndarray, " feature"], kind: str, size: int) -> Units:
    """Of an instance's world; as features/sets.py rounds probabilities to words.

    A unit is active where its word is below the last part of any of its features.
    """
    found = gates(torch.tensor(density).unsqueeze(0), [kind], [size])
    first, end = found.first[0].numpy(), (found.first + found.number)[0].numpy()
    if found.depth or found.on_rings:
        every = end / WORD
        return Units(kind, 0, every, every, found.gate[0].numpy(), found, dependent=True)
    if (without := may_be_empty(kind)) != kind:
        return units_of(density, without, size)._replace(fewest=1)
    word, unit = np.unique(found.gate[0].numpy(), return_inverse=True)
    last, least, parts = np.zeros(len(word)), np.full(len(word), np.inf), np.zeros(len(word))
    np.maximum.at(last, unit, end)
    np.minimum.at(least, unit, end)
    np.maximum.at(parts, unit, first)  # of an anti-correlated set, which is as rare as the whole of it
    return Units(kind, 0, last / WORD, np.where(parts > 0, last, least) / WORD, word, found, dependent=False)


def strata(units: Units) -> list[Stratum]:
    """No active unit where that may be, one, ..., as long as these are not rare among what is left; then the rest."""
    if units.dependent:
        return [Stratum(0, or_more=True, share=1.0)]

    def share(active: int, or_more: bool) -> float:
        return float(chances(units.probability, active, or_more)[0, active])

    whole = share(units.fewest, or_more=True)
    found, left = [], 1.0
    for active in range(units.fewest, APART):
        part = share(active, or_more=False) / whole
        if part <= 0 or part < LEAST * left:
            break
        found.append(Stratum(active, or_more=False, share=part))
        left -= part
    active = units.fewest + len(found)
    rest = share(active, or_more=True) / whole
    return [*found, Stratum(active, or_more=True, share=rest)] if rest > 0 else found


def chances(probability: Float[ndarray, " unit"], active: int, or_more: bool) -> Float[ndarray, "units_left some"]:
    """The probability that k (or more) of the units from u on are active, at [u, k]."""
    found = np.zeros((len(probability) + 1, active + 1))
    found[-1, 0] = 1.0
    for u in range(len(probability) - 1, -1, -1):
        p, after = probability[u], found[u + 1]
        found[u, 1:] = p * after[:-1] + (1 - p) * after[1:]
        found[u, 0] = 1.0 if or_more else (1 - p) * after[0]
    return found


def drawn(
    stratum: Stratum, units: Units, names: dict[str, object], first: int, last: int
) -> Iterator[tuple[Int64[ndarray, "draw sample"], Bool[ndarray, "unit sample"]]]:
    """Samples number `first` .. `last` - 1 of a stratum: random words, and which units are active with all of their
    features, a stretch at a time.

    `names` name the experiment's random streams. Where all samples are one stratum, they go on with those that judge
    training's snapshots.
    """
    everything = stratum.active == 0 and stratum.or_more
    step = 0 if everything else 1 + stratum.active
    limits = units.probability[:, None] * WORD
    size = max(1, AT_A_TIME // units.gates.draws // 64) * 64
    for block in range(first // size, -(-last // size)):
        own = slice(max(first - block * size, 0), min(last - block * size, size))

        def stream(purpose: str, rows: int, block: int = block, own: slice = own) -> Int64[ndarray, "row sample"]:
            named = tuple(sorted((names | {"purpose": purpose}).items()))
            return random_words(named, rows, step, block * size, (block + 1) * size)[:, own]

        found = stream("held out", units.gates.draws).copy()
        decides = found[units.word]
        if units.dependent:
            active = units.gates(torch.from_numpy(found).unsqueeze(0))[0][0].numpy()
        elif everything:
            active = decides < limits
        else:
            active = chosen(stratum, units, stream("which are active", len(decides)))
            # An active unit's word is uniform below its limit, as it is where nothing was chosen.
            found[units.word] = np.where(active, np.floor(decides * units.probability[:, None]), INACTIVE)
        yield found, active if units.dependent else active & (found[units.word] < units.rarest[:, None] * WORD)


@lru_cache(maxsize=128)  # the points of an experiment have the same, block by block
def random_words(
    named: tuple[tuple[str, object], ...], rows: int, step: int, first: int, last: int
) -> Int64[ndarray, "row sample"]:
    """Of samples number `first` .. `last` - 1; not to be written to."""
    key = torch.tensor([stream_key(dict(named))])
    found: ndarray = words(key, rows, torch.arange(first, last), torch.tensor(step))[0].numpy()
    return found


def chosen(stratum: Stratum, units: Units, decisions: Int64[ndarray, "unit sample"]) -> Bool[ndarray, "unit sample"]:
    """Which units are active, given how many: decided for one after the other, given those before it."""
    ways = chances(units.probability, stratum.active, stratum.or_more)
    active = np.zeros(decisions.shape, dtype=bool)
    missing = np.full(decisions.shape[1], stratum.active)
    for u, p in enumerate(units.probability):
        fewer = np.maximum(missing - 1, 0)
        # Once there are as many as are wanted, the next is active as it would be by itself, or never.
        enough = p if stratum.or_more else 0.0
        with np.errstate(invalid="ignore", divide="ignore"):
            chance = np.where(missing > 0, p * ways[u + 1, fewer] / ways[u, missing], enough)
        active[u] = decisions[u] < chance * WORD
        missing = np.where(active[u], fewer, missing)
    return active
