"""When features jump from one dimensionality to another (Elhage et al. 2022, "Superposition and Learning Dynamics").

A jump is a short time, on the logarithmic axis of steps, in which the dimensionality of some feature moves far. All
steps judge the same held-out samples, so that two losses differ by much less than each is off.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from superposition.exact.sums import deviation
from superposition.readings.results import NotInThisRun, Tables
from superposition.readings.solutions import Setting, instances_at

SINCE = 3000  # steps: before, dimensionalities have not split, and nearly all features move
WINDOW = 1.25  # a jump's steps, last over first
LEAST = 0.3  # change of a feature's dimensionality: between 0, 1/2 and 1, with room for noise
STANDS_OUT = 5  # standard deviations of the loss from one snapshot to the next: a jump has a drop
LEARNED = 0.25  # dimensionality halfway between nothing and a digon's 1/2
PAIRED = (0.48, 0.52)  # dimensionality of a digon's feature
DISPLACED = 0.15  # change of it, less than what 1/2 is from 1/sqrt(2), which the figure has after the first jump


@dataclass(frozen=True)
class Jump:
    """`first` and `last` are the steps of the snapshots before and after, `places` their places among all.

    `features` are those that moved, by number. `gained` is how many more features are learned after it, `drop` by how
    much the loss fell; `at_once` is the most that it fell by in a single window in which a feature moved that far.
    """

    first: int
    last: int
    places: tuple[int, int]
    features: tuple[int, ...]
    gained: int
    drop: float
    at_once: float


@dataclass(frozen=True)
class Alone:
    """What a model is like after the first of two features that a jump wins, before the second.

    `dimensionality` is the largest of all features then, `part` how much of the jump's drop of the loss there has been.
    """

    dimensionality: float
    part: float


Run = tuple[list[Jump], float]  # a seed's jumps from `SINCE` on, and the noise of its loss


def instances_of(tables: Tables, setting: Setting, density: float) -> list[int]:
    """The numbers of the models of a setting at one density, lowest loss first."""
    own: list[int] = instances_at(tables, setting, density)["instance"].tolist()
    return own


def learned(
    tables: Tables, instance: int
) -> tuple[Int[np.ndarray, " snapshot"], Float[np.ndarray, "snapshot feature"], Float[np.ndarray, " snapshot"]]:
    """Steps of which weights were kept, and dimensionalities and held-out loss then."""
    own = tables.learning[tables.learning["instance"] == instance].sort_values(["step", "feature"])
    steps = own["step"].unique()
    history = tables.history[tables.history["instance"] == instance].set_index("step")
    D = own["dimensionality"].to_numpy(dtype=float).reshape(len(steps), tables.n_features)
    return steps, D, history["loss"].loc[steps].to_numpy()


def jumps(
    steps: Int[np.ndarray, " snapshot"],
    D: Float[np.ndarray, "snapshot feature"],
    loss: Float[np.ndarray, " snapshot"],
    since: int,
) -> list[Jump]:
    """All jumps that begin at step `since` or later, in order; windows that share steps are one jump."""
    found: list[tuple[int, int]] = []
    at_once: list[float] = []
    ends = np.searchsorted(steps, steps * WINDOW, side="right") - 1  # of the window that begins at each snapshot
    for start, end in enumerate(ends.tolist()):
        if steps[start] < since or np.abs(D[start : end + 1] - D[start]).max() <= LEAST:
            continue
        drop = float(loss[start] - loss[end])
        if found and start <= found[-1][1]:
            found[-1], at_once[-1] = (found[-1][0], end), max(at_once[-1], drop)
        else:
            found.append((start, end))
            at_once.append(drop)
    return [_jump(steps, D, loss, places, most) for places, most in zip(found, at_once, strict=True)]


def run_of(tables: Tables, instance: int) -> Run:
    """An instance's jumps from `SINCE` on, and the noise of its loss."""
    steps, D, loss = learned(tables, instance)
    found = jumps(steps, D, loss, SINCE)
    return found, noise(steps, loss, found, SINCE)


def runs(tables: Tables, setting: Setting, density: float) -> list[Run]:
    """All seeds of a setting at one density, lowest loss first; raises NotInThisRun where the noise is not known."""
    found = [run_of(tables, instance) for instance in instances_of(tables, setting, density)]
    if not all(sd > 0 for _, sd in found):  # NaN without two snapshots
        raise NotInThisRun(f"the claim needs more snapshots from step {SINCE} on, to know the noise of the loss")
    return found


