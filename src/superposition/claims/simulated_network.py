"""A narrow network as a noisy simulation of a wide sparse one, which "Definitions and Motivation" suggests.

The wide network is known here: two neurons for each of ten features compute its absolute value. How many of its neurons
one would have to keep for a narrow network's loss is the equivalent width; without superposition it is the width.
No linear read-out of m neurons explains more of uncorrelated ones than m of them have; what rectified ones explain
beyond that is superposition.
"""

from collections.abc import Sequence

import numpy as np

from superposition.claims.claim import Claim, Finding, claims_of
from superposition.claims.judging import Judged, over_ranks
from superposition.exact.sums import mean
from superposition.measures.thresholds import MONOSEMANTIC_HEIGHT
from superposition.readings.results import NotInThisRun, Tables
from superposition.readings.simulation import (
    PLACES,
    RESPONSE,
    Networks,
    Simulation,
    WideNetwork,
    narrow_networks,
    ratios_by_density,
    ratios_by_importance,
    read_outs,
    simulations,
    wide_networks,
)

SECTION = "Definitions and Motivation"
N_FEATURES = 10
WIDE = 2 * N_FEATURES
DENSE, SPARSE = 0.5, 0.1  # density: at least, at most
FROM_DENSE, UP_TO_SPARSE = (DENSE, 1.0), (0.0, SPARSE)
EXACT = 1e-3  # of the loss of constants
KNOWN = 0.05  # of equivalent width over width: sparse losses are known to 1%
NARROWEST, NO_WIDER = 0.8, 1.02  # times the width, on dense data: local minima are below it
FALL, RISE = 0.02, 0.1  # of equivalent width over width: at most from one density to the next, at least in all
READ = 0.05  # of the variance, beyond what goes without superposition
STRAY = 0.5  # output of another feature, where the own one is 1
FLAT, UNEVEN = "1", "0.8^i"  # importance


def wide_network_is_exact(tables: Tables) -> Finding:
    def judge(networks: Sequence[WideNetwork]) -> Judged:
        holds = all(one.loss < EXACT and one.monosemantic == one.halves == WIDE for one in networks)
        texts = (
            f"{one.curve}: loss {one.loss:.0e} of that of constants, {one.monosemantic} of {WIDE} monosemantic"
            for one in networks
        )
        return Judged(holds, max(one.loss for one in networks), "; ".join(texts))

    return over_ranks(wide_networks(tables, N_FEATURES, DENSE), judge, "of the loss")


def wider_when_sparse(tables: Tables) -> Finding:
    def judge(narrow: Networks) -> Judged:
        least = float(narrow["ratio"].min())
        return Judged(least > 1 + KNOWN, least, f"{least:.2f} to {narrow['ratio'].max():.2f} times")

    return over_ranks(narrow_networks(tables, N_FEATURES, UP_TO_SPARSE), judge, "times at least")


def not_wider_when_dense(tables: Tables) -> Finding:
    def judge(narrow: Networks) -> Judged:
        least, most = float(narrow["ratio"].min()), float(narrow["ratio"].max())
        return Judged(least > NARROWEST and most < NO_WIDER, most, f"{least:.2f} to {most:.2f} times")

    return over_ranks(narrow_networks(tables, N_FEATURES, FROM_DENSE), judge, "times at most")


def grows_with_sparsity(tables: Tables) -> Finding:
    def judge(narrow: Networks) -> Judged:
        ratios = ratios_by_density(narrow)
        if len(ratios.columns) < 2:
            raise NotInThisRun("this run has one density only")
        steps = -np.diff(ratios.to_numpy(), axis=1)  # densities rise along columns
        means = {s: float(mean(ratios[s].dropna())) for s in ratios.columns[::-1]}
        return Judged(
            bool((steps > -FALL).all()) and bool((ratios.iloc[:, 0] > ratios.iloc[:, -1] + RISE).all()),
            float(steps.min()),
            "mean of all widths " + ", ".join(f"{s:g}: {average:.2f}" for s, average in means.items()),
        )

    return over_ranks(narrow_networks(tables, N_FEATURES), judge, "least step")


def flat_importance_is_wider(tables: Tables) -> Finding:
    def judge(narrow: Networks) -> Judged:
        flat, uneven = ratios_by_importance(narrow, (FLAT, UNEVEN))
        text = f"{float(mean(flat)):.2f} and {float(mean(uneven)):.2f} times on average"
        return Judged(bool((flat > uneven).all()), float((flat - uneven).min()), text)

    return over_ranks(narrow_networks(tables, N_FEATURES, UP_TO_SPARSE), judge, "more at least")


