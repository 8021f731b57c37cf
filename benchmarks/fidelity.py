"""Whether exact training learns what ordinary training learns: python -m benchmarks.fidelity [--only NAME ...]

Toy models that the paper does not have are trained twice, by the pipeline and by a plain loop in float32, and compared
by held-out loss, by how many features are represented, and by the Frobenius norm of W_out W (W^T W of tied models).
The plain loop is PyTorch's own autograd, AdamW and generator, and has no code of this project: what features, models
and losses are is written anew below, from what params.yaml says of its keys. Both sides are judged on the same
samples, which the plain loop's code draws. Seeds do not correspond, so that medians are compared: they are `within`
where they differ by no more than seeds of one side do among themselves, from the least to the greatest, or by 1 % of
the plain loop's.

All of it takes some minutes. Each setting is written into reports/fidelity.csv once it is done; with --only, the rows
of other settings stay.
"""

import argparse
import math
import statistics
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from torch import Tensor, nn

from stages.generate import write
from superposition.params.document import parse
from superposition.params.experiments import resolve
from superposition.training.run import train
from superposition.training.worlds import read

OUT = Path("reports", "fidelity.csv")
SEEDS = 8
SAMPLES = 65536  # held-out
REPRESENTED = 0.5  # norm of W_i from which on a feature counts
SAME = 0.01  # of the plain loop's median

# Blocks of params.yaml, all with the training below but for what they say.
TRAINING: dict[str, Any] = {
    "steps": 4000, "batch_size": 512, "learning_rate": 5e-3, "schedule": "cosine", "weight_decay": 0.01,
    "snapshots": 1,
}  # fmt: skip
SETTINGS: dict[str, dict[str, Any]] = {
    "eight_in_two": {"model": "relu_output", "n_features": 8, "n_hidden": 2, "sparsity": 0.95},
    "seven_in_three": {"model": "relu_output", "n_features": 7, "n_hidden": 3, "sparsity": 0.9},
    "one_in_pairs": {
        "model": "relu_output", "n_features": 6, "n_hidden": 2, "sparsity": 0.8, "sets": {"anticorrelated": 2},
    },
    "forty_in_ten": {"model": "relu_output", "n_features": 40, "n_hidden": 10, "sparsity": 0.95},
    "power_law": {
        "model": "relu_output", "n_features": 20, "n_hidden": 4,
        "sparsity": {"power_law": {"exponent": 1.0, "total": 1.0}},
    },
    "untied": {
        "model": {"name": "untied", "tied": False}, "n_features": 8, "n_hidden": 3, "sparsity": 0.9,
    },
    "signed": {
        "model": {"name": "signed", "output": "linear"}, "n_features": 8, "n_hidden": 3, "sparsity": 0.9,
        "values": "signed",
    },
    "hidden_l1": {
        "model": {"name": "penalised", "hidden": "relu", "hidden_l1": 0.05}, "n_features": 8, "n_hidden": 4,
        "sparsity": 0.9,
    },
    "fourth_power": {
        "model": {"name": "fourth", "loss_power": 4}, "n_features": 6, "n_hidden": 3, "sparsity": 0.8,
        "training": {"eps": 1e-10},
    },
    "exactly_two": {
        "model": "relu_output", "n_features": 8, "n_hidden": 3, "sparsity": 0.0, "sets": {"exactly": 2},
    },
    "gelu": {
        "model": {"name": "smooth", "hidden": "gelu", "output": "gelu", "hidden_bias": True}, "n_features": 8,
        "n_hidden": 4, "sparsity": 0.9,
    },
    "tanh": {
        "model": {"name": "bounded", "tied": False, "hidden": "tanh"}, "n_features": 6, "n_hidden": 3, "sparsity": 0.9,
    },
    "ring": {
        "model": "relu_output", "n_features": 12, "n_hidden": 2, "sparsity": 0.64, "values": "constant",
        "sets": {"ring": 12, "width": 2.5},
    },
    "dropout": {"model": {"name": "dropped", "dropout": 0.25}, "n_features": 8, "n_hidden": 4, "sparsity": 0.9},
    "noise": {"model": {"name": "noisy", "hidden_noise": 0.25}, "n_features": 8, "n_hidden": 3, "sparsity": 0.9},
    "correlated": {
        "model": "relu_output", "n_features": 9, "n_hidden": 3, "sparsity": 0.9, "sets": {"correlated": 3},
        "importance": {"geometric": 0.9},
    },
    "normal": {
        "model": {"name": "neurons", "tied": False, "hidden": "relu", "target": "absolute"}, "n_features": 6,
        "n_hidden": 8, "sparsity": 0.9, "values": {"normal": 3.0},
    },
}  # fmt: skip

