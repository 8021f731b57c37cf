"""Six features in two dimensions, one of them active at a time: polygons as levels of the loss (Chen et al. 2023,
"Dynamical versus Bayesian Phase Transitions in a Toy Model of Superposition").

Radii, biases and losses of the polygons are this project's own minimisation. Where training ends depends on the seed,
so that verdicts are on shares of all seeds.
"""

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from superposition.claims.claim import Claim, Finding, Verdict, claims_of
from superposition.measures.thresholds import REPRESENTED_NORM
from superposition.readings.plateaus import OFF, Plateau, at_level, losses_of, plateaus, represented_at
from superposition.readings.results import NotInThisRun, Tables
from superposition.readings.solutions import Setting, Solution, solutions
from superposition.theory.angles import angular_gaps
from superposition.theory.polygon_levels import Level, level, steepest

SECTION = "Follow-ups"
N_FEATURES = 6
SETTING = Setting("relu_output", N_FEATURES, n_hidden=2, importance_ratio=1.0, sets="anticorrelated")
CORNERS = (4, 5, 6)
LEVELS = [level(k, N_FEATURES) for k in CORNERS]
WITHOUT_WEIGHTS = level(0, N_FEATURES).loss
NAMES = {4: "square", 5: "pentagon", 6: "hexagon"}

# Plateaus of one seed after its start, each with the level it is at.
Way = list[tuple[Plateau, Level | None]]


def critical_points(tables: Tables) -> Finding:
    found = _models(tables)
    regular = {k: [model for model in found if model.represented == k and _is_polygon(model)] for k in CORNERS}
    share = sum(len(one) for one in regular.values()) / len(found)
    flat = all(steepest(one, N_FEATURES) < 1e-5 for one in (level(2, N_FEATURES), level(3, N_FEATURES), *LEVELS))
    said = [_sizes(k, models) for k, models in regular.items() if models]
    return Finding(
        verdict=_verdict(flat and share >= 0.9),
        measured=f"{'; '.join(said) or 'no polygons'}; theory's slopes {'below' if flat else 'not below'} 1e-5",
        spread=f"{sum(len(one) for one in regular.values())} of {len(found)} seeds end as one",
    )


def plateaus_at_levels(tables: Tables) -> Finding:
    seen = [one for way in _ways(tables) for one in way]
    there = [(plateau, at) for plateau, at in seen if at]
    if not there:
        return Finding("fails", f"none of {len(seen)} plateaus", "none at a level")
    off = [plateau.loss / at.loss - 1 for plateau, at in there]
    last = int(tables.history["step"].max())
    passed = [at for plateau, at in seen if plateau.last < last]
    others = sorted(plateau.loss for plateau, at in seen if not at)
    return Finding(
        verdict=_verdict(len(there) >= 0.9 * len(seen)),
        measured=f"{len(there)} of {len(seen)} plateaus, {min(off):+.1%} to {max(off):+.1%} off",
        spread=_counts([NAMES[at.corners] for _, at in there])
        + f"; {sum(at is not None for at in passed)} of {len(passed)} that do not last to the end"
        + (f"; at no level: {', '.join(f'{loss:.2e}' for loss in others)}" if others else ""),
    )


def in_order(tables: Tables) -> Finding:
    ways = [_polygons(way) for way in _ways(tables)]
    steps = Counter(pair for way in ways for pair in pairwise(way))
    back = sum(bool(any(later < earlier for earlier, later in pairwise(way))) for way in ways)
    enough = all(steps[pair] >= 0.1 * len(ways) for pair in pairwise(CORNERS))
    return Finding(
        verdict=_verdict(back == 0 and enough),
        measured=", ".join(f"{a} → {b} in {steps[a, b]}" for a, b in pairwise(CORNERS))
        + f" of {len(ways)} seeds, back in {back}",
        spread="seeds: " + _counts([" → ".join(map(str, way)) or "at none" for way in ways]),
    )


