"""400 equally important features in 30 dimensions: how many dimensions each gets, and the polytopes they form.

x is 1 / (1 - S), the paper's axis. Its figures show one model at each density; here the best of the seeds is judged.
Values were read off the figures, to about 0.02.
"""

from collections.abc import Callable

import numpy as np

from superposition.claims.claim import Claim, Finding, claims_of
from superposition.claims.judging import Judged, over_seeds
from superposition.exact.functions import log
from superposition.exact.sums import interpolate, mean, total
from superposition.measures.thresholds import REPRESENTED_NORM
from superposition.readings.polytopes import components, counts, dimensionalities
from superposition.readings.results import NotInThisRun, Tables
from superposition.readings.solutions import Setting, Solution, densities, solutions
from superposition.theory.angles import cosines
from superposition.theory.dimensions import read_off

SECTION = "The Geometry of Superposition"
SETTING = Setting("relu_output", n_features=400, n_hidden=30, importance_ratio=1.0)
SMALL = Setting("relu_output", n_features=200, n_hidden=15, importance_ratio=1.0)
LARGE = Setting("relu_output", n_features=800, n_hidden=60, importance_ratio=1.0)
EDGE = 1e-6  # 1 / (1 - 0.9) is not 10 to the last bit


Sweep = dict[float, Solution]  # one model at each of several x, by x


def sticky_at_one(tables: Tables) -> Finding:
    def judge(sweep: Sweep) -> Judged:
        off = max(abs(_per_feature(model) - 1) for model in sweep.values())
        return Judged(off < 0.03, off, _listed(sweep))

    return over_seeds(_sweeps(tables, 1.0, 1.15), judge, "off 1")


def sticky_at_one_half(tables: Tables) -> Finding:
    def judge(sweep: Sweep) -> Judged:
        off = max(abs(_per_feature(model) - 0.5) for model in sweep.values())
        return Judged(off < 0.03, off, _listed(sweep))

    return over_seeds(_sweeps(tables, 2.5, 3.6, at_least=2), judge, "off 1/2")


def flat_at_one_half(tables: Tables) -> Finding:
    """The slope between the ends of the plateau against the one across x = 1.7."""
    judged = []
    for plateau, fall in zip(
        _sweeps(tables, 2.5, 3.6, at_least=2), _sweeps(tables, 1.45, 1.95, at_least=2), strict=True
    ):
        flat, steep = _slope(plateau), _slope(fall)
        judged.append(Judged(steep < 0 and abs(flat) < abs(steep) / 5, flat, f"{flat:.3f}, at 1.7 {steep:.2f}"))
    return over_seeds(judged, lambda found: found, "on the plateau")


def dimensions_at_ten(tables: Tables) -> Finding:
    def judge(sweep: Sweep) -> Judged:
        (model,) = sweep.values()
        found = _per_feature(model)
        return Judged(abs(found - 0.22) < 0.03, found, f"{found:.3f}")

    return over_seeds(_sweeps(tables, 10.0, 10.0), judge, "")


def follows_the_curve(tables: Tables) -> Finding:
    def judge(sweep: Sweep) -> Judged:
        off = np.abs([_per_feature(model) for model in sweep.values()] - read_off(np.array(list(sweep))))
        worst = list(sweep)[int(off.argmax())]
        text = f"median {np.median(off):.3f}, at most {off.max():.3f} (at {worst:.2f})"
        return Judged(bool(np.median(off) < 0.04), float(np.median(off)), text)

    return over_seeds(_sweeps(tables, 1.0, 10.0, at_least=10), judge, "median")


def digons(tables: Tables) -> Finding:
    def judge(sweep: Sweep) -> Judged:
        shares = [min(_half(model), _one_partner(model)) for model in sweep.values()]
        pairs = ", ".join(f"{counts(components(model.W)).get('digon', 0)}" for model in sweep.values())
        return Judged(min(shares) >= 0.95, min(shares), f"{min(shares):.1%} of features, {pairs} digons")

    return over_seeds(_sweeps(tables, 2.5, 3.5), judge, "of features")


def _at_some(
    low: float, high: float, wanted: Callable[[Solution], tuple[bool, float, str]]
) -> Callable[[Tables], Finding]:
    """A claim that some density between `low` and `high` shows something: the one that shows most of it is reported."""

    def check(tables: Tables) -> Finding:
        def judge(sweep: Sweep) -> Judged:
            found = {x: wanted(model) for x, model in sweep.items()}
            x = max(found, key=lambda x: found[x][:2])
            holds, number, text = found[x]
            return Judged(holds, number, f"{text} at {x:.2f}")

        return over_seeds(_sweeps(tables, low, high), judge, "of features")

    return check