# Presets, and what a model of one's own has by default.
MODELS: dict[str, dict[str, Any]] = {"relu_output": {}}
DEFAULTS: dict[str, Any] = {
    "tied": True, "hidden": "linear", "output": "relu", "hidden_bias": False, "output_bias": True,
    "target": "identity", "loss_power": 2, "hidden_l1": 0.0, "hidden_noise": 0.0, "dropout": 0.0,
}  # fmt: skip
ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "linear": lambda z: z, "relu": torch.relu, "gelu": nn.functional.gelu, "tanh": torch.tanh,
}  # fmt: skip
TARGETS: dict[str, Callable[[Tensor], Tensor]] = {"identity": lambda x: x, "absolute": torch.abs}


def densities(block: dict[str, Any]) -> Tensor:
    """1 - S of each feature, or of the set that it is in, [feature]."""
    n, sparsity = block["n_features"], block["sparsity"]
    if not isinstance(sparsity, dict):
        return torch.full((n,), 1.0 - sparsity)
    law = sparsity["power_law"]
    falling = torch.arange(1, n + 1) ** -float(law["exponent"])
    return falling * (float(law["total"]) / falling.sum())


def active(block: dict[str, Any], instances: int, samples: int, generator: torch.Generator) -> Tensor:
    """Which features are, [instance, sample, feature]."""
    n, sets, density = block["n_features"], block.get("sets", "independent"), densities(block)

    def drawn(*shape: int) -> Tensor:
        return torch.rand(instances, samples, *shape, generator=generator)

    if sets == "independent":
        return drawn(n) < density
    if "ring" in sets:
        place = torch.arange(n) - n * drawn(1)
        distance = torch.minimum(place.abs(), n - place.abs())
        return (distance < sets["width"]) & (drawn(n) < density * n / (2 * sets["width"]))
    (kind, number), *_ = sets.items()
    size = n if kind == "exactly" else number
    on = drawn(n // size, 1) < density[0]
    if kind == "correlated":
        chosen = torch.ones(n // size, size, dtype=torch.bool)
    else:  # so many of each set, any of them as likely
        chosen = drawn(n // size, size).argsort(-1).argsort(-1) < (1 if kind == "anticorrelated" else number)
    return (on & chosen).flatten(-2)


def sample(block: dict[str, Any], instances: int, samples: int, generator: torch.Generator) -> Tensor:
    """Features x, [instance, sample, feature]."""
    on, values = active(block, instances, samples, generator), block.get("values", "unit")
    if isinstance(values, dict):  # normal ones, cut off at so many standard deviations, which are 1
        cut = values["normal"]
        outside = 0.5 * math.erfc(cut / math.sqrt(2))
        u = torch.rand(on.shape, generator=generator)
        size = torch.special.ndtri(outside + u * (1 - 2 * outside)) / cut
    elif values == "constant":
        size = torch.ones(on.shape)
    else:
        u = torch.rand(on.shape, generator=generator)
        size = u if values == "unit" else 2 * u - 1
    return torch.where(on, size, 0.0)


class Plain(nn.Module):
    """`instances` models h = f(W x + c), y = g(V h + b), with V = W^T if tied; W is [instance, hidden, feature]."""

    def __init__(self, block: dict[str, Any], instances: int, generator: torch.Generator) -> None:
        super().__init__()
        own = block["model"]
        self.form = DEFAULTS | (MODELS[own] if isinstance(own, str) else own)
        n, m = block["n_features"], block["n_hidden"]
        deviation = math.sqrt(2 / (n + m))  # Glorot & Bengio 2010
        self.W = nn.Parameter(deviation * torch.randn(instances, m, n, generator=generator))
        if not self.form["tied"]:
            self.W_out = nn.Parameter(deviation * torch.randn(instances, n, m, generator=generator))
        if self.form["output_bias"]:
            self.b = nn.Parameter(torch.zeros(instances, n))
        if self.form["hidden_bias"]:
            self.b_hidden = nn.Parameter(torch.zeros(instances, m))

    @property
    def out(self) -> Tensor:
        """V, [instance, feature, hidden]."""
        return self.W.mT if self.form["tied"] else self.W_out

    def hidden(self, x: Tensor) -> Tensor:
        h = x @ self.W.mT
        if self.form["hidden_bias"]:
            h = h + self.b_hidden.unsqueeze(1)
        return ACTIVATIONS[self.form["hidden"]](h)

    def output(self, h: Tensor) -> Tensor:
        y = h @ self.out.mT
        if self.form["output_bias"]:
            y = y + self.b.unsqueeze(1)
        return ACTIVATIONS[self.form["output"]](y)

    def disturbed(self, h: Tensor, generator: torch.Generator) -> Tensor:
        """What training makes of h: noise, and dropout."""
        if bound := self.form["hidden_noise"]:
            h = h + bound * (2 * torch.rand(h.shape, generator=generator) - 1)
        if share := self.form["dropout"]:
            h = torch.where(torch.rand(h.shape, generator=generator) < share, 0.0, h / (1 - share))
        return h

    def errors(self, x: Tensor, h: Tensor) -> Tensor:
        return self.output(h) - TARGETS[self.form["target"]](x)


def importance(block: dict[str, Any]) -> Tensor:
    ratio = torch.tensor(block.get("importance", {"geometric": 1.0})["geometric"])
    return ratio ** torch.arange(block["n_features"])


def plainly_trained(block: dict[str, Any], seeds: int) -> Plain:
    """By the plain loop; importance-weighted errors, and |h|, are means over samples and features."""
    settings, weight, n = TRAINING | block.get("training", {}), importance(block), block["n_features"]
    generator = torch.Generator().manual_seed(0)
    model = Plain(block, seeds, generator)
    rate, steps = settings["learning_rate"], settings["steps"]
    optimiser = torch.optim.AdamW(
        model.parameters(), lr=rate, weight_decay=settings["weight_decay"], eps=settings.get("eps", 1e-8)
    )
    falling = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: math.cos(math.pi / 2 * step / steps))
    for _ in range(steps):
        x = sample(block, seeds, settings["batch_size"], generator)
        h = model.hidden(x)
        error = model.errors(x, model.disturbed(h, generator))
        loss = (weight * error.abs() ** model.form["loss_power"]).mean((1, 2)).sum()
        loss = loss + model.form["hidden_l1"] / n * h.abs().sum(2).mean(1).sum()
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()
        falling.step()
    return model


def exactly_trained(block: dict[str, Any], seeds: int) -> Plain:
    """By the pipeline, through parameters, `generate` and training; its weights in a model of the plain loop's."""
    document = parse(Path("params.yaml"))
    whole = block | {"seeds": seeds, "training": TRAINING | block.get("training", {})}
    experiment = resolve(document | {"experiments": {"fidelity": whole}}).experiments["fidelity"]
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        write(0, "fidelity", experiment, place / "world")
        (place / "checkpoints").mkdir()
        weights = train("fidelity", read(place / "world"), place / "checkpoints", visible=False).weights
    model = Plain(block, seeds, torch.Generator())
    name = block["model"] if isinstance(block["model"], str) else block["model"]["name"]
    with torch.no_grad():
        for key, parameter in model.named_parameters():
            parameter.copy_(torch.from_numpy(weights[f"{name}.{key}"]))
    return model


@torch.no_grad()
def judged(block: dict[str, Any], model: Plain, samples: int = SAMPLES) -> dict[str, list[float]]:
    """Each quantity of each model; the loss is a squared error, on the same samples for all."""
    x = sample(block, 1, samples, torch.Generator().manual_seed(1)).expand(len(model.W), -1, -1)
    squared = importance(block) * model.errors(x, model.hidden(x)) ** 2
    return {
        "loss": squared.mean((1, 2)).tolist(),
        "represented": (model.W.norm(dim=1) > REPRESENTED).sum(1).double().tolist(),
        "frobenius": (model.out @ model.W).norm(dim=(1, 2)).tolist(),
    }


def rows(name: str, exact: dict[str, list[float]], plain: dict[str, list[float]]) -> list[dict[str, Any]]:
    """One for each quantity: medians, the least and the greatest of either side, and the verdict."""
    return [{"setting": name, "quantity": quantity} | _sides(exact[quantity], plain[quantity]) for quantity in exact]


def _sides(exact: Sequence[float], plain: Sequence[float]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for side, values in (("exact", exact), ("plain", plain)):
        found |= {side: statistics.median(values), f"{side}_least": min(values), f"{side}_greatest": max(values)}
    difference = found["exact"] - found["plain"]
    spread = max(max(values) - min(values) for values in (exact, plain))
    within = abs(difference) <= max(spread, SAME * abs(found["plain"]))
    return found | {"difference": difference, "spread": spread, "verdict": "within" if within else "beyond"}


def noted(found: list[dict[str, Any]], out: Path) -> pd.DataFrame:
    """The table with these rows in place of others of their setting, in the order of SETTINGS; written too."""
    table = pd.DataFrame(found)
    if out.exists():
        before = pd.read_csv(out)
        table = pd.concat([before[~before["setting"].isin(table["setting"])], table])
    places = {name: place for place, name in enumerate(SETTINGS)}
    table = table[table["setting"].isin(places)].sort_values(
        "setting", key=lambda names: names.map(places), kind="stable"
    )
    table.round(6).to_csv(out, index=False)
    return table


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fidelity", description="Exact against plain training.")
    parser.add_argument("--only", nargs="+", choices=SETTINGS, default=list(SETTINGS), help="settings; default: all")
    for name in parser.parse_args().only:
        block = SETTINGS[name]
        sides = [judged(block, trained(block, SEEDS)) for trained in (exactly_trained, plainly_trained)]
        found = rows(name, *sides)
        table = noted(found, OUT)
        for row in found:
            print(
                f"{name:15} {row['quantity']:12} exact {row['exact']:10.5g}  plain {row['plain']:10.5g}  "
                f"spread {row['spread']:9.3g}  {row['verdict']}",
                flush=True,
            )
    beyond = int((table["verdict"] == "beyond").sum())
    print(f"written: {OUT}; {beyond} of {len(table)} rows are beyond the spread of seeds")


if __name__ == "__main__":
    main()
