"""Many features make a bias for neurons that have none: the other limit that "Superposition in a Privileged Basis"
states, without a figure.

Two hundred features, five neurons, importance 0.95^i. What the features that a model leaves out add to a neuron's sum
is an average, the steadier the more of them are active. Where it keeps the sum above 0, the ReLU does nothing, and no
direction is privileged. Losses are compared between the models of the same rank with and without the ReLU.
"""

from superposition.claims.claim import Claim, Finding, claims_of
from superposition.claims.judging import Judged, over_ranks, over_seeds
from superposition.readings.averaged_biases import LINEAR, RELU, Averaged, averaged_at, beside
from superposition.readings.hidden_biases import ALMOST_ALWAYS
from superposition.readings.results import Tables
from superposition.readings.solutions import Setting

SECTION = "Superposition in a Privileged Basis"
N_FEATURES, N_HIDDEN, RATIO = 200, 5, 0.95
WITHOUT, WITH = (Setting(model, N_FEATURES, N_HIDDEN, RATIO) for model in (LINEAR, RELU))
MANY, FEW = 0.3, 0.03  # densities at which 60 and 6 features are active on average
STEADY = 2.0  # standard deviations
SAME_LOSS = 0.05  # relative: steady averages still waver
WHERE = f"{N_FEATURES} features of density {MANY:g}, {N_HIDDEN} neurons"


def simulated(tables: Tables) -> Finding:
    def judge(model: Averaged) -> Judged:
        least = float(model.steadiness.min())
        holds = model.often > ALMOST_ALWAYS and least > STEADY and model.represented > N_HIDDEN
        text = f"on for {model.often:.1%} of the data; mean {model.average.min():.2f} to {model.average.max():.2f}, "
        text += f"at least {least:.1f} standard deviations; {model.represented} features represented"
        return Judged(holds, round(model.often, 3), text)

    return over_seeds(averaged_at(tables, WITH, MANY), judge, "of sums above 0")


def as_good_as_linear(tables: Tables) -> Finding:
    def judge(pair: tuple[Averaged, float]) -> Judged:
        model, linear = pair
        ratio = model.loss / linear
        holds = abs(ratio - 1) < SAME_LOSS and model.represented > 0
        return Judged(holds, round(ratio, 3), f"{ratio:.3f}")

    return over_ranks(beside(tables, WITH, WITHOUT, MANY), judge, "times the loss")


def not_from_few(tables: Tables) -> Finding:
    def judge(model: Averaged) -> Judged:
        text = f"on for {model.often:.1%} of the data; {model.represented} features represented"
        return Judged(model.often < ALMOST_ALWAYS and model.represented > 0, round(model.often, 3), text)

    return over_seeds(averaged_at(tables, WITH, FEW), judge, "of sums above 0")


CLAIMS = claims_of(
    "averaged_bias",
    SECTION,
    "averages",
    Claim(
        simulated,
        statement=f"Without hidden biases, but with many features, models simulate a bias by averaging ({WHERE}).",
        paper="simulated by averaging",
        tolerance=f"hidden sums above 0 on > {ALMOST_ALWAYS:.0%} of the data, mean of the neurons; on each neuron the "
        f"mean of what left-out features add > {STEADY:g} of its standard deviations; more features represented than "
        "neurons",
        limit="ours",
        fixed="before",
        remark="Only the model of lowest loss falls short, which represents one feature more than the others do.",
    ),
    Claim(
        as_good_as_linear,
        statement=f"They do what a model with a linear hidden layer does ({WHERE}).",
        paper="works linearly",
        tolerance=f"loss over that of the model with a linear hidden layer within {SAME_LOSS:.0%} of 1",
        limit="ours",
        fixed="before",
    ),
    Claim(
        not_from_few,
        statement=f"Where few features are active, averages are too unsteady for that (density {FEW:g}).",
        paper="takes many features",
        tolerance=f"hidden sums above 0 on < {ALMOST_ALWAYS:.0%} of the data, mean of the neurons; some features "
        "represented",
        limit="ours",
        fixed="before",
    ),
)
