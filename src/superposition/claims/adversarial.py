"""Attacks on the models of the geometry experiment ("Superposition and Adversarial Robustness").

Vulnerability is how much attacks raise the loss, over what they add to the loss of a model without superposition. The
paper does not say which one that is. Claims are judged with the linear model at the same sparsity, whose attacks are as
strong: theory/attacks.py has what they add. The other candidate is the dense model of this experiment; over it,
vulnerability does not rise, since attacks are relative to inputs, which get shorter. What is measured is given with
both. x is 1 / (1 - S).
"""

import numpy as np

from superposition.claims.chance import rank_correlation
from superposition.claims.claim import Claim, Finding, claims_of
from superposition.claims.geometry import SETTING, SPARSEST, WHOLE
from superposition.claims.judging import Judged, over_ranks
from superposition.exact.sums import mean
from superposition.readings.dimensions import between
from superposition.readings.results import Tables
from superposition.readings.vulnerability import Sweep, attacked_sweeps
from superposition.theory.attacks import read_off

SECTION = "Superposition and Adversarial Robustness"
START = (1.0, 1.0)  # ranges of x, this one without superposition
END = (SPARSEST, SPARSEST)
FORMING = (1.6, 3.4)  # where the paper's figure marks "start to use superposition" and "more than antipodal"
PLATEAU, POINTS = (2.2, 3.4), 2  # densities at least
SHARP = 3  # times the vulnerability at the start
LEVEL, FLAT = (2.5, 4.5), 0.1  # the last relative to the mean
BEYOND = 2  # times the plateau
CLOSE, SPARSITIES = 0.95, 20  # rank correlation, and over how many densities at least
OFF = 0.1  # relative; three times what reading the figure is off by
LINEAR = "a linear model's at the same sparsity"

BASELINES = ("vulnerability", "over_dense")  # the linear model, and the dense one


def tracks_features_per_dimension(tables: Tables) -> Finding:
    def judge(sweep: Sweep) -> Judged:
        ranks, dense = (
            rank_correlation(sweep[name].round(6), sweep["features_per_dimension"].round(6)) for name in BASELINES
        )
        text = f"{ranks:.3f} over {len(sweep)} sparsities ({dense:.3f} over the dense model)"
        return Judged(ranks > CLOSE, round(ranks, 3), text)

    return over_ranks(attacked_sweeps(tables, SETTING, WHOLE, SPARSITIES), judge, "rank correlation")


def follows_the_curve(tables: Tables) -> Finding:
    def judge(sweep: Sweep) -> Judged:
        paper = read_off(sweep["x"].to_numpy())
        off, dense = (sweep[name].to_numpy() / paper - 1 for name in BASELINES)
        median, other = (float(np.median(np.abs(each))) for each in (off, dense))
        worst = int(np.abs(off).argmax())
        text = f"{median:.0%} off, at most {off[worst]:+.0%} (at {sweep['x'].iloc[worst]:.2f})"
        return Judged(median <= OFF, round(median, 3), f"{text}; {other:.0%} off over the dense model")

    return over_ranks(attacked_sweeps(tables, SETTING, WHOLE, SPARSITIES), judge, "off in the median")


def rises(tables: Tables) -> Finding:
    def judge(sweeps: tuple[Sweep, Sweep, Sweep]) -> Judged:
        start, forming, end = sweeps
        place = int(forming["vulnerability"].to_numpy().argmax())
        highest, last = (
            [float(sweep[name].iloc[at] / start[name].iloc[0]) for name in BASELINES]
            for sweep, at in ((forming, place), (end, 0))
        )
        text = f"{highest[0]:.2f} at {forming['x'].iloc[place]:.2f}, {last[0]:.2f} at {SPARSEST:g} "
        text += f"({highest[1]:.2f} and {last[1]:.2f} over the dense model)"
        return Judged(highest[0] > SHARP, round(highest[0], 2), text)

    ranges = (attacked_sweeps(tables, SETTING, x_range) for x_range in (START, FORMING, END))
    return over_ranks(list(zip(*ranges, strict=True)), judge, "times as vulnerable")


def plateau(tables: Tables) -> Finding:
    def judge(sweep: Sweep) -> Judged:
        found = sweep["vulnerability"]
        middle = float(mean(found))
        dense = ", ".join(f"{value:.2f}" for value in sweep["over_dense"])
        text = ", ".join(f"{row.x:.2f}: {row.vulnerability:.2f}" for row in sweep.itertuples())
        holds = bool(found.between(*LEVEL).all() and found.between((1 - FLAT) * middle, (1 + FLAT) * middle).all())
        return Judged(holds, round(middle, 2), f"{text} ({dense} over the dense model)")

    return over_ranks(attacked_sweeps(tables, SETTING, PLATEAU, POINTS), judge, "on the plateau")


def rises_beyond_the_plateau(tables: Tables) -> Finding:
    def judge(pair: tuple[Sweep, Sweep]) -> Judged:
        ratio, dense = (float(pair[1][name].iloc[0] / mean(pair[0][name])) for name in BASELINES)
        return Judged(ratio >= BEYOND, round(ratio, 2), f"{ratio:.2f} ({dense:.2f} over the dense model)")

    pairs = list(
        zip(attacked_sweeps(tables, SETTING, PLATEAU, POINTS), attacked_sweeps(tables, SETTING, END), strict=True)
    )
    return over_ranks(pairs, judge, "times the plateau")


CLAIMS = claims_of(
    "geometry",
    SECTION,
    "adversarial_vulnerability",
    Claim(
        tracks_features_per_dimension,
        statement=f"Vulnerability to adversarial examples, relative to {LINEAR}, tracks the number of features per "
        "dimension.",
        paper="they follow each other closely",
        tolerance=f"rank correlation of vulnerability and ||W||_F^2 / m over {SPARSITIES} or more sparsities, "
        f"{between(WHOLE)}: > {CLOSE:g}",
        limit="ours",
        fixed="before",
    ),
    Claim(
        follows_the_curve,
        statement=f"In the median, vulnerability, relative to {LINEAR}, is as high as in the figure.",
        paper="0 off",
        tolerance=f"median distance from the curve read off the figure, {between(WHOLE)}: <= {OFF:.0%} of it",
        limit="figure",
        fixed="after",
    ),
    Claim(
        rises,
        statement=f"Vulnerability, relative to {LINEAR}, rises sharply as superposition forms, to more than {SHARP} "
        "times that of a model without it.",
        paper=3.2,
        # The paper's words are of superposition that forms; at x = 10, far beyond, its figure has 8.
        tolerance=f"highest vulnerability at {between(FORMING)} over that at {START[0]:g}: > {SHARP}",
        limit="text",
        fixed="after",
    ),
    Claim(
        plateau,
        statement=f"While features are in antipodal pairs, {between(PLATEAU)}, vulnerability, relative to {LINEAR}, "
        "stays the same.",
        paper="3.2 to 3.3",
        tolerance=f"{LEVEL[0]:g} to {LEVEL[1]:g} at all {between(PLATEAU)}, and within {FLAT:.0%} of their mean",
        limit="ours",
        fixed="before",
    ),
    Claim(
        rises_beyond_the_plateau,
        statement=f"Beyond antipodal pairs vulnerability, relative to {LINEAR}, rises again, with the number of "
        "features.",
        paper=2.6,
        tolerance=f"at {SPARSEST:g} at least {BEYOND} times the mean at {between(PLATEAU)}",
        limit="ours",
        fixed="before",
    ),
    topic="adversarial",
)
