"""The keys of params.yaml: one class per mapping, one field per key, and for each what it must be.

What a value means, its unit and its source stand beside it in params.yaml.
"""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Discriminator, Field, Tag

from superposition.params.axes import (
    AT_LEAST_ONE,
    ImportanceAxis,
    SeedAxis,
    SeedValue,
    SetsAxis,
    SparsityAxis,
    WidthAxis,
)
from superposition.params.faults import Strict, must

# Steps and samples are counted by 32-bit words of the random generator.
Count = Annotated[int, Field(ge=1, lt=2**32), must("be a whole number, at least 1 and below 2^32")]
Size = Annotated[int, Field(ge=1, le=100_000), must("be a whole number between 1 and 100000")]
Positive = Annotated[float, Field(gt=0), must("be a number above 0")]
Flag = Annotated[bool, must("be true or false")]
Activation = Annotated[Literal["linear", "relu"], must("be linear or relu")]
# Names become names of files, stages and columns.
Name = Annotated[
    str,
    Field(pattern="^[a-z][a-z0-9_]*$", max_length=64),
    must("have a name of at most 64 small letters, digits and _, with a letter first (it names files)"),
]
Line = Annotated[str, Field(pattern=r"^\S[^\r\n]*$", max_length=200), must("be one line of at most 200 characters")]
Paragraph = Annotated[
    str, Field(pattern=r"^\S[^\r\n]*\n?$", max_length=1500), must("be one paragraph of at most 1500 characters")
]


class Model(Strict):
    """A toy model: h = hidden(W x + c), y = output(V h + b), with V the transpose of W if tied, against a target."""

    name: Name
    tied: Flag = True
    hidden: Activation = "linear"
    output: Activation = "relu"
    output_bias: Flag = True  # b
    hidden_bias: Flag = False  # c
    target: Annotated[Literal["identity", "absolute"], must("be identity or absolute")] = "identity"
    hidden_l1: Annotated[float, Field(ge=0, le=16), must("be a number between 0 and 16")] = 0.0
    training_attack: Annotated[float, Field(ge=0, le=4), must("be a number between 0 and 4")] = 0.0


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
Preset = Annotated[str, AfterValidator(is_preset), must(f"be {MODEL}")]
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


class Initial(Strict):
    """How initial weights are drawn; biases start at 0."""

    rule: Annotated[Literal["xavier", "notebook", "normal"], must("be xavier, notebook or normal")]
    gain: Positive


Decay = Annotated[float, Field(ge=0, lt=1), must("be a number, at least 0 and below 1")]


class Training(Strict):
    steps: Count
    batch_size: Count
    sample_size: Annotated[
        Annotated[int, Field(ge=1, lt=2**32)] | None,
        must("be null (fresh samples at each step) or a whole number of at least 1"),
    ]
    learning_rate: Positive
    schedule: Annotated[Literal["constant", "linear", "cosine"], must("be constant, linear or cosine")]
    warmup_steps: Annotated[int, Field(ge=0), must("be a whole number of at least 0")]
    # A list in YAML, which strict tuples refuse.
    betas: Annotated[tuple[Decay, Decay], Field(strict=False), must("be a list of two numbers")]
    eps: Positive
    weight_decay: Annotated[float, Field(ge=0), must("be a number of at least 0")]
    arithmetic: Annotated[Literal["exact", "float32"], must("be exact or float32")]
    snapshots: Count


class Defaults(Strict):
    """The keys that experiments may leave out."""

    sparsity: SparsityAxis
    importance: ImportanceAxis
    sets: SetsAxis
    values: Annotated[Literal["unit", "signed"], must("be unit or signed")]
    seeds: SeedAxis
    held_out: Annotated[int, Field(ge=1, le=1_000_000), must("be a whole number between 1 and 1000000")]
    initial: Annotated[Initial, must("be a mapping with rule and gain")]
    training: Annotated[Training, must("be a mapping of training settings")]


class Recovery(Strict):
    """How many active features are recovered, of trained and of other projections."""

    active: Annotated[
        list[Annotated[int, Field(ge=1), must("be a whole number of at least 1")]],
        Field(min_length=1),
        must("be a list of at least one number of active features"),
    ]
    samples: Annotated[int, Field(ge=1, le=10_000), must("be a whole number between 1 and 10000")]
    tolerance: Annotated[float, Field(gt=0, lt=1), must("be a number above 0 and below 1")]
    matrices: Annotated[int, Field(ge=1, le=1000), must("be a whole number between 1 and 1000")]


class Explanations(Strict):
    """Hidden vectors of few active features, of which all explanations are searched for."""

    # A list in YAML, which strict tuples refuse.
    active: Annotated[
        tuple[Annotated[int, Field(ge=1), must("be a whole number of at least 1")], ...],
        Field(strict=False, min_length=1),
        must("be a list of numbers of active features"),
    ]
    samples: Annotated[int, Field(ge=1, le=100_000), must("be a whole number between 1 and 100000")]
    tolerance: Annotated[float, Field(ge=1e-3, le=0.5), must("be a number between 0.001 and 0.5")]


