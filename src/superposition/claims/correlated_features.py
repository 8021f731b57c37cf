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

import numpy as np

from superposition.claims.claim import Claim, Finding, Verdict, claims_of
from superposition.claims.judging import Judged, over_seeds
from superposition.exact.functions import arccos, degrees
from superposition.exact.sums import mean, total
from superposition.measures.thresholds import REPRESENTED_NORM
from superposition.readings.planar import (
    Planar,
    collapsed,
    gaps_between_pairs,
    models,
    pair_cosines,
    pairs_are_adjacent,
)
from superposition.readings.results import NotInThisRun, Tables
from superposition.readings.solutions import SAME_DENSITY, Setting, Solution, solutions
from superposition.theory.angles import angular_gaps, cosines
from superposition.theory.expected_loss import independent, minimum
from superposition.theory.polytopes import polygon

SECTION = "Superposition in Correlated Features"
CORRELATED = Setting("relu_output", 4, 2, importance_ratio=1.0, sets="correlated")
ANTICORRELATED = Setting("relu_output", 4, 2, importance_ratio=1.0, sets="anticorrelated")
LOCAL = Setting("relu_output", 20, 10, importance_ratio=1.0, sets="correlated")

MOST_SEEDS = 0.9
SPARSE, LESS_SPARSE = 0.05, 0.5  # densities
# Of six features: densities at which a regular hexagon of independent ones is compared with what was found.
VERY_SPARSE = (0.02, 0.05)
MODERATELY_SPARSE = (0.1, 0.2)
T, Y = "three, T", "three, Y"
STATES = ("none", "one", "two", T, Y)  # collapsed pairs, from sparse to dense
# density: what the paper's ranges say, its figure's "Y" from about 0.5 on
PRINTED = {0.02: "none", 0.05: "none", 0.1: "one", 0.15: "two", 0.2: "two", 0.25: T, 0.3: T, 0.4: T, 0.5: Y, 0.6: Y}
RADIUS = math.sqrt(0.5)
RADIUS_TOLERANCE = 0.1


def right_angles(tables: Tables) -> Finding:
    def judge(model: Solution) -> Judged:
        cosine = cosines(model.W)
        mates = max(abs(float(cosine[0, 1])), abs(float(cosine[2, 3])))
        partner = max(cosine[:2, 2:].min(axis=1).max(), cosine[:2, 2:].min(axis=0).max())
        text = f"|cos| of set-mates <= {mates:.3f}, partners of the other set at <= {partner:.3f}"
        return Judged(mates < 0.1 and bool(partner < -0.95), mates, text)

    return _most(solutions(tables, CORRELATED, SPARSE), judge, "|cos| of set-mates")


def opposite(tables: Tables) -> Finding:
    def judge(model: Solution) -> Judged:
        cosine = cosines(model.W)
        mates, across = float(max(cosine[0, 1], cosine[2, 3])), float(np.abs(cosine[:2, 2:]).max())
        text = f"set-mates at cos <= {mates:.3f}, |cos| of others <= {across:.3f}"
        return Judged(mates < -0.98 and across < 0.05, mates, text)

    found = _most(solutions(tables, ANTICORRELATED, LESS_SPARSE), judge, "cos of set-mates")
    sparse = [judge(model) for model in solutions(tables, ANTICORRELATED, SPARSE)]
    also = f"; at density {SPARSE:g} {sum(bool(one.holds) for one in sparse)} of {len(sparse)}"
    verdict = found.verdict if sparse[0].holds else "fails"
    return Finding(verdict, found.measured, found.spread + also)


def hexagon(tables: Tables) -> Finding:
    def judge(model: Planar) -> Judged:
        angles = degrees(arccos(np.clip(pair_cosines(model.W), -1, 1)))
        gaps = gaps_between_pairs(model.W)
        low, high = model.norms.min(), model.norms.max()
        holds = (
            bool(low > 0.9 and high < 1.05)
            and pairs_are_adjacent(model.W)
            and bool((angles > 60).all() and (angles < 70).all())
            and bool((np.abs(gaps - 120) < 5).all())
        )
        text = f"norms {low:.2f} to {high:.2f}, set-mates at {angles.min():.1f} to {angles.max():.1f} deg, "
        return Judged(holds, float(low), text + f"sets {gaps.min():.0f} to {gaps.max():.0f} deg apart")

    return over_seeds(_pairs(tables, "correlated", SPARSE), judge, "smallest norm")


