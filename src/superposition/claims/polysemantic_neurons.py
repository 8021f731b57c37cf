"""Neurons that respond to several features ("Definitions and Motivation"): ten features on 3, 5, 7 and 10 neurons.

A neuron's response to a feature alone, x_i = 1, is relu(W_ji); the lines between neurons of one feature and of several
are those of "Superposition in a Privileged Basis" (measures/neurons.py), applied to responses. The paper states what it
expects of polysemanticity, and counts neurons of models with m = 5 only.
"""

import numpy as np

from superposition.claims.claim import Claim, Finding, Share, claims_of, plain
from superposition.claims.judging import Judged, over_ranks
from superposition.exact.sums import mean
from superposition.readings.polysemanticity import Asked, Grid, grids, with_a_neuron_for_each
from superposition.readings.results import NotInThisRun, Tables
from superposition.readings.trends import WORDS, never_falls

SECTION = "Definitions and Motivation"
N_FEATURES = 10
MODEL, RATIO = "relu_hidden", 0.75
ALWAYS = 1.0  # density at which all features are always active
OFTEN, RARE = 0.5, 0.03  # densities between which neurons become polysemantic
ASKED = Asked(MODEL, N_FEATURES, RATIO, (ALWAYS, OFTEN, RARE))
ON = 0.9  # share of the data on which a neuron that is hardly ever off is on
HALF = 0.5  # of the models without superposition


def grows_with_sparsity(tables: Tables) -> Finding:
    """From density 0.5 on. Where features are denser, neurons are hardly ever off (`dense_neurons_are_linear`)."""

    def judge(grid: Grid) -> Judged:
        found = {m: {s: model.share for s, model in row.items() if s <= OFTEN} for m, row in _fewer(grid).items()}
        shares = {m: list(own.values()) for m, own in found.items()}
        grow = [never_falls(found[m]) and own[0] == 0 and own[-1] == 1 for m, own in shares.items()]
        text = "; ".join(f"m = {m}: {', '.join(f'{share:.0%}' for share in own)}" for m, own in shares.items())
        at = ", ".join(f"{s:g}" for s in next(iter(grid.values())) if s <= OFTEN)
        return Judged(all(grow), grow.count(True), f"{text} at {at}")

    return over_ranks(grids(tables, ASKED), judge, "widths")


def important_features_last(tables: Tables) -> Finding:
    """Where a model has both kinds of neurons; features are counted from 1, the most important."""

    def judge(grid: Grid) -> Judged:
        right, said = [], []
        for m, row in _fewer(grid).items():
            for s, model in row.items():
                if s <= OFTEN and model.mono.any() and model.poly.any():
                    alone, shared = float(mean(model.alone)), float(mean(model.shared))
                    right.append(alone < shared)
                    said.append(f"m = {m}, {s:g}: {alone:.1f} and {shared:.1f}")
        share = right.count(True) / len(right) if right else 0.0
        return Judged(bool(right) and all(right), share, "; ".join(said) or "no model has both kinds")

    return over_ranks(grids(tables, ASKED), judge, "of models with both kinds")


def a_neuron_for_each_feature(tables: Tables) -> Finding:
    def judge(grid: Grid) -> Judged:
        row = {s: model for s, model in grid[N_FEATURES].items() if s <= OFTEN}
        counts = {s: int(np.count_nonzero(model.mono)) for s, model in row.items()}
        text = "; ".join(f"{s:g}: {count}" for s, count in counts.items()) + f" of {N_FEATURES} monosemantic"
        return Judged(all(count == N_FEATURES for count in counts.values()), min(counts.values()), text)

    return over_ranks(grids(tables, ASKED), judge, "monosemantic neurons at some density")


def dense_neurons_are_linear(tables: Tables) -> Finding:
    """Over all models whose features are always active and no more than their neurons."""
    found = [
        model
        for grid in grids(tables, ASKED)
        for width, row in grid.items()
        for s, model in row.items()
        if np.isclose(s, ALWAYS) and 0 < model.represented <= width
    ]
    if not found:
        return Finding("fails", "no model", "none represents features without superposition")
    mixed = [model for model in found if model.poly.any()]
    on = np.concatenate([model.on[model.poly] for model in mixed]) if mixed else np.zeros(1)
    share = Share(len(mixed), len(found), "models")
    holds = len(mixed) > HALF * len(found) and float(np.median(on)) > ON
    measured = f"{len(mixed) / len(found):.0%} of models; on for {np.median(on):.1%} of the data"
    often = float(mean(on > ON))
    spread = f"{share}; {often:.0%} of {len(on)} neurons on for more than {ON:.0%}"
    return Finding(plain(holds), measured, spread, share)


