"""A narrow network as a noisy simulation of a wide sparse one, which "Definitions and Motivation" suggests.

The wide network is known here: two neurons for each of ten features compute its absolute value. How many of its neurons
one would have to keep for a narrow network's loss is the equivalent width; without superposition it is the width.
"""

from collections.abc import Callable

import numpy as np
import pandas as pd

from superposition.claims.claim import Claim, Finding, claims_of
from superposition.claims.judging import Judged, over_seeds
from superposition.exact.sums import mean
from superposition.measures.computation import kinds, primary_features, stack_heights
from superposition.readings.results import NotInThisRun, Tables
from superposition.readings.simulation import (
    closest,
    directions,
    equivalent_widths,
    outputs_alone,
    simulated,
    strays,
)
from superposition.readings.solutions import extra
from superposition.theory.equivalent_width import monosemantic_losses

SECTION = "Definitions and Motivation"
N_FEATURES = 10
WIDE = 2 * N_FEATURES
DENSE, SPARSE = 0.5, 0.1  # at least, at most
STRAY = 0.5  # of a half's own output
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
            holds &= share < 1e-3 and single == len(halves) == WIDE
            worst = max(worst, share)
            texts.append(f"{row['curve']}: loss {share:.0e} of that of constants, {single} of {WIDE} monosemantic")
        return Judged(holds, worst, "; ".join(texts))

    rows = _rows(tables)
    wide = rows[(rows["n_hidden"] == WIDE) & (rows["density"] == rows["density"].max())]
    if not wide["density"].max() >= DENSE:
        raise NotInThisRun(f"no wide network was trained at a density of {DENSE:g} or more")
    return over_seeds(_ranked(wide), judge, "of the loss")


def wider_when_sparse(tables: Tables) -> Finding:
    def judge(narrow: pd.DataFrame) -> Judged:
        least = float(narrow["ratio"].min())
        return Judged(least > 1.05, least, f"{least:.2f} to {narrow['ratio'].max():.2f} times")

    return over_seeds(_ranked(_narrow(tables, lambda s: s <= SPARSE)), judge, "times at least")


def not_wider_when_dense(tables: Tables) -> Finding:
    def judge(narrow: pd.DataFrame) -> Judged:
        least, most = float(narrow["ratio"].min()), float(narrow["ratio"].max())
        return Judged(least > 0.8 and most < 1.02, most, f"{least:.2f} to {most:.2f} times")

    return over_seeds(_ranked(_narrow(tables, lambda s: s >= DENSE)), judge, "times at most")


def grows_with_sparsity(tables: Tables) -> Finding:
    def judge(narrow: pd.DataFrame) -> Judged:
        by_width = narrow.pivot_table(index=["curve", "n_hidden"], columns="density", values="ratio", aggfunc="first")
        steps = -np.diff(by_width.to_numpy(), axis=1)  # densities rise along columns
        means = {s: float(mean(by_width[s].dropna())) for s in by_width.columns[::-1]}
        return Judged(
            bool((steps > -0.02).all()) and bool((by_width.iloc[:, 0] > by_width.iloc[:, -1] + 0.1).all()),
            float(steps.min()),
            "mean of all widths " + ", ".join(f"{s:g}: {average:.2f}" for s, average in means.items()),
        )

    rows = _narrow(tables, lambda _: True)
    if rows["density"].nunique() < 2:
        raise NotInThisRun("this run has one density only")
    return over_seeds(_ranked(rows), judge, "least step")


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
    return over_seeds(_ranked(rows), judge, "more at least")


def readable_by_neurons(tables: Tables) -> Finding:
    def judge(narrow: pd.DataFrame) -> Judged:
        gains = narrow["rectified"] - narrow["n_hidden"] / WIDE
        own, without = float(mean(narrow["rectified"])), float(mean(narrow["n_hidden"] / WIDE))
        return Judged(
            bool((gains > 0.05).all()),
            float(gains.min()),
            f"{own:.0%} of the variance on average, {without:.0%} without superposition; least gain {gains.min():.2f}",
        )

    return over_seeds(_ranked(_read(tables, lambda s: s <= SPARSE)), judge, "more at least")


