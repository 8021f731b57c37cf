"""One model that found the asymmetric superposition motif: its weights, and how interference is turned away."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from superposition.exact.sums import running_total, total
from superposition.figures import panels
from superposition.figures.grids import Canvas
from superposition.figures.style import BEHIND_MOTIFS, FAINT, INK, MUTED, NAME, NOTE, REMARK, SIX_FEATURES, theme
from superposition.measures.computation import canonical, primary_features
from superposition.readings.motifs import AsymmetricSuperposition, asymmetric_superposition
from superposition.readings.results import Tables
from superposition.verdicts import numbered

MAX_NEURONS = 16
MAX_MOTIFS = 2  # drawn in detail
X = np.linspace(-1, 1, 41)


def fits(tables: Tables) -> bool:
    """Small models that compute absolute values, with the motif in at least one of them."""
    small = tables.n_features <= len(SIX_FEATURES) and tables.n_hidden <= MAX_NEURONS
    return small and set(tables.best["model"]) == {"absolute_value"} and any(_counts(tables))


def figures(tables: Tables) -> dict[str, Figure]:
    """Input and output weights of each neuron, stacked by feature, and the victims' outputs along the interference."""
    seeds = tables.at(0)["instance"].tolist()
    counts = _counts(tables)
    rank = next(place for place, count in enumerate(counts) if count)
    W, W_out = canonical(tables.weights_of(seeds[rank]), tables.weights_out_of(seeds[rank]))
    b = tables.features_of(seeds[rank])["bias"].to_numpy()
    motifs = asymmetric_superposition(W, W_out)[:MAX_MOTIFS]
    order = _order(W, motifs)
    width, height, below, side, gap, left, top = 5.2, 1.5, 2.2, 1.75, 0.85, 0.62, 0.52
    right = left + width + gap
    with theme():
        canvas = Canvas(right + 2 * side + gap + 0.2, top + height + 0.18 + below + 1.42)
        for row, (name, stacks, tall) in enumerate((("$W_1$", W.T, height), ("$W_2$", W_out, below))):
            axes = canvas.axes(left, top + row * (height + 0.18), width, tall)
            _bands(axes, order, motifs)
            panels.signed_stacks(axes, stacks[:, order], SIX_FEATURES, 1.0, outline=0.4)
            reach = [1.12 * float(total(np.where(s * stacks > 0, np.abs(stacks), 0), axis=0).max()) for s in (-1, 1)]
            axes.set(ylim=(-reach[0], reach[1]))
            axes.set_ylabel(name, rotation=0, ha="right", va="center")
            axes.yaxis.set_label_coords(-0.06, 0.5)
            if row == 0:
                _name(axes, order, motifs)
            else:
                axes.set_xlabel("neuron", labelpad=4)
        low = top + height + 0.18 + below
        for number, motif in enumerate(motifs):
            axes = canvas.axes(right + number * (side + gap), top, side, height)
            _along_interference(axes, W, W_out, b, motif)
        _share_of_best(canvas.axes(right, low - 1.5, 2 * side + gap, 1.5), counts)
        canvas.key(left, low + 0.42, [(shade, f"feature {i + 1}") for i, shade in enumerate(SIX_FEATURES[: len(b)])])
        found = sum(count > 0 for count in counts)
        best = "The seed with the lowest held-out loss" if rank == 0 else f"The seed of rank {rank + 1} by loss"
        notes = [
            f"{best} is shown; the motif is in {found} of {numbered(len(counts), 'seeds')}. Largest input "
            "weight of each neuron "
            "scaled to 1.",
            "Shaded pairs: a neuron that two features share, a ▸ v, where a disturbs the output of v, and the neuron "
            "that inhibits it.",
        ]
        for line, note in enumerate(notes):
            canvas.text(left, low + 0.68 + 0.17 * line, note, fontsize=NOTE, color=MUTED)
        return {"motif": canvas.figure}


def _counts(tables: Tables) -> list[int]:
    """How often the motif is in each model of the first point, lowest loss first."""
    seeds = tables.at(0)["instance"].tolist()
    return [len(asymmetric_superposition(tables.weights_of(i), tables.weights_out_of(i))) for i in seeds]


def _order(W: np.ndarray, motifs: list[AsymmetricSuperposition]) -> list[int]:
    """Ordinary neurons by feature, the one of its positive values first; then those of each motif, side by side."""
    primary = primary_features(W)
    special = list(dict.fromkeys(neuron for motif in motifs for neuron in (motif.neuron, motif.inhibitor)))
    by_feature = np.lexsort((-W[np.arange(len(W)), primary], primary)).tolist()
    return [neuron for neuron in by_feature if neuron not in special] + special


def _bands(axes: Axes, order: list[int], motifs: list[AsymmetricSuperposition]) -> None:
    for motif, shade in zip(motifs, BEHIND_MOTIFS, strict=False):
        for neuron in (motif.neuron, motif.inhibitor):
            place = order.index(neuron)
            axes.axvspan(place, place + 1, facecolor=shade, linewidth=0, antialiased=False, zorder=0)


def _name(axes: Axes, order: list[int], motifs: list[AsymmetricSuperposition]) -> None:
    for motif in motifs:
        pair = f"{motif.interfering + 1} ▸ {motif.victim + 1}"
        for neuron, said in ((motif.neuron, f"shared\n{pair}"), (motif.inhibitor, f"inhibits\n{pair}")):
            place = (order.index(neuron) + 0.5) / len(order)
            axes.text(place, 1.02, said, transform=axes.transAxes, ha="center", va="bottom", fontsize=REMARK, color=INK)


def _along_interference(
    axes: Axes, W: np.ndarray, W_out: np.ndarray, b: np.ndarray, motif: AsymmetricSuperposition
) -> None:
    """The victim's output, before its ReLU, when the interfering feature alone is active."""
    hidden = np.maximum(np.outer(W[:, motif.interfering], X), 0)
    said = W_out[motif.victim][:, None] * hidden
    with_it = total(said, axis=0) + b[motif.victim]
    shade = SIX_FEATURES[motif.victim]
    axes.axhline(0, color=MUTED, linewidth=0.7, zorder=1)
    axes.plot(X, with_it - said[motif.inhibitor], "--", color=shade, linewidth=1.4, label="without")
    axes.plot(X, with_it, color=shade, linewidth=1.8, label="with inhibition")
    axes.set(xlim=(-1, 1), xticks=[-1, 0, 1])
    axes.set_xlabel(f"$x_{motif.interfering + 1}$, all others 0", labelpad=2)
    axes.set_title(f"output {motif.victim + 1} before its ReLU", fontsize=NAME, loc="left", pad=5)
    axes.legend(loc="upper center", handlelength=1.6, borderaxespad=0.2)
    low, high = axes.get_ylim()
    axes.set_ylim(low, high + 0.35 * (high - low))
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(length=2.5, pad=2)


def _share_of_best(axes: Axes, counts: list[int]) -> None:
    ranks = np.arange(1, len(counts) + 1)
    for least, style, said in ((1, "-", "at least once"), (2, "--", "at least twice")):
        shares = running_total(np.array(counts) >= least) / ranks
        axes.plot(ranks, 100 * shares, style, color=INK, linewidth=1.5, label=said)
    axes.set(ylim=(0, 104), xlim=(1, max(2, len(counts))), yticks=[0, 50, 100])
    axes.set_xlabel("seeds with the lowest losses", labelpad=2)
    axes.set_title("% of them with the motif", fontsize=NAME, loc="left", pad=5)
    axes.grid(axis="y", color=FAINT)
    axes.legend(loc="lower left")
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(length=2.5, pad=2)
