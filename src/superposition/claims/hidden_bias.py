"""Neurons with a bias of their own: a limit that "Superposition in a Privileged Basis" states, without a figure.

Ten features, five hidden dimensions, importance 0.75^i, at densities where more than five features are represented:
with five the ReLU costs nothing. Where hidden sums are above 0 on all data, no direction is privileged. Losses are
compared between the models of the same rank of either kind.
"""

from superposition.claims.claim import Claim, Finding, claims_of
from superposition.claims.judging import Judged, over_ranks
from superposition.readings import hidden_biases
from superposition.readings.hidden_biases import ALMOST_ALWAYS, SAME_LOSS, Ranked, ranked_at, ratios
from superposition.readings.results import Tables
from superposition.readings.solutions import Setting

SECTION = "Superposition in a Privileged Basis"
LINEAR, BIASED = (
    Setting(model, n_features=10, n_hidden=5, importance_ratio=0.75) for model in ("relu_output", "with_hidden_bias")
)

DENSITIES = (0.3, 0.1)
WHERE = f"at densities {' and '.join(f'{s:g}' for s in DENSITIES)}"


def always_on(tables: Tables) -> Finding:
    def judge(models: Ranked) -> Judged:
        least = min(float(row["positive"]) for row in models.values())
        text = "; ".join(f"{s:g}: {row['positive']:.1%}, least bias {row['lowest']:.2f}" for s, row in models.items())
        return Judged(hidden_biases.always_on(models), round(least, 3), text)

    return over_ranks(ranked_at(tables, BIASED, DENSITIES), judge, "of sums above 0")


def as_good_as_linear(tables: Tables) -> Finding:
    def judge(pair: tuple[Ranked, Ranked]) -> Judged:
        found = ratios(*pair)
        worst = max(abs(ratio - 1) for ratio in found.values())
        text = "; ".join(f"{s:g}: {ratio:.3f}" for s, ratio in found.items())
        return Judged(hidden_biases.as_good_as_linear(*pair), round(worst, 3), text)

    biased, linear = (ranked_at(tables, setting, DENSITIES) for setting in (BIASED, LINEAR))
    return over_ranks(list(zip(biased, linear, strict=False)), judge, "off 1 at most")


CLAIMS = claims_of(
    "hidden_bias",
    SECTION,
    "shares_and_losses",
    Claim(
        always_on,
        statement="With a bias on the hidden layer, models keep it from ever being off, by making all hidden biases "
        f"positive ({WHERE}).",
        paper="all biases positive, always on",
        tolerance=f"at each density: hidden sums above 0 on data, mean of the neurons, > {ALMOST_ALWAYS:.0%}; least "
        "hidden bias > 0",
        limit="ours",
        fixed="before",
    ),
    Claim(
        as_good_as_linear,
        statement=f"They do what a model with a linear hidden layer does ({WHERE}).",
        paper="the same loss",
        tolerance="loss over that of the model with a linear hidden layer, at each density: within "
        f"{SAME_LOSS:.0%} of 1",
        limit="ours",
        fixed="before",
    ),
)
