"""Compressed sensing: what a model's own read-out recovers of its hidden values, beside the best known decoders.

The paper says that sparse vectors can be recovered from fewer numbers than they have entries, and that a lower bound of
compressed sensing is one for its models. It leaves open how near they come: all other claims are ours.
"""

import numpy as np
import pandas as pd

from superposition.claims.claim import Claim, Finding, claims_of, plain
from superposition.claims.judging import Judged, over_ranks, over_seeds
from superposition.exact.sums import mean
from superposition.readings.kinds import is_important_alike, is_plain
from superposition.readings.results import NotInThisRun, Tables
from superposition.readings.solutions import SAME_DENSITY, extra
from superposition.readings.transitions import Sweep, not_between, others, pooled, trained, transitions
from superposition.theory.angles import antipodal_pairing, cosines
from superposition.theory.compressed_sensing import order, smallest_sum

SECTION = "Definitions and Motivation"
SILENT = "not said"

DENSITY = 0.05  # of the models' features
# Share of active features up to which they are few, where k log(n / k) is meant to hold. Of 400 features one would ask
# it of 2 to 20, where theory has the constant at 1.11 to 1.16; of 40 it is 1.13 at 2 and 1.31 at 8. With the
# 10 and 12 that are measured, too, all would be within 20% [measured].
SPARSE = 0.2
LEAST = 3  # transitions, for a course over numbers of active features
# Of n. The formula is for many features: of 40 the cones' statistical dimension is 0.5 to 0.9 below it, and a half of
# all samples are recovered at about half a dimension less than that; 90 samples leave about half a dimension.
DIMENSIONS = 0.05
CONSTANT = 0.25  # relative
WORSE = 2.0  # factor
ALIKE = 0.05  # relative
OPPOSITE, ORTHOGONAL = -0.95, 0.1  # cosines of a feature with its partner, and at most with the others


def donoho_tanner(tables: Tables) -> Finding:
    n = tables.n_features
    every = others(extra(tables, "recovery"), "gaussian")

    def off(sweep: Sweep) -> pd.Series:
        found = _transitions(sweep)
        return found - [smallest_sum(float(active), n) for active in found.index]

    together = off(pooled(every))
    text = ", ".join(f"{active:g}: {far:+.1f}" for active, far in together.items()) + not_between(pooled(every))
    single = [float(off(sweep).abs().max()) for sweep in every]
    holds = bool((together.abs() <= DIMENSIONS * n).all())
    spread = f"{len(every)} matrices, {min(single):.2f} to {max(single):.2f} dimensions at most"
    return Finding(plain(holds), text, spread)


def log_law(tables: Tables) -> Finding:
    n = tables.n_features
    every = others(extra(tables, "recovery"), "gaussian")

    def constants(sweep: Sweep) -> pd.Series:
        found = _transitions(sweep)
        found = found[found.index <= SPARSE * n]
        if len(found) < LEAST:
            raise NotInThisRun(
                f"the claim needs {LEAST} numbers of up to {SPARSE * n:g} active features with a transition"
            )
        return found / order(found.index.to_numpy(float), n)

    def departure(ratios: pd.Series) -> float:
        return float((ratios / float(mean(ratios)) - 1).abs().max())

    together = constants(pooled(every))
    text = ", ".join(f"{active:g}: {ratio:.2f}" for active, ratio in together.items())
    text += not_between(pooled(every), SPARSE * n)
    single = [departure(constants(sweep)) for sweep in every]
    spread = f"{len(every)} matrices, {min(single):.0%} to {max(single):.0%} off their mean at most"
    return Finding(plain(departure(together) <= CONSTANT), text, spread)


def recovers_less(tables: Tables) -> Finding:
    def judge(sweep: Sweep) -> Judged:
        widths = _below_half(sweep, tables)
        columns = ("recovered", "found")
        own, best = (
            [mean(sweep.shares(decoder, column).loc[widths], axis=1) for column in columns]
            for decoder in ("relu_readout", "lasso")
        )
        less = all(bool((a < b).all()) for a, b in zip(own, best, strict=True))
        text = "; ".join(
            f"{said} {_percent(a)} against {_percent(b)}%"
            for said, a, b in zip(("values", "features"), own, best, strict=True)
        )
        ratio = np.divide(own[0], best[0], out=np.ones_like(own[0]), where=best[0] > 0)  # the lasso may recover nothing
        return Judged(less, float(ratio.max()), f"m = {', '.join(map(str, widths))}: {text}")

    return over_ranks(_trained(tables), judge, "of the lasso's at most")


