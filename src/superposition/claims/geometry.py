"""400 equally important features in 30 dimensions: how many dimensions each gets, and the polytopes they form.

x is 1 / (1 - S), the paper's axis. Its figures show one model at each density; here the models of the lowest loss at
each are judged first. Values were read off the figures, to about 0.02.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from fractions import Fraction

import numpy as np

from superposition.claims.claim import Claim, Finding, claims_of
from superposition.claims.judging import Judged, over_ranks
from superposition.exact.functions import log, power
from superposition.exact.sums import interpolate, total
from superposition.measures.thresholds import REPRESENTED_NORM
from superposition.readings.dimensions import (
    Sweep,
    at_their_lines,
    between,
    fraction,
    listed,
    of_represented,
    per_feature,
    share_in_pairs,
    share_near,
    slope,
    sweeps,
)
from superposition.readings.polytopes import components, counts, dimensionalities
from superposition.readings.results import Tables
from superposition.readings.solutions import Setting
from superposition.theory.dimensions import read_off
from superposition.theory.polytopes import NAMED, Polytope

SECTION = "The Geometry of Superposition"
SETTING = Setting("relu_output", n_features=400, n_hidden=30, importance_ratio=1.0)
SMALL = Setting("relu_output", n_features=200, n_hidden=15, importance_ratio=1.0)
LARGE = Setting("relu_output", n_features=800, n_hidden=60, importance_ratio=1.0)

# Ranges of x, and how many densities each needs for a curve to be seen.
WHOLE, POINTS, POINTS_OF_OTHERS = (1.0, 10.0), 10, 5
DENSE = (1.0, 1.1)
FALL = (1.45, 1.95)  # around 1.7, where the paper's curve is steepest
PLATEAU, ENDS = (2.5, 3.6), 2
STICKS = 0.03  # D*, off a line
END = (3.4, 4.2)  # x, of the plateau; the figure's curve is at 0.48 at 3.75, and at 0.44 at 4
FLATTER = 5  # times
OFF_THE_CURVE = 0.04  # D*, in the median
SPARSEST, LEFT, OFF_THE_END = 10.0, 0.22, 0.03  # x, D* there, and how far off it may be
SAME_CURVE = 0.03  # D*
ALL_USED = 0.95  # of the dimensions

TETRAHEDRON, TRIANGLE, DIGON, PENTAGON, ANTIPRISM = (
    next(one for one in NAMED if one.name == name)
    for name in ("tetrahedron", "triangle", "digon", "pentagon", "square antiprism")
)
# x where each is looked for, and how far off its line dimensionalities may be.
TETRAHEDRA, NEAR_TETRAHEDRA, MANY = (1.15, 1.5), 0.03, 0.5  # the last of represented features
TRIANGLES, NEAR_TRIANGLES, SOME = (1.5, 1.9), 0.02, 0.1  # the last of represented features, in each kind
DIGONS, NEAR_DIGONS, MOST = (2.5, 3.5), 0.02, 0.95  # the last of represented features
OPPOSITE, ORTHOGONAL = -0.97, 0.1  # cosines with the partner, and the largest with others
LATER, NEAR_LATER = (3.7, 5.0), 0.015  # pentagons and antiprisms
NO_LINES, NEAR_NO_LINES, FEW = (Fraction(3, 5), Fraction(3, 7)), 0.01, 0.02  # the last of represented features


def sticky_at_one(tables: Tables) -> Finding:
    def judge(sweep: Sweep) -> Judged:
        off = max(abs(per_feature(model) - 1) for model in sweep.values())
        represented = ", ".join(str(model.represented) for model in sweep.values())
        return Judged(off < STICKS, off, f"{listed(sweep)}; {represented} features with norm > {REPRESENTED_NORM:g}")

    return over_ranks(sweeps(tables, SETTING, DENSE), judge, "off 1")


def sticky_at_one_half(tables: Tables) -> Finding:
    """Close to 1/2 all over the plateau, whose slope from end to end is small beside the one of the fall."""

    def judge(pair: tuple[Sweep, Sweep]) -> Judged:
        flat, steep = map(slope, pair)
        off = max(abs(per_feature(model) - 1 / 2) for model in pair[0].values())
        text = f"{listed(pair[0])}; slope {flat:.3f}, where the curve falls {steep:.2f}"
        return Judged(off < STICKS and steep < 0 and FLATTER * abs(flat) <= abs(steep), off, text)

    pairs = list(zip(sweeps(tables, SETTING, PLATEAU, ENDS), sweeps(tables, SETTING, FALL, ENDS), strict=True))
    return over_ranks(pairs, judge, "off 1/2")


def plateau_ends(tables: Tables) -> Finding:
    """Where dimensions per feature, linear in log x between densities, get below those of the plateau for good."""

    def judge(sweep: Sweep) -> Judged:
        x = sorted(sweep)
        off = [per_feature(sweep[one]) - (1 / 2 - STICKS) for one in x]
        last = max((place for place, one in enumerate(off) if one >= 0), default=-1)
        if not 0 <= last < len(x) - 1:
            return Judged(False, 0.0, "it does not end" if last >= 0 else "there is none")
        share = off[last] / (off[last] - off[last + 1])
        end = x[last] * float(power(x[last + 1] / x[last], share))
        return Judged(END[0] <= end <= END[1], round(end, 2), f"{end:.2f}, between {x[last]:.2f} and {x[last + 1]:.2f}")

    return over_ranks(sweeps(tables, SETTING, WHOLE, POINTS), judge, "is its end")


def follows_the_curve(tables: Tables) -> Finding:
    """The median over log-spaced densities says little of the fall, which is short: the largest is printed beside."""

    def judge(pair: tuple[Sweep, Sweep]) -> Judged:
        sweep, (end,) = pair[0], pair[1].values()
        off = np.abs([per_feature(model) for model in sweep.values()] - read_off(np.array(list(sweep))))
        worst = list(sweep)[int(off.argmax())]
        median, left = float(np.median(off)), per_feature(end)
        holds = median < OFF_THE_CURVE and abs(left - LEFT) < OFF_THE_END
        text = f"median {median:.3f}, at most {off.max():.3f} (at {worst:.2f}); {left:.3f} at {SPARSEST:g}"
        return Judged(holds, median, text)

    pairs = list(
        zip(sweeps(tables, SETTING, WHOLE, POINTS), sweeps(tables, SETTING, (SPARSEST, SPARSEST)), strict=True)
    )
    return over_ranks(pairs, judge, "median")


def digons(tables: Tables) -> Finding:
    def judge(sweep: Sweep) -> Judged:
        shares = [
            min(share_near([model], DIGON.dimensionality, NEAR_DIGONS), share_in_pairs(model, OPPOSITE, ORTHOGONAL))
            for model in sweep.values()
        ]
        pairs = ", ".join(f"{counts(components(model.W)).get('digon', 0)}" for model in sweep.values())
        return Judged(min(shares) >= MOST, min(shares), f"{min(shares):.1%} of features, {pairs} digons")

    return over_ranks(sweeps(tables, SETTING, DIGONS), judge, "of features")


def tetrahedra(tables: Tables) -> Finding:
    def judge(sweep: Sweep) -> Judged:
        models = list(sweep.values())
        share = share_near(models, TETRAHEDRON.dimensionality, NEAR_TETRAHEDRA)
        found = [component for model in models for component in components(model.W)]
        features = Counter[int]()
        for component in found:
            features[len(component.features)] += len(component.features)
        most = max(sorted(features), key=lambda size: features[size], default=0)
        number, corners = counts(found).get("tetrahedron", 0), features[TETRAHEDRON.vertices]
        text = (
            f"{share:.0%} of {sum(features.values())} features; {corners} in components of {TETRAHEDRON.vertices}, "
            f"of which {number} are tetrahedra"
        )
        return Judged(share >= MANY and most == TETRAHEDRON.vertices, share, text)

    return over_ranks(sweeps(tables, SETTING, TETRAHEDRA), judge, "of features")


def triangles_beside_digons(tables: Tables) -> Finding:
    """More than clusters at both lines, which one triangle and a few loose features would be."""

    def judge(sweep: Sweep) -> Judged:
        shares, said = _in(sweep, (TRIANGLE, DIGON), NEAR_TRIANGLES)
        return Judged(min(shares) >= SOME, min(shares), said)

    return over_ranks(sweeps(tables, SETTING, TRIANGLES), judge, "of features")


def are_there(named: Polytope) -> Callable[[Tables], Finding]:
    """Whether more features are in these polytopes than would be called none."""

    def check(tables: Tables) -> Finding:
        def judge(sweep: Sweep) -> Judged:
            (share,), said = _in(sweep, (named,), NEAR_LATER)
            return Judged(share > FEW, share, said)

        return over_ranks(sweeps(tables, SETTING, LATER), judge, "of features")

    return check


def _in(sweep: Sweep, kinds: Sequence[Polytope], off: float) -> tuple[list[float], str]:
    """Shares of features that are in each kind, in words too, with the x that has most of the first."""
    found = {x: at_their_lines(model, kinds, off) for x, model in sweep.items()}
    numbers = [sum(own) for own in zip(*found.values(), strict=True)]
    represented = sum(model.represented for model in sweep.values())
    shares = [n * named.vertices / max(represented, 1) for named, n in zip(kinds, numbers, strict=True)]
    said = [f"{share:.1%} in {n} {named.name}s" for named, n, share in zip(kinds, numbers, shares, strict=True)]
    most = max(found, key=lambda x: found[x][0])
    return shares, f"{', '.join(said)} of features" + (f"; most at {most:.2f}" if numbers[0] else "")


def no_bipyramids(tables: Tables) -> Finding:
    """Of all densities together, as the figure has them; where most are is said, for those who look for a line."""

    def judge(sweep: Sweep) -> Judged:
        found = {x: of_represented(model) for x, model in sweep.items()}
        represented = sum(len(D) for D in found.values())
        shares, said = [], []
        for line in NO_LINES:
            near = {x: D[np.abs(D - float(line)) < NEAR_NO_LINES] for x, D in found.items()}
            most = max(near, key=lambda x: len(near[x]))
            shares.append(sum(len(D) for D in near.values()) / represented if represented else 0.0)
            there = f" ({len(near[most])} of {len(found[most])} at {most:.2f})" if len(near[most]) else ""
            said.append(f"{shares[-1]:.1%} near {line}{there}")
        return Judged(represented > 0 and max(shares) <= FEW, max(shares), ", ".join(said))

    return over_ranks(sweeps(tables, SETTING, WHOLE, POINTS), judge, "of features")


def _as_in(setting: Setting) -> Callable[[Tables, Tables], Finding]:
    """Whether models of this setting have the dimensions per feature of those with n = 400 and m = 30."""

    def check(tables: Tables, reference: Tables) -> Finding:
        (curve, *_) = sweeps(reference, SETTING, WHOLE, POINTS)
        logs, values = log(list(curve)), [per_feature(model) for model in curve.values()]

        def judge(sweep: Sweep) -> Judged:
            there = dict(zip(sweep, interpolate(log(list(sweep)), logs, values).tolist(), strict=True))
            off = {x: abs(per_feature(model) - there[x]) for x, model in sweep.items()}
            worst = max(off, key=lambda x: off[x])
            text = f"at most {off[worst]:.3f} (at {worst:.2f}) over {len(off)} densities"
            return Judged(off[worst] < SAME_CURVE, off[worst], text)

        return over_ranks(sweeps(tables, setting, WHOLE, POINTS_OF_OTHERS), judge, "off")

    return check


def adds_up_to_the_dimensions(tables: Tables) -> Finding:
    """Never to more than that, whatever the weights; all dimensions are used on the plateau."""

    def judge(sweep: Sweep) -> Judged:
        sums = [float(total(dimensionalities(model.W))) for model in sweep.values()]
        text = f"{min(sums):.2f} to {max(sums):.2f}"
        return Judged(min(sums) >= ALL_USED * SETTING.n_hidden, min(sums), text)

    return over_ranks(sweeps(tables, SETTING, PLATEAU), judge, "at least")


CLAIMS = claims_of(
    "geometry",
    SECTION,
    "dimensions_per_feature",
    Claim(
        sticky_at_one,
        statement=f"Where features are dense, {between(DENSE)}, dimensions per feature stick at 1.",
        paper="1",
        tolerance=f"m / ||W||_F^2 within {STICKS:g} of 1 at all {between(DENSE)}",
        limit="ours",
        fixed="before",
    ),
    Claim(
        sticky_at_one_half,
        statement=f"Dimensions per feature stick at 1/2 over a range of sparsity, {between(PLATEAU)}: a plateau.",
        paper="1/2, flat",
        tolerance=f"m / ||W||_F^2 within {STICKS:g} of 1/2 at all {between(PLATEAU)}; from end to end its slope over "
        f"log 1 / (1 - S) at least {FLATTER} times smaller than from {FALL[0]:g} to {FALL[1]:g}",
        limit="ours",
        fixed="before",
    ),
    Claim(
        plateau_ends,
        statement="The plateau ends where pairs give way to more than two features in a dimension: as far on as in the "
        "figure.",
        paper="0.48 at 3.75, 0.44 at 4",
        tolerance=f"1 / (1 - S) from which on m / ||W||_F^2 is more than {STICKS:g} below 1/2: {END[0]:g} to "
        f"{END[1]:g}",
        limit="figure",
        fixed="after",
    ),
    Claim(
        follows_the_curve,
        statement="In the median, dimensions per feature over sparsity are those of the figure, as at its end.",
        paper=f"0 off; {LEFT:g} at {SPARSEST:g}",
        tolerance=f"m / ||W||_F^2: median distance from the curve read off the figure, {between(WHOLE)}, < "
        f"{OFF_THE_CURVE:g}; at {SPARSEST:g} within {OFF_THE_END:g} of {LEFT:g}",
        limit="figure",
        fixed="before",
    ),
    Claim(
        tetrahedra,
        statement=f"At low sparsity, {between(TETRAHEDRA)}, features form tetrahedra.",
        paper=fraction(TETRAHEDRON),
        tolerance=f"all {between(TETRAHEDRA)} together: {MANY:.0%} of the represented features within "
        f"{NEAR_TETRAHEDRA:g} of {fraction(TETRAHEDRON)}, more of them in components of {TETRAHEDRON.vertices} than of "
        "any other size",
        limit="ours",
        fixed="after",
        figure="feature_dimensionality",
    ),
    Claim(
        triangles_beside_digons,
        statement=f"Then, {between(TRIANGLES)}, there are triangles beside digons.",
        paper=f"{fraction(TRIANGLE)} and {fraction(DIGON)}",
        tolerance=f"all {between(TRIANGLES)} together: at least {SOME:.0%} of the represented features in components "
        f"of each kind, dimensionalities within {NEAR_TRIANGLES:g} of the line",
        limit="ours",
        fixed="after",
        figure="feature_graphs",
    ),
    Claim(
        digons,
        statement=f"On the plateau, {between(DIGONS)}, all features are in antipodal pairs.",
        paper=f"{fraction(DIGON)}, one partner",
        tolerance=f"{between(DIGONS)}: {MOST:.0%} of the represented features within {NEAR_DIGONS:g} of "
        f"{fraction(DIGON)}, and "
        f"{MOST:.0%} with one partner at cos < {OPPOSITE:g} and |cos| < {ORTHOGONAL:g} to all others",
        limit="ours",
        fixed="before",
        figure="feature_dimensionality",
    ),
    Claim(
        are_there(PENTAGON),
        statement=f"At higher sparsity, {between(LATER)}, there are pentagons.",
        paper=fraction(PENTAGON),
        tolerance=f"all {between(LATER)} together: more than {FEW:.0%} of the represented features in components that "
        f"are pentagons, dimensionalities within {NEAR_LATER:g} of {fraction(PENTAGON)}",
        limit="ours",
        fixed="after",
        figure="feature_graphs",
        name="pentagons",
    ),
    Claim(
        are_there(ANTIPRISM),
        statement=f"At higher sparsity, {between(LATER)}, there are square antiprisms.",
        paper=fraction(ANTIPRISM),
        tolerance=f"all {between(LATER)} together: more than {FEW:.0%} of the represented features in components that "
        f"are square antiprisms, dimensionalities within {NEAR_LATER:g} of {fraction(ANTIPRISM)}",
        limit="ours",
        fixed="after",
        figure="feature_graphs",
        name="square_antiprisms",
        remark="There is one where data are a little sparser, and in the second model one that is not at the line.",
        known="At a rate of 0.003 in place of 0.01 there was one at 1 / (1 - S) = 4.30, of 12% of the features.",
    ),
    Claim(
        no_bipyramids,
        statement=f"There are no lines at {NO_LINES[0]} and {NO_LINES[1]}: bipyramids are tegum products, whose "
        "factors have lines of "
        "their own.",
        paper="none",
        tolerance=f"at most {FEW:.0%} of the represented features, {between(WHOLE)}, within {NEAR_NO_LINES:g} of "
        f"{NO_LINES[0]}, and of {NO_LINES[1]}",
        limit="ours",
        fixed="before",
        figure="feature_dimensionality",
    ),
    Claim(
        adds_up_to_the_dimensions,
        statement=f"The dimensionalities of all features add up to the number of dimensions ({between(PLATEAU)}).",
        paper=f"{SETTING.n_hidden}",
        tolerance=f"at least {ALL_USED * SETTING.n_hidden:g} at all {between(PLATEAU)}; more than "
        f"{SETTING.n_hidden} cannot be",
        limit="ours",
        fixed="before",
        figure="feature_dimensionality",
    ),
)


def _same_curve(experiment: str, setting: Setting, remark: str, known: str = "") -> tuple[Claim, ...]:
    return claims_of(
        experiment,
        SECTION,
        "dimensions_per_feature",
        Claim(
            _as_in(setting),
            statement=f"The curve does not depend on the size: {setting.n_features} features in {setting.n_hidden} "
            f"dimensions have that of {SETTING.n_features} in {SETTING.n_hidden}.",
            paper="the same",
            tolerance=f"m / ||W||_F^2 within {SAME_CURVE:g} of that of {SETTING.n_features} in {SETTING.n_hidden} at "
            f"all densities, linear between its points",
            limit="ours",
            fixed="before",
            name="same_curve",
            beside=("geometry",),
            remark=remark,
            known=known,
        ),
    )


CLAIMS += _same_curve(
    "geometry_small",
    SMALL,
    "They differ at 1 / (1 - S) = 4.64, where pairs give way to pentagons, and where the two models of the full size "
    "differ as much.",
)
CLAIMS += _same_curve(
    "geometry_large",
    LARGE,
    "They differ at 1 / (1 - S) = 1.71, where the curve falls the steepest, and where the two models of the full size "
    "differ too.",
    "With half as many samples in a step they differed by 0.057.",
)
