"""The keys of params.yaml: one class per mapping, one field per key, and for each what it must be.

Under a field stands what it means, for the schema and the documentation (params/json_schema.py); params.yaml, which is
the manual, says so at length, and where each value comes from.
"""

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag

from superposition.params.axes import ImportanceAxis, SeedAxis, SeedValue, SparsityAxis, WidthAxis
from superposition.params.faults import Strict, must
from superposition.params.measures import Measures
from superposition.params.models import ModelAxis, Name
from superposition.params.sets import SetsAxis
from superposition.params.values import Values

# Fifty times what any experiment has. What is kept of each step takes some hundred megabytes then.
Steps = Annotated[int, Field(ge=1, le=1_000_000), must("be a whole number between 1 and 1000000")]
Snapshots = Annotated[int, Field(ge=1, le=10_000), must("be a whole number between 1 and 10000")]
Batch = Annotated[int, Field(ge=1, le=65536), must("be a whole number between 1 and 65536")]
Size = Annotated[int, Field(ge=1, le=100_000), must("be a whole number between 1 and 100000")]
Positive = Annotated[float, Field(gt=0), must("be a number above 0")]
Line = Annotated[str, Field(pattern=r"^\S[^\r\n]*$", max_length=200), must("be one line of at most 200 characters")]
Paragraph = Annotated[
    str, Field(pattern=r"^\S[^\r\n]*\n?$", max_length=1500), must("be one paragraph of at most 1500 characters")
]


InitialBias = Annotated[float, Field(ge=-4, le=4), must("be a number between -4 and 4")]


class Initial(Strict):
    """How initial weights are drawn, and where biases start."""

    rule: Annotated[
        Literal["xavier", "notebook", "normal", "identity"], must("be xavier, notebook, normal or identity")
    ]
    """Standard deviation of normal weights: gain * sqrt(2 / (n + m)) (xavier), gain * sqrt(2 / ((n + 1) m)) (notebook,
    what the paper's notebook draws for a single instance), or gain (normal). identity: gain on the diagonal of W, 0
    elsewhere, so that the first features have a dimension each and the others none."""
    gain: Annotated[float, Field(gt=0, le=1e6), must("be a number above 0, at most 1000000")]
    """Factor of the standard deviation, or of the identity."""
    bias: InitialBias
    """Where the biases b of outputs start."""
    hidden_bias: InitialBias
    """Where the biases c of hidden dimensions start."""


# Arithmetic takes it to 27 binary places: what is nearer to 1 would be 1, and never forget.
Decay = Annotated[float, Field(ge=0, le=1 - 2**-27), must("be a number, at least 0 and at most 1 - 2^-27")]


NOT_NEGATIVE = "a number of at least 0"


class DecayOfEach(Strict):
    """Decay of weights and of biases."""

    weights: Annotated[float, Field(ge=-1e6, le=1e6), must("be a number between -1000000 and 1000000")]
    """Of W and V; below 0 it pulls the lengths of features' weights to 1."""
    biases: Annotated[float, Field(ge=0), must(f"be {NOT_NEGATIVE}")]
    """Of b and c."""


DECAY = f"{NOT_NEGATIVE}, or a mapping with weights and biases"


def decay_form(value: Any) -> str:
    """Which form is meant, or, where settings are written for later stages, which one it is."""
    return "<by_parameter>" if isinstance(value, dict | DecayOfEach) else "<number>"


