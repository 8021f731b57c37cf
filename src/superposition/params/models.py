"""What params.yaml may say of a toy model: a preset, a model of one's own, or a list of those."""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Discriminator, Field, Tag

from superposition.params.axes import AT_LEAST_ONE
from superposition.params.faults import Strict, must

Flag = Annotated[bool, must("be true or false")]
Activation = Annotated[
    Literal["linear", "relu", "leaky_relu", "clipped_relu", "gelu", "tanh", "sigmoid"],
    must("be linear, relu, leaky_relu, clipped_relu, gelu, tanh or sigmoid"),
]
LOSS_POWERS = (2.0, 2.5, 3.0, 4.0, 6.0, 8.0)  # those of exact.ops, which needs torch


def is_loss_power(power: float) -> float:
    if power not in LOSS_POWERS:
        raise ValueError
    return power


SLOPES = tuple(2.0**-k for k in range(1, 11))


def is_slope(slope: float) -> float:
    if slope not in SLOPES:
        raise ValueError
    return slope


NegativeSlope = Annotated[
    float,
    AfterValidator(is_slope),
    Field(json_schema_extra={"enum": list(SLOPES)}),
    must("be a power of two from 2^-10 (0.0009765625) to 0.5"),
]
LossPower = Annotated[
    float,
    AfterValidator(is_loss_power),
    Field(json_schema_extra={"enum": list(LOSS_POWERS)}),
    must("be 2, 2.5, 3, 4, 6 or 8"),
]
# Names become names of files, stages and columns.
Name = Annotated[
    str,
    Field(pattern="^[a-z][a-z0-9_]*$", max_length=64),
    must("have a name of at most 64 small letters, digits and _, with a letter first (it names files)"),
]

# Each part a name of Python's, so that the file can be imported, and lies in src, which the stages' code is noted of.
Module = Annotated[
    Annotated[str, Field(pattern=r"^src(/[A-Za-z_][A-Za-z0-9_]*)+\.py:[A-Za-z_][A-Za-z0-9_]*$", max_length=200)] | None,
    must("be null or a Python file in src and a class of it, such as src/own/skip.py:Skip"),
]


MIXED = Field(ge=0, le=0.5)
STANDARD_DEVIATION = must("be a standard deviation, a number from 0 to 0.5")


class Embedding(Strict):
    """Dot products of random directions, one for each feature."""

    embedding: Annotated[int, Field(ge=2, le=4096), must("be a number of dimensions, a whole number from 2 to 4096")]
    """Dimensions of the directions: entries are of size 1 / sqrt(dimensions)."""
    scale: Annotated[float, Field(ge=0, le=2), must("be a number from 0 to 2")] = 1.0
    """What these products are multiplied by."""


class Gaussian(Strict):
    """Independent normal entries."""

    gaussian: Annotated[float, MIXED, STANDARD_DEVIATION]
    """Their standard deviation."""


class Symmetric(Strict):
    """Normal entries of a symmetric matrix."""

    symmetric: Annotated[float, MIXED, STANDARD_DEVIATION]
    """Their standard deviation."""


def mixing_form(value: Any) -> str | None:
    """Which kind of matrix is meant, by its keys; also of one that is written out."""
    keys = type(value).model_fields if isinstance(value, Strict) else value if isinstance(value, dict) else ()
    named = [key for key in ("embedding", "gaussian", "symmetric") if key in keys]
    return f"<{named[0]}>" if len(named) == 1 else None


def is_none(value: Any) -> bool:
    return value is None


MIXING = (
    "{embedding: dimensions, scale: factor}, {gaussian: standard deviation} or {symmetric: standard deviation}, a "
    "matrix to mix into the target"
)
Mixing = Annotated[
    Annotated[Embedding, Tag("<embedding>")]
    | Annotated[Gaussian, Tag("<gaussian>")]
    | Annotated[Symmetric, Tag("<symmetric>")],
    Discriminator(mixing_form),
    must(f"be {MIXING}"),
]