def pentagon_of_independent(tables: Tables) -> Finding:
    texts, spreads, holds = [], [], []
    for density in MODERATELY_SPARSE:
        counts = [
            int(np.count_nonzero(model.norms > REPRESENTED_NORM)) for model in _pairs(tables, "independent", density)
        ]
        holds.append(counts[0] == 5)
        texts.append(f"{density:g}: {counts[0]} features")
        spreads.append(f"{density:g}: {counts.count(5)} of {len(counts)} seeds")
    return Finding("holds" if all(holds) else "fails", "; ".join(texts), "; ".join(spreads) + " with 5")


def no_hexagon_of_independent(tables: Tables) -> Finding:
    """Whether the best model is one, and whether a regular one, of the best norm and bias, would be better."""
    texts, hexagons, best, better, represented = [], [], {}, {}, True
    for density in VERY_SPARSE + MODERATELY_SPARSE:
        here = _pairs(tables, "independent", density)
        regular = minimum(1.15 * polygon(6), np.full(6, -0.3), np.ones(6), independent([density] * 6)).loss / 6
        hexagons += [_is_hexagon(model.W) for model in here]
        best[density] = _is_hexagon(here[0].W)
        better[density] = regular < here[0].loss
        represented &= bool((here[0].norms > REPRESENTED_NORM).any())
        said = "a hexagon" if best[density] else f"none, and a hexagon's loss is {regular / here[0].loss - 1:+.1%}"
        texts.append(f"{density:g}: {said}")
    verdict: Verdict = "holds"
    if any(best[density] or better[density] for density in VERY_SPARSE):
        verdict = "differs_from_print"
    if not represented or any(best[density] for density in MODERATELY_SPARSE):
        verdict = "fails"
    return Finding(verdict, "; ".join(texts), f"{hexagons.count(True)} of {len(hexagons)} models are hexagons")


def order_of_collapse(tables: Tables) -> Finding:
    states = _states(tables)
    places = [STATES.index(state) if state in STATES else -1 for state in states.values()]
    holds = places == sorted(places) and set(places) == set(range(len(STATES)))
    return Finding("holds" if holds else "fails", _listed(states), _spread(tables, states))


def ranges_of_collapse(tables: Tables) -> Finding:
    states = _states(tables)
    order = order_of_collapse(tables)
    if missing := [f"{density:g}" for density in PRINTED if _near(states, density) is None]:
        raise NotInThisRun(f"no models at densities {', '.join(missing)}")
    same = [_near(states, density) == state for density, state in PRINTED.items()]
    text = f"{_listed(states)}; {same.count(True)} of {len(same)} as printed"
    if all(same):
        return Finding("holds", text, order.spread)
    return Finding("differs_from_print" if order.verdict == "holds" else "fails", text, order.spread)


def collapsed_radius(tables: Tables) -> Finding:
    """Up to the density at which the paper's last range begins; beyond, all vectors shrink."""

    def off(model: Planar) -> float | None:
        norms = model.norms.reshape(-1, 2)[collapsed(model.W)]
        return float(np.abs(norms - RADIUS).max()) if norms.size else None

    best, every = [], []
    for density in (one for one in _densities(tables) if one <= LESS_SPARSE * (1 + SAME_DENSITY)):
        here = [off(model) for model in _pairs(tables, "correlated", density)]
        best += [here[0]] if here[0] is not None else []
        every += [one for one in here if one is not None]
    if not best:
        return Finding("fails", "no collapsed pair", "none in single seeds" if not every else f"{len(every)} models")
    holds = max(best) < RADIUS_TOLERANCE
    close = sum(one < RADIUS_TOLERANCE for one in every)
    text = f"off {RADIUS:.3f} by at most {max(best):.3f}, in the median {np.median(best):.3f}"
    return Finding("holds" if holds else "fails", text, f"{close} of {len(every)} models with a collapsed pair")


def local_bases(tables: Tables) -> Finding:
    def judge(model: Solution) -> Judged:
        within, _, squared = _dot_products(model)
        typical, largest = float(mean(np.abs(within))), float(np.abs(within).max())
        text = f"|dot products| {typical:.3f} on average, at most {largest:.3f}; squared norms >= {squared.min():.2f}"
        return Judged(typical < 0.06 and largest < 0.15 and bool(squared.min() > 0.85), typical, text)

    return over_seeds(solutions(tables, LOCAL, SPARSE), judge, "within sets")