def _tetrahedra(model: Solution) -> tuple[bool, float, str]:
    share = _near(model, 3 / 4, 0.03)
    found = components(model.W)
    sizes = [len(component.features) for component in found]
    largest_group = max(sorted(set(sizes)), key=sizes.count) if sizes else 0
    number = counts(found).get("tetrahedron", 0)
    return share >= 0.5 and largest_group == 4, share, f"{share:.0%} of features, {number} tetrahedra"


def _triangles_beside_digons(model: Solution) -> tuple[bool, float, str]:
    number = counts(components(model.W))
    triangles, pairs = number.get("triangle", 0), number.get("digon", 0)
    share = min(_near(model, 2 / 3, 0.02), _near(model, 1 / 2, 0.02))
    return triangles >= 2 and pairs >= 2, share, f"{triangles} triangles, {pairs} digons"


def _pentagons(model: Solution) -> tuple[bool, float, str]:
    number, share = counts(components(model.W)).get("pentagon", 0), _near(model, 2 / 5, 0.015)
    return number >= 1 and share > 0, share, f"{number} pentagons, {share:.0%} of features"


def _antiprisms(model: Solution) -> tuple[bool, float, str]:
    number, share = counts(components(model.W)).get("square antiprism", 0), _near(model, 3 / 8, 0.015)
    return number >= 1 and share > 0, share, f"{number} antiprisms, {share:.0%} of features"


def no_bipyramids(tables: Tables) -> Finding:
    """Over all densities together; the features that only pass by are counted too, for those who look for a line."""

    def judge(sweep: Sweep) -> Judged:
        whole, near, represented = [0, 0], [0, 0], 0
        for model in sweep.values():
            D = dimensionalities(model.W)
            represented += model.represented
            for k, (vertices, line) in enumerate(((5, 3 / 5), (7, 3 / 7))):
                there = np.abs(D - line) < 0.01
                near[k] += int(np.count_nonzero(there & (model.norms > REPRESENTED_NORM)))
                found = (list(one.features) for one in components(model.W) if len(one.features) == vertices)
                whole[k] += sum(bool(there[features].all()) for features in found)
        bipyramids = whole[0] + whole[1]
        shares = [count / represented if represented else 0.0 for count in near]
        text = f"{bipyramids} bipyramids; of features {shares[0]:.1%} are near 3/5, {shares[1]:.1%} near 3/7"
        return Judged(represented > 0 and not bipyramids, bipyramids, text)

    return over_seeds(_sweeps(tables, 1.0, 10.0), judge, "bipyramids")


def _as_in(setting: Setting) -> Callable[[Tables, Tables], Finding]:
    """Whether models of this setting have the dimensions per feature of those with n = 400 and m = 30."""

    def check(tables: Tables, reference: Tables) -> Finding:
        (curve, *_) = _sweeps(reference, 1.0, 10.0, at_least=10)
        logs, values = log(list(curve)), [_per_feature(model) for model in curve.values()]

        def judge(sweep: Sweep) -> Judged:
            there = dict(zip(sweep, interpolate(log(list(sweep)), logs, values).tolist(), strict=True))
            off = {x: abs(_per_feature(model, setting) - there[x]) for x, model in sweep.items()}
            worst = max(off, key=lambda x: off[x])
            text = f"at most {off[worst]:.3f} (at {worst:.2f}) over {len(off)} densities"
            return Judged(off[worst] < 0.03, off[worst], text)

        return over_seeds(_sweeps(tables, 1.0, 10.0, at_least=5, setting=setting), judge, "off")

    return check


def adds_up_to_the_dimensions(tables: Tables) -> Finding:
    """At most m for any W; all of m is used on the plateau."""

    def judge(sweep: Sweep) -> Judged:
        sums = {x: float(total(dimensionalities(model.W))) for x, model in sweep.items()}
        plateau = [whole for x, whole in sums.items() if 2.5 <= x <= 3.6]
        if not plateau:
            raise NotInThisRun("no density with 1 / (1 - S) from 2.5 to 3.6 in this run")
        holds = max(sums.values()) <= 30 + 1e-9 and min(plateau) >= 0.95 * 30
        return Judged(holds, min(plateau), f"{min(sums.values()):.2f} to {max(sums.values()):.2f}")

    return over_seeds(_sweeps(tables, 1.0, 10.0), judge, "on the plateau")


