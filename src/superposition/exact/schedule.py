"""Learning rates of every step, made once: the only place where a step's size meets a cosine."""

from typing import Literal

import numpy as np

from superposition.exact.functions import PI, cos

Schedule = Literal["constant", "linear", "cosine"]


def learning_rates(schedule: Schedule, peak: float, steps: int, warmup_steps: int, floor: float = 0.0) -> list[float]:
    """Learning rates of steps 1 .. `steps`: a linear warm-up to `peak`, then the schedule over the steps that are left.

    linear falls to `floor`, a share of the peak, at the last step, as does cosine, the quarter cosine of the public
    notebook. Rounded to 24 significant bits, so that a product with a rate leaves room.
    """
    step = np.arange(steps)
    passed = np.maximum(step - warmup_steps, 0) / max(1, steps - warmup_steps)
    after = {"constant": np.ones(steps), "linear": 1 - passed, "cosine": cos(PI / 2 * passed)}[schedule]
    after = floor + (1 - floor) * after
    factor = np.where(step < warmup_steps, (step + 1) / max(1, warmup_steps), after)
    return round_to_bits(peak * factor, 24).tolist()


def round_to_bits(x: np.ndarray, bits: int) -> np.ndarray:
    """To so many significant bits, ties to even."""
    mantissa, exponent = np.frexp(x)
    return np.ldexp(np.rint(np.ldexp(mantissa, bits)), exponent - bits)
