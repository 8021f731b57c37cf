"""Superposition as a phase change of the loss: branches that cross, and the exact surface without biases.

Branches: expected losses of trained models beside those of the simple solutions. With free weights and biases a model
does up to a tenth better than a simple solution where two of them are nearly as good; the tolerances leave room for it.

Surfaces: what is said of them is about formulas alone. Tom McGrath's comment in the paper shows three, at (S, I_2) =
(0.1, 0.1), (0.7, 0.2) and (0.1, 0.8). He finds the way from the first to the second continuous, which it cannot be: one
side of the kink at W_1 W_2 = 0 always falls off, so that no minimum passes from weights of the same sign to opposite
ones. From the first to the third it is continuous.
"""

import math

import numpy as np
import pandas as pd

from superposition.claims.claim import Claim, Finding, claims_of
from superposition.claims.phase_change import SECTION, diagram
from superposition.exact.sums import mean
from superposition.readings.expected_losses import column, expected_losses
from superposition.readings.results import Tables
from superposition.theory.loss_surfaces import (
    ANTIPODAL,
    CONFUSED,
    DROPPED,
    Minimum,
    Surface,
    best_on_the_way,
    largest_step,
    minima,
)
from superposition.theory.phases import DEDICATED, IGNORED, SUPERPOSED, phase, solution_losses

COMMENT = "Comments & Replications"

CROSSED = {0.2: IGNORED, 5.0: DEDICATED}  # relative importance: what is on the dense side
CELLS = 4  # on either side of a boundary, over which slopes are taken
SLOPE_OFF, SLOPES_APART = 0.25, 2.0  # relative to theory's; ratio of the slopes below and above
BOUNDARY_OFF = 1.25  # ratio of densities
ABOVE = 0.02  # relative, of a loss that counts as on the lowest branch

SHOWN: dict[str, Surface] = {DROPPED: (0.1, 0.1), ANTIPODAL: (0.7, 0.2), CONFUSED: (0.1, 0.8)}  # S and I_2
WAY = 41  # points between two surfaces
SMOOTH, JUMP = 0.1, 0.5  # largest distance between the best weights of neighbouring points
NO_MODELS = "no trained models: a formula"


def branches_cross(tables: Tables) -> Finding:
    diagram(tables, 2)
    judged, texts, singles = [], [], []
    for r, dense_side in CROSSED.items():
        models = column(tables, r)
        best = models[models["best"]].reset_index(drop=True)
        shared = (best["phase"] == SUPERPOSED).to_numpy()
        last = int(shared.argmin())  # the first cell that is not in superposition
        if not shared[0] or last < CELLS or len(best) - last < CELLS:
            judged.append(False)
            texts.append(f"r = {r:g}: no boundary")
            continue
        below, above = best[last - CELLS : last], best[last : last + CELLS]
        slopes = {SUPERPOSED: _slope(below), dense_side: _slope(above)}
        expected = {SUPERPOSED: _slope(below, SUPERPOSED), dense_side: _slope(above, dense_side)}
        edge = float(np.sqrt(best["density"][last - 1] * best["density"][last]))
        theory = _boundary(float(best["importance"][0]))
        near = max(edge / theory, theory / edge) <= BOUNDARY_OFF
        as_expected = all(abs(slopes[name] / expected[name] - 1) <= SLOPE_OFF for name in slopes)
        apart = slopes[SUPERPOSED] >= SLOPES_APART * slopes[dense_side]
        judged.append(near and as_expected and apart)
        texts.append(
            f"r = {r:g}: dL/ds {slopes[SUPERPOSED]:.3f} below and {slopes[dense_side]:.3f} above density {edge:.2f} "
            f"(solutions: {expected[SUPERPOSED]:.3f} and {expected[dense_side]:.3f}, {theory:.2f})"
        )
        beside = models[models["density"].isin(best["density"][last - CELLS : last])]
        other = int(np.count_nonzero(~beside["opposite"] | (beside["phase"] != SUPERPOSED)))
        singles.append(f"{other} of {len(beside)} models below it stay on the higher branch")
    return Finding("holds" if all(judged) else "fails", "; ".join(texts), "; ".join(singles) or "none cross")


