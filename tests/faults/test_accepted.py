"""Documents drawn from the schema: what is accepted runs through generate and a few steps of training.

DOCUMENTS=20000 pytest tests/faults/test_accepted.py     # how many; 2000 take some minutes
"""

import os
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from superposition.params import ParamsError
from superposition.params.experiments import resolve
from tests.documents import changed
from tests.few_steps import few_steps, too_large
from tests.test_extremes import SMALL, STEPS
from tests.test_params_anything import documents

pytestmark = [pytest.mark.slow, pytest.mark.long]
COUNT = int(os.environ.get("DOCUMENTS", "2000"))
# Small, so that most of what is drawn takes a tenth of a second. Keys have their largest values in test_extremes.
DOCUMENT = changed(("experiments", {"intro": SMALL}), *((f"defaults.training.{key}", STEPS[key]) for key in STEPS))


def test_what_is_accepted_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, record_property: Any) -> None:
    outcomes: Counter[str] = Counter()

    @settings(max_examples=COUNT, deadline=None, suppress_health_check=list(HealthCheck))
    @given(documents(DOCUMENT))
    def attempt(document: dict[str, Any]) -> None:
        outcomes["drawn"] += 1
        try:
            (experiment,) = resolve(document).experiments.values()
        except ParamsError:
            outcomes["refused"] += 1
            return
        if too_large(experiment):
            outcomes["too large for a test"] += 1
            return
        folder = tmp_path / "one"
        try:
            outcomes["in range" if few_steps(experiment, folder, monkeypatch) else "out of range"] += 1
        finally:
            shutil.rmtree(folder)

    attempt()
    print(dict(outcomes))
    assert outcomes["in range"] > COUNT / 10
    assert outcomes["refused"]
    record_property("drawn", outcomes["drawn"])
    record_property("documents", outcomes["in range"] + outcomes["out of range"])
