"""How the features of an instance are in sets, in words. Nothing but Python: parameters are checked with it."""

INDEPENDENT, CORRELATED, ANTICORRELATED = "independent", "correlated", "anticorrelated"


def groups(kind: str, size: int, n_features: int) -> list[tuple[str, int]]:
    """The kind and size of each set in order; a feature that is independent is a set of one.

    Sets that are alike are said by their kind and size. Of others the size is 0 and the kind a list, such as "2 x
    correlated 2, anticorrelated 3, independent 4", of which the last are 4 features by themselves.
    """
    if size:
        return [(kind, size)] * (n_features // size)
    found: list[tuple[str, int]] = []
    for part in kind.split(", "):
        *times, named = part.split(" x ")
        own, features = named.split()
        one = [(INDEPENDENT, 1)] * int(features) if own == INDEPENDENT else [(own, int(features))]
        found += one * int(times[0] if times else 1)
    return found


def in_words(every: list[tuple[str, int]]) -> tuple[str, int]:
    """The kind and size that stand for these sets."""
    if len(set(every)) == 1:
        return every[0]
    runs: list[tuple[str, int, int]] = []  # with how many in a row
    for kind, size in every:
        times = runs.pop()[2] if runs and runs[-1][:2] == (kind, size) else 0
        runs.append((kind, size, times + 1))
    parts = [
        f"{kind} {times}" if kind == INDEPENDENT else f"{f'{times} x ' if times > 1 else ''}{kind} {size}"
        for kind, size, times in runs
    ]
    return ", ".join(parts), 0
