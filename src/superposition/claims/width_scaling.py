"""How the loss falls with the number of hidden dimensions (Liu, Liu & Gore 2025, "Superposition Yields Robust Neural
Scaling"): features of which few are represented, and features that all are.

Weight decay sets which of both it is. One that shrinks weights leaves a dimension to each of the most frequent features
and drops the others ("weak superposition"), one that pulls the length of each feature to 1 keeps all of them ("strong
superposition"). Feature i is active with a probability proportional to i^-a, one feature of a sample on average. The
source has 1000 features; its exponents are those of infinitely many.
"""

from itertools import pairwise

import numpy as np

from superposition.claims.claim import Claim, Finding, Verdict, claims_of
from superposition.claims.judging import Judged, over_ranks
from superposition.claims.words import in_turn, listed
from superposition.exact.sums import mean
from superposition.measures.thresholds import REPRESENTED_NORM
from superposition.readings.results import NotInThisRun, Tables
from superposition.readings.width_scaling import (
    Family,
    Scaled,
    Sweep,
    at_exponent,
    falls_as,
    families,
    least_overlap,
    overlap,
    slope,
)

SECTION = "Follow-ups"
SOURCE = "(Liu et al. 2025)"
N_FEATURES = 100
FLAT, STEEP = 0.0, 1.5  # exponents of densities

MOST = 0.8  # of the features
INVERSE = (0.85, 1.15)  # slope of 1/m
STRAIGHT = 0.4  # between powers at neighbouring widths
STEEPER = 1.1
OVERLAPS = (0.75, 1.5)  # in units of 1/m
TIGHT = 0.03  # above the least overlap
OF_LEFT_OUT = 0.3  # how far a loss may be above that of what is left out
SAME_SLOPE, FALLS = 0.15, 0.15  # off the power of the sum; a power that falls at all
LIMIT_OFF = 0.1  # from the power of the limit
FREQUENT = 0.9  # of the represented features are the most frequent ones
NOTHING_IN_COMMON = "the two experiments have no point in common"


def all_are_represented(tables: Tables) -> Finding:
    def judge(family: Family) -> Judged:
        least = min(model.share for sweep in family.values() for model in sweep.values())
        return Judged(least > MOST, least, f"at least {least:.0%}")

    return over_ranks(families(tables, N_FEATURES), judge, "of the features")


def inverse_width(tables: Tables) -> Finding:
    def judge(sweep: Sweep) -> Judged:
        found = slope(sweep)
        low, high = INVERSE
        return Judged(low <= found <= high, found, f"m^-{found:.2f} over m = {listed(sweep)}")

    return over_ranks(at_exponent(tables, N_FEATURES, FLAT), judge, "the power")


def straight_line(tables: Tables) -> Finding:
    def judge(sweep: Sweep) -> Judged:
        between = [falls_as({a: sweep[a].loss, b: sweep[b].loss}) for a, b in pairwise(sweep)]
        apart = max(between) - min(between)
        text = f"m^-{listed(round(power, 2) for power in between)} between m = {listed(sweep)}"
        return Judged(apart <= STRAIGHT and min(between) > 0, apart, text)

    return over_ranks(at_exponent(tables, N_FEATURES, FLAT), judge, "apart")


def steeper_where_skewed(tables: Tables) -> Finding:
    def judge(family: Family) -> Judged:
        found = {exponent: slope(sweep) for exponent, sweep in family.items()}
        if not {FLAT, STEEP} <= found.keys():
            raise NotInThisRun(f"the claim needs densities that fall as i^-{FLAT:g} and as i^-{STEEP:g}")
        rising = all(b > a for a, b in pairwise(found.values()))
        return Judged(rising and found[STEEP] > STEEPER, found[STEEP], said(found))

    return over_ranks(families(tables, N_FEATURES), judge, f"the power at i^-{STEEP:g}")


def overlaps_of_random_directions(tables: Tables) -> Finding:
    def judge(family: Family) -> Judged:
        found = [overlap(model) for sweep in family.values() for model in sweep.values()]
        low, high = OVERLAPS
        return Judged(low <= min(found) and max(found) <= high, max(found), f"{min(found):.2f} to {max(found):.2f}")

    return over_ranks(families(tables, N_FEATURES), judge, "at most")


def tight_frame(tables: Tables) -> Finding:
    def judge(sweep: Sweep) -> Judged:
        off = {m: overlap(model) / least_overlap(model) - 1 if least_overlap(model) else np.inf
               for m, model in sweep.items()}  # fmt: skip
        largest = max(off.values())
        text = ", ".join(f"{value:.1%}" for value in off.values()) + f" above at m = {listed(sweep)}"
        return Judged(largest <= TIGHT, largest, text)

    return over_ranks(at_exponent(tables, N_FEATURES, FLAT), judge, "above, at most")


