"""Features that are active together, or never together ("Superposition in Correlated Features").

The paper states no sparsity. 0.95 is what its figure of 20 features fits: there, dot products within sets come out as
in the figure, 0.036 on average and at most 0.047. Anti-correlated pairs also need features that are less sparse: at
0.95 two antipodal pairs across sets are a local minimum with nearly no loss, in which many models stay.

Of six features, models are ranked by their expected loss, computed from their weights. The exact optimum, the best
minimum from eight starts, has no collapsed pair at a density of 0.05, one at 0.1 and 0.12, two from 0.15 to 0.35, three
in a T at 0.4, and three that are 120 degrees apart from 0.45 on. The paper has three from 0.25 on: from initial weights
a tenth as large, nearly all models at 0.25, 0.3 and 0.4 end there as well, at 0.25 and 0.3 in a local minimum.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from superposition.claims.claim import Claim, Finding, Share, claims_of, how_far, plain
from superposition.claims.judging import Judged, over_seeds
from superposition.claims.words import listed
from superposition.exact.functions import arccos, degrees
from superposition.exact.sums import mean
from superposition.measures.thresholds import REPRESENTED_NORM
from superposition.readings.correlated_pairs import (
    CORNER,
    States,
    as_the_first,
    densities_of_pairs,
    dot_products,
    in_order,
    is_hexagon,
    norms_of_collapsed,
    six_features,
    state_at,
    states_by_rank,
)
from superposition.readings.pairs import (
    ACROSS_PAIRS,
    APART,
    APART_FROM_OTHERS,
    APART_OFF,
    GAP_OFF,
    MATES,
    NORMS,
    OPPOSITE,
    PARTNER,
    RIGHT_ANGLE,
    STATES,
    T_GAPS,
    T,
    Y,
    are_at_right_angles,
    are_opposite,
    is_hexagon_of_pairs,
    mates_and_others,
    mates_and_partner,
)
from superposition.readings.planar import COLLAPSED_COSINE, Planar, gaps_between_pairs, pair_cosines
from superposition.readings.results import NotInThisRun, Tables
from superposition.readings.solutions import SAME_DENSITY, Setting, Solution, solutions
from superposition.theory.expected_loss import independent, minimum
from superposition.theory.polytopes import polygon
from superposition.verdicts import Verdict

SECTION = "Superposition in Correlated Features"
CORRELATED = Setting("relu_output", 4, 2, importance_ratio=1.0, sets="correlated", set_size=2)
ANTICORRELATED = Setting("relu_output", 4, 2, importance_ratio=1.0, sets="anticorrelated", set_size=2)
LOCAL = Setting("relu_output", 20, 10, importance_ratio=1.0, sets="correlated", set_size=10)

MOST_SEEDS = 0.9
SPARSE, LESS_SPARSE = 0.05, 0.5  # densities
# Of six independent ones: densities at which a regular hexagon is compared with what was found, and at which five are
# represented.
VERY_SPARSE = (0.02, 0.05)
MODERATELY_SPARSE = (0.1, 0.2)
REPRESENTED, CORNER_OFF = 5, 10.0  # features; degrees off a regular hexagon's
# density: what the paper's ranges say, its figure's "Y" from about 0.5 on
PRINTED = {0.02: "none", 0.05: "none", 0.1: "one", 0.15: "two", 0.2: "two", 0.25: T, 0.3: T, 0.4: T, 0.5: Y, 0.6: Y}
RADIUS = math.sqrt(0.5)
RADIUS_TOLERANCE = 0.1
# Dot products of two sets of ten: within a set in size, on average and at most; least squared norm; how many
# times as large across as within; features of ten that have a partner.
WITHIN, WITHIN_AT_MOST, SQUARED, TIMES, MOST = 0.06, 0.15, 0.85, 2.0, 7


def right_angles(tables: Tables) -> Finding:
    def judge(model: Solution) -> Judged:
        mates, partner = mates_and_partner(model.W)
        text = f"|cos| of set-mates <= {mates:.3f}, partners of the other set at <= {partner:.3f}"
        return Judged(are_at_right_angles(model.W), mates, text)

    return _most(solutions(tables, CORRELATED, SPARSE), judge, "|cos| of set-mates")


def opposite(tables: Tables) -> Finding:
    def judge(model: Solution) -> Judged:
        mates, across = mates_and_others(model.W)
        text = f"set-mates at cos <= {mates:.3f}, |cos| of others <= {across:.3f}"
        return Judged(are_opposite(model.W), mates, text)

    found = _most(solutions(tables, ANTICORRELATED, SPARSE), judge, "cos of set-mates")
    denser = [judge(model).holds for model in solutions(tables, ANTICORRELATED, LESS_SPARSE)]
    also = f"; at density {LESS_SPARSE:g} {denser.count(True)} of {len(denser)} seeds"
    return replace(found, spread=found.spread + also)


def hexagon(tables: Tables) -> Finding:
    def judge(model: Planar) -> Judged:
        angles = degrees(arccos(np.clip(pair_cosines(model.W), -1, 1)))
        gaps = gaps_between_pairs(model.W)
        low, high = model.norms.min(), model.norms.max()
        text = f"norms {low:.2f} to {high:.2f}, set-mates at {angles.min():.1f} to {angles.max():.1f} deg, "
        return Judged(
            is_hexagon_of_pairs(model), float(low), text + f"sets {gaps.min():.0f} to {gaps.max():.0f} deg apart"
        )

    return over_seeds(six_features(tables, "correlated", SPARSE), judge, "smallest norm")


def no_hexagon_of_independent(tables: Tables) -> Finding:
    """Whether five features are represented, and whether a regular hexagon, of the best norm and bias, would be better.

    The share is that of the density, of those that are not very sparse, at which the fewest models have five.
    """
    texts, hexagons, with_five = [], 0, {}
    five, hexagon_is_best = True, False
    for density in VERY_SPARSE + MODERATELY_SPARSE:
        here = six_features(tables, "independent", density)
        regular = minimum(1.15 * polygon(6), np.full(6, -0.3), np.ones(6), independent([density] * 6)).loss / 6
        counts = [int(np.count_nonzero(model.norms > REPRESENTED_NORM)) for model in here]
        hexagons += [is_hexagon(model.W, CORNER_OFF) for model in here].count(True)
        best = is_hexagon(here[0].W, CORNER_OFF)
        if density in VERY_SPARSE:
            five &= counts[0] > 0
            hexagon_is_best |= best or regular < here[0].loss
        else:
            five &= counts[0] == REPRESENTED
            with_five[density] = Share(counts.count(REPRESENTED), len(counts))
        said = (
            "a hexagon" if best else f"{counts[0]} features, and a hexagon's loss is {regular / here[0].loss - 1:+.1%}"
        )
        texts.append(f"{density:g}: {said}")
    least = min(with_five.values(), key=lambda share: share.met / share.of)
    verdict: Verdict = "differs_from_print" if five and hexagon_is_best else how_far(five, least)
    spread = "; ".join(f"{density:g}: {share} with {REPRESENTED}" for density, share in with_five.items())
    return Finding(verdict, "; ".join(texts), f"{spread}; {hexagons} hexagons at all densities", least)


def order_of_collapse(tables: Tables) -> Finding:
    ranks = states_by_rank(tables)
    if len(ranks[0]) < len(STATES):
        raise NotInThisRun(f"the claim needs {len(STATES)} densities")
    share = Share([in_order(states) for states in ranks].count(True), len(ranks), "ranks")
    spread = f"{share}; as the best one {_spread(ranks)}"
    return Finding(how_far(in_order(ranks[0]), share), _said(ranks[0]), spread, share)


def ranges_of_collapse(tables: Tables) -> Finding:
    ranks = states_by_rank(tables)
    if missing := [f"{density:g}" for density in PRINTED if state_at(ranks[0], density) is None]:
        raise NotInThisRun(f"no models at densities {', '.join(missing)}")

    def as_printed(states: States) -> int:
        return sum(state_at(states, density) == state for density, state in PRINTED.items())

    share = Share(sum(as_printed(states) == len(PRINTED) for states in ranks), len(ranks), "ranks")
    same = as_printed(ranks[0])
    verdict: Verdict = "differs_from_print" if in_order(ranks[0]) else "fails"
    return Finding(
        how_far(True, share) if same == len(PRINTED) else verdict,
        f"{_said(ranks[0])}; {same} of {len(PRINTED)} as printed",
        f"{share}; as the best one {_spread(ranks)}",
        share,
    )


def collapsed_radius(tables: Tables) -> Finding:
    """Up to the density at which the paper's last range begins; beyond, all vectors shrink."""

    def off(model: Planar) -> float | None:
        norms = norms_of_collapsed(model)
        return float(np.abs(norms - RADIUS).max()) if norms.size else None

    if len(densities_of_pairs(tables)) < len(STATES):
        raise NotInThisRun(f"the claim needs {len(STATES)} densities")
    best, every = [], []
    for density in (one for one in densities_of_pairs(tables) if one <= LESS_SPARSE * (1 + SAME_DENSITY)):
        here = [off(model) for model in six_features(tables, "correlated", density)]
        best += [here[0]] if here[0] is not None else []
        every += [one for one in here if one is not None]
    if not best:
        return Finding("fails", "no collapsed pair", "none in single seeds" if not every else f"{len(every)} models")
    share = Share(sum(one < RADIUS_TOLERANCE for one in every), len(every), "models")
    text = f"off {RADIUS:.3f} by at most {max(best):.3f}, in the median {np.median(best):.3f}"
    return Finding(how_far(max(best) < RADIUS_TOLERANCE, share), text, f"{share} with a collapsed pair", share)


