"""Superposition by the loss that it saves for each activation ("The Strategic Picture of Superposition").

The paper has no numbers: it expects that where sparse activations are cheap, as in a mixture of experts, dimensions of
their own are at least as good, and that superposition can only come near them. Formulas say how near.
"""

from superposition.claims.claim import FORMULA, Claim, Finding, claims_of, plain
from superposition.claims.hidden_l1 import SECTION
from superposition.exact.functions import geometric_space
from superposition.readings.results import Tables
from superposition.theory.activation_frequency import dedicated, digon

DENSEST, SPARSEST, POINTS = 1.0, 0.001, 61  # densities
EQUAL = 0.001  # how far the ratio may be from 1 where features are sparsest


def dedicated_dimensions_save_more(_: Tables) -> Finding:
    s = geometric_space(DENSEST, SPARSEST, POINTS)
    ratio = digon(s) / dedicated(s)
    shown = {float(s[at]): float(ratio[at]) for at in (0, 20, 40, POINTS - 1)}
    text = "; ".join(f"{density:g}: {one:.6f}" for density, one in shown.items())
    return Finding(plain(bool((ratio < 1).all()) and 1 - float(ratio[-1]) < EQUAL), text, FORMULA)


CLAIMS = claims_of(
    "hidden_l1",
    SECTION,
    "saved_per_activation",
    Claim(
        dedicated_dimensions_save_more,
        statement="By the loss that is saved for each activation of a neuron, superposition is only asymptotically as "
        "good as a dimension for each feature.",
        paper="lower, equal in the limit",
        tolerance=f"of the formulas, a digon's over that of a feature with its own dimension: < 1 at {POINTS} "
        f"densities from {DENSEST:g} to {SPARSEST:g}, within {EQUAL:g} of 1 at the last",
        limit="theory",
        fixed="before",
    ),
    topic="activation_frequency",
)