def _sweeps(tables: Tables, low: float, high: float, at_least: int = 1, setting: Setting = SETTING) -> list[Sweep]:
    """The models with x from `low` to `high`: those with the lowest loss at each x, those with the next one, ..."""
    present = [s for s in densities(tables, setting) if low - EDGE <= 1 / s <= high + EDGE]
    if len(present) < at_least:
        wanted = f"{at_least} densities" if at_least > 1 else "a density"
        raise NotInThisRun(f"the claim needs {wanted} with 1 / (1 - S) from {low:g} to {high:g}, found {len(present)}")
    ranked = zip(*(solutions(tables, setting, s) for s in present), strict=False)
    return [dict(zip((1 / s for s in present), models, strict=True)) for models in ranked]


def _per_feature(model: Solution, setting: Setting = SETTING) -> float:
    """D*; infinite for a model that represents nothing."""
    squared = float(total(np.square(model.norms)))
    return setting.n_hidden / squared if squared else float("inf")


def _slope(sweep: Sweep) -> float:
    """dD* / dlog x between the ends."""
    ends = min(sweep), max(sweep)
    rise = _per_feature(sweep[ends[1]]) - _per_feature(sweep[ends[0]])
    return rise / float(log(ends[1] / ends[0]))


def _listed(sweep: Sweep) -> str:
    return ", ".join(f"{x:.2f}: {_per_feature(model):.3f}" for x, model in sweep.items())


def _dimensionalities(model: Solution) -> np.ndarray:
    """Of represented features."""
    return dimensionalities(model.W)[model.norms > REPRESENTED_NORM]


def _near(model: Solution, line: float, within: float) -> float:
    """Share of the represented features whose dimensionality is."""
    D = _dimensionalities(model)
    return float(mean(np.abs(D - line) < within)) if len(D) else 0.0


def _half(model: Solution) -> float:
    return _near(model, 1 / 2, 0.02)


def _one_partner(model: Solution) -> float:
    """Share of the represented features with one at cos < -0.97 and |cos| < 0.1 to all others."""
    represented = model.norms > REPRESENTED_NORM
    if not represented.any():
        return 0.0
    cosine = cosines(model.W[:, represented])
    partners = np.count_nonzero(cosine < -0.97, axis=1) == 1
    near = np.count_nonzero(np.abs(cosine) > 0.1, axis=1) == 2  # itself and the partner
    return float(mean(partners & near))


