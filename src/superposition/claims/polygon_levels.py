"""Six features in two dimensions, one of them active at a time: polygons as levels of the loss (Chen et al. 2023,
"Dynamical versus Bayesian Phase Transitions in a Toy Model of Superposition").

Radii, biases and losses of the polygons are this project's own minimisation; tests say that they are critical points,
and that more corners have a lower loss. Where training ends depends on the seed, so that verdicts are on shares of all
seeds.
"""

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

from superposition.claims.claim import Claim, Finding, Share, claims_of, plain
from superposition.claims.words import listed
from superposition.readings.plateaus import (
    BIAS_OFF,
    FLAT,
    GAP_OFF,
    IGNORED,
    LONGER,
    OFF,
    RADIUS_OFF,
    last_step,
    passed,
    polygon_of,
    typical,
    ways,
)
from superposition.readings.results import Tables
from superposition.readings.solutions import Setting, Solution, solutions
from superposition.theory.polygon_levels import level

SECTION = "Follow-ups"
N_FEATURES = 6
SETTING = Setting(
    "relu_output", N_FEATURES, n_hidden=2, importance_ratio=1.0, sets="anticorrelated", set_size=N_FEATURES
)
WHERE = f"one of {N_FEATURES} features active at a time"
CORNERS = (4, 5, 6)
KINDS = f"{', '.join(map(str, CORNERS[:-1]))} or {CORNERS[-1]}"
LEVELS = [level(k, N_FEATURES) for k in CORNERS]
WITHOUT_WEIGHTS = level(0, N_FEATURES).loss
NAMES = {4: "square", 5: "pentagon", 6: "hexagon"}
MOST_PLATEAUS, MOST_SEEDS = 0.9, 0.95
PASSING = 0.1  # of seeds
ONE_ACTIVE = 1.0  # density


def plateaus_at_levels(tables: Tables) -> Finding:
    seen = [one for way in ways(tables, SETTING, ONE_ACTIVE, LEVELS, WITHOUT_WEIGHTS) for one in way]
    there = [(plateau, at) for plateau, at in seen if at]
    if not there:
        return Finding(plain(False), f"none of {len(seen)} plateaus", "none at a level")
    share = Share(len(there), len(seen), "plateaus")
    off = [plateau.loss / at.loss - 1 for plateau, at in there]
    ended = [at for plateau, at in seen if plateau.last < last_step(tables)]
    others = sorted(plateau.loss for plateau, at in seen if not at)
    return Finding(
        verdict=plain(share.reaches(MOST_PLATEAUS)),
        measured=f"{share}, {min(off):+.1%} to {max(off):+.1%} off",
        spread=_counts([NAMES[at.corners] for _, at in there])
        + f"; {sum(at is not None for at in ended)} of {len(ended)} that do not last to the end"
        + (f"; at no level: {', '.join(f'{loss:.2e}' for loss in others)}" if others else ""),
        share=share,
    )


def in_order(tables: Tables) -> Finding:
    seeds = [passed(way) for way in ways(tables, SETTING, ONE_ACTIVE, LEVELS, WITHOUT_WEIGHTS)]
    steps = Counter(pair for way in seeds for pair in pairwise(way))
    back = sum(bool(any(later < earlier for earlier, later in pairwise(way))) for way in seeds)
    enough = all(steps[pair] >= PASSING * len(seeds) for pair in pairwise(CORNERS))
    return Finding(
        verdict=plain(back == 0 and enough),
        measured=", ".join(f"{a} → {b} in {steps[a, b]}" for a, b in pairwise(CORNERS))
        + f" of {len(seeds)} seeds, back in {back}",
        spread="seeds: " + _counts([" → ".join(map(str, way)) or "at none" for way in seeds]),
    )


def final_levels(tables: Tables) -> Finding:
    found = solutions(tables, SETTING, ONE_ACTIVE)
    ends = [at.corners if (at := polygon_of(model, LEVELS)) else None for model in found]
    share = Share(sum(end is not None for end in ends), len(found))
    lowest = ends[0] == max(CORNERS)
    each = [f"{NAMES[k]} {ends.count(k) / len(found):.0%}" for k in CORNERS]
    sizes = [
        _sizes(k, [model for model, end in zip(found, ends, strict=True) if end == k]) for k in CORNERS if k in ends
    ]
    return Finding(
        verdict=plain(share.reaches(MOST_SEEDS) and lowest),
        measured=f"{', '.join(each)}; {'; '.join(sizes) or 'no polygons'}",
        spread=f"{share}; levels {' and '.join(f'{at.loss:.3e}' for at in LEVELS)}; the lowest loss is "
        f"{'' if lowest else 'not '}a hexagon's",
        share=share,
    )


def _sizes(k: int, models: Sequence[Solution]) -> str:
    theory, (radius, bias) = level(k, N_FEATURES), typical(models)
    return f"{NAMES[k]} {radius:.3f}, {bias:.3f} ({theory.radius:.3f}, {theory.bias:.3f})"


def _counts(names: Sequence[str]) -> str:
    return ", ".join(f"{count} {name}" for name, count in Counter(names).most_common())


CLAIMS = claims_of(
    "polygon_levels",
    SECTION,
    "levels",
    Claim(
        plateaus_at_levels,
        statement=f"Plateaus of the loss while training are at the levels of k-gons ({WHERE}).",
        paper="plateaus at L(k, c) (Chen et al. 2023)",
        tolerance=f"loss within {FLAT:.0%} while steps grow by {LONGER - 1:.0%}, below that without weights: >= "
        f"{MOST_PLATEAUS:.0%} of such plateaus within {OFF:.0%} of L(k, {N_FEATURES}), k = {KINDS}, while k features "
        "are represented",
        limit="theory",
        fixed="after",
        name="plateaus",
        remark="All plateaus that last to the end are at levels. On the way down seeds rest elsewhere too, at "
        "saddles that are no regular polygons: mostly at a pentagon two of whose features share a corner "
        "(dotted in the figure).",
    ),
    Claim(
        in_order,
        statement=f"The levels are passed in the order {listed(CORNERS)}: from high loss and few corners to low loss "
        f"and many ({WHERE}).",
        paper="4, 5, 6 (Chen et al. 2023)",
        tolerance="no seed goes back to fewer corners; plateaus at "
        f"{', and at '.join(f'{a} and then {b}' for a, b in pairwise(CORNERS))}, in >= "
        f"{PASSING:.0%} of seeds each",
        limit="ours",
        fixed="after",
        name="order",
        remark="No seed goes back, but few pass more than one level: squares and pentagons are minima of the "
        "loss, not saddles, so that small steps end at the first one that they come to. Six corners are "
        "reached without a stop at five.",
        known="With initial weights of 0.3 or 0.5, a rate of 3, or AdamW, 0 to 8% of seeds pass 4 and then 5, "
        "and none 5 and then 6.",
    ),
    Claim(
        final_levels,
        statement="Training ends at regular k-gons, at the levels of their losses; the lowest is that of the hexagon "
        f"({WHERE}).",
        paper="a radius and a bias for each k; L(6, 6) < L(5, 6) < L(4, 6) (Chen et al. 2023)",
        tolerance=f">= {MOST_SEEDS:.0%} of seeds end within {OFF:.0%} of L(k, {N_FEATURES}), k = {KINDS}, as the "
        f"polygon of k represented features: radius within {RADIUS_OFF:.0%}, bias within {BIAS_OFF:g}, gaps within "
        f"{GAP_OFF} degrees, other norms < {IGNORED:g}; the best one as a hexagon",
        limit="theory",
        fixed="after",
    ),
)