def fewer_with_decay(weak: Tables, strong: Tables) -> Finding:
    kept = at_exponent(strong, N_FEATURES, STEEP)[0]

    def judge(sweep: Sweep) -> Judged:
        pairs = [(model.share, kept[m].share) for m, model in sweep.items() if m in kept]
        if not pairs:
            raise NotInThisRun(NOTHING_IN_COMMON)
        few, many = zip(*pairs, strict=True)
        text = f"{min(few):.0%} to {max(few):.0%} in place of {min(many):.0%} to {max(many):.0%}"
        return Judged(all(0 < a < b for a, b in pairs), max(few), text)

    return over_ranks(at_exponent(weak, N_FEATURES, STEEP), judge, "of the features at most")


def loss_is_what_is_left_out(tables: Tables) -> Finding:
    def judge(sweep: Sweep) -> Judged:
        ratios = {m: model.loss / model.left_out if model.left_out else np.inf for m, model in sweep.items()}
        low, high = min(ratios.values()), max(ratios.values())
        text = ", ".join(f"{ratio:.2f}" for ratio in ratios.values()) + f" times at m = {listed(ratios)}"
        return Judged(low >= 1 and high <= 1 + OF_LEFT_OUT, high, text)

    return over_ranks(at_exponent(tables, N_FEATURES, STEEP), judge, "times at most")


def falls_as_what_is_left_out(tables: Tables) -> Finding:
    def judge(sweep: Sweep) -> Judged:
        found, expected = slope(sweep), falls_as({m: model.left_out for m, model in sweep.items()})
        holds = abs(found - expected) <= SAME_SLOPE and found > FALLS
        return Judged(holds, found, f"m^-{found:.2f}, that of the sum m^-{expected:.2f}")

    return over_ranks(at_exponent(tables, N_FEATURES, STEEP), judge, "the power")


def exponent_less_one(tables: Tables) -> Finding:
    """As it is said of the limit; where only the sum over this many features is met, it is so with another number."""
    sweeps = at_exponent(tables, N_FEATURES, STEEP)

    def judge(sweep: Sweep) -> Judged:
        found = slope(sweep)
        return Judged(abs(found - (STEEP - 1)) <= LIMIT_OFF, found, f"m^-{found:.2f}")

    finding = over_ranks(sweeps, judge, "the power")
    if finding.verdict == "fails" and falls_as_what_is_left_out(tables).verdict == "holds":
        other: Verdict = "differs_from_print"
        return Finding(other, finding.measured, finding.spread, finding.share)
    return finding


def most_frequent_are_kept(tables: Tables) -> Finding:
    def judge(sweep: Sweep) -> Judged:
        shares = {m: _frequent(model) for m, model in sweep.items()}
        text = f"{min(shares.values()):.0%} at least, {', '.join(str(_count(model)) for model in sweep.values())} "
        return Judged(
            min(shares.values()) >= FREQUENT, min(shares.values()), f"{text}represented at m = {listed(sweep)}"
        )

    return over_ranks(at_exponent(tables, N_FEATURES, STEEP), judge, "of them at least")


def better_where_wide(strong: Tables, weak: Tables) -> Finding:
    others = families(weak, N_FEATURES)[0]

    def judge(family: Family) -> Judged:
        ratios = {
            exponent: {m: model.loss / there[m].loss for m, model in sweep.items() if m in there}
            for exponent, sweep in family.items()
            if sweep.keys() & (there := others.get(exponent, {})).keys()
        }
        if not ratios:
            raise NotInThisRun(NOTHING_IN_COMMON)
        ends = {exponent: [own[min(own)], own[max(own)]] for exponent, own in ratios.items()}
        largest = max(end for _, end in ends.values())
        text = "; ".join(f"i^-{exponent:g}: {first:.2f} to {last:.2f}" for exponent, (first, last) in ends.items())
        return Judged(largest < 1, largest, f"{text} times the loss, from narrow to wide")

    return over_ranks(families(strong, N_FEATURES), judge, "times in the widest, at most")


def said(slopes: dict[float, float]) -> str:
    return f"m^-{in_turn({exponent: round(value, 2) for exponent, value in slopes.items()})} (exponent of densities)"


def _count(model: Scaled) -> int:
    return int(np.count_nonzero(model.represented))


def _frequent(model: Scaled) -> float:
    """Of the k represented features, how many are among the k most frequent ones; 0 of none."""
    k = _count(model)
    return float(mean(model.represented[:k])) if k else 0.0