CLAIMS = claims_of(
    "geometry",
    SECTION,
    "dimensions_per_feature",
    Claim(
        sticky_at_one,
        statement="Dense features get one dimension each: dimensions per feature stick at 1.",
        paper="1",
        tolerance="m / ||W||_F^2 within 0.03 of 1 at all 1 / (1 - S) up to 1.15",
        limit="text",
        fixed="after",
    ),
    Claim(
        sticky_at_one_half,
        statement="Dimensions per feature stick at 1/2 over a range of sparsity.",
        paper="1/2",
        tolerance="m / ||W||_F^2 within 0.03 of 1/2 at all 1 / (1 - S) from 2.5 to 3.6",
        limit="text",
        fixed="before",
    ),
    Claim(
        flat_at_one_half,
        statement="There the curve has a plateau.",
        paper="flat",
        tolerance="slope over log 1 / (1 - S) from 2.5 to 3.6 at least 5 times smaller than from 1.45 to 1.95",
        limit="ours",
        fixed="before",
    ),
    Claim(
        dimensions_at_ten,
        statement="At 90% sparsity 0.22 dimensions are left for each feature.",
        paper="0.22",
        tolerance="m / ||W||_F^2 within 0.03 of 0.22 at 1 / (1 - S) = 10",
        limit="figure",
        fixed="before",
    ),
    Claim(
        follows_the_curve,
        statement="Dimensions per feature over sparsity, as the figure has them.",
        paper="0 off",
        tolerance="median distance from the curve read off the figure < 0.04",
        limit="figure",
        fixed="before",
    ),
    Claim(
        _at_some(1.15, 1.5, _tetrahedra),
        statement="At low sparsity features form tetrahedra.",
        paper="3/4",
        tolerance="at some 1 / (1 - S) from 1.15 to 1.5: half of the represented features within 0.03 of 3/4, "
        "components of 4 most frequent",
        limit="ours",
        fixed="before",
        figure="feature_dimensionality",
        name="tetrahedra",
        remark="Features with 3/4 of a dimension are there, but alone among hundreds of small ones, and more of them "
        "come the longer models train and the less noise there is: at 1 / (1 - S) = 1.35 they are one of 4 after 10000 "
        "steps of 512 samples, nine in ten after 20000 of 1024. Of 100 features in 8 dimensions, after "
        "60000 steps of 4096 without weight decay, 9 are in components of 5 and 4 at 1.26. Nor is it clear that "
        "tetrahedra are what training aims at: if all dimensions are filled with one polytope, at 1.28 and 1.42 "
        "triangles have a loss that is lower by 0.01% and 0.05% (tests/test_polytopes.py).",
    ),
    Claim(
        _at_some(1.5, 1.9, _triangles_beside_digons),
        statement="Then triangles, beside digons.",
        paper="2/3 and 1/2",
        tolerance="at some 1 / (1 - S) from 1.5 to 1.9: at least two components of each",
        limit="ours",
        fixed="after",
        figure="feature_graphs",
        name="triangles_beside_digons",
        remark="At 1.71 some components are not finished, and 1.58 is too dense. At full scale, with more densities, "
        "there are 5 triangles and 4 digons at 1.68; after 20000 steps of 1024 samples there were 9 and 2 at 1.65.",
    ),
    Claim(
        digons,
        statement="On the plateau all features are in antipodal pairs.",
        paper="1/2, one partner",
        tolerance="1 / (1 - S) from 2.5 to 3.5: 95% of the represented features within 0.02 of 1/2, and 95% with "
        "one partner at cos < -0.97 and |cos| < 0.1 to all others",
        limit="figure",
        fixed="before",
        figure="feature_dimensionality",
        remark="At 3.41, in the model of the lowest loss, a pentagon has taken the place of two digons already; all "
        "other features of the range, those of the other seed and those at full scale are in antipodal pairs.",
    ),
    Claim(
        _at_some(3.6, 5.0, _pentagons),
        statement="At higher sparsity there are pentagons.",
        paper="2/5",
        tolerance="at some 1 / (1 - S) from 3.6 to 5: a component that is a pentagon, dimensionality within 0.015 "
        "of 2/5",
        limit="text",
        fixed="after",
        figure="feature_graphs",
        name="pentagons",
    ),
    Claim(
        _at_some(3.6, 5.0, _antiprisms),
        statement="At higher sparsity there are square antiprisms.",
        paper="3/8",
        tolerance="at some 1 / (1 - S) from 3.6 to 5: a component that is a square antiprism, dimensionality "
        "within 0.015 of 3/8",
        limit="text",
        fixed="after",
        figure="feature_graphs",
        name="square_antiprisms",
    ),
    Claim(
        no_bipyramids,
        statement="There are no lines at 3/5 and 3/7: bipyramids are tegum products, whose factors have lines of "
        "their own.",
        paper="none",
        tolerance="no component of 5 features that are all within 0.01 of 3/5, none of 7 within 0.01 of 3/7; the "
        "paper's figure too has features that pass by 3/7, in large components",
        limit="text",
        fixed="after",
        figure="feature_dimensionality",
    ),
    Claim(
        adds_up_to_the_dimensions,
        statement="The dimensionalities of all features add up to the number of dimensions.",
        paper="30",
        tolerance="at most 30 everywhere, at least 28.5 at 1 / (1 - S) from 2.5 to 3.6",
        limit="text",
        fixed="before",
        figure="feature_dimensionality",
    ),
)


def _same_curve(experiment: str, setting: Setting) -> tuple[Claim, ...]:
    return claims_of(
        experiment,
        SECTION,
        "dimensions_per_feature",
        Claim(
            _as_in(setting),
            statement=f"The curve does not depend on the size: {setting.n_features} features in {setting.n_hidden} "
            "dimensions have that of 400 in 30.",
            paper="the same",
            tolerance="m / ||W||_F^2 within 0.03 of that of 400 in 30 at all densities, linear between its points",
            limit="text",
            fixed="before",
            name="same_curve",
            beside=("geometry",),
            remark="They agree but for where the curve falls steeply, at 1 / (1 - S) = 1.71: features get their "
            "directions one after the other there, and the more there are, the longer it takes. Smaller models are "
            "ahead after the same number of steps.",
        ),
    )


CLAIMS += _same_curve("geometry_small", SMALL) + _same_curve("geometry_large", LARGE)
