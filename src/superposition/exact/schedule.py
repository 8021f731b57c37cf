"""Learning rates of every step, made once: the only place where a step's size meets a cosine."""

import math
from typing import Literal

Schedule = Literal["constant", "linear", "cosine"]


def learning_rates(schedule: Schedule, peak: float, steps: int, warmup_steps: int) -> list[float]:
    """Learning rates of steps 1 .. `steps`: a linear warm-up to `peak`, then the schedule over the steps that are left.

    linear falls to 0 at the last step; cosine is the quarter cosine of the public notebook. Rounded to 24 significant
    bits, far coarser than any libm's error, so that every machine has the same table.
    """
    rates = []
    for step in range(steps):
        if step < warmup_steps:
            factor = (step + 1) / warmup_steps
        else:
            passed = (step - warmup_steps) / (steps - warmup_steps)
            factor = {"constant": 1.0, "linear": 1 - passed, "cosine": math.cos(math.pi / 2 * passed)}[schedule]
        rates.append(round_to_bits(peak * factor, 24))
    return rates


def round_to_bits(x: float, bits: int) -> float:
    mantissa, exponent = math.frexp(x)
    return math.ldexp(round(math.ldexp(mantissa, bits)), exponent - bits)