def interference_across(tables: Tables) -> Finding:
    """Partners, at dot products < -0.7, are left out of the mean."""

    def judge(model: Solution) -> Judged:
        within, across, _ = _dot_products(model)
        apart, inside = float(mean(np.abs(across[across > -0.7]))), float(mean(np.abs(within)))
        ratio = apart / max(inside, 1e-9) if apart > 0 else 0.0  # NaN where all are partners
        return Judged(ratio > 2, ratio, f"{ratio:.1f} times as much, {apart:.2f}")

    return over_seeds(solutions(tables, LOCAL, SPARSE), judge, "times")


def partners(tables: Tables) -> Finding:
    def judge(model: Solution) -> Judged:
        _, across, _ = _dot_products(model)
        count = int(np.count_nonzero((across < -0.7).any(axis=1)))
        typical = float(np.median(across.min(axis=1)))
        return Judged(count >= 7, count, f"{count} of 10 features, the median at {typical:.2f}")

    return over_seeds(solutions(tables, LOCAL, SPARSE), judge, "features")


def _most(found: Sequence[Solution], judge: Callable[[Solution], Judged], unit: str) -> Finding:
    """As `over_seeds`, but most of the seeds are to show it as well."""
    finding = over_seeds(found, judge, unit)
    share = sum(bool(judge(model).holds) for model in found) / len(found)
    return finding if share >= MOST_SEEDS else Finding("fails", finding.measured, finding.spread)


def _densities(tables: Tables) -> list[float]:
    own = tables.instances[tables.instances["sets"] == "correlated"]
    if own["sparsity"].dropna().empty:
        raise NotInThisRun("no correlated features in this run")
    return sorted({round(1 - sparsity, 6) for sparsity in own["sparsity"].dropna()})


def _pairs(tables: Tables, sets: str, density: float) -> list[Planar]:
    """Of six features, the lowest expected loss first."""
    if (tables.n_features, tables.n_hidden) != (6, 2):
        raise NotInThisRun("the claim is about n = 6, m = 2")
    own = tables.instances[(tables.instances["model"] == "relu_output") & (tables.instances["sets"] == sets)]
    own = own[np.isclose(1 - own["sparsity"], density, rtol=SAME_DENSITY)]
    if sets == "correlated":
        own = own[own["set_size"] == 2]
    number = own["instance"].to_numpy()
    if own.empty or not np.allclose(tables.per_feature("importance", number), 1):
        raise NotInThisRun(f"no relu_output model of equally important {sets} features at density {density:g}")
    return models(tables, own)


def _state(model: Planar) -> str:
    """How many pairs are collapsed; of three, whether two are opposite, or all 120 degrees apart."""
    count = int(np.count_nonzero(collapsed(model.W)))
    if count < 3 or not bool((model.norms > 0.3).all()):
        return STATES[count] if bool((model.norms > 0.3).all()) else "not all represented"
    gaps = gaps_between_pairs(model.W)
    if bool((np.abs(gaps - 120) < 10).all()):
        return Y
    return T if bool((np.abs(np.sort(gaps, kind="stable") - [90, 90, 180]) < 10).all()) else "three, other angles"


def _states(tables: Tables) -> dict[float, str]:
    """Of the best model at each density."""
    return {density: _state(_pairs(tables, "correlated", density)[0]) for density in _densities(tables)}


def _near(states: dict[float, str], density: float) -> str | None:
    return next((state for one, state in states.items() if abs(one / density - 1) < SAME_DENSITY), None)


def _listed(states: dict[float, str]) -> str:
    return "; ".join(f"{density:g}: {state}" for density, state in states.items())


def _spread(tables: Tables, states: dict[float, str]) -> str:
    agreeing = {s: [_state(model) for model in _pairs(tables, "correlated", s)] for s in states}
    return "; ".join(f"{s:g}: {seeds.count(states[s])} of {len(seeds)}" for s, seeds in agreeing.items()) + " seeds"


def _is_hexagon(W: np.ndarray) -> bool:
    long = bool((np.sqrt(total(W * W, axis=0)) > REPRESENTED_NORM).all())
    return long and bool((np.abs(angular_gaps(W) - 60) < 10).all())


