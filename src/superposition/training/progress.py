"""What a person sees of a run: a bar on a terminal, a few lines in a log."""

import sys
import time
from typing import Any

import numpy as np
import pytorch_lightning as pl
from tqdm import tqdm

LINES = 4  # of progress in a log without a terminal


class Progress(pl.Callback):
    """Which experiment and `part` of it, steps per second, loss, time left; nothing unless `visible`."""

    def __init__(self, name: str, part: str, total_steps: int, visible: bool) -> None:
        self.name, self.part, self.total, self.visible = f"{name} ({part})", part, total_steps, visible
        self.terminal = sys.stderr.isatty()
        self.began, self.start, self.said = 0.0, 0, 0

    def on_fit_start(self, trainer: pl.Trainer, module: Any) -> None:
        if self.visible:
            print(f"{self.name}: {self.total} steps on {module.device} ...", file=sys.stderr, flush=True)
        self.began, self.start = time.perf_counter(), module.step
        self.bar = tqdm(
            total=self.total,
            initial=module.step,
            desc=self.name,
            unit="step",
            miniters=1,  # else it waits for as many steps as there were in a tenth of a second before
            disable=not (self.terminal and self.visible),
            leave=False,
        )

    def on_train_batch_end(self, trainer: pl.Trainer, module: Any, outputs: Any, batch: Any, batch_idx: int) -> None:
        loss = f"loss {np.median(module.losses[max(module.losses)]):.3g}"  # held-out, of the median instance
        self.bar.set_postfix_str(loss, refresh=False)
        self.bar.update(module.step - self.bar.n)
        if self.terminal or not self.visible or module.step * LINES < self.total * (self.said + 1):
            return
        self.said = module.step * LINES // self.total
        speed = (module.step - self.start) / (time.perf_counter() - self.began)
        left = (self.total - module.step) / speed
        done = f"  {module.step}/{self.total} steps, {speed:.0f} steps/s, {loss}, {left:.0f} s left"
        print(done, file=sys.stderr, flush=True)

    def on_fit_end(self, trainer: pl.Trainer, module: Any) -> None:
        self.bar.close()

    def on_exception(self, trainer: pl.Trainer, module: Any, exception: BaseException) -> None:
        if hasattr(self, "bar"):
            self.bar.close()
