"""Several active features: how many sets of few features explain a hidden vector, and what the model makes of it.

The paper draws it as a sketch, without numbers ("Definitions and Motivation"). An explanation is a set of at most as
many features as are active, with strengths of 0.05 to 1, whose directions add up to the vector to within 0.05; the
others than the true one are its rivals (theory/explanations.py). Models of each width are taken in the order of their
loss, so that the verdict is on the best of all widths.
"""

from collections.abc import Mapping
from itertools import pairwise

from superposition.claims.claim import Claim, Finding, claims_of
from superposition.claims.judging import Judged, over_ranks
from superposition.readings.ambiguity import LEAST_VECTORS, Ambiguity, Asked, ambiguities, times_lost
from superposition.readings.results import Tables

SECTION = "Definitions and Motivation"
N_FEATURES = 10
WIDTHS = (2, 3, 4)
ALL_WIDTHS = f"{WIDTHS[0]}, {WIDTHS[1]} and {WIDTHS[2]} dimensions"
DENSITY = 0.05  # pentagons in two dimensions
ASKED = Asked(N_FEATURES, WIDTHS, DENSITY)
OFTEN = 0.5  # of vectors
WORSE = 1.5  # times, with two active features


def more_with_more_active(tables: Tables) -> Finding:
    def judge(sweep: Mapping[int, Mapping[int, Ambiguity]]) -> Judged:
        curves = {m: [own[k].rivals for k in range(1, m + 1)] for m, own in sweep.items()}
        grows = all(a < b for curve in curves.values() for a, b in pairwise(curve))
        said = {
            m: f"{', '.join(f'{share:.0%}' for share in curve)} have rivals, {sweep[m][m].explanations:.1f} "
            "explanations at last"
            for m, curve in curves.items()
        }
        least = min(curve[-1] for curve in curves.values())
        return Judged(grows and least > OFTEN, round(least, 3), _listed(said))

    return over_ranks(ambiguities(tables, ASKED, (1, *WIDTHS)), judge, "with rivals, m active features")


def later_with_more_dimensions(tables: Tables) -> Finding:
    def judge(sweep: Mapping[int, Mapping[int, Ambiguity]]) -> Judged:
        shares = {m: own[2].rivals for m, own in sweep.items()}
        falls = all(shares[a] > shares[b] for a, b in pairwise(WIDTHS))
        return Judged(falls, round(shares[WIDTHS[-1]], 3), _listed({m: f"{share:.0%}" for m, share in shares.items()}))

    return over_ranks(ambiguities(tables, ASKED, (2,)), judge, "with rivals in the widest models")


def reconstructed_worse(tables: Tables) -> Finding:
    def judge(ratios: Mapping[int, Mapping[int, float]]) -> Judged:
        if any(2 not in one for one in ratios.values()):
            return Judged(False, 0.0, "vectors of two active features are of one kind")
        least = min(min(one.values()) for one in ratios.values())
        at_two = min(one[2] for one in ratios.values())
        said = {m: ", ".join(f"{ratio:.2f}" for ratio in one.values()) for m, one in ratios.items()}
        return Judged(least > 1 and at_two > WORSE, round(at_two, 2), f"{_listed(said)} times, from 2 active on")

    return over_ranks(times_lost(tables, ASKED, (2,)), judge, "times with two active features, at least")


def _listed(said: Mapping[int, str]) -> str:
    return "; ".join(f"m = {m}: {text}" for m, text in said.items())


CLAIMS = claims_of(
    "several_active_features",
    SECTION,
    "explanations",
    Claim(
        more_with_more_active,
        statement="If features are less sparse than superposition expects, several of them add up to vectors that have "
        f"several possible reconstructions (models of density {DENSITY:g}).",
        paper="multiple possible reconstructions",
        tolerance="share of vectors with rivals grows from each number of active features to the next, from 1 to the "
        f"number of dimensions, where it is above {OFTEN:.0%}; in {ALL_WIDTHS}",
        limit="ours",
        fixed="after",
    ),
    Claim(
        later_with_more_dimensions,
        statement="The more dimensions, the more features can be active before reconstructions are ambiguous (models "
        f"of density {DENSITY:g}).",
        paper="not said; as in compressed sensing, sparsity is relative to the number of dimensions",
        tolerance="share of vectors of two active features that have rivals falls from "
        f"{' to '.join(map(str, WIDTHS))} dimensions",
        limit="ours",
        fixed="after",
    ),
    Claim(
        reconstructed_worse,
        statement="What could have come from other features as well is reconstructed worse (models of density "
        f"{DENSITY:g}).",
        paper="not said; a model has one output for all that explains a vector",
        tolerance="squared error over the sum of squared features, of vectors with rivals over those without: above 1 "
        f"at each number of active features from 2 to that of dimensions with {LEAST_VECTORS} vectors of both kinds, "
        f"above {WORSE:g} at 2; in {ALL_WIDTHS}",
        limit="ours",
        fixed="after",
    ),
)
