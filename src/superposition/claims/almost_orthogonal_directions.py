"""How many almost orthogonal directions there are: random ones, optimised ones, and those of trained models.

The paper says that exp(m) many fit into m dimensions, and gives no numbers: the limit of 0.3 and the theory are ours.
Models have 96 features, of which one is active at a time.
"""

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import pandas as pd

from superposition.claims.claim import Claim, Finding, claims_of
from superposition.claims.judging import Judged, over_seeds
from superposition.readings.growth import growth, medians
from superposition.readings.results import NotInThisRun, Tables
from superposition.readings.solutions import extra
from superposition.theory.packings import gilbert_varshamov, largest_cosine, least_cosine, random_rate, welch

SECTION = "Definitions and Motivation"
EXPERIMENT = "almost_orthogonal_directions"

LIMIT = 0.3  # of |cos|
FROM, AT_LEAST = 50, 5  # dimensions from which growth is a straight line, and points on it
STRAIGHT = 0.98  # R^2
RATE = 0.10  # relative: theory's own line over m = 50 ... 400 is 5% steeper than its limit, the rest is chance
MEAN_SQUARE = 0.02  # relative; 512 directions give it to about 0.4%
ATTAINED = 0.001  # of a cosine, what optimisation leaves
MANY = 10  # times
GAP = 0.9  # of what there is between chance and an optimiser

Ranked = dict[int, pd.Series]  # by width, of one model each


def grows_exponentially(tables: Tables) -> Finding:
    found = extra(tables, "packings")
    random = _drawn(found)
    fits = {}
    for limit in sorted(random["limit"].unique().tolist()):
        own = random[random["limit"] == limit]
        median = medians(own[own["dimensions"] >= FROM])
        if len(median) >= AT_LEAST:
            fits[limit] = growth(median)
    if LIMIT not in fits:
        raise NotInThisRun(f"the claim needs random directions below {LIMIT:g} at {AT_LEAST} dimensions from {FROM}")
    said = {
        limit: f"rate {one.rate:.4f}, {one.rate / random_rate(limit):.2f} of theory's, R2 {one.straightness:.4f}"
        for limit, one in fits.items()
    }
    fit = fits[LIMIT]
    holds = fit.straightness > STRAIGHT and abs(fit.rate / random_rate(LIMIT) - 1) < RATE
    others = "; ".join(f"{limit:g}: {text}" for limit, text in said.items() if limit != LIMIT)
    rates = _rates_of_trials(random[(random["limit"] == LIMIT) & (random["dimensions"] >= FROM)])
    spread = f"single trials {min(rates):.4f} to {max(rates):.4f}" + (f"; other limits {others}" if others else "")
    return Finding("holds" if holds else "fails", said[LIMIT], spread)


def mean_square_is_one_over_m(tables: Tables) -> Finding:
    found = extra(tables, "packings")
    sample = found[found["kind"] == "sample"]
    if sample.empty:
        raise NotInThisRun("no sample of random directions in this run")
    ratio = (sample["mean_square"] * sample["dimensions"]).to_numpy()
    off = float(np.abs(ratio - 1).max())
    text = f"at most {off:.2%} off, at {len(ratio)} m from {sample['dimensions'].min()} to {sample['dimensions'].max()}"
    return Finding(
        "holds" if off < MEAN_SQUARE else "fails", text, f"m E[cos^2] {ratio.min():.3f} to {ratio.max():.3f}"
    )


def only_m_are_orthogonal(tables: Tables) -> Finding:
    found = extra(tables, "packings")
    own = found[(found["kind"] == "optimised") & (found["instance"] < 0)]
    m = int(own["dimensions"].iloc[0]) if len(own) else 0
    least = {(bool(row["two_sided"]), int(row["count"])): float(row["cosine"]) for _, row in own.iterrows()}
    wanted = [(True, m), (True, m + 1), (False, 2 * m), (False, 2 * m + 1)]
    if not set(wanted) <= least.keys():
        raise NotInThisRun("the claim needs m, m + 1, 2 m and 2 m + 1 directions, spread out in m dimensions")
    orthogonal, one_more, pairs, more_than_pairs = (least[key] for key in wanted)
    holds = (
        orthogonal < ATTAINED
        and abs(one_more - 1 / m) < ATTAINED
        and pairs < ATTAINED
        and more_than_pairs > 10 * ATTAINED
    )
    text = f"m = {m}: |cos| {orthogonal:.4f} for {m}, {one_more:.4f} for {m + 1}; "
    text += f"cos {pairs:.4f} for {2 * m}, {more_than_pairs:.4f} for {2 * m + 1}"
    return Finding("holds" if holds else "fails", text, f"simplex: 1/m = {1 / m:.4f}")


