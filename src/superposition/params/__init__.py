"""What params.yaml may say, and what it means.

`document` reads the file, whatever stands in it; `scalars` says what a text or a number may be. `schema` mirrors the
file: frozen, strict pydantic models, one field per key; `models` has what it says of toy models, `measures` what may be
measured of some experiments. `axes` turns what is swept into points. `experiments` resolves every experiment;
`inheritance` knows which keys it takes from the defaults, `sizes` how large it may be, `rules` what its keys may be
beside each other. `faults` words what is wrong: one line per fault, with its key path, the value and what is allowed.

To add a key: a field in `schema` (its type says what is allowed), a line in params.yaml, and, where it depends on other
keys, a rule in `rules`.

    python -m superposition.params        # checks ./params.yaml: silent, or every fault and exit status 2
"""

from superposition.params.axes import Importance, Sparsity
from superposition.params.experiments import Experiment, Params, read, read_checked
from superposition.params.faults import Fault, ParamsError
from superposition.params.models import PRESETS, Model
from superposition.params.schema import Initial, Training
from superposition.params.sets import Sets

__all__ = [
    "PRESETS",
    "Experiment",
    "Fault",
    "Importance",
    "Initial",
    "Model",
    "Params",
    "ParamsError",
    "Sets",
    "Sparsity",
    "Training",
    "read",
    "read_checked",
]