def alone(tables: Tables, instance: int) -> list[Alone]:
    """Of those of an instance's jumps that win two features, more than a window apart, and lower the loss."""
    steps, D, loss = learned(tables, instance)
    found = (_alone(steps, D, loss, jump) for jump in jumps(steps, D, loss, SINCE))
    return [one for one in found if one]


def since_full(tables: Tables, instance: int) -> tuple[int, float] | None:
    """How many jumps begin once as many features are learned, and remain so, as digons have room for, and by what
    factor steps grow from then on; None of an instance that does not end with so many.
    """
    steps, D, loss = learned(tables, instance)
    fewer = np.flatnonzero(np.count_nonzero(D > LEARNED, axis=1) < 2 * tables.n_hidden)
    first = int(fewer[-1]) + 1 if len(fewer) else 0
    if first == len(steps) or steps[first] == 0:
        return None
    return len(jumps(steps, D, loss, max(int(steps[first]), SINCE))), float(steps[-1] / steps[first])


def displaced(tables: Tables, instance: int) -> tuple[int, float]:
    """How many of an instance's jumps move a digon's feature far from 1/2, and the farthest that any moves it."""
    steps, D, loss = learned(tables, instance)
    farthest = []
    for start, end in (jump.places for jump in jumps(steps, D, loss, SINCE)):
        paired = (D[start] >= PAIRED[0]) & (D[start] <= PAIRED[1])
        farthest.append(float(np.abs(D[start : end + 1, paired] - D[start, paired]).max(initial=0.0)))
    return sum(far > DISPLACED for far in farthest), max(farthest, default=0.0)


def dimensionalities_in_the_end(
    tables: Tables, setting: Setting, density: float
) -> list[Float[np.ndarray, " feature"]]:
    """Of each of these seeds, lowest loss first."""
    return list(tables.per_feature("dimensionality", np.array(instances_of(tables, setting, density))))


def sudden(found: Sequence[Jump], sd: float) -> list[Jump]:
    """The jumps with a drop of the loss at the same time, far above its noise; none where that is not known."""
    return [jump for jump in found if sd > 0 and jump.at_once / sd > STANDS_OUT]


def noise(
    steps: Int[np.ndarray, " snapshot"], loss: Float[np.ndarray, " snapshot"], except_in: Sequence[Jump], since: int
) -> float:
    """Standard deviation of what the loss changes by from one snapshot to the next, from `since` on, without jumps.

    NaN if there are no such snapshots.
    """
    quiet = steps[:-1] >= since
    for jump in except_in:
        quiet[jump.places[0] : jump.places[1]] = False
    changes = np.diff(loss)[quiet]
    return float(deviation(changes)) if len(changes) else float("nan")


def _alone(
    steps: Int[np.ndarray, " snapshot"],
    D: Float[np.ndarray, "snapshot feature"],
    loss: Float[np.ndarray, " snapshot"],
    jump: Jump,
) -> Alone | None:
    start, end = jump.places
    won = np.flatnonzero((D[start] <= LEARNED) & (D[end] > LEARNED))
    if len(won) != 2 or jump.drop <= 0:
        return None
    first, second = sorted((start + np.argmax(D[start : end + 1, won] > LEARNED, axis=0)).tolist())
    if steps[second] <= WINDOW * steps[first]:
        return None
    largest = D[first:second].max(axis=1)
    at = int(largest.argmax())
    return Alone(float(largest[at]), float(loss[start] - loss[first + at]) / jump.drop)


def _jump(
    steps: Int[np.ndarray, " snapshot"],
    D: Float[np.ndarray, "snapshot feature"],
    loss: Float[np.ndarray, " snapshot"],
    places: tuple[int, int],
    at_once: float,
) -> Jump:
    start, end = places
    moved = np.ptp(D[start : end + 1], axis=0) > LEAST
    learned = np.count_nonzero(D[[start, end]] > LEARNED, axis=1)
    return Jump(
        first=int(steps[start]),
        last=int(steps[end]),
        places=places,
        features=tuple(np.flatnonzero(moved).tolist()),
        gained=int(learned[1] - learned[0]),
        drop=float(loss[start] - loss[end]),
        at_once=at_once,
    )