STRONG = claims_of(
    "width_scaling",
    SECTION,
    "widths",
    Claim(
        all_are_represented,
        statement="Where weight decay pulls the length of features to 1, models represent most of them, however narrow "
        "they are and however rare the features.",
        paper=f"strong superposition: a share of features near 1 {SOURCE}",
        tolerance=f"norm > {REPRESENTED_NORM:g}: more than {MOST:.0%} of {N_FEATURES} features at each width and "
        "exponent",
        limit="ours",
        fixed="after",
        remark="So it is but for the narrowest models; from the next width on nearly all are represented.",
    ),
    Claim(
        inverse_width,
        statement="Where all features are represented and equally frequent, the loss falls as 1/m.",
        paper=f"exponent near 1 {SOURCE}",
        tolerance=f"least squares of log loss over log m: m^-{INVERSE[0]:g} to m^-{INVERSE[1]:g}",
        limit="ours",
        fixed="before",
        remark="Overlaps fall so, but the loss falls faster: where they are small, a bias takes away more of them.",
        known="The source has 1000 features, and ten or more of them for each dimension.",
    ),
    Claim(
        steeper_where_skewed,
        statement="It falls faster where frequencies are skewed.",
        paper=f"larger exponents for steeper frequencies {SOURCE}",
        tolerance=f"the power rises with the exponent of densities, and is above {STEEPER:g} at {STEEP:g}",
        limit="ours",
        fixed="before",
    ),
    Claim(
        overlaps_of_random_directions,
        statement="Squared overlaps of features are about 1/m, as those of random directions are.",
        paper=f"mean squared overlap near 1/m {SOURCE}",
        tolerance=f"mean squared cosine of two represented features, times m: {OVERLAPS[0]:g} to {OVERLAPS[1]:g} at "
        "each width and exponent",
        limit="ours",
        fixed="after",
        name="overlaps",
        remark="In the other ranks overlaps are larger at some width.",
    ),
    Claim(
        tight_frame,
        statement="Equally frequent features are more evenly spread than random directions: as evenly as can be.",
        paper="a tight frame has the least overlap, (n - m) / (n - 1) / m (Welch 1974)",
        tolerance=f"mean squared cosine at most {TIGHT:.0%} above the least of as many directions",
        limit="theory",
        fixed="after",
    ),
    Claim(
        straight_line,
        statement="Where all features are represented and equally frequent, the loss is a power of the width: a "
        "straight line in logarithms.",
        paper=f"power laws {SOURCE}",
        tolerance=f"powers between neighbouring widths differ by at most {STRAIGHT:g}",
        limit="ours",
        fixed="after",
        remark="It is flat at first and then steep: the narrowest models are near the loss of no model at all, from "
        "where on it cannot rise, and in wide ones features begin to be orthogonal.",
    ),
    Claim(
        better_where_wide,
        statement="In models that are wide enough, representing all features has a lower loss than representing few.",
        paper="not said",
        tolerance="in the widest models, at each exponent: loss over that of models whose weights decay < 1",
        limit="ours",
        fixed="after",
        beside=("width_scaling_weak",),
    ),
)

WEAK = claims_of(
    "width_scaling_weak",
    SECTION,
    "widths",
    Claim(
        fewer_with_decay,
        statement="Weight decay decides how many features are represented: where it shrinks weights, fewer are "
        f"(densities i^-{STEEP:g}).",
        paper=f"the share falls as decay grows {SOURCE}",
        tolerance=f"norm > {REPRESENTED_NORM:g}: at each width some, and fewer than where lengths are pulled to 1",
        limit="text",
        fixed="before",
        beside=("width_scaling",),
    ),
    Claim(
        loss_is_what_is_left_out,
        statement=f"Most of the loss of such models is that of the features they leave out (densities i^-{STEEP:g}).",
        paper=f"the summed frequency of ignored features {SOURCE}",
        tolerance=f"loss at least the variance of features without a norm > {REPRESENTED_NORM:g}, and at most "
        f"{OF_LEFT_OUT:.0%} above it, at each width",
        limit="ours",
        fixed="after",
        name="left_out",
    ),
    Claim(
        most_frequent_are_kept,
        statement=f"The features that they keep are the most frequent ones (densities i^-{STEEP:g}).",
        paper=f"the most important features {SOURCE}",
        tolerance=f"of k represented features at least {FREQUENT:.0%} are among the k most frequent, at each width",
        limit="ours",
        fixed="before",
    ),
    Claim(
        falls_as_what_is_left_out,
        statement="Their loss falls with the width as the sum of what is left out does "
        f"(densities i^-{STEEP:g}, {N_FEATURES} features).",
        paper=f"as the sum over ignored features {SOURCE}",
        tolerance=f"least squares of log loss over log m: within {SAME_SLOPE:g} of the same of that sum, and above "
        f"{FALLS:g}",
        limit="theory",
        fixed="before",
        name="sum_of_the_rest",
    ),
    Claim(
        exponent_less_one,
        statement=f"The power is the exponent of densities less 1 (densities i^-{STEEP:g}, {N_FEATURES} features).",
        paper=STEEP - 1,
        tolerance=f"within {LIMIT_OFF:g} of it; it differs from print if the sum over {N_FEATURES} features is met",
        limit="theory",
        fixed="after",
        remark="The power is that of the limit of infinitely many features, a dimension for each that is kept. Of so "
        "few, the sum of what is left out falls faster, as it ends, and as models keep more features than dimensions.",
    ),
)

CLAIMS = (*STRONG, *WEAK)