def readable_by_neurons(tables: Tables) -> Finding:
    def judge(narrow: Networks) -> Judged:
        gains = narrow["rectified"] - narrow["n_hidden"] / WIDE
        own, linear = (float(mean(narrow[column])) for column in ("rectified", "linear"))
        without = float(mean(narrow["n_hidden"] / WIDE))
        return Judged(
            bool((gains > READ).all()),
            float(gains.min()),
            f"{own:.0%} of the variance on average, {linear:.0%} by linear ones, {without:.0%} without superposition; "
            f"least gain {gains.min():.2f}",
        )

    return over_ranks(read_outs(tables, N_FEATURES, UP_TO_SPARSE), judge, "more at least")


def more_outputs_than_neurons(tables: Tables) -> Finding:
    """Whether features come out right one at a time, and more of their halves than there are neurons.

    That says nothing of angles: for a typical half there is another whose direction has a cosine of 0.65 to 0.85 with
    its own.
    """

    def judge(found: Sequence[Simulation]) -> Judged:
        counts = [one.halves for one in found]
        stray, cosine = (max(values) for values in ([one.stray for one in found], [one.cosine for one in found]))
        text = f"{min(counts)} to {max(counts)} halves; other outputs <= {stray:.2f}; cosines of their directions "
        more = all(one.halves > one.n_hidden for one in found)
        return Judged(more and stray < STRAY, stray, f"{text}<= {cosine:.2f}")

    found = [simulations(tables, narrow) for narrow in narrow_networks(tables, N_FEATURES, UP_TO_SPARSE)]
    return over_ranks(found, judge, "largest other output")


CLAIMS = claims_of(
    "simulated_network",
    SECTION,
    "equivalent_width",
    Claim(
        wide_network_is_exact,
        statement=f"The network to be simulated is disentangled: each of {WIDE} neurons stands for a half of one of "
        f"{N_FEATURES} features.",
        paper="a larger, sparser network with a neuron for each feature; known here",
        tolerance=f"at the highest density, {DENSE:g} at least, each importance: loss < {EXACT:.1%} of that of "
        f"constants, all {WIDE} neurons with stacks lower than {MONOSEMANTIC_HEIGHT:g}, one for each half of a feature",
        limit="ours",
        fixed="after",
        figure="map",
    ),
    Claim(
        wider_when_sparse,
        statement=f"A small network, of fewer than {WIDE} neurons, noisily simulates a larger one if features are "
        f"sparse (density {SPARSE:g} and less).",
        paper="described, no numbers",
        tolerance=f"equivalent width over width at densities of {SPARSE:g} and below: > {1 + KNOWN:g} for each width "
        f"and importance; losses are known to 1% there, the ratio to {KNOWN:g}",
        limit="ours",
        fixed="after",
    ),
    Claim(
        not_wider_when_dense,
        statement=f"It does not if they are dense (density {DENSE:g} and more).",
        paper="described, no numbers",
        tolerance=f"equivalent width over width at densities of {DENSE:g} and above: > {NARROWEST:g}, which leaves "
        f"room for local minima, and < {NO_WIDER:g}, for each width and importance",
        limit="ours",
        fixed="after",
        remark="In none of the six ranks is any network worth more than 1.00 times its width. The four that fail, of "
        "models of higher loss than the best, have one that is worth 0.8 times or less.",
    ),
    Claim(
        grows_with_sparsity,
        statement="The sparser the features, the larger the network that is simulated.",
        paper="described, no numbers",
        tolerance="equivalent width over width, each width and importance: from a density to the next lower one it "
        f"falls by less than {FALL:g}, and it rises by {RISE:g} in all",
        limit="ours",
        fixed="after",
    ),
    Claim(
        flat_importance_is_wider,
        statement="How large it is depends on importance: the network that is simulated is larger if all its features "
        f"matter (density {SPARSE:g} and less).",
        paper="described, no numbers",
        tolerance=f"equivalent width at densities of {SPARSE:g} and below, each width: larger with importance {FLAT} "
        f"than with {UNEVEN}",
        limit="ours",
        fixed="after",
    ),
    Claim(
        readable_by_neurons,
        statement="The narrow network has the wide one's neurons, with noise: a next layer could use them, by a ReLU "
        f"(density {SPARSE:g} and less).",
        paper="described, no numbers",
        tolerance="share of their variance that ReLU(a . h + c) explains, mean over neurons, densities of "
        f"{SPARSE:g} and below, each width and importance: above the share of neurons that as wide a network without "
        f"superposition has, by {READ:g}",
        limit="ours",
        fixed="after",
        figure="readouts",
    ),
    Claim(
        more_outputs_than_neurons,
        statement="More halves of features than the narrow network has neurons have outputs of their own, each while "
        f"it alone is active (density {SPARSE:g} and less).",
        paper='neurons of the wide network as "almost orthogonal directions", no numbers; outputs are judged here',
        tolerance=f"at densities of {SPARSE:g} and below, each width and importance: more halves of features than "
        f"neurons whose absolute value alone is right to {RESPONSE:.0%} at {PLACES[0]:g} and {PLACES[1]:g}, and at "
        f"none of them another output > {STRAY:g}",
        limit="ours",
        fixed="after",
        figure="map",
    ),
)
