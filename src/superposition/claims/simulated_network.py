"""A narrow network as a noisy simulation of a wide sparse one, which "Definitions and Motivation" suggests.

The wide network is known here: two neurons for each of ten features compute its absolute value. How many of its neurons
one would have to keep for a narrow network's loss is the equivalent width; without superposition it is the width.
No linear read-out of m neurons explains more of uncorrelated ones than m of them have; what rectified ones explain
beyond that is superposition.
"""

from collections.abc import Callable

import numpy as np
import pandas as pd

from superposition.claims.claim import Claim, Finding, claims_of
from superposition.claims.judging import Judged, over_ranks
from superposition.exact.sums import mean
from superposition.measures.computation import kinds, primary_features, stack_heights
from superposition.measures.thresholds import MONOSEMANTIC_HEIGHT
from superposition.readings.ranking import by_rank
from superposition.readings.results import NotInThisRun, Tables
from superposition.readings.simulation import (
    PLACES,
    RESPONSE,
    closest,
    directions,
    equivalent_widths,
    has_equivalent_widths,
    outputs_alone,
    simulated,
    strays,
)
from superposition.readings.solutions import extra
from superposition.theory.equivalent_width import monosemantic_losses

SECTION = "Definitions and Motivation"
N_FEATURES = 10
WIDE = 2 * N_FEATURES
DENSE, SPARSE = 0.5, 0.1  # density: at least, at most
EXACT = 1e-3  # of the loss of constants
KNOWN = 0.05  # of equivalent width over width: sparse losses are known to 1%
NARROWEST, NO_WIDER = 0.8, 1.02  # times the width, on dense data: local minima are below it
FALL, RISE = 0.02, 0.1  # of equivalent width over width: at most from one density to the next, at least in all
READ = 0.05  # of the variance, beyond what goes without superposition
STRAY = 0.5  # output of another feature, where the own one is 1
FLAT, UNEVEN = "1", "0.8^i"  # importance


def wide_network_is_exact(tables: Tables) -> Finding:
    def judge(wide: pd.DataFrame) -> Judged:
        texts, holds, worst = [], True, 0.0
        for _, row in wide.iterrows():
            W = tables.weights_of(int(row["instance"]))
            primary = primary_features(W)
            halves = set(zip(primary.tolist(), np.sign(W[np.arange(len(W)), primary]).tolist(), strict=True))
            single = kinds(stack_heights(W)).count("mono")
            importance = tables.features_of(int(row["instance"]))["importance"].to_numpy()
            share = float(row["loss"]) / float(monosemantic_losses(float(row["density"]), importance)[0])
            holds &= share < EXACT and single == len(halves) == WIDE
            worst = max(worst, share)
            texts.append(f"{row['curve']}: loss {share:.0e} of that of constants, {single} of {WIDE} monosemantic")
        return Judged(holds, worst, "; ".join(texts))

    rows = _rows(tables)
    wide = rows[(rows["n_hidden"] == WIDE) & (rows["density"] == rows["density"].max())]
    if not wide["density"].max() >= DENSE:
        raise NotInThisRun(f"no wide network was trained at a density of {DENSE:g} or more")
    return over_ranks(by_rank(wide), judge, "of the loss")


def wider_when_sparse(tables: Tables) -> Finding:
    def judge(narrow: pd.DataFrame) -> Judged:
        least = float(narrow["ratio"].min())
        return Judged(least > 1 + KNOWN, least, f"{least:.2f} to {narrow['ratio'].max():.2f} times")

    return over_ranks(by_rank(_narrow(tables, lambda s: s <= SPARSE)), judge, "times at least")


def not_wider_when_dense(tables: Tables) -> Finding:
    def judge(narrow: pd.DataFrame) -> Judged:
        least, most = float(narrow["ratio"].min()), float(narrow["ratio"].max())
        return Judged(least > NARROWEST and most < NO_WIDER, most, f"{least:.2f} to {most:.2f} times")

    return over_ranks(by_rank(_narrow(tables, lambda s: s >= DENSE)), judge, "times at most")


def grows_with_sparsity(tables: Tables) -> Finding:
    def judge(narrow: pd.DataFrame) -> Judged:
        by_width = narrow.pivot_table(index=["curve", "n_hidden"], columns="density", values="ratio", aggfunc="first")
        steps = -np.diff(by_width.to_numpy(), axis=1)  # densities rise along columns
        means = {s: float(mean(by_width[s].dropna())) for s in by_width.columns[::-1]}
        return Judged(
            bool((steps > -FALL).all()) and bool((by_width.iloc[:, 0] > by_width.iloc[:, -1] + RISE).all()),
            float(steps.min()),
            "mean of all widths " + ", ".join(f"{s:g}: {average:.2f}" for s, average in means.items()),
        )

    rows = _narrow(tables, lambda _: True)
    if rows["density"].nunique() < 2:
        raise NotInThisRun("this run has one density only")
    return over_ranks(by_rank(rows), judge, "least step")