def follows_the_lowest_branch(tables: Tables) -> Finding:
    diagram(tables, 2)
    last = tables.features[(tables.features["feature"] == 1) & tables.features["best"]]
    excess = _excess(expected_losses(tables, last["instance"].tolist()), last)
    share = float(mean(excess <= ABOVE))
    models = pd.concat([column(tables, r) for r in (0.2, 1.0, 5.0)])
    single = float(mean(_excess(models["loss"].to_numpy(), models) <= ABOVE))
    return Finding(
        "holds" if share >= 0.99 else "fails",
        f"{share:.1%} of {len(last)} cells; from {excess.min():+.1%} to {excess.max():+.1%}",
        f"{single:.0%} of single models at r = 0.2, 1 and 5",
    )


def three_surfaces(_: Tables) -> Finding:
    lowest = {name: minima(*surface)[0] for name, surface in SHOWN.items()}
    holds = all(found.name == name for name, found in lowest.items())
    texts = [f"S = {S:g}, I_2 = {r:g}: {_said(lowest[name])}" for name, (S, r) in SHOWN.items()]
    return Finding("holds" if holds else "fails", "; ".join(texts), NO_MODELS)


def confused_weights(_: Tables) -> Finding:
    found = minima(*SHOWN[CONFUSED])[0]
    off = max(abs(weight - math.sqrt(0.5)) for weight in found.weights)
    return Finding("holds" if found.name == CONFUSED and off <= 0.05 else "fails", _said(found), NO_MODELS)


def two_minima(_: Tables) -> Finding:
    found = {name: minima(*surface) for name, surface in SHOWN.items()}
    third = found[CONFUSED]
    texts = "; ".join(f"{_said(one)} with loss {one.loss:.3f}" for one in third)
    counts = ", ".join(str(len(ones)) for ones in found.values())
    kinds = {one.name for one in third}
    return Finding("holds" if len(kinds) == len(third) == 2 else "fails", texts, f"{counts} on the three surfaces")


def antipodal_to_confused(_: Tables) -> Finding:
    """At the importance of the third surface, up to the sparsity of the second."""
    start = SHOWN[CONFUSED]
    end = (SHOWN[ANTIPODAL][0], start[1])
    way = best_on_the_way(start, end, WAY)
    step, place = largest_step(way)
    S = start[0] + (end[0] - start[0]) * (place + 0.5) / (WAY - 1)
    named = (way[0].name, way[-1].name) == (CONFUSED, ANTIPODAL)
    text = f"{_said(way[place])} to {_said(way[place + 1])} at S = {S:.2f}, I_2 = {start[1]:g}"
    return Finding("holds" if named and step >= JUMP else "fails", text, NO_MODELS)


def dropped_to_antipodal(_: Tables) -> Finding:
    way = best_on_the_way(SHOWN[DROPPED], SHOWN[ANTIPODAL], WAY)
    step, place = largest_step(way)
    other, _place = largest_step(best_on_the_way(SHOWN[DROPPED], SHOWN[CONFUSED], WAY))
    text = f"largest step {step:.2f}, {_said(way[place])} to {_said(way[place + 1])}"
    return Finding("holds" if step <= SMOOTH else "fails", text, f"from the first to the third surface {other:.2f}")


def _excess(loss: np.ndarray, cells: pd.DataFrame) -> np.ndarray:
    """By how much losses are above that of the best simple solution, relative to it."""
    branches = solution_losses(2, cells["density"].to_numpy(), cells["importance"].to_numpy())
    return np.asarray(loss / np.min(list(branches.values()), axis=0) - 1)