def chosen_ones_are_more(tables: Tables) -> Finding:
    found = extra(tables, "packings")
    found = found[np.isclose(found["limit"], LIMIT) & (found["instance"] < 0)]
    random, kept, grown = (medians(found[found["kind"] == kind]) for kind in ("random", "greedy", "grown"))
    if min(len(random), len(kept), len(grown)) < 2:
        raise NotInThisRun(f"the claim needs random, greedy and grown directions below {LIMIT:g}")
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
    return Finding("holds" if holds else "fails", text, spread)


def none_beats_the_bounds(tables: Tables) -> Finding:
    """Levenshtein's for the largest cosine, of lines as twice as many directions, and Welch's for the mean square."""
    found = extra(tables, "packings")
    packed = found[found["cosine"].notna() & (found["count"] >= 2)]
    if packed.empty:
        raise NotInThisRun("no packings in this run")
    room = np.array(list(_above_bounds(packed)))
    square = packed[packed["mean_square"].notna() & (packed["count"] > packed["dimensions"])]
    bounds = np.array([welch(int(row["count"]), int(row["dimensions"])) for _, row in square.iterrows()])
    spare = (square["mean_square"].to_numpy() / np.square(bounds)).tolist()
    holds = bool((room > -ATTAINED / 10).all()) and min(spare, default=1) > 1 - 1e-9
    reached = np.count_nonzero(room < ATTAINED)
    text = (
        f"{np.count_nonzero(room < -ATTAINED / 10)} of {len(room)} packings; {reached} are on a bound to {ATTAINED:g}"
    )
    spread = f"cosines {room.min() + 0:.4f} to {room.max():.3f} above the bounds"
    if spare:
        spread += f"; mean squares of models {min(spare):.3f} to {max(spare):.3f} of Welch's"
    return Finding("holds" if holds else "fails", text, spread)


def models_hold_more_than_chance(tables: Tables) -> Finding:
    found = extra(tables, "packings")
    drawn = found[(found["kind"] == "random") & (found["instance"] >= 0)].groupby("instance")["count"].median()

    def judge(ranked: Ranked) -> Judged:
        chance = {m: float(drawn.get(row["instance"], np.inf)) for m, row in ranked.items()}
        least = min(float(row["count"]) / chance[m] for m, row in ranked.items())
        text = "; ".join(
            f"{m}: {row['count']:.0f} with cos up to {row['cosine']:.2f}, chance {chance[m]:.0f}"
            for m, row in ranked.items()
        )
        return Judged(least >= MANY, round(least, 1), text)

    return over_seeds(_ranked(tables), judge, "times as many at least")


def models_pack_as_optimisers_do(tables: Tables) -> Finding:
    found = extra(tables, "packings")
    best = found[(found["kind"] == "optimised") & (found["instance"] >= 0)].set_index("dimensions")["cosine"]

    def judge(ranked: Ranked) -> Judged:
        shares = {}
        for m, row in ranked.items():
            chance = largest_cosine(int(row["count"]), m) if row["count"] >= 3 else 1.0
            shares[m] = float((chance - row["cosine"]) / (chance - best.get(m, -1.0)))
        text = "; ".join(f"{m}: {row['cosine']:.3f}, optimiser {best.get(m, np.nan):.3f}" for m, row in ranked.items())
        worst = float(np.nan_to_num(min(shares.values())))
        return Judged(worst > GAP, round(worst, 3), f"{text}; at least {worst:.0%} of the way from chance")

    return over_seeds(_ranked(tables), judge, "of the way from chance")


def _drawn(found: pd.DataFrame) -> pd.DataFrame:
    return found[(found["kind"] == "random") & found["two_sided"] & (found["instance"] < 0)]


def _rates_of_trials(random: pd.DataFrame) -> list[float]:
    """Of the trials that were made at all dimensions."""
    everywhere = random.groupby("trial").filter(lambda own: len(own) == random["dimensions"].nunique())
    return [growth(own.set_index("dimensions")["count"]).rate for _, own in everywhere.groupby("trial")]