def final_levels(tables: Tables) -> Finding:
    found = _models(tables)
    ends = [at_level(model.loss, LEVELS) for model in found]
    there = [at.corners for at, model in zip(ends, found, strict=True) if at and at.corners == model.represented]
    lowest = bool(there) and ends[0] is not None and there[0] == ends[0].corners == max(CORNERS)
    square, pentagon, hexagon = (at.loss for at in LEVELS)
    shares = [f"{NAMES[k]} {there.count(k) / len(found):.0%}" for k in CORNERS]
    return Finding(
        verdict=_verdict(len(there) >= 0.95 * len(found) and lowest and hexagon < pentagon < square),
        measured=", ".join(shares),
        spread=f"{len(there)} of {len(found)} seeds; levels {square:.3e}, {pentagon:.3e} and {hexagon:.3e}; the lowest "
        f"loss is {'' if lowest else 'not '}a hexagon's",
    )


def _is_polygon(model: Solution) -> bool:
    theory = level(model.represented, N_FEATURES)
    corners = model.norms > REPRESENTED_NORM
    return bool(
        (np.abs(model.norms[corners] / theory.radius - 1) < 0.05).all()
        and (np.abs(model.b[corners] - theory.bias) < 0.05).all()
        and (np.abs(angular_gaps(model.W[:, corners]) - 360 / model.represented) < 5).all()
        and (model.norms[~corners] < 0.1).all()
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


def _verdict(holds: bool) -> Verdict:
    return "holds" if holds else "fails"


def _models(tables: Tables) -> list[Solution]:
    """Lowest loss first; raises NotInThisRun."""
    found = solutions(tables, SETTING, 1.0)
    if set(tables.instances["set_size"]) != {N_FEATURES}:
        raise NotInThisRun(f"the claim is about one active feature of {N_FEATURES}")
    return found


def _instances(tables: Tables) -> list[int]:
    _models(tables)
    return tables.instances.sort_values(["loss", "seed"])["instance"].tolist()


CLAIMS = claims_of(
    "polygon_levels",
    SECTION,
    "levels",
    Claim(
        critical_points,
        statement="With one active feature at a time and two hidden dimensions, regular k-gons are critical points of "
        "the loss, and training ends at them.",
        paper="critical points; a radius and a bias for each k (Chen et al. 2023)",
        tolerance="k = 2 to 6: slopes of the exact loss by each weight and bias below 1e-5; >= 90% of seeds end as a "
        "polygon: radius within 5%, bias within 0.05, gaps within 5 degrees, other norms < 0.1",
        limit="theory",
        fixed="after",
    ),
    Claim(
        plateaus_at_levels,
        statement="Plateaus of the loss while training are at the levels of k-gons.",
        paper="plateaus at L(k, c) (Chen et al. 2023)",
        tolerance="loss within 3% while steps grow by a quarter, below that without weights: >= 90% of such plateaus "
        "within 3% of L(k, 6), k = 4, 5 or 6, while k features are represented",
        limit="theory",
        fixed="after",
        name="plateaus",
        remark="All plateaus that last to the end are at levels. On the way down seeds rest elsewhere too, at saddles "
        "that are no regular polygons: near 0.0115 at a pentagon two of whose features share a corner (dotted in the "
        "figure), near 0.0175 at such a square.",
    ),
    Claim(
        in_order,
        statement="The levels are passed in the order 4, 5, 6: from high loss and few corners to low loss and many.",
        paper="4, 5, 6 (Chen et al. 2023)",
        tolerance="no seed goes back to fewer corners; plateaus at 4 and then 5, and at 5 and then 6, in >= 10% of "
        "seeds each",
        limit="ours",
        fixed="after",
        name="order",
        remark="No seed goes back, but few pass more than one level: squares and pentagons are minima of the loss, "
        "not saddles, so that small steps end at the first one that they come to. Six corners are reached without a "
        "stop at five. With initial weights of 0.3 or 0.5, a rate of 3, or AdamW, 0 to 8% of seeds pass 4 and then 5, "
        "and none 5 and then 6.",
    ),
    Claim(
        final_levels,
        statement="Training ends at the level of a polygon; the lowest is that of the hexagon.",
        paper="L(6, 6) < L(5, 6) < L(4, 6) (Chen et al. 2023)",
        tolerance=">= 95% of seeds end within 3% of L(k, 6), k = 4, 5 or 6, with k represented features, and the best "
        "one as a hexagon",
        limit="theory",
        fixed="after",
    ),
)
