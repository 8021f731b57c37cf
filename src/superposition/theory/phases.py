"""Which of a few solutions is best at each density and relative importance: the phase diagrams of the paper.

The "extra" feature, the last one, has importance r, the others 1; all have density s. Each solution leaves out or pairs
features as it says; losses are sums over features (Elhage et al. 2022, "Superposition as a Phase Change", with the
losses of `theory.losses`). In three features and two dimensions the one with all three in superposition is left out, as
in the paper.
"""

import numpy as np

from superposition.theory.losses import antipodal, ignored

IGNORED, DEDICATED, SUPERPOSED = "ignored", "dedicated", "in superposition"
PHASES = (IGNORED, DEDICATED, SUPERPOSED)


def solution_losses(n_features: int, s: np.ndarray, r: np.ndarray) -> dict[str, np.ndarray]:
    """Least loss of the solutions in which the extra feature is ignored, dedicated and in superposition, each [...].

    `s` and `r` [...] are densities and relative importances; n_features is 2 (one dimension) or 3 (two dimensions).
    """
    if n_features not in (2, 3):
        raise ValueError(f"the phase diagram of {n_features} features has no formula; 2 and 3 have")
    one = np.ones_like(s)
    pair_with_extra = antipodal(s, one) + antipodal(s, r)
    dedicated = ignored(s, one)  # one of the others is left out
    if n_features == 3:
        dedicated = np.minimum(dedicated, 2 * antipodal(s, one))  # or the others share a dimension
    return {IGNORED: ignored(s, r), DEDICATED: dedicated, SUPERPOSED: pair_with_extra}


def phase(n_features: int, s: np.ndarray, r: np.ndarray) -> np.ndarray:
    """Name of the best solution, [...]."""
    losses = solution_losses(n_features, s, r)
    return np.array(PHASES)[np.argmin(np.stack([losses[name] for name in PHASES]), axis=0)]


def margin(n_features: int, s: np.ndarray, r: np.ndarray) -> np.ndarray:
    """By how much the second best solution is worse than the best, relative to the best, [...]."""
    ordered = np.sort(np.stack(list(solution_losses(n_features, s, r).values())), axis=0, kind="stable")
    return ordered[1] / ordered[0] - 1