def not_readable_linearly(tables: Tables) -> Finding:
    def judge(narrow: pd.DataFrame) -> Judged:
        ratio = narrow["linear"] / (narrow["n_hidden"] / WIDE)
        least, most = float(ratio.min()), float(ratio.max())
        return Judged(least > 0.8 and most < 1.05, most, f"{least:.2f} to {most:.2f} times the variance")

    return over_seeds(_ranked(_read(tables, lambda _: True)), judge, "times at most")


def directions_of_their_own(tables: Tables) -> Finding:
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
            f"{min(counts)} to {max(counts)} halves; other outputs <= {stray:.2f}; cosines <= {cosine:.2f}",
        )

    return over_seeds(_ranked(_narrow(tables, lambda s: s <= SPARSE)), judge, "largest other output")


def _rows(tables: Tables) -> pd.DataFrame:
    models = set(tables.instances["model"])
    if (models, tables.n_features, tables.n_hidden) != ({"absolute_value"}, N_FEATURES, WIDE):
        raise NotInThisRun(f"the claim is about absolute values of {N_FEATURES} features, and networks of up to {WIDE}")
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


def _ranked(rows: pd.DataFrame) -> list[pd.DataFrame]:
    """The networks with the lowest loss at each point; those with the next one; ..."""
    rank = rows.groupby("point").cumcount()  # rows come by loss
    full = int(rows.groupby("point").size().min())
    return [rows[rank == k] for k in range(full)]


CLAIMS = claims_of(
    "simulated_network",
    SECTION,
    "equivalent_width",
    Claim(
        wide_network_is_exact,
        statement="The network to be simulated is disentangled: each neuron stands for one thing.",
        paper="a larger, sparser network with a neuron for each feature; known here",
        tolerance="at density 0.5, each importance: loss < 0.1% of that of constants, all 20 neurons with stacks lower than 1.1, "
        "one for each half of a feature",
        limit="ours",
        fixed="after",
        figure="map",
    ),
    Claim(
        wider_when_sparse,
        statement="A small network noisily simulates a larger one if features are sparse.",
        paper="described, no numbers",
        tolerance="equivalent width over width at densities of 0.1 and below: > 1.05 for each width and importance; losses are "
        "known to 1% there, the ratio to 0.05",
        limit="text",
        fixed="after",
    ),
    Claim(
        not_wider_when_dense,
        statement="It does not if they are dense.",
        paper="described, no numbers",
        tolerance="equivalent width over width at density 0.5: > 0.8, which leaves room for local minima, and < 1.02, for each "
        "width and importance",
        limit="ours",
        fixed="after",
    ),
    Claim(
        grows_with_sparsity,
        statement="The sparser the features, the larger the network that is simulated.",
        paper="described, no numbers",
        tolerance="equivalent width over width, each width and importance: from a density to the next lower one it falls by less "
        "than 0.02, and it rises by 0.1 in all",
        limit="ours",
        fixed="after",
    ),
    Claim(
        flat_importance_is_wider,
        statement="How large it is depends on importance: the network that is simulated is larger if all its features matter.",
        paper="described, no numbers",
        tolerance="equivalent width at densities of 0.1 and below, each width: larger with importance 1 than with 0.8^i",
        limit="ours",
        fixed="after",
    ),
    Claim(
        readable_by_neurons,
        statement="The narrow network has the wide one's neurons, with noise: a next layer could use them.",
        paper="described, no numbers",
        tolerance="share of their variance that ReLU(a . h + c) explains, mean over neurons, densities of 0.1 and below, each "
        "width and importance: above the share of neurons that as wide a network without superposition has, by 0.05",
        limit="ours",
        fixed="after",
        figure="readouts",
    ),
    Claim(
        not_readable_linearly,
        statement="Without a nonlinearity nothing is gained.",
        paper="linear models never superpose, in other sections",
        tolerance="share of their variance that a . h + c explains, mean over neurons, over the share that as wide a network "
        "without superposition has, all densities: 0.8 to 1.05; the bound is 1 for uncorrelated neurons",
        limit="theory",
        fixed="after",
        figure="readouts",
    ),
    Claim(
        directions_of_their_own,
        statement="Neurons of the wide network become directions of the narrow one, more than it has neurons.",
        paper="almost orthogonal directions, no numbers",
        tolerance="at densities of 0.1 and below, each width and importance: more halves of features than neurons whose absolute "
        "value alone is right to 25% at 1/2 and 1, and at none of them another output > 0.5",
        limit="ours",
        fixed="after",
        figure="map",
    ),
)
