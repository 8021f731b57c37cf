"""The keys of params.yaml: one class per mapping, one field per key, and for each what it must be.

What a value means, its unit and its source stand beside it in params.yaml.
"""

from typing import Annotated, Any, Literal

from pydantic import Field

from superposition.params.axes import (
    ImportanceAxis,
    SeedAxis,
    SeedValue,
    SetsAxis,
    SparsityAxis,
    WidthAxis,
)
from superposition.params.faults import Strict, must
from superposition.params.measures import Measures
from superposition.params.models import ModelAxis, Name

# Steps and samples are counted by 32-bit words of the random generator.
Count = Annotated[int, Field(ge=1, lt=2**32), must("be a whole number, at least 1 and below 2^32")]
Size = Annotated[int, Field(ge=1, le=100_000), must("be a whole number between 1 and 100000")]
Positive = Annotated[float, Field(gt=0), must("be a number above 0")]
Line = Annotated[str, Field(pattern=r"^\S[^\r\n]*$", max_length=200), must("be one line of at most 200 characters")]
Paragraph = Annotated[
    str, Field(pattern=r"^\S[^\r\n]*\n?$", max_length=1500), must("be one paragraph of at most 1500 characters")
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
    loss_error: Annotated[float, Field(gt=0, le=1), must("be a number above 0, at most 1")]
    initial: Annotated[Initial, must("be a mapping with rule and gain")]
    training: Annotated[Training, must("be a mapping of training settings")]


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
