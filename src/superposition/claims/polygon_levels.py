"""Six features in two dimensions, one of them active at a time: polygons as levels of the loss (Chen et al. 2023,
"Dynamical versus Bayesian Phase Transitions in a Toy Model of Superposition").

Radii, biases and losses of the polygons are this project's own minimisation; tests say that they are critical points,
and that more corners have a lower loss. Where training ends depends on the seed, so that verdicts are on shares of all
seeds.
"""

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from superposition.claims.claim import Claim, Finding, Share, claims_of, plain
from superposition.measures.thresholds import REPRESENTED_NORM
from superposition.readings.plateaus import (
    BIAS_OFF,
    FLAT,
    GAP_OFF,
    IGNORED,
    LONGER,
    OFF,
    RADIUS_OFF,
    Plateau,
    at_level,
    losses_of,
    plateaus,
    polygon_of,
    represented_at,
)
from superposition.readings.results import Tables
from superposition.readings.solutions import Setting, Solution, instances_at, solutions
from superposition.theory.polygon_levels import Level, level

SECTION = "Follow-ups"
N_FEATURES = 6
SETTING = Setting(
    "relu_output", N_FEATURES, n_hidden=2, importance_ratio=1.0, sets="anticorrelated", set_size=N_FEATURES
)
WHERE = f"one of {N_FEATURES} features active at a time"
CORNERS = (4, 5, 6)
KINDS = "4, 5 or 6"
LEVELS = [level(k, N_FEATURES) for k in CORNERS]
WITHOUT_WEIGHTS = level(0, N_FEATURES).loss
NAMES = {4: "square", 5: "pentagon", 6: "hexagon"}
MOST_PLATEAUS, MOST_SEEDS = 0.9, 0.95
PASSING = 0.1  # of seeds

# Plateaus of one seed after its start, each with the level it is at.
Way = list[tuple[Plateau, Level | None]]


def plateaus_at_levels(tables: Tables) -> Finding:
    seen = [one for way in _ways(tables) for one in way]
    there = [(plateau, at) for plateau, at in seen if at]
    if not there:
        return Finding(plain(False), f"none of {len(seen)} plateaus", "none at a level")
    share = Share(len(there), len(seen), "plateaus")
    off = [plateau.loss / at.loss - 1 for plateau, at in there]
    last = int(tables.history["step"].max())
    passed = [at for plateau, at in seen if plateau.last < last]
    others = sorted(plateau.loss for plateau, at in seen if not at)
    return Finding(
        verdict=plain(share.met >= MOST_PLATEAUS * share.of),
        measured=f"{share}, {min(off):+.1%} to {max(off):+.1%} off",
        spread=_counts([NAMES[at.corners] for _, at in there])
        + f"; {sum(at is not None for at in passed)} of {len(passed)} that do not last to the end"
        + (f"; at no level: {', '.join(f'{loss:.2e}' for loss in others)}" if others else ""),
        share=share,
    )


def in_order(tables: Tables) -> Finding:
    ways = [_polygons(way) for way in _ways(tables)]
    steps = Counter(pair for way in ways for pair in pairwise(way))
    back = sum(bool(any(later < earlier for earlier, later in pairwise(way))) for way in ways)
    enough = all(steps[pair] >= PASSING * len(ways) for pair in pairwise(CORNERS))
    return Finding(
        verdict=plain(back == 0 and enough),
        measured=", ".join(f"{a} → {b} in {steps[a, b]}" for a, b in pairwise(CORNERS))
        + f" of {len(ways)} seeds, back in {back}",
        spread="seeds: " + _counts([" → ".join(map(str, way)) or "at none" for way in ways]),
    )


def final_levels(tables: Tables) -> Finding:
    found = _models(tables)
    ends = [at.corners if (at := polygon_of(model, LEVELS)) else None for model in found]
    share = Share(sum(end is not None for end in ends), len(found))
    lowest = ends[0] == max(CORNERS)
    each = [f"{NAMES[k]} {ends.count(k) / len(found):.0%}" for k in CORNERS]
    sizes = [
        _sizes(k, [model for model, end in zip(found, ends, strict=True) if end == k]) for k in CORNERS if k in ends
    ]
    return Finding(
        verdict=plain(share.met >= MOST_SEEDS * share.of and lowest),
        measured=f"{', '.join(each)}; {'; '.join(sizes) or 'no polygons'}",
        spread=f"{share}; levels {' and '.join(f'{at.loss:.3e}' for at in LEVELS)}; the lowest loss is "
        f"{'' if lowest else 'not '}a hexagon's",
        share=share,
    )


def _sizes(k: int, models: Sequence[Solution]) -> str:
    theory = level(k, N_FEATURES)
    norms, biases = (
        np.concatenate([getattr(m, key)[m.norms > REPRESENTED_NORM] for m in models]) for key in ("norms", "b")
    )
    return f"{NAMES[k]} {np.median(norms):.3f}, {np.median(biases):.3f} ({theory.radius:.3f}, {theory.bias:.3f})"


def _ways(tables: Tables) -> list[Way]:
    """Of each seed, lowest loss first; at a level are plateaus with as many features as it has corners."""
    ways = []
    for instance in _instances(tables):
        way: Way = []
        for plateau in plateaus(*losses_of(tables, instance)):
            if plateau.loss >= (1 - OFF) * WITHOUT_WEIGHTS:
                continue
            at = at_level(plateau.loss, LEVELS)
            as_many = at is not None and represented_at(tables, instance, plateau.middle) == at.corners
            way.append((plateau, at if as_many else None))
        ways.append(way)
    return ways


def _polygons(way: Way) -> list[int]:
    """Corners of the polygons that a seed has plateaus at, in order, each stay once."""
    corners = [at.corners for _, at in way if at]
    return [k for place, k in enumerate(corners) if place == 0 or corners[place - 1] != k]


def _counts(names: Sequence[str]) -> str:
    return ", ".join(f"{count} {name}" for name, count in Counter(names).most_common())


def _models(tables: Tables) -> list[Solution]:
    """Lowest loss first; raises NotInThisRun."""
    return solutions(tables, SETTING, 1.0)


def _instances(tables: Tables) -> list[int]:
    _models(tables)
    return instances_at(tables, SETTING, 1.0)["instance"].tolist()


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
        statement="The levels are passed in the order 4, 5, 6: from high loss and few corners to low loss and many "
        f"({WHERE}).",
        paper="4, 5, 6 (Chen et al. 2023)",
        tolerance="no seed goes back to fewer corners; plateaus at 4 and then 5, and at 5 and then 6, in >= "
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
