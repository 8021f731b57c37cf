"""Documents drawn from the schema: what is accepted runs through generate and a few steps of training.

DOCUMENTS=2000 pytest tests/faults/test_accepted.py     # how many
"""

import os
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from superposition.params import ParamsError
from superposition.params.experiments import Experiment, resolve
from tests.few_steps import few_steps
from tests.test_params_anything import documents

pytestmark = [pytest.mark.slow, pytest.mark.long]
COUNT = int(os.environ.get("DOCUMENTS", "2000"))
# Instances x features x (hidden dimensions + samples), beyond which a test takes minutes; keys have their largest
# values by themselves in test_extremes.
MOST = 20_000_000


def size(experiment: Experiment) -> int:
    training = experiment.training
    samples = training.batch_size + (training.sample_size or 0) + experiment.held_out
    per_instance = experiment.n_features * (experiment.n_hidden + samples)
    return sum(1 for _ in zip(experiment.points(), range(MOST), strict=False)) * per_instance + training.steps


def test_what_is_accepted_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    outcomes: Counter[str] = Counter()

    @settings(max_examples=COUNT, deadline=None, suppress_health_check=list(HealthCheck))
    @given(documents())
    def attempt(document: dict[str, Any]) -> None:
        try:
            experiments = resolve(document).experiments
        except ParamsError:
            outcomes["refused"] += 1
            return
        for experiment in experiments.values():
            if size(experiment) > MOST:
                outcomes["too large for a test"] += 1
                continue
            folder = tmp_path / "one"
            outcomes["in range" if few_steps(experiment, folder, monkeypatch) else "out of range"] += 1
            shutil.rmtree(folder)

    attempt()
    print(dict(outcomes))
    assert outcomes["in range"]
    assert outcomes["refused"]
