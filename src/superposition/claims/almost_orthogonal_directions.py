"""How many almost orthogonal directions there are: random ones, optimised ones, and those of trained models.

The paper says that exp(m) many fit into m dimensions, and gives no numbers: the limit of 0.3 and the theory are ours.
Models have 96 features, of which one is active at a time.
"""

from collections.abc import Mapping
from itertools import pairwise

import numpy as np

from superposition.claims.claim import Claim, Finding, claims_of, plain
from superposition.claims.judging import Judged, over_ranks
from superposition.readings.closest_pairs import ClosestPair, closest_pairs
from superposition.readings.growth import (
    LIMIT,
    STRAIGHT_FROM,
    counts_by_kind,
    growth,
    lines_by_limit,
    rates_of_trials,
)
from superposition.readings.results import Tables
from superposition.theory.packings import gilbert_varshamov, random_rate

SECTION = "Definitions and Motivation"

STRAIGHT = 0.98  # R^2
RATE = 0.10  # relative: theory's own line over m = 50 ... 400 is 5% steeper than its limit, the rest is chance
GAP = 0.9  # of what there is between chance and an optimiser


def grows_exponentially(tables: Tables) -> Finding:
    fits, rates = lines_by_limit(tables), rates_of_trials(tables)
    said = {
        limit: f"rate {one.rate:.4f}, {one.rate / random_rate(limit):.2f} of theory's, R2 {one.straightness:.4f}"
        for limit, one in fits.items()
    }
    fit = fits[LIMIT]
    holds = fit.straightness > STRAIGHT and abs(fit.rate / random_rate(LIMIT) - 1) < RATE
    others = "; ".join(f"{limit:g}: {text}" for limit, text in said.items() if limit != LIMIT)
    spread = f"single trials {min(rates):.4f} to {max(rates):.4f}" + (f"; other limits {others}" if others else "")
    return Finding(plain(holds), said[LIMIT], spread)


def chosen_ones_are_more(tables: Tables) -> Finding:
    random, kept, grown = counts_by_kind(tables).values()
    above = all(
        count > max(random.get(m, np.inf), gilbert_varshamov(m, LIMIT))
        for m, count in zip(kept.index.tolist(), kept, strict=True)
    )
    more = all(count > kept.get(m, np.inf) for m, count in grown.items())
    rates = [growth(own).rate for own in (random.loc[kept.index], kept, grown)]
    holds = above and more and all(b > a for a, b in pairwise(rates))
    m, top = int(grown.index.max()), int(kept.index.max())
    text = f"m = {m}: {random[m]:.0f} drawn, {kept[m]:.0f} kept, {grown[m]:.0f} grown; "
    text += f"m = {top}: {random[top]:.0f} drawn, {kept[top]:.0f} kept"
    spread = f"rates {', '.join(f'{rate:.3f}' for rate in rates)} over m up to {top}, {top}, {m}"
    return Finding(plain(holds), text, spread)


def models_pack_as_optimisers_do(tables: Tables) -> Finding:
    def judge(models: Mapping[int, ClosestPair]) -> Judged:
        text = "; ".join(f"{m}: {one.cosine:.3f}, optimiser {one.optimised:.3f}" for m, one in models.items())
        worst = min(one.of_the_way for one in models.values())
        return Judged(worst > GAP, round(worst, 3), f"{text}; at least {worst:.0%} of the way from chance")

    return over_ranks(closest_pairs(tables), judge, "of the way from chance")


CLAIMS = claims_of(
    "almost_orthogonal_directions",
    SECTION,
    "packings",
    Claim(
        grows_exponentially,
        statement="The number of almost orthogonal directions grows exponentially with the number of dimensions m "
        f"(judged at |cos| < {LIMIT:g}).",
        paper="exp(m) many, of cosines below some epsilon",
        tolerance=f"random directions before two have |cos| >= {LIMIT:g}, median: log N linear in m from "
        f"{STRAIGHT_FROM} on with R2 > {STRAIGHT:g}, rate within {RATE:.0%} of -log(1 - "
        f"{LIMIT:g}^2) / 4, the limit of the exact tail",
        limit="theory",
        fixed="after",
    ),
    Claim(
        chosen_ones_are_more,
        statement=f"Directions that are chosen (|cos| < {LIMIT:g}) are more than those that are drawn, and grow faster "
        "with m.",
        paper="exp(m) many, with no rate",
        tolerance=f"|cos| < {LIMIT:g}: at each m more kept greedily than drawn (median) and than 1 / P(|cos| >= "
        f"{LIMIT:g}), which always exist; more grown than kept; rates of log N, each over the m where it was measured, "
        "in the same order",
        limit="theory",
        fixed="after",
    ),
    Claim(
        models_pack_as_optimisers_do,
        statement="Features that interfere push each other apart, as points on a sphere do.",
        paper="no number; in other words in the geometry section: a generalised Thomson problem",
        tolerance=f"largest cosine at each width: at least {GAP:.0%} of the way from that of as many random directions "
        "to that of as many which an optimiser spread out",
        limit="ours",
        fixed="after",
        remark="From 8 dimensions on it holds. In 6 some pairs are closer: the loss adds up all interference, "
        "while the largest cosine is about the worst pair alone.",
        known="With 16 features for each of 6 dimensions the typical feature's nearest neighbour is at a cosine "
        "of 0.60, as the optimiser's closest pairs are, but 5 to 19 of 4000 pairs are closer by more than "
        "0.02.",
    ),
)