def local_bases(tables: Tables) -> Finding:
    def judge(model: Solution) -> Judged:
        within, _, squared = dot_products(model, LOCAL.set_size)
        typical, largest = float(mean(np.abs(within))), float(np.abs(within).max())
        text = f"|dot products| {typical:.3f} on average, at most {largest:.3f}; squared norms >= {squared.min():.2f}"
        return Judged(typical < WITHIN and largest < WITHIN_AT_MOST and bool(squared.min() > SQUARED), typical, text)

    return over_seeds(solutions(tables, LOCAL, SPARSE), judge, "within sets")


def interference_across(tables: Tables) -> Finding:
    """Partners are left out of the mean."""

    def judge(model: Solution) -> Judged:
        within, across, _ = dot_products(model, LOCAL.set_size)
        apart, inside = float(mean(np.abs(across[across > PARTNER]))), float(mean(np.abs(within)))
        ratio = apart / max(inside, 1e-9) if apart > 0 else 0.0  # NaN where all are partners
        return Judged(ratio > TIMES, ratio, f"{ratio:.1f} times as much, {apart:.2f}")

    return over_seeds(solutions(tables, LOCAL, SPARSE), judge, "times")


def partners(tables: Tables) -> Finding:
    def judge(model: Solution) -> Judged:
        _, across, _ = dot_products(model, LOCAL.set_size)
        count = int(np.count_nonzero((across < PARTNER).any(axis=1)))
        typical = float(np.median(across.min(axis=1)))
        return Judged(count >= MOST, count, f"{count} of {LOCAL.set_size} features, the median at {typical:.2f}")

    return over_seeds(solutions(tables, LOCAL, SPARSE), judge, "features")


