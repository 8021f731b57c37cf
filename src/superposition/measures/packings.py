"""How many directions random draws, optimisation and trained models fit into m dimensions (table `packings`).

One row for each packing, by its `kind`:

    random      directions drawn before two come too close, for each limit, m and trial; then also one-sided, for the
                largest cosine of each trained model
    sample      mean square cosine of many random directions
    greedy      of many random directions those kept that are not too close to any kept before
    grown       as many as are made to fit, moved apart whenever some are added
    optimised   a given number, with the largest cosine as small as it gets
    trained     those that a model represents
"""

from collections.abc import Iterator, Mapping, Sequence
from math import fsum
from typing import Any

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from superposition.exact.sums import total
from superposition.measures.columns import NO_UNIT, Column
from superposition.measures.directions import before_two_are_close, cosines, greedy, mean_square_cosine
from superposition.measures.spherical_codes import grown, least_coherent
from superposition.measures.thresholds import REPRESENTED_NORM
from superposition.measures.trained import TrainedModel
from superposition.theory.packings import tail

SAMPLE = 512  # random directions whose mean square cosine is measured: to about 0.4%, of 130816 pairs
FEWEST = 3  # trials, where so many pairs have to be looked at that there is no time for more
PATIENCE = 300  # steps in which directions that were added have to find room: with 1000 a tenth more fit [measured]

Row = dict[str, Any]

ROWS = "packing: a set of directions that keep apart"
COLUMNS = (
    Column("kind", "str", NO_UNIT, "random, sample, greedy, grown, optimised or trained (measures/packings.py)"),
    Column("dimensions", "int64", "dimensions", "of the space"),
    Column("two_sided", "bool", NO_UNIT, "whether absolute values of cosines count, or only cosines above 0"),
    Column("limit", "float64", NO_UNIT, "what cosines have to be below; missing where nothing is asked"),
    Column("count", "int64", "directions", "how many there are"),
    Column("cosine", "float64", NO_UNIT, "the largest of any pair; missing where it is not measured"),
    Column("mean_square", "float64", NO_UNIT, "mean of squared cosines of all pairs; likewise"),
    Column("trial", "int64", NO_UNIT, "which of several draws; -1 where there is one"),
    Column("instance", "int64", NO_UNIT, "model whose directions, or whose number and limit, these are; -1: none"),
)
EXAMPLE = {
    "linear": {
        "dimensions": [3, 4],
        "greedy_up_to": 4,
        "grown_up_to": 3,
        "limits": [0.6],
        "optimised": {"counts": [5], "dimensions": 3, "starts": 2, "steps": 20},
        "pairs": 1000.0,
        "trials": 2,
        "tries": 100,
    }
}


def table(models: Sequence[TrainedModel], settings: Mapping[str, Any]) -> pd.DataFrame:
    """Columns: see `_row`; missing where a kind has no such number."""
    names = models[0].names
    rows = [*_random(settings, names)]
    # Thousands of small products: threads would wait for each other longer than they compute.
    with threadpool_limits(limits=1):
        sample = (
            _row("sample", m, count=SAMPLE, mean_square=mean_square_cosine(m, SAMPLE, names))
            for m in settings["dimensions"]
        )
        rows += [*sample, *_kept_apart(settings, names), *_of_a_number(settings, names), *_trained(models, settings)]
    return pd.DataFrame(rows)


def _row(
    kind: str,
    dimensions: int,
    *,
    count: int,
    two_sided: bool = True,
    limit: float = float("nan"),
    cosine: float = float("nan"),
    mean_square: float = float("nan"),
    trial: int = -1,
    instance: int = -1,
) -> Row:
    """`limit`: what (absolute, if `two_sided`) cosines have to be below. `cosine`: the largest that there is."""
    return {
        "kind": kind,
        "dimensions": dimensions,
        "two_sided": two_sided,
        "limit": limit,
        "count": count,
        "cosine": cosine,
        "mean_square": mean_square,
        "trial": trial,
        "instance": instance,
    }


def _random(settings: Mapping[str, Any], names: Mapping[str, object]) -> Iterator[Row]:
    for limit in settings["limits"]:
        for m in settings["dimensions"]:
            # As many pairs as one over the tail are looked at until one is too close, on average.
            affordable = int(settings["pairs"] * tail(m, limit, two_sided=True))
            for trial in range(min(settings["trials"], max(FEWEST, affordable))):
                count = before_two_are_close(m, limit, True, trial, names)
                yield _row("random", m, count=count, limit=limit, trial=trial)


def _kept_apart(settings: Mapping[str, Any], names: Mapping[str, object]) -> Iterator[Row]:
    for limit in settings["limits"]:
        for m in settings["dimensions"]:
            if m <= settings["greedy_up_to"]:
                count, cosine = greedy(m, limit, settings["tries"], names)
                yield _row("greedy", m, count=count, limit=limit, cosine=cosine)
            if m <= settings["grown_up_to"]:
                count, cosine = grown(m, limit, PATIENCE, names)
                yield _row("grown", m, count=count, limit=limit, cosine=cosine)


def _of_a_number(settings: Mapping[str, Any], names: Mapping[str, object]) -> Iterator[Row]:
    m, starts, steps = (settings["optimised"][key] for key in ("dimensions", "starts", "steps"))
    for count in settings["optimised"]["counts"]:
        for two_sided in (True, False):
            cosine = least_coherent(m, count, two_sided, starts, steps, names)
            yield _row("optimised", m, count=count, two_sided=two_sided, cosine=cosine)


def _trained(models: Sequence[TrainedModel], settings: Mapping[str, Any]) -> Iterator[Row]:
    """Each model, random directions as close as its, and for the best of each width as many that are optimised."""
    for model in models:
        directions = model.W[:, total(model.W * model.W, axis=0) > REPRESENTED_NORM * REPRESENTED_NORM].T
        count, m = directions.shape
        if count < 2:
            yield _row("trained", m, count=count, two_sided=False, instance=model.instance)
            continue
        cosine = cosines(directions, directions)[np.triu_indices(count, k=1)]
        largest, square = float(cosine.max()), fsum(cosine * cosine) / len(cosine)
        yield _row(
            "trained", m, count=count, two_sided=False, cosine=largest, mean_square=square, instance=model.instance
        )
        for trial in range(settings["trials"]):
            found = before_two_are_close(m, largest, False, trial, model.names)
            yield _row("random", m, count=found, two_sided=False, limit=largest, trial=trial, instance=model.instance)
        if model.best:
            least = least_coherent(m, count, False, 2, settings["optimised"]["steps"], model.names)
            yield _row("optimised", m, count=count, two_sided=False, cosine=least, instance=model.instance)