class Model(Strict):
    """A toy model: h = hidden(W x + c), y = output(V h + b), with V the transpose of W if tied, against a target; or a
    module of your own.
    """

    name: Name
    """Names files, columns and titles; another one than the presets have."""
    tied: Flag = True
    """Whether V is the transpose of W."""
    hidden: Activation = "linear"
    """Activation of the hidden layer: none, ReLU(z), a leaky ReLU, ReLU(z) up to 1 (clipped_relu), GELU, tanh, or the
    logistic sigmoid."""
    output: Activation = "relu"
    """Activation of the output, likewise."""
    negative_slope: NegativeSlope = 2**-7
    """Slope of leaky ReLUs below 0; a power of two, so that products with it are exact."""
    output_bias: Flag = True
    """Whether outputs have a bias b."""
    hidden_bias: Flag = False
    """Whether hidden dimensions have a bias c."""
    target: Annotated[
        Literal["identity", "absolute", "relu", "products"], must("be identity, absolute, relu or products")
    ] = "identity"
    """What the output is compared with: x (identity), |x| (absolute), the larger one of x and 0 (relu), or the product
    x_i x_(i+1) of neighbours, of the last feature with the first (products)."""
    # Left out where there is none, so that settings of models without one stay what they were.
    mixing: Annotated[Mixing | None, must(f"be null or {MIXING}"), Field(exclude_if=is_none)] = None
    """What is added to the target: a fixed random matrix times x, with zeros on its diagonal."""
    loss_power: LossPower = 2.0
    """The power p of errors |y - target| that training minimises the mean of. Beyond an error of 1 another power than
    2 goes on as a straight line. Held-out losses stay squared errors."""
    hidden_l1: Annotated[float, Field(ge=0, le=16), must("be a number between 0 and 16")] = 0.0
    """What training adds to a sample's summed error for each unit of |h|."""
    training_attack: Annotated[float, Field(ge=0, le=4), must("be a number between 0 and 4")] = 0.0
    """How far training perturbs each sample along a random column of W^T W, relative to the mean norm of a sample; of
    tied models that are linear on h."""
    hidden_noise: Annotated[float, Field(ge=0, le=4), must("be a number between 0 and 4")] = 0.0
    """Bound of the uniform noise that training adds to each hidden value; taken to 2^-16."""
    dropout: Annotated[float, Field(ge=0, le=0.9), must("be a number between 0 and 0.9")] = 0.0
    """Probability with which training sets a hidden value to 0; the others are multiplied by 1 / (1 - dropout)."""
    module: Module = None
    """A class of your own that computes y from x, in place of the keys that say how; only name, target and loss_power
    stand beside it (CONTRIBUTING.md, "A model of one's own code")."""

    @property
    def reproduces(self) -> bool:
        """Whether its outputs are to be the features themselves."""
        return self.target == "identity" and self.mixing is None


# The paper's models: "Demonstrating Superposition" (linear, ReLU output), "Superposition in a Privileged Basis" (ReLU
# hidden) and "Computation in Superposition" (absolute value).
PRESETS = {
    "linear": Model(name="linear", output="linear"),
    "relu_output": Model(name="relu_output"),
    "relu_hidden": Model(name="relu_hidden", hidden="relu"),
    "absolute_value": Model(name="absolute_value", tied=False, hidden="relu", target="absolute"),
}
MODEL_FORMS = {str: "<preset>", dict: "<model>", list: "<list>"}


def model_form(value: Any) -> str | None:
    return next((tag for kind, tag in MODEL_FORMS.items() if isinstance(value, kind)), None)


def is_preset(name: str) -> str:
    if name not in PRESETS:
        raise ValueError
    return name


MODEL = f"one of {', '.join(PRESETS)}, or a model of your own, {{name: ..., hidden: ..., ...}}"
Preset = Annotated[
    str, AfterValidator(is_preset), Field(json_schema_extra={"enum": list(PRESETS)}), must(f"be {MODEL}")
]
ModelPoint = Annotated[
    Annotated[Preset, Tag("<preset>")] | Annotated[Model, Tag("<model>")],
    Discriminator(model_form),
    must(f"be {MODEL}"),
]
ModelAxis = Annotated[
    Annotated[Preset, Tag("<preset>")]
    | Annotated[Model, Tag("<model>")]
    | Annotated[list[ModelPoint], Field(min_length=1), AT_LEAST_ONE, Tag("<list>")],
    Discriminator(model_form),
    must(f"be {MODEL}, or a list of those"),
]