def _above_bounds(packed: pd.DataFrame) -> Iterator[float]:
    """How far above its bound each packing's largest cosine is."""
    for _, row in packed.iterrows():
        m, count = int(row["dimensions"]), int(row["count"])
        if not row["two_sided"]:
            yield float(row["cosine"]) - least_cosine(count, m)
        else:
            yield float(row["cosine"]) - max(least_cosine(2 * count, m), welch(count, m))


def _ranked(tables: Tables) -> list[Ranked]:
    """The models with the lowest loss at each width, those with the next one, ..."""
    found = extra(tables, "packings")
    rows = found[found["kind"] == "trained"].merge(tables.instances[["instance", "loss", "seed"]], on="instance")
    if rows.empty:
        raise NotInThisRun("no trained models among the packings")
    groups = [own.sort_values(["loss", "seed"]) for _, own in rows.groupby("dimensions")]
    return [
        {int(own["dimensions"].iloc[k]): own.iloc[k] for own in groups} for k in range(min(len(own) for own in groups))
    ]


CLAIMS = claims_of(
    "almost_orthogonal_directions",
    SECTION,
    "packings",
    Claim(
        grows_exponentially,
        statement="The number of almost orthogonal directions (cosine below some epsilon) grows exponentially with the "
        "number of dimensions m.",
        paper="exp(m) many",
        tolerance="random directions before two have |cos| >= 0.3, median: log N linear in m = 50 ... 400 with "
        "R2 > 0.98, rate within 10% of -log(1 - 0.3^2) / 4, the limit of the exact tail",
        limit="theory",
        fixed="after",
    ),
    Claim(
        mean_square_is_one_over_m,
        statement="Random directions are almost orthogonal: the mean of cos^2 is 1/m.",
        paper="almost orthogonal; 1/m follows from symmetry",
        tolerance="of 512 random directions, at each m: within 2%",
        limit="theory",
        fixed="before",
        name="mean_square",
    ),
    Claim(
        only_m_are_orthogonal,
        statement="Only m directions can be orthogonal to each other; 2 m have cosines of at most 0, and no more do.",
        paper="only m orthogonal ones",
        tolerance="spread out by optimisation, to 0.001: largest |cos| of m directions 0, of m + 1 1/m; largest cosine "
        "of 2 m 0, of 2 m + 1 above 0.01",
        limit="theory",
        fixed="before",
    ),
    Claim(
        chosen_ones_are_more,
        statement="Directions that are chosen are more than those that are drawn, and grow faster with m.",
        paper="exp(m) many, with no rate",
        tolerance="|cos| < 0.3: at each m more kept greedily than drawn (median) and than 1 / P(|cos| >= 0.3), which "
        "always exist; more grown than kept; rates of log N in the same order",
        limit="theory",
        fixed="after",
    ),
    Claim(
        none_beats_the_bounds,
        statement="No packing, whether made by greed, by optimisation or by training, is beyond what is possible.",
        paper="exp(m) many; that there are no more: Kabatiansky & Levenshtein 1978, Rankin 1955, Welch 1974",
        tolerance="largest cosine of each packing: no more than 0.0001 below the bounds for its number of directions; "
        "mean square cosine of models no less than Welch's",
        limit="theory",
        fixed="before",
    ),
    Claim(
        models_hold_more_than_chance,
        statement="Models use this room: they represent far more features than random directions that come no closer.",
        paper="more features than dimensions, in almost orthogonal directions",
        tolerance="represented (norm > 0.5) at each width, over the median number of random directions with the same "
        "largest cosine: at least 10 times as many",
        limit="ours",
        fixed="after",
    ),
    Claim(
        models_pack_as_optimisers_do,
        statement="Features that interfere push each other apart, as points on a sphere do.",
        paper="no number; in other words in the geometry section: a generalised Thomson problem",
        tolerance="largest cosine at each width: at least 90% of the way from that of as many random directions to "
        "that of as many which an optimiser spread out",
        limit="ours",
        fixed="after",
        remark="From 8 dimensions on it holds. In 6, with 16 features for each, the typical feature's nearest "
        "neighbour is at a cosine of 0.60, as the optimiser's closest pairs are, but 5 to 19 of 4000 pairs are closer "
        "by more than 0.02: the loss adds up all interference, while the largest cosine is about the worst pair alone.",
    ),
)
