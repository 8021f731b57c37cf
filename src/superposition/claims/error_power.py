"""Whether a hundred features are computed by fifty neurons depends on what errors cost (Bhagat et al. 2026, "Compressed
computation is (probably) not computation in superposition"; da Silva & Heimersheim 2026, "Compressed computation under
L4 loss is likely computation in superposition").

The target is ReLU(x), so that a neuron of its own computes a feature without error. With squared errors the loss is
that of half of the features having one, and the others nothing; with higher powers, which a few large errors cost the
most, all features are served alike, each by a few neurons. A feature's error is that of its own output while it alone
is active, as read off the weights. (The sources have it on their data, and have released arrays from which their
numbers are.)
"""

from itertools import pairwise

import numpy as np

from superposition.claims.claim import Claim, Finding, claims_of
from superposition.claims.judging import Judged, over_seeds
from superposition.claims.words import listed
from superposition.readings.responses import (
    PART,
    SERVED,
    Layer,
    cosine_with_inverse,
    from_projection,
    loss_of_half,
    variation,
    with_power,
)
from superposition.readings.results import Tables

SECTION = "Follow-ups"
AGAINST, IN_FAVOUR = "(Bhagat et al. 2026)", "(da Silva & Heimersheim 2026)"
SHAPE, DENSITY = (100, 50), 0.02
SMALL = (20, 5)
SQUARED, FOURTH = 2.0, 4.0
HIGHER = (2.5, 3.0, 4.0)

OF_HALF = 0.03  # from the loss of serving half
HALF = (45, 65)  # features
UNEVEN, EVEN = 0.85, 0.15  # standard deviation of errors over their mean
SMALL_ERROR = 0.08
DEARER = 1.1  # times the squared loss of serving half
NEURONS = (3, 8)  # of a codeword
OWN = 2  # neurons at most, where a feature has its own
INVERSE = 0.98
UNEVEN_SMALL, EVEN_SMALL = 0.7, 0.08
PROJECTION = 0.01


def squared_loss_is_that_of_half(tables: Tables) -> Finding:
    least = loss_of_half(tables, 1 - SHAPE[1] / SHAPE[0])

    def judge(layer: Layer) -> Judged:
        ratio = layer.loss / least
        return Judged(abs(ratio - 1) <= OF_HALF, ratio, f"{ratio:.3f} times the loss of serving half")

    return over_seeds(with_power(tables, SQUARED, SHAPE, DENSITY), judge, "times")


def squared_errors_serve_half(tables: Tables) -> Finding:
    def judge(layer: Layer) -> Judged:
        served, uneven = _served(layer), variation(layer.errors)
        low, high = HALF
        text = f"{served} of {len(layer.errors)} features, errors {layer.errors.min():.3f} to {layer.errors.max():.3f}"
        return Judged(low <= served <= high and uneven > UNEVEN, served, f"{text}, variation {uneven:.2f}")

    return over_seeds(with_power(tables, SQUARED, SHAPE, DENSITY), judge, "features")


def higher_powers_serve_all(tables: Tables) -> Finding:
    found = {power: with_power(tables, power, SHAPE, DENSITY) for power in HIGHER}

    def judge(models: tuple[Layer, ...]) -> Judged:
        largest = {power: float(layer.errors.max()) for power, layer in zip(found, models, strict=True)}
        uneven = [variation(layer.errors) for layer in models]
        text = "; ".join(f"{power:g}: errors up to {error:.3f}" for power, error in largest.items())
        holds = max(largest.values()) < SMALL_ERROR and max(uneven) < EVEN
        return Judged(holds, max(largest.values()), f"{text}; variation {listed(round(one, 2) for one in uneven)}")

    return over_seeds(list(zip(*found.values(), strict=False)), judge, "the largest error")


def errors_fall_with_the_power(tables: Tables) -> Finding:
    found = {power: with_power(tables, power, SHAPE, DENSITY) for power in (SQUARED, *HIGHER)}

    def judge(models: tuple[Layer, ...]) -> Judged:
        largest = [float(layer.errors.max()) for layer in models]
        text = f"largest errors {listed(round(one, 3) for one in largest)} at powers {listed(found)}"
        return Judged(all(b < a for a, b in pairwise(largest)), largest[-1], text)

    return over_seeds(list(zip(*found.values(), strict=False)), judge, f"the largest error at power {FOURTH:g}")


