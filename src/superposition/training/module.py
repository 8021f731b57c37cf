"""An ensemble of toy models in training, as Lightning sees it.

A batch is a `Call`: a range of optimiser steps that run in one call, in the fastest form that the device has. Data is
drawn inside of it, from streams that need no state, so nothing but the weights, the two moments and the step's number
has to be kept to resume.
"""

import time
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import pytorch_lightning as pl
import torch
from torch import Tensor

from superposition.exact import grids
from superposition.exact.adamw import AdamW
from superposition.exact.ops import is_exact, require_exact_products, weights
from superposition.models.own import OwnModel
from superposition.training.held_out import HeldOut
from superposition.training.kernel import FastHeldOut, FastSteps, available_cores, library
from superposition.training.steps import State, Steps, worth_compiling
from superposition.training.worlds import OutOfRange


class Call(NamedTuple):
    """Optimiser steps `first` .. `last` - 1, counted from 0."""

    first: int
    last: int


class Ensemble(pl.LightningModule):
    """Trains all instances of an ensemble at once; `snapshot_steps` (after how many steps) are kept in `snapshots`.

    `names` say which instances they are, to a person. Unless `fast`, steps run in their plain form.
    """

    def __init__(
        self,
        steps: Steps,
        held_out: HeldOut,
        snapshot_steps: Sequence[int],
        names: Sequence[str],
        fast: bool,
        learning_rate: float,
    ) -> None:
        super().__init__()
        self.names = names
        self.automatic_optimization = False
        self.steps, self.held_out, self.learning_rate = steps, held_out, learning_rate
        self.fast, self.snapshot_steps = fast, set(snapshot_steps)
        # Optimiser steps done, and the state after them, which is kept from the first on. One assignment sets both, so
        # that what is kept is whole whenever a signal comes.
        self.done: tuple[int, State] = (0, ())
        self.snapshots: dict[int, dict[str, Tensor]] = {}
        self.losses: dict[int, np.ndarray] = {}  # held-out, [instance]
        self.speed: float | None = None  # steps per second of the latest call
        self.began, self.seconds_before = 0.0, 0.0  # when this run began, and how long those took that it resumes
        self._run: Callable[[int, int, State], State] = steps.run
        self._held_out_sums: Callable[[Any], Tensor] = held_out.sums

    @property
    def step(self) -> int:
        return self.done[0]

    def configure_optimizers(self) -> AdamW:
        settings = self.steps.optimiser
        optimiser = AdamW(
            self.steps.model.parameters(),
            lr=self.learning_rate,
            betas=settings.betas,
            eps=settings.eps,
            weight_decay=settings.weight_decay,
        )
        if self.step:
            moments = zip(self.steps.model.parameters(), self.done[1][1::3], self.done[1][2::3], strict=True)
            for p, first, second in moments:
                optimiser.state[p] = {"first": first.to(p.device, copy=True), "second": second.to(p.device, copy=True)}
        return optimiser

    @property
    def seconds(self) -> float:
        """Wall time of training so far, with compilation and in all runs."""
        return self.seconds_before + time.monotonic() - self.began

    def on_fit_start(self) -> None:
        self.began = time.monotonic()

    def on_train_start(self) -> None:
        if is_exact(self.steps.importance):
            require_exact_products(self.device)
        if self.fast:
            self.take_fast_form()
        if self.step in {0, *self.snapshot_steps} - self.losses.keys():  # it may have been stopped at this one
            self.keep_snapshot()

    def take_fast_form(self) -> None:
        steps = self.steps
        if self.device.type == "cpu":
            if steps.attack is not None or isinstance(steps.model, OwnModel):
                self._run = on_one_thread(steps.run)
            elif library():
                self._run = FastSteps(steps, available_cores()).run
                self._held_out_sums = FastHeldOut(self.held_out, available_cores()).sums
        elif not isinstance(steps.model, OwnModel) and worth_compiling(
            len(steps.rates), steps.batch_size * steps.importance.numel()
        ):
            state = self.state()
            self._run = steps.compiled(state)
            self._run(0, 0, state)  # no step, but the compilation

    def state(self) -> State:
        moments: Any = self.optimizers(use_pl_optimizer=False)
        return self.steps.state(lambda p: (moments.state[p]["first"], moments.state[p]["second"]))

    def training_step(self, call: Call, batch_index: int) -> None:
        began = time.perf_counter()
        state = self.state()
        new = self._run(call.first, call.last, state)
        self.refuse_broken(new[::3], call)  # waits for the device
        self.done = (call.last, new)
        with torch.no_grad():
            for old, value in zip(state, new, strict=True):
                old.copy_(value)
        self.speed = (call.last - call.first) / (time.perf_counter() - began)
        if call.last in self.snapshot_steps:
            self.keep_snapshot()

    def refuse_broken(self, parameters: Sequence[Tensor], call: Call) -> None:
        """Whatever left its grid's range has become NaN and has reached some weight of its own instance by now."""
        broken = torch.stack([~p.isfinite().flatten(1).all(1) for p in parameters]).any(0)
        if broken.any():
            which = "; ".join(self.names[i] for i in broken.nonzero().flatten().tolist())
            why, remedy = self.what_went_wrong()
            raise OutOfRange(f"between steps {call.first} and {call.last} training {why}: {which}. {remedy}")

    def what_went_wrong(self) -> tuple[str, str]:
        """What it may have been, and what helps against it."""
        slower = "Lower training.learning_rate or initial.gain"
        if not is_exact(self.steps.importance):
            return "diverged", slower
        limited, helps = [grids.WEIGHT, grids.HIDDEN, grids.ERROR, grids.HIDDEN_GRADIENT], [slower]
        if self.steps.control is not None:
            limited.append(grids.GRAM)
            helps.append("set training.control_variate: null")
        limits = ", ".join(f"{grid.name} {grid.limit:g}" for grid in limited)
        return (
            f"diverged, or left the range in which sums are exact (largest magnitudes: {limits})",
            ", ".join([*helps, "or set training.arithmetic: float32"]),
        )

    def keep_snapshot(self) -> None:
        """Weights as they enter sums, which float32 holds exactly, and the held-out loss."""
        parameters = self.steps.model.named_parameters()
        # A copy: of float32 parameters on the CPU nothing else here makes one, and steps change them in place.
        self.snapshots[self.step] = {
            name: weights(p.detach()).to("cpu", torch.float32, copy=True) for name, p in parameters
        }
        self.losses[self.step] = self.held_out.loss(self._held_out_sums(self.steps.model))

    def arrays(self) -> dict[str, np.ndarray]:
        """What has to be kept to go on from here with `resume`."""
        step, state = self.done
        kept = {"step": np.array(step), "seconds": np.array(self.seconds)}
        kept |= {f"state.{k}": tensor.detach().cpu().numpy() for k, tensor in enumerate(state)}
        for taken, loss in self.losses.items():
            kept[f"loss.{taken}"] = loss
            kept |= {f"snapshot.{taken}.{name}": value.numpy() for name, value in self.snapshots[taken].items()}
        return kept

    def resume(self, kept: dict[str, np.ndarray]) -> None:
        """To where a module of the same settings had come, before training begins; changes nothing if it cannot."""
        parameters = dict(self.steps.model.named_parameters())

        def of(key: str, like: Tensor, dtype: torch.dtype) -> Tensor:
            tensor = torch.from_numpy(kept[key])
            if tensor.shape != like.shape or tensor.dtype != dtype:
                raise ValueError(f"{key} is of another model")
            return tensor

        state = [of(f"state.{3 * k + j}", p, p.dtype) for k, p in enumerate(parameters.values()) for j in range(3)]
        losses = {int(key.partition(".")[2]): loss for key, loss in kept.items() if key.startswith("loss.")}
        snapshots = {
            taken: {name: of(f"snapshot.{taken}.{name}", p, torch.float32) for name, p in parameters.items()}
            for taken in losses
        }
        step, seconds = int(kept["step"]), float(kept["seconds"])
        with torch.no_grad():
            for p, value in zip(parameters.values(), state[::3], strict=True):
                p.copy_(value)
        self.done, self.losses, self.snapshots, self.seconds_before = (step, tuple(state)), losses, snapshots, seconds


def on_one_thread(run: Callable[[int, int, State], State]) -> Callable[[int, int, State], State]:
    """`run` without PyTorch's threads, for steps of many small operations.

    On two cores that others use too, threads that wait for each other at each operation made such training nine times
    slower; on idle ones they gain nothing. The bits are the same.
    """

    def alone(first: int, last: int, state: State) -> State:
        threads = torch.get_num_threads()
        torch.set_num_threads(1)
        try:
            return run(first, last, state)
        finally:
            torch.set_num_threads(threads)

    return alone
