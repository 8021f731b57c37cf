"""Neurons that stand for two features although there are enough neurons (Lecomte et al. 2023, "What Causes
Polysemanticity?").

32 features, one active at a time, and as many neurons or more. A penalty on |h| drives each feature onto one neuron,
and which one it is was decided by chance before training. Verdicts are on all seeds of a width, which differ in that
alone.
"""

import numpy as np

from superposition.claims.claim import Claim, Finding, Share, claims_of, plain
from superposition.claims.words import listed
from superposition.exact.functions import log
from superposition.exact.sums import deviation, line, mean
from superposition.readings.incidental import ON, Run, by_chance, with_room
from superposition.readings.results import NotInThisRun, Tables

SECTION = "Follow-ups"
SOURCE = "(Lecomte et al. 2023)"
N_FEATURES = 32
ROOM = 2  # times as many neurons as features, at least: with fewer, pairs are no rare accident

SETTLED = 0.95  # of the features are on one neuron
ERRORS, OFF = 3, 0.2  # standard errors of the mean, and a share of what is expected, by which it may be off
SLOPE = (-1.35, -0.75)
OPPOSITE = 0.98  # of the shared neurons
AS_AT_FIRST = 0.8  # of the features


def one_neuron_each(tables: Tables) -> Finding:
    found = with_room(tables, N_FEATURES, ROOM)
    shares = {m: float(mean([run.settled for run in own])) for m, own in found.items()}
    return Finding(
        verdict=plain(min(shares.values()) >= SETTLED),
        measured=", ".join(f"{share:.1%}" for share in shares.values()) + f" at m = {listed(shares)}",
        spread=_seeds(found),
    )


def as_many_as_by_chance(tables: Tables) -> Finding:
    found = {m: [len(run.shared) for run in own] for m, own in with_room(tables, N_FEATURES, ROOM).items()}
    texts, right = [], []
    for m, counts in found.items():
        expected, average = by_chance(N_FEATURES, m), float(mean(counts))
        error = float(deviation(counts, ddof=1)) / float(np.sqrt(len(counts))) if len(counts) > 1 else 0.0
        right.append(abs(average - expected) <= ERRORS * error + OFF * expected)
        texts.append(f"{average:.1f} ± {error:.1f} of {expected:.1f} at m = {m}")
    return Finding(
        verdict=plain(all(right)),
        measured=", ".join(texts),
        spread="; ".join(f"m = {m}: {min(counts)} to {max(counts)}" for m, counts in found.items()),
    )


def fewer_with_more_neurons(tables: Tables) -> Finding:
    means = {m: float(mean([len(run.shared) for run in own])) for m, own in with_room(tables, N_FEATURES, ROOM).items()}
    if len(means) < ROOM:
        raise NotInThisRun("the claim needs several numbers of neurons")
    low, high = SLOPE
    told = all(average > 0 for average in means.values())
    slope = line(log(np.array(list(means), dtype=float)), log(np.array(list(means.values()))))[0] if told else 0.0
    counts = listed(round(average, 2) for average in means.values())
    return Finding(
        verdict=plain(told and low <= slope <= high),
        measured=f"m^{slope:.2f}" if told else "none at some width",
        spread=f"{counts} at m = {listed(means)}, means of seeds",
    )


def opposite_signs(tables: Tables) -> Finding:
    every = [run for own in with_room(tables, N_FEATURES, ROOM).values() for run in own]
    share = Share(sum(int(run.opposite) for run in every), sum(len(run.shared) for run in every), "shared neurons")
    return Finding(
        verdict=plain(share.of > 0 and share.reaches(OPPOSITE)),
        measured=str(share),
        spread=f"in {sum(run.opposite == len(run.shared) for run in every)} of {len(every)} models all of them",
        share=share if share.of else None,
    )


def decided_before_training(tables: Tables) -> Finding:
    found = with_room(tables, N_FEATURES, ROOM)
    shares = {m: float(mean([run.as_at_first for run in own])) for m, own in found.items()}
    return Finding(
        verdict=plain(min(shares.values()) > AS_AT_FIRST),
        measured=", ".join(f"{share:.0%}" for share in shares.values()) + f" at m = {listed(shares)}",
        spread=_seeds(found),
    )


def _seeds(found: dict[int, list[Run]]) -> str:
    return f"means of {listed(len(own) for own in found.values())} seeds"


WHERE = f"at least {ROOM} neurons for each of {N_FEATURES} features"
CLAIMS = claims_of(
    "incidental_polysemanticity",
    SECTION,
    "neurons",
    Claim(
        one_neuron_each,
        statement=f"A penalty on |h| drives each feature onto one neuron ({WHERE}).",
        paper=f"each feature is on one neuron {SOURCE}",
        tolerance=f"just one weight above {ON:g} in size: at least {SETTLED:.0%} of the features at each width",
        limit="ours",
        fixed="after",
    ),
    Claim(
        as_many_as_by_chance,
        statement="Though there is a neuron for each, some neurons end with two, and as many of them as chance makes "
        f"({WHERE}).",
        paper=f"n^2/4m {SOURCE}",
        tolerance=f"mean over seeds off n (n - 1) / 4m by at most {ERRORS} standard errors plus {OFF:.0%} of it, "
        "at each width",
        limit="theory",
        fixed="before",
    ),
    Claim(
        fewer_with_more_neurons,
        statement=f"Their number falls inversely with the number of neurons, and so does not end ({WHERE}).",
        paper=f"as 1/m {SOURCE}",
        tolerance=f"least squares of the logarithm of means over log m: m^{SLOPE[0]:g} to m^{SLOPE[1]:g}",
        limit="ours",
        fixed="after",
        remark="It falls a little faster here: the mean of the widest models rests on a handful of neurons that are "
        "shared, fewer than chance makes.",
    ),
    Claim(
        opposite_signs,
        statement="The two features of such a neuron have weights of opposite signs: a ReLU at the output then keeps "
        f"them apart, and they do not disturb each other ({WHERE}).",
        paper=f"opposite signs {SOURCE}",
        tolerance=f"at least {OPPOSITE:.0%} of neurons with several weights above {ON:g} in size have one of each sign",
        limit="ours",
        fixed="before",
    ),
    Claim(
        decided_before_training,
        statement="The neuron of a feature is the one on which its weight was largest before training: which features "
        f"share one is decided by the initial weights ({WHERE}).",
        paper=f"the largest initial weight wins {SOURCE}",
        tolerance=f"on just that neuron: more than {AS_AT_FIRST:.0%} of the features, mean over seeds at each width",
        limit="ours",
        fixed="before",
        remark="It is among the largest at first, mostly of the first tenth, but seldom the very largest.",
    ),
)