def several_neurons_for_each(tables: Tables) -> Finding:
    def judge(layer: Layer) -> Judged:
        words = layer.codewords
        sizes, different = np.count_nonzero(words, axis=1), len({word.tobytes() for word in words})
        low, high = NEURONS
        middle = float(np.median(sizes))
        text = f"{middle:g} neurons in the median, {sizes.min()} to {sizes.max()}; {different} different sets"
        return Judged(low <= middle <= high and different == len(words), middle, text)

    return over_seeds(with_power(tables, FOURTH, SHAPE, DENSITY), judge, "neurons in the median")


def own_neurons_with_squares(tables: Tables) -> Finding:
    def judge(layer: Layer) -> Judged:
        sizes = np.count_nonzero(layer.codewords, axis=1)[layer.errors < SERVED]
        middle = float(np.median(sizes)) if len(sizes) else 0.0
        return Judged(0 < middle <= OWN, middle, f"{middle:g} in the median of {len(sizes)} features that are served")

    return over_seeds(with_power(tables, SQUARED, SHAPE, DENSITY), judge, "neurons in the median")


def serving_all_costs_squares(tables: Tables) -> Finding:
    least = loss_of_half(tables, 1 - SHAPE[1] / SHAPE[0])

    def judge(layer: Layer) -> Judged:
        ratio, served = layer.loss / least, _served(layer)
        text = f"{ratio:.2f} times the loss of serving half, {served} features served"
        return Judged(ratio > DEARER and served == SHAPE[0], ratio, text)

    return over_seeds(with_power(tables, FOURTH, SHAPE, DENSITY), judge, "times")


def read_out_is_the_inverse(tables: Tables) -> Finding:
    def judge(layer: Layer) -> Judged:
        cosine = cosine_with_inverse(layer)
        return Judged(cosine > INVERSE, cosine, f"cosine {cosine:.4f}")

    return over_seeds(with_power(tables, FOURTH, SHAPE, DENSITY), judge, "the cosine")


def small_diagonals(tables: Tables) -> Finding:
    fourth, squared = with_power(tables, FOURTH, SMALL), with_power(tables, SQUARED, SMALL)

    def judge(models: tuple[Layer, Layer]) -> Judged:
        even, uneven = (variation(np.diagonal(layer.responses)) for layer in models)
        text = f"variation of own responses {even:.3f} at power {FOURTH:g}, {uneven:.2f} at {SQUARED:g}"
        return Judged(even < EVEN_SMALL and uneven > UNEVEN_SMALL, even, text)

    return over_seeds(list(zip(fourth, squared, strict=False)), judge, f"variation at power {FOURTH:g}")


def small_projections(tables: Tables) -> Finding:
    fourth, squared = with_power(tables, FOURTH, SMALL), with_power(tables, SQUARED, SMALL)
    least = SMALL[0] - SMALL[1]

    def judge(models: tuple[Layer, Layer]) -> Judged:
        found = [from_projection(layer.responses) for layer in models]
        text = f"{found[0]:.2f} at power {FOURTH:g}, {found[1]:.2f} at {SQUARED:g}; the least is {least}"
        return Judged(max(found) <= (1 + PROJECTION) * least, max(found), text)

    return over_seeds(list(zip(fourth, squared, strict=False)), judge, "the larger one")


def _served(layer: Layer) -> int:
    return int(np.count_nonzero(layer.errors < SERVED))


WHERE = f"{SHAPE[0]} features, {SHAPE[1]} neurons, density {DENSITY:g}"
WHERE_SMALL = f"{SMALL[0]} features, {SMALL[1]} neurons"

