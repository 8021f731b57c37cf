"""Two features on one neuron, and a second neuron against the interference ("The Asymmetric Superposition Motif").

The paper shows one model with 10 neurons and 6 features, and gives neither its sparsity nor its importances. The motif
is found by its weights (`readings.motifs`).
"""

import numpy as np

from superposition.claims.claim import Claim, Finding, Share, claims_of, plain
from superposition.claims.judging import Judged, over_seeds
from superposition.exact.sums import mean, total
from superposition.measures.computation import canonical, primary_features
from superposition.readings.motifs import (
    INHIBITING_OUTPUT,
    INPUT_RATIO,
    OWN_PATH,
    STRONG_CROSSING,
    WEAK_CROSSING,
    AsymmetricSuperposition,
    asymmetric_superposition,
)
from superposition.readings.results import NotInThisRun, Tables
from superposition.readings.solutions import Setting, Solution, solutions

SECTION = "Computation in Superposition"
SETTING = Setting("absolute_value", n_features=6, n_hidden=10, importance_ratio=0.7)
DENSITY = 0.2
SEEDS = 200  # at least: shares are of those trained
SHARE = 0.2  # of all seeds, at least
BEST = 10  # one of so many seeds: those of the lowest loss, which have the motif more often
NEURONS = np.arange(SETTING.n_hidden)
OTHER_INPUT, OTHER_PATH = 0.1, 0.2  # of a neuron with one feature: largest other input weight, own product off 1 by
INTERFERENCE = 1.5  # on the victim, of the interfering feature at 1: without the inhibitor, and with it


def in_the_best_model(tables: Tables) -> Finding:
    def judge(model: Solution) -> Judged:
        count = len(_motifs(model))
        return Judged(count > 0, count, f"{count} of them")

    return over_seeds(solutions(tables, SETTING, DENSITY), judge, "of them")


def common(tables: Tables) -> Finding:
    has = np.array([len(_motifs(model)) > 0 for model in solutions(tables, SETTING, DENSITY)])
    if len(has) < SEEDS:
        raise NotInThisRun(f"the claim is about shares of at least {SEEDS} seeds; this run has {len(has)}")
    share, best = float(mean(has)), float(mean(has[: len(has) // BEST]))
    found = Share(int(np.count_nonzero(has)), len(has))
    return Finding(plain(share >= SHARE), f"{share:.0%} of seeds, {best:.0%} of the best tenth", str(found), found)


def interference_is_hidden(tables: Tables) -> Finding:
    """Interfering feature alone, at 1 or -1: the victim's output before its ReLU, with and without the inhibitor."""

    def judge(model: Solution) -> Judged:
        outputs = [_on_the_victim(model, motif) for motif in _motifs(model)]
        if not outputs:
            return Judged(False, 0, "no motif")
        holds = all(without > INTERFERENCE and with_it <= 0 for with_it, without in outputs)
        text = ", ".join(f"{without:.2f} without, {with_it:.2f} with" for with_it, without in outputs)
        return Judged(holds, len(outputs), text)

    return over_seeds(solutions(tables, SETTING, DENSITY), judge, "of them")


def other_neurons_are_ordinary(tables: Tables) -> Finding:
    def judge(model: Solution) -> Judged:
        inputs, primary = canonical(model.W, model.W_out)[0], primary_features(model.W)
        second = np.sort(np.abs(inputs), axis=1, kind="stable")[:, -2]
        own_path = np.abs(model.W[NEURONS, primary]) * model.W_out[primary, NEURONS]
        ordinary = (second < OTHER_INPUT) & (np.abs(own_path - 1) < OTHER_PATH)
        count = int(np.count_nonzero(ordinary))
        return Judged(2 * count > len(NEURONS), count, f"{count} of {len(NEURONS)}")

    return over_seeds(solutions(tables, SETTING, DENSITY), judge, "neurons")


def _motifs(model: Solution) -> list[AsymmetricSuperposition]:
    return asymmetric_superposition(model.W, model.W_out)


def _on_the_victim(model: Solution, motif: AsymmetricSuperposition) -> tuple[float, float]:
    """What the interfering feature at 1, or at -1, makes of the victim's output: with the inhibitor, and without."""
    W, W_out = canonical(model.W, model.W_out)
    heard = np.maximum(W[:, motif.interfering] * np.sign(W[motif.neuron, motif.interfering]), 0)
    said = W_out[motif.victim] * heard
    with_it = float(total(said) + model.b[motif.victim])
    return with_it, with_it - float(said[motif.inhibitor])


CLAIMS = claims_of(
    "asymmetric_superposition",
    SECTION,
    "motif",
    Claim(
        in_the_best_model,
        statement="Some neurons store two features with asymmetric weights, so that one interferes with the other but "
        "hardly the reverse, and other neurons inhibit this interference: so does the best model at density "
        f"{DENSITY:g}.",
        paper="twice in one model: input weights 2 and -1/2, output weights 1/2 and 2",
        tolerance=f"at least once: input weights at a ratio > {INPUT_RATIO:g}, products of input and output weight "
        f"{OWN_PATH[0]:g} to {OWN_PATH[1]:g} for both features, > {STRONG_CROSSING:g} and < {WEAK_CROSSING:g} across; "
        "another neuron hears the interfering feature, and its output to the victim is below "
        f"{INHIBITING_OUTPUT:g} times that to its own feature",
        limit="ours",
        fixed="before",
    ),
    Claim(
        common,
        statement=f"This motif is a solution that models find again and again, at density {DENSITY:g}.",
        paper="no share given",
        tolerance=f"of at least {SEEDS} seeds: in {SHARE:.0%} or more",
        limit="ours",
        fixed="before",
    ),
    Claim(
        interference_is_hidden,
        statement="Inhibition turns positive interference into negative interference, which the ReLU hides, at density "
        f"{DENSITY:g}.",
        paper="no interference",
        tolerance="interfering feature alone at 1 or -1, output of the victim before the ReLU: "
        f"> {INTERFERENCE:g} without the inhibiting neuron, 0 or less with it, for every motif in the model",
        limit="ours",
        fixed="after",
        remark="Inhibition takes almost all of the interference away, but what it leaves is above 0, where the ReLU "
        "does not hide it.",
    ),
    Claim(
        other_neurons_are_ordinary,
        statement=f"Most neurons compute the absolute value as ever, each half of one feature, at density {DENSITY:g}.",
        paper="most of 10 neurons",
        tolerance=f"more than half: product of input and output weight of one feature 1 +- {OTHER_PATH:g}, input "
        f"weights of all others below {OTHER_INPUT:g} of its own",
        limit="ours",
        fixed="after",
        remark="In most seeds more than half of the neurons mix features.",
    ),
)
