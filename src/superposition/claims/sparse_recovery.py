"""Compressed sensing: what a model's own read-out recovers of its hidden values, beside the best known decoders.

The paper says that sparse vectors can be recovered from fewer numbers than they have entries, and that a lower bound of
compressed sensing is one for its models. It leaves open how near they come: all other claims are ours.
"""

import numpy as np

from superposition.claims.claim import Claim, Finding, claims_of, plain
from superposition.claims.judging import Judged, over_ranks, over_seeds
from superposition.readings.results import NotInThisRun, Tables
from superposition.readings.transitions import (
    Sweep,
    below_half,
    beyond_theory,
    constants,
    departure,
    half_of,
    not_between,
    of_kind,
    pooled,
    trained_at,
    trained_weights,
)
from superposition.theory.angles import antipodal_pairing, cosines

SECTION = "Definitions and Motivation"
SILENT = "not said"

DENSITY = 0.05  # of the models' features
# Share of active features up to which they are few, where k log(n / k) is meant to hold. Of 400 features one would ask
# it of 2 to 20, where theory has the constant at 1.11 to 1.16; of 40 it is 1.13 at 2 and 1.31 at 8. With the
# 10 and 12 that are measured, too, all would be within 20% [measured].
SPARSE = 0.2
# Of n. The formula is for many features: of 40 the cones' statistical dimension is 0.5 to 0.9 below it, and a half of
# all samples are recovered at about half a dimension less than that; 90 samples leave about half a dimension.
DIMENSIONS = 0.05
CONSTANT = 0.25  # relative
WORSE = 2.0  # factor
ALIKE = 0.05  # relative
SHARES = {"values": "recovered", "features": "found"}  # what of a sample is right: columns of the table
OPPOSITE, ORTHOGONAL = -0.95, 0.1  # cosines of a feature with its partner, and at most with the others


def donoho_tanner(tables: Tables) -> Finding:
    n, every = tables.n_features, of_kind(tables, "gaussian")
    together = beyond_theory(pooled(every), n)
    text = ", ".join(f"{active:g}: {far:+.1f}" for active, far in together.items()) + not_between(pooled(every))
    single = [float(beyond_theory(sweep, n).abs().max()) for sweep in every]
    holds = bool((together.abs() <= DIMENSIONS * n).all())
    spread = f"{len(every)} matrices, {min(single):.2f} to {max(single):.2f} dimensions at most"
    return Finding(plain(holds), text, spread)


def log_law(tables: Tables) -> Finding:
    n, every = tables.n_features, of_kind(tables, "gaussian")
    together = constants(pooled(every), n, SPARSE * n)
    text = ", ".join(f"{active:g}: {ratio:.2f}" for active, ratio in together.items())
    text += not_between(pooled(every), SPARSE * n)
    single = [departure(constants(sweep, n, SPARSE * n)) for sweep in every]
    spread = f"{len(every)} matrices, {min(single):.0%} to {max(single):.0%} off their mean at most"
    return Finding(plain(departure(together) <= CONSTANT), text, spread)


def recovers_less(tables: Tables) -> Finding:
    def judge(sweep: Sweep) -> Judged:
        widths = below_half(sweep, tables.n_features)
        own, best = (
            {said: sweep.mean_shares(decoder, widths, column) for said, column in SHARES.items()}
            for decoder in ("relu_readout", "lasso")
        )
        less = all(bool((own[said] < best[said]).all()) for said in SHARES)
        text = "; ".join(f"{said} {_percent(own[said])} against {_percent(best[said])}%" for said in SHARES)
        # The lasso may recover nothing.
        ratios = [a / b if b > 0 else 1.0 for a, b in zip(own["values"], best["values"], strict=True)]
        return Judged(less, float(max(ratios)), f"m = {', '.join(map(str, widths))}: {text}")

    return over_ranks(trained_at(tables, DENSITY), judge, "of the lasso's at most")


def loses_more(tables: Tables) -> Finding:
    def judge(sweep: Sweep) -> Judged:
        ratios = sweep.loss_ratios()[below_half(sweep, tables.n_features)]
        text = "; ".join(f"{m}: {ratio:.2f}" for m, ratio in ratios.items())
        return Judged(bool((ratios > 1).all() and ratios.max() > WORSE), float(ratios.max()), text)

    return over_ranks(trained_at(tables, DENSITY), judge, "times the lasso's at most")


def best_for_pairs(tables: Tables) -> Finding:
    half = half_of(tables)

    def judge(sweep: Sweep) -> Judged:
        ratio = float(sweep.loss_ratios()[half])
        own, best = (float(sweep.mean_shares(decoder, [half])[0]) for decoder in ("relu_readout", "lasso"))
        loss = float(sweep.losses("relu_readout")[half])
        paired = antipodal_pairing(cosines(trained_weights(tables, sweep, half)), OPPOSITE, ORTHOGONAL)
        # Of a pair with values x and y only x - y comes through: both are off by the lesser of x and y, and the mean of
        # its square is 1/6.
        text = (
            f"{'antipodal pairs' if paired else 'not all in antipodal pairs'}, loss {ratio:.3f} times the lasso's and "
        )
        text += f"{loss / (DENSITY * DENSITY / 6):.2f} times s^2/6; recovers {own:.0%} of samples, the lasso {best:.0%}"
        return Judged(paired and abs(ratio - 1) <= ALIKE, round(ratio, 3), text)

    return over_seeds(trained_at(tables, DENSITY), judge, "times the lasso's loss")