def _slope(cells: pd.DataFrame, branch: str | None = None) -> float:
    """dL/ds between the first and the last cell, of the models or of a simple solution."""
    s = cells["density"].to_numpy()
    L = cells["loss"].to_numpy() if branch is None else solution_losses(2, s, cells["importance"].to_numpy())[branch]
    return float((L[-1] - L[0]) / (s[-1] - s[0]))


def _boundary(r: float) -> float:
    """The density up to which superposition is best in theory."""
    s = np.linspace(0.001, 1, 1000)
    return float(s[phase(2, s, np.full_like(s, r)) == SUPERPOSED].max())


def _said(minimum: Minimum) -> str:
    first, second = minimum.weights
    return f"{minimum.name} ({first:.2f}, {second:.2f})"


CLAIMS = (
    claims_of(
        "phase_change",
        "Superposition as a Phase Change",
        "loss_branches",
        Claim(
            branches_cross,
            statement="The change is of first order: the losses of two solutions cross, so that the derivative of the "
            "optimal loss is discontinuous.",
            paper="a crossover between two different functions",
            tolerance="at r = 0.2 and 5, best models: density of the change within a factor 1.25 of the solutions'; slopes "
            "over 4 cells on either side within 25% of the lower solution's, the one below at least twice the one above",
            limit="theory",
            fixed="after",
        ),
    )
    + claims_of(
        "phase_change",
        SECTION,
        "loss_branches",
        Claim(
            follows_the_lowest_branch,
            statement="Of a few simple solutions the one with the lowest loss says what trained models do.",
            paper="the same regions",
            tolerance="expected loss of the best model at most 2% above the lowest solution's in 99% of cells",
            limit="theory",
            fixed="after",
        ),
    )
    + claims_of(
        "phase_change",
        COMMENT,
        "loss_surfaces",
        Claim(
            three_surfaces,
            statement="Without biases the loss can be integrated; its minima are one dropped feature, an antipodal pair, "
            "and a new phase of confused features.",
            paper="one dropped, antipodal, confused at (S, I_2) = (0.1, 0.1), (0.7, 0.2), (0.1, 0.8)",
            tolerance="the lowest minimum: weights > 0.5 in size and of opposite or of the same sign, else one dropped",
            limit="text",
            fixed="before",
            name="three_phases",
        ),
        Claim(
            confused_weights,
            statement="Where features are dense and both important, the two weights are alike.",
            paper="W_1 and W_2 about 0.707",
            tolerance="lowest minimum at S = 0.1, I_2 = 0.8: each within 0.05 of it",
            limit="text",
            fixed="after",
        ),
        Claim(
            two_minima,
            statement="Some surfaces have two minima, besides the symmetry of (W_1, W_2) and (-W_1, -W_2).",
            paper="two on the third surface",
            tolerance="S = 0.1, I_2 = 0.8: two, of different kinds",
            limit="text",
            fixed="before",
        ),
        Claim(
            antipodal_to_confused,
            statement="The transition between antipodal and confused features is discontinuous.",
            paper="discontinuous",
            tolerance="I_2 = 0.8, S from 0.1 to 0.7 in 40 steps: from confused to antipodal, with a step of the lowest "
            "minimum of at least 0.5",
            limit="text",
            fixed="after",
        ),
        Claim(
            dropped_to_antipodal,
            statement="The transition from the first to the second surface, one dropped feature and an antipodal pair, is "
            "continuous.",
            paper="the minimum moves smoothly",
            tolerance="(S, I_2) from (0.1, 0.1) to (0.7, 0.2) in 40 steps: no step of the lowest minimum above 0.1",
            limit="text",
            fixed="after",
            remark="It cannot be continuous: at W = (1, 0) the loss falls towards W_2 < 0 from one side only, so that no "
            "minimum crosses W_1 W_2 = 0. From the first to the third surface, the confused feature, it is.",
        ),
        topic="loss_surfaces",
    )
)
