"""What params.yaml may say of the values of active features, and the words and numbers that it stands for."""

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag

from superposition.params.axes import digits
from superposition.params.faults import Strict, must

Deviations = Annotated[float, Field(ge=1, le=6), must("be a number of standard deviations from 1 to 6")]


class Exponential(Strict):
    """Values fall exponentially in frequency from 0 to 1."""

    exponential: Annotated[float, Field(ge=0.1, le=32), must("be a number from 0.1 to 32, the rate r of exp(-r x)")]
    """The rate r of the density, which is proportional to exp(-r x); what would be above 1 is cut off."""


class PowerExponent(Strict):
    """Where a power law begins, and how steeply it falls."""

    exponent: Annotated[float, Field(ge=0, le=8), must("be a number from 0 to 8, the exponent a of x^-a")]
    """The exponent a of the density, which is proportional to x^-a."""
    least: Annotated[float, Field(ge=0.001, le=0.9), must("be a number from 0.001 to 0.9")]
    """The smallest value; the largest is 1."""


class PowerLaw(Strict):
    """Values fall as a power in frequency, up to 1."""

    power_law: Annotated[PowerExponent, must("be a mapping with exponent and least")]
    """The law's exponent and its smallest value."""


class Normal(Strict):
    """Values of both signs with a normal distribution."""

    normal: Deviations
    """Standard deviations from 0 to 1, the largest size; what would be larger is cut off."""


class HalfNormal(Strict):
    """Sizes of values with a normal distribution."""

    half_normal: Deviations
    """Standard deviations from 0 to 1, the largest value; what would be larger is cut off."""


FORMS = ("exponential", "power_law", "normal", "half_normal", "unit_length")


def values_form(value: Any) -> str | None:
    """Which form of `values` is meant."""
    if isinstance(value, str):
        return "<word>"
    named = [key for key in FORMS if key in value] if isinstance(value, dict) else []
    return f"<{named[0]}>" if len(named) == 1 else None


LAW = (
    "unit, signed, constant, {exponential: rate}, {power_law: {exponent: ..., least: ...}}, "
    "{normal: standard deviations} or {half_normal: standard deviations}"
)
VALUES = f"{LAW}, or {{unit_length: one of these}}"
Word = Annotated[Literal["unit", "signed", "constant"], must(f"be {VALUES}")]
Laws = (
    Annotated[Word, Tag("<word>")]
    | Annotated[Exponential, Tag("<exponential>")]
    | Annotated[PowerLaw, Tag("<power_law>")]
    | Annotated[Normal, Tag("<normal>")]
    | Annotated[HalfNormal, Tag("<half_normal>")]
)
Law = Annotated[Laws, Discriminator(values_form), must(f"be {LAW}")]


class UnitLength(Strict):
    """Samples that are divided by their lengths."""

    unit_length: Law
    """The law of their active features before that."""


Values = Annotated[Laws | Annotated[UnitLength, Tag("<unit_length>")], Discriminator(values_form), must(f"be {VALUES}")]


def in_words(values: str | Strict) -> str:
    """The law's name, and its numbers after it, as features/values.py reads them."""
    if isinstance(values, str):
        return values
    if isinstance(values, UnitLength):
        return f"{in_words(values.unit_length)} of unit length"
    if isinstance(values, PowerLaw):
        law = values.power_law
        return f"power_law {digits(law.exponent)} {digits(law.least)}"
    ((name, number),) = values.model_dump().items()
    return f"{name} {digits(number)}"
