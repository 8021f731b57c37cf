"""Whether anything changes with the law of active features (footnote 8 of Elhage et al. 2022): uniform, exponential,
power-law and constant values, in models of the same shape.

Five features of importance 0.9^i go into one dimension and into two. In one, theory says at which density two features
begin to share it, for any law (readings/value_laws.py). In two, the paper's figure for uniform values has two
orthogonal features where they are dense, then two antipodal pairs, and a pentagon where they are sparse.
"""

from functools import partial

import numpy as np

from superposition.claims.claim import Claim, Finding, claims_of
from superposition.claims.judging import Judged, over_ranks
from superposition.claims.words import in_turn, listed
from superposition.measures.thresholds import REPRESENTED_NORM
from superposition.readings.results import NotInThisRun, Tables
from superposition.readings.solutions import Solution
from superposition.readings.trends import WORDS, medians, never_falls
from superposition.readings.value_laws import (
    GAP,
    GAPS,
    N_FEATURES,
    OPPOSITE,
    ORTHOGONAL,
    Sweep,
    are_digons,
    digons_begin,
    is_digon,
    is_pentagon,
    law_of,
    sweeps,
)

SECTION = "Demonstrating Superposition"
RATIO = 0.9  # of importance, from one feature to the next
UNIT, EXPONENTIAL, POWER_LAW, CONSTANT = "unit", "exponential 5", "power_law 2 0.01", "constant"
NEAR = 1.25  # ratio to the density at which theory has two features begin to share: nearer ones do not count
SPARSE = 0.1  # densities up to it
DENSE = 1.0
EXACT = 0.1  # of outputs, where one feature is active


def digons_begin_where_theory_says(tables: Tables, values: str) -> Finding:
    begin = digons_begin(law_of(values), RATIO)

    def judge(sweep: Sweep) -> Judged:
        far = {s: is_digon(model) for s, model in sweep.items() if max(s / begin, begin / s) >= NEAR}
        if not far:
            raise NotInThisRun(f"the claim needs densities that are not near {begin:.3g}")
        right = [shared == (s < begin) for s, shared in far.items()]
        pairs = [s for s, shared in far.items() if shared]
        text = f"theory {begin:.2f}; pairs from {max(pairs):.2g} down" if pairs else f"theory {begin:.2f}; no pairs"
        return Judged(all(right), len(pairs), f"{text}, {right.count(True)} of {len(right)} densities as in theory")

    return over_ranks(sweeps(tables, values, 1, RATIO), judge, "densities with a pair")


def pairs_on_the_way(tables: Tables, values: str) -> Finding:
    def judge(sweep: Sweep) -> Judged:
        found = [s for s, model in sweep.items() if are_digons(model)]
        return Judged(bool(found), len(found), f"at densities {listed(found)}" if found else "at no density")

    return over_ranks(sweeps(tables, values, 2, RATIO), judge, "densities")


def pentagons_when_sparse(tables: Tables, values: str) -> Finding:
    def judge(sweep: Sweep) -> Judged:
        found = {s: is_pentagon(model) for s, model in sweep.items() if s <= SPARSE}
        if not found:
            raise NotInThisRun(f"the claim needs densities of at most {SPARSE:g}")
        count = list(found.values()).count(True)
        return Judged(all(found.values()), count, f"{count} of {len(found)} densities up to {SPARSE:g}")

    return over_ranks(sweeps(tables, values, 2, RATIO), judge, "densities with a pentagon")


def more_when_sparser(tables: Tables, values: str) -> Finding:
    def judge(sweep: Sweep) -> Judged:
        counts = {s: model.represented for s, model in sweep.items()}
        rising = never_falls(counts) and len(set(medians(counts))) > 1
        return Judged(rising, max(counts.values()), in_turn(counts))

    return over_ranks(sweeps(tables, values, 2, RATIO), judge, "features at most")


def superposed_when_dense(tables: Tables, values: str) -> Finding:
    def judge(sweep: Sweep) -> Judged:
        count = _at(sweep, DENSE).represented
        return Judged(count > 2, count, f"{count} features in 2 dimensions")

    return over_ranks(sweeps(tables, values, 2, RATIO), judge, "features")


