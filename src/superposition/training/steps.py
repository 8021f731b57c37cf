"""The optimiser step of an ensemble as a pure function, and loops that run many of them.

`Steps.one` is ordinary PyTorch, and says what a step is: draw a batch, run the model, take the gradient, update. It has
faster forms of the same bits. On GPUs it is traced, gradient included, and the loop around the trace is compiled, so
that neither Python nor autograd is met again until the call ends. On CPUs kernel.py takes its place.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import cast

import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn
from torch._higher_order_ops.while_loop import while_loop_op
from torch.fx.experimental.proxy_tensor import make_fx

from superposition.exact.adamw import Rates, adamw, towards_length_one
from superposition.exact.grids import HIDDEN_GRADIENT
from superposition.exact.ops import powered_error, snap, unit_of, weights
from superposition.features.source import Source
from superposition.models.own import OwnModel
from superposition.models.toy_model import ToyModel
from superposition.training.attack import Attack
from superposition.training.control import LinearControl
from superposition.training.disturbance import Disturbance

# One tuple of tensors: weight, first moment, second moment of each parameter in turn.
State = tuple[Tensor, ...]


@dataclass(frozen=True)
class Optimiser:
    """AdamW's settings that stay the same throughout; the rates of each step come in a table."""

    betas: tuple[float, float]
    eps: float
    weight_decay: float  # below 0: how strongly the lengths of features' weights are pulled to 1
    bias_decay: float


