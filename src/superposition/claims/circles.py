"""Features that are active together are laid side by side, so that they help each other (Prieto et al. 2026, "From Data
Statistics to Feature Geometry: How Correlations Shape Superposition").

Twelve features on a ring, of which those near to a hidden point are active, as months are near to a season; and twelve
independent ones of the same density. With weight decay, and with only as many dimensions as a circle has, their
directions are the ring again.
"""

from superposition.claims.claim import Claim, Finding, Share, claims_of, plain
from superposition.claims.judging import Judged, over_seeds
from superposition.claims.words import listed
from superposition.readings.circles import Model, agreements, at_widths, beside_independent, in_dimensions
from superposition.readings.results import Tables

SECTION = "Follow-ups"
SOURCE = "(Prieto et al. 2026)"
N_FEATURES, PLANE = 12, 2
ROOM = (4, 6, 8)  # hidden dimensions, in which there is room for more than a circle

IN_ORDER = 0.9  # of the seeds
SIDE_BY_SIDE = 0.8  # mean cosine of neighbours; 0.87 at 30 degrees
APART = 0.3


def circle_in_the_plane(tables: Tables) -> Finding:
    """In the order of the ring, and of independent features in none: by chance one in 20 million is."""
    ring, alone = (in_dimensions(tables, N_FEATURES, PLANE)[on_ring] for on_ring in (True, False))
    share = Share(sum(bool(model.is_in_order) for model in ring), len(ring))
    others = Share(sum(bool(model.is_in_order) for model in alone), len(alone))
    return Finding(
        verdict=plain(share.reaches(IN_ORDER) and not others.met),
        measured=f"{share}, and {others} of independent features",
        spread=f"orders of {share.of} and {others.of} models",
        share=share,
    )


def neighbours_side_by_side(tables: Tables) -> Finding:
    def judge(model: Model) -> Judged:
        cosine = model.neighbours
        return Judged(cosine > SIDE_BY_SIDE, cosine, f"mean cosine {cosine:.3f}")

    return over_seeds(in_dimensions(tables, N_FEATURES, PLANE)[True], judge, "mean cosine")


def interference_helps(tables: Tables) -> Finding:
    def judge(model: Model) -> Judged:
        added = model.interference
        return Judged(added > 0, added, f"{added:+.3f}")

    return over_seeds(in_dimensions(tables, N_FEATURES, PLANE)[True], judge, "added")


def interference_of_independent_features(tables: Tables) -> Finding:
    def judge(pair: dict[bool, Model]) -> Judged:
        ring, alone = pair[True].interference, pair[False].interference
        return Judged(ring > 0 >= alone, alone, f"{alone:+.3f} of independent features, {ring:+.3f} on the ring")

    return over_seeds(beside_independent(tables, N_FEATURES, PLANE), judge, "added of independent features", "ranks")


def more_of_the_data_with_decay(tables: Tables, weak: Tables) -> Finding:
    strong, other = agreements(tables, N_FEATURES, ROOM), agreements(weak, N_FEATURES, ROOM)
    return Finding(
        verdict=plain(all(strong[m] > other[m] for m in ROOM)),
        measured=f"{_rounded(strong)} with decay, {_rounded(other)} with less, at m = {listed(ROOM)}",
        spread=f"means of {listed(len(in_dimensions(tables, N_FEATURES, m)[True]) for m in ROOM)} seeds",
    )


def no_circle_where_there_is_room(tables: Tables) -> Finding:
    def judge(pair: dict[int, Model]) -> Judged:
        wide, flat = pair[ROOM[1]].neighbours, pair[PLANE].neighbours
        text = f"mean cosine {wide:.3f} in {ROOM[1]} dimensions, {flat:.3f} in {PLANE}"
        return Judged(wide < APART and flat > SIDE_BY_SIDE, wide, text)

    return over_seeds(
        at_widths(tables, N_FEATURES, (ROOM[1], PLANE)), judge, f"mean cosine in {ROOM[1]} dimensions", "ranks"
    )


def _rounded(values: dict[int, float]) -> str:
    return listed(round(value, 2) for value in values.values())


WHERE = f"{N_FEATURES} features on a ring"
IN_THAT_ORDER = (
    f"the order of directions is the ring's, in either sense: at least {IN_ORDER:.0%} of the seeds, and none of "
    "independent features"
)
CIRCLES = f"cyclic data give circles, uncorrelated data do not {SOURCE}"
CLAIMS = (
    *claims_of(
        "circles",
        SECTION,
        "directions",
        Claim(
            circle_in_the_plane,
            statement=f"In two dimensions, directions are in the order of the ring ({WHERE}, strong decay).",
            paper=CIRCLES,
            tolerance=IN_THAT_ORDER,
            limit="ours",
            fixed="before",
        ),
        Claim(
            neighbours_side_by_side,
            statement=f"Features that are active together lie side by side ({WHERE}, two dimensions).",
            paper=f"correlated features are close {SOURCE}",
            tolerance=f"mean cosine of neighbours > {SIDE_BY_SIDE:g}; 0.87 at 30 degrees",
            limit="ours",
            fixed="before",
        ),
        Claim(
            interference_helps,
            statement="So interference is constructive: other active features add to the output of an active one "
            f"({WHERE}, two dimensions).",
            paper=f"interference can be constructive {SOURCE}",
            tolerance="mean over features of what others add, expected while the feature is active: above 0",
            limit="text",
            fixed="before",
        ),
        Claim(
            interference_of_independent_features,
            statement=f"It is not where features are independent ({N_FEATURES} of the same density, two dimensions).",
            paper=f"constructive by correlations {SOURCE}",
            tolerance="mean over features of what others add, expected while the feature is active: above 0 on the "
            "ring, not above 0 of independent features",
            limit="ours",
            fixed="before",
            remark="Independent features add the same while the feature is silent, which a bias takes away again: "
            "that it is above 0 says nothing by itself.",
        ),
        Claim(
            more_of_the_data_with_decay,
            statement="Where there is room for more than a circle, weight decay makes directions more like the data: "
            f"products of two correlate more with the covariance of their features ({WHERE}).",
            paper=f"weight decay favours it {SOURCE}",
            tolerance=f"correlation over pairs, mean of seeds: higher with strong than with weak decay at m = "
            f"{listed(ROOM)}",
            limit="text",
            fixed="after",
            beside=("circles_weak",),
        ),
    ),
    *claims_of(
        "circles_weak",
        SECTION,
        "directions",
        Claim(
            circle_in_the_plane,
            statement=f"In two dimensions, weak decay has the same circle ({WHERE}).",
            paper=CIRCLES,
            tolerance=IN_THAT_ORDER,
            limit="ours",
            fixed="before",
        ),
        Claim(
            no_circle_where_there_is_room,
            statement=f"In {ROOM[1]} dimensions, weak decay leaves neighbours far apart: it takes scarcity to make a "
            f"circle ({WHERE}).",
            paper=f"models with little rank or much decay do so most {SOURCE}",
            tolerance=f"mean cosine of neighbours < {APART:g} there, > {SIDE_BY_SIDE:g} in two dimensions",
            limit="ours",
            fixed="after",
        ),
    ),
)