def one_alone_is_exact(tables: Tables, values: str) -> Finding:
    """A feature of value 1 alone comes out as |W_i|^2 + b_i, and others as W_i . W_j + b_j, or 0 if that is below."""

    def judge(sweep: Sweep) -> Judged:
        model = sweep[min(sweep)]
        outputs = np.maximum(model.gram + model.b[:, None], 0.0)
        off = float(np.abs(outputs - np.eye(N_FEATURES)).max())
        text = f"off by {off:.3f} at most, radii {model.norms.min():.2f} to {model.norms.max():.2f}"
        return Judged(is_pentagon(model) and off <= EXACT, off, text)

    return over_ranks(sweeps(tables, values, 2, RATIO), judge, "off at most")


def _at(sweep: Sweep, density: float) -> Solution:
    if density not in sweep:
        raise NotInThisRun(f"the claim is about density {density:g}")
    return sweep[density]


def _claims(
    experiment: str, values: str, said: str, *more: Claim, pentagon: str = "", sparser: str = ""
) -> tuple[Claim, ...]:
    """What is claimed of every law, and more of some, with remarks on the pentagon's and on numbers of features."""
    same = (
        Claim(
            partial(digons_begin_where_theory_says, values=values),
            name="digons_begin",
            statement=f"With {said} values, two features share one dimension below the density that theory gives.",
            paper="other laws of values are as natural (footnote 8); no numbers",
            tolerance=f"one dimension: two norms > {REPRESENTED_NORM:g}, in opposite directions, at densities below "
            f"and not above I E[x^2] / ((1 + I) E[min^2] + I E[x]^2), I = {RATIO:g}; those within a factor {NEAR:g} of "
            "it do not count",
            limit="theory",
            fixed="before",
        ),
        Claim(
            partial(pairs_on_the_way, values=values),
            name="pairs_on_the_way",
            statement=f"With {said} values, there is a density at which four features form two antipodal pairs.",
            paper="as with uniform values (first figure)",
            tolerance=f"two dimensions: four norms > {REPRESENTED_NORM:g}, two pairs with cos < {OPPOSITE:g} at |cos| "
            f"< {ORTHOGONAL:g} to each other, at one density at least",
            limit="ours",
            fixed="before",
        ),
        Claim(
            partial(pentagons_when_sparse, values=values),
            name="pentagons_when_sparse",
            statement=f"With {said} values, sparse features form a pentagon.",
            paper="as with uniform values (first figure)",
            tolerance=f"two dimensions, densities up to {SPARSE:g}: all norms > {REPRESENTED_NORM:g}, gaps {GAP:g} +- "
            f"{GAPS:g} deg",
            limit="ours",
            fixed="before",
            remark=pentagon,
        ),
        Claim(
            partial(more_when_sparser, values=values),
            name="more_when_sparser",
            statement=f"With {said} values, no fewer features are represented where they are sparser.",
            paper="as with uniform values",
            tolerance=f"two dimensions, from dense to sparse: the number of norms > {REPRESENTED_NORM:g}, in the "
            f"median of each {WORDS}, never falls, and rises once at least",
            limit="ours",
            fixed="after",
            remark=sparser,
        ),
    )
    return claims_of(experiment, SECTION, "laws", *same, *more)


CLAIMS = (
    *_claims(
        "values_unit",
        UNIT,
        "uniform",
        pentagon="Of the other ranks, each has a pentagon at some of these densities only.",
    ),
    *_claims("values_exponential", EXPONENTIAL, "exponential"),
    *_claims(
        "values_power_law",
        POWER_LAW,
        "power-law",
        Claim(
            partial(superposed_when_dense, values=POWER_LAW),
            name="superposed_when_dense",
            statement="With power-law values, features are in superposition even if all of them are always active: "
            "most values are next to nothing, which is sparsity too.",
            paper="superposition takes sparse features, S near 1",
            tolerance=f"density {DENSE:g}: more than two norms > {REPRESENTED_NORM:g} in two dimensions",
            limit="theory",
            fixed="before",
        ),
        sparser="In the other ranks the number falls somewhere on the way, or never rises.",
    ),
    *_claims(
        "values_constant",
        CONSTANT,
        "constant",
        Claim(
            partial(one_alone_is_exact, values=CONSTANT),
            name="one_alone_is_exact",
            statement="With constant values, a pentagon has no loss of features that are active alone: a bias takes "
            "interference away and a longer vector makes up for it, which can only be exact for one value.",
            paper="not said",
            tolerance=f"sparsest features, two dimensions: a pentagon, in which each feature alone gives outputs "
            f"within {EXACT:g} of it",
            limit="theory",
            fixed="before",
        ),
        pentagon="At the densest of these, just beyond where four directions turn into five, one of five is shorter "
        "and its neighbours stand further apart.",
    ),
)