def projection_costs(tables: Tables) -> Finding:
    half, n = half_of(tables), tables.n_features
    random = pooled(of_kind(tables, "gaussian"))

    def judge(sweep: Sweep) -> Judged:
        widths = [m for m in sweep.widths if half <= m < n]
        own, other = sweep.best_shares(widths), random.mean_shares("lasso", widths)
        text = "; ".join(f"m = {m}: {a:.0%} against {b:.0%}" for m, a, b in zip(widths, own, other, strict=True))
        least = float((other - own).min())
        return Judged(least > 0, round(least, 3), text)

    return over_ranks(trained_at(tables, DENSITY), judge, "difference at least")


def suits_its_read_out(tables: Tables) -> Finding:
    apart = pooled(of_kind(tables, "optimised")).losses("relu_readout")
    widths = [int(m) for m in apart.index if m < tables.n_features]
    if not widths:
        raise NotInThisRun("the claim is about fewer dimensions than features")

    def judge(sweep: Sweep) -> Judged:
        ratios = (sweep.losses("relu_readout") / apart)[widths]
        text = "; ".join(f"{m}: {ratio:.2f}" for m, ratio in ratios.items())
        return Judged(bool((ratios < 1).all()), float(ratios.max()), text)

    return over_ranks(trained_at(tables, DENSITY), judge, "times the other's loss at most")


def _percent(shares: np.ndarray) -> str:
    return ", ".join(f"{100 * share:.0f}" for share in shares)


CLAIMS = claims_of(
    "sparse_recovery",
    SECTION,
    "read_out",
    Claim(
        log_law,
        statement="Recovering k active ones of n features, up to a fifth, takes a number of dimensions m of the order "
        "k log(n/k).",
        paper="m = Omega(k log(n/k))",
        tolerance="m at which the lasso recovers half of all samples from Gaussian projections, over k log(n/k), "
        f"k up to {SPARSE:g} n with a measured m on either side of that: within {CONSTANT:.0%} of the mean",
        limit="ours",
        fixed="after",
    ),
    Claim(
        donoho_tanner,
        statement="It is where Donoho and Tanner (2005) have the transition of non-negative vectors.",
        paper=SILENT,
        tolerance=f"the same m, less that of the formula, each k with a measured m on either side of that: within "
        f"{DIMENSIONS:g} n",
        limit="theory",
        fixed="after",
        figure="recovery",
    ),
    Claim(
        recovers_less,
        statement=f"Below half as many dimensions as features (of density {DENSITY:g}), a model's read-out recovers "
        "fewer of its own hidden values than the lasso does.",
        paper=SILENT,
        tolerance="shares of samples with the right values, and of those with the right features, mean over k: both "
        "below the lasso's at each m < n/2",
        limit="ours",
        fixed="after",
        figure="recovery",
    ),
    Claim(
        loses_more,
        statement="There it also loses more on data like that of training, for which it was trained "
        f"(density {DENSITY:g}).",
        paper=SILENT,
        tolerance="loss of the read-out over the lasso's, same hidden values: above 1 at each m < n/2, "
        f"above {WORSE:g} at one",
        limit="ours",
        fixed="after",
    ),
    Claim(
        best_for_pairs,
        statement="With half as many dimensions as features, in antipodal pairs, the read-out is as good as the lasso "
        f"(density {DENSITY:g}).",
        paper=SILENT,
        tolerance=f"cosine of each feature with its partner below {OPPOSITE:g}, with others up to {ORTHOGONAL:g}; loss "
        f"over the lasso's: within {ALIKE:.0%} of 1",
        limit="ours",
        fixed="after",
    ),
    Claim(
        projection_costs,
        statement="From there on it is the projection that costs: more is recovered from Gaussian ones than by any "
        f"decoder from those of models (of density {DENSITY:g}).",
        paper=SILENT,
        tolerance="shares of samples, mean over k: best decoder's on trained below the lasso's on Gaussian projections "
        "at each m from n/2 to below n",
        limit="ours",
        fixed="after",
        figure="recovery",
    ),
    Claim(
        suits_its_read_out,
        statement="What the model learns is the projection that suits its read-out: the same read-out of directions "
        f"that are as far apart as possible loses more (density {DENSITY:g}).",
        paper=SILENT,
        tolerance="loss on data like that of training over that of ReLU(a (W^T h - c)) with the best a and c: below 1 "
        "at each m < n",
        limit="ours",
        fixed="after",
    ),
)