def flat_importance_is_wider(tables: Tables) -> Finding:
    def judge(narrow: pd.DataFrame) -> Judged:
        both = narrow.pivot_table(index=["n_hidden", "density"], columns="curve", values="ratio", aggfunc="first")
        gains = both[FLAT] - both[UNEVEN]
        return Judged(
            bool((gains > 0).all()),
            float(gains.min()),
            f"{float(mean(both[FLAT])):.2f} and {float(mean(both[UNEVEN])):.2f} times on average",
        )

    rows = _narrow(tables, lambda s: s <= SPARSE)
    if missing := {FLAT, UNEVEN} - set(rows["curve"]):
        raise NotInThisRun(f"no importance {', '.join(sorted(missing))} in this run")
    return over_ranks(by_rank(rows), judge, "more at least")


def readable_by_neurons(tables: Tables) -> Finding:
    def judge(narrow: pd.DataFrame) -> Judged:
        gains = narrow["rectified"] - narrow["n_hidden"] / WIDE
        own, linear = (float(mean(narrow[column])) for column in ("rectified", "linear"))
        without = float(mean(narrow["n_hidden"] / WIDE))
        return Judged(
            bool((gains > READ).all()),
            float(gains.min()),
            f"{own:.0%} of the variance on average, {linear:.0%} by linear ones, {without:.0%} without superposition; "
            f"least gain {gains.min():.2f}",
        )

    return over_ranks(by_rank(_read(tables, lambda s: s <= SPARSE)), judge, "more at least")


def more_outputs_than_neurons(tables: Tables) -> Finding:
    """Whether features come out right one at a time, and more of their halves than there are neurons.

    That says nothing of angles: for a typical half there is another whose direction has a cosine of 0.65 to 0.85 with
    its own.
    """

    def judge(narrow: pd.DataFrame) -> Judged:
        more, stray, cosine, counts = True, 0.0, 0.0, []
        for _, row in narrow.iterrows():
            instance = int(row["instance"])
            W, W_out = tables.weights_of(instance), tables.weights_out_of(instance)
            b = tables.features_of(instance)["bias"].to_numpy()
            found = simulated(W, W_out, b)
            counts.append(int(np.count_nonzero(found)))
            more &= counts[-1] > row["n_hidden"]
            if found.any():
                stray = max(stray, float(strays(outputs_alone(W, W_out, b))[found].max()))
                cosine = max(cosine, closest(directions(W, W_out)[found]))
        return Judged(
            more and stray < STRAY,
            stray,
            f"{min(counts)} to {max(counts)} halves; other outputs <= {stray:.2f}; cosines of their directions "
            f"<= {cosine:.2f}",
        )

    return over_ranks(by_rank(_narrow(tables, lambda s: s <= SPARSE)), judge, "largest other output")


def _rows(tables: Tables) -> pd.DataFrame:
    models = set(tables.instances["model"])
    if (models, tables.n_features, tables.n_hidden) != ({"absolute_value"}, N_FEATURES, WIDE):
        raise NotInThisRun(f"the claim is about absolute values of {N_FEATURES} features, and networks of up to {WIDE}")
    if not has_equivalent_widths(tables):
        raise NotInThisRun("the claim is about independent, signed features of one density, in order of importance")
    return equivalent_widths(tables)


def _narrow(tables: Tables, wanted: Callable[[float], bool]) -> pd.DataFrame:
    """The networks that are too narrow for two neurons for each feature, at the densities that are wanted."""
    rows = _rows(tables)
    kept = rows[(rows["n_hidden"] < WIDE) & rows["density"].map(wanted)]
    if kept.empty:
        raise NotInThisRun("no narrow network was trained at such a density")
    return kept


def _read(tables: Tables, wanted: Callable[[float], bool]) -> pd.DataFrame:
    """The same with `linear` and `rectified`, means over the wide network's neurons."""
    own = extra(tables, "imitation").groupby("instance")
    means = pd.DataFrame({key: own[key].apply(lambda shares: float(mean(shares))) for key in ("linear", "rectified")})
    return _narrow(tables, wanted).join(means, on="instance", how="inner")


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
