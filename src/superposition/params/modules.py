"""Whether a model's file is there and has its class. It is read, and never executed: only training does that."""

import ast
from collections.abc import Iterator
from pathlib import Path

from superposition.params.axes import placed
from superposition.params.faults import Fault, among
from superposition.params.models import Model

MOST = 200_000  # bytes: what is parsed in an instant
# What the class itself says
ITS_OWN = (
    *("tied", "hidden", "output", "negative_slope", "output_bias", "hidden_bias", "hidden_l1", "training_attack"),
    *("hidden_noise", "dropout"),
)


def module_faults(axis: object, training: dict[str, object]) -> Iterator[Fault]:
    """What does not go together with models of somebody's own, of an experiment's model axis; and what they lack."""
    own = [(where, model) for where, model in placed(axis) if isinstance(model, Model) and model.module is not None]
    for where, model in own:
        if wrong := fault_of(str(model.module)):
            yield Fault(("model", *where, "module"), wrong, model.module)
        for key in ITS_OWN:
            if key in model.model_fields_set:
                yield Fault(("model", *where, key), "must be left out where there is a module", getattr(model, key))
    decay = getattr(training.get("weight_decay"), "weights", 0.0)
    if own and decay < 0:
        names = among([model.name for _, model in own])
        at = ("training", "weight_decay", "weights")
        yield Fault(at, f"must be at least 0 for models that have a module ({names})", decay)


def fault_of(module: str) -> str | None:
    """Of `path:Class`, what is wrong with it; None if nothing is."""
    path, _, name = module.partition(":")
    file = Path(path)
    try:
        if not file.is_file():
            return "must name a file that is there"
        if not file.resolve().is_relative_to(Path("src").resolve()):
            return "must name a file in src of this checkout, and no link that leads out of it"
        if file.stat().st_size > MOST:
            return f"must name a file of at most {MOST} bytes"
        tree = ast.parse(file.read_bytes())
    except OSError as error:
        return f"must name a file that can be read: {error.strerror}"
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        return f"must name a Python file: {' '.join(str(error).split()) or type(error).__name__}"
    classes = {node.name: node for node in tree.body if isinstance(node, ast.ClassDef)}
    if name not in classes:
        return f"must name a class of {path}, which has {among(list(classes)) or 'none'}"
    if not classes[name].bases:
        return "must name a class that is derived from torch.nn.Module"
    if any(isinstance(node, ast.ImportFrom) and node.level for node in ast.walk(tree)):
        return "must name a file without relative imports: what it imports of src is found by its full name"
    return None
