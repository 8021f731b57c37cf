"""How large experiments may be, each and all together: known before any of their points are made.

What all of them share bounds how long a file takes to check, a second or two at the most; what one has bounds the
memory that it takes to generate and train.
"""

from math import prod
from typing import Any

from superposition.params.axes import MAX_INSTANCES, Geometric, PowerLawSparsity, placed, size, widths
from superposition.params.faults import Fault, among
from superposition.params.schema import Defaults

AXES = ("model", "n_hidden", "sparsity", "importance", "sets", "seeds")
MAX_ROWS = 10_000_000  # instances x features of one experiment: tables have a row for each, and are read in memory
# Numbers of an experiment that are in memory at once, of each kind: 16 gigabytes, where they take eight bytes. The
# paper's have 345600000 in a batch, 37200000 weights and 3000000 held-out values.
MAX_NUMBERS = 2_000_000_000
# Of all experiments at one scale. The paper's have 500000 instances of 1500000 features, and 800 points, at full scale.
TOTALS = {
    "instances": 2 * MAX_INSTANCES,
    "features of instances": 2 * MAX_ROWS,
    "points of sparsity and importance": 10_000,
    "importances and densities of curves": 100_000,
    "features of points of sets and sparsity": 300_000,  # each is looked at, where features are not independent
}
MAX_INHERITED = 20_000  # values of the defaults, counted for each experiment that inherits them; the paper's: 1000


def size_faults(keys: dict[str, Any]) -> list[Fault]:
    """Whether an experiment is too large by itself."""
    counts = _counts(keys)
    instances, n_features = prod(counts.values()), keys.get("n_features", 1)
    factors = f"{' x '.join(f'{count} ({key})' for key, count in counts.items())} = {instances} instances"
    if instances > MAX_INSTANCES:
        return [Fault((), f"has {factors}; allowed: at most {MAX_INSTANCES}")]
    if instances * n_features > MAX_ROWS:
        return [Fault((), f"has {factors} of {n_features} features; allowed: at most {MAX_ROWS} features in all")]
    return []


def memory_faults(keys: dict[str, Any], training: dict[str, Any]) -> list[Fault]:
    """Whether what is computed of an experiment is too large; the first that is."""
    of_all = f"{(instances := prod(_counts(keys).values()))} instances x {(n := keys.get('n_features', 1))} features"
    m = max(widths(keys.get("n_hidden", 1))[0], default=1)
    taken = min(training.get("snapshots", 1), training.get("steps", 1))
    sample, batch, held_out = training.get("sample_size") or 0, training.get("batch_size", 1), keys.get("held_out", 1)
    amounts = {
        f"weights, {of_all} x {m} (n_hidden) x {taken} snapshots": instances * n * m * taken,
        f"values of fixed samples, {of_all} x {sample} (sample_size)": instances * n * sample,
        f"values of a batch, {of_all} x {batch} (batch_size)": instances * n * batch,
        f"held-out values, {n} features x {held_out} (held_out)": n * held_out,
    }
    return [
        Fault((), f"has {amount} {what}; allowed: at most {MAX_NUMBERS}")
        for what, amount in amounts.items()
        if amount > MAX_NUMBERS
    ][:1]


def total_faults(experiments: dict[str, dict[str, Any]]) -> list[Fault]:
    """Whether experiments that are not too large by themselves are so together, in the first thing that they are."""
    each = {name: _amounts(keys) for name, keys in experiments.items() if not size_faults(keys)}
    for number, (what, allowed) in enumerate(TOTALS.items()):
        amounts = {name: amount[number] for name, amount in each.items() if amount[number]}
        if (total := sum(amounts.values())) > allowed:
            largest = sorted(amounts, key=lambda name: -amounts[name])
            where = among([f"{name} {amounts[name]}" for name in largest])
            return [Fault(("experiments",), f"have {total} {what} together ({where}); allowed: at most {allowed}")]
    return []


def inherited_faults(own: dict[str, dict[str, Any]], shared: dict[str, Any]) -> list[Fault]:
    """Whether the defaults are too large for so many experiments."""
    counts = {key: _values(value) for key, value in shared.items() if key in Defaults.model_fields}
    total = sum(sum(count for key, count in counts.items() if key not in keys) for keys in own.values())
    if total <= MAX_INHERITED:
        return []
    message = f"hold {sum(counts.values())} values, {total} with those that each of {len(own)} experiments inherits"
    return [Fault(("defaults",), f"{message}; allowed: at most {MAX_INHERITED}")]


def _counts(keys: dict[str, Any]) -> dict[str, int]:
    counts = {key: size(keys[key]) for key in AXES if key in keys}
    if isinstance(keys.get("seeds"), int):
        counts["seeds"] = keys["seeds"]
    return counts


def _amounts(keys: dict[str, Any]) -> tuple[int, ...]:
    """What an experiment has of each of TOTALS."""
    counts, n_features = _counts(keys), keys.get("n_features", 0)
    curves = sum(isinstance(point, Geometric) for _, point in placed(keys.get("importance")))
    curves += sum(isinstance(point, PowerLawSparsity) for _, point in placed(keys.get("sparsity")))
    instances = prod(counts.values())
    points = counts.get("sparsity", 0) + counts.get("importance", 0)
    in_sets = sum(not isinstance(point, str) for _, point in placed(keys.get("sets", [])))
    together = in_sets * counts.get("sparsity", 0) * n_features
    return instances, instances * n_features, points, curves * n_features, together


def _values(value: Any) -> int:
    """How many values a value of the file consists of, with itself."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return 1 + sum(map(_values, inner))