def loses_more(tables: Tables) -> Finding:
    def judge(sweep: Sweep) -> Judged:
        ratios = _ratios(sweep).loc[_below_half(sweep, tables)]
        text = "; ".join(f"{m}: {ratio:.2f}" for m, ratio in ratios.items())
        return Judged(bool((ratios > 1).all() and ratios.max() > WORSE), float(ratios.max()), text)

    return over_ranks(_trained(tables), judge, "times the lasso's at most")


def best_for_pairs(tables: Tables) -> Finding:
    half = _half(tables)

    def judge(sweep: Sweep) -> Judged:
        ratio = float(_ratios(sweep)[half])
        own, best = (float(mean(sweep.shares(decoder).loc[half])) for decoder in ("relu_readout", "lasso"))
        loss = float(sweep.losses("relu_readout")[half])
        instance = int(sweep.rows.loc[sweep.rows["n_hidden"] == half, "instance"].iloc[0])
        paired = antipodal_pairing(cosines(tables.weights_of(instance)), OPPOSITE, ORTHOGONAL)
        # Of a pair with values x and y only x - y comes through: both are off by the lesser of x and y, and the mean of
        # its square is 1/6.
        text = (
            f"{'antipodal pairs' if paired else 'not all in antipodal pairs'}, loss {ratio:.3f} times the lasso's and "
        )
        text += f"{loss / (DENSITY * DENSITY / 6):.2f} times s^2/6; recovers {own:.0%} of samples, the lasso {best:.0%}"
        return Judged(paired and abs(ratio - 1) <= ALIKE, round(ratio, 3), text)

    return over_seeds(_trained(tables), judge, "times the lasso's loss")


def projection_costs(tables: Tables) -> Finding:
    half, n = _half(tables), tables.n_features
    random = pooled(others(extra(tables, "recovery"), "gaussian")).shares("lasso")

    def judge(sweep: Sweep) -> Judged:
        decoders = sweep.rows["decoder"].unique()
        best = pd.concat([sweep.shares(decoder) for decoder in decoders]).groupby(level=0).max()
        widths = [m for m in sweep.widths if half <= m < n]
        shares = {m: (float(mean(best.loc[m])), float(mean(random.loc[m]))) for m in widths}
        text = "; ".join(f"m = {m}: {own:.0%} against {other:.0%}" for m, (own, other) in shares.items())
        least = min(other - own for own, other in shares.values())
        return Judged(least > 0, round(least, 3), text)

    return over_ranks(_trained(tables), judge, "difference at least")


def suits_its_read_out(tables: Tables) -> Finding:
    apart = pooled(others(extra(tables, "recovery"), "optimised")).losses("relu_readout")
    widths = [int(m) for m in apart.index if m < tables.n_features]
    if not widths:
        raise NotInThisRun("the claim is about fewer dimensions than features")

    def judge(sweep: Sweep) -> Judged:
        ratios = (sweep.losses("relu_readout") / apart).loc[widths]
        text = "; ".join(f"{m}: {ratio:.2f}" for m, ratio in ratios.items())
        return Judged(bool((ratios < 1).all()), float(ratios.max()), text)

    return over_ranks(_trained(tables), judge, "times the other's loss at most")


def _percent(shares: np.ndarray) -> str:
    return ", ".join(f"{100 * share:.0f}" for share in shares)


def _trained(tables: Tables) -> list[Sweep]:
    if set(tables.instances["model"]) != {"relu_output"} or not is_plain(tables) or not is_important_alike(tables):
        raise NotInThisRun("the claim is about relu_output models of independent, equally important features")
    if not np.allclose(tables.features["density"], DENSITY, rtol=SAME_DENSITY):
        raise NotInThisRun(f"the claim is about models of features with density {DENSITY:g}")
    return trained(extra(tables, "recovery"), tables)


def _transitions(sweep: Sweep) -> pd.Series:
    found = transitions(sweep.shares("lasso"))
    if len(found) < LEAST:
        raise NotInThisRun(f"the claim needs {LEAST} numbers of active features with a transition between widths")
    return found


def _ratios(sweep: Sweep) -> pd.Series:
    """Losses of the read-out over the lasso's, by width; where both lose nothing they are equal."""
    own, best = sweep.losses("relu_readout"), sweep.losses("lasso")
    return (own / best.where(best > 0)).fillna(np.inf).where((own > 0) | (best > 0), 1.0)


def _below_half(sweep: Sweep, tables: Tables) -> list[int]:
    """Widths at which more than two features share a dimension if all are represented."""
    widths = [m for m in sweep.widths if 2 * m < tables.n_features]
    if not widths:
        raise NotInThisRun("the claim is about fewer dimensions than half the features")
    return widths


def _half(tables: Tables) -> int:
    n = tables.n_features
    if n % 2 or n // 2 not in set(tables.instances["n_hidden"]):
        raise NotInThisRun("the claim needs half as many dimensions as features")
    return n // 2


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
