"""The fixed-point grids that every summed quantity is rounded to, and the bit budget that makes its sums exact.

A float64 holds every integer up to 2^53. A quantity on the grid 2^-f that stays within +-2^r is such an integer (of
f + r bits) times 2^-f. A sum of `terms` products of two of them is an integer of at most

    bits(a) + bits(b) + ceil(log2(terms))

bits times a power of two. While that is no more than 53, every partial sum is exactly representable, whatever the
order, so BLAS, SIMD width, FMA, threads and zeros that are skipped cannot change the result. This module needs nothing
but Python, so that parameters can be checked without loading torch.
"""

from dataclasses import dataclass

SIGNIFICAND_BITS = 53  # of an IEEE 754 binary64


@dataclass(frozen=True)
class Grid:
    """Multiples of 2^-`fraction_bits` in [-2^`range_bits`, 2^`range_bits`]."""

    name: str
    fraction_bits: int
    range_bits: int

    @property
    def bits(self) -> int:
        """Bits of the largest magnitude, counted in grid steps."""
        return self.fraction_bits + self.range_bits

    @property
    def limit(self) -> float:
        return 2.0**self.range_bits


# Every grid fits into the 24 bits of a float32, so that what lies on it can be stored in half the space. The bits are
# shared out so that each sum below has room for the paper's largest shapes (n = 800, m = 60) at batches up to 4096.
INPUT = Grid("input", 16, 0)  # features are at most 1 in magnitude
WEIGHT = Grid("weight", 18, 3)  # its step, 4e-6, is a small part of what AdamW moves a weight by at 1e-3
HIDDEN = Grid("hidden value", 16, 5)  # the widest range: dense inputs add up, before training makes them cancel
# Output minus target, weighted with an importance of at most 1. Where the loss is another power p of the error, what is
# weighted is 8 |e|^(p - 1), at most 8: a step is then 2^-20 of the steepest slope that there is (ops.powered_error).
ERROR = Grid("error", 17, 3)
HIDDEN_GRADIENT = Grid("hidden gradient", 19, 5)  # sums of errors times weights
# Adversarial training: inputs after an attack, and W^T W, whose columns say where attacks go.
ATTACKED = Grid("attacked input", 16, 3)
DIRECTION = Grid("product of two directions", 15, 5)
# A control variate: what features are on average, and products of the rows of W.
MEAN = Grid("mean of a feature", 20, 0)
GRAM = Grid("product of two rows of weights", 16, 8)
LOSS = Grid("loss of a feature", 23, 18)  # a sum over 4096 samples of squared errors; rounded before features are added


@dataclass(frozen=True)
class Sum:
    """One sum of products that training or evaluation forms: which grids meet, and over which axis."""

    name: str
    left: Grid
    right: Grid
    axis: str

    def bits(self, terms: int) -> int:
        return self.left.bits + self.right.bits + (terms - 1).bit_length()


SUMS = (
    Sum("hidden values", INPUT, WEIGHT, "n_features"),
    Sum("mixed targets", INPUT, WEIGHT, "n_features"),
    Sum("outputs", HIDDEN, WEIGHT, "n_hidden"),
    Sum("lengths of weights", WEIGHT, WEIGHT, "n_hidden"),
    Sum("squared errors", ERROR, ERROR, "batch_size"),
    Sum("hidden gradients", ERROR, WEIGHT, "n_features"),
    Sum("output weight gradients", ERROR, HIDDEN, "batch_size"),
    Sum("input weight gradients", INPUT, HIDDEN_GRADIENT, "batch_size"),
)
# What adversarial training forms besides.
SUMS_OF_ATTACKS = (
    Sum("hidden values of attacked inputs", ATTACKED, WEIGHT, "n_features"),
    Sum("lengths of attacks", DIRECTION, DIRECTION, "n_features"),
    Sum("products of directions", WEIGHT, WEIGHT, "n_hidden"),
    Sum("input weight gradients of attacked inputs", ATTACKED, HIDDEN_GRADIENT, "batch_size"),
)
# What a control variate forms besides.
SUMS_OF_CONTROL = (
    Sum("mean hidden values", WEIGHT, MEAN, "n_features"),
    Sum("mean gradients of hidden values", WEIGHT, ERROR, "n_features"),
    Sum("products of rows", WEIGHT, WEIGHT, "n_features"),
    Sum("products of rows with weights", GRAM, WEIGHT, "n_hidden"),
)


def over_budget(
    n_features: int, n_hidden: int, batch_size: int, attacks: bool = False, control: bool = False
) -> list[str]:
    """One sentence for each of the three that is too large for its sums to be exact; none for a shape that is exact.

    `attacks`: whether inputs are attacked in training. `control`: whether its gradients have a control variate.
    """
    faults = []
    sums = SUMS + SUMS_OF_ATTACKS * attacks + SUMS_OF_CONTROL * control
    for axis, count in (("n_features", n_features), ("n_hidden", n_hidden), ("batch_size", batch_size)):
        total = max((s for s in sums if s.axis == axis), key=lambda s: s.left.bits + s.right.bits)
        if (bits := total.bits(count)) > SIGNIFICAND_BITS:
            room = 2 ** (SIGNIFICAND_BITS - total.left.bits - total.right.bits)
            faults.append(
                f"{axis} = {count} is over the exactness budget: {total.name} would need {bits} bits "
                f"({total.left.bits} of the {total.left.name} + {total.right.bits} of the {total.right.name} + "
                f"{bits - total.left.bits - total.right.bits} for {count} terms) of {SIGNIFICAND_BITS}; "
                f"allowed: at most {room}, or training.arithmetic: float32"
            )
    return faults
