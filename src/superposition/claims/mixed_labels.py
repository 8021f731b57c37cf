"""What looked like computation in superposition was noise in the labels (Bhagat et al. 2026, "Compressed computation is
(probably) not computation in superposition").

Fifty neurons are to compute ReLU(x) of a hundred features with squared errors, and labels have a part M x besides,
where M is a fixed matrix of small entries. Losses are held-out squared errors against such labels, over the density:
serving half of the features, and nothing of M x, costs 1/12 without M. A feature's error is that of its own output
while it alone is active (readings/responses.py).
"""

from itertools import pairwise

import numpy as np

from superposition.claims.claim import Claim, Finding, claims_of
from superposition.claims.judging import Judged, over_seeds
from superposition.claims.words import in_turn, listed
from superposition.readings.responses import PART, SERVED, Layer, density_of, with_mixing
from superposition.readings.results import Tables

SECTION = "Follow-ups"
SOURCE = "(Bhagat et al. 2026)"
SHAPE, DENSITY = (100, 50), 0.01
WHOLE, NONE = 1.0, 0.0  # of the matrix that an embedding of a thousand dimensions makes
UP_TO = (0.0, 0.25, 0.5, 1.0)

BELOW = 0.075  # loss over density
HALF = (0.082, 0.0875)  # around 1/12: training has not ended quite
ALL, SOME = SHAPE[0], 65  # features


def noise_lowers_the_loss(tables: Tables) -> Finding:
    def judge(models: dict[float, Layer]) -> Judged:
        per = models[WHOLE].loss / density_of(tables)
        return Judged(per < BELOW, per, f"{per:.4f} of the density")

    return over_seeds(with_mixing(tables, SHAPE, [WHOLE], DENSITY), judge, "of the density")


def without_noise_half_is_served(tables: Tables) -> Finding:
    low, high = HALF

    def judge(models: dict[float, Layer]) -> Judged:
        per = models[NONE].loss / density_of(tables)
        return Judged(low <= per <= high, per, f"{per:.4f} of the density")

    return over_seeds(with_mixing(tables, SHAPE, [NONE], DENSITY), judge, "of the density")


def the_gain_grows_with_the_noise(tables: Tables) -> Finding:
    def judge(models: dict[float, Layer]) -> Judged:
        per = {scale: round(layer.loss / density_of(tables), 4) for scale, layer in models.items()}
        falls = all(after < before for before, after in pairwise(per.values()))
        return Judged(falls, per[WHOLE], f"{in_turn(per)} times the matrix")

    return over_seeds(with_mixing(tables, SHAPE, UP_TO, DENSITY), judge, f"of the density at {WHOLE:g}", "ranks")


def noise_serves_all(tables: Tables) -> Finding:
    def judge(models: dict[float, Layer]) -> Judged:
        served = {scale: int(np.count_nonzero(layer.errors < SERVED)) for scale, layer in models.items()}
        text = f"{served[WHOLE]} of {ALL} features with the matrix, {served[NONE]} without"
        return Judged(served[WHOLE] == ALL and served[NONE] <= SOME, served[WHOLE], text)

    return over_seeds(with_mixing(tables, SHAPE, [NONE, WHOLE], DENSITY), judge, "features with it", "ranks")


def noise_spreads_features(tables: Tables) -> Finding:
    def judge(models: dict[float, Layer]) -> Judged:
        middle = {scale: _neurons(layer) for scale, layer in models.items()}
        text = f"{middle[WHOLE]:g} neurons with the matrix, {middle[NONE]:g} without, in the median"
        return Judged(middle[WHOLE] > middle[NONE], middle[WHOLE], text)

    return over_seeds(with_mixing(tables, SHAPE, [NONE, WHOLE], DENSITY), judge, "neurons with it", "ranks")


def _neurons(layer: Layer) -> float:
    """Of the features that are served, in the median, how many neurons make their own output; 0 if none is."""
    sizes = np.count_nonzero(layer.codewords, axis=1)[layer.errors < SERVED]
    return float(np.median(sizes)) if len(sizes) else 0.0


WHERE = f"{SHAPE[0]} features, {SHAPE[1]} neurons, density {DENSITY:g}"
CLAIMS = claims_of(
    "mixed_labels",
    SECTION,
    "mixing",
    Claim(
        noise_lowers_the_loss,
        statement="With the mixing matrix of an embedding in the labels, the loss is below that of serving half of the "
        f"features, which looks like computation in superposition ({WHERE}).",
        paper=f"below 1/12 of the density {SOURCE}",
        tolerance=f"held-out loss below {BELOW:g} of the density",
        limit="ours",
        fixed="before",
    ),
    Claim(
        without_noise_half_is_served,
        statement=f"Without it the loss is that of serving half ({WHERE}).",
        paper=f"1/12 of the density {SOURCE}",
        tolerance=f"held-out loss from {HALF[0]:g} to {HALF[1]:g} of the density",
        limit="theory",
        fixed="before",
    ),
    Claim(
        the_gain_grows_with_the_noise,
        statement=f"The less of the matrix is in the labels, the higher is the loss ({WHERE}).",
        paper=f"the loss rises to 1/12 as the matrix is scaled to 0 {SOURCE}",
        tolerance=f"held-out loss, falling from each to the next of {listed(UP_TO)} times the matrix",
        limit="text",
        fixed="before",
    ),
    Claim(
        noise_serves_all,
        statement="It is the matrix in the labels that has all features served: without it most of the gain in "
        f"features goes as well ({WHERE}).",
        paper=f"all features are computed, and without the matrix half of them {SOURCE}",
        tolerance=f"errors alone below {SERVED:.3f}, half of that of doing nothing: all {ALL} features with the "
        f"matrix, at most {SOME} without",
        limit="ours",
        fixed="before",
        remark="Without the matrix nearly all features are begun and then given up one after the other, more of them "
        "the longer it trains, and training is not at its end. With the matrix none is given up.",
    ),
    Claim(
        noise_spreads_features,
        statement=f"With the matrix each feature is computed by more neurons ({WHERE}).",
        paper=f"features share neurons with it, and have their own without {SOURCE}",
        tolerance=f"neurons with at least {PART:g} of the largest contribution to a feature's own output, median over "
        "features that are served: more with the matrix than without",
        limit="ours",
        fixed="before",
    ),
)
