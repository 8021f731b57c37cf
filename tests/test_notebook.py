"""The notebook, run cell by cell on a small `intro`, without Jupyter."""

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.checkout import computed

ROOT = Path(__file__).parent.parent
NOTEBOOK = ROOT / "notebooks/explore.ipynb"
RUN = """
import json, sys
cells = [cell for cell in json.load(open(sys.argv[1], encoding="utf-8"))["cells"] if cell["cell_type"] == "code"]
names = {}
for number, cell in enumerate(cells):
    exec(compile("".join(cell["source"]), f"code cell {number}", "exec"), names)
import matplotlib.pyplot as plt
print(names["root"], len(cells), len(plt.get_fignums()), *names["model"].W.shape)
"""


def test_the_notebook_runs_from_its_own_folder(tmp_path):
    intro = {
        "model": "relu_output",
        "n_features": 5,
        "n_hidden": 2,
        "sparsity": [0.0, 0.9],
        "importance": {"geometric": 0.9},
        "seeds": 2,
        "held_out": 256,
        "training": {"steps": 30, "batch_size": 64, "learning_rate": 0.03, "snapshots": 2},
    }
    checkout = computed(tmp_path, {"intro": intro})
    (checkout / "notebooks").mkdir()
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"} | {"MPLBACKEND": "Agg"}
    command = [sys.executable, "-W", "error::FutureWarning", "-c", RUN, str(NOTEBOOK)]
    done = subprocess.run(command, cwd=checkout / "notebooks", env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == [str(checkout), "9", "2", "2", "5"]


def test_the_notebook_is_stored_without_outputs():
    cells = json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]
    assert all(cell["outputs"] == [] and cell["execution_count"] is None for cell in cells if "outputs" in cell)