CLAIMS = (
    *claims_of(
        "error_power",
        SECTION,
        "responses",
        Claim(
            squared_loss_is_that_of_half,
            statement=f"With squared errors, the loss is that of serving half of the features ({WHERE}).",
            paper=f"1/12 of the density {AGAINST}",
            tolerance=f"held-out loss within {OF_HALF:.0%} of half of the loss of doing nothing",
            limit="theory",
            fixed="before",
        ),
        Claim(
            squared_errors_serve_half,
            statement="With squared errors, about half of the features are computed, and the others not at all "
            f"({WHERE}).",
            paper=f"50 features below 0.05, 50 at 0.30 to 0.36 {IN_FAVOUR}",
            tolerance=f"errors alone below {SERVED:.3f}, half of that of doing nothing: {HALF[0]} to {HALF[1]} "
            f"features; standard deviation of errors over their mean > {UNEVEN:g}",
            limit="ours",
            fixed="before",
        ),
        Claim(
            higher_powers_serve_all,
            statement=f"With higher powers of the error, {listed(HIGHER)}, all features are computed about equally "
            f"well ({WHERE}).",
            paper=f"mean errors 0.048, 0.033, 0.022, variation 0.03 {IN_FAVOUR}",
            tolerance=f"all errors alone < {SMALL_ERROR:g}, their standard deviation over their mean < {EVEN:g}",
            limit="ours",
            fixed="before",
        ),
        Claim(
            errors_fall_with_the_power,
            statement=f"The higher the power, the smaller is the largest error of a feature ({WHERE}).",
            paper=f"mean errors 0.159, 0.048, 0.033, 0.022 at 2, 2.5, 3, 4 {IN_FAVOUR}",
            tolerance=f"largest error alone, falling from power {SQUARED:g} to {FOURTH:g}",
            limit="text",
            fixed="before",
        ),
        Claim(
            serving_all_costs_squares,
            statement=f"Serving all features costs squared error: with fourth powers it is above that of serving half, "
            f"so that neither paper's models could have been found with the other's loss ({WHERE}).",
            paper="not said",
            tolerance=f"all errors alone below {SERVED:.3f}; held-out loss more than {DEARER:g} times half of the loss "
            "of doing nothing",
            limit="ours",
            fixed="after",
        ),
        Claim(
            several_neurons_for_each,
            statement="With fourth powers, each feature has a codeword of a few neurons, and no two have the same "
            f"({WHERE}).",
            paper=f"codewords of about 5 neurons {IN_FAVOUR}",
            tolerance=f"neurons with at least {PART:g} of the largest contribution to a feature's own output: "
            f"{NEURONS[0]} to {NEURONS[1]} in the median; as many sets as features",
            limit="ours",
            fixed="before",
        ),
        Claim(
            own_neurons_with_squares,
            statement=f"With squared errors, most features that are computed are on one or two neurons ({WHERE}).",
            paper=f"a neuron each {AGAINST}",
            tolerance=f"of those served, at most {OWN} neurons in the median; two features may have one together",
            limit="ours",
            fixed="before",
        ),
        Claim(
            read_out_is_the_inverse,
            statement=f"With fourth powers, codewords are read by a multiple of the pseudo-inverse of the input "
            f"weights ({WHERE}).",
            paper=f"cosine 0.996 {IN_FAVOUR}",
            tolerance=f"cosine of W_out and the pseudo-inverse > {INVERSE:g}",
            limit="ours",
            fixed="before",
        ),
    ),
    *claims_of(
        "error_power_small",
        SECTION,
        "responses",
        Claim(
            small_diagonals,
            statement=f"With fourth powers all features get the same response to themselves, with squares a few get "
            f"all ({WHERE_SMALL}).",
            paper="0.511 each, and 0.25 with a deviation of 0.27",
            tolerance=f"standard deviation of R_ii over its mean < {EVEN_SMALL:g} at power {FOURTH:g}, > "
            f"{UNEVEN_SMALL:g} at {SQUARED:g}",
            limit="ours",
            fixed="before",
            name="diagonals",
        ),
        Claim(
            small_projections,
            statement="In both cases responses are a multiple of a projection, whose rank is the number of neurons: "
            f"how near they are to the best linear map does not tell the two apart ({WHERE_SMALL}).",
            paper=15.0,
            tolerance=f"min over s of |sR - 1|^2 at most {PROJECTION:.0%} above n - m",
            limit="theory",
            fixed="before",
            name="projections",
        ),
    ),
)
