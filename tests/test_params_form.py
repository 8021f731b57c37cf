"""params.yaml has the form that DVC writes, so that `dvc exp run -S` changes what it says and no other line.

DVC folds texts at 80 columns, writes lists one item a line and null as nothing, and drops comments in a list and right
after one, and quotes that are not needed.
"""

import shutil
from difflib import unified_diff
from pathlib import Path

import pytest
from dvc.utils.hydra import apply_overrides

PARAMS = Path(__file__).parent.parent / "params.yaml"
INTRO = "experiments.intro"


@pytest.mark.parametrize(
    ("overrides", "lines"),
    [
        ([], []),
        (["seed=1"], ["-seed: 0", "+seed: 1"]),
        (
            [f"{INTRO}.sparsity=[0.0,0.5,0.95]", f"+{INTRO}.training.steps=2000"],
            ["-    - 0.8", "-    - 0.9", "+    - 0.5", "+    - 0.95", "+    training:", "+      steps: 2000"],
        ),
        (
            ["experiments.basic_results.importance.geometric=0.9"],
            ["-      geometric: 0.7 #", "+      geometric: 0.9 #"],
        ),
    ],
    ids=["nothing", "a number", "a list and a new key", "a key of a mapping"],
)
def test_dvc_changes_no_other_line(tmp_path, overrides, lines):
    copy = tmp_path / "params.yaml"
    shutil.copy(PARAMS, copy)
    apply_overrides(copy, overrides)
    before, after = (file.read_text(encoding="utf-8").splitlines() for file in (PARAMS, copy))
    changed = [line for line in unified_diff(before, after, n=0, lineterm="") if line[:2] not in ("--", "++", "@@")]
    assert len(changed) == len(lines), changed
    assert all(line.startswith(expected) for line, expected in zip(changed, lines, strict=True)), changed