def _dot_products(model: Solution) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Within sets, off the diagonal; between the features of one and of the other set [10, 10]; squared norms."""
    gram = model.gram
    off = ~np.eye(10, dtype=bool)
    within = np.concatenate([gram[:10, :10][off], gram[10:, 10:][off]])
    return within, gram[:10, 10:], np.diagonal(gram)


CLAIMS = (
    claims_of(
        "correlated_features",
        SECTION,
        "five_models",
        Claim(
            right_angles,
            statement="Models prefer to represent correlated features orthogonally, and pair features of different sets.",
            paper="set-mates at 90 deg, in five of five models",
            tolerance="at density 0.05, |cos| < 0.1 between set-mates, each feature has a partner of the other set at "
            "cos < -0.95, in the best model and 90% of all",
            limit="text",
            fixed="before",
        ),
        Claim(
            opposite,
            statement="Models prefer to represent anti-correlated features in opposite directions.",
            paper="set-mates antipodal, in five of five models",
            tolerance="cos < -0.98 between set-mates and |cos| < 0.05 between others, in the best model at densities 0.05 "
            "and 0.5, and in 90% of all at 0.5",
            limit="text",
            fixed="after",
        ),
    )
    + claims_of(
        "correlated_pairs",
        SECTION,
        "five_models",
        Claim(
            hexagon,
            statement="Where three pairs of correlated features cannot all be orthogonal, set-mates are side by side.",
            paper="a hexagon, set-mates at about 66 deg",
            tolerance="at density 0.05, norms 0.9 to 1.05, set-mates next to each other at 60 to 70 deg, sets 120 +- 5 deg "
            "apart",
            limit="figure",
            fixed="before",
        ),
        Claim(
            pentagon_of_independent,
            statement="Six independent features form another shape.",
            paper="no hexagon",
            tolerance="at densities 0.1 and 0.2, five features with norm > 0.5, and one without",
            limit="theory",
            fixed="before",
        ),
        Claim(
            no_hexagon_of_independent,
            statement="Six independent features in two dimensions do not form a hexagon.",
            paper="no hexagon",
            tolerance="the best models at densities 0.02, 0.05, 0.1 and 0.2 are none; differs from print if one is "
            "best, or has a lower expected loss, at 0.02 or 0.05 only",
            limit="text",
            fixed="after",
        ),
        Claim(
            order_of_collapse,
            statement="As density grows, pairs collapse one by one into their principal component, and those spread out.",
            paper="none, one, two, three in a T, three in a Y",
            tolerance="pairs at cos > 0.98 in the best model, never fewer at a higher density; T: gaps of 90, 90, 180 deg, "
            "Y: 120 deg, +-10 deg",
            limit="text",
            fixed="before",
            figure="collapse",
        ),
        Claim(
            ranges_of_collapse,
            statement="None collapse up to density 0.05, one up to 0.15, two up to 0.2, all from 0.25 on, as a Y from 0.5.",
            paper="none <= 0.05, one to 0.15, two to 0.2, T from 0.25 to 0.5, Y >= 0.5",
            tolerance="at each density within those ranges; differs from print if only the order is as printed",
            limit="text",
            fixed="before",
            figure="collapse",
        ),
        Claim(
            collapsed_radius,
            statement="Collapsed pairs represent (a + b) / sqrt 2: both features have that share of it.",
            paper=round(RADIUS, 3),
            tolerance="norms of collapsed features in best models at densities up to 0.5: +-0.1",
            limit="text",
            fixed="after",
            figure="collapse",
        ),
    )
    + claims_of(
        "local_orthogonal_bases",
        SECTION,
        "dot_products",
        Claim(
            local_bases,
            statement="Each set of correlated features is an almost orthogonal basis; 20 features share 10 dimensions.",
            paper="dot products 0.036 on average, at most 0.047",
            tolerance="dot products within sets: mean < 0.06 and maximum < 0.15 in size; squared norms > 0.85",
            limit="figure",
            fixed="before",
        ),
        Claim(
            interference_across,
            statement="Interference is between the sets instead.",
            paper="about 0.12 across sets, 0.036 within",
            tolerance="mean |dot product| across sets, without partners at < -0.7, over that within sets: > 2",
            limit="ours",
            fixed="before",
        ),
        Claim(
            partners,
            statement="Most features of one set have an opposite partner in the other one.",
            paper="8 of 10 features, at about -0.83",
            tolerance="at least 7 of 10 features of the first set have a dot product < -0.7",
            limit="figure",
            fixed="before",
        ),
    )
)