def kept(tables: Tables) -> Finding:
    found = with_a_neuron_for_each(tables, ASKED)
    mono = np.concatenate([models.mono for models in found.values()])
    share = Share(int(np.count_nonzero(mono == N_FEATURES)), len(mono), "models")
    measured = f"at least {mono.min()} of {N_FEATURES} monosemantic, at {', '.join(f'{s:g}' for s in found)}"
    return Finding(plain(share.met == share.of), measured, str(share), share)


def better_than_what_is_found(tables: Tables, others: Tables) -> Finding:
    """At each density the highest loss of those that began with it is below the lowest of the others."""
    began, random = with_a_neuron_for_each(tables, ASKED), with_a_neuron_for_each(others, ASKED)
    if began.keys() != random.keys():
        raise NotInThisRun("the claim needs models from random initial weights at the same densities")
    text = "; ".join(f"{s:g}: {models.loss.max():.2g} and {random[s].loss.min():.2g}" for s, models in began.items())
    below = np.concatenate([models.loss < random[s].loss.min() for s, models in began.items()])
    share = Share(int(np.count_nonzero(below)), len(below), "models")
    return Finding(plain(bool(below.all())), text, str(share), share)


def _fewer(grid: Grid) -> Grid:
    """Models with fewer neurons than features."""
    return {m: row for m, row in grid.items() if m < N_FEATURES}


CLAIMS = claims_of(
    "polysemantic_neurons",
    SECTION,
    "responses",
    Claim(
        grows_with_sparsity,
        statement=f"The sparser the features, the more neurons are polysemantic (density {OFTEN:g} and less).",
        paper="none to all",
        tolerance=f"share of polysemantic neurons, with fewer than {N_FEATURES} for {N_FEATURES} features, each number "
        f"of them, from density {OFTEN:g} to the lowest: 0 at first, 1 at last, and from one {WORDS} to the next never "
        "less in the median",
        limit="ours",
        fixed="after",
    ),
    Claim(
        important_features_last,
        statement=f"Neurons of the most important features stay monosemantic the longest (density {OFTEN:g} and less).",
        paper="important features have neurons of their own",
        tolerance=f"models with fewer neurons than features that have both kinds, density {OFTEN:g} and less: mean "
        "rank of importance, 1 the highest, of features with a neuron of their own below that of features that share "
        "one",
        limit="text",
        fixed="after",
    ),
    Claim(
        a_neuron_for_each_feature,
        statement=f"A network that is large enough dedicates a neuron to each feature (density {OFTEN:g} and less).",
        paper="a neuron for each feature, reliably",
        tolerance=f"with {N_FEATURES} neurons for as many features, at each density from {OFTEN:g} down: all of them "
        "monosemantic",
        limit="text",
        fixed="after",
        remark="A neuron for each feature would have no error, and training keeps it where it begins with it "
        "(dedicated_neurons); it is not what training finds. Rare features share neurons at almost no error: each "
        "excites several, the others hold those off, and errors come only where two are active at once.",
        known='Training starts with mixed neurons and finds such codes first (as in Lecomte et al. 2023, "What '
        'Causes Polysemanticity?": incidental polysemanticity).',
    ),
    Claim(
        dense_neurons_are_linear,
        statement="Where features are always active, neurons are polysemantic without superposition: they are hardly "
        "ever off, and so their basis is not privileged on this data.",
        paper="not said",
        tolerance=f"density {ALWAYS:g}, models of all widths that represent no more features than neurons: more than "
        f"half have polysemantic neurons, which are on for more than {ON:.0%} of the data (median)",
        limit="ours",
        fixed="after",
    ),
)

CLAIMS += claims_of(
    "dedicated_neurons",
    SECTION,
    "responses",
    Claim(
        kept,
        statement="A neuron for each feature, once there, stays.",
        paper="not said",
        tolerance=f"{N_FEATURES} neurons for as many features, initial weights 1 of each feature on its own neuron, at "
        "all densities: all neurons of all models monosemantic after training",
        limit="ours",
        fixed="after",
    ),
    Claim(
        better_than_what_is_found,
        statement="A neuron for each feature is the better solution, where training from random weights finds "
        "another one.",
        paper="not said",
        tolerance="at each density: highest held-out loss of models that began with it < lowest of those that began "
        "with random weights",
        limit="ours",
        fixed="after",
        beside=("polysemantic_neurons",),
    ),
)
