"""Models that somebody else wrote: a class in a file of their own, a plain PyTorch module of exact operations.

    class Skip(nn.Module):
        def __init__(self, instances: int, n_features: int, n_hidden: int, dtype: torch.dtype) -> None: ...
        def forward(self, x: Tensor) -> Tensor: ...  # [instance, feature, sample] both

It is an ensemble as the toy model is: each parameter has the instances in front and starts at zero, as the pipeline
draws them. Parameters of three axes are matrices, those of two are biases. One is `W` [instance, hidden, feature]: its
columns are taken for the directions of features. `W_out`, `b` and `b_hidden`, if there are any, are what they are of
toy models; other names are free.
"""

import importlib.util
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

import torch
from jaxtyping import Float
from torch import Tensor, nn

from superposition.exact.ops import is_exact
from superposition.exact.watch import NotExact, watched
from superposition.models.mixing import mixing_of
from superposition.models.toy_model import TARGETS, Architecture, ToyModel


class Unusable(ValueError):
    """A class that is no model of this kind; says why, to a person."""


class OwnModel(nn.Module):
    """An ensemble of `instances` models of a class of one's own; called on features, it gives outputs."""

    def __init__(
        self,
        architecture: Architecture,
        instances: int,
        n_features: int,
        n_hidden: int,
        dtype: torch.dtype,
        root: Path = Path(),
    ) -> None:
        """`root`: of the checkout that the class's file is in."""
        super().__init__()
        self.architecture, self.shape = architecture, (instances, n_features, n_hidden)
        self.inner = found(architecture.module or "", root)(instances, n_features, n_hidden, dtype)
        self.refuse_other_parameters(dtype)

    @property
    def W(self) -> nn.Parameter:
        return dict(self.named_parameters())["W"]

    def named_parameters(self, *args, **kwargs):  # type: ignore[no-untyped-def]  # as the class names them
        return self.inner.named_parameters(*args, **kwargs)

    def forward(self, x: Float[Tensor, "instance feature sample"]) -> Float[Tensor, "instance feature sample"]:
        """The outputs y; where arithmetic is exact, NotExact if another machine might find others."""
        return self.called(list(self.parameters()), x)

    def target(self, x: Float[Tensor, "instance feature sample"]) -> Float[Tensor, "instance feature sample"]:
        """What the outputs are compared with."""
        return TARGETS[self.architecture.target](x)

    def refuse(self, what: str) -> None:
        raise Unusable(f"{self.architecture.module}: {what}")

    def refuse_other_parameters(self, dtype: torch.dtype) -> None:
        """Unless they are what the head of this module says."""
        count, n, m = self.shape
        named = dict(self.named_parameters())
        known = {"W": (count, m, n), "W_out": (count, n, m), "b": (count, n), "b_hidden": (count, m)}
        if "W" not in named:
            self.refuse("has no parameter W, [instance, hidden, feature]")
        for name, p in named.items():
            if name in known and tuple(p.shape) != known[name]:
                self.refuse(f"{name} is of shape {list(p.shape)}; must be {list(known[name])}")
            if p.dim() not in (2, 3) or len(p) != count:
                self.refuse(
                    f"{name} is of shape {list(p.shape)}; must have {count} (instances) and one or two axes more"
                )
            if p.dtype != dtype:
                self.refuse(f"{name} is of {p.dtype}; must be of {dtype}, which its class is called with")
            if bool((p != 0).any()):
                self.refuse(f"{name} does not start at zero; the pipeline draws parameters")

    def called(self, parameters: Sequence[Tensor], x: Float[Tensor, "instance feature sample"]) -> Tensor:
        """Its outputs with other parameters, in the order of its own; of whatever shape, before it is tried out."""
        names = [name for name, _ in self.named_parameters()]
        given = dict(zip(names, parameters, strict=True))
        y: Tensor = watched(lambda: torch.func.functional_call(self.inner, given, (x,)), is_exact(x))
        return y

    def gradients(
        self, y: Float[Tensor, "instance feature sample"], parameters: Sequence[Tensor], slopes: Tensor
    ) -> list[Tensor]:
        """Of outputs that were made of these parameters, from slopes at the outputs."""
        if not y.requires_grad:
            self.refuse("no output depends on any parameter")
        found: Sequence[Tensor | None] = watched(
            lambda: torch.autograd.grad(y, parameters, slopes, allow_unused=True), is_exact(y)
        )
        for (name, _), gradient in zip(self.named_parameters(), found, strict=True):
            if gradient is None:
                self.refuse(f"no output depends on {name}")
        return list(found)  # type: ignore[arg-type]

    def try_out(self, x: Float[Tensor, "instance feature sample"]) -> None:
        """Unusable if it is no ensemble of models that are independent of each other, or cannot be trained exactly."""
        parameters = [p.detach().requires_grad_() for p in self.parameters()]
        try:
            with torch.enable_grad():
                y = self.called(parameters, x)
                if y.shape != x.shape or y.dtype != x.dtype:
                    self.refuse(f"gives {list(y.shape)} of {y.dtype} for features {list(x.shape)} of {x.dtype}")
                self.gradients(y, parameters, torch.ones_like(y))
        except NotExact as error:
            self.refuse(str(error))
        with torch.no_grad():
            first = torch.arange(len(x), device=x.device) == 0
            for own in (first, ~first):
                kept = [torch.where(own.view(-1, *[1] * (p.dim() - 1)), p, 0.0) for p in parameters]
                alone = self.called(kept, torch.where(own.view(-1, 1, 1), x, 0.0))
                if differ(alone[own], y[own]):
                    self.refuse("the outputs of an instance depend on other instances")
            half = x.shape[2] // 2
            if differ(self(x[:, :, :half]), y[:, :, :half]):
                self.refuse("the outputs of a sample depend on other samples")


def differ(one: Tensor, other: Tensor) -> bool:
    """Beyond what float32 rounds differently from shape to shape."""
    return bool(((one - other).abs() > 1e-4 * (1 + other.abs())).any())


def model_of(
    architecture: Architecture,
    instances: int,
    n_features: int,
    n_hidden: int,
    dtype: torch.dtype,
    stream: str,
    root: Path = Path(),
) -> ToyModel | OwnModel:
    """An ensemble of this architecture and shape, whose parameters are zero.

    `stream` is the name of an instance's random streams, which says what experiment's matrix is mixed into targets.
    """
    if architecture.module is None:
        mixing = mixing_of(architecture.mixing, n_features, stream)
        return ToyModel(architecture, instances, n_features, n_hidden, dtype, mixing)
    return OwnModel(architecture, instances, n_features, n_hidden, dtype, root)


def found(module: str, root: Path) -> type[nn.Module]:
    """The class that `path:Class` names, in a file of the checkout at `root`."""
    path, _, name = module.partition(":")
    if not (root / path).is_file():
        raise Unusable(f"{module}: {root / path} is no file")
    one = getattr(executed(path, root), name, None)
    if not (isinstance(one, type) and issubclass(one, nn.Module)):
        raise Unusable(f"{module}: {path} has no class {name} that is derived from torch.nn.Module")
    return one


def executed(path: str, root: Path) -> ModuleType:
    """The file as a module of the name that `import` would give it."""
    name = ".".join(Path(path).with_suffix("").parts[1:])  # as imports.modules_of has it
    spec = importlib.util.spec_from_file_location(name, root / path)
    if spec is None or spec.loader is None:
        raise Unusable(f"{root / path} is no Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # where what it defines looks for itself
    spec.loader.exec_module(module)
    return module