def _most(found: Sequence[Solution], judge: Callable[[Solution], Judged], unit: str) -> Finding:
    """As `over_seeds`, but most of the seeds are to show it as well."""
    finding = over_seeds(found, judge, unit)
    share = finding.share
    enough = share is not None and share.reaches(MOST_SEEDS)
    return replace(finding, verdict=plain(finding.verdict != "fails" and enough))


def _said(states: States) -> str:
    return "; ".join(f"{density:g}: {state}" for density, state in states.items())


def _spread(ranks: list[States]) -> str:
    return "; ".join(f"{s:g}: {count} of {len(ranks)}" for s, count in as_the_first(ranks).items()) + " seeds"


CLAIMS = claims_of(
    "correlated_features",
    SECTION,
    "five_models",
    Claim(
        right_angles,
        statement="Models prefer to represent correlated features orthogonally, and pair features of different sets, "
        f"at density {SPARSE:g}.",
        paper="set-mates at 90 deg, in five of five models",
        tolerance=f"|cos| < {RIGHT_ANGLE:g} between set-mates, each feature has a partner of the other set at "
        f"cos < {ACROSS_PAIRS:g}, in the best model and {MOST_SEEDS:.0%} of all",
        limit="ours",
        fixed="before",
    ),
    Claim(
        opposite,
        statement=f"Models prefer to represent anti-correlated features in opposite directions, at density {SPARSE:g}.",
        paper="set-mates antipodal, in five of five models",
        tolerance=f"cos < {OPPOSITE:g} between set-mates and |cos| < {APART_FROM_OTHERS:g} between others, in the best "
        f"model and {MOST_SEEDS:.0%} of all",
        limit="ours",
        fixed="before",
        remark="12 of 20 models do, and 18 of 20 at density 0.5. The other eight have two antipodal pairs across "
        "the sets: a local minimum that costs only where both features of such a pair are active.",
        known="At this density that is 1 of 800 inputs.",
    ),
)
CLAIMS += claims_of(
    "correlated_pairs",
    SECTION,
    "five_models",
    Claim(
        hexagon,
        statement="Where three pairs of correlated features cannot all be orthogonal, set-mates are side by side, at "
        f"density {SPARSE:g}.",
        paper="a hexagon, set-mates at about 66 deg",
        tolerance=f"norms {NORMS[0]:g} to {NORMS[1]:g}, set-mates next to each other at {MATES[0]:g} to {MATES[1]:g} "
        f"deg, sets {APART:g} +- {APART_OFF:g} deg apart",
        limit="figure",
        fixed="before",
        remark="Most seeds end in local minima, in some of which a feature is not represented.",
    ),
    Claim(
        no_hexagon_of_independent,
        statement="Six independent features in two dimensions do not form a hexagon, but another shape (judged at "
        "densities "
        f"{listed(MODERATELY_SPARSE)}).",
        paper="no hexagon",
        tolerance=f"the best models at densities {listed(MODERATELY_SPARSE)} represent {REPRESENTED} features and "
        f"leave out one; differs from print if at {listed(VERY_SPARSE)} a hexagon is best (all six represented, "
        f"neighbours {CORNER:g} +- {CORNER_OFF:g} deg apart), or has a lower expected loss",
        limit="ours",
        fixed="before",
        remark="The paper prints that they form none, at a density that it does not give. At 0.1 and 0.2 five are "
        "represented; at 0.02 the best model is a hexagon, and at 0.05 a hexagon's expected loss is 4.1% below that of "
        "the pentagon at which all models stop.",
    ),
    Claim(
        order_of_collapse,
        statement="As density grows, pairs collapse one by one into their principal component, and those spread out.",
        paper="none, one, two, three in a T, three in a Y",
        tolerance=f"pairs at cos > {COLLAPSED_COSINE:g} in the best model at each density, never fewer at a higher "
        f"one; T: gaps of {listed(T_GAPS)} deg, Y: {APART:g} deg, +-{GAP_OFF:g} deg",
        limit="text",
        fixed="before",
        figure="collapse",
        remark="Models of higher loss at a density are in other states: local minima, which mix into later ranks.",
    ),
    Claim(
        ranges_of_collapse,
        statement=f"As many pairs are collapsed as the paper prints, at densities {_said(PRINTED)}.",
        paper="none <= 0.05, one to 0.15, two to 0.2, T from 0.25 to 0.5, Y >= 0.5",
        tolerance="the best model at each of these densities; differs from print if only the order is as printed",
        limit="text",
        fixed="before",
        figure="collapse",
        remark="The paper prints three in a T from 0.25 on; in the best models, as in the exact optimum, at 0.25 and "
        "0.3 two are collapsed. The T is a local minimum there, in which nearly all models end that start from weights "
        "a tenth as large: the paper does not say how it chose its models.",
    ),
    Claim(
        collapsed_radius,
        statement=f"Collapsed pairs represent (a + b) / sqrt 2, up to density {LESS_SPARSE:g}: both features have that "
        "share of it.",
        paper=round(RADIUS, 3),
        tolerance=f"norms of collapsed features in best models: +-{RADIUS_TOLERANCE:g}",
        limit="ours",
        fixed="after",
        figure="collapse",
    ),
)
CLAIMS += claims_of(
    "local_orthogonal_bases",
    SECTION,
    "dot_products",
    Claim(
        local_bases,
        statement="Each set of correlated features is an almost orthogonal basis; 20 features share 10 dimensions, at "
        f"density {SPARSE:g}.",
        paper="dot products 0.036 on average, at most 0.047",
        tolerance=f"dot products within sets: mean < {WITHIN:g} and maximum < {WITHIN_AT_MOST:g} in size; squared "
        f"norms > {SQUARED:g}",
        limit="ours",
        fixed="before",
    ),
    Claim(
        interference_across,
        statement=f"Interference is between the sets instead, at density {SPARSE:g}.",
        paper="about 0.12 across sets, 0.036 within",
        tolerance=f"mean |dot product| across sets, without partners at < {PARTNER:g}, over that within sets: > "
        f"{TIMES:g}",
        limit="ours",
        fixed="before",
    ),
    Claim(
        partners,
        statement=f"Most features of one set have an opposite partner in the other one, at density {SPARSE:g}.",
        paper="8 of 10 features, at about -0.83",
        tolerance=f"at least {MOST} of {LOCAL.set_size} features of the first set have a dot product < {PARTNER:g}",
        limit="ours",
        fixed="before",
        remark="In most seeds fewer features have such a partner, down to 2 of 10.",
    ),
)