class Training(Strict):
    """AdamW on the importance-weighted mean squared error, over samples and features."""

    steps: Steps
    """Optimiser steps."""
    batch_size: Batch
    """Samples in a step; at most 4096 where arithmetic is exact."""
    sample_size: Annotated[
        Annotated[int, Field(ge=1, lt=2**32)] | None,  # counted by 32-bit words of the random generator
        must("be null (fresh samples at each step) or a whole number, at least 1 and below 2^32"),
    ]
    """null: fresh samples at each step. A number of samples, at least batch_size: one fixed sample of that size for
    each instance, gone through in order."""
    learning_rate: Positive
    """Of AdamW: the size of a weight's step."""
    schedule: Annotated[Literal["constant", "linear", "cosine"], must("be constant, linear or cosine")]
    """How the rate goes on after the warm-up: constant, linear (to 0), or a quarter cosine to 0."""
    floor: Annotated[float, Field(ge=0, lt=1), must("be a number of at least 0 and below 1")]
    """What the rate falls to in place of 0, as a share of `learning_rate`."""
    warmup_steps: Annotated[int, Field(ge=0), must("be a whole number of at least 0")]
    """Steps in which the rate first rises linearly, at most `steps`."""
    # A list in YAML, which strict tuples refuse.
    betas: Annotated[tuple[Decay, Decay], Field(strict=False), must("be a list of two numbers")]
    """Of AdamW: memory of the gradient's mean, and of its square."""
    eps: Positive
    """Of AdamW, in the unit of the gradient."""
    weight_decay: Annotated[
        Annotated[float, Field(ge=0), must(f"be {DECAY}"), Tag("<number>")]
        | Annotated[DecayOfEach, Tag("<by_parameter>")],
        Discriminator(decay_form),
        must(f"be {DECAY}"),
    ]
    """Of AdamW, on weights and biases, per learning rate: a number, or one for each of the two."""
    control_variate: Annotated[
        Annotated[float, Field(gt=0, le=1)] | None, must("be null (none) or a density, a number above 0, at most 1")
    ] = None
    """Models whose every feature is active with at least this probability learn from gradients with less noise: the
    linear model's is exchanged for its expectation. Tied, linear on h, of independent features of one importance."""
    arithmetic: Annotated[Literal["exact", "float32"], must("be exact or float32")]
    """exact: the same bits on every machine, of shapes that fit. float32: faster where float64 is slow."""
    snapshots: Snapshots
    """Weights are kept at so many log-spaced steps, the last included."""


class Defaults(Strict):
    """The keys that experiments may leave out."""

    sparsity: SparsityAxis
    """Probability S that a feature is zero; the paper's density is 1 - S. One point, or an axis of several."""
    importance: ImportanceAxis
    """Weight I_i of each feature's squared error in the loss. One point, or an axis of several."""
    sets: SetsAxis
    """Which features are active together: neighbours in sets of equal size. One point, or an axis of several."""
    values: Values
    """Law of non-zero features: uniform on [0, 1] (unit) or [-1, 1] (signed), 1 (constant), or another cut off at 1."""
    seeds: SeedAxis
    """Models for each point of the other axes, which differ in initial weights and data: how many, or which seeds."""
    held_out: Annotated[int, Field(ge=1, le=1_000_000), must("be a whole number between 1 and 1000000")]
    """Samples that judge an instance while it trains, which training never sees."""
    loss_error: Annotated[float, Field(gt=0, le=1), must("be a number above 0, at most 1")]
    """Standard error of a trained instance's held-out loss over that loss, for which samples are added."""
    initial: Annotated[Initial, must("be a mapping with rule and gain")]
    """How initial weights are drawn; an experiment names only what differs."""
    training: Annotated[Training, must("be a mapping of training settings")]
    """AdamW on the importance-weighted mean squared error; an experiment names only what differs."""


FULL_SCALE = must("be a mapping of the keys that differ at the paper's full scale")


class Block(Defaults):
    """An experiment as it is written, with the defaults filled in."""

    title: Line = ""
    """For the report; by default the experiment's name."""
    section: Line = ""
    """Of the paper, for the report."""
    about: Paragraph = ""
    """For the report: what there is to see."""
    model: ModelAxis
    """Architecture of the toy model: a preset, a model of your own, or an axis of several."""
    n_features: Size
    """Number of features n; at most 4096 where arithmetic is exact."""
    n_hidden: WidthAxis
    """Number of hidden dimensions m, or an axis of several; at most 2048 where arithmetic is exact, and n_features for
    tied models that are linear on h, without hidden_l1."""
    measures: Annotated[Measures, must("be a mapping of what else to measure")] = Measures()
    """What else is measured of trained models; what it lacks is not measured."""
    full_scale: Annotated[dict[Any, Any], FULL_SCALE] = Field(default_factory=dict)
    """Keys of the block that are other at `scale: full`; of `initial` and `training`, those that differ."""


EXPERIMENT = "be a mapping with at least model, n_features and n_hidden"


class File(Strict):
    """params.yaml: what is computed."""

    seed: SeedValue
    """Base of every random stream."""
    scale: Annotated[Literal["default", "full"], must("be default or full")]
    """default, or full: the paper's own numbers, where a block says what they are under `full_scale`."""
    defaults: Annotated[Defaults, must("be a mapping of the keys that experiments may leave out")]
    """What an experiment may leave out."""
    experiments: Annotated[
        dict[Name, Annotated[dict[Any, Any], must(EXPERIMENT)]],
        Field(min_length=1),
        must("be a mapping from names to experiments, with at least one of them"),
    ]
    """One block for each experiment. Its name (small letters, digits and _) names its files; its instances, which train
    together, are all combinations of its models, widths, importances, sparsities, sets and seeds."""