class Steps(nn.Module):
    """Optimiser steps of an ensemble, on whatever device the module is on.

    `importance` [instance, feature] may have any scale; the loss is its weighted mean squared error over samples and
    features, or of another power where the model says so, and a multiple of |h|, likewise over samples and the number
    of features. `rates` has a row for each step.
    """

    importance: Tensor
    loss_scale: Tensor
    hidden_l1: Tensor
    rates: Tensor

    def __init__(
        self,
        model: ToyModel | OwnModel,
        source: Source,
        importance: Float[Tensor, "instance feature"],
        optimiser: Optimiser,
        rates: Sequence[Rates],
        batch_size: int,
        attack: Attack | None = None,
        control: LinearControl | None = None,
        disturbance: Disturbance | None = None,
    ) -> None:
        super().__init__()
        self.disturbance = disturbance
        self.model, self.source, self.optimiser, self.attack, self.control = model, source, optimiser, attack, control
        self.batch_size = batch_size
        dtype = model.W.dtype
        # Not part of a checkpoint: whoever resumes has made them anew.
        unit, scaled = scale_to_one(importance)
        unit = unit * unit_of(model.architecture.loss_power)
        self.register_buffer("importance", scaled.to(dtype), persistent=False)
        self.register_buffer("loss_scale", (unit / (batch_size * importance.shape[1])).to(dtype), persistent=False)
        # In the units of the sum of errors, and on the grid of the gradients that it is added to.
        l1 = snap(model.architecture.hidden_l1 / unit, HIDDEN_GRADIENT.fraction_bits)
        self.register_buffer("hidden_l1", l1.to(dtype), persistent=False)
        self.register_buffer("rates", torch.tensor(rates, dtype=dtype), persistent=False)

    def state(self, moments: Callable[[nn.Parameter], tuple[Tensor, Tensor]]) -> State:
        return tuple(t for p in self.model.parameters() for t in (p.detach(), *moments(p)))

    def forward(
        self,
        x: Float[Tensor, "instance feature sample"],
        seen: Float[Tensor, "instance feature sample"],
        samples: Int64[Tensor, " sample"],
        step: Int64[Tensor, ""],
    ) -> Float[Tensor, " instance"]:
        """What is minimised: each instance's loss, summed over a batch and in its own units (`loss_scale`).

        `seen` is what the model gets instead of `x`, where that is attacked. `samples` of the batch and the `step` are
        what disturbances of h are drawn by. Of a control variate it is the difference.
        """
        assert isinstance(self.model, ToyModel)
        h = self.model.encode(seen)
        disturbed = h if self.disturbance is None else self.disturbance(h, samples, step)
        form, sums, target = self.model.architecture, self.model.sums(disturbed), self.model.target(x)
        loss = powered_error(sums, target, self.importance, form.loss_power, form.output, form.negative_slope)
        if self.control is not None:
            loss = loss - self.control.loss(sums, target, self.importance)
        if form.hidden_l1:
            loss = loss + self.hidden_l1 * h.abs().sum((1, 2))
        return loss

    def gradients(self, step: Tensor, parameters: Sequence[Tensor]) -> list[Tensor]:
        """Gradient of each instance's loss at one step; losses of instances are never mixed."""
        names = [name for name, _ in self.named_parameters()]
        samples = torch.arange(self.batch_size, device=step.device)
        x = self.source.batch(step, samples)
        seen = x if self.attack is None else self.attack(x, parameters[names.index("model.W")], samples, step)
        with torch.enable_grad():
            leaves = [p.detach().requires_grad_() for p in parameters]
            if isinstance(self.model, OwnModel):
                gradients = self.gradients_of_own(self.model, x, leaves)
            else:
                given = dict(zip(names, leaves, strict=True))
                loss = torch.func.functional_call(self, given, (x, seen, samples, step))
                gradients = list(torch.autograd.grad(loss.sum(), leaves))
        if self.control is not None:
            of = dict(zip(names, parameters, strict=True))
            expected = self.control.expected(of["model.W"], of.get("model.b"))
            gradients = [
                gradient + expected[("model.W", "model.b").index(name)]
                for name, gradient in zip(names, gradients, strict=True)
            ]
        return [g * self.loss_scale.view(-1, *[1] * (g.dim() - 1)) for g in gradients]

    def gradients_of_own(
        self, model: OwnModel, x: Float[Tensor, "instance feature sample"], leaves: Sequence[Tensor]
    ) -> list[Tensor]:
        """Through a module that others wrote, from the slopes of the loss at its outputs."""
        outputs = model.called(leaves, x)
        seen = outputs.detach().requires_grad_()
        power = model.architecture.loss_power
        loss = powered_error(seen, model.target(x), self.importance, power, "linear", 1.0)
        (slopes,) = torch.autograd.grad(loss.sum(), seen)
        return model.gradients(outputs, leaves, slopes)

    def one(self, step: Tensor, *state: Tensor) -> State:
        """The state after step number `step` (counted from 0; a 0-dimensional int64 tensor)."""
        now = Rates(*self.rates.index_select(0, step.view(1)).unbind(1))
        settings = self.optimiser
        new: list[Tensor] = []
        gradients = self.gradients(step, state[::3])
        names = [name for name, _ in self.model.named_parameters()]
        for name, weight, gradient, first, second in zip(
            names, state[::3], gradients, state[1::3], state[2::3], strict=True
        ):
            decay = self.decay(name, weight)
            new += adamw(weight, gradient, first, second, now, settings.betas, settings.eps, decay)
        return tuple(new)

    def decay(self, name: str, weight: Tensor) -> float | Tensor:
        """Of a parameter, by its name."""
        settings = self.optimiser
        if weight.dim() == 2:  # a bias, [instance, ...]
            return settings.bias_decay
        if settings.weight_decay >= 0:
            return settings.weight_decay
        along_hidden = {"W": 1, "W_out": 2}[name]
        return towards_length_one(weights(weight), along_hidden, -settings.weight_decay)

    def run(self, first: int, last: int, state: State) -> State:
        """Steps `first` .. `last` - 1, one by one."""
        with torch.no_grad():
            for step in range(first, last):
                state = self.one(torch.tensor(step, device=state[0].device), *state)
        return state

    def compiled(self, example: State) -> Callable[[int, int, State], State]:
        """`run`, with the whole loop in one compiled call; for states of the shapes and device of `example`."""
        device = example[0].device

        def number(n: int) -> Tensor:
            return torch.tensor(n, device=device)

        with torch.no_grad():
            self.one(number(0), *example)  # once as it is, so that tables which are kept are not made by what is traced
            # Traced, gradient and all, to a graph of plain tensor operations; then the loop around it likewise.
            one = make_fx(self.one)(number(0), *example)

            def loop(step: Tensor, last: Tensor, *state: Tensor) -> State:
                def unfinished(step: Tensor, *rest: Tensor) -> Tensor:
                    return step < rest[-1]

                def advance(step: Tensor, *rest: Tensor) -> State:
                    return (step + 1, *one(step, *rest[:-1]))

                return cast(State, while_loop_op(unfinished, advance, (step, *state), (last,))[1:])  # type: ignore[arg-type]

            call = torch.compile(make_fx(loop)(number(0), number(1), *example), dynamic=False, fullgraph=True)

        def run(first: int, last: int, state: State) -> State:
            with torch.no_grad():
                return cast(State, call(number(first), number(last), *state))

        return run


def scale_to_one(importance: Float[Tensor, "instance feature"]) -> tuple[Tensor, Tensor]:
    """A power of two for each instance, and importances in units of it: at most 1, of 24 significant bits.

    A power of two loses nothing, so only ratios of importance matter to the grids.
    """
    _, exponent = torch.frexp(importance.double().amax(1))
    unit = torch.tensor([math.ldexp(1.0, e) for e in exponent.tolist()], dtype=torch.float64, device=importance.device)
    return unit, (importance.double() / unit.unsqueeze(1)).float().double()


def worth_compiling(steps: int, elements: int) -> bool:
    """Whether a run of so many steps takes longer uncompiled than compiling does; `elements` are a batch's values.

    Measured on one core of a CPU: 5 ms a step and 0.1 us a value uncompiled, and 10 to 20 s to compile.
    """
    return steps * (5e-3 + 1e-7 * elements) > 20.0