class Rotations(Strict):
    """Random rotations of the hidden space, and the samples that judge a model before and after each."""

    count: Annotated[int, Field(ge=19, le=10_000), must("be a whole number between 19 and 10000")]
    samples: Annotated[int, Field(ge=1, le=8192), must("be a whole number between 1 and 8192")]


# As features have it in training, where S is at most 0.9999.
Density = Annotated[float, Field(ge=1e-4, le=1), must("be a number between 0.0001 and 1")]
Part = Annotated[Literal["relu", "bias"], must("be relu or bias")]


class Ablations(Strict):
    """What is switched off in trained models, and on which data; lists in YAML, which strict tuples refuse."""

    samples: Annotated[int, Field(ge=1, le=1_000_000), must("be a whole number between 1 and 1000000")]
    without: Annotated[tuple[Part, ...], Field(strict=False), must("be a list of relu and bias")] = ()
    densities: Annotated[tuple[Density, ...], Field(strict=False), must("be a list of densities")] = ()


class Imitation(Strict):
    """How well the hidden layer of the widest models can be read from that of narrower ones."""

    samples: Annotated[int, Field(ge=1024, le=65536), must("be a whole number between 1024 and 65536")]


Cosine = Annotated[float, Field(ge=0.01, le=0.9), must("be a number between 0.01 and 0.9")]
Dimensions = Annotated[int, Field(ge=3, le=512), must("be a whole number between 3 and 512")]
Few = Annotated[int, Field(ge=0, le=512), must("be a whole number between 0 and 512")]


class Optimised(Strict):
    """So many directions in so many dimensions, with the largest cosine made as small as it gets."""

    dimensions: Dimensions
    counts: Annotated[
        list[Annotated[int, Field(ge=2, le=512), must("be a whole number between 2 and 512")]],
        Field(min_length=1),
        AT_LEAST_ONE,
    ]
    starts: Annotated[int, Field(ge=1, le=100), must("be a whole number between 1 and 100")]
    steps: Annotated[int, Field(ge=100, le=100_000), must("be a whole number between 100 and 100000")]


class Packings(Strict):
    """How many directions fit, random ones and others."""

    limits: Annotated[list[Cosine], Field(min_length=1), AT_LEAST_ONE]
    dimensions: Annotated[list[Dimensions], Field(min_length=1), AT_LEAST_ONE]
    trials: Annotated[int, Field(ge=1, le=1000), must("be a whole number between 1 and 1000")]
    pairs: Annotated[float, Field(ge=1, le=1e11), must("be a number between 1 and 1e11")]
    tries: Annotated[int, Field(ge=1, le=1_000_000), must("be a whole number between 1 and 1000000")]
    greedy_up_to: Few
    grown_up_to: Annotated[int, Field(ge=0, le=64), must("be a whole number between 0 and 64")]
    optimised: Annotated[Optimised, must("be a mapping with dimensions, counts, starts and steps")]


class Measures(Strict):
    """What is measured of some experiments only, beside what is measured of all; nothing where it is null."""

    attack: Annotated[
        Annotated[float, Field(gt=0, le=4)] | None, must("be null (not measured) or a number above 0, at most 4")
    ] = None
    recovery: Annotated[
        Recovery | None, must("be null (not measured) or a mapping with active, samples, tolerance and matrices")
    ] = None
    explanations: Annotated[
        Explanations | None, must("be null (not measured) or a mapping with active, samples and tolerance")
    ] = None
    rotations: Annotated[Rotations | None, must("be null (not measured) or a mapping with count and samples")] = None
    ablations: Annotated[Ablations | None, must("be null (not measured) or a mapping with at least samples")] = None
    imitation: Annotated[Imitation | None, must("be null (not measured) or a mapping with samples")] = None
    packings: Annotated[Packings | None, must("be null (not measured) or a mapping of packings")] = None


FULL_SCALE = must("be a mapping of the keys that differ at the paper's full scale")


class Block(Defaults):
    """An experiment as it is written, with the defaults filled in."""

    title: Line = ""
    section: Line = ""
    about: Paragraph = ""
    model: ModelAxis
    n_features: Size
    n_hidden: WidthAxis
    measures: Annotated[Measures, must("be a mapping of what else to measure")] = Measures()
    full_scale: Annotated[dict[Any, Any], FULL_SCALE] = Field(default_factory=dict)


EXPERIMENT = "be a mapping with at least model, n_features and n_hidden"


class File(Strict):
    seed: SeedValue
    scale: Annotated[Literal["default", "full"], must("be default or full")]
    defaults: Annotated[Defaults, must("be a mapping of the keys that experiments may leave out")]
    experiments: Annotated[
        dict[Name, Annotated[dict[Any, Any], must(EXPERIMENT)]],
        Field(min_length=1),
        must("be a mapping from names to experiments, with at least one of them"),
    ]
