"""Privileged and other bases ("Definitions and Motivation"): what rotations of the hidden space do to trained models.

The paper states it and trains no models for it. Here models with a linear and with a ReLU hidden layer learn ten
features in five dimensions, by gradient descent, which is the same in all rotated coordinates, and each is rotated at
random. The alignment of a model is the share of a feature's squared weights that its strongest hidden dimension has,
mean over represented features: 1 with a neuron for each feature, 1/5 if all five share all features alike, 0.55 by
chance.
"""

import numpy as np

from superposition.claims.chance import uniformity
from superposition.claims.claim import Claim, Finding, claims_of, plain
from superposition.claims.judging import Judged, over_ranks, over_seeds
from superposition.readings.basis import Alignments, Turned, alignments_of, at_density, turned
from superposition.readings.results import Tables
from superposition.readings.solutions import Setting

SECTION = "Definitions and Motivation"
LINEAR, RELU = (
    Setting(model, n_features=10, n_hidden=5, importance_ratio=0.75) for model in ("relu_output", "relu_hidden")
)
DENSE, SPARSE = 0.7, 0.03

RAISED = 2.0  # a loss that is doubled is far above what seeds differ by
ALIGNED, NOT_ALIGNED = 0.95, 0.75  # the lines of privileged_basis, from the paper's figure
SIGNIFICANT = 0.01  # of the share of rotations: with 199 of them, its two smallest values
FEW = 20  # models, of which a distribution says something
MIDDLE = 0.5  # median of shares that are uniform
TWENTIETH = 0.05  # of shares, on either side


def relu_models_break(tables: Tables) -> Finding:
    def judge(models: dict[float, Turned]) -> Judged:
        holds = all(model.represented and model.least > 1 and model.median > RAISED for model in models.values())
        text = "; ".join(f"{s:g}: {model.median:.1f} ({model.least:.2f} at least)" for s, model in models.items())
        return Judged(holds, round(min(model.median for model in models.values()), 2), text)

    return over_ranks(turned(tables, RELU, SIGNIFICANT), judge, "times, least median of the densities")


def linear_alignment_is_chance(tables: Tables) -> Finding:
    found = alignments_of(tables, LINEAR, SIGNIFICANT, FEW)
    p = uniformity(found.share_above)
    return Finding(plain(p > SIGNIFICANT and found.learned), f"p = {p:.2g}", _spread(found))


def relu_aligns_when_dense(tables: Tables) -> Finding:
    def judge(models: dict[float, Turned]) -> Judged:
        model = at_density(models, DENSE)
        holds = model.alignment > ALIGNED and model.share_above <= SIGNIFICANT
        return Judged(holds, model.alignment, _compared(model))

    return over_seeds(turned(tables, RELU, SIGNIFICANT), judge, "alignment")


def privileged_is_not_aligned(tables: Tables) -> Finding:
    def judge(models: dict[float, Turned]) -> Judged:
        model = at_density(models, SPARSE)
        privileged = model.represented > 0 and model.least > 1 and model.median > RAISED
        holds = privileged and model.alignment < NOT_ALIGNED and model.share_above > SIGNIFICANT
        return Judged(holds, model.alignment, f"{_compared(model)}; loss {model.median:.1f} times")

    return over_seeds(turned(tables, RELU, SIGNIFICANT), judge, "alignment")


def adam_leaves_a_trace(tables: Tables) -> Finding:
    found = alignments_of(tables, LINEAR, SIGNIFICANT, FEW)
    p, median = uniformity(found.share_above), float(np.median(found.share_above))
    holds = found.learned and p < SIGNIFICANT and median > MIDDLE
    return Finding(plain(holds), f"p = {p:.2g}, median {median:.2f}", _spread(found))


def _compared(model: Turned) -> str:
    return f"{model.alignment:.3f}, by chance {model.chance:.2f} (p = {model.share_above:.3g})"


def _spread(found: Alignments) -> str:
    shares = found.share_above
    low, high = (int(np.count_nonzero(one)) for one in (shares <= TWENTIETH, shares > 1 - TWENTIETH))
    return (
        f"{len(found)} models: {low} in the lowest and {high} in the highest twentieth; alignment "
        f"{found.alignment:.3f}, by chance {found.chance:.3f}"
    )


CLAIMS = claims_of(
    "basis_alignment",
    SECTION,
    "rotations",
    Claim(
        relu_models_break,
        statement="An activation function makes the basis of neurons privileged: a rotated model is another one, from "
        f"density {DENSE:g} to {SPARSE:g}.",
        paper="rotation is not a symmetry",
        tolerance="loss after rotation over that before, ReLU on the hidden layer, at each density: every one "
        f"above 1, the median above {RAISED:g}",
        limit="ours",
        fixed="after",
    ),
    Claim(
        linear_alignment_is_chance,
        statement="Without a privileged basis, there is no reason to expect features to align with it (models of all "
        "densities together).",
        paper="arbitrary directions",
        tolerance="share of rotations that align features as well as training did, over all models with a linear "
        f"hidden layer: uniform, Kolmogorov-Smirnov p > {SIGNIFICANT:g}",
        limit="ours",
        fixed="after",
    ),
    Claim(
        relu_aligns_when_dense,
        statement=f"A privileged basis encourages features to align with it, at density {DENSE:g}.",
        paper="features may align with neurons",
        tolerance=f"at density {DENSE:g}, ReLU on the hidden layer: alignment > {ALIGNED:g}, reached by a share of "
        f"rotations of at most {SIGNIFICANT:g}",
        limit="ours",
        fixed="after",
    ),
    Claim(
        privileged_is_not_aligned,
        statement=f"A privileged basis does not guarantee that features are aligned with it: at density {SPARSE:g} "
        "they are not.",
        paper="no guarantee",
        tolerance=f"at density {SPARSE:g}, ReLU on the hidden layer: every rotation raises the loss, half of them to "
        f"more than {RAISED:g} times; alignment < {NOT_ALIGNED:g}, and not beyond chance, p > {SIGNIFICANT:g}",
        limit="ours",
        fixed="after",
    ),
)

CLAIMS += claims_of(
    "basis_alignment_adam",
    SECTION,
    "trace",
    Claim(
        adam_leaves_a_trace,
        statement="Adam, which scales every weight's step by itself, leaves a trace of the axes where the model has "
        "none: features keep away from them (models of all densities together).",
        paper="not said (Elhage, Lasenby & Olah 2023 suspect Adam of it in transformers)",
        tolerance="share of rotations that align features as well as training did, over all models: not uniform, "
        f"Kolmogorov-Smirnov p < {SIGNIFICANT:g}, and its median above {MIDDLE:g}",
        limit="ours",
        fixed="after",
        name="trace",
    ),
)
